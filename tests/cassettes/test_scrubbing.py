"""No secret gets into a cassette, and nothing else is lost on the way."""

import base64
import json
from itertools import pairwise
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.planted import (
    AZURE,
    EXCHANGES,
    JWT,
    ORGANIZATION,
    PlantedExchange,
    asking,
    planted_in,
)
from support.planted import OPENAI as KEY

from mockserver.cassettes import lines
from mockserver.cassettes.recording import Piece, RecordedAnswer, RecordedRequest, Recording
from mockserver.cassettes.scrubbing import Scrubber, SecretLeftError
from mockserver.errors import UsageError
from mockserver.records.redaction import mark


def streamed(*texts: str, **members: object) -> RecordedAnswer:
    """Return a stream of chunks that say *texts*, each of which came by itself."""
    events = [
        json.dumps({"id": "chatcmpl-1", "choices": [{"index": 0, "delta": {"content": text}}]})
        for text in texts
    ]
    pieces = [f"data: {event}\n\n".encode() for event in events]
    return RecordedAnswer(
        200,
        (("Content-Type", "text/event-stream"),),
        b"".join(pieces),
        tuple(Piece(10.0 * number, len(piece)) for number, piece in enumerate(pieces)),
    )


def exchange(answer: RecordedAnswer, **members: object) -> Recording:
    """Return a recording of a chat request that *answer* answers."""
    headers = (("Authorization", f"Bearer {KEY}"), ("Content-Type", "application/json"))
    request = RecordedRequest("POST", "/v1/chat/completions", "", headers, asking("Hi", **members))
    return Recording(request=request, answer=answer)


def test_what_has_no_secret_stays_as_it_is() -> None:
    recording = exchange(streamed("Hel", "lo"))

    scrubbed = Scrubber().scrubbed(recording)

    assert scrubbed.request.body is recording.request.body
    assert scrubbed.answer == recording.answer
    assert scrubbed.request.headers == (("Content-Type", "application/json"),)


def test_a_secret_in_several_pieces_of_a_stream_is_marked_where_it_began() -> None:
    recording = exchange(streamed("key ", KEY[:4], KEY[4:20], KEY[20:], "!"))

    answer = Scrubber().scrubbed(recording).answer

    said = [json.loads(event.data)["choices"][0]["delta"]["content"] for event in answer.events]
    assert said == ["key ", mark(KEY), "", "", "!"]
    assert sum(piece.size for piece in answer.pieces) == len(answer.body)
    assert [event.raw for event in answer.events] == [
        event.raw for event in streamed("key ", mark(KEY), "", "", "!").events
    ]


def test_an_account_is_not_named() -> None:
    said = {"error": {"message": f"Rate limit reached in organization {ORGANIZATION} on tokens"}}
    headers = (("openai-organization", ORGANIZATION), ("cf-ray", "9-FRA"), ("x-request-id", "r"))
    answer = RecordedAnswer(429, headers, json.dumps(said).encode())

    scrubbed = Scrubber().scrubbed(exchange(answer))

    assert scrubbed.answer.headers == (
        ("openai-organization", mark(ORGANIZATION)),
        ("x-request-id", "r"),
    )
    assert ORGANIZATION not in lines.to_line(scrubbed)


# --- Twelve secrets ----------------------------------------------------------------------------


def recorded(planted: PlantedExchange) -> Recording:
    """Return the recording of *planted*."""
    pieces = planted.events or (planted.answer_body,)
    return Recording(
        request=RecordedRequest(
            "POST",
            "/v1/chat/completions",
            planted.query,
            (*planted.headers, ("Content-Type", "application/json")),
            planted.request_body,
        ),
        answer=RecordedAnswer(
            planted.status,
            (("Content-Type", planted.content_type), *planted.answer_headers),
            planted.answer_body,
            tuple(Piece(float(number), len(piece)) for number, piece in enumerate(pieces)),
        ),
    )


