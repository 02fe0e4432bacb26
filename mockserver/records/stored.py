"""Completions that clients asked to store, as a session keeps them: bounded, the oldest go first.

What is kept are values; the endpoint that looks them up makes JSON of them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from mockserver.conversation import Choice, ModelRequest, Usage

MOST_KEPT: Final = 1_000
MOST_BYTES: Final = 32 * 1024 * 1024


@dataclass(slots=True, kw_only=True, eq=False)
class StoredCompletion:
    """A completion as it was answered; all but its *metadata* stays as it is.

    *choices* have the ids of their tool calls. *size* is what request and answer were on the
    wire, in bytes.
    """

    id: str
    request_id: str
    request: ModelRequest
    model_name: str
    created: int
    seed: int
    choices: tuple[Choice, ...]
    usage: Usage | None
    system_fingerprint: str | None
    metadata: Mapping[str, str]
    size: int


class StoredCompletions:
    """The completions that a session keeps."""

    def __init__(self) -> None:
        self._kept: dict[str, StoredCompletion] = {}
        self._size = 0
        self.dropped = 0
        """How many there was no room for."""

    def add(self, completion: StoredCompletion) -> None:
        """Keep *completion*, unless it alone is larger than all may be together."""
        if completion.size > MOST_BYTES:
            self.dropped += 1
            return
        self.remove(completion.id)
        self._kept[completion.id] = completion
        self._size += completion.size
        while len(self._kept) > MOST_KEPT or self._size > MOST_BYTES:
            self.remove(next(iter(self._kept)))
            self.dropped += 1

    def get(self, identity: str) -> StoredCompletion | None:
        """Return the completion with the id *identity*, if it is kept."""
        return self._kept.get(identity)

    def remove(self, identity: str) -> bool:
        """Forget the completion with the id *identity*; return whether there was one."""
        found = self._kept.pop(identity, None)
        if found is not None:
            self._size -= found.size
        return found is not None

    def __iter__(self) -> Iterator[StoredCompletion]:
        """Yield what is kept, the oldest first."""
        return iter(self._kept.values())

    def __len__(self) -> int:
        return len(self._kept)
