"""The shipped scenarios of `structured`, `usage` and `completions`, through a real client."""

import json
from typing import Any

import openai
import pytest
from gallery import ask, complete, playing, schema, text
from jsonschema import Draft7Validator

PERSON = schema("person", name={"type": "string"}, born={"type": "integer"})


# --- Structured output -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "key"),
    [
        (schema("invoice", number={"type": "string"}), "currency"),
        (schema("sentiment", label={"type": "string"}), "confidence"),
        ({"type": "json_object"}, "answer"),
    ],
)
def test_each_schema_has_its_answer(wanted: Any, key: str) -> None:
    with playing("structured/by-schema") as client:
        assert key in json.loads(text(client, "Reply in JSON.", response_format=wanted))


def test_an_answer_without_a_schema_is_text() -> None:
    with playing("structured/by-schema") as client:
        assert text(client) == "No JSON was asked for."


def test_any_schema_is_answered_by_what_is_valid_for_it() -> None:
    with playing("structured/any-schema") as client:
        answer = json.loads(text(client, response_format=PERSON))

    assert Draft7Validator(PERSON["json_schema"]["schema"]).is_valid(answer)


def test_a_refusal_is_no_broken_json() -> None:
    with playing("structured/refused") as client:
        message = ask(client, response_format=PERSON).choices[0].message

    assert message.content is None
    assert message.refusal == "I can't extract data about private persons."


def test_json_may_be_of_the_wrong_shape() -> None:
    with playing("structured/wrong-shape") as client:
        answer = json.loads(text(client, response_format=PERSON))
    errors = [*Draft7Validator(PERSON["json_schema"]["schema"]).iter_errors(answer)]

    assert sorted(str(error.validator) for error in errors) == ["additionalProperties", "type"]


def test_json_may_be_hidden_in_a_fence() -> None:
    with playing("structured/in-a-fence") as client:
        answer = text(client)
    with pytest.raises(json.JSONDecodeError):
        json.loads(answer)

    assert json.loads(answer.split("```")[1].removeprefix("json"))["born"] == 1815


def test_json_that_is_cut_off_is_told_by_its_finish_reason() -> None:
    with playing("structured/cut-off") as client:
        choice = ask(client, response_format=PERSON).choices[0]

        assert choice.finish_reason == "length"
        with pytest.raises(openai.LengthFinishReasonError):
            client.chat.completions.parse(
                model="gpt-4o",
                messages=[{"role": "user", "content": "Who?"}],
                response_format=PERSON,
            )


# --- The bill --------------------------------------------------------------------------------


def test_hidden_reasoning_is_billed() -> None:
    with playing("usage/hidden-reasoning") as client:
        answer = ask(client, model="gpt-5")
    usage = answer.usage

    assert answer.choices[0].message.content == "42."
    assert usage.completion_tokens_details.reasoning_tokens == 640
    assert 640 < usage.completion_tokens < 660


def test_who_thinks_too_long_says_nothing() -> None:
    with playing("usage/thinks-too-long") as client:
        cut = ask(client, model="gpt-5", max_completion_tokens=1000)
        enough = ask(client, model="gpt-5", max_completion_tokens=6000)

    assert (cut.choices[0].message.content, cut.choices[0].finish_reason) == ("", "length")
    assert cut.usage.completion_tokens == 1000
    assert enough.choices[0].message.content == "It is so."


def test_the_second_prompt_is_in_the_cache() -> None:
    with playing("usage/cached-prompt") as client:
        usages = [ask(client).usage for _ in range(3)]

    assert [u.prompt_tokens_details.cached_tokens for u in usages] == [0, 1024, 1024]
    assert {u.prompt_tokens for u in usages} == {1200}


def test_an_answer_may_come_without_a_bill() -> None:
    with playing("usage/none") as client:
        assert ask(client).usage is None


def test_a_bill_may_be_high_for_little() -> None:
    with playing("usage/expensive") as client:
        assert ask(client).usage.total_tokens == 130_000


@pytest.mark.parametrize(
    ("mail", "label", "sure"),
    [
        ("You are a winner!", "spam", True),
        ("A special offer.", "spam", False),
        ("Lunch?", "ham", True),
    ],
)
def test_a_classifier_tells_how_sure_it_is(mail: str, label: str, *, sure: bool) -> None:
    with playing("usage/unsure") as client:
        choice = ask(client, mail, logprobs=True, top_logprobs=2).choices[0]
    first = choice.logprobs.content[0]

    assert choice.message.content == label
    assert (first.logprob > -0.1) is sure
    assert len(first.top_logprobs) == 2


# --- Legacy completions ----------------------------------------------------------------------


def test_a_stop_sequence_cuts_the_dialogue() -> None:
    with playing("completions/stop-sequences") as client:
        cut = complete(client, "Human: Hi.\nAI:", stop=["\nHuman:"], max_tokens=60).choices[0]
        whole = complete(client, "Human: Hi.\nAI:", max_tokens=60).choices[0]

    assert (cut.text, cut.finish_reason) == (" Hello, how are you?", "stop")
    assert whole.text.endswith("Human: Bye.")


def test_an_editor_gets_the_body_between_prompt_and_suffix() -> None:
    with playing("completions/fill-in-the-middle") as client:
        filled = complete(client, "def total(items):\n", suffix="    return total\n", max_tokens=64)
        other = complete(client, "def other():\n", suffix="    return 1\n", max_tokens=64)

    assert filled.choices[0].text == "    total = sum(item.price for item in items)\n"
    assert other.choices[0].text == "    pass\n"


@pytest.mark.parametrize(
    ("review", "label", "logprob"),
    [("I love it.", " positive", -0.02), ("It exists.", " negative", -0.69)],
)
def test_a_label_has_its_logprob(review: str, label: str, logprob: float) -> None:
    with playing("completions/unsure") as client:
        choice = complete(client, f"Review: {review}\nSentiment:", logprobs=2).choices[0]

    assert choice.text == label
    assert choice.logprobs.token_logprobs[0] == logprob
    assert len(choice.logprobs.top_logprobs[0]) == 2


def test_three_drafts_differ() -> None:
    with playing("completions/best-of-three") as client:
        drafts = complete(client, "Write", n=3, best_of=3, max_tokens=32).choices

    assert [draft.text for draft in drafts] == [
        " a short draft.",
        " a second draft, somewhat longer.",
        " a third.",
    ]