@pytest.mark.parametrize("planted", EXCHANGES, ids=lambda planted: planted.where)
def test_none_of_twelve_secrets_is_in_the_line(planted: PlantedExchange) -> None:
    recording = recorded(planted)
    scrubber = Scrubber(planted.patterns)

    scrubbed = scrubber.scrubbed(recording)

    assert planted_in(lines.to_line(recording)) == [planted.secret]
    assert planted_in(lines.to_line(scrubbed)) == []
    assert sum(piece.size for piece in scrubbed.answer.pieces) == len(scrubbed.answer.body)
    assert scrubber.scrubbed(scrubbed) == scrubbed
    assert lines.from_line(lines.to_line(scrubbed)).answer == scrubbed.answer
    if planted.events:
        assert len(scrubbed.answer.events) == len(planted.events)
        assert all(event.json is not None for event in scrubbed.answer.events[:-1])
    else:
        assert scrubbed.answer.json is not None


def test_there_are_twelve() -> None:
    assert len({planted.secret for planted in EXCHANGES}) == 12


# --- Anywhere ----------------------------------------------------------------------------------

PEM = "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIEowIBAAKCAQEA7q\n-----END RSA " + "PRIVATE KEY-----"
LOOKS = (KEY, JWT, PEM, ORGANIZATION, "AKIA" + "Q7ZT2X9LM4BV8NC5")
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
quiet = st.text('äé ,;:!?\n"\\\u2028🎉', max_size=12)
"""What no secret is made of."""


@given(st.data(), st.sampled_from((*LOOKS, AZURE)), quiet, quiet, st.booleans())
def test_a_secret_cut_anywhere_is_taken_out_and_all_else_stays(
    data: st.DataObject,
    secret: str,
    before: str,
    after: str,
    escaped: bool,  # noqa: FBT001 - drawn
) -> None:
    said = f"{before} {secret} {after}"
    cuts = sorted(data.draw(st.lists(st.integers(0, len(said)), max_size=6)))
    pieces = [said[start:end] for start, end in zip([0, *cuts], [*cuts, len(said)], strict=True)]
    events = [
        json.dumps({"choices": [{"index": 0, "delta": {"content": piece}}]}, ensure_ascii=escaped)
        for piece in pieces
    ]
    body = "".join(f"data: {event}\r\n\r\n" for event in events).encode()
    edges = sorted({0, len(body), *data.draw(st.lists(st.integers(0, len(body)), max_size=9))})
    came = tuple(Piece(start, end - start) for start, end in pairwise(edges))
    answer = RecordedAnswer(200, (("content-type", "text/event-stream"),), body, came)
    recording = exchange(answer)
    scrubber = Scrubber()

    scrubbed = scrubber.scrubbed(recording, [AZURE])

    joined = "".join(
        event.json["choices"][0]["delta"]["content"] for event in scrubbed.answer.events
    )
    assert joined == f"{before} {mark(secret)} {after}"
    assert len(scrubbed.answer.events) == len(pieces)
    assert sum(piece.size for piece in scrubbed.answer.pieces) == len(scrubbed.answer.body)
    assert scrubber.scrubbed(scrubbed, [AZURE]) == scrubbed


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
PLACEHOLDER = "@@"


@given(
    json_values.filter(lambda value: PLACEHOLDER not in json.dumps(value)),
    st.sampled_from(LOOKS),
    st.sampled_from(["plain", "base64", "url", "JSON"]),
    st.booleans(),
)
def test_a_secret_in_any_json_is_taken_out_and_all_else_stays(
    beside: object,
    secret: str,
    spelling: str,
    asked: bool,  # noqa: FBT001 - drawn
) -> None:
    spelled = {
        "plain": secret,
        "base64": base64.b64encode(f"it is {secret} indeed".encode()).decode(),
        "url": f"https://example.com/?q={quote(secret, '')}&r=1",
        "JSON": json.dumps({"note": secret}),
    }[spelling]
    body = json.dumps([beside, {"note": f"see {spelled}"}, beside]).encode()
    answer = RecordedAnswer(200, (("content-type", "application/json"),), b"{}" if asked else body)
    request = RecordedRequest("POST", "/v1/x", body=body if asked else b"{}")

    scrubbed = Scrubber().scrubbed(Recording(request=request, answer=answer))

    left = (scrubbed.request.body if asked else scrubbed.answer.body).decode()
    assert secret not in left
    assert spelled not in left
    first, last = json.dumps([beside])[1:-1], json.dumps([beside])[1:-1]
    assert left.startswith(f"[{first}, ")
    assert left.endswith(f", {last}]")
    assert json.loads(left)[1]["note"].count("[redacted ") == 1


