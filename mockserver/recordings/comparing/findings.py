"""What comparing finds, as values: whether an answer is as the recorded one, in one respect."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

KINDS: Final[Mapping[str, str]] = {
    "accepted": "a request that was answered is answered here, streamed or not as it was",
    "error": "a request that was refused is refused alike: status, type, code, param, message",
    "shape": "the JSON body has the same members, in the same order, with the same types",
    "stream-order": "the chunks or events of a stream are of the same kinds, in the same order",
    "stream-members": "each event of a stream has the same members, in the same order",
    "stream-numbers": "the sequence numbers of events have no gap",
    "stream-padding": "the padding of deltas has the right length",
    "stream-ids": "the events of a stream agree on ids, items and texts",
    "headers": "the headers that clients read are there, in the same form",
    "body": "indents, final newlines, event lines and escapes",
    "echo": "what a response object repeats of the request, and its defaults",
    "prompt-tokens": "the bill of the prompt",
    "completion-tokens": "the bill of the answer",
    "completion-tokens-within-63": (
        "the bill of the answer, where the model rounds its reasoning tokens"
    ),
    "total-tokens": "the total of the bill",
    "embedding-tokens": "the bill of embeddings",
    "exact-of-right": "how many right bills this server states to be exact (no difference)",
    "exact-of-wrong": "how many wrong bills this server states to be exact (no difference)",
}
"""What is compared, in the order of the report."""
EXACTNESS: Final = frozenset({"exact-of-right", "exact-of-wrong"})
"""Kinds that tell what this server says of its own bills: they are no differences."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One respect in which an answer was compared.

    Attributes:
        kind: One of `KINDS`.
        about: What was asked, for the rows of a table.
        is_same: Whether the answers agree.
        place: Where they do not: the member, or what else differences are grouped by.
        what: How they differ, in words.

    """

    kind: str
    about: str
    is_same: bool = True
    place: str = ""
    what: str = ""

    @property
    def is_difference(self) -> bool:
        """Whether it counts as a difference."""
        return not self.is_same and self.kind not in EXACTNESS
