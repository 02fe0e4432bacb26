"""The shipped scenarios of `basics` and `streaming` that are about chats, through a real client."""

import base64
import io
import wave
from typing import Any

import openai
import pytest
from gallery import ask, complete, pieces, playing, streamed, text, told


@pytest.mark.parametrize(
    ("key", "answer"),
    [("sk-free-1", "Upgrade to see the answer."), ("sk-paid-1", "Here is the answer.")],
)
def test_a_key_decides_what_is_answered(key: str, answer: str) -> None:
    with playing("basics/by-key", key=key) as client:
        assert text(client) == answer


@pytest.mark.parametrize(
    ("key", "error", "code"),
    [
        ("sk-paid-revoked", openai.AuthenticationError, "invalid_api_key"),
        ("sk-stranger", openai.AuthenticationError, "invalid_api_key"),
        ("sk-free-spent", openai.RateLimitError, "insufficient_quota"),
    ],
)
def test_a_bad_key_is_refused(key: str, error: type[openai.APIStatusError], code: str) -> None:
    with playing("basics/by-key", key=key) as client, pytest.raises(error) as refused:
        ask(client)

    assert refused.value.code == code


@pytest.mark.parametrize(("variant", "words"), [("a", 10), ("b", 1)])
def test_a_header_chooses_the_assistant_and_the_answer_says_which(variant: str, words: int) -> None:
    with playing("basics/ab-by-header") as client:
        raw = client.chat.completions.with_raw_response.create(
            model="gpt-4o",
            messages=[{"role": "user", "content": "Hi"}],
            extra_headers={"X-Experiment": variant},
        )

    assert raw.headers["x-variant"] == variant
    assert len(str(raw.parse().choices[0].message.content).split()) == words


def test_the_system_prompt_is_heard() -> None:
    with playing("basics/system-prompt") as client:
        answers = [told(client, s) for s in ("Answer in French.", "You are a pirate.", "Be kind.")]

        assert answers == [
            "Bonjour, que puis-je faire pour vous ?",
            "Arr, what be ye wanting?",
            "How can I help you?",
        ]
        assert text(client) == "I was told nothing about who I am."


@pytest.mark.parametrize(
    ("count", "answer"),
    [
        (0, "I see no image."),
        (1, "I see one image: a cat on a wall."),
        (3, "I see several images, and the cat is in the first."),
    ],
)
def test_images_are_counted(count: int, answer: str) -> None:
    image = {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}
    said: list[Any] = [{"type": "text", "text": "What is this?"}, *[image] * count]
    with playing("basics/images") as client:
        assert text(client, said) == answer


def test_an_answer_may_be_empty() -> None:
    with playing("basics/empty") as client:
        answer = ask(client)

        assert (answer.choices[0].message.content, answer.choices[0].finish_reason) == ("", "stop")
        assert pieces(streamed(client)) == []


def test_models_of_ones_own_are_known() -> None:
    tuned = "ft:gpt-4o-mini-2024-07-18:acme::support01"
    with playing("basics/models-of-our-own") as client:
        assert text(client, model=tuned) == "Support here, tuned for Acme."
        assert text(client) == "I am not tuned."
        assert (
            complete(client, "Once", model="acme-legacy").choices[0].text == " and so it went on."
        )
        with pytest.raises(openai.NotFoundError):
            ask(client, model="ft:gpt-4o-mini-2024-07-18:acme::support02")


def test_what_was_retrieved_decides_the_answer() -> None:
    with playing("basics/rag") as client:
        assert told(client, "[1] Returns within 30 days.", "Can I return it?").endswith("[1].")
        assert "could not find" in told(client, "[1] Opening hours.", "Can I get a refund?")
        assert "only answer" in told(client, "[1] Returns within 30 days.", "Who are you?")


@pytest.mark.parametrize(
    ("graded", "score"), [("Shut up.", 1), ("It is probably 42.", 3), ("It is 42.", 5)]
)
def test_a_judge_gives_a_score_in_json(graded: str, score: int) -> None:
    with playing("basics/judge") as client:
        assert f'"score":{score}' in text(client, graded)


