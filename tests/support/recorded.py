"""Recordings of what an engine answers, without a socket."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mockserver.cassettes import lines
from mockserver.cassettes.recording import Piece, RecordedAnswer, RecordedRequest, Recording
from mockserver.wire.timeline import Abort, Data, Head, Pause, Timeline
from support.inprocess import Answered, Api

CHAT = "/v1/chat/completions"


def recording_of(
    answered: Answered,
    path: str = CHAT,
    body: Mapping[str, Any] | None = None,
    *,
    method: str = "POST",
    provider: str = "openai",
) -> Recording:
    """Return the exchange in which *body* was sent to *path* and *answered* so."""
    content = b"" if body is None else json.dumps(body).encode()
    path, _, query = path.partition("?")
    headers = (("content-type", "application/json"),)
    return Recording(
        request=RecordedRequest(method, path, query, headers, content),
        answer=answer_of(answered.timeline),
        provider=provider,
        endpoint=answered.call.endpoint or "",
    )


def answer_of(timeline: Timeline) -> RecordedAnswer:
    """Return what a recorder keeps of *timeline*."""
    at_ms, opened_ms = 0.0, 0.0
    body = b""
    pieces: list[Piece] = []
    head = Head.of(200, ())
    for event in timeline:
        match event:
            case Pause(seconds):
                at_ms += seconds * 1_000
            case Head():
                head, opened_ms = event, at_ms
            case Data(payload) if payload:
                body += payload
                pieces.append(Piece(at_ms, len(payload)))
            case _:
                pass
    is_cut = isinstance(timeline[-1], Abort)
    return RecordedAnswer(head.status, head.headers, body, tuple(pieces), opened_ms, is_cut)


def asked(said: str, **members: Any) -> dict[str, Any]:
    """Return the body of a chat request."""
    return {
        "model": "gpt-4o-mini",
        "messages": [{"role": "user", "content": said}],
        **members,
    }


def ask(api: Api, body: Mapping[str, Any], path: str = CHAT) -> tuple[Answered, Recording]:
    """Send *body*, and return what is answered, and the recording of that."""
    answered = api.post(path, dict(body))
    return answered, recording_of(answered, path, body)


def replaying(
    folder: Path, recordings: list[Recording], more: str = "", rule: str = "", **options: Any
) -> Api:
    """Return an API that answers from a cassette with *recordings*.

    *more* are further members of its reply, *rule* further keys of its rule.
    """
    lines.write(folder / "tape.jsonl", recordings)
    scenario = folder / "replay.yaml"
    reply = f"{{kind: cassette, file: tape.jsonl{more and f', {more}'}}}"
    scenario.write_text(
        f"version: 1\nrules:\n  - {{name: recorded, reply: {reply}{rule and f', {rule}'}}}\n"
    )
    return Api(sources=[scenario], **options)
