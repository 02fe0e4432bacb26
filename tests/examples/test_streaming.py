"""How to test code that streams: what arrives, what is cut, what stalls, and a stop button."""

from collections.abc import Generator

import openai
import pytest
from pytest_mockserver import Session

import mockserver


class IncompleteAnswerError(Exception):
    """The stream ended before the model had."""


def stream(question: str) -> Generator[str, None, None]:
    """Yield an answer piece by piece; a stream that ends early is no answer."""
    finished = False
    with (
        openai.OpenAI(max_retries=0) as client,
        client.chat.completions.create(
            model="gpt-4o",
            messages=[{"role": "user", "content": question}],
            stream=True,
        ) as chunks,
    ):
        for chunk in chunks:
            for choice in chunk.choices:
                if choice.delta.content:
                    yield choice.delta.content
                finished = finished or choice.finish_reason is not None
    if not finished:
        raise IncompleteAnswerError(question)


def test_shows_the_answer_in_pieces(mock_llm: Session) -> None:
    mock_llm.reply("One two three four.")

    pieces = list(stream("Count to four."))

    assert len(pieces) > 3
    assert "".join(pieces) == "One two three four."


CUT = [
    failure
    for failure in (*mockserver.SILENT_FAILURES, *mockserver.BROKEN_STREAMS)
    if str(failure) in {"stream-cut-cleanly", "stream-without-finish", "reset-in-the-stream"}
]


@pytest.mark.parametrize("failure", CUT, ids=str)
def test_never_takes_half_an_answer_for_a_whole_one(
    mock_llm: Session, failure: mockserver.KnownFailure
) -> None:
    mock_llm.reply("One two three four five six.").fail(failure)

    with pytest.raises((IncompleteAnswerError, openai.APIError)):
        list(stream("Count to six."))


def test_the_stop_button_ends_the_request(mock_llm: Session) -> None:
    mock_llm.reply("One two three four.").fail("stall", after_tokens=2, until="released")

    pieces = stream("Count to four.")
    assert next(pieces) == "One"
    pieces.close()  # the user has pressed stop

    (call,) = mock_llm.wait_for(calls=1)
    assert call.client_left_after_tokens == 2


def test_what_is_held_goes_on_when_the_test_says_so(mock_llm: Session) -> None:
    mock_llm.reply("One two three.").fail("stall", after_tokens=1, until="released").named("held")

    pieces = stream("Count to three.")
    assert next(pieces) == "One"
    mock_llm.wait_for(calls=1, unfinished=True)
    assert mock_llm.release("held") == 1

    assert "".join(pieces) == " two three."


@pytest.mark.mock_llm(time_scale=0.001)
def test_a_slow_model_is_slow_for_the_session_and_quick_for_the_test(mock_llm: Session) -> None:
    mock_llm.latency(ttft_ms=2_000, per_token_ms=100)
    mock_llm.reply("One two three four.")

    "".join(stream("Count to four."))

    assert mock_llm.calls[0].planned_ttft_ms == 2_000
    assert mock_llm.clock.now_s >= 2
