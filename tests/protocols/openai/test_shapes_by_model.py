"""Members that only some models have, or only for some requests."""

from typing import Any

import pytest
from support.inprocess import Api

PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGA"
    "WjR9awAAAABJRU5ErkJggg=="
)
IMAGE: dict[str, Any] = {"type": "image_url", "image_url": {"url": PIXEL}}
LOOK: dict[str, Any] = {"type": "text", "text": "Look."}


def details_of(model: str, content: Any, *, stream: bool) -> list[str]:
    api = Api("rules: [{reply: Yes.}]")
    streamed = {"stream": True, "stream_options": {"include_usage": True}} if stream else {}
    answered = api.chat([{"role": "user", "content": content}], model=model, **streamed)
    usage = answered.chunks[-1]["usage"] if stream else answered.usage
    return list(usage["prompt_tokens_details"])


@pytest.mark.parametrize("stream", [False, True], ids=["in one piece", "streamed"])
@pytest.mark.parametrize(
    ("model", "content", "has_member"),
    [
        pytest.param("gpt-5.6-terra", "Hi", True, id="S1 a text"),
        pytest.param("gpt-5.6-terra", [LOOK], True, id="S1 parts without an image"),
        pytest.param("gpt-5.6-terra", [LOOK, IMAGE], False, id="S1 an image"),
        pytest.param("gpt-5.6-sol", [IMAGE], False, id="S1 an image alone"),
        pytest.param("gpt-5.4", "Hi", False, id="S1 an older model"),
    ],
)
def test_an_image_takes_the_written_tokens_off_the_bill(
    *, model: str, content: Any, has_member: bool, stream: bool
) -> None:
    details = details_of(model, content, stream=stream)

    assert ("cache_write_tokens" in details) == has_member


def test_s1_a_request_with_an_image_shares_no_envelope_with_one_without() -> None:
    api = Api("rules: [{reply: Yes.}]")
    details = [
        list(
            api.chat([{"role": "user", "content": content}], model="gpt-5.6-terra").usage[
                "prompt_tokens_details"
            ]
        )
        for content in ("Hi", [LOOK, IMAGE], "Ho")
    ]

    assert ["cache_write_tokens" in one for one in details] == [True, False, True]


@pytest.mark.parametrize(
    ("model", "has_member"),
    [
        pytest.param("o1", True, id="S2 o1"),
        pytest.param("o1-2024-12-17", True, id="S2 o1's snapshot"),
        pytest.param("o3-mini", False, id="S2 o3-mini"),
        pytest.param("o4-mini", False, id="S2 o4-mini"),
        pytest.param("o3", False, id="S2 o3"),
        pytest.param("gpt-4o", True, id="S2 gpt-4o"),
        pytest.param("gpt-5", False, id="S2 gpt-5"),
    ],
)
def test_choices_of_some_models_have_log_probabilities_that_are_null(
    *, model: str, has_member: bool
) -> None:
    choice = Api("rules: [{reply: Yes.}]").chat(model=model).choice

    assert ("logprobs" in choice) == has_member
    assert choice.get("logprobs") is None


def test_models_that_search_have_an_empty_fingerprint() -> None:
    answered = Api("rules: [{reply: Yes.}]").chat(model="gpt-4o-search-preview")

    assert answered.json["system_fingerprint"] == ""


MODERATED: dict[str, Any] = {"model": "gpt-5", "moderation": {"model": "omni-moderation-latest"}}


def test_a_request_for_moderation_gets_its_findings_on_prompt_and_answer() -> None:
    answer = Api("rules: [{reply: Yes.}]").chat(**MODERATED).json
    found = answer["moderation"]["output"]

    assert list(answer)[-3:] == ["service_tier", "moderation", "system_fingerprint"]
    assert list(answer["moderation"]) == ["input", "output"]
    assert list(found) == ["type", "model", "results"]
    assert found["results"][0]["flagged"] is False
    assert len(found["results"][0]["categories"]) == 13


@pytest.mark.parametrize("billed", [False, True], ids=["without the bill", "with the bill"])
def test_the_findings_of_a_stream_come_last(*, billed: bool) -> None:
    options = {"stream_options": {"include_usage": True}} if billed else {}
    api = Api("rules: [{reply: Yes.}]")
    *_, before, last = api.chat(**MODERATED, stream=True, **options).chunks
    members = ["choices", "moderation", *(["usage"] if billed else []), "obfuscation"]

    assert list(last)[-len(members) :] == members
    assert last["choices"] == []
    assert "moderation" not in before


def test_who_does_not_ask_for_moderation_shares_nothing_with_who_does() -> None:
    api = Api("rules: [{reply: Yes.}]")
    asked = [MODERATED, {"model": "gpt-5"}, MODERATED, {"model": "gpt-5"}]

    assert ["moderation" in api.chat(str(n), **one).json for n, one in enumerate(asked)] == [
        True,
        False,
        True,
        False,
    ]
