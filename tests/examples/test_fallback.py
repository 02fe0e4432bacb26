"""How to test a fallback: two providers, one of which fails, is down, or takes too long."""

from collections.abc import Sequence

import openai
from pytest_mockserver import Factory, Session


def ask(question: str, providers: Sequence[tuple[str, str]]) -> str:
    """Ask one provider after the other, as an application does."""
    failed: list[openai.APIError] = []
    for base_url, model in providers:
        try:
            with openai.OpenAI(base_url=base_url, max_retries=1) as client:
                answer = client.chat.completions.create(
                    model=model, messages=[{"role": "user", "content": question}]
                )
        except openai.APIError as error:
            failed.append(error)
        else:
            return answer.choices[0].message.content or ""
    raise failed[-1]


def test_turns_to_the_other_provider(mock_llm: Session, mock_llm_factory: Factory) -> None:
    other = mock_llm_factory("fallback", provider="openrouter")
    mock_llm.fail("overloaded", times=None)
    other.reply("Hello from the other one.")

    providers = [(mock_llm.base_url, "gpt-4o"), (other.base_url, "openai/gpt-4o")]
    assert ask("Hi", providers) == "Hello from the other one."

    mock_llm.assert_called(2)  # one retry, then the fallback
    mock_llm.assert_well_behaved()


def test_turns_to_the_other_region_when_the_first_is_unreachable(
    mock_llm: Session, mock_llm_factory: Factory
) -> None:
    primary = mock_llm_factory("primary", own_port=True)
    mock_llm.reply("Hello from the other region.")

    providers = [(primary.base_url, "gpt-4o"), (mock_llm.base_url, "gpt-4o")]
    with primary.refuse():
        assert ask("Hi", providers) == "Hello from the other region."


def test_comes_back_when_the_outage_is_over(mock_llm: Session, mock_llm_factory: Factory) -> None:
    other = mock_llm_factory("fallback")
    mock_llm.outage(to_s=60)
    mock_llm.reply("Hello again.")
    other.reply("Hello from the other one.")
    providers = [(mock_llm.base_url, "gpt-4o"), (other.base_url, "gpt-4o")]

    assert ask("Hi", providers) == "Hello from the other one."
    mock_llm.clock.advance(60)
    assert ask("Hi", providers) == "Hello again."
