"""Which calls a query asks for, apart from where it begins and ends."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, TypeAlias

from mockserver.control.shapes import CallsQuery, JournalQuery
from mockserver.records.journal import Call

Query: TypeAlias = JournalQuery | CallsQuery

_EQUAL: Final = (
    "session",
    "rule",
    "endpoint",
    "provider",
    "model",
    "conversation",
    "key",
    "outcome",
)
_WHETHER: Final[Mapping[str, Callable[[Call], bool]]] = {
    "unmatched": lambda call: call.is_unmatched,
    "failed": lambda call: bool(call.failures),
    "running": lambda call: not call.is_finished,
}


def filtered(calls: Iterable[Call], query: Query) -> Iterator[Call]:
    """Yield the *calls* that match *query*; a condition in it is not looked at."""
    equal = _stated(query, _EQUAL)
    whether = [(_WHETHER[name], value) for name, value in _stated(query, _WHETHER).items()]
    statuses = frozenset(query.status)
    for call in calls:
        if statuses and call.status not in statuses:
            continue
        if any(holds(call) is not value for holds, value in whether):
            continue
        if all(getattr(call, name) == value for name, value in equal.items()):
            yield call


def has_filters(query: Query) -> bool:
    """Return whether *query* asks for some calls only."""
    return bool(query.status or _stated(query, (*_EQUAL, *_WHETHER)))


def _stated(query: Query, names: Iterable[str]) -> dict[str, Any]:
    """Return those of *names* that *query* has, and states."""
    found = {name: getattr(query, name, None) for name in names}
    return {name: value for name, value in found.items() if value is not None}
