"""How many answers are made at once: those that run, and those that wait for their turn.

Nothing here waits; a callback announces to a waiting answer that its turn has come.
"""

from collections import deque
from collections.abc import Callable
from typing import Final

LANES_KEPT: Final = 10_000
"""Lanes of keys and models; beyond this number, empty ones are forgotten."""


class Turn:
    """One answer's place in its lane."""

    __slots__ = ("_lane", "on_turn", "runs")

    def __init__(self, lane: "Lane", *, runs: bool) -> None:
        self._lane = lane
        self.runs = runs
        self.on_turn: Callable[[], None] | None = None
        """Called when the turn of a waiting answer has come."""

    def leave(self) -> None:
        """Make room: the answer is out, or no longer wanted. Calling it twice is harmless."""
        self._lane.leave(self)


class Lane:
    """A limited number of places, and a limited queue for them."""

    __slots__ = ("_running", "_waiting")

    def __init__(self) -> None:
        self._running: set[Turn] = set()
        self._waiting: deque[Turn] = deque()

    def is_full(self, concurrency: int | None, queue: int | None) -> bool:
        """Return whether `enter` would find no place."""
        if concurrency is None or len(self._running) < concurrency:
            return False
        return len(self._waiting) >= (queue or 0)

    def enter(self, concurrency: int | None, queue: int | None) -> Turn | None:
        """Return a place, which may be one in the queue; None if that is full.

        *concurrency* None: there are always places. *queue* None is the same as 0.
        """
        if self.is_full(concurrency, queue):
            return None
        runs = concurrency is None or len(self._running) < concurrency
        turn = Turn(self, runs=runs)
        if runs:
            self._running.add(turn)
        else:
            self._waiting.append(turn)
        return turn

    def leave(self, turn: Turn) -> None:
        """Free the place of *turn*; whoever has waited longest gets it."""
        if not turn.runs:
            if turn in self._waiting:
                self._waiting.remove(turn)
            return
        if turn not in self._running:
            return
        self._running.discard(turn)
        if self._waiting:
            following = self._waiting.popleft()
            following.runs = True
            self._running.add(following)
            if following.on_turn is not None:
                following.on_turn()

    @property
    def running(self) -> int:
        """How many answers are being made."""
        return len(self._running)

    @property
    def is_empty(self) -> bool:
        """Whether it is empty."""
        return not self._running and not self._waiting


class Places(list[Turn]):
    """The places that one request has in lanes, which it leaves all at once."""

    __slots__ = ()

    def leave(self) -> None:
        """Make room in all of them. Calling it twice is harmless."""
        for turn in self:
            turn.leave()
        self.clear()


class Lanes:
    """The lanes of one session, by whose answers they hold."""

    def __init__(self) -> None:
        self._lanes: dict[tuple[str, ...], Lane] = {}

    def lane(self, *whose: str) -> Lane:
        """Return the lane of *whose*: a model, or a key and a model."""
        found = self._lanes.get(whose)
        if found is None:
            if len(self._lanes) >= LANES_KEPT:
                self._lanes = {w: lane for w, lane in self._lanes.items() if not lane.is_empty}
            found = self._lanes[whose] = Lane()
        return found
