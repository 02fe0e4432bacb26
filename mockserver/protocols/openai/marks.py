"""Marks on the JSON of chat and legacy completions, for failures to act on."""

from collections.abc import Mapping
from functools import cache
from typing import Final

from mockserver.wire.marks import (
    CALL,
    CONTENT,
    FINISH,
    FRAME,
    GENERATED,
    REFUSAL,
    ROLE,
    THOUGHT,
    TOTAL,
    USAGE,
    Mark,
    Marks,
    Path,
)

METADATA: Final = "metadata"
"""A gateway's metadata on the route of an answer."""
FUNCTION_CALL: Final = "function_call"
"""A call of a legacy function."""
TRANSCRIPT: Final = "transcript"
"""A piece of what is said aloud."""
SOUND: Final = "sound"
"""A piece of what there is to hear."""

_IN_A_CHUNK: Final[Mapping[str, Path]] = {
    ROLE: ("delta", "role"),
    CONTENT: ("delta", "content"),
    REFUSAL: ("delta", "refusal"),
    THOUGHT: ("delta", "reasoning"),
    CALL: ("delta", "tool_calls", 0, "function", "arguments"),
    FUNCTION_CALL: ("delta", "function_call", "arguments"),
    METADATA: ("delta", "provider_metadata"),
    TRANSCRIPT: ("delta", "audio", "transcript"),
    SOUND: ("delta", "audio", "data"),
    FINISH: ("finish_reason",),
}
_KINDS: Final = {FUNCTION_CALL: CALL, TRANSCRIPT: CONTENT}
_CHOICES: Final = Mark(FRAME, ("choices",))
USAGE_MARKS: Final = (
    Mark(USAGE, ("usage",)),
    Mark(GENERATED, ("usage", "completion_tokens")),
    Mark(TOTAL, ("usage", "total_tokens")),
)
EMPTY_CHUNK: Final = (_CHOICES,)
USAGE_CHUNK: Final = (_CHOICES, *USAGE_MARKS)


@cache
def chunk_marks(kinds: tuple[str, ...], choice: int = 0) -> Marks:
    """Return the marks of a chat chunk with things of *kinds*, of one *choice*."""
    return (
        _CHOICES,
        *(
            Mark(_KINDS.get(kind, kind), ("choices", 0, *_IN_A_CHUNK[kind]), choice)
            for kind in kinds
        ),
    )


@cache
def text_marks(choice: int, *, finishes: bool) -> Marks:
    """Return the marks of a legacy chunk with a piece of the text of one *choice*."""
    finish = (Mark(FINISH, ("choices", 0, "finish_reason"), choice),) if finishes else ()
    return (_CHOICES, Mark(CONTENT, ("choices", 0, "text"), choice), *finish)


@cache
def ending_marks(choices: tuple[int, ...]) -> Marks:
    """Return the marks of a legacy chunk that ends *choices*."""
    ends = enumerate(choices)
    return (_CHOICES, *(Mark(FINISH, ("choices", n, "finish_reason"), own) for n, own in ends))


@cache
def body_marks(choices: int, *, has_messages: bool, has_usage: bool) -> Marks:
    """Return the marks of an answer in one piece with *choices* choices."""
    marks = [_CHOICES, *(USAGE_MARKS if has_usage else ())]
    for number in range(choices):
        choice: Path = ("choices", number)
        marks.append(Mark(FINISH, (*choice, "finish_reason"), number))
        if has_messages:
            marks.append(Mark(ROLE, (*choice, "message", "role"), number))
            marks.append(Mark(CONTENT, (*choice, "message", "content"), number))
        else:
            marks.append(Mark(CONTENT, (*choice, "text"), number))
    return tuple(marks)
