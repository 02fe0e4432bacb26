"""Answers that this server did not make, read: what all of OpenAI's endpoints have in common.

Whoever wrote them, anything may be missing, of another type, or cut off. What cannot be read is
passed over, and nothing here raises.
"""

import base64
import binascii
import math
from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

from mockserver import tokens
from mockserver.contracts import HeardEvent
from mockserver.conversation import FinishReason, Usage
from mockserver.models import family_of
from mockserver.wire.jsontext import JsonValue, compact, is_list, is_object
from mockserver.wire.marks import DONE, Mark, Marks

FINISH_REASONS: Final[Mapping[Any, FinishReason]] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "function_call": "function_call",
    "content_filter": "content_filter",
    "error": "error",
}
"""The words of finish reasons that scenarios know."""
END: Final = "[DONE]"
"""The data of the event that ends a stream."""
END_MARKS: Final = (Mark(DONE),)
MOST: Final = 2**53
"""Numbers from here on are not counts, nor times."""


# --- JSON of any form ------------------------------------------------------------------------


def member(value: JsonValue, *path: str) -> Any:
    """Return what is at *path* in *value*; None if nothing is there."""
    found: Any = value
    for name in path:
        if not is_object(found):
            return None
        found = found.get(name)
    return found


def words(value: JsonValue, *path: str) -> str | None:
    """Return the text at *path* in *value*; None if that is no text."""
    found = member(value, *path)
    return found if isinstance(found, str) else None


def whole(value: JsonValue, *path: str) -> int | None:
    """Return the whole number from 0 on at *path* in *value*; None if that is none."""
    found = member(value, *path)
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    return int(found) if 0 <= found < MOST and found == int(found) else None


def amount(value: JsonValue, *path: str) -> float | None:
    """Return the number from 0 on at *path* in *value*; None if that is none."""
    found = member(value, *path)
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    return found if 0 <= found < MOST else None


def moment(value: JsonValue, *path: str) -> int | None:
    """Return the Unix time at *path* in *value*, in whole seconds; None if that is none."""
    found = amount(value, *path)
    return None if found is None else math.floor(found)


def items_of(value: JsonValue, *path: str) -> list[Any]:
    """Return the array at *path* in *value*; an empty one if that is none."""
    found = member(value, *path)
    return found if is_list(found) else []


def objects(value: JsonValue, *path: str) -> list[dict[str, Any]]:
    """Return the objects in the array at *path* in *value*."""
    return [one for one in items_of(value, *path) if is_object(one)]


def numbered(value: JsonValue, *path: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the objects in the array at *path* in *value*, each with its place there."""
    for number, one in enumerate(items_of(value, *path)):
        if is_object(one):
            yield number, one


def in_order(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return *found* in the order of their indices, where they have such."""
    return sorted(found, key=lambda one: whole(one, "index") or 0)


def written(value: JsonValue) -> str:
    """Return *value*, arguments, as a text; objects are what some servers write instead."""
    if isinstance(value, str):
        return value
    return "" if value is None else compact(value)


# --- Tokens ----------------------------------------------------------------------------------


def encoding_of(*names: str | None) -> str:
    """Return the vocabulary of the model that has the first of *names* that is known."""
    return family_of(next((name for name in names if name), "")).encoding


Channel: TypeAlias = tuple[Hashable, ...]


class Pieces:
    """The pieces of texts in a stream; a token belongs to the event that completes it.

    A text has a *channel*, which tells it from others: the choice or item, and what it is there.
    """

    def __init__(self) -> None:
        self._pieces: dict[Channel, list[tuple[int, str]]] = defaultdict(list)
        self._besides: dict[int, int] = defaultdict(int)

    def add(self, event: int, channel: Channel, piece: str) -> None:
        """Take *piece*, which event number *event* adds to the text of *channel*."""
        if piece:
            self._pieces[channel].append((event, piece))

    def add_tokens(self, event: int, count: int) -> None:
        """Take *count* tokens that come with event number *event*, and are not words."""
        self._besides[event] += count

    def text(self, channel: Channel) -> str:
        """Return the text of *channel*, as far as it came."""
        return "".join([piece for _, piece in self._pieces.get(channel, ())])

    def channels(self, first: Hashable) -> list[Channel]:
        """Return the channels that begin with *first*, in the order in which they opened."""
        return [channel for channel in self._pieces if channel[0] == first]

    def counted(self, encoding: str, marks: Sequence[Marks]) -> tuple[HeardEvent, ...]:
        """Return what each event carries, one for each of *marks*."""
        counts = [self._besides.get(event, 0) for event in range(len(marks))]
        for pieces in self._pieces.values():
            _count(pieces, encoding, counts)
        return tuple(map(HeardEvent, counts, marks))


def _count(pieces: Sequence[tuple[int, str]], encoding: str, counts: list[int]) -> None:
    """Add the tokens of a text in *pieces* to the *counts* of the events that complete them."""
    rest = iter(pieces)
    event, piece = next(rest)
    end, at = len(piece), 0
    for token, count in tokens.pieces("".join([piece for _, piece in pieces]), encoding):
        at += len(token)
        while end < at:
            event, piece = next(rest)
            end += len(piece)
        counts[event] += count


def count_of(texts: Sequence[str], encoding: str) -> int:
    """Return how many tokens an answer in one piece has with *texts*: at least one."""
    return max(1, tokens.vocabulary(encoding).count_all(texts))


# --- The bill --------------------------------------------------------------------------------


def bill(usage: JsonValue) -> Usage | None:
    """Return the bill that *usage*, of a chat or a legacy completion, is; None if it is none."""
    prompt = whole(usage, "prompt_tokens")
    completion = whole(usage, "completion_tokens")
    if prompt is None and completion is None:
        return None
    read, wrote = member(usage, "prompt_tokens_details"), member(usage, "completion_tokens_details")
    return summed(
        Usage(
            prompt or 0,
            completion or 0,
            # DeepSeek names the tokens that it had cached otherwise.
            cached_tokens=_count_at(read, "cached_tokens")
            or _count_at(usage, "prompt_cache_hit_tokens"),
            reasoning_tokens=_count_at(wrote, "reasoning_tokens"),
            audio_tokens=_count_at(wrote, "audio_tokens"),
            accepted_prediction_tokens=_count_at(wrote, "accepted_prediction_tokens"),
            rejected_prediction_tokens=_count_at(wrote, "rejected_prediction_tokens"),
            heard_tokens=_count_at(read, "audio_tokens"),
            cache_write_tokens=_count_at(read, "cache_write_tokens"),
            cost=amount(usage, "cost"),
        ),
        whole(usage, "total_tokens"),
    )


def _count_at(details: JsonValue, name: str) -> int:
    """Return the count called *name* in *details*; 0 if there is none."""
    found = details.get(name) if is_object(details) else None
    return (whole(details, name) or 0) if found else 0  # nearly all are 0


def summed(usage: Usage, total: int | None) -> Usage:
    """Return *usage* with the *total* that is stated, where that is not the sum."""
    if total is None or total == usage.prompt_tokens + usage.completion_tokens:
        return usage
    return usage._replace(stated_total=total)


# --- Sound -----------------------------------------------------------------------------------

BYTES_A_SECOND: Final = 48_000
"""Of the sound in streams: 24,000 samples of 16 bits, one channel."""


def seconds_of(data: str) -> float:
    """Return how long *data*, raw sound in base64, is."""
    try:
        return len(base64.b64decode(data)) / BYTES_A_SECOND
    except (binascii.Error, ValueError):
        return 0.0
