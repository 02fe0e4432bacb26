"""Conversations that are too long, cut in the middle: what gateways call middle-out.

The messages in the middle go first, since models heed beginnings and ends the most. How much
goes is counted by the rules of the bill; what gateways really drop is not known.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from mockserver import tokens
from mockserver.models import Model

LEAST_KEPT = 2
"""The first message and the last one stay."""


def middle_out(messages: Sequence[Mapping[str, Any]], model: Model, room: int) -> list[Any]:
    """Return *messages* without as many from the middle as make them fit in *room* tokens.

    They fit if that can be done at all; what is too long for itself stays, and is refused.
    """
    kept = list(messages)
    costs = [_cost(message, model) for message in kept]
    total = tokens.count_prompt({"messages": kept}, model).tokens
    while total > room and len(kept) > LEAST_KEPT:
        middle = len(kept) // 2
        total -= costs.pop(middle)
        del kept[middle]
    return kept


def _cost(message: Mapping[str, Any], model: Model) -> int:
    """Return about what *message* adds to a prompt, and no more than that."""
    content = message.get("content")
    return tokens.count(content, model.family.encoding) if isinstance(content, str) else 0
