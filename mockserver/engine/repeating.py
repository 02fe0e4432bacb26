"""Requests that come again because nobody read the answer: why a reply is used up too early.

A client that several event loops share keeps the connections of loops that are gone. A request
still goes out on one of them, is answered, and its client cannot read that; then it is sent again.
To the server it looks like a second request for a reply that is there once.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from mockserver.records.journal import Call

ADVICE: Final = "is one client shared by several event loops?"


def lost_answers(calls: Iterable[Call], call: Call, spent: Sequence[str]) -> Iterator[str]:
    """Yield a sentence where an answer that nobody read has used up a reply that *call* lacks.

    Args:
        calls: The journal, oldest first.
        call: The call that no rule answers.
        spent: The names of the nearest rules that are used up.

    """
    answered: dict[tuple[object, ...], Call] = {}
    for one in calls:
        if not (one is call or one.rule in spent):
            continue
        same = (one.method, one.path, one.key, one.content or one.body_bytes)
        before = answered.get(same)
        if before is not None and _was_left(before, one):
            yield _sentence(before, one, is_same=one is call)
        if one.rule in spent and one.is_whole:
            answered[same] = one


def _was_left(before: Call, call: Call) -> bool:
    """Return whether the client of *before*, which was answered, left before it sent *call*."""
    if before.outcome == "client_left":
        return True
    there, here = before.connection, call.connection
    if there is None or here is None or there is here or there.requests > before.nth:
        return False
    # A client whose connections are well sends its next request on one that is idle.
    return there.is_reset or (not there.is_closed and call.nth == 1)


def _sentence(before: Call, call: Call, *, is_same: bool) -> str:
    left = before.outcome == "client_left" or (before.connection and before.connection.is_reset)
    how = "before reading it" if left else "it idle since"
    where = f"answered on a connection whose client left {how}"
    if is_same:
        what = f"the same request was {where} (call {before.number}, rule '{before.rule}')"
    else:
        what = f"call {call.number}, which rule '{call.rule}' answered, is the same request as call"
        what += f" {before.number}, which was {where}"
    return f"{what}: {ADVICE}"
