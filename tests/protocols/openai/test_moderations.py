"""`/v1/moderations`: both generations of models, what they score, and what is refused."""

from typing import Any

import pytest
from support.inprocess import Answered, Api

from mockserver.errors import ScenarioError
from mockserver.protocols.openai.moderations import OF_OMNI, OF_TEXT

TEXT = {"type": "text", "text": "Look at this."}
IMAGE = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}


def moderate(api: Api, given: Any, **members: Any) -> Answered:
    return api.post("/v1/moderations", {"input": given, **members})


def test_the_newer_models_name_thirteen_categories_and_what_was_looked_at() -> None:
    answered = moderate(Api(), "This is a safe message")

    assert answered.body.decode().startswith('{\n  "id": "modr-')
    assert answered.body.endswith(b"}")
    assert len(answered.json["id"]) == len("modr-1234")
    assert answered.json["model"] == "omni-moderation-latest"
    (result,) = answered.json["results"]
    assert not result["flagged"]
    for part in ("categories", "category_scores", "category_applied_input_types"):
        assert tuple(result[part]) == OF_OMNI
    assert all(1e-7 < score < 1e-3 for score in result["category_scores"].values())
    assert set(map(tuple, result["category_applied_input_types"].values())) == {("text",)}
    assert "x-ratelimit-limit-requests" not in answered.headers


def test_the_older_models_name_eleven_and_answer_as_their_snapshot() -> None:
    answered = moderate(Api(), ["a", "b"], model="text-moderation-latest").json

    assert (answered["model"], len(answered["id"])) == ("text-moderation-007", 34)
    for result in answered["results"]:
        assert [*result] == ["flagged", "categories", "category_scores"]
        assert tuple(result["categories"]) == OF_TEXT


@pytest.mark.parametrize(
    ("parts", "seen", "unseen"),
    [
        ([IMAGE], ["image"], []),
        ([IMAGE, TEXT], ["text", "image"], ["text"]),
        ([TEXT], ["text"], ["text"]),
    ],
)
def test_parts_have_one_result_and_images_are_judged_by_six_categories(
    parts: Any, seen: list[str], unseen: list[str]
) -> None:
    (result,) = moderate(Api(), parts).json["results"]
    applied, scores = result["category_applied_input_types"], result["category_scores"]

    assert (applied["violence"], applied["hate"]) == (seen, unseen)
    assert (scores["hate"] == 0.0) == (not unseen)
    assert scores["violence"] > 0


def test_a_text_has_the_same_scores_in_any_request() -> None:
    api = Api()
    alone = moderate(api, "Hi").json["results"][0]["category_scores"]
    second = moderate(api, ["Bye", "Hi"]).json["results"]

    assert alone == second[1]["category_scores"] != second[0]["category_scores"]


@pytest.mark.parametrize(
    ("reply", "flagged", "score"),
    [
        ("{categories: {violence: 0.97}}", {"violence"}, 0.97),
        ("{categories: {violence: 0.2}}", set(), 0.2),
        ("{flagged: true, categories: {violence: 0.2}}", {"violence"}, 0.2),
        ("{flagged: true}", {"violence"}, None),
        ("{flagged: false, categories: {violence: 0.49}}", set(), 0.49),
        ("{categories: {hate: 0.5, illicit: 1}}", {"hate", "illicit"}, None),
    ],
)
def test_a_scenario_states_scores_and_flags(
    reply: str, flagged: set[str], score: float | None
) -> None:
    api = Api(f"rules: [{{reply: {{kind: moderation, {reply[1:-1]}}}}}]")

    (result,) = moderate(api, "Hi").json["results"]

    assert result["flagged"] == bool(flagged)
    assert {name for name, is_in in result["categories"].items() if is_in} == flagged
    if score is not None:
        assert result["category_scores"]["violence"] == score


@pytest.mark.parametrize(
    ("reply", "problem"),
    [
        ("categories: {violance: 1}", "'violance' is not a category of moderation models"),
        ("categories: {violance: 1}", "did you mean 'violence'?"),
        ("categories: {hate: 1.5}", "the score of 'hate' must be from 0 to 1, not 1.5"),
        ("flagged: false, categories: {hate: 0.9}", "contradicts the score of 'hate', 0.9"),
    ],
)
def test_what_cannot_be_scored_is_refused_at_load(reply: str, problem: str) -> None:
    with pytest.raises(ScenarioError, match=problem.replace("?", r"\?")):
        Api(f"rules: [{{reply: {{kind: moderation, {reply}}}}}]")


def test_a_condition_looks_at_any_of_the_texts_and_a_chat_rule_at_none() -> None:
    api = Api("""
        rules:
          - {name: chat, when: {any_message: {present: true}}, reply: "Never here."}
          - name: threat
            when: {moderation_input: {contains: kill}}
            reply: {kind: moderation, flagged: true}
          - {name: text, reply: "Nor here."}
    """)

    asked = [moderate(api, ["a", "kill it"]), moderate(api, [{**TEXT, "text": "kill"}, IMAGE])]

    assert [answered.call.rule for answered in asked] == ["threat", "threat"]
    assert moderate(api, "Hi").call.rule is None


@pytest.mark.parametrize(
    ("members", "status", "message"),
    [
        ({"input": None}, 400, "Missing required parameter: 'input'."),
        (
            {"input": []},
            400,
            (
                "Invalid 'input': empty array. Expected an array with minimum length 1, but got an "
                "empty array instead."
            ),
        ),
        (
            {"input": 1},
            400,
            (
                "Invalid type for 'input': expected one of a string, array of strings, or array of "
                "objects, but got an integer instead."
            ),
        ),
        ({"input": [{}]}, 400, "Missing required parameter: 'input[0].type'."),
        (
            {"input": [{"type": "audio"}]},
            400,
            "Invalid value: 'audio'. Supported values are: 'text' and 'image_url'.",
        ),
        (
            {"input": [{"type": "image_url", "image_url": {"url": "a.png"}}]},
            400,
            (
                "Invalid 'input[0].image_url.url'. Expected a valid URL, but got a value with an "
                "invalid format."
            ),
        ),
        (
            {"input": [IMAGE], "model": "text-moderation-latest"},
            400,
            (
                "'$.input' is invalid. Please check the API reference: "
                "https://platform.openai.com/docs/api-reference."
            ),
        ),
        ({"input": "a", "user": "me"}, 400, "Unknown parameter: 'user'."),
        (
            {"input": "a", "model": "nope"},
            404,
            "The model `nope` does not exist or you do not have access to it.",
        ),
        (
            {"input": "a", "model": "gpt-4o"},
            403,
            "You are not allowed to classify text with this model",
        ),
    ],
)
def test_what_is_refused(members: dict[str, Any], status: int, message: str) -> None:
    refused = Api().post("/v1/moderations", members)

    assert (refused.status, refused.error["message"]) == (status, message)


def test_nothing_is_billed() -> None:
    call = moderate(Api(), "Hi").call

    assert call.usage is not None
    assert call.usage.total_tokens == 0


@pytest.mark.parametrize(
    ("fail", "strikes"),
    [
        ("429", True),
        ("rate_limit", True),
        ("overloaded", True),
        ("{kind: disconnect, after_bytes: 5}", True),
        ("{kind: encode, as: gzip, how: plain}", True),
        ("bad_arguments", False),
    ],
)
def test_failures_strike_here_too(fail: str, *, strikes: bool) -> None:
    answered = moderate(Api(f"rules: [{{reply: {{kind: moderation}}, fail: {fail}}}]"), "Hi")

    assert bool(answered.call.failures) == strikes
