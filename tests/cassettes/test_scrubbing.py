"""No secret gets into a cassette, and nothing else is lost on the way."""

import json

from support.planted import OPENAI as KEY
from support.planted import ORGANIZATION, asking

from mockserver.cassettes import lines
from mockserver.cassettes.recording import Piece, RecordedAnswer, RecordedRequest, Recording
from mockserver.cassettes.scrubbing import Scrubber
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
