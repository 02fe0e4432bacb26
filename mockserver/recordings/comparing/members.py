"""Where two JSON values differ: in members, in their order, in types, or in values."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from mockserver.recordings.comparing import allowances
from mockserver.recordings.importers.documents import as_list, as_object
from mockserver.records.redaction import redact_text
from mockserver.wire.jsontext import is_list, is_object

MOST_SHOWN: Final = 120
_BETWEEN_WORDS: Final = frozenset(' ",:;{}[]()<>')
_INDEX: Final = re.compile(r"\[\d+\]")


class Difference(NamedTuple):
    """A difference: its *place* (without indices, for grouping), and *what* differs, in words."""

    place: str
    what: str


def shown(value: object) -> str:
    """Return *value* as JSON, shortened, without what looks like a secret.

    No word is cut: a part of a secret would be found by nobody.
    """
    text = redact_text(json.dumps(value, ensure_ascii=False, default=str))
    if len(text) <= MOST_SHOWN:
        return text
    end = MOST_SHOWN - 1
    while end > 0 and text[end - 1] not in _BETWEEN_WORDS:
        end -= 1
    return text[:end] + "…"


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, float):
        return "float"
    kinds: dict[type, str] = {dict: "object", list: "list", int: "integer", str: "string"}
    return kinds.get(type(value), "null")


class Comparing:
    """Compares values.

    Attributes:
        at: When the one was recorded, as Unix time: what came to the API later is allowed. None:
            nothing is.
        values: Whether values must be equal; otherwise only their types.
        ordered: Whether members must be in the same order.
        loosely: Whether lists may have other lengths, since their content is another each time:
            their first elements are compared.

    """

    def __init__(
        self,
        at: float | None,
        *,
        values: bool = False,
        ordered: bool = True,
        loosely: bool = False,
    ) -> None:
        self.at = at
        self.values = values
        self.ordered = ordered
        self.loosely = loosely

    def difference(self, got: Any, want: Any, path: str = "") -> Difference | None:
        """Return the first difference of *got*, at *path*, from *want*; None: there is none."""
        name = _INDEX.sub("", path.rpartition(".")[2])
        kinds = _kind(got), _kind(want)
        if name == "prompt_cache_retention" and (self.at or 0) < allowances.ONE_PROMPT_CACHE:
            return None
        if name == "system_fingerprint" and set(kinds) <= {"null", "string"}:
            return None  # with some deployments of a model it is null, with others it is not
        if name == "embedding":
            return _vector(got, want, path)
        if kinds[0] != kinds[1]:
            if set(kinds) == {"float", "integer"} and (
                kinds[1] == "integer" and name in allowances.WHOLE_FLOATS
            ):
                return None if not self.values or got == want else self._differs(path, got, want)
            return self._differs(path, got, want)
        if kinds[0] == "object":
            return self._members(got, want, path)
        if kinds[0] == "list":
            return self._elements(got, want, path, name)
        return None if not self.values or got == want else self._differs(path, got, want)

    def _differs(self, path: str, got: object, want: object) -> Difference:
        return Difference(_INDEX.sub("[]", path), f"{shown(got)} instead of {shown(want)}")

    def _members(
        self, got: Mapping[str, Any], want: Mapping[str, Any], path: str
    ) -> Difference | None:
        def place(name: str) -> str:
            return f"{path}.{name}" if path else name

        for name in want:
            if name not in got and not allowances.is_gone(place(name), want[name]):
                return Difference(_INDEX.sub("[]", place(name)), "missing")
        for name in got:
            if name not in want and not allowances.is_newer(place(name), self.at):
                return Difference(_INDEX.sub("[]", place(name)), "not in the recording")
        both = [name for name in want if name in got]
        order = [name for name in got if name in want]
        if self.ordered and both != order:
            what = f"order {', '.join(order)} instead of {', '.join(both)}"
            return Difference(_INDEX.sub("[]", path) or "(top)", what)
        for name in both:
            found = self.difference(got[name], want[name], place(name))
            if found is not None:
                return found
        return None

    def _elements(
        self, got: Sequence[Any], want: Sequence[Any], path: str, name: str
    ) -> Difference | None:
        if self.loosely or (name == "bytes" and got and want):
            got, want = got[:1], want[:1]  # bytes are of tokens that nobody can foresee
            got, want = got[: len(want)], want[: len(got)]
        if len(got) != len(want):
            what = f"{len(got)} elements instead of {len(want)}"
            return Difference(_INDEX.sub("[]", path), what)
        for number, (one, other) in enumerate(zip(got, want, strict=True)):
            found = self.difference(one, other, f"{path}[{number}]")
            if found is not None:
                return found
        return None


def _vector(got: Any, want: Any, path: str) -> Difference | None:
    """Compare embeddings by their size: nobody can foresee their numbers."""
    place = _INDEX.sub("[]", path)
    if isinstance(got, str) and isinstance(want, str):
        size = allowances.length_before_the_cut(want) or len(want)
        what = f"{len(got)} characters instead of {size}"
        return None if len(got) == size else Difference(place, what)
    if is_list(got) and is_list(want):
        found, stated = as_list(got), as_list(want)
        size = (allowances.length_before_the_cut(stated[-1]) if stated else 0) or len(stated)
        are_numbers = all(type(number) in (int, float) for number in found)
        if len(found) == size and are_numbers:
            return None
        odd = "" if are_numbers else ", not all of them numbers"
        return Difference(place, f"{len(found)} elements{odd}, instead of {size}")
    return Difference(place, f"{shown(got)} instead of {shown(want)}")


def is_sorted(value: Any) -> bool:
    """Return whether a recorder has sorted the members of all objects in *value* by name."""
    objects = list(_objects(value))
    return bool(objects) and all(names == sorted(names) for names in objects)


def _objects(value: Any) -> Iterator[list[str]]:
    """Yield the names of the members of each object in *value* that has several."""
    if is_object(value):
        members = as_object(value)
        if len(members) > 1:
            yield list(members)
        for held in members.values():
            yield from _objects(held)
    elif is_list(value):
        for held in as_list(value):
            if not isinstance(held, int | float | str):
                yield from _objects(held)
