"""All state of a session that changes: its layers of rules, counters, journal, clock."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from mockserver.caching import BoundedTable
from mockserver.records.journal import CAPACITY, Archive, Journal
from mockserver.records.ledger import Ledger
from mockserver.records.stored import StoredAnswers
from mockserver.scenario.compiled import Compiled
from mockserver.scenario.merging import Layer
from mockserver.scenario.schema import LENIENT, Scenario, Strict
from mockserver.sessions.passing import STAYS, Passing
from mockserver.sessions.rules import RuleReader
from mockserver.traffic.clock import Clock
from mockserver.traffic.state import Traffic
from mockserver.wire.jsontext import JsonValue

OCCURRENCES_KEPT: Final = 100_000
"""Requests whose repetitions are counted; the one that came first is forgotten first."""
NOTHING: Final = Scenario()
OWN: Final = "session"
INHERITED: Final = "server"
LOWEST: Final = "cassette"
"""What a session calls its own scenario, the server's, and what lies below that; layers that are
added have a colon."""
Compiler: TypeAlias = Callable[[Sequence[Layer]], Compiled]


class Session:
    """The isolated state behind one base URL.

    Its rules lie in layers: those that were added to it, the latest last; then its own scenario;
    then the server's, if it inherits that; then what it rests on.
    """

    def __init__(
        self,
        name: str,
        *,
        scenario: Scenario = NOTHING,
        inherited: Scenario | None = None,
        compiler: Compiler,
        seed: int | None,
        strict: Strict,
        clock: Clock,
        archive: Archive | None = None,
        passing: Passing = STAYS,
        lowest: Scenario = NOTHING,
        journal_calls: int = CAPACITY,
        notes_words: bool = False,
    ) -> None:
        """Begin a session.

        Args:
            name: Its name in paths.
            scenario: What it answers from.
            inherited: What it answers from otherwise: the server's scenario.
            compiler: Makes layers ready for use.
            seed: Of everything drawn; None: the scenario's.
            strict: What holds where the scenario does not say.
            clock: What time it is in it.
            archive: What all journals of the server are bounded by.
            passing: What becomes of requests that no rule answers.
            lowest: What it answers from below everything else.
            journal_calls: How many calls its journal keeps.
            notes_words: Whether what a call asks is noted in short when it comes.

        """
        self.name = name
        self.clock = clock
        self.notes_words = notes_words
        self.passing = passing
        self.redact: tuple[str, ...]
        """Regular expressions of what is secret besides what looks like a secret."""
        self.has_ended = False
        self.is_surplus = False
        """There are too many sessions for it to begin: whoever names it is refused."""
        self.journal = Journal(archive, name, journal_calls)
        self.stored = StoredAnswers(clock.now_s)
        self.ledger = Ledger()
        self.traffic = Traffic()
        self._compiler = compiler
        self._own = scenario
        self._inherited = inherited
        self._lowest = lowest
        self._added: dict[str, Scenario] = {}
        self._stated_seed = seed
        self._outer_strict = strict
        self._occurrences: BoundedTable[bytes, int] = BoundedTable(OCCURRENCES_KEPT)
        self._attempts: BoundedTable[bytes, int] = BoundedTable(OCCURRENCES_KEPT)
        self._put(compiler(self._layers()))
        self.reader = RuleReader(self.compiled)

    # --- What it answers by ---

    @property
    def scenario(self) -> Scenario:
        """All layers as one."""
        return self.compiled.scenario

    @property
    def inherits(self) -> bool:
        """Whether the server's scenario is one of its layers."""
        return self._inherited is not None

    @property
    def has_own_rules(self) -> bool:
        """Whether it was given rules, besides the server's."""
        return any(scenario.rules for scenario in (self._own, *self._added.values()))

    def add(self, scenario: Scenario, layer: str | None = None) -> None:
        """Lay *scenario* under what was added before, over everything else.

        The state that it states holds from now on. Its rules begin to count now, even if it was
        added before. What was added before as the same *layer* is replaced, where it lies; there,
        rules that keep their name keep their count.
        """
        name = f"layer:{layer}" if layer else f"added:{len(self._added)}"
        self._added[name] = scenario
        self._take()
        self.reader.state = {**self.reader.state, **scenario.state}

    def inherit(self, scenario: Scenario) -> None:
        """Take *scenario* in the place of the server's; nothing changes if it inherits none."""
        if self.inherits:
            self._inherited = scenario
            self._take()

    def rest_on(self, lowest: Scenario, passing: Passing) -> None:
        """Answer from *lowest* below everything else, in the place of what lay there.

        *passing* is what becomes of requests that nothing answers.
        """
        self.passing = passing
        self._lowest = lowest
        self._take()

    def reset(self) -> None:
        """Begin anew with the rules as they are: counters, state, limits, journal, what is kept."""
        self.reader = RuleReader(self.compiled)
        self.journal.restart()
        self.stored = StoredAnswers(self.clock.now_s)
        self.ledger = Ledger()
        self.traffic = Traffic()
        self._occurrences.clear()
        self._attempts.clear()

    def _layers(self) -> list[Layer]:
        """Return what it answers by, that which is read first in front."""
        layers = [*map(Layer._make, self._added.items()), Layer(OWN, self._own)]
        if self._inherited is not None:
            layers.append(Layer(INHERITED, self._inherited))
        layers.append(Layer(LOWEST, self._lowest))
        return layers

    def _take(self) -> None:
        self._put(self._compiler(self._layers()))
        self.reader.take(self.compiled)

    def _put(self, compiled: Compiled) -> None:
        stated = self._stated_seed
        self.compiled = compiled
        self.redact = (*compiled.scenario.redact, *self.passing.redact)
        self.seed = compiled.scenario.seed if stated is None else stated
        self.strict = compiled.scenario.strict.or_else(self._outer_strict).or_else(LENIENT)

    # --- What moves ---

    @property
    def state(self) -> Mapping[str, JsonValue]:
        """What rules have set, by name; see `set_state`."""
        return self.reader.state

    def set_state(self, changed: Mapping[str, JsonValue]) -> None:
        """Change the state; a value of None removes its name."""
        merged = {**self.reader.state, **changed}
        self.reader.state = {name: value for name, value in merged.items() if value is not None}

    def occurrence(self, content: bytes) -> int:
        """Count one more request with *content* (a digest of path and body), from 1."""
        counts = self._occurrences
        seen = counts.get(content, 0) + 1
        counts.put(content, seen)
        return seen

    def attempt(self, content: bytes) -> int:
        """Count one more request with *content* since the last that got a whole answer, from 1."""
        counts = self._attempts
        tried = counts.get(content, 0) + 1
        counts.put(content, tried)
        return tried

    def next_counts(self, content: bytes) -> tuple[int, int]:
        """Return what `occurrence` and `attempt` would say of one more request."""
        return self._occurrences.get(content, 0) + 1, self._attempts.get(content, 0) + 1

    def answered(self, content: bytes) -> None:
        """Note that a request with *content* got a whole answer."""
        self._attempts.pop(content, None)

    def unused(self) -> Iterator[str]:
        """Yield a sentence for each scripted answer that is left.

        The server's are set apart where the session has rules of its own: they are for others too.
        """
        has_own = bool(self._added or self._own.rules)
        return self.reader.unused(apart=INHERITED if has_own else None)
