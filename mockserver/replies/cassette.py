"""What was recorded: the answer to the same request, as it came then."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, cast

from mockserver.cassettes.cassette import Cassette, Index
from mockserver.cassettes.ignoring import Ignored
from mockserver.contracts import Answers, BadValue, RecordedReply, SelectiveReply
from mockserver.conversation import IncomingCall

KEPT: Final = frozenset({"headers"})
"""The keys of any reply that mean something here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CassetteReply(SelectiveReply):
    """Answer a request that was recorded as it was answered then; the rule holds for no other.

    The second of several equal requests gets the second answer that was recorded to it, and so on;
    `then` says what follows the last one.

    Attributes:
        file: The cassette, relative to this file.
        ignore: JMESPaths of members of the body that need not be the same.
        timing: `recorded`: it takes the time that it took then; `none`: it takes none.

    """

    kind = "cassette"

    file: Cassette
    ignore: tuple[str, ...] = ()
    timing: Literal["recorded", "none"] = "recorded"
    index: Index = field(init=False, repr=False, compare=False)
    played: tuple[RecordedReply, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        super(CassetteReply, self).__post_init__()
        if void := self.states_besides(KEPT):
            what = f"'{void}' has no place in a recorded answer: it goes out as it came"
            raise BadValue(void, what)
        try:
            ignored = tuple(map(Ignored, self.ignore))
        except ValueError as error:
            raise BadValue("ignore", str(error)) from error
        keeps_time = self.timing == "recorded"
        played = [
            RecordedReply(recording=one, keeps_time=keeps_time, headers=self.headers)
            for one in self.file.recordings
        ]
        put = object.__setattr__  # the value is frozen, and this is where it is made
        put(self, "index", self.file.at(ignored))
        put(self, "played", tuple(played))

    def answers(self, call: IncomingCall) -> Answers | None:
        """Return what was answered to *call* when it was recorded; None: it was not."""
        found = self.index.find(call)
        return Answers(found, [self.played[at] for at in found]) if found else None

    def lacks(self, call: IncomingCall) -> str:
        """Return in what *call* differs from the recording that it comes nearest to."""
        return self.index.lacks(call)

    def left(self, given: Mapping[Hashable, int]) -> list[str]:
        """Return the recordings that were never given, in words."""
        played: set[int] = set()
        for group, count in given.items():
            played.update(cast(tuple[int, ...], group)[:count])
        left = [one for at, one in enumerate(self.file.recordings) if at not in played]
        return [f"{one.source}: {one.request.method} {one.request.path}" for one in left]
