"""How to test retrieval with LlamaIndex and FAISS: the nearest text is really the nearest."""

from typing import Any

import pytest
from pytest_mockserver import Session

core: Any = pytest.importorskip("llama_index.core")
openai: Any = pytest.importorskip("llama_index.embeddings.openai")
stores: Any = pytest.importorskip("llama_index.vector_stores.faiss")
faiss: Any = pytest.importorskip("faiss")

TEXTS = [
    "Refunds are paid within fourteen days of the return.",
    "Parcels to islands take a week longer.",
    "The warranty covers the battery for two years.",
]


def index_of(texts: list[str]) -> Any:
    """Embed *texts* as an application does, and keep their vectors in FAISS."""
    store = stores.FaissVectorStore(faiss_index=faiss.IndexFlatIP(1536))
    return core.VectorStoreIndex.from_documents(
        [core.Document(text=text) for text in texts],
        storage_context=core.StorageContext.from_defaults(vector_store=store),
        embed_model=openai.OpenAIEmbedding(),
    )


@pytest.mark.parametrize(
    ("question", "place"),
    [
        ("When are refunds paid?", 0),
        ("How long do parcels take to islands?", 1),
        ("Does the warranty cover the battery?", 2),
    ],
)
def test_a_question_finds_the_text_with_its_words(
    mock_llm: Session, question: str, place: int
) -> None:
    mock_llm.when(endpoint="embeddings").reply(kind="embedding")

    (found,) = index_of(TEXTS).as_retriever(similarity_top_k=1).retrieve(question)

    assert found.text == TEXTS[place]
    mock_llm.assert_called(2, endpoint="embeddings")


def test_a_question_in_other_words_finds_what_the_test_says(mock_llm: Session) -> None:
    mock_llm.when(embedding_input={"contains": "money back"}).reply(kind="embedding", near=TEXTS[0])
    mock_llm.when(endpoint="embeddings").reply(kind="embedding")

    (found,) = index_of(TEXTS).as_retriever(similarity_top_k=1).retrieve("I want my money back")

    assert found.text == TEXTS[0]


def test_an_index_is_built_in_spite_of_a_rate_limit(mock_llm: Session) -> None:
    mock_llm.fail("rate_limit", times=2, retry_after_s=20)
    mock_llm.when(endpoint="embeddings").reply(kind="embedding")

    index_of(TEXTS)

    mock_llm.assert_waited(at_least_s=20)
