"""How long clients are asked to wait, and how long they did wait before they came back.

The one place where a requested wait meets the time scale: a client waits in real time, so the
wait it is asked for shrinks as the session's time runs faster. At a scale of 0 it is asked to
come back at once, and the clock is moved when it does.
"""

import math
from typing import Final, NamedTuple

from mockserver.caching import BoundedTable
from mockserver.traffic.clock import Clock
from mockserver.wire.timeline import Abort, Head, Timeline

KEPT: Final = 10_000
"""Failed requests that are remembered; the one that failed first is forgotten first."""

RETRYABLE: Final = frozenset({408, 409, 429})
"""What the official clients retry, besides server errors."""
SERVER_ERRORS: Final = 500

RETRY_AFTER: Final = "retry-after"
RETRY_AFTER_MS: Final = "retry-after-ms"
TOLD_S: Final = "x-mockserver-retry-after-s"
"""Where a scaled answer states, for the record, what it would have asked for."""


def head_of(timeline: Timeline) -> Head | None:
    """Return the head that goes out, if any does."""
    return next((event for event in timeline if isinstance(event, Head)), None)


def is_retryable(status: int) -> bool:
    """Return whether the official clients try again after *status*."""
    return status in RETRYABLE or status >= SERVER_ERRORS


def asked_wait_s(head: Head) -> float | None:
    """Return how long *head* asks the client to wait; None if it does not, or not in numbers.

    Milliseconds count before seconds, as clients read them. Dates and nonsense are the
    tester's own: how a client reads them is unknown.
    """
    headers = {name.lower(): value for name, value in head.headers}
    for name, unit in ((RETRY_AFTER_MS, 1_000), (RETRY_AFTER, 1)):
        wait = _number(headers.get(name))
        if wait is not None:
            return wait / unit
    return None


def _number(text: str | None) -> float | None:
    try:
        value = float(text) if text is not None else math.nan
    except ValueError:
        return None
    return value if 0 <= value < math.inf else None


def scaled(timeline: Timeline, time_scale: float) -> Timeline:
    """Return *timeline* as it goes out at *time_scale*, with the real wait for the client.

    At a scale of 0, every failure that clients retry asks them to do so at once, even where the
    provider would not: otherwise they would wait half a second on their own.
    """
    head = head_of(timeline)
    if time_scale == 1 or head is None or not (head.scales and is_retryable(head.status)):
        return timeline
    asked_s = asked_wait_s(head)
    if asked_s is None:
        is_stated = any(name.lower() == RETRY_AFTER for name, _ in head.headers)
        if time_scale or is_stated:
            return timeline
        changed = head.with_headers(((RETRY_AFTER_MS, "1"),))
    else:
        real_s = asked_s * time_scale
        changed = head.with_headers(
            (
                (RETRY_AFTER, str(math.ceil(real_s))),
                (RETRY_AFTER_MS, str(max(1, math.ceil(real_s * 1_000)))),
                (TOLD_S, f"{asked_s:.15g}"),
            )
        )
    return tuple(changed if event is head else event for event in timeline)


class _Last(NamedTuple):
    """How the last attempt of a request ended: when, and how long it was asked to wait."""

    ended_s: float
    asked_s: float | None


class Retries:
    """The requests of one session whose last attempt failed, by their content."""

    def __init__(self) -> None:
        self._failed: BoundedTable[bytes, _Last] = BoundedTable(KEPT)

    def returns(self, content: bytes, clock: Clock) -> float | None:
        """Return how long the client of *content* waited since its last attempt failed.

        None: it did not fail, so the client is not coming back. At a time scale of 0 the clock is
        moved first, to when the client was asked to come back.
        """
        last = self._failed.pop(content, None)
        if last is None:
            return None
        if not clock.time_scale:
            clock.advance_to(last.ended_s + (last.asked_s or 0))
        return max(0.0, clock.now_s() - last.ended_s)

    def give_up(self, content: bytes, now_s: float) -> None:
        """Note that an answer to *content* was incomplete, or that its client left."""
        if content not in self._failed:
            self._failed.put(content, _Last(now_s, None))

    def note(self, content: bytes, ends_s: float, timeline: Timeline) -> float | None:
        """Note what goes out for *content* until *ends_s*; return how long the client should wait.

        That is what the provider asks, so call this before the timeline is `scaled`.
        """
        head = head_of(timeline)
        cut = not timeline or isinstance(timeline[-1], Abort)
        if head is not None and head.status < 400 and not cut:  # noqa: PLR2004 - HTTP's errors
            return None
        asked_s = asked_wait_s(head) if head is not None and is_retryable(head.status) else None
        self._failed.put(content, _Last(ends_s, asked_s))
        return asked_s
