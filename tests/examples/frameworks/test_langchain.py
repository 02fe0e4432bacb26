"""How to test a LangChain application: nothing in it changes, the environment leads it here."""

from typing import Any

import pytest
from pytest_mockserver import Session, call

langchain_openai: Any = pytest.importorskip("langchain_openai")
pydantic: Any = pytest.importorskip("pydantic")
vectorstores: Any = pytest.importorskip("langchain_core.vectorstores")
langchain_tools: Any = pytest.importorskip("langchain_core.tools")


def test_a_model_answers(mock_llm: Session) -> None:
    mock_llm.reply("Hello.")

    assert langchain_openai.ChatOpenAI(model="gpt-4o").invoke("Hi").content == "Hello."


def test_a_model_streams(mock_llm: Session) -> None:
    mock_llm.reply("One two three.")

    pieces = [piece.content for piece in langchain_openai.ChatOpenAI(model="gpt-4o").stream("Hi")]

    assert "".join(pieces) == "One two three."
    assert mock_llm.calls[0].stream


def test_a_tool_is_called_and_answered(mock_llm: Session) -> None:
    @langchain_tools.tool
    def get_weather(city: str) -> str:
        """Tell the weather of a city."""
        return f"18 degrees in {city}"

    mock_llm.reply(tool_calls=[call("get_weather", city="Paris")])
    mock_llm.when(after_tool={"result": "18 degrees in Paris"}).reply("Mild.")
    model = langchain_openai.ChatOpenAI(model="gpt-4o").bind_tools([get_weather])

    asked = model.invoke("How is the weather?")
    result = get_weather.invoke(asked.tool_calls[0])
    answer = model.invoke([("user", "How is the weather?"), asked, result])

    assert answer.content == "Mild."
    mock_llm.assert_well_behaved()


def test_the_responses_api_calls_a_tool_thinks_and_streams(mock_llm: Session) -> None:
    @langchain_tools.tool
    def get_weather(city: str) -> str:
        """Tell the weather of a city."""
        return f"18 degrees in {city}"

    mock_llm.reply(tool_calls=[call("get_weather", city="Paris")], reasoning="A tool knows.")
    mock_llm.when(after_tool={"result": "18 degrees in Paris"}).reply("One two three.")
    model = langchain_openai.ChatOpenAI(
        model="gpt-5", use_responses_api=True, reasoning={"summary": "auto"}
    ).bind_tools([get_weather])

    asked = model.invoke("How is the weather?")
    result = get_weather.invoke(asked.tool_calls[0])
    pieces = list(model.stream([("user", "How is the weather?"), asked, result]))

    thought, _ = asked.content_blocks
    assert thought["reasoning"] == "A tool knows."
    assert "".join(piece.text for piece in pieces) == "One two three."
    mock_llm.assert_called(2, endpoint="responses")
    mock_llm.assert_well_behaved()


def test_the_responses_api_goes_on_from_what_it_stored(mock_llm: Session) -> None:
    mock_llm.reply("Hello, Ada.")
    mock_llm.when(any_message="I am Ada.", last_user="Who am I?").reply("You are Ada.")
    model = langchain_openai.ChatOpenAI(
        model="gpt-4o", use_responses_api=True, use_previous_response_id=True
    )

    first = model.invoke("I am Ada.")
    second = model.invoke([("user", "I am Ada."), first, ("user", "Who am I?")])

    assert second.text == "You are Ada."
    assert mock_llm.calls[1].body["previous_response_id"] == first.response_metadata["id"]


def test_the_responses_api_answers_in_a_structure(mock_llm: Session) -> None:
    person: Any = pydantic.create_model("Person", name=(str, ...), born=(int, ...))
    mock_llm.reply(kind="json", value={"name": "Ada", "born": 1815})
    model = langchain_openai.ChatOpenAI(model="gpt-4o", use_responses_api=True)

    assert model.with_structured_output(person).invoke("Who was Ada?").born == 1815


def test_a_question_finds_the_text_with_its_words(mock_llm: Session) -> None:
    # By default it counts tokens with tiktoken, which downloads its vocabularies.
    embedder = langchain_openai.OpenAIEmbeddings(check_embedding_ctx_length=False)
    mock_llm.when(endpoint="embeddings").reply(kind="embedding")
    store = vectorstores.InMemoryVectorStore(embedder)
    store.add_texts(["Refunds are paid within fourteen days.", "The warranty covers the battery."])

    (found,) = store.similarity_search("When are refunds paid?", k=1)

    assert found.page_content == "Refunds are paid within fourteen days."


def test_it_retries_as_the_openai_client_does(mock_llm: Session) -> None:
    mock_llm.fail("rate_limit", times=2, retry_after_s=20)
    mock_llm.reply("At last.")

    assert langchain_openai.ChatOpenAI(model="gpt-4o").invoke("Hi").content == "At last."

    mock_llm.assert_waited(at_least_s=20)
