"""Which calls are attempts at one request, judged by what was sent and how it ended."""

from collections.abc import Iterable
from typing import Any, Final

from mockserver.records.journal import Call

SERVER_ERRORS: Final = 500


def attempts(calls: Iterable[Call]) -> list[list[Call]]:
    """Return *calls*, with the attempts at one request together, in the order of the first.

    An attempt follows another at the same request with the same key if that one was not answered
    whole and had ended by then: a client retries only after a failure. The same request sent
    twice at the same time is two requests.
    """
    groups: list[list[Call]] = []
    failed: dict[Any, list[list[Call]]] = {}
    for call in calls:
        content = call.content or call.body_bytes
        waiting = failed.setdefault((call.method, call.path, call.key, content), [])
        ended = [group for group in waiting if _had_ended(group[-1], call)]
        if ended and content:
            # Several cannot be told apart: take the one that has waited longest.
            group = ended[0]
            group.append(call)
            waiting.remove(group)
        else:
            group = [call]
            groups.append(group)
        if not is_whole(call):
            waiting.append(group)
    return groups


def is_whole(call: Call) -> bool:
    """Return whether *call* got an undisturbed answer."""
    return call.outcome == "sent" and call.is_whole


def _had_ended(before: Call, call: Call) -> bool:
    return before.seen_at_end is not None and before.seen_at_end < call.number
