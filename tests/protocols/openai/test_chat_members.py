"""Members of a chat's answer that some models or requests have otherwise than most."""

import base64
import io
import wave
from typing import Any

import pytest
from support.inprocess import Api

API = Api("""
    rules:
      - name: spoken
        when: {last_user: "speak"}
        reply: {kind: text, text: "Hi", usage: {completion_tokens: 24, audio_tokens: 19}}
      - name: otherwise
        reply: "Hello there."
""")

# --- The tier --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        pytest.param({}, "default", id="not stated"),
        pytest.param({"service_tier": None}, "default", id="null"),
        pytest.param({"service_tier": "auto"}, "default", id="auto"),
        pytest.param({"service_tier": "default"}, "default", id="default"),
        pytest.param({"service_tier": "flex"}, "flex", id="flex"),
        pytest.param({"service_tier": "priority"}, "priority", id="priority"),
        pytest.param({"service_tier": "fast"}, "priority", id="fast"),
    ],
)
def test_an_answer_names_the_tier_that_served_it(asked: dict[str, Any], told: str) -> None:
    assert API.chat(**asked).json["service_tier"] == told
    assert {chunk["service_tier"] for chunk in API.chat(**asked, stream=True).chunks} == {told}


def test_search_models_name_no_tier() -> None:
    members = {"model": "gpt-4o-search-preview"}

    assert "service_tier" not in API.chat(**members).json
    assert not any("service_tier" in chunk for chunk in API.chat(**members, stream=True).chunks)


# --- The bill of models with ears ------------------------------------------------------------


def sound(seconds: float) -> dict[str, Any]:
    """Return a message of a text and so much silence."""
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(1)
        written.setframerate(100)
        written.writeframes(bytes(int(100 * seconds)))
    data = base64.b64encode(file.getvalue()).decode()
    part = {"type": "input_audio", "input_audio": {"data": data, "format": "wav"}}
    return {"role": "user", "content": [{"type": "text", "text": "What is this?"}, part]}


def test_a_bill_tells_text_and_sound_apart() -> None:
    usage = API.chat([sound(2.5)], model="gpt-audio").usage
    prompt, answer = usage["prompt_tokens_details"], usage["completion_tokens_details"]

    assert prompt == {
        "cached_tokens": 0,
        "audio_tokens": 25,
        "text_tokens": usage["prompt_tokens"] - 25,
        "image_tokens": 0,
    }
    assert list(prompt) == ["cached_tokens", "audio_tokens", "text_tokens", "image_tokens"]
    assert list(answer.items())[-1] == ("text_tokens", usage["completion_tokens"])


def test_what_was_spoken_is_no_text() -> None:
    usage = API.chat("speak", model="gpt-audio", modalities=["text", "audio"], audio=VOICE).usage

    assert usage["completion_tokens_details"] == {
        "reasoning_tokens": 0,
        "audio_tokens": 19,
        "accepted_prediction_tokens": 0,
        "rejected_prediction_tokens": 0,
        "text_tokens": 5,
    }


VOICE = {"voice": "alloy", "format": "wav"}


def test_a_streamed_bill_tells_as_much() -> None:
    chunks = API.chat(
        [sound(1)], model="gpt-audio-mini", stream=True, stream_options={"include_usage": True}
    ).chunks

    assert chunks[-1]["usage"]["prompt_tokens_details"]["audio_tokens"] == 10
    assert "text_tokens" in chunks[-1]["usage"]["completion_tokens_details"]


def test_other_models_tell_nothing_apart() -> None:
    usage = API.chat().usage

    assert list(usage["prompt_tokens_details"]) == ["cached_tokens", "audio_tokens"]
    assert "text_tokens" not in usage["completion_tokens_details"]


def test_a_legacy_answer_by_a_model_with_ears_is_billed_as_text() -> None:
    api = Api("rules: [{name: a, reply: {kind: text, text: Hi, model: gpt-audio}}]")

    assert set(api.complete().usage) == {"prompt_tokens", "completion_tokens", "total_tokens"}
