"""How to test retries: scripted failures, no real waiting, and what the client did between them."""

import openai
import pytest
from pytest_mockserver import Session

import mockserver


def summarize(report: str) -> str:
    """Ask as an application does, which knows nothing of the mock."""
    with openai.OpenAI(max_retries=3) as client:
        answer = client.chat.completions.create(
            model="gpt-4o-mini",
            messages=[{"role": "user", "content": f"Summarize in one sentence: {report}"}],
        )
    return answer.choices[0].message.content or ""


def test_survives_a_rate_limit(mock_llm: Session) -> None:
    mock_llm.fail("rate_limit", times=2, retry_after_s=20)
    mock_llm.reply("Sales went up.")

    assert summarize("Q3") == "Sales went up."

    assert [call.status for call in mock_llm.calls] == [429, 429, 200]
    mock_llm.assert_waited(at_least_s=20)  # in the session's time; the test took none
    mock_llm.assert_well_behaved()


def test_gives_up_in_the_end(mock_llm: Session) -> None:
    mock_llm.fail("overloaded", times=4)

    with pytest.raises(openai.InternalServerError):
        summarize("Q3")

    assert len(mock_llm.attempts) == 1
    assert len(mock_llm.attempts[0]) == 4


@pytest.mark.mock_llm(fast_retries=True)  # where no header can be sent, the client waits by itself
@pytest.mark.parametrize("failure", mockserver.RETRYABLE_FAILURES, ids=str)
def test_survives_whatever_can_be_retried(
    mock_llm: Session, failure: mockserver.KnownFailure
) -> None:
    mock_llm.fail(failure)
    mock_llm.reply("Sales went up.")

    assert summarize("Q3") == "Sales went up."


def test_does_not_retry_what_cannot_get_better(mock_llm: Session) -> None:
    mock_llm.fail(401)

    with pytest.raises(openai.AuthenticationError):
        summarize("Q3")

    mock_llm.assert_called(1)
