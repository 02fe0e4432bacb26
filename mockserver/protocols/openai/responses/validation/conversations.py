"""What is refused of conversations: members that are unknown, too many items, invalid items.

Source:
    The API reference (members, and that at most 20 items are added at once); the words are those of
    other lists.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from mockserver.protocols.openai.responses.validation.items import check_items
from mockserver.protocols.openai.responses.validation.layer import by_responses
from mockserver.protocols.openai.validation import faults
from mockserver.protocols.openai.validation.chat_fields import metadata_check

_MOST_ADDED: Final = 20
_check_metadata: Final = metadata_check(needs_store=False)


@by_responses
def check_known(body: Mapping[str, Any], known: Sequence[str]) -> None:
    """Refuse a *body* with members that are not *known*.

    Raises:
        ApiError: It has one.

    """
    for key in body:
        if key not in known:
            raise faults.unknown_parameter(key)


@by_responses
def check_conversation(body: Mapping[str, Any]) -> None:
    """Refuse the *body* of a new conversation: it may have `items` and `metadata`.

    Raises:
        ApiError: The provider would refuse it.

    """
    check_known(body, ("items", "metadata"))
    if body.get("items") is not None:
        _check_added(body["items"])
    if body.get("metadata") is not None:
        _check_metadata(body["metadata"], body)


@by_responses
def check_conversation_update(body: Mapping[str, Any]) -> None:
    """Refuse the *body* of an update, which must have `metadata`, and nothing else.

    Raises:
        ApiError: The provider would refuse it.

    """
    check_known(body, ("metadata",))
    if "metadata" not in body:
        raise faults.missing("metadata")
    if body["metadata"] is not None:
        _check_metadata(body["metadata"], body)


@by_responses
def check_new_items(body: Mapping[str, Any]) -> None:
    """Refuse the *body* that adds items, which must have `items`, and nothing else.

    Raises:
        ApiError: The provider would refuse it.

    """
    check_known(body, ("items",))
    if "items" not in body:
        raise faults.missing("items")
    _check_added(body["items"])


def _check_added(items: Any) -> None:
    check_items(items, "items")
    if len(items) > _MOST_ADDED:
        raise faults.long_array("items", _MOST_ADDED, len(items))
