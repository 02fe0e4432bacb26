"""Our own cassettes, so that they go where files of other tools go."""

from typing import Any, Final

from mockserver.cassettes import lines
from mockserver.recordings.importers.documents import as_object
from mockserver.recordings.importers.taken import Taken

NAME: Final = "cassette"
DESCRIPTION: Final = "cassettes of this server (JSON lines)"


def recognises(line: Any) -> bool:
    """Return whether *line*, the first one of a file, is a recording."""
    members = as_object(line)
    return {"version", "request", "response"}.issubset(members)


def read(text: str, shown: str) -> Taken:
    """Return the recordings of the cassette *text*, which is called *shown*."""
    return Taken(recordings=tuple(lines.recordings_of(text, shown)))
