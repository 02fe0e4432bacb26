"""Scenario documents, the mappings that files hold, put together as one."""

from collections.abc import Mapping
from itertools import chain, count
from typing import Any


def merged(first: Mapping[str, Any], *rest: Mapping[str, Any]) -> dict[str, Any]:
    """Return files as one: all their rules in order; of everything else, the first value wins."""
    whole = dict(first)
    names = {rule["name"] for rule in whole.get("rules", []) if "name" in rule}
    for document in rest:
        for key, value in document.items():
            before = whole.get(key)
            if key == "rules":
                rules: list[Mapping[str, Any]] = value or []
                whole["rules"] = [*(before or []), *(_renamed(rule, names) for rule in rules)]
            elif key == "models":
                whole[key] = "any" if "any" in (before, value) else [*(before or []), *value]
            elif isinstance(value, Mapping) and isinstance(before, Mapping):
                whole[key] = {**value, **before}
            else:
                whole.setdefault(key, value)
    # Rules stand last, since there are many.
    return {key: whole[key] for key in sorted(whole, key=lambda key: key == "rules")}


def _renamed(rule: Mapping[str, Any], names: set[str]) -> dict[str, Any]:
    """Return *rule* with a name that no other rule of the file has."""
    name = rule.get("name")
    if name is None:
        return dict(rule)
    numbered = (f"{name}-{number}" for number in count(2))
    unique = next(one for one in chain([name], numbered) if one not in names)
    names.add(unique)
    return {**rule, "name": unique}
