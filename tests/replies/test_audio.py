"""S4: spoken answers, as gpt-audio gives them: members, chunks, sound and bill.

What is recorded: a gpt-audio-mini of 2026-07 in one piece, a gpt-audio-1.5 of 2026-06 streamed.
"""

import base64
import io
import re
import wave
from typing import Any

import pytest
from support.inprocess import Answered, Api

from mockserver.errors import ScenarioError

HELLO = "Hello! How can I help you today?"
SPEAKS: dict[str, Any] = {
    "model": "gpt-audio-mini",
    "modalities": ["text", "audio"],
    "audio": {"voice": "alloy", "format": "wav"},
}
STREAMED: dict[str, Any] = {
    **SPEAKS,
    "audio": {"voice": "alloy", "format": "pcm16"},
    "stream": True,
    "stream_options": {"include_usage": True},
}


def asked(more: str = "", said: str = HELLO, **members: Any) -> Answered:
    reply = f'{{kind: audio, transcript: "{said}"{more}}}'
    return Api(f"rules: [{{reply: {reply}}}]").chat(**{**SPEAKS, **members})


def test_s4_the_message_has_what_is_heard_and_what_is_said() -> None:
    answer = asked().json
    message = answer["choices"][0]["message"]
    audio = message["audio"]

    assert list(message) == ["role", "content", "refusal", "audio", "annotations"]
    assert (message["content"], message["refusal"]) == (None, None)
    assert list(audio) == ["id", "data", "expires_at", "transcript"]
    assert audio["transcript"] == HELLO
    assert re.fullmatch(r"audio_[0-9a-f]{32}", audio["id"])
    assert int(audio["id"][6:14], 16) == answer["created"]
    assert audio["expires_at"] == answer["created"] + 3_600
    assert "logprobs" not in answer["choices"][0]


@pytest.mark.parametrize(
    ("said", "audio", "text"),
    [pytest.param(HELLO, 51, 17, id="S4 nine tokens"), pytest.param("Hello", 19, 5, id="S4 one")],
)
def test_s4_it_is_billed_as_the_recorded_ones(said: str, audio: int, text: int) -> None:
    answered = asked(said=said)
    details = answered.usage["completion_tokens_details"]

    assert (details["audio_tokens"], details["text_tokens"]) == (audio, text)
    assert answered.usage["completion_tokens"] == audio + text
    assert answered.headers["x-mockserver-usage"] == "estimated"


def test_s4_the_sound_is_as_long_as_it_is_billed_and_always_the_same() -> None:
    first, second = asked(), asked(user="other")
    data = [one.choice["message"]["audio"]["data"] for one in (first, second)]
    with wave.open(io.BytesIO(base64.b64decode(data[0]))) as sound:
        seconds = sound.getnframes() / sound.getframerate()

    assert data[0] == data[1]
    assert seconds * 20 == pytest.approx(51)
    assert first.choice["message"]["audio"]["id"] != second.choice["message"]["audio"]["id"]


@pytest.mark.parametrize(
    ("form", "opening"),
    [
        ("wav", b"RIFF"),
        ("mp3", b"\xff\xf3"),
        ("flac", b"fLaC"),
        ("opus", b"OggS"),
        ("aac", b"\xff\xf1"),
        ("pcm16", b""),
    ],
)
def test_s4_each_format_begins_as_it_should(form: str, opening: bytes) -> None:
    audio = asked(audio={"voice": "ash", "format": form}).choice["message"]["audio"]

    assert base64.b64decode(audio["data"]).startswith(opening)
    assert len(audio["data"]) > 1_000


def test_s4_the_role_comes_without_content_and_the_end_of_the_sound_last() -> None:
    chunks = asked(**STREAMED).chunks
    choices = [choice for chunk in chunks for choice in chunk["choices"]]
    deltas = [choice["delta"] for choice in choices]

    assert deltas[0] == {"role": "assistant", "refusal": None}
    assert list(deltas[1]) == ["content", "audio"]
    assert list(deltas[1]["audio"]) == ["id", "transcript"]
    assert chunks[-2]["choices"] == []
    assert list(choices[-1]) == ["index", "delta"]
    assert list(deltas[-1]["audio"]) == ["expires_at"]
    assert [choice.get("finish_reason") for choice in choices[-2:]] == ["stop", None]
    assert chunks[-2]["usage"]["completion_tokens_details"]["audio_tokens"] == 51


def test_s4_the_pieces_of_a_stream_are_what_comes_in_one() -> None:
    whole = asked(audio=STREAMED["audio"]).choice["message"]["audio"]
    heard = [
        choice["delta"].get("audio", {})
        for chunk in asked(**STREAMED).chunks
        for choice in chunk["choices"]
    ]
    data = b"".join(base64.b64decode(part["data"]) for part in heard if "data" in part)

    assert "".join(part.get("transcript", "") for part in heard) == HELLO
    assert data == base64.b64decode(whole["data"])
    assert len({part["id"] for part in heard if "id" in part}) == 1


