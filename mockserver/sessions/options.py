"""How a server behaves, apart from its scenario."""

from dataclasses import dataclass

from mockserver.scenario.schema import Strict
from mockserver.seeding import CREATED_FROM
from mockserver.traffic.clock import refuse_time_scale


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a server behaves, apart from its scenario.

    *seed* None takes the scenario's. *strict* applies where a scenario does not state it.
    *time_scale* is real seconds per second of session time: 1 is real time, 0 never waits. With
    *usage_header*, answers state whether their bill is exact: the one header no provider has.
    *unix_start_s* is when the server starts, as Unix time: headers with the date count from there.
    """

    seed: int | None = None
    strict: bool | Strict = False
    any_model: bool = False
    usage_header: bool = True
    time_scale: float = 1.0
    unix_start_s: float = CREATED_FROM

    def __post_init__(self) -> None:
        refuse_time_scale(self.time_scale)
