"""The lists of failures that testers parametrise with: openai-python does what each list says."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import openai
import pytest

from mockserver import BROKEN_STREAMS, RETRYABLE_FAILURES, SILENT_FAILURES, KnownFailure, MockServer

TOOLS: Any = [{"type": "function", "function": {"name": "get_weather"}}]
HI: Any = [{"role": "user", "content": "Hi"}]
WAYS = [
    pytest.param(failure, stream, id=f"{failure}, {'streamed' if stream else 'in one piece'}")
    for failure in SILENT_FAILURES
    for stream in (False, True)
    if failure.stream in (None, stream)
]


@contextmanager
def asking(failure: KnownFailure, **options: Any) -> Iterator[tuple[openai.OpenAI, MockServer]]:
    with (
        MockServer(failure.scenario()) as server,
        openai.OpenAI(
            base_url=server.base_url, api_key="sk-test", **{"max_retries": 0, **options}
        ) as client,
    ):
        yield client, server


def ask(client: openai.OpenAI, failure: KnownFailure, *, stream: bool) -> Any:
    more: dict[str, Any] = {"tools": TOOLS} if failure.tools else {}
    if stream:
        more |= {"stream": True, "stream_options": {"include_usage": True}}
    answer: Any = client.chat.completions.create(model="gpt-4o", messages=HI, **more)
    return list(answer) if stream else answer


@pytest.mark.parametrize(("failure", "stream"), WAYS)
def test_a_silent_failure_strikes_and_raises_nothing(
    failure: KnownFailure, *, stream: bool
) -> None:
    with asking(failure) as (client, server):
        ask(client, failure, stream=stream)

        (call,) = server.session().journal
        assert (call.failures, call.no_effect) == ((failure.fail["kind"],), ())


@pytest.mark.parametrize("failure", RETRYABLE_FAILURES, ids=str)
def test_a_retryable_failure_is_tried_again_before_it_is_raised(failure: KnownFailure) -> None:
    with asking(failure, max_retries=1) as (client, server):
        with pytest.raises(openai.OpenAIError):
            ask(client, failure, stream=False)

        assert len(server.session().journal) == 2


@pytest.mark.parametrize("failure", BROKEN_STREAMS, ids=str)
def test_a_broken_stream_raises_and_is_not_tried_again(failure: KnownFailure) -> None:
    with asking(failure, max_retries=2) as (client, server):
        with pytest.raises((openai.OpenAIError, ValueError)):
            ask(client, failure, stream=True)

        assert len(server.session().journal) == 1


def test_names_are_told_apart() -> None:
    every = [*SILENT_FAILURES, *RETRYABLE_FAILURES, *BROKEN_STREAMS]

    assert len({str(failure) for failure in every}) == len(every)


def test_a_failure_may_strike_an_answer_of_ones_own() -> None:
    cut = next(failure for failure in SILENT_FAILURES if failure.name == "stream-cut-cleanly")
    with (
        MockServer(cut.scenario("Ein ganz anderer Text, der abreisst.")) as server,
        openai.OpenAI(base_url=server.base_url, api_key="sk-test") as client,
    ):
        chunks = ask(client, cut, stream=True)

    assert "".join(chunk.choices[0].delta.content for chunk in chunks) == "Ein ganz anderer"
