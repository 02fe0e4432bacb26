"""Where a `$ref` leads, within one document. Nothing is ever fetched."""

from typing import Final
from urllib.parse import unquote

from mockserver.sampling.reading import is_array, is_object
from mockserver.wire.jsontext import JsonValue

_ANYTHING: Final = True
_MOST_NODES: Final = 20_000
"""How much of a document is searched for names, at most."""


class References:
    """The places of one schema document that references can name."""

    def __init__(self, root: JsonValue) -> None:
        self._root = root
        self._named: dict[str, JsonValue] | None = None

    def target(self, reference: str) -> JsonValue:
        """Return the schema that *reference* leads to, or one for any value."""
        base, _, fragment = reference.partition("#")
        document = self._by_name(base) if base else self._root
        fragment = unquote(fragment)
        if fragment and not fragment.startswith("/"):
            return self._by_name("#" + fragment)
        return _follow(document, fragment)

    def _by_name(self, name: str) -> JsonValue:
        if self._named is None:
            self._named = _names_in(self._root)
        return self._named.get(name, _ANYTHING)


def _follow(document: JsonValue, pointer: str) -> JsonValue:
    """Walk a JSON Pointer (RFC 6901)."""
    place = document
    for step in pointer.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        if is_object(place) and key in place:
            place = place[key]
        elif is_array(place) and key.isascii() and key.isdigit() and int(key[:9]) < len(place):
            place = place[int(key[:9])]
        else:
            return _ANYTHING
    return place


def _names_in(root: JsonValue) -> dict[str, JsonValue]:
    """Find what is named by `$id` (literally) or by an anchor."""
    named: dict[str, JsonValue] = {}
    open_places = [root]
    for _ in range(_MOST_NODES):
        if not open_places:
            break
        place = open_places.pop()
        if is_object(place):
            for keyword, mark in (
                ("$id", ""),
                ("id", ""),
                ("$anchor", "#"),
                ("$dynamicAnchor", "#"),
            ):
                name = place.get(keyword)
                if isinstance(name, str):
                    named.setdefault(mark + name, place)
            open_places.extend(place.values())
        elif is_array(place):
            open_places.extend(place)
    return named
