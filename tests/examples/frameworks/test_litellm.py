"""How to test code that calls LiteLLM: one provider after the other, each in its own protocol."""

from typing import Any

import pytest
from pytest_mockserver import Factory, Session

litellm: Any = pytest.importorskip("litellm")

ASKED = [{"role": "user", "content": "Hi"}]


@pytest.mark.parametrize(
    ("model", "provider"),
    [
        ("gpt-4o", "openai"),
        ("azure/gpt-4o", "azure"),
        ("openrouter/openai/gpt-4o", "openrouter"),
    ],
)
def test_each_provider_answers_in_its_own_words(
    mock_llm: Session, model: str, provider: str
) -> None:
    mock_llm.reply("Hello.")

    answer = litellm.completion(model=model, messages=ASKED)

    assert answer.choices[0].message.content == "Hello."
    assert mock_llm.calls[0].provider == provider


def test_responses_are_asked_for_and_streamed(mock_llm: Session) -> None:
    mock_llm.reply("Hello.")
    mock_llm.reply("One two three.")

    whole = litellm.responses(model="gpt-4o", input="Hi")
    events = list(litellm.responses(model="gpt-4o", input="Count.", stream=True))

    assert whole.output_text == "Hello."
    pieces = [event.delta for event in events if event.type == "response.output_text.delta"]
    assert pieces == ["One", " two", " three", "."]
    mock_llm.assert_called(2, endpoint="responses")


def test_a_response_continues_another(mock_llm: Session) -> None:
    mock_llm.reply("Hello, Ada.")
    mock_llm.when(any_message="I am Ada.", last_user="Who am I?").reply("You are Ada.")

    first = litellm.responses(model="gpt-4o", input="I am Ada.")
    more = {"previous_response_id": first.id}
    second = litellm.responses(model="gpt-4o", input="Who am I?", **more)

    assert second.output_text == "You are Ada."


def test_texts_become_vectors(mock_llm: Session) -> None:
    mock_llm.when(endpoint="embeddings").reply(kind="embedding")

    made = litellm.embedding(model="text-embedding-3-small", input=["Hello.", "Good-bye."])

    assert [len(row["embedding"]) for row in made.data] == [1536, 1536]
    mock_llm.assert_usage(prompt_tokens=made.usage.prompt_tokens)


def test_a_router_turns_to_the_fallback(mock_llm: Session, mock_llm_factory: Factory) -> None:
    other = mock_llm_factory("other", provider="openrouter")
    mock_llm.fail("overloaded", times=None)
    other.reply("Hello from the other one.")
    router = litellm.Router(
        model_list=[
            {"model_name": "main", "litellm_params": {"model": "gpt-4o", "max_retries": 0}},
            {
                "model_name": "spare",
                "litellm_params": {
                    "model": "openrouter/openai/gpt-4o",
                    "api_base": other.base_url,
                },
            },
        ],
        fallbacks=[{"main": ["spare"]}],
        num_retries=0,
    )

    answer = router.completion(model="main", messages=ASKED)

    assert answer.choices[0].message.content == "Hello from the other one."
