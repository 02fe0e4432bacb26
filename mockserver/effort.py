"""How much work one request may cause, counted in steps, and what was given up over it.

What is asked for is not always affordable: a pattern, an expression or a schema can be written so
that it takes hours. Each such piece of work takes steps from the effort of the request that it is
done for. Steps are counted and not timed, so the same request ends the same way on any machine.
The clock is asked only where steps cannot be counted, inside of a library.

The effort is in a context variable, since it is spent deep inside of predicates and queries, far
below whatever knows the request.
"""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar, Token
from typing import Final, Literal, Self, TypeAlias

MATCHING_STEPS: Final = 40_000
"""Steps of matching patterns by counting: about 20 ms."""
MATCHING_S: Final = 0.03
"""CPU time of matching patterns where steps cannot be counted; searches take about 1 ms at most."""
QUERY_STEPS: Final = 60_000
"""Steps of evaluating JMESPath expressions: about 60 ms. Plain paths take none."""
SAMPLING_STEPS: Final = 13_000
"""Steps of drawing values for schemas: a schema of 5,000 members is drawn whole."""
JUDGING_STEPS: Final = 8_000
"""Steps of judging values by schemas: about 40 ms."""
LETTERS: Final = 50_000
"""Letters of texts that must be long, or follow a pattern."""

MOST_NOTES: Final = 5
"""Sentences about what was given up."""


class Budget:
    """How much work may still be done; what is beyond it is done by the shortest way, or not."""

    __slots__ = ("left",)

    def __init__(self, steps: int) -> None:
        self.left = steps

    def spend(self, steps: int = 1) -> bool:
        """Take *steps*; return whether there were so many left."""
        self.left -= steps
        return self.left >= 0


Work: TypeAlias = Literal["judging", "letters", "matching", "queries", "sampling"]
"""Kinds of work whose steps are counted."""


class Effort:
    """What is left of the work that may be done, and sentences about what was given up.

    What is done while it is entered takes from it.
    """

    # Nearly all requests spend nothing of it, so making one costs nothing: these are defaults.
    judging: int = JUDGING_STEPS
    letters: int = LETTERS
    matching: int = MATCHING_STEPS
    queries: int = QUERY_STEPS
    sampling: int = SAMPLING_STEPS
    seconds: float = MATCHING_S
    given_up: Mapping[str, None] = {}
    read: dict[str, bool] | None = None
    """The patterns of clients that were read, and whether they could be."""

    def __enter__(self) -> Self:
        self._token = _CURRENT.set(self)
        return self

    def __exit__(self, *_: object) -> None:
        _CURRENT.reset(self._token)

    def spend(self, work: Work, steps: int) -> bool:
        """Take *steps* of *work*; return whether there were so many left."""
        left: int = getattr(self, work) - steps
        setattr(self, work, max(0, left))
        return left >= 0

    @contextmanager
    def share(self, work: Work, free: int, most: int | None = None) -> Generator[Budget]:
        """Lend a budget of up to *most* steps of *work*, of which the *free* ones are extra.

        So what is small is done whole, however much was done before.
        """
        left = max(free, getattr(self, work))
        steps = left if most is None else min(left, most)
        lent = Budget(steps)
        try:
            yield lent
        finally:
            self.spend(work, max(0, steps - max(0, lent.left) - free))

    def note_read(self, pattern: str, *, readable: bool) -> None:
        """Note whether *pattern* could be read: it is paid for once."""
        if self.read is None:
            self.read = {}
        self.read[pattern] = readable

    def give_up(self, what: str) -> None:
        """Note a sentence about *what* was not brought to its end; of many, the first."""
        if len(self.given_up) < MOST_NOTES:
            self.given_up = {**self.given_up, what: None}

    _token: Token["Effort | None"]


_CURRENT: Final[ContextVar[Effort | None]] = ContextVar("effort", default=None)


def current() -> Effort:
    """Return the effort that is entered; outside of any, a new one."""
    return _CURRENT.get() or Effort()


@contextmanager
def entered() -> Generator[Effort]:
    """Return the effort that is entered; outside of any, enter a new one."""
    known = _CURRENT.get()
    if known is not None:
        yield known
        return
    with Effort() as new:
        yield new
