"""Recordings as lines of JSON: a cassette is a text file with one recording on each line.

A line is complete in itself, so that files can be cut, joined and compared line by line, and a
crash costs at most the line that was being written. A body is written as the text that it is, and
as base64 only if it is not UTF-8; a request's body that is JSON is written as JSON.
"""

import base64
import json
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, cast

import msgspec

from mockserver.cassettes.recording import Piece, RecordedAnswer, RecordedRequest, Recording
from mockserver.errors import MockServerError, UsageError
from mockserver.wire.timeline import Headers

VERSION: Final = 1
"""Of the form of a line."""
MOST_BYTES: Final = 1024 * 1024 * 1024
"""The size limit of a cassette."""
LEAST_STATUS: Final = 200
MOST_STATUS: Final = 999
"""The statuses of answers: those below announce one."""
LONGEST_MS: Final = 1e9
"""The longest time, in milliseconds: no recorder waits for longer."""
LONGEST_SHOWN: Final = 60
"""Characters of a bad value that an error shows."""


class BadLineError(MockServerError):
    """A line that is not a recording."""


def to_line(recording: Recording) -> str:
    """Return *recording* as a line, without the newline."""
    request, answer = recording.request, recording.answer
    asked: dict[str, Any] = {"method": request.method, "path": request.path}
    if request.query:
        asked["query"] = request.query
    if request.headers:
        asked["headers"] = [list(pair) for pair in request.headers]
    given: dict[str, Any] = {"status": answer.status}
    given["headers"] = [list(pair) for pair in answer.headers]
    if answer.opened_ms:
        given["opened_ms"] = answer.opened_ms
    given |= _body(answer.body)
    if answer.pieces:
        given["pieces"] = [list(piece) for piece in answer.pieces]
    if answer.is_cut:
        given["is_cut"] = True
    line = {
        "version": VERSION,
        "recorded_at": recording.recorded_at,
        "provider": recording.provider,
        "endpoint": recording.endpoint,
        "request": asked | _sent_body(request),
        "response": given,
    }
    text = _written(line)
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


_ESCAPED: Final = re.compile("[\x7f\x85\u2028\u2029\ud800-\udfff]")
"""What some tools take for the end of a line, and halves of pairs, which UTF-8 has no form for."""


def _written(line: dict[str, Any]) -> str:
    try:
        return msgspec.json.encode(line).decode()
    except (UnicodeEncodeError, TypeError, OverflowError):  # halves of pairs, huge numbers
        plain = {**line, "request": _plain(line["request"])}
        return json.dumps(plain, ensure_ascii=False, separators=(",", ":"))


def _plain(asked: dict[str, Any]) -> dict[str, Any]:
    raw = asked.get("json")
    return {**asked, "json": json.loads(bytes(raw))} if isinstance(raw, msgspec.Raw) else asked


def _sent_body(request: RecordedRequest) -> dict[str, Any]:
    body = request.body
    if b"\n" not in body and b"\r" not in body and body:
        with suppress(msgspec.DecodeError, RecursionError):
            # What is JSON on one line goes in as it is, and is not read.
            return {"json": msgspec.json.decode(body, type=msgspec.Raw)}
    return {"json": request.json} if request.json is not None else _body(body)


def _body(body: bytes) -> dict[str, Any]:
    try:
        return {"text": body.decode()} if body else {}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(body).decode()}


def from_line(text: str, source: str = "") -> Recording:
    """Return the recording that the line *text* is; *source* is where it is.

    Raises:
        BadLineError: It is none.

    """
    try:
        line: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadLineError(f"{source}: this line is not JSON: {error}") from error
    if not isinstance(line, dict) or "request" not in line or "response" not in line:
        raise BadLineError(
            f"{source}: this line is not a recording: it has no 'request' and 'response'"
        )
    members = cast(dict[str, Any], line)
    version = members.get("version")
    if version != VERSION:
        what = f"the version of this recording is {version!r}, and this version knows {VERSION}"
        raise BadLineError(f"{source}: {what}")
    try:
        return Recording(
            request=_request(_member(members, "request", dict), text),
            answer=_answer(_member(members, "response", dict)),
            provider=_text(members, "provider"),
            endpoint=_text(members, "endpoint"),
            recorded_at=_text(members, "recorded_at"),
            source=source,
        )
    except (ValueError, RecursionError) as error:
        raise BadLineError(f"{source}: this recording cannot be read: {error}") from error


class _Sent(msgspec.Struct):
    json: msgspec.Raw


class _Line(msgspec.Struct):
    request: _Sent


def _request(given: Mapping[str, Any], line: str) -> RecordedRequest:
    body = _bytes(given)
    if "json" in given:
        body = _json_in(line, given["json"])
    method = _text(given, "method").upper()
    if _TOKEN.fullmatch(method) is None:
        raise ValueError(f"'method' is not a method of HTTP: {method!r}")
    path, query = _text(given, "path"), _text(given, "query")
    if not path:
        raise ValueError("it has no 'path'")
    return RecordedRequest(method, path, query, _headers(given), body)


