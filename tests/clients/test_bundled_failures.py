"""The scenarios of failures that ship, each met by openai-python as an application would."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import openai
import pytest
from gallery import ask, pieces, playing, streamed, text

from mockserver import MockServer

WORDS = "One two three four five six."
TOOLS: Any = [{"type": "function", "function": {"name": "get_weather"}}]
SHORT_S = 1.0


@contextmanager
def serving(*scenarios: str, **options: Any) -> Iterator[tuple[MockServer, openai.OpenAI]]:
    """Serve *scenarios* and yield the server, too, for tests that have to do with it."""
    timeout = options.pop("timeout", None)
    with (
        MockServer(*scenarios, **options) as server,
        openai.OpenAI(
            base_url=server.base_url, api_key="sk-test", max_retries=0, timeout=timeout
        ) as client,
    ):
        yield server, client


def received(client: openai.OpenAI, **members: Any) -> tuple[str, Exception | None]:
    """Return the text of a stream, as far as it comes, and what it is ended by."""
    came: list[str] = []
    try:
        with ask(client, stream=True, **members) as chunks:
            came.extend(c.choices[0].delta.content or "" for c in chunks if c.choices)
    except (openai.OpenAIError, ValueError) as error:
        return "".join(came), error
    return "".join(came), None


# --- Refused ---------------------------------------------------------------------------------


def test_an_outage_begins_and_ends_in_session_time() -> None:
    with serving("failures/outage") as (server, client):
        clock = server.session().clock
        assert text(client) == "All is well."
        clock.advance_to(10)
        with pytest.raises(openai.InternalServerError):
            ask(client)
        clock.advance_to(60)
        assert text(client) == "All is well."


def test_a_fallback_finds_another_model() -> None:
    with playing("failures/one-model-down") as client:
        with pytest.raises(openai.InternalServerError):
            ask(client)

        assert text(client, model="gpt-4o-mini") == "Another model answers."


def test_each_third_call_fails() -> None:
    outcomes: list[bool] = []
    with playing("failures/every-third-fails") as client:
        for number in range(6):
            try:
                outcomes.append(bool(ask(client, f"call {number}")))
            except openai.InternalServerError:
                outcomes.append(False)

    assert outcomes == [True, True, False, True, True, False]


def test_a_client_that_tries_twice_gets_every_answer() -> None:
    with playing("failures/first-attempts-fail", max_retries=1) as client:
        answers = {text(client, said) for said in ("one", "two", "three")}

    assert answers == {"At the second attempt."}


@pytest.mark.parametrize(
    ("error", "code"), [(openai.RateLimitError, "rate_limit_exceeded")], ids=["429"]
)
def test_no_retry_helps_against_what_is_too_large(error: type[Exception], code: str) -> None:
    with playing("failures/too-large") as client, pytest.raises(error) as refused:
        ask(client)

    assert isinstance(refused.value, openai.APIStatusError)
    assert refused.value.code == code
    assert "Request too large" in refused.value.message
    assert "retry-after" not in refused.value.response.headers


def test_an_exhausted_account_is_told_so() -> None:
    with playing("failures/quota-exhausted") as client, pytest.raises(openai.RateLimitError) as no:
        ask(client)

    assert no.value.code == "insufficient_quota"


def test_openai_python_does_not_wait_for_an_hour() -> None:
    with (
        playing("failures/retry-after-an-hour", max_retries=2) as client,
        pytest.raises(openai.RateLimitError) as limited,
    ):
        ask(client)

    assert limited.value.response.headers["retry-after"] == "3600"


def test_a_prompt_is_filtered_and_another_is_not() -> None:
    with playing("failures/content-filtered") as client:
        with pytest.raises(openai.BadRequestError) as filtered:
            ask(client, "How do I pick a lock?")

        assert filtered.value.code == "content_filter"
        assert text(client, "How do I bake a cake?") == "Of course."


def test_an_error_object_may_come_as_a_success() -> None:
    with playing("failures/error-with-status-200") as client:
        answer = ask(client)

    assert answer.choices is None
    assert answer.error["type"] == "upstream_error"


# --- On the connection -----------------------------------------------------------------------


def test_a_reset_is_tried_again() -> None:
    with playing("failures/reset-before-headers", max_retries=1) as client:
        assert text(client) == "Connected."


def test_a_dead_connection_costs_a_retry() -> None:
    with playing("failures/stale-connection", max_retries=1) as client:
        assert [text(client), text(client)] == ["See you on another connection."] * 2


def test_a_body_that_is_short_is_a_connection_error() -> None:
    with playing("failures/short-body") as client:
        with pytest.raises(openai.APIConnectionError):
            ask(client)

        assert text(client) == "The whole body."


def test_silence_ends_by_the_clients_timeout() -> None:
    with (
        playing("failures/no-answer", timeout=SHORT_S) as client,
        pytest.raises(openai.APITimeoutError),
    ):
        ask(client)


def test_a_silent_stream_ends_by_the_clients_timeout() -> None:
    with playing("failures/stalled-stream", timeout=SHORT_S) as client:
        came, error = received(client)

        assert came == "One two three"
        assert isinstance(error, openai.APITimeoutError)
        assert text(client) == WORDS


def test_comments_keep_a_silent_stream_from_timing_out() -> None:
    # Thirty seconds of session time are one and a half here: longer than the client waits.
    with serving("failures/stalled-stream-kept-alive", time_scale=0.05, timeout=SHORT_S) as (
        _,
        client,
    ):
        assert received(client) == (WORDS, None)


def test_a_held_stream_goes_on_when_the_test_says_so() -> None:
    came: list[str] = []
    with (
        serving("failures/held-until-released") as (server, client),
        ask(client, stream=True) as chunks,
    ):
        for chunk in chunks:
            came.append(chunk.choices[0].delta.content or "")
            if came[-1] == " three":
                assert server.release(rule="held") == 1

    assert "".join(came) == WORDS


def test_a_drip_arrives_in_the_end() -> None:
    with serving("failures/dripping", time_scale=0) as (server, client):
        assert text(client) == "Drop by drop."
        assert server.session().clock.now_s() > 2


# --- In the stream ---------------------------------------------------------------------------


def test_a_stream_tells_of_its_error() -> None:
    with playing("failures/error-in-the-stream") as client:
        came, error = received(client)

        assert came == "One two three"
        assert type(error) is openai.APIError
        assert text(client) == WORDS


def test_a_stream_tells_that_the_context_is_too_long() -> None:
    with playing("failures/context-exceeded-in-the-stream") as client:
        came, error = received(client)

    assert came == "One two three"
    assert isinstance(error, openai.APIError)
    assert error.code == "context_length_exceeded"


def test_half_an_answer_looks_like_a_whole_one() -> None:
    with playing("failures/cut-cleanly") as client:
        assert received(client) == ("One two three", None)


def test_nothing_says_that_a_stream_is_whole() -> None:
    with playing("failures/no-finish-reason") as client:
        chunks = streamed(client)

    assert "".join(pieces(chunks)) == WORDS
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] is None


def test_a_stream_stutters() -> None:
    with playing("failures/text-twice") as client:
        assert received(client) == ("One two three three four five six.", None)


def test_broken_json_ends_a_stream_by_an_error_of_the_json_module() -> None:
    with playing("failures/broken-json-in-the-stream") as client:
        came, error = received(client)

    assert came == "One two three"
    assert isinstance(error, json.JSONDecodeError)


def test_odd_framing_is_no_matter_to_a_good_reader() -> None:
    with playing("failures/odd-framing") as client:
        assert received(client) == ("Grüße aus Zürich \N{FLAMINGO}", None)


# --- What comes instead ----------------------------------------------------------------------


def test_a_portals_page_is_taken_for_an_answer() -> None:
    with playing("failures/captive-portal") as client:
        assert isinstance(ask(client), str)
        assert text(client) == "Signed in."


def test_a_reader_of_streams_finds_nothing_in_json() -> None:
    with playing("failures/json-for-a-stream") as client:
        assert streamed(client) == []


def test_what_is_not_compressed_cannot_be_decompressed() -> None:
    with playing("failures/broken-gzip") as client:
        with pytest.raises(openai.APIConnectionError):
            ask(client)

        assert text(client) == "Not compressed."


def test_there_is_no_bill() -> None:
    with playing("failures/no-usage") as client:
        chunks = streamed(client, stream_options={"include_usage": True})

        assert ask(client).usage is None
        assert {chunk.usage for chunk in chunks} == {None}


# --- By the model ----------------------------------------------------------------------------


def test_arguments_break_off() -> None:
    with playing("failures/bad-arguments") as client:
        (choice,) = ask(client, tools=TOOLS).choices

    assert choice.finish_reason == "tool_calls"
    with pytest.raises(json.JSONDecodeError):
        json.loads(choice.message.tool_calls[0].function.arguments)


def test_a_misspelt_tool_is_followed_by_the_right_one() -> None:
    with playing("failures/unknown-tool") as client:
        names = [
            ask(client, tools=TOOLS).choices[0].message.tool_calls[0].function.name
            for _ in range(2)
        ]

    assert names[0] != "get_weather"
    assert sorted(names[0]) == sorted(names[1])
    assert names[1] == "get_weather"


def test_a_member_is_missing_once() -> None:
    properties = {"name": {"type": "string"}, "born": {"type": "integer"}}
    schema = {
        "type": "object",
        "properties": properties,
        "required": ["name", "born"],
        "additionalProperties": False,
    }
    wanted: Any = {"type": "json_schema", "json_schema": {"name": "person", "schema": schema}}
    with playing("failures/schema-violation") as client:
        answers = [json.loads(text(client, response_format=wanted)) for _ in range(2)]

    assert set(answers[0]) < {"name", "born"}
    assert set(answers[1]) == {"name", "born"}


def test_a_repetition_costs_what_the_limit_allows() -> None:
    with playing("failures/endless-repetition") as client:
        answer = ask(client, max_tokens=100)

    assert answer.usage.completion_tokens == 100
    assert answer.choices[0].finish_reason == "length"


def test_an_empty_answer_is_asked_for_again() -> None:
    with playing("failures/empty-answer") as client:
        assert [text(client), text(client)] == ["", "Something after all."]


def test_chaos_lies_over_another_scenario() -> None:
    with serving("failures/chaos", "basics/hello") as (server, client):
        for number in range(60):
            received(client, said=f"call {number}")
        struck = {kind for call in server.session().journal for kind in call.failures}

    assert struck == {"overloaded", "disconnect", "drip", "truncate"}
