"""Conversations that are too long, cut in the middle: what gateways call middle-out.

The messages in the middle go first, since models heed beginnings and ends the most. Messages are
taken to be plain texts; what gateways really drop is not known.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from mockserver import tokens
from mockserver.models import Model

LEAST_KEPT = 2
"""The first message and the last one stay."""
AROUND_MESSAGE = 4
"""What a message costs besides its text: its role, and the marks around it."""
PRIMING = 3
"""What makes the model answer."""


def middle_out(messages: Sequence[Mapping[str, Any]], model: Model, room: int) -> list[Any]:
    """Return *messages* without as many from the middle as make them fit in *room* tokens.

    They fit if that can be done at all; what is too long for itself stays, and is refused.
    """
    kept = list(messages)
    encoding = model.family.encoding
    costs = [AROUND_MESSAGE + tokens.count(message["content"], encoding) for message in kept]
    over = sum(costs) + PRIMING - room
    first = last = len(kept) // 2
    while over > 0 and last - first < len(kept) - LEAST_KEPT:
        # By turns before and behind the gap, so that both ends keep as much.
        if (last - first) % 2:
            first -= 1
            over -= costs[first]
        else:
            over -= costs[last]
            last += 1
    return kept[:first] + kept[last:]