def test_s4_without_the_bill_the_stream_ends_the_same() -> None:
    chunks = asked(**{**STREAMED, "stream_options": None}).chunks

    assert list(chunks[-1]["choices"][0]["delta"]["audio"]) == ["expires_at"]
    assert all("usage" not in chunk for chunk in chunks)


def test_s4_what_is_stated_goes_out_as_it_is() -> None:
    stated = ", data: UklGRg==, seconds: 2, audio_id: audio_1, expires_at: 7"
    answered = asked(stated)

    assert answered.choice["message"]["audio"] == {
        "id": "audio_1",
        "data": "UklGRg==",
        "expires_at": 7,
        "transcript": HELLO,
    }
    assert answered.usage["completion_tokens_details"]["audio_tokens"] == 40


def test_s4_a_stated_bill_stands() -> None:
    usage = asked(", usage: {completion_tokens: 9, audio_tokens: 3}").usage

    assert (usage["completion_tokens"], usage["completion_tokens_details"]["audio_tokens"]) == (
        9,
        3,
    )


def test_s4_a_limit_cuts_what_is_said() -> None:
    answered = asked(max_tokens=4)

    assert answered.choice["finish_reason"] == "length"
    assert HELLO.startswith(answered.choice["message"]["audio"]["transcript"])
    assert answered.choice["message"]["audio"]["transcript"] != HELLO


def test_s4_the_journal_has_what_was_said_and_a_doubt_where_nobody_asked_for_sound() -> None:
    spoken = asked()
    unasked = asked(model="gpt-4o-mini", modalities=["text"], audio=None)

    assert (spoken.call.text, spoken.call.notes) == (HELLO, ())
    assert "the answer is spoken" in unasked.call.notes[0]
    assert unasked.choice["message"]["audio"]["transcript"] == HELLO


def test_s4_without_a_scenario_who_asks_for_sound_gets_some() -> None:
    spoken = Api().chat("Hi", **SPEAKS).choice["message"]
    written = Api().chat("Hi", model="gpt-audio-mini", modalities=["text", "audio"]).status

    assert spoken["audio"]["transcript"] == "A mock answer to: Hi"
    assert spoken["content"] is None
    assert written in {200, 400}


def test_s4_where_nothing_can_be_said_aloud_it_is_written() -> None:
    api = Api("rules: [{reply: {kind: audio, transcript: Hello.}}]")
    gateway = {"model": "openai/gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}

    assert api.complete().text == "Hello."
    assert api.post("/vercel_gateway/v1/chat/completions", gateway).text == "Hello."
    answer = api.post("/api/v1/chat/completions", gateway).choice["message"]
    assert answer["audio"]["transcript"] == "Hello."


def test_s4_failures_act_on_what_is_said() -> None:
    reply = f'{{kind: audio, transcript: "{HELLO}"}}'
    cut = Api(f"rules: [{{reply: {reply}, fail: {{kind: truncate, after_tokens: 2}}}}]")
    body = cut.chat(**STREAMED).body.decode()

    assert body.count('"transcript"') == 2


@pytest.mark.parametrize(
    ("more", "what"),
    [
        (", data: '???'", "'data' is not base64"),
        (", seconds: -1", "need 0 <= seconds"),
        (", seconds: 1e9", "need 0 <= seconds"),
    ],
)
def test_s4_what_cannot_be_heard_is_refused(more: str, what: str) -> None:
    with pytest.raises(ScenarioError, match=what):
        asked(more)


CHATS = {
    "azure": "/openai/deployments/gpt-audio/chat/completions?api-version=2025-04-01-preview",
    "openrouter": "/api/v1/chat/completions",
    "vercel_gateway": "/vercel_gateway/v1/chat/completions",
    "aiml": "/aiml/v1/chat/completions",
    "one_api": "/one_api/v1/chat/completions",
}


@pytest.mark.parametrize("moderated", [False, True], ids=["", "moderated"])
@pytest.mark.parametrize("stream", [False, True], ids=["in one piece", "streamed"])
@pytest.mark.parametrize("kind", CHATS)
def test_s4_every_provider_lets_it_through(kind: str, *, stream: bool, moderated: bool) -> None:
    api = Api(f'models: any\nrules: [{{reply: {{kind: audio, transcript: "{HELLO}"}}}}]')
    body = {**SPEAKS, "model": "openai/gpt-audio", "messages": [{"role": "user", "content": "?"}]}
    body["audio"] = STREAMED["audio"]
    asked_too = {"moderation": {"model": "omni-moderation-latest"}} if moderated else {}
    answered = api.post(CHATS[kind], {**body, "stream": stream, **asked_too})
    text = answered.body.decode()

    assert answered.status in ({200, 400} if moderated else {200})
    if answered.status == 200:
        pieces = re.findall(r'"(?:transcript|content)": ?"([^"]*)"', text)
        assert "".join(pieces) == HELLO
        assert text.count('"usage":{"prompt') <= 1
