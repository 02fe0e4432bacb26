"""Middle-out: conversations that are too long are cut in the middle.

Messages in the middle go first, since models pay the most attention to beginnings and ends.
Messages are assumed to be plain texts; what gateways really drop is not known.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from mockserver import tokens
from mockserver.models import Model

LEAST_KEPT = 2
"""The first and the last message stay."""
AROUND_MESSAGE = 4
"""What a message costs besides its text: its role, and the marks around it."""
PRIMING = 3
"""The tokens that make the model answer."""


def middle_out(messages: Sequence[Mapping[str, Any]], model: Model, room: int) -> list[Any]:
    """Return *messages* without those in the middle that exceed *room* tokens.

    If the first and the last message are too long by themselves, they stay, and are refused.
    """
    kept = list(messages)
    encoding = model.family.encoding
    costs = [AROUND_MESSAGE + tokens.count(message["content"], encoding) for message in kept]
    over = sum(costs) + PRIMING - room
    first = last = len(kept) // 2
    while over > 0 and last - first < len(kept) - LEAST_KEPT:
        # Alternately before and after the gap, so that both ends keep the same.
        if (last - first) % 2:
            first -= 1
            over -= costs[first]
        else:
            over -= costs[last]
            last += 1
    return kept[:first] + kept[last:]
