"""Cassettes of vcrpy, in YAML or JSON, as it and what is built on it write them.

vcrpy has `interactions` with a request and a response each; its first version had a bare list of
them. Its JSON has bodies as `base64_string` if they are not text. The stub for httpx once wrote
`content` and `status_code`. pydantic-ai's serializer writes JSON bodies as `parsed_body`,
vcr-but-better as `{type, content}`; LangChain's has `requests` and `responses` beside each other.
Go's go-vcr has the same form with other names: `url`, `code`, and the `duration` until the head.
"""

import base64
import binascii
import re
from typing import Any, Final

from mockserver.recordings.importers.documents import as_list, as_number, as_object, as_text
from mockserver.recordings.importers.encodings import EncodingError
from mockserver.recordings.importers.exchanges import Exchanges, bytes_of, headers_of
from mockserver.recordings.importers.taken import Taken
from mockserver.wire.jsontext import is_list, is_object

NAME: Final = "vcrpy"
DESCRIPTION: Final = "cassettes of vcrpy and go-vcr (YAML, JSON)"

_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)(h|ms|m|s|µs|us|ns)")
_MS: Final = {"h": 3.6e6, "m": 6e4, "s": 1e3, "ms": 1.0, "µs": 1e-3, "us": 1e-3, "ns": 1e-6}


def recognises(document: Any) -> bool:
    """Return whether *document* is a cassette."""
    members = as_object(document)
    first = as_object(next(iter(as_list(members.get("interactions") or document)), None))
    if "request" in first and "response" in first:
        return bool(_url(as_object(first["request"])))
    if is_list(members.get("interactions")):
        return not members["interactions"]
    requests = as_list(members.get("requests"))
    return bool(requests and members.get("responses")) and "uri" in as_object(requests[0])


def read(document: Any, shown: str) -> Taken:
    """Return what is in the cassette *shown*."""
    exchanges = Exchanges(shown)
    for number, pair in enumerate(_interactions(document), 1):
        interaction = as_object(pair)
        request = as_object(interaction.get("request"))
        response = as_object(interaction.get("response"))
        place = f"interaction {number}"
        if not request or not response:
            exchanges.leave_out(place, "it has no request and response")
            continue
        try:
            sent, body = _body(request), _body(response)
        except (EncodingError, binascii.Error) as error:
            exchanges.leave_out(place, f"its body cannot be read: {error}")
            continue
        exchanges.add(
            place,
            method=as_text(request.get("method")) or "GET",
            url=_url(request),
            sent_headers=headers_of(request.get("headers")),
            sent_body=sent,
            status=_status(response),
            headers=headers_of(response.get("headers")),
            body=body,
            recorded_at=as_text(interaction.get("recorded_at")),
            opened_ms=_duration_ms(response.get("duration")),
        )
    return exchanges.taken()


def _interactions(document: Any) -> list[Any]:
    members = as_object(document)
    if "interactions" in members or not members:
        return as_list(members.get("interactions") or document)
    pairs = zip(as_list(members.get("requests")), as_list(members.get("responses")), strict=False)
    return [{"request": request, "response": response} for request, response in pairs]


def _url(request: dict[str, Any]) -> str:
    return as_text(request.get("uri")) or as_text(request.get("url"))


def _duration_ms(given: Any) -> float:
    """Return a duration as Go writes it (`1.5s`, `1m2.5s`), or in nanoseconds."""
    if nanoseconds := as_number(given):
        return round(max(nanoseconds, 0) * _MS["ns"], 3)
    parts = _DURATION.findall(as_text(given))
    return round(sum([float(amount) * _MS[unit] for amount, unit in parts]), 3)


def _status(response: dict[str, Any]) -> int | None:
    status = response.get("status", response.get("status_code"))
    code = as_object(status).get("code") if is_object(status) else status
    code = code if isinstance(code, int) else response.get("code")
    return code if isinstance(code, int) else None


def _body(side: dict[str, Any]) -> bytes:
    """Return the body of a request or a response, whichever way it is written."""
    if "parsed_body" in side:
        return bytes_of(side["parsed_body"])
    given = side.get("body", side.get("content"))
    members = as_object(given)
    if "base64_string" in members:
        return _from_base64(members["base64_string"])
    if "string" in members and len(members) <= len({"string", "encoding"}):
        return bytes_of(members["string"])
    if members.keys() == {"type", "content"}:
        is_base64 = members["type"] in ("base64", "binary")
        content = members["content"]
        return _from_base64(content) if is_base64 else bytes_of(content)
    return bytes_of(given)


def _from_base64(text: object) -> bytes:
    return text if isinstance(text, bytes) else base64.b64decode(as_text(text))
