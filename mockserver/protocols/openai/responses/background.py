"""Answers that are made in the background: how far they are, by session time.

An answer takes as long as it would in the foreground: it is queued for the first tenth of that, and
then in progress. Where it takes no time, or the session's time stands still, each look at it takes
it one stage further.
"""

from collections.abc import Iterator
from typing import Final, Literal, NamedTuple, TypeAlias

from mockserver.records.stored import StoredAnswer, StoredAnswers
from mockserver.traffic.clock import Clock

Stage: TypeAlias = Literal["queued", "in_progress", "finished", "cancelled"]

_STAGES: Final[tuple[Stage, ...]] = ("queued", "in_progress", "finished")
_QUEUED: Final = 0.1
"""The part of its time for which an answer is queued, unless it is streamed."""
_TINY_S: Final = 1e-6
_LOOKS: Final = "looks"
_CANCELLED_S: Final = "cancelled_s"
"""After how many seconds it was cancelled."""


class Due(NamedTuple):
    """An event of a stream, and in how many seconds it comes."""

    event: bytes
    in_s: float


def stage_of(answer: StoredAnswer, stored: StoredAnswers) -> Stage:
    """Return how far *answer* is, which *stored* keeps."""
    if not answer.request.background:
        return "finished"
    if _CANCELLED_S in answer.members:
        return "cancelled"
    looks: int = answer.members.get(_LOOKS, 0)
    return _STAGES[min(max(_by_time(answer, stored), looks), len(_STAGES) - 1)]


def _by_time(answer: StoredAnswer, stored: StoredAnswers) -> int:
    is_streamed, takes_s = answer.request.stream, answer.takes_s
    if not takes_s:
        return 2 if is_streamed else 0
    passed_s = stored.now_s() - answer.at_s + _TINY_S
    return (is_streamed or passed_s >= takes_s * _QUEUED) + (passed_s >= takes_s)


def is_made(answer: StoredAnswer, stored: StoredAnswers) -> bool:
    """Return whether *answer* is complete."""
    return stage_of(answer, stored) == "finished"


def look_at(answer: StoredAnswer, clock: Clock) -> None:
    """Note that someone asks how far *answer* is."""
    if not answer.takes_s or not clock.time_scale:
        answer.members[_LOOKS] = answer.members.get(_LOOKS, 0) + 1


def cancel(answer: StoredAnswer, stored: StoredAnswers) -> bool:
    """Cancel *answer* if it is not complete yet; return whether it is cancelled now."""
    stage = stage_of(answer, stored)
    if stage == "finished":
        return False
    if stage != "cancelled":
        answer.members[_CANCELLED_S] = stored.now_s() - answer.at_s
    return True


def events_due(answer: StoredAnswer, stored: StoredAnswers, events: list[bytes]) -> Iterator[Due]:
    """Yield the *events* of *answer*, a stream, and when they come; none after it was cancelled."""
    passed_s = stored.now_s() - answer.at_s
    last_s: float | None = answer.members.get(_CANCELLED_S)
    is_over = stage_of(answer, stored) == "finished"
    moments, size = iter(answer.moments), 0
    there, at_s = 0, 0.0
    for event in events:
        size += len(event)
        while there < size:
            there, at_s = next(moments, (size, at_s))
        if last_s is not None and at_s > last_s + _TINY_S:
            return
        yield Due(event, 0.0 if is_over or last_s is not None else max(0.0, at_s - passed_s))
