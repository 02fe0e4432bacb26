"""The sessions of a server: begun, created, ended, and given another scenario."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Final

from mockserver.errors import UsageError, did_you_mean
from mockserver.records.journal import Archive
from mockserver.scenario.compiled import Compiled
from mockserver.scenario.merging import Layer, combined
from mockserver.scenario.schema import Scenario, Strict
from mockserver.sessions.naming import DEFAULT_SESSION, fault_of
from mockserver.sessions.options import Options
from mockserver.sessions.session import INHERITED, LOWEST, NOTHING, Session
from mockserver.traffic.clock import Clock

MOST_SESSIONS: Final = 20_000
"""Sessions that may be open at once: a client that makes up names must not fill the memory."""
ENDED_KEPT: Final = 1_000
"""Sessions that are remembered after their end, so that late calls can be refused."""
COMPILED_KEPT: Final = 256
CHANGES_A_MS_BITS: Final = 10
"""Fewer than 2 to the power of this happen in a millisecond. Their numbers stay below 2**53, up to
which JavaScript's are exact."""


class Sessions(Mapping[str, Session]):
    """The sessions that are open, by name."""

    def __init__(
        self, scenario: Scenario, options: Options, time_source: Callable[[], float]
    ) -> None:
        """Take what sessions without a scenario of their own answer from."""
        self.scenario = scenario
        self._options = options
        self._lowest = options.lowest if options.lowest.rules else NOTHING
        self._strict = Strict.of(options.strict)
        self._time_source = time_source
        self._started = time_source()
        self._open: dict[str, Session] = {}
        self._ended: OrderedDict[str, Session] = OrderedDict()
        self._compiled: OrderedDict[Hashable, Compiled] = OrderedDict()
        # Whoever reads on after another server's changes, which began earlier, is found out.
        self.archive = Archive(changes=int(options.unix_start_s * 1_000) << CHANGES_A_MS_BITS)
        """All calls that are kept, of all sessions."""

    def __getitem__(self, name: str) -> Session:
        return self._open[name]

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._open))

    def __len__(self) -> int:
        return len(self._open)

    def latest(self, most: int) -> Iterator[Session]:
        """Yield the open sessions, at most *most*, the one that began last first."""
        return islice(reversed(self._open.values()), most)

    def named(self, name: str) -> Session:
        """Return the session called *name*; it begins when it is first named.

        Raises:
            UsageError: There are too many already, or this cannot be the name of one.

        """
        found = self._open.get(name)
        if found is not None:
            return found
        _refuse_name(name)
        return self._begin(name, inherited=self.scenario)

    def known(self, name: str) -> Session | None:
        """Return the session called *name*, open or ended, if it is known."""
        return self._open.get(name) or self._ended.get(name)

    def addressed(self, name: str) -> Session:
        """Return the session that a path calls *name*: an open one, an ended one, or a new one.

        If it cannot begin, because there are too many or its name cannot be one, it is a session
        that is not kept.
        """
        found = self.known(name)
        if found is not None:
            return found
        is_full = len(self._open) >= MOST_SESSIONS and name != DEFAULT_SESSION
        if is_full or fault_of(name) is not None:
            surplus = self._made(name, NOTHING, self.scenario, None, None)
            surplus.is_surplus = True
            return surplus
        return self.named(name)

    def compiled_for(self, name: str) -> Compiled:
        """Return what the session called *name* answers by, or would; none begins."""
        found = self._open.get(name)
        if found is not None:
            return found.compiled
        return self._compile([Layer(INHERITED, self.scenario), Layer(LOWEST, self._lowest)])

    def create(
        self,
        name: str,
        *,
        scenario: Scenario = NOTHING,
        inherit: bool = False,
        seed: int | None = None,
        strict: bool | Strict | None = None,
        time_scale: float | None = None,
        clock: Clock | None = None,
    ) -> Session:
        """Begin a session that answers by *scenario*, above the server's if it is to *inherit*.

        Args:
            name: How paths call it: `/s/<name>/v1`.
            scenario: What it answers by; what is added to it later stands above.
            inherit: Whether the server's scenario lies below.
            seed: Of everything drawn; None: the scenario's.
            strict: What fails a test, whatever the scenario says; None: as that says.
            time_scale: Real seconds per second of session time; None: as the server's.
            clock: The clock of another session, if both are to have the same time.

        Raises:
            UsageError: The name is taken or cannot be one, or there are too many sessions.

        """
        if name in self._open:
            raise UsageError(f"session '{name}' already exists")
        _refuse_name(name)
        if strict is not None:
            scenario = combined(Scenario(strict=Strict.of(strict)), scenario)
        inherited = self.scenario if inherit else None
        session = self._begin(
            name, scenario=scenario, inherited=inherited, seed=seed, time_scale=time_scale
        )
        session.clock = clock or session.clock
        return session

    def end(self, name: str) -> Session:
        """End the session called *name*: later calls to it are refused and noted.

        Raises:
            UsageError: There is none.

        """
        ended = self._open.pop(name, None)
        if ended is None:
            hint = did_you_mean(name, self._open)
            raise UsageError(f"there is no session '{name}'" + (f"\n  {hint}" if hint else ""))
        ended.has_ended = True
        self._ended[name] = ended
        if len(self._ended) > ENDED_KEPT:
            self._ended.popitem(last=False)
        return ended

    def reload(self, scenario: Scenario) -> None:
        """Answer by *scenario* from now on, in all sessions that have the server's.

        Rules that keep their name keep their count; answers that are under way end as they began.
        """
        self.scenario = scenario
        for session in self._open.values():
            session.inherit(scenario)

    def _begin(
        self,
        name: str,
        *,
        scenario: Scenario = NOTHING,
        inherited: Scenario | None,
        seed: int | None = None,
        time_scale: float | None = None,
    ) -> Session:
        if len(self._open) >= MOST_SESSIONS and name != DEFAULT_SESSION:
            raise UsageError(
                f"{MOST_SESSIONS} sessions are open already: end those you no longer need"
            )
        former = self._ended.pop(name, None)
        if former is not None:
            former.journal.clear()  # its calls had the numbers that those to come will have
        session = self._open[name] = self._made(name, scenario, inherited, seed, time_scale)
        return session

    def _made(
        self,
        name: str,
        scenario: Scenario,
        inherited: Scenario | None,
        seed: int | None,
        time_scale: float | None,
    ) -> Session:
        options = self._options
        scale = options.time_scale if time_scale is None else time_scale
        unix_start_s = options.unix_start_s + self._time_source() - self._started
        return Session(
            name,
            scenario=scenario,
            inherited=inherited,
            compiler=self._compile,
            seed=options.seed if seed is None else seed,
            strict=self._strict,
            clock=Clock.start(self._time_source, scale, unix_start_s),
            archive=self.archive,
            passing=options.passing,
            lowest=NOTHING if inherited is None else self._lowest,
            journal_calls=options.journal_calls,
            notes_words=options.words,
        )

    def _compile(self, layers: Sequence[Layer]) -> Compiled:
        """Return *layers* made ready; sessions that have the same share what is made of them."""
        layers = [layer for layer in layers if layer.scenario is not NOTHING]
        key = tuple([(name, id(scenario)) for name, scenario in layers])
        known = self._compiled.get(key)
        # What is kept keeps its scenarios alive, so that no other can have their ids.
        if known is not None:
            return known
        compiled = self._compiled[key] = Compiled(
            layers,
            any_model=self._options.any_model,
            any_deployment=self._options.any_deployment,
        )
        if len(self._compiled) > COMPILED_KEPT:
            self._compiled.popitem(last=False)
        return compiled


def _refuse_name(name: str) -> None:
    fault = fault_of(name)
    if fault is not None:
        raise UsageError(fault)
