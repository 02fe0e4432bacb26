"""What schema objects, each taken alone, require of the members and items of a value."""

from collections.abc import Iterable, Mapping
from typing import Any

from mockserver.sampling.reading import is_array, listed, members
from mockserver.sampling.regexes import effort, matches
from mockserver.wire.jsontext import JsonValue


def said_by_name(layers: Iterable[Mapping[str, Any]], name: str) -> list[JsonValue]:
    """Return what the `properties` of *layers* require of the member *name*."""
    told = [members(layer.get("properties")) for layer in layers]
    return [properties[name] for properties in told if name in properties]


def said_of_member(schema: Mapping[str, Any], name: str) -> list[JsonValue]:
    """Return the schemas by which *schema*, taken alone, judges a member called *name*."""
    properties = members(schema.get("properties"))
    said = [properties[name]] if name in properties else []
    for pattern, one in members(schema.get("patternProperties")).items():
        if matches(pattern, name):
            said.append(one)
    if not said and "additionalProperties" in schema:
        said.append(schema["additionalProperties"])
    return said


def effort_of_patterns(schema: Mapping[str, Any]) -> int:
    """Return how much it is to hold the patterns of *schema* against one name."""
    return sum(map(effort, members(schema.get("patternProperties"))))


def said_of_item(schema: Mapping[str, Any], index: int) -> JsonValue:
    """Return the schema by which *schema*, taken alone, judges the item at *index*.

    Until draft 2019-09 a tuple was spelled `items: [...]`, and its rest `additionalItems`.
    """
    items = schema.get("items", True)
    first = listed(schema.get("prefixItems")) or listed(items)
    if index < len(first):
        return first[index]
    return schema.get("additionalItems", True) if is_array(items) else items
