"""Which recordings belong together: those that name what others have created."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from mockserver.recordings.comparing.cases import Case

NOT_FOUND: Final = 404


class Threads(NamedTuple):
    """Recordings, grouped.

    Attributes:
        threads: Recordings that are connected by ids, in their order; most are alone.
        makers: The recording that created what an id names.
        lost: Recordings that name something that no recording created.

    """

    threads: list[list[Case]]
    makers: dict[str, Case]
    lost: list[Case]

    def before(self, case: Case) -> list[Case]:
        """Return the recordings that *case* builds on by id, the nearest first."""
        found: list[Case] = []
        waiting = [case]
        while waiting:
            for maker in self.named_by(waiting.pop()).values():
                if maker is not case and maker not in found:
                    found.append(maker)
                    if maker.sent.get("previous_response_id"):
                        waiting.append(maker)
        return found

    def named_by(self, case: Case) -> dict[str, Case]:
        """Return the recordings that created what *case* names, by id."""
        named = case.must | case.may
        return {id_: self.makers[id_] for id_ in sorted(named) if id_ in self.makers}

    def foreign(self, case: Case) -> frozenset[str]:
        """Return the ids of items that *case* sends in full and no recording created."""
        return frozenset(
            id_
            for id_ in case.may
            if id_ not in self.makers or self.makers[id_].number >= case.number
        )


def threads(cases: Sequence[Case]) -> Threads:
    """Return *cases* grouped by the ids that connect them."""
    makers: dict[str, Case] = {}
    thread: dict[int, list[Case]] = {}
    lost: list[Case] = []
    for case in cases:
        must = case.must
        if _never_was(
            case, [d for id_ in must if id_ in makers for d in thread[makers[id_].number]]
        ):
            must = frozenset[str]()
        if case.was_answered and any(id_ not in makers for id_ in must):
            lost.append(case)
            continue
        mine = [case]
        for id_ in must | case.may:
            if id_ in makers:
                joined = {one.number: one for one in (*thread[makers[id_].number], *mine)}
                mine = [joined[number] for number in sorted(joined)]
        for one in mine:
            thread[one.number] = mine
        makers |= dict.fromkeys(case.made, case)
    unique = {id(group): group for group in thread.values()}
    return Threads(list(unique.values()), makers, lost)


def _never_was(case: Case, connected: Sequence[Case]) -> bool:
    """Return whether a look-up was refused that names what never existed: it is sent alone."""
    is_look_up = case.recording.request.method == "GET" and case.answer.status == NOT_FOUND
    return is_look_up and not any(one.recording.request.method == "DELETE" for one in connected)
