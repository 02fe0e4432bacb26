"""The items of an input: messages, calls and their outputs, thoughts, and what else was put out."""

from typing import Any


def check_items(items: Any, path: str = "input") -> None:
    """Refuse *items*, which stand at *path*, that the schema forbids.

    Raises:
        ApiError: The first fault, in their order.

    """
    del items, path
