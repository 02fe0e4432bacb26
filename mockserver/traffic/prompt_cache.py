"""Which prompts a session has seen, for providers that cache what prompts begin with."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

KEPT: Final = 50_000
"""Blocks of prompts that are remembered; the one that was not read for longest is forgotten."""


class PromptCache:
    """The blocks of the prompts so far."""

    def __init__(self) -> None:
        self._seen: OrderedDict[bytes, None] = OrderedDict()

    def read(self, blocks: Sequence[bytes]) -> int:
        """Return how many of the first *blocks* have been read before, and remember them all."""
        seen, common = self._seen, 0
        for block in blocks:
            if block not in seen:
                break
            seen.move_to_end(block)
            common += 1
        for block in blocks[common:]:
            seen[block] = None
            if len(seen) > KEPT:
                seen.popitem(last=False)
        return common
