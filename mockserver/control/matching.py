"""Whether calls in the journal match a condition: each is parsed again, as the rules saw it."""

from collections.abc import Iterable
from typing import Final

from mockserver.control.scenarios import keys_named
from mockserver.control.shapes import NearMiss, Verified, Verify
from mockserver.conversation import IncomingCall
from mockserver.effort import Effort
from mockserver.engine.engine import Engine
from mockserver.records.journal import Call
from mockserver.records.redaction import fingerprint, redact_text
from mockserver.scenario.conditions.matching import Condition
from mockserver.sessions.session import Session

NEAREST: Final = 3
"""How many calls are described when an expectation does not hold."""


class Matcher:
    """Decides which calls of a session match a condition; each call is examined once."""

    def __init__(self, engine: Engine, session: Session, condition: Condition | None) -> None:
        """Take the *condition*; None: every call matches."""
        self._engine = engine
        self._session = session
        self._condition = condition
        self._keys = {fingerprint(key): key for key in keys_named(condition)} if condition else {}
        self._known: dict[Call, bool] = {}
        self._effort = Effort()

    @property
    def given_up(self) -> list[str]:
        """Sentences about what took too much to decide."""
        return [redact_text(what) for what in self._effort.given_up]

    def fits(self, call: Call) -> bool:
        """Return whether *call* matches."""
        if self._condition is None:
            return True
        found = self._known.get(call)
        if found is None:
            incoming = self._read_again(call)
            with self._effort:
                found = any(one.holds(incoming) for one in self._condition.alternatives)
            self._known[call] = found
        return found

    def differences(self, call: Call) -> list[str]:
        """Return how *call* differs from the nearest alternative."""
        if self._condition is None:
            return []
        incoming = self._read_again(call)
        ways = self._condition.alternatives
        with self._effort:
            found = min((one.differences(incoming) for one in ways), key=len)
        return [redact_text(difference) for difference in found]

    def _read_again(self, call: Call) -> IncomingCall:
        key = self._keys.get(call.key or "", call.key or "")
        return self._engine.reread(self._session, call, key)


def verify(matcher: Matcher, calls: Iterable[Call], wanted: Verify) -> Verified:
    """Return whether *calls* are as *wanted*, and what differs if they are not."""
    candidates = [call for call in calls if call.number > wanted.after]
    matching = [call for call in candidates if matcher.fits(call)]
    count, asked = len(matching), _asked(wanted)
    low, high = _bounds(wanted)
    holds = low <= count and (high is None or count <= high)
    near: tuple[NearMiss, ...] = ()
    if count < low:
        chosen = {call.number for call in matching}
        others = [call for call in candidates if call.number not in chosen]
        near = _nearest(matcher, others)
    message = f"expected {asked}, found {count}"
    if not holds:
        numbers = ", ".join(str(call.number) for call in matching[:NEAREST])
        message += f" (call {numbers}{' …' if count > NEAREST else ''})" if matching else ""
        message += f" out of {len(candidates)}"
        for miss in near:
            why = "; ".join(miss.why) or "it did not ask for an answer"
            message += f"\n  call {miss.number}, {miss.method} {miss.path}: {why}"
    message += "".join(f"\n  {what}" for what in matcher.given_up)
    return Verified(
        holds=holds,
        count=count,
        numbers=tuple(call.number for call in matching),
        message=message,
        near_misses=near,
    )


def _bounds(wanted: Verify) -> tuple[int, int | None]:
    if wanted.calls is not None:
        return wanted.calls, wanted.calls
    if wanted.at_least is None and wanted.at_most is None:
        return 1, None
    return wanted.at_least or 0, wanted.at_most


def _asked(wanted: Verify) -> str:
    low, high = _bounds(wanted)
    if low == high:
        return f"{low} {_calls(low)}"
    if high is None:
        return f"at least {low} {_calls(low)}"
    return f"{low} to {high} calls" if low else f"at most {high} {_calls(high)}"


def _calls(count: int) -> str:
    return "call" if count == 1 else "calls"


def _nearest(matcher: Matcher, calls: Iterable[Call]) -> tuple[NearMiss, ...]:
    found = [(matcher.differences(call), call) for call in calls]
    found.sort(key=lambda pair: (len(pair[0]), -pair[1].number))
    return tuple(near_miss(call, why) for why, call in found[:NEAREST])


def near_miss(call: Call, why: Iterable[str]) -> NearMiss:
    """Return *call* as a near miss."""
    return NearMiss(
        number=call.number, method=call.method, path=call.path, model=call.model, why=tuple(why)
    )
