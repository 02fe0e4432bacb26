"""The live answer of the upstream server, under whatever latency and failures lie over it."""

from dataclasses import dataclass
from typing import Final

from mockserver.contracts import BadValue, ForwardedReply

KEPT: Final = frozenset({"headers"})
"""The keys of any reply that mean something here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream(ForwardedReply):
    """Answer as the server does that `--upstream` names; latency and failures lie over it."""

    kind = "upstream"

    def __post_init__(self) -> None:
        super(Upstream, self).__post_init__()
        if void := self.states_besides(KEPT):
            what = f"'{void}' has no place in a reply of another server: it goes out as it comes"
            raise BadValue(void, what)
