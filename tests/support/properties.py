"""How many examples a property is tried with: all of them, or fewer where all of it runs again."""

import os
from collections.abc import Iterable
from typing import Any, Final

import pytest
from hypothesis import settings

ONE_IN: Final = int(os.environ.get("MOCKSERVER_EXAMPLES_ONE_IN", "1"))
"""Of the examples that each property states, one in so many is tried."""


def thin_out(items: Iterable[pytest.Item]) -> None:
    """Have each property among *items* tried with fewer examples, if that is asked for."""
    if ONE_IN == 1:
        return
    tests: set[Any] = {getattr(item, "obj", None) for item in items}
    for test in tests:
        if not getattr(test, "is_hypothesis_test", False):
            continue
        # A profile is no way: what a test states by itself counts more.
        stated = test._hypothesis_internal_use_settings  # noqa: SLF001
        fewer = settings(stated, max_examples=max(1, stated.max_examples // ONE_IN))
        test._hypothesis_internal_use_settings = fewer  # noqa: SLF001
