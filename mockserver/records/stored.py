"""Answers that clients asked to store: bounded, and the oldest are dropped first.

They are kept as values; the endpoint that looks them up renders them as JSON.
"""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from mockserver.conversation import Choice, ModelRequest, Usage

MOST_KEPT: Final = 1_000
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


class StoredAnswers:
    """The answers that a session keeps."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, StoredAnswer] = OrderedDict()
        self._size = 0
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

    def __iter__(self) -> Iterator[StoredAnswer]:
        """Yield the answers kept, oldest first."""
        return iter(self._kept.values())

    def __len__(self) -> int:
        return len(self._kept)
