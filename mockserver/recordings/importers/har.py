"""HTTP archives (HAR 1.2): of browsers and proxies, and of Polly.js, which keeps its recordings so.

Polly.js writes `_recordingName` and `_id`, compressed bodies as a JSON list of base64 pieces, and
into the browser's storage several archives by their names.
"""

import base64
import binascii
import json
from typing import Any, Final
from urllib.parse import urlencode

from mockserver.recordings.importers.documents import as_list, as_number, as_object, as_text
from mockserver.recordings.importers.exchanges import Exchanges, bytes_of, headers_of
from mockserver.recordings.importers.hosts import HOSTS, Placed
from mockserver.recordings.importers.taken import Taken
from mockserver.wire.jsontext import is_list

NAME: Final = "har"
DESCRIPTION: Final = "HTTP archives of browsers, proxies and Polly.js (HAR)"

OWN: Final = "_mockserver"
"""What this server adds to an entry that it exports."""
BEFORE_THE_HEAD: Final = ("blocked", "dns", "connect", "send", "wait")
"""The times that pass until the head comes; `ssl` is a part of `connect`."""
NOT_MODIFIED: Final = 304


def recognises(document: Any) -> bool:
    """Return whether *document* is an archive, or a mapping of several."""
    return any(_archives(document))


def _archives(document: Any) -> list[dict[str, Any]]:
    members = as_object(document)
    found = [as_object(members.get("log"))] + [
        as_object(as_object(value).get("log")) for name, value in members.items() if name != "log"
    ]
    return [log for log in found if is_list(log.get("entries"))]


def read(document: Any, shown: str) -> Taken:
    """Return what is in the archive *shown*."""
    exchanges = Exchanges(shown)
    entries = [entry for log in _archives(document) for entry in as_list(log["entries"])]
    for number, item in enumerate(entries, 1):
        place = f"entry {number}"
        entry = as_object(item)
        request, response = as_object(entry.get("request")), as_object(entry.get("response"))
        try:
            left_out = _unusable(entry, request, response)
            if left_out:
                exchanges.leave_out(place, left_out)
                continue
            body = _body(as_object(response.get("content")))
            sent = _sent(as_object(request.get("postData")))
        except (binascii.Error, ValueError) as error:
            exchanges.leave_out(place, f"its body cannot be read: {error}")
            continue
        url = as_text(request.get("url"))
        opened_ms, ended_ms = _times(as_object(entry.get("timings")))
        status = response.get("status")
        exchanges.add(
            place,
            method=as_text(request.get("method")) or "GET",
            url=url,
            where=_where(as_object(entry.get(OWN)), url),
            sent_headers=headers_of(request.get("headers")),
            sent_body=sent,
            status=status if isinstance(status, int) else None,
            headers=headers_of(response.get("headers")),
            body=body,
            recorded_at=as_text(entry.get("startedDateTime")),
            opened_ms=opened_ms,
            ended_ms=ended_ms,
        )
    return exchanges.taken()


def _where(own: dict[str, Any], url: str) -> Placed | None:
    """Return where a request to this server went, which its address says to nobody else."""
    provider, path = as_text(own.get("provider")), as_text(own.get("path"))
    if provider not in {known for known, _ in HOSTS} or not path.startswith("/"):
        return None
    return Placed(provider, path, url.partition("?")[2])


def _unusable(entry: dict[str, Any], request: dict[str, Any], response: dict[str, Any]) -> str:
    """Return why an entry holds no exchange; empty if it does."""
    if entry.get("_webSocketMessages") or entry.get("_resourceType") == "websocket":
        return "a web socket is not an exchange of one request and one answer"
    if request.get("method") == "OPTIONS":
        return "browsers ask so whether they may ask (CORS)"
    if response.get("status") == NOT_MODIFIED:
        return "the answer came from the browser's cache"
    content = as_object(response.get("content"))
    size = as_number(content.get("size")) or 0
    if size > 0 and content.get("text") is None:
        return "the archive was saved without the answer's body"
    return ""


def _body(content: dict[str, Any]) -> bytes:
    text = as_text(content.get("text"))
    if content.get("encoding") != "base64":
        return bytes_of(text)
    if text.startswith("["):
        return b"".join([base64.b64decode(as_text(piece)) for piece in as_list(json.loads(text))])
    return base64.b64decode(text)


def _sent(post: dict[str, Any]) -> bytes:
    if post.get("encoding") == "base64":
        return base64.b64decode(as_text(post.get("text")))
    text = as_text(post.get("text"))
    params = [as_object(param) for param in as_list(post.get("params"))]
    if text or not params:
        return bytes_of(text)
    fields = [(as_text(one.get("name")), as_text(one.get("value"))) for one in params]
    return urlencode(fields).encode()


def _times(timings: dict[str, Any]) -> tuple[float, float | None]:
    """Return when the head and the whole body had come, in milliseconds after the request."""
    before = [as_number(timings.get(name)) or 0 for name in BEFORE_THE_HEAD]
    opened_ms = float(sum([time for time in before if time > 0]))
    receive = as_number(timings.get("receive"))
    if receive is None or receive < 0 or opened_ms + receive == 0:
        return opened_ms, None
    return opened_ms, opened_ms + receive