def _json_in(line: str, value: Any) -> bytes:
    """Return the body of the request in *line*, *value*, as it is written there."""
    try:
        return bytes(msgspec.json.decode(line, type=_Line).request.json)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        return text.encode("utf-8", "surrogatepass")


def _answer(given: Mapping[str, Any]) -> RecordedAnswer:
    status = given.get("status")
    if not (isinstance(status, int) and LEAST_STATUS <= status <= MOST_STATUS):
        raise ValueError(f"'status' is not the status of an answer: {_shown(status)}")
    opened_ms = _time(given.get("opened_ms", 0.0), "opened_ms")
    is_cut = _member(given, "is_cut", bool, default=False)
    return RecordedAnswer(status, _headers(given), _bytes(given), _pieces(given), opened_ms, is_cut)


def _headers(given: Mapping[str, Any]) -> Headers:
    pairs: list[tuple[str, str]] = []
    for pair in _member(given, "headers", list, default=[]):
        match pair:
            case [str(name), str(value)] if can_be_sent(name, value):
                pairs.append((name, value))
            case _:
                raise ValueError(
                    f"'headers' has what is not the name and value of one: {_shown(pair)}"
                )
    return tuple(pairs)


def can_be_sent(name: str, value: str) -> bool:
    """Return whether *name* and *value* are a header of HTTP, and no more than one."""
    return _TOKEN.fullmatch(name) is not None and _BREAKS.search(value) is None


def _pieces(given: Mapping[str, Any]) -> tuple[Piece, ...]:
    pieces: list[Piece] = []
    for piece in _member(given, "pieces", list, default=[]):
        match piece:
            case [at_ms, int(size)] if size >= 0:
                pieces.append(Piece(_time(at_ms, "pieces"), size))
            case _:
                raise ValueError(f"'pieces' has what is not a time and a size: {_shown(piece)}")
    return tuple(pieces)


def _time(given: object, name: str) -> float:
    """Return the milliseconds *given*; *name* is the member that they are in."""
    if isinstance(given, int | float) and 0 <= given <= LONGEST_MS:
        return float(given)
    raise ValueError(f"'{name}' has what is not a time in milliseconds: {_shown(given)}")


def _bytes(given: Mapping[str, Any]) -> bytes:
    if "base64" not in given:
        return _text(given, "text").encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(_text(given, "base64"), validate=True)
    except ValueError as error:
        raise ValueError(f"'base64' is not base64: {error}") from error


def _text(given: Mapping[str, Any], name: str) -> str:
    value: str = _member(given, name, str, default="")
    return value


def _member(given: Mapping[str, Any], name: str, kind: type[Any], *, default: Any = None) -> Any:
    """Return the member *name* of that *kind*; one that is null is as good as none."""
    value = given.get(name)
    if value is None:
        value = default
    if not isinstance(value, kind):
        raise ValueError(f"'{name}' is not {_KINDS[kind]}: {_shown(value)}")  # noqa: TRY004 - of a file
    return value


def _shown(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"


_KINDS: Final = {dict: "an object", list: "an array", str: "a text", bool: "true or false"}
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""What names of headers, and methods, are made of (RFC 9110, 5.6.2)."""
_BREAKS: Final = re.compile("[\r\n\0]")
"""What would end a header, or is refused by whoever reads it."""


# --- Files -----------------------------------------------------------------------------------


def read(path: Path, shown: str | None = None) -> tuple[Recording, ...]:
    """Return what the cassette at *path*, which errors call *shown*, holds.

    A last line without its end that is no recording was being written when the recorder stopped:
    it is left out.

    Raises:
        UsageError: There is no such file, or it cannot be read.
        BadLineError: One of its lines is not a recording.

    """
    shown = str(path) if shown is None else shown
    return tuple(recordings_of(text_of(path, shown), shown))


def text_of(path: Path, shown: str) -> str:
    """Return the text of the cassette at *path*, which errors call *shown*.

    Raises:
        UsageError: There is no such file, or it cannot be read.

    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            # A pipe could be waited for without end, and a device be read without end.
            raise UsageError(f"the cassette '{shown}' is not a regular file")
        if status.st_size > MOST_BYTES:
            raise UsageError(f"the cassette '{shown}' is larger than {MOST_BYTES} bytes")
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError as error:
        raise UsageError(f"there is no cassette '{shown}'") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"the cassette '{shown}' is not UTF-8: {error}") from error
    except OSError as error:
        why = error.strerror or error
        raise UsageError(f"the cassette '{shown}' cannot be read: {why}") from error


def recordings_of(text: str, shown: str) -> Iterator[Recording]:
    """Yield the recordings of the cassette *text*, which errors call *shown*.

    Raises:
        BadLineError: One of its lines is not a recording, and it is not the last one, cut off.

    """
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield from_line(line, f"{shown}:{number}")
        except BadLineError:
            if number < len(lines):
                raise


def write(path: Path, recordings: Iterable[Recording]) -> None:
    """Write a cassette with *recordings* to *path*, in place of what is there.

    Raises:
        UsageError: It cannot be written.

    """
    text = "".join([f"{to_line(recording)}\n" for recording in recordings])
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise UsageError(f"the cassette '{path}' cannot be written: {error}") from error
