"""Refusals by the storage of completions: invalid pages, updates of anything but metadata.

Source:
    None for stored completions themselves. Bounds and words of a page are those of other lists
    of the API (live calls published by third parties, 2026-08: batches, conversations' items).
"""

import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from mockserver.conversation import ApiError
from mockserver.protocols.openai.validation import faults
from mockserver.protocols.openai.validation.chat_fields import metadata_check

_MOST: Final = 100
_ORDERS: Final = ("asc", "desc")
_USUAL: Final = "20"
_INTEGER: Final = re.compile(r"-?[0-9]{1,18}")

_check_metadata: Final = metadata_check(needs_store=False)


class Page(NamedTuple):
    """The requested part of a list."""

    after: str | None
    limit: int
    order: str


def read_page(query: Mapping[str, str], usual_order: str) -> Page:
    """Return the page that *query* requests; by default the first, in *usual_order*.

    Raises:
        ApiError: There is no such page.

    """
    limit, order = query.get("limit", _USUAL), query.get("order", usual_order)
    if not _INTEGER.fullmatch(limit):
        raise _by_storage(faults.wrong_type("limit", "an integer", limit))
    number = int(limit)
    if number < 0:
        raise _by_storage(faults.below_minimum("limit", "integer", 0, number))
    if number > _MOST:
        raise _by_storage(faults.above_maximum("limit", "integer", _MOST, number))
    if order not in _ORDERS:
        raise _by_storage(faults.not_listed("order", order, _ORDERS))
    return Page(query.get("after"), number, order)


def check_update(body: Mapping[str, Any]) -> None:
    """Refuse the *body* of an update, if it has anything but `metadata`, or invalid metadata.

    Raises:
        ApiError: The provider would refuse it.

    """
    try:
        for key in body:
            if key != "metadata":
                raise faults.unknown_parameter(key)
        if "metadata" not in body:
            raise faults.missing("metadata")
        if body["metadata"] is not None:
            _check_metadata(body["metadata"], body)
    except ApiError as error:
        raise _by_storage(error) from None


def _by_storage(error: ApiError) -> ApiError:
    error.layer = "storage"
    return error
