"""Marks on the JSON of responses and of their events, for failures to act on."""

from collections.abc import Mapping, Sequence
from typing import Final

from mockserver.wire.marks import (
    CALL,
    COMPLETED,
    CONTENT,
    DONE,
    FILLER,
    FINISH,
    GENERATED,
    OPENING,
    ORDINAL,
    REFUSAL,
    ROLE,
    THOUGHT,
    TOTAL,
    USAGE,
    Mark,
    Marks,
)

BODY_MARKS: Final = (
    Mark(FINISH, ("status",)),
    Mark(USAGE, ("usage",)),
    Mark(GENERATED, ("usage", "output_tokens")),
    Mark(TOTAL, ("usage", "total_tokens")),
)
PLAIN: Final = (Mark(ORDINAL, ("sequence_number",)),)
OPENS: Final = (Mark(OPENING), *PLAIN)
ENDS: Final = (
    *PLAIN,
    Mark(FINISH),
    Mark(COMPLETED),
    Mark(USAGE, ("response", "usage")),
    Mark(GENERATED, ("response", "usage", "output_tokens")),
    Mark(TOTAL, ("response", "usage", "total_tokens")),
)
IS_DONE: Final = (Mark(DONE), *PLAIN)
HAS_ROLE: Final = (Mark(ROLE, ("item", "role")), *PLAIN)
SAYS: Final[Mapping[str, Marks]] = {
    kind: (Mark(kind, ("delta",)), *PLAIN) for kind in (CONTENT, REFUSAL, CALL, THOUGHT)
}
SAYS_PADDED: Final[Mapping[str, Marks]] = {
    kind: (*marks, Mark(FILLER, ("obfuscation",))) for kind, marks in SAYS.items()
}


def body_marks(kinds: Sequence[str]) -> Marks:
    """Return the marks on a response in one piece with items of *kinds*: its first message, too."""
    number = next((number for number, kind in enumerate(kinds) if kind == "message"), None)
    if number is None:
        return BODY_MARKS
    place = ("output", number)
    said = (Mark(ROLE, (*place, "role")), Mark(CONTENT, (*place, "content", 0, "text")))
    return (*BODY_MARKS, *said)
