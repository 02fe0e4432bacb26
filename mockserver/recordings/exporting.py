"""Calls of a journal as an HTTP archive (HAR 1.2), for browsers, proxies and `mockserver import`.

What only this server knows is in `_mockserver`: HAR allows members that begin with an underscore.
"""

import base64
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qsl, quote

from mockserver.control.shapes import CallContent, CallRecord, Content, SentHeader
from mockserver.recordings.importers.encodings import EncodingError, decoded
from mockserver.recordings.importers.har import OWN
from mockserver.sessions.naming import DEFAULT_SESSION, SESSION_PREFIX
from mockserver.version import __version__
from mockserver.wire.jsontext import JsonValue

HTTP: Final = "HTTP/1.1"
UNKNOWN: Final = -1
"""What HAR writes for a size or a time that is not known."""
IN_PATHS: Final = "/:@!$&'()*+,;=~"


def archive(entries: Iterable[JsonValue]) -> JsonValue:
    """Return an archive of *entries*, which `entry` made."""
    creator = {"name": "llm-mockserver", "version": __version__}
    return {"log": {"version": "1.2", "creator": creator, "entries": list(entries)}}


def entry(server: str, call: CallRecord, content: CallContent) -> JsonValue:
    """Return *call* of the server at the root URL *server*, with its *content*, as an entry."""
    measured = call.measured
    wait_ms = 0.0 if measured is None else measured.first_byte_ms
    receive_ms = 0.0 if measured is None else measured.last_byte_ms - measured.first_byte_ms
    came = datetime.fromtimestamp(call.came_unix_s, UTC).isoformat(timespec="milliseconds")
    return {
        "startedDateTime": came.replace("+00:00", "Z"),
        "time": wait_ms + receive_ms,
        "request": _request(server, call, content),
        "response": _response(call, content),
        "cache": {},
        "timings": {
            "blocked": UNKNOWN,
            "dns": UNKNOWN,
            "connect": UNKNOWN,
            "send": 0,
            "wait": wait_ms,
            "receive": receive_ms,
        },
        OWN: _own(call),
    }


def _request(server: str, call: CallRecord, content: CallContent) -> JsonValue:
    name = call.session
    below = "" if name in {"", DEFAULT_SESSION} else f"{SESSION_PREFIX}{quote(name, safe='')}"
    query = f"?{call.query}" if call.query else ""
    request: dict[str, Any] = {
        "method": call.method,
        "url": f"{server}{below}{quote(call.path, safe=IN_PATHS)}{query}",
        "httpVersion": HTTP,
        "cookies": [],
        "headers": [{"name": name, "value": value} for name, value in call.headers.items()],
        "queryString": [
            {"name": name, "value": value}
            for name, value in parse_qsl(call.query, keep_blank_values=True)
        ],
        "headersSize": UNKNOWN,
        "bodySize": call.body_bytes,
    }
    if content.request is not None and content.request.text:
        kind = call.headers.get("content-type", "application/octet-stream")
        request["postData"] = {"mimeType": kind, **_text(content.request)}
    return request


def _response(call: CallRecord, content: CallContent) -> JsonValue:
    status = call.status or 0
    body: dict[str, Any] = {"size": 0, "mimeType": _header(content.headers, "content-type")}
    if content.body is not None:
        plain = _plain(content.body, _header(content.headers, "content-encoding"))
        body = {"size": plain[0], "mimeType": body["mimeType"], **plain[1]}
    elif call.measured is not None:
        # With a size and without a text, it is an answer whose body was not saved.
        body["size"] = call.measured.sent_bytes
    return {
        "status": status,
        "statusText": "",
        "httpVersion": HTTP,
        "cookies": [],
        "headers": [{"name": one.name, "value": one.value} for one in content.headers],
        "content": body,
        "redirectURL": "",
        "headersSize": UNKNOWN,
        "bodySize": UNKNOWN,
    }


def _text(content: Content) -> dict[str, Any]:
    coding = {} if content.encoding is None else {"encoding": content.encoding}
    return {"text": content.text, **coding}


def _plain(content: Content, coding: str) -> tuple[int, dict[str, Any]]:
    """Return how long *content* is without its *coding*, and its members in an archive."""
    raw = base64.b64decode(content.text) if content.encoding else content.text.encode()
    with suppress(EncodingError):  # a failure may have spoilt it: then it stays as it went out
        raw = decoded(raw, coding)
    try:
        return len(raw), {"text": raw.decode()}
    except UnicodeDecodeError:
        return len(raw), {"text": base64.b64encode(raw).decode(), "encoding": "base64"}


def _header(headers: Iterable[SentHeader], name: str) -> str:
    return next((one.value for one in headers if one.name.lower() == name), "")


def _own(call: CallRecord) -> JsonValue:
    usage = call.usage
    return {
        "session": call.session,
        "number": call.number,
        "serial": call.serial,
        "provider": call.provider,
        "endpoint": call.endpoint,
        "path": call.path,
        "model": call.model,
        "rule": call.rule,
        "outcome": call.outcome,
        "failures": list(call.failures),
        "attempt": call.attempt,
        "promptTokens": None if usage is None else usage.prompt_tokens,
        "completionTokens": None if usage is None else usage.completion_tokens,
        "firstTokenMs": None if call.measured is None else call.measured.first_token_ms,
        "hint": call.hint,
        "notes": list(call.notes),
    }
