"""JSON lines of exchanges, as collections of recordings have them: one exchange a line.

A line holds `request`, and `response` (JSON) or `chunks` (the JSON of a stream's events), with
`status`, `provider`, `endpoint` and `stream`; where known, `method`, `path`, `query` and
`response_headers`. Bodies are JSON already, so how they looked is stated in words (`body_style`),
and `key_order_kept` is false where a recorder has put members in another order. `response_text`
is what came where it was not read as JSON: base64, or the text.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from mockserver.cassettes.lines import can_be_sent
from mockserver.cassettes.recording import RecordedAnswer, RecordedRequest, Recording
from mockserver.recordings.importers.documents import as_list, as_object, as_text
from mockserver.recordings.importers.exchanges import LEAST_STATUS, MOST_STATUS, headers_of
from mockserver.recordings.importers.taken import Taken
from mockserver.wire.events import CONTENT_TYPE
from mockserver.wire.jsontext import is_object
from mockserver.wire.timeline import Headers

NAME: Final = "exchanges"
DESCRIPTION: Final = "collections of recorded exchanges (JSON lines: request, status, response)"

KEPT_OF_TEXTS: Final = 1_500
"""How many bytes of an answer that is no JSON are kept: one of that length was cut."""
PROVIDERS: Final = {"vercel": "vercel_gateway"}
"""Dialects that go by another name in such lines."""
ROOTS: Final = {"openrouter": "/api/v1/", "vercel": "/v1/", "openai": "/v1/"}
"""Where the API of a provider begins, for lines without a path, and paths without their root."""
AZURE_TOO: Final = "azure-ai"
"""A provider that this server does not know, whose paths are Azure's."""
AZURE_VERSION: Final = "2024-10-21"
"""The `api-version` of lines that have lost theirs."""
DEFAULT_DEPLOYMENT: Final = "gpt-4o"
"""The deployment of a line that has lost its own, and names no model."""
_OWN: Final = re.compile(
    r"(?:chat/completions|completions|responses|embeddings|moderations|conversations)(?:/.*)?$"
)
_INDENTED: Final = re.compile(r"(\d)-space")


def recognises(line: Any) -> bool:
    """Return whether *line*, the first one of a file, is an exchange."""
    members = as_object(line)
    has_answer = not {"response", "chunks", "response_text"}.isdisjoint(members)
    return {"request", "status"}.issubset(members) and has_answer and "version" not in members


def read(text: str, shown: str) -> Taken:
    """Return the exchanges in *text*, the content of the file that messages call *shown*."""
    recordings: list[Recording] = []
    left_out: list[str] = []
    # A line may contain other characters that Python takes for the end of one.
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        source = f"{shown}:{number}"
        exchange: Any = None
        try:
            exchange = json.loads(line)
        except (ValueError, RecursionError) as error:
            left_out.append(f"{source}: this line is not JSON: {error}")
            continue
        try:
            found = _recording(exchange, source) if is_object(exchange) else "no JSON object"
        except RecursionError:
            found = "it is nested too deeply"
        if isinstance(found, Recording):
            recordings.append(found)
        else:
            left_out.append(f"{source}: {found}")
    return Taken(recordings=tuple(recordings), left_out=tuple(left_out))


def _recording(exchange: Mapping[str, Any], source: str) -> Recording | str:
    """Return *exchange* as a recording, or why it is left out."""
    if "request" not in exchange or "status" not in exchange:
        return "not an exchange: it has no 'request' and 'status'"
    if exchange.get("doubt"):
        return f"it is doubtful: {exchange['doubt']}"
    answer = _answer(exchange)
    if isinstance(answer, str):
        return answer
    path, query = _path(exchange)
    method = (as_text(exchange.get("method")) or "POST").upper()
    if not (method.isascii() and method.isalpha()):
        return f"'{method}' is not a method of HTTP"
    sent = exchange["request"]
    if sent is None and method == "POST" and not path.endswith("/cancel"):
        return "its request was not kept"
    body = b"" if sent is None else _encoded(json.dumps(sent, ensure_ascii=False))
    headers = (("content-type", "application/json"),) if body else ()
    provider = as_text(exchange.get("provider"))
    return Recording(
        request=RecordedRequest(method, path, query, headers, body),
        answer=answer,
        provider=PROVIDERS.get(provider, provider),
        source=source,
    )


