"""Answers that clients asked to store, and what else their protocols keep for them.

All of it is bounded, and the oldest is dropped first. It is kept as values; the endpoint that looks
them up renders them as JSON.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from mockserver.caching import BoundedTable
from mockserver.conversation import Choice, ModelRequest, Usage

MOST_KEPT: Final = 1_000
MOST_THINGS: Final = 10_000
"""How many things are kept besides answers."""
MOST_BYTES: Final = 32 * 1024 * 1024


@dataclass(slots=True, kw_only=True, eq=False)
class StoredAnswer:
    """An answer as it was given.

    Attributes:
        id: Its id.
        endpoint: The kind of the endpoint that gave it.
        request_id: The id of the request.
        request: The request.
        model_name: The model, as the answer names it.
        created: Unix time.
        at_s: When it was given, in seconds of session time.
        choices: The choices of the answer; tool calls have their ids.
        usage: The bill.
        system_fingerprint: As the answer states it.
        members: What its protocol keeps in addition, and may change.
        size: The size of request and answer on the wire, in bytes.
        sent: The body as it was made, whole, where the protocol looks that up; else empty.
        takes_s: How long it takes to be made, in seconds of session time.
        moments: If it is sent while it is made in the background: how many bytes of `sent` are
            there after how many of these seconds.

    """

    id: str
    endpoint: str
    request_id: str
    request: ModelRequest
    model_name: str
    created: int
    choices: tuple[Choice, ...]
    usage: Usage | None
    system_fingerprint: str | None
    members: dict[str, Any] = field(default_factory=dict[str, Any])
    size: int
    at_s: float = 0.0
    sent: bytes = b""
    takes_s: float = 0.0
    moments: tuple[tuple[int, float], ...] = ()


@dataclass(slots=True, kw_only=True, eq=False)
class StoredThing:
    """Something that a protocol keeps besides answers, such as a conversation.

    Attributes:
        id: Its id.
        kind: What it is, in the protocol's own words.
        created: Unix time.
        members: What there is to it; its protocol may change it, and puts it again then.
        size: How much it holds, in bytes.

    """

    id: str
    kind: str
    created: int
    members: dict[str, Any] = field(default_factory=dict[str, Any])
    size: int = 0


def _standing() -> float:
    return 0.0


class StoredAnswers:
    """The answers that a session keeps."""

    def __init__(self, now_s: Callable[[], float] = _standing) -> None:
        """Keep nothing yet; *now_s* returns the seconds of session time that have passed."""
        self.now_s = now_s
        self._kept: OrderedDict[str, StoredAnswer] = OrderedDict()
        self._things: OrderedDict[str, tuple[StoredThing, int]] = OrderedDict()
        self._unkept: BoundedTable[str, bool] = BoundedTable(MOST_THINGS)
        self._size = 0
        self._size_of_things = 0
        self.dropped = 0
        """How many were dropped for lack of room."""

    def add(self, answer: StoredAnswer) -> None:
        """Keep *answer*, unless it alone exceeds the limit."""
        if answer.size > MOST_BYTES:
            self.dropped += 1
            return
        self.remove(answer.id)
        self._kept[answer.id] = answer
        self._size += answer.size
        while len(self._kept) > MOST_KEPT or self._size > MOST_BYTES:
            _, first = self._kept.popitem(last=False)
            self._size -= first.size
            self.dropped += 1

    def note_unkept(self, identity: str) -> None:
        """Remember that what is called *identity* was given, and is not kept."""
        self._unkept.put(identity, True)  # noqa: FBT003 - there is nothing to say of it

    def is_unkept(self, identity: str) -> bool:
        """Return whether what is called *identity* was given, and is not kept."""
        return self._unkept.get(identity) is not None

    def get(self, identity: str) -> StoredAnswer | None:
        """Return the answer with the id *identity*, if it is kept."""
        return self._kept.get(identity)

    def remove(self, identity: str) -> bool:
        """Forget the answer with the id *identity*; return whether there was one."""
        found = self._kept.pop(identity, None)
        if found is not None:
            self._size -= found.size
        return found is not None

    def of(self, endpoint: str) -> list[StoredAnswer]:
        """Return the answers of the kind *endpoint*, oldest first."""
        return [answer for answer in self._kept.values() if answer.endpoint == endpoint]

    def thing(self, identity: str) -> StoredThing | None:
        """Return what is kept by the id *identity* besides answers."""
        found = self._things.get(identity)
        return None if found is None else found[0]

    def put(self, thing: StoredThing) -> None:
        """Keep *thing*, unless it alone exceeds the limit; it may be kept already, and have grown.

        Where there is no room, the oldest go first.
        """
        self.drop(thing.id)
        if thing.size > MOST_BYTES:
            self.dropped += 1
            return
        self._things[thing.id] = thing, thing.size
        self._size_of_things += thing.size
        while len(self._things) > MOST_THINGS or self._size_of_things > MOST_BYTES:
            self.drop(next(iter(self._things)))
            self.dropped += 1

    def drop(self, identity: str) -> bool:
        """Forget the thing with the id *identity*; return whether there was one."""
        found = self._things.pop(identity, None)
        if found is not None:
            self._size_of_things -= found[1]
        return found is not None

    def things(self, kind: str) -> list[StoredThing]:
        """Return the things of *kind*, oldest first."""
        return [thing for thing, _ in self._things.values() if thing.kind == kind]

    def __iter__(self) -> Iterator[StoredAnswer]:
        """Yield the answers kept, oldest first."""
        return iter(self._kept.values())

    def __len__(self) -> int:
        return len(self._kept)
