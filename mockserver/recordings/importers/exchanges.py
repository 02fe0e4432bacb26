"""Recorded exchanges of any file, made recordings of: one way for all formats that hold them."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, cast

from mockserver.cassettes.lines import can_be_sent
from mockserver.cassettes.recording import (
    OF_THE_CONNECTION,
    Piece,
    RecordedAnswer,
    RecordedRequest,
    Recording,
    header,
)
from mockserver.recordings.importers import hosts
from mockserver.recordings.importers.documents import as_list, as_object, as_text
from mockserver.recordings.importers.encodings import EncodingError, decoded
from mockserver.recordings.importers.taken import Taken
from mockserver.wire.events import CONTENT_TYPE
from mockserver.wire.jsontext import is_list
from mockserver.wire.timeline import Headers

LEAST_STATUS: Final = 200
MOST_STATUS: Final = 599
LONGEST_MS: Final = 3_600_000.0
"""Nothing takes longer than an hour, whatever a file says."""


class Exchanges:
    """The recordings of a file, and what of it is left out."""

    def __init__(self, shown: str) -> None:
        """Call the file *shown*."""
        self.shown = shown
        self._recordings: list[Recording] = []
        self._left_out: list[str] = []
        self._notes: list[str] = []

    def leave_out(self, place: str, what: str) -> None:
        """Note that what is at *place* is not taken, and why."""
        self._left_out.append(f"{self.shown}, {place}: {what}")

    def add(
        self,
        place: str,
        *,
        method: str,
        url: str,
        sent_headers: Headers,
        sent_body: bytes,
        status: int | None,
        headers: Headers,
        body: bytes,
        recorded_at: str = "",
        opened_ms: float = 0.0,
        ended_ms: float | None = None,
        where: hosts.Placed | str | None = None,
    ) -> None:
        """Take an exchange, or note why it is left out.

        *where* is where the request went; None: as its *url* says. *opened_ms* and *ended_ms* are
        when the head and the whole body had come, in milliseconds after the request was sent.
        """
        method = method.upper()
        try:
            sent = decoded(sent_body, header(sent_headers, "content-encoding") or "")
        except EncodingError as error:
            self.leave_out(place, f"the request's body cannot be read: {error}")
            return
        request = RecordedRequest(method, "", "", _kept(sent_headers), sent)
        if where is None:
            where = hosts.placed(method, url, request.json)
        if isinstance(where, str):
            self.leave_out(place, where)
            return
        if status is None or not LEAST_STATUS <= status <= MOST_STATUS:
            self.leave_out(place, "no answer was recorded")
            return
        try:
            plain = decoded(body, header(headers, "content-encoding") or "")
        except EncodingError as error:
            self.leave_out(place, f"the answer's body cannot be read: {error}")
            return
        if where.host:
            what = f"the API of '{where.host}' is taken for one compatible with OpenAI's"
            self._notes.append(f"{self.shown}, {place}: {what}")
        opened_ms = min(opened_ms, LONGEST_MS)
        ended_ms = None if ended_ms is None else min(ended_ms, LONGEST_MS)
        answer_headers = _typed(_kept(headers), plain)
        is_whole_at = ended_ms is not None and plain and not _is_stream(answer_headers)
        pieces = (Piece(ended_ms, len(plain)),) if is_whole_at and ended_ms is not None else ()
        self._recordings.append(
            Recording(
                request=RecordedRequest(method, where.path, where.query, request.headers, sent),
                answer=RecordedAnswer(status, answer_headers, plain, pieces, opened_ms),
                provider=where.provider,
                recorded_at=moment(recorded_at) or moment(header(headers, "date") or ""),
                source=f"{self.shown}, {place}",
            )
        )

    def taken(self) -> Taken:
        """Return all of it."""
        return Taken(
            recordings=tuple(self._recordings),
            left_out=tuple(self._left_out),
            notes=tuple(self._notes),
        )


def _kept(headers: Headers) -> Headers:
    return tuple(
        [
            (name, one)
            for name, value in headers
            # Browsers write several headers of one name as one, with a newline between them.
            for one in value.splitlines() or [""]
            if name.lower() not in OF_THE_CONNECTION and can_be_sent(name, one)
        ]
    )


def _is_stream(headers: Headers) -> bool:
    kind = header(headers, "content-type") or ""
    return kind.partition(";")[0].strip().lower() == CONTENT_TYPE


def _typed(headers: Headers, body: bytes) -> Headers:
    """Return *headers*, with the type of *body* if the recorder has filtered it out."""
    if not body or header(headers, "content-type") is not None:
        return headers
    if body.lstrip().startswith((b"data:", b"event:", b":")):
        return (("content-type", CONTENT_TYPE), *headers)
    if body.lstrip()[:1] in (b"{", b"["):
        return (("content-type", "application/json"), *headers)
    return headers


def moment(text: str) -> str:
    """Return the time *text*, of HTTP or ISO 8601, as ISO 8601 in UTC; empty if it is none."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        try:
            when = parsedate_to_datetime(text)
        except (ValueError, TypeError, IndexError):
            return ""
    try:
        utc = when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    except (ValueError, OverflowError):
        return ""
    return utc.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def headers_of(given: object) -> Headers:
    """Return headers written as name and text or list, as pairs, or as `{name, value}` each."""
    if isinstance(given, Mapping):
        members = cast(Mapping[str, Any], given)
        return tuple([(name, one) for name, value in members.items() for one in _texts(value)])
    pairs: list[tuple[str, str]] = []
    for item in as_list(given):
        entry = as_object(item)
        name, value = (
            (entry.get("name"), entry.get("value")) if entry else (*as_list(item), None, None)[:2]
        )
        pairs += [(_text(name), one) for one in _texts(value)] if name is not None else []
    return tuple(pairs)


def _texts(value: object) -> Iterable[str]:
    return map(_text, as_list(value)) if is_list(value) else [_text(value)]


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return "" if value is None else str(value)


def bytes_of(given: object, encoding: str = "utf-8") -> bytes:
    """Return the body *given* as a text or bytes, or as the JSON that it is.

    Raises:
        EncodingError: It is too deep to be written.

    """
    if given is None:
        return b""
    if isinstance(given, bytes):
        return given
    if isinstance(given, str):
        try:
            return given.encode(encoding)
        except (LookupError, UnicodeEncodeError):
            return given.encode("utf-8", "surrogatepass")
    try:
        text = json.dumps(given, ensure_ascii=False, separators=(",", ":"), default=as_text)
    except RecursionError as error:
        raise EncodingError("it is nested too deeply") from error
    return text.encode("utf-8", "surrogatepass")
