"""Lists of what is kept: pages, and what the query of a look-up requests."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import parse_qsl

from mockserver.contracts import Lookup
from mockserver.conversation import ApiError
from mockserver.protocols.openai import validation
from mockserver.protocols.openai.responses.validation import check_included
from mockserver.protocols.openai.responses.validation.layer import by_responses
from mockserver.protocols.openai.validation import faults
from mockserver.wire.http_request import HttpRequest
from mockserver.wire.jsontext import JsonValue

Json = dict[str, JsonValue]

_INCLUDES: Final = ("include", "include[]")
_FLAGS: Final[Mapping[str, bool]] = {"true": True, "false": False}


def query_of(http: HttpRequest) -> dict[str, str]:
    """Return the query of *http*; of several values, the last counts."""
    return dict(parse_qsl(http.query, keep_blank_values=True))


@by_responses
def included(http: HttpRequest) -> list[str]:
    """Return what the query of *http* wants to be included.

    Raises:
        ApiError: That cannot be included.

    """
    pairs = parse_qsl(http.query, keep_blank_values=True)
    found = [value for key, value in pairs if key in _INCLUDES or key.startswith("include[")]
    check_included(found)
    return found


@by_responses
def flag(query: Mapping[str, str], name: str) -> bool | None:
    """Return the truth value of *name* in *query*; None if it is not there.

    Raises:
        ApiError: It is neither true nor false.

    """
    value = query.get(name)
    if value is None:
        return None
    if value.lower() not in _FLAGS:
        raise faults.wrong_type(name, "a boolean", value)
    return _FLAGS[value.lower()]


@by_responses
def number(query: Mapping[str, str], name: str) -> int | None:
    """Return the whole number *name* in *query*; None if it is not there.

    Raises:
        ApiError: It is none.

    """
    value = query.get(name)
    if value is None:
        return None
    if not value.isascii() or not value.isdecimal():
        raise faults.wrong_type(name, "an integer", value)
    return int(value)


def page_of(lookup: Lookup, items: Sequence[Json]) -> Json:
    """Return the page of *items*, oldest first, that *lookup* requests: by default the newest.

    Raises:
        ApiError: There is no such page.

    """
    query = query_of(lookup.http)
    page = by_responses(validation.read_page)(query, "desc")
    ordered = list(items) if page.order == "asc" else list(reversed(items))
    ids = [item["id"] for item in ordered]
    begin = 0 if page.after is None else _place(ids, page.after, "after") + 1
    before = query.get("before")
    end = len(ordered) if before is None else _place(ids, before, "before")
    if before is not None and page.after is None:
        # The page right before it.
        begin = max(0, end - page.limit)
    shown = ordered[begin : min(end, begin + page.limit)]
    return listed(shown, has_more=begin + page.limit < end)


def listed(items: Sequence[Json], *, has_more: bool = False) -> Json:
    """Return *items* as a list of the API."""
    return {
        "object": "list",
        "data": list(items),
        "first_id": items[0]["id"] if items else None,
        "has_more": has_more,
        "last_id": items[-1]["id"] if items else None,
    }


def _place(ids: Sequence[Any], identity: str, name: str) -> int:
    if identity not in ids:
        message = f"Item with id '{identity}' not found."
        raise ApiError(404, message, param=name, layer="responses")
    return ids.index(identity)
