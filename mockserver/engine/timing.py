"""Step 6, and all else on the way that has to do with time and with other requests.

What headers state of limits, who is refused by them, how long the answer takes, how long a
refused client is asked to wait. The arithmetic is in `mockserver.traffic`.
"""

import re
from dataclasses import replace
from typing import Final

from mockserver.conversation import Allowance, Charge
from mockserver.engine.asked import Asked, Ready
from mockserver.records.journal import Call
from mockserver.records.redaction import fingerprint
from mockserver.traffic import limits, retries
from mockserver.traffic.latency import Latency, apply
from mockserver.traffic.limiter import Figures, Refused
from mockserver.traffic.limits import LimitReached
from mockserver.traffic.turns import Turn
from mockserver.wire.timeline import Data, Event, Head, Timeline, duration_s

_SNAPSHOT: Final = re.compile(r"-(?:\d{4}-\d{2}-\d{2}|\d{4})$")
"""What the name of a snapshot adds to that of its model, whose limits it shares."""


# --- On the way in ---------------------------------------------------------------------------


def admit(
    asked: Asked, call: Call, key: str, name: str, charge: Charge | None
) -> tuple[Allowance, ...] | None:
    """Take *charge* of what *key* may ask of the model called *name*.

    Returns:
        What is left, for the headers; None where the scenario states no limits.

    Raises:
        ApiError: Too much was asked, or too many are being answered.

    """
    traffic, dialect = asked.session.traffic, asked.route.dialect
    table = asked.session.compiled.limits
    figures = table.figures(key, name) if table else None
    if figures is None:
        return None
    whose, shared = fingerprint(key), _SNAPSHOT.sub("", name)
    lane = traffic.lane(whose, shared)
    if lane.is_full(figures.concurrency, figures.queue):
        call.notes += (_full(figures),)
        call.limited_by = "concurrency"
        raise replace(dialect.overloaded(), is_scripted=True)
    now_s = asked.session.clock.now_s()
    admitted = traffic.limiter.admit(whose, shared, figures, charge or Charge(0), now_s)
    usual = limits.allowances(asked.catalogue.resolve(name), charge)
    if isinstance(admitted, Refused):
        left = _merged(usual, admitted.allowances)
        reached = _reached(admitted, name, shared, left)
        call.limited_by = reached.of
        behaves_as = asked.catalogue.resolve(name).behaves_as
        error = dialect.rate_limited(replace(reached, behaves_as=behaves_as, asked=asked.http))
        raise replace(error, retry_after_s=admitted.wait_s, is_scripted=True)
    if figures.concurrency is not None:
        _take_turn(asked, lane.enter(figures.concurrency, figures.queue))
    return _merged(usual, admitted)


def _full(figures: Figures) -> str:
    queue = f", and {figures.queue} wait" if figures.queue else ""
    return f"refused by the scenario's 'limits': {figures.concurrency} are answered{queue}"


def _reached(refused: Refused, name: str, shared: str, left: tuple[Allowance, ...]) -> LimitReached:
    is_too_large = refused.wait_s is None
    return LimitReached(
        of="too_large" if is_too_large and refused.of == "tokens" else refused.of,
        window=refused.window,
        model=name if name == shared else f"{name} (for limit {shared})",
        limit=refused.limit,
        used=refused.used,
        requested=refused.requested,
        wait_ms=round((refused.wait_s or 0) * 1_000),
        allowances=left,
    )


def _merged(usual: tuple[Allowance, ...], stated: tuple[Allowance, ...]) -> tuple[Allowance, ...]:
    """Return *usual* allowances, with those that are *stated* in their places."""
    own = {allowance.of: allowance for allowance in stated}
    return tuple(own.get(allowance.of, allowance) for allowance in usual)


def _take_turn(asked: Asked, turn: Turn | None) -> None:
    assert turn is not None, "the lane was not full"
    asked.places.append(turn)


# --- On the way out --------------------------------------------------------------------------


def begin(asked: Asked, model: str) -> int:
    """Enter another answer of *model* that is being made; return how many there are."""
    load = asked.session.traffic.load(model)
    _take_turn(asked, load.enter(None, None))
    return load.running


def delay(
    asked: Asked,
    call: Call,
    latency: Latency,
    ready: Ready,
    timeline: Timeline,
    *,
    running: int | None = None,
) -> Timeline:
    """Return *timeline* with the time that the model takes, and enter it in the journal.

    *running* is what `begin` returned; None: it has not begun.
    """
    pace = ready.pace
    if pace is None:
        return timeline
    if running is None:
        running = begin(asked, pace.model)
    plan = latency.plan(
        sum(event.tokens for event in timeline if isinstance(event, Data)) + pace.unsent_tokens,
        pace.prompt_tokens,
        running,
        asked.draw.rng("latency"),
        choices=pace.choices,
    )
    call.planned_ttft_ms = plan.ttft_s * 1_000
    call.planned_ms = plan.total_s * 1_000
    if not pace.streamed:
        timeline = tuple(
            _having_taken(event, plan.total_s, asked.route.dialect.took_header)
            for event in timeline
        )
    return apply(timeline, plan, streamed=pace.streamed)


def _having_taken(event: Event, seconds: float, header: str) -> Event:
    """Return *event*; if it is the head, with the time that the provider claims it took."""
    if not isinstance(event, Head) or not header:
        return event
    took = f"{header}: {seconds * 1_000:.0f}\r\n".encode()
    lines = [
        took if line.startswith(f"{header}: ".encode()) else line
        for line in event.lines.splitlines(keepends=True)
    ]
    return event._replace(lines=b"".join(lines))


def send_away(asked: Asked, call: Call, timeline: Timeline) -> Timeline:
    """Return *timeline* as it goes out, the waits that it asks clients for in real time."""
    session = asked.session
    ends_s = call.at_s + duration_s(timeline)
    call.asked_wait_s = session.traffic.retries.note(asked.content, ends_s, timeline)
    return retries.scaled(timeline, session.clock.time_scale)