def test_a_small_model_is_not_sure_and_a_large_one_is() -> None:
    with playing("basics/escalation") as client:
        small = ask(client, model="gpt-4o-mini", logprobs=True).choices[0]
        large = ask(client, model="gpt-4o", logprobs=True).choices[0]

    assert small.message.content == "UNSURE"
    assert small.logprobs.content[0].logprob == -1.6
    assert large.message.content == "It was Ada Lovelace."
    assert all(token.logprob > -0.1 for token in large.logprobs.content[:3])


def test_a_filter_stops_an_answer_in_mid_sentence() -> None:
    with playing("basics/content-filter") as client:
        stopped = ask(client, "How do I make an explosive?").choices[0]

        assert (stopped.message.content, stopped.finish_reason) == (
            "To begin with, you",
            "content_filter",
        )
        assert ask(client).choices[0].finish_reason == "stop"


# --- Streams ---------------------------------------------------------------------------------


def test_characters_arrive_whole_whatever_the_tokens() -> None:
    with playing("streaming/unicode") as client:
        whole = text(client)
        parts = pieces(streamed(client))

    assert "".join(parts) == whole
    assert "👩‍👩‍👧‍👦" in whole
    assert len(parts) > 30
    assert "\N{REPLACEMENT CHARACTER}" not in whole


def test_a_page_of_markdown_comes_in_pieces() -> None:
    with playing("streaming/markdown") as client:
        parts = pieces(streamed(client))
    page = "".join(parts)

    assert len(parts) > 80
    assert "```python\ndef area(radius: float)" in page
    assert '<script>alert("this must be shown, not run")</script>' in page


def test_a_long_answer_is_two_thousand_tokens_long() -> None:
    with playing("streaming/long-answer") as client:
        chunks = streamed(client, stream_options={"include_usage": True})

    assert chunks[-1].usage.completion_tokens == 2000
    assert len(pieces(chunks)) == 2000


def test_a_client_is_told_how_it_asked() -> None:
    with playing("streaming/streamed-or-not") as client:
        assert text(client) == "You asked for one piece."
        assert "".join(pieces(streamed(client))) == "You asked for a stream."


# --- As other servers send it ----------------------------------------------------------------

TOOL: Any = {"type": "function", "function": {"name": "get_weather"}}


def test_s7_streams_of_other_servers_reach_the_client_as_they_are() -> None:
    with playing("streaming/other-servers") as client:
        called = [chunk.choices[0].delta for chunk in streamed(client, tools=[TOOL])]
        billed = streamed(client, "usage", stream_options={"include_usage": True})
        batches = [piece for piece in pieces(streamed(client, "batch")) if piece]
        bare = streamed(client, "once")
        thought = streamed(client, "think")
        with pytest.raises(openai.APIError, match="Busy") as broken:
            streamed(client, "error")

    indices = [call.index for delta in called for call in delta.tool_calls or ()]
    assert indices == [None] * len(indices)
    assert [chunk.usage.completion_tokens for chunk in billed[:4]] == [0, 1, 2, 3]
    assert batches == ["One two three", " four five six", "."]
    assert [chunk.choices is None for chunk in bare].count(True) == 1
    assert thought[0].choices[0].delta.reasoning_content == "Six times seven."
    assert broken.value.type == "overloaded_error"


def test_s7_raw_events_are_read_like_any_others() -> None:
    with playing("streaming/raw-events") as client:
        parts = pieces(streamed(client))
        with pytest.raises(openai.PermissionDeniedError) as refused:
            ask(client)

    assert parts == ["Hel", "lo."]
    assert refused.value.response.headers["server"] == "squid"
    assert refused.value.response.text == "<h1>Access denied</h1>"


def test_s4_an_answer_is_heard() -> None:
    sound: Any = {"voice": "alloy", "format": "wav"}
    with playing("basics/spoken") as client:
        spoken = ask(client, model="gpt-audio", modalities=["text", "audio"], audio=sound)
        written = text(client, model="gpt-4o")
    audio = spoken.choices[0].message.audio

    assert (audio.transcript, written) == ("Hello! How can I help you today?", "Hello in writing.")
    with wave.open(io.BytesIO(base64.b64decode(audio.data))) as heard:
        assert heard.getnframes() / heard.getframerate() == pytest.approx(2.55)
    assert spoken.usage.completion_tokens_details.audio_tokens == 51
