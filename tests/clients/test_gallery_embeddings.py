"""The shipped scenarios of `embeddings`, through a real client."""

from typing import Any

import openai
import pytest
from gallery import ask, playing, text

PASSAGES = [
    "You can return a chair within 30 days of delivery.",
    "Our cats sleep on warm radiators in winter.",
    "Invoices are sent by e-mail on the first day of each month.",
]
MODEL = "text-embedding-3-small"


def embed(client: openai.OpenAI, texts: Any, **members: Any) -> list[list[float]]:
    model = members.pop("model", MODEL)
    answer = client.embeddings.create(model=model, input=texts, **members)
    return [entry.embedding for entry in answer.data]


def nearest(client: openai.OpenAI, question: str, passages: list[str]) -> str:
    """Return the one of *passages* that a vector search for *question* finds."""
    (wanted,) = embed(client, question)
    scores = [
        sum([x * y for x, y in zip(wanted, vector, strict=True)])
        for vector in embed(client, passages)
    ]
    return passages[scores.index(max(scores))]


def moderate(client: openai.OpenAI, given: Any) -> Any:
    (result,) = client.moderations.create(model="omni-moderation-latest", input=given).results
    return result


@pytest.mark.parametrize(
    ("question", "passage"),
    [
        ("Until when can I return my chairs?", 0),
        ("where does a cat sleep", 1),
        ("When will the invoice be sent?", 2),
    ],
)
def test_retrieval_finds_the_passage_and_the_answer_takes_it_up(
    question: str, passage: int
) -> None:
    with playing("embeddings/retrieval") as client:
        found = nearest(client, question, PASSAGES)
        answer = text(client, f"{found}\n\n{question}")

    assert found == PASSAGES[passage]
    assert ("30 days" in answer) == (passage == 0)


def test_a_question_in_other_words_finds_its_passage() -> None:
    passages = [*PASSAGES, "Refunds are paid within 14 days."]
    with playing("embeddings/near") as client:
        assert nearest(client, "How do I get my money back?", passages) == passages[-1]
        assert nearest(client, "Where do cats sleep?", passages) == PASSAGES[1]


def test_the_first_vector_has_the_wrong_size() -> None:
    with playing("embeddings/wrong-dimensions") as client:
        sizes = [len(embed(client, "Hi")[0]) for _ in range(2)]

    assert sizes == [3, 1536]


def test_every_second_batch_is_limited_once() -> None:
    batches = [["a", "b"], ["c", "d"]]
    with playing("embeddings/limited-batches") as client:
        served = []
        for batch in [*batches, batches[1]]:
            try:
                served.append(len(embed(client, batch)))
            except openai.RateLimitError as limited:
                served.append(limited.status_code)
        single = len(embed(client, "e"))

    assert (served, single) == ([2, 429, 2], 1)


def test_vectors_come_late() -> None:
    with playing("embeddings/slow") as client:
        assert [len(embed(client, str(number))) for number in range(5)] == [1] * 5


@pytest.mark.parametrize(
    ("given", "categories"),
    [
        ("I will hurt you.", {"violence", "harassment/threatening"}),
        (
            [{"type": "image_url", "image_url": {"url": "https://example.com/blocked.png"}}],
            {"violence/graphic"},
        ),
        ("Have a nice day.", set()),
    ],
)
def test_what_is_not_wanted_is_flagged(given: Any, categories: set[str]) -> None:
    with playing("embeddings/flagged") as client:
        result = moderate(client, given)

    assert result.flagged == bool(categories)
    assert {name for name, is_in in result.categories.to_dict().items() if is_in} == categories


def test_a_guard_is_down_while_chats_go_on() -> None:
    with playing("embeddings/moderation-down") as client:
        with pytest.raises(openai.InternalServerError):
            moderate(client, "Hi")
        assert ask(client).choices[0].message.content == "Here is how to do that."


def test_the_older_model_answers_where_the_newer_ones_are_missing() -> None:
    with playing("embeddings/two-models") as client:
        with pytest.raises(openai.NotFoundError):
            embed(client, "Hi")
        assert len(embed(client, "Hi", model="text-embedding-ada-002")[0]) == 1536
