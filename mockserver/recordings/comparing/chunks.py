"""Streams of chunks, as chats and legacy completions have them."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from mockserver.recordings.comparing.cases import Case, objects_in
from mockserver.recordings.comparing.members import Difference, is_sorted
from mockserver.recordings.importers.documents import as_object
from mockserver.wire.jsontext import is_object


class ChunkKind(NamedTuple):
    """What a chunk is: its members, those of its delta and of its tool calls, and its end."""

    members: tuple[str, ...]
    choice: int | None
    delta: tuple[str, ...]
    calls: tuple[str, ...]
    finish_reason: str | None


def is_untouched(case: Case) -> bool:
    """Return whether a recorded stream has the bill that its request asked for, and no other.

    Some recorders drop chunks or members.
    """
    options = case.sent.get("stream_options")
    asked = bool(is_object(options) and options.get("include_usage"))
    return asked == any(event.get("usage") for event in case.events)


def order_differs(got: Sequence[dict[str, Any]], case: Case, *, loosely: bool) -> Difference | None:
    """Return the first chunk whose kind is another than in the recording; runs count once."""
    ordered = not is_sorted(case.events[0])
    have = list(_runs(got, ordered=ordered))
    want = list(_runs(case.events, ordered=ordered))
    if loosely:
        have, want = list(dict.fromkeys(have)), list(dict.fromkeys(want))
    if have == want:
        return None
    for one, other in zip(have, want, strict=False):
        if one != other:
            place, what = _first_difference(one, other)
            return Difference(place, what)
    return Difference("the end", f"{len(have)} runs instead of {len(want)}")


def _first_difference(one: ChunkKind, other: ChunkKind) -> tuple[str, str]:
    pairs = zip(ChunkKind._fields, one, other, strict=True)
    name, got, want = next(pair for pair in pairs if pair[1] != pair[2])
    return f"chunk's {name.replace('_', ' ')}", f"{got!r} instead of {want!r}"


def _runs(chunks: Sequence[dict[str, Any]], *, ordered: bool) -> Iterator[ChunkKind]:
    last = None
    for chunk in chunks:
        kind = _kind(chunk, ordered=ordered)
        if kind != last:
            yield kind
        last = kind


def _kind(chunk: dict[str, Any], *, ordered: bool) -> ChunkKind:
    choice = next(iter(objects_in(chunk.get("choices"))), as_object({}))
    delta = as_object(choice.get("delta"))
    calls = objects_in(delta.get("tool_calls"))

    def names(value: dict[str, Any]) -> tuple[str, ...]:
        return tuple(value) if ordered else tuple(sorted(value))

    return ChunkKind(
        names(chunk),
        choice.get("index"),
        names(delta),
        tuple([name for call in calls for name in names(call)]),
        choice.get("finish_reason"),
    )
