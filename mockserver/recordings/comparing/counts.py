"""Counts of tokens, compared: what the bills of all protocols have in common."""

from collections.abc import Mapping
from typing import Any, Final

from mockserver.models import Catalogue
from mockserver.recordings.comparing.findings import Finding

CATALOGUE: Final = Catalogue()
USAGE_HEADER: Final = "x-mockserver-usage"
"""States whether this server takes its bill to be exact."""


def equal(
    kind: str, about: str, have: Mapping[str, Any], want: Mapping[str, Any], name: str
) -> Finding:
    """Return whether two bills state the same *name*; a bill without it states 0."""
    a, b = have.get(name) or 0, want.get(name) or 0
    return Finding(kind, about, a == b, about, "" if a == b else f"{a} instead of {b}")


def exactness(says: str, about: str, *, is_right: bool) -> Finding:
    """Return whether this server *says* of a bill, right or wrong, that it is exact."""
    kind = "exact-of-right" if is_right else "exact-of-wrong"
    what = "" if is_right else "stated of a wrong bill"
    return Finding(kind, about, says == "exact", about, what)