def _path(exchange: Mapping[str, Any]) -> tuple[str, str]:
    """Return path and query, as the provider has them; some recorders keep a part of the path."""
    provider, sent = as_text(exchange.get("provider")), as_object(exchange["request"])
    path, query = as_text(exchange.get("path")), as_text(exchange.get("query"))
    own = _OWN.search(path)
    tail = own[0] if own else as_text(exchange.get("endpoint"))
    if provider == "azure":
        version = AZURE_VERSION if not path else "2025-04-01-preview"
        if not path or "/deployments/" in path:
            root = f"/openai/deployments/{sent.get('model') or DEFAULT_DEPLOYMENT}/"
        else:
            root = "/openai/v1/" if "/v1/" in path else "/openai/"
        if root != "/openai/v1/" and "api-version" not in query:
            query = "&".join(part for part in (query, f"api-version={version}") if part)
        return root + tail, query
    if provider in ROOTS:
        return ROOTS[provider] + tail, query
    if provider == AZURE_TOO and path:
        return path, query
    return f"/v1/{tail}", query


def _answer(exchange: Mapping[str, Any]) -> RecordedAnswer | str:
    """Return what came back, or why that is not known."""
    status = exchange["status"]
    if not isinstance(status, int) or not LEAST_STATUS <= status <= MOST_STATUS:
        return "no answer was recorded"
    kept = as_object(exchange.get("response_headers"))
    headers = tuple([pair for pair in headers_of(kept) if can_be_sent(*pair)])
    chunks, response = as_list(exchange.get("chunks")), exchange.get("response")
    text, style = exchange.get("response_text"), as_text(exchange.get("body_style"))
    order_is_lost = exchange.get("key_order_kept") is False
    if chunks:
        body = _encoded("".join(_events(chunks, style, order_is_lost=order_is_lost)))
        return RecordedAnswer(status, _typed(headers, CONTENT_TYPE), body)
    if response is not None:
        body = _encoded(_json(response, style, order_is_lost=order_is_lost))
        return RecordedAnswer(status, _typed(headers, "application/json"), body)
    if text is None:
        return "its answer was not kept"
    body = _raw(str(text))
    if len(body) >= KEPT_OF_TEXTS:
        return "its answer was not kept whole"
    is_stream = body.startswith((b"data:", b"event:", b":"))
    return RecordedAnswer(
        status, _typed(headers, CONTENT_TYPE if is_stream else "application/json"), body
    )


def _raw(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return _encoded(text)


def _typed(headers: Headers, content_type: str) -> Headers:
    """Return *headers* with a content type: many recorders do not keep it."""
    others = tuple([pair for pair in headers if pair[0].lower() != "content-type"])
    stated = next((value for name, value in headers if name.lower() == "content-type"), "")
    is_right = stated.partition(";")[0].strip().lower() == content_type
    return (("content-type", stated if is_right else content_type), *others)


def _events(chunks: list[Any], style: str, *, order_is_lost: bool) -> Iterator[str]:
    named = style.startswith("sse event:")
    last = None
    for chunk in chunks:
        last = chunk
        if not is_object(chunk):
            yield f"data: {chunk}\n\n"
            continue
        members = as_object(chunk)
        data = json.dumps(
            members, ensure_ascii=False, separators=(",", ":"), sort_keys=order_is_lost
        )
        yield (f"event: {members.get('type')}\n" if named else "") + f"data: {data}\n\n"
    # Recorders drop the end, which is no JSON; streams of typed events have none.
    if last != "[DONE]" and is_object(last) and "type" not in last:
        yield "data: [DONE]\n\n"


def _json(value: Any, style: str, *, order_is_lost: bool) -> str:
    """Return *value* in that *style*; in Python's own if none is stated."""
    indented = _INDENTED.match(style)
    if indented:
        text = json.dumps(value, indent=int(indented[1]), sort_keys=order_is_lost)
    elif style.startswith("compact"):
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=order_is_lost)
    else:
        text = json.dumps(value, ensure_ascii=False, sort_keys=order_is_lost)
    return text + "\n" if style.endswith("+newline") else text


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
