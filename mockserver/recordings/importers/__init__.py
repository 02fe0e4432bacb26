"""Other tools' files, read: a module for each format.

A file is recognised by what is in it. All that files hold is taken as it is written there: secrets
are removed where a recording goes into a cassette.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, NamedTuple

from mockserver.errors import did_you_mean
from mockserver.plugins import Plugins
from mockserver.recordings.hearing import Hearing
from mockserver.recordings.importers import (
    aimock,
    documents,
    encodings,
    exchange_lines,
    fakellm,
    har,
    journals,
    mock_llm,
    own_cassettes,
    ruby_vcr,
    stubllm,
    vcrpy,
)
from mockserver.recordings.importers.taken import Taken, UnreadableError

GZIP: Final = b"\x1f\x8b"


class Format(NamedTuple):
    """A format that is read.

    Attributes:
        name: What options call it.
        description: What it is, for people.
        recognises: Whether a document, or the first of several lines, is of this format.
        read: Returns what is in a document, or in the text of the lines; the second argument is
            what messages call the file.
        is_lines: It has a JSON object on each line; otherwise it is one document.

    """

    name: str
    description: str
    recognises: Callable[[Any], bool]
    read: Callable[[Any, str], Taken]
    is_lines: bool = False


_MODULES: Final = (vcrpy, ruby_vcr, har, stubllm, aimock, mock_llm, fakellm, journals)
_MODULES_OF_LINES: Final = (exchange_lines, own_cassettes)
FORMATS: Final[Mapping[str, Format]] = {
    one.name: one
    for one in (
        *[Format(one.NAME, one.DESCRIPTION, one.recognises, one.read) for one in _MODULES],
        *[
            Format(one.NAME, one.DESCRIPTION, one.recognises, one.read, is_lines=True)
            for one in _MODULES_OF_LINES
        ],
    )
}
"""The formats that are read, in the order in which they are tried."""


def read(path: Path, wanted: str | None = None, hearing: Hearing | None = None) -> Taken:
    """Return what the file at *path* holds.

    Args:
        path: The file; one that is compressed by gzip is read, too.
        wanted: The name of its format; recognised unless stated.
        hearing: What knows providers and their paths; the installed ones unless stated.

    Raises:
        UnreadableError: It cannot be read, or is none of the formats known.

    """
    shown = str(path)
    known = _known(wanted)
    found, content = _recognised(_text_of(path), shown, known)
    if found is None:
        what = "this is none of the formats that are read"
        raise UnreadableError(f"{shown}: {what}:\n{_described(known)}")
    return _placed(found.read(content, shown), hearing or Hearing(Plugins.installed()))


def _known(wanted: str | None) -> list[Format]:
    if wanted is None:
        return list(FORMATS.values())
    if wanted not in FORMATS:
        hint = did_you_mean(wanted, FORMATS) or f"known: {', '.join(FORMATS)}"
        raise UnreadableError(f"there is no format '{wanted}': {hint}")
    return [FORMATS[wanted]]


def _described(formats: list[Format]) -> str:
    return "\n".join([f"  {one.name}: {one.description}" for one in formats])


def _text_of(path: Path) -> str:
    shown = str(path)
    try:
        with path.open("rb") as file:
            data = file.read(documents.MOST_BYTES + 1)
        if data.startswith(GZIP):
            data = encodings.gunzipped(data, documents.MOST_BYTES)
    except OSError as error:
        raise UnreadableError(f"{shown}: cannot be read: {error.strerror or error}") from error
    except encodings.EncodingError as error:
        raise UnreadableError(f"{shown}: cannot be decompressed: {error}") from error
    if len(data) > documents.MOST_BYTES:
        raise UnreadableError(f"{shown}: the file is larger than {documents.MOST_BYTES} bytes")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableError(f"{shown}: this is not UTF-8: {error}") from error


def _recognised(text: str, shown: str, known: list[Format]) -> tuple[Format | None, Any]:
    """Return the format of *text*, and what it is read from: the text, or the document."""
    first = _first_line(text)
    if first is not None:
        for one in known:
            if one.is_lines and one.recognises(first):
                return one, text
    is_json = text.lstrip()[:1] in ("{", "[")
    try:
        document = (documents.from_json if is_json else documents.from_yaml)(text, shown)
    except UnreadableError as error:
        raise UnreadableError(f"{error}\n  these are read:\n{_described(known)}") from error
    for one in known:
        if not one.is_lines and one.recognises(document):
            return one, document
    return None, None


def _first_line(text: str) -> Any:
    """Return the JSON of the first line that is not empty; None if it is none."""
    line, _, _ = text.lstrip().partition("\n")
    if not line.startswith("{"):
        return None
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _placed(taken: Taken, hearing: Hearing) -> Taken:
    """Return *taken* with the endpoints of its recordings; those that have none are left out."""
    placed = [hearing.placed(recording) for recording in taken.recordings]
    left_out = [
        f"{one.source}: {hearing.route(one).missing or 'the method is not known there'}"
        for one in placed
        if not one.endpoint
    ]
    return replace(
        taken,
        recordings=tuple([one for one in placed if one.endpoint]),
        left_out=(*taken.left_out, *left_out),
    )
