"""How a server behaves, apart from its scenario."""

from dataclasses import dataclass

from mockserver.errors import UsageError, did_you_mean
from mockserver.models import Catalogue
from mockserver.records.journal import CAPACITY, CAPACITY_IN_ALL
from mockserver.scenario.schema import Scenario, Strict
from mockserver.seeding import CREATED_FROM
from mockserver.sessions.passing import STAYS, Passing
from mockserver.traffic.clock import refuse_time_scale


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a server behaves, apart from its scenario.

    *seed* None takes the scenario's. *strict* applies where a scenario does not state it.
    *time_scale* is real seconds per second of session time: 1 is real time, 0 never waits. With
    *usage_header*, answers state whether their bill is exact, and refusals what is really wrong:
    the two headers that no provider has.
    *unix_start_s* is when the server starts, as Unix time: headers with the date count from there.
    *any_deployment* is the model that unknown Azure deployments serve; None: they are refused.
    *passing* is what becomes of requests that no rule answers. *lowest* is read below the server's
    scenario, whatever that is replaced by. *journal_calls* is how many calls a session keeps.
    With *words*, what a call asks is noted in short when it comes, for a line that is written once
    it has ended; otherwise it is read when somebody looks.
    """

    seed: int | None = None
    strict: bool | Strict = False
    any_model: bool = False
    any_deployment: str | None = None
    usage_header: bool = True
    time_scale: float = 1.0
    unix_start_s: float = CREATED_FROM
    passing: Passing = STAYS
    lowest: Scenario = Scenario()
    journal_calls: int = CAPACITY
    words: bool = False

    def __post_init__(self) -> None:
        refuse_time_scale(self.time_scale)
        if not 1 <= self.journal_calls <= CAPACITY_IN_ALL:
            raise UsageError(
                f"a journal keeps from 1 to {CAPACITY_IN_ALL} calls, not {self.journal_calls}"
            )
        known = Catalogue()
        if self.any_deployment is not None and known.get(self.any_deployment) is None:
            hint = (
                did_you_mean(self.any_deployment, known.names()) or "name a model of the catalogue"
            )
            raise UsageError(f"any deployment: unknown model '{self.any_deployment}'\n  {hint}")