def test_two_answers_that_come_at_once_are_two_texts() -> None:
    events = [
        {"choices": [{"index": index, "delta": {"content": KEY[at : at + 5]}}]}
        for at in range(0, len(KEY), 5)
        for index in (0, 1)
    ]
    body = b"".join(f"data: {json.dumps(event)}\n\n".encode() for event in events)
    answer = RecordedAnswer(200, (("content-type", "text/event-stream"),), body)

    scrubbed = Scrubber().scrubbed(exchange(answer)).answer

    said = [event.json["choices"][0]["delta"]["content"] for event in scrubbed.events]
    assert said == [mark(KEY), mark(KEY), *[""] * (len(events) - 2)]


def test_tokens_with_their_bytes_are_one_text() -> None:
    tokens = [KEY[at : at + 4] for at in range(0, len(KEY), 4)]
    listed = [
        {"token": token, "bytes": [*token.encode()], "top_logprobs": [{"token": token}]}
        for token in ["It", " is", " ", *tokens, "."]
    ]
    said = {"choices": [{"message": {"content": f"It is {KEY}."}, "logprobs": {"content": listed}}]}
    answer = RecordedAnswer(200, (("content-type", "application/json"),), json.dumps(said).encode())

    scrubbed = Scrubber().scrubbed(exchange(answer)).answer.json["choices"][0]

    assert scrubbed["message"]["content"] == f"It is {mark(KEY)}."
    read = scrubbed["logprobs"]["content"]
    assert "".join(one["token"] for one in read) == f"It is {mark(KEY)}."
    assert all(one["bytes"] == [] for one in read[3:-1])
    assert read[0]["bytes"] == [73, 116]


# --- The gate, and what is asked of it -----------------------------------------------------------


def test_what_is_left_is_named_by_its_place_and_never_shown() -> None:
    left = Scrubber().left(exchange(streamed("it is ", KEY[:9], KEY[9:])))

    assert [(one.place, one.kind) for one in left] == [
        ("the request's header 'Authorization'", "the value of a secret"),
        ("the response's body, choices[0].delta.content", "a key of OpenAI"),
        ("the response's body, choices[0].delta.content", "a key of OpenAI"),
    ]
    assert KEY[3:9] not in str(SecretLeftError(left, "x.jsonl:1"))


@pytest.mark.parametrize(
    ("pattern", "message"),
    [("(a", "'(a' is not a regular expression"), ("a*", "matches the empty text")],
)
def test_a_pattern_that_cannot_be_meant_is_refused(pattern: str, message: str) -> None:
    with pytest.raises(UsageError) as raised:
        Scrubber([pattern])
    assert message in str(raised.value)


def test_of_a_pattern_the_first_group_is_taken_out_and_marks_stay() -> None:
    scrubber = Scrubber([r"account (\S+)", r"[0-9a-f]{8}"])
    recording = exchange(streamed("account al", "pha, and 0123", "4567"))

    scrubbed = scrubber.scrubbed(recording)

    assert (
        "".join(event.json["choices"][0]["delta"]["content"] for event in scrubbed.answer.events)
        == f"account {mark('alpha,')} and {mark('01234567')}"
    )
    assert scrubber.scrubbed(scrubbed) == scrubbed


# --- Ids -------------------------------------------------------------------------------------


def with_id(text: str) -> Recording:
    answer = RecordedAnswer(200, (("x-request-id", text),), json.dumps({"id": text}).encode())
    return Recording(request=RecordedRequest("POST", "/v1/chat/completions"), answer=answer)


@pytest.mark.parametrize("text", ["fc-0123456789abcdef0123456789abcdef", "hf_" + "aB3dE6gH9j" * 3])
def test_a_key_that_begins_like_an_id_is_none(text: str) -> None:
    assert text not in lines.to_line(Scrubber().scrubbed(with_id(text)))


def test_an_id_goes_if_somebody_names_it_or_sends_it_as_a_key() -> None:
    text = "req_0123456789abcdef0123456789abcdef"

    assert text in lines.to_line(Scrubber().scrubbed(with_id(text)))
    assert text not in lines.to_line(Scrubber([r"req_(\w+)"]).scrubbed(with_id(text)))
    assert text not in lines.to_line(Scrubber().scrubbed(with_id(text), [text]))
