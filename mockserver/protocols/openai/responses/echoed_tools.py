"""The tools of a request as a response repeats them: complete, in the API's order, made strict.

Source:
    1,600 tools in recorded answers of 2025-09 to 2026-08; of members that changed, the newest form.
    The kinds `computer`, `shell` and `local_shell` were not recorded: they are repeated as given.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from mockserver.protocols.openai.responses.strictness import made_strict
from mockserver.protocols.openai.responses.traits import Traits
from mockserver.wire.jsontext import JsonValue, is_list, is_object

Json = dict[str, JsonValue]

_REDACTED: Final = "<redacted>"
_SOMEWHERE: Final[Json] = {
    "type": "approximate",
    "city": None,
    "country": "US",
    "region": None,
    "timezone": None,
}
"""Where a search takes place if the request does not say."""

_LAST: Final = len(_FIRST := ("programmatic_tool_calling", "function", "custom"))
_RANKS: Final[Mapping[str, int]] = {
    **{kind: rank for rank, kind in enumerate(_FIRST)},
    "tool_search": _LAST + 1,
    "namespace": _LAST + 2,
}
"""In which order kinds are repeated; those between the first and the last stay as they were."""


def repeated_tools(
    tools: Sequence[Mapping[str, Any]], items: Iterable[Mapping[str, Any]], traits: Traits
) -> list[JsonValue]:
    """Return the valid *tools* of a request with those that its *items* add, as repeated."""
    repeated = [_placed(_repeated(tool), tool, traits) for tool in tools]
    called_in_space = {
        item["namespace"]
        for item in items
        if item.get("type") == "function_call" and item.get("namespace")
    }
    for item in items:
        kind = item.get("type")
        if kind in ("additional_tools", "tool_search_output"):
            for tool in item["tools"]:
                is_flat = traits.adds_functions and (
                    kind == "additional_tools" or tool.get("name") not in called_in_space
                )
                _add(repeated, tool, is_flat=is_flat)
    return sorted(repeated, key=lambda tool: _RANKS.get(tool["type"], _LAST))


def _placed(repeated: Json, tool: Mapping[str, Any], traits: Traits) -> Json:
    """Return a *repeated* tool without a default place to search from, if it is for research."""
    if traits.research and "user_location" in repeated and not tool.get("user_location"):
        repeated["user_location"] = None
    return repeated


def _add(repeated: list[Json], tool: Mapping[str, Any], *, is_flat: bool) -> None:
    """Add a *tool* that was loaded later; a function takes the place of a deferred one.

    Unless *is_flat*, a function is added in a namespace of its own name.
    """
    if tool["type"] != "function":
        added = _repeated(tool)
        if added not in repeated:
            repeated.append(added)
        return
    name = tool["name"]
    deferred = next((one for one in repeated if _is_deferred(one, name)), None)
    loaded = _repeated(tool) if deferred is None else deferred
    loaded = {key: value for key, value in loaded.items() if key != "defer_loading"}
    repeated[:] = [one for one in repeated if one is not deferred]
    if is_flat:
        repeated.append(loaded)
        return
    for one in repeated:
        if one["type"] == "namespace" and one["name"] == name:
            one["tools"] = [*one["tools"], loaded]
            return
    description = loaded["description"]
    repeated.append(
        {"type": "namespace", "description": description, "name": name, "tools": [loaded]}
    )


def _is_deferred(tool: Mapping[str, Any], name: str) -> bool:
    return bool(tool.get("defer_loading")) and tool.get("name") == name


def _repeated(tool: Mapping[str, Any]) -> Json:
    """Return *tool* as repeated: its type, then its members in alphabetical order."""
    kind = str(tool["type"])
    match kind:
        case "function":
            members = _function(tool)
        case "custom":
            stated = tool.get("format") or {"type": "text"}
            members = {"description": None, **_stated(tool), "format": _sorted(stated)}
        case "namespace":
            members = {**_stated(tool), "tools": [_repeated(one) for one in tool["tools"]]}
        case "file_search":
            members = _file_search(tool)
        case "image_generation":
            members = _image_generation(tool)
        case "mcp":
            members = _mcp(tool)
        case "tool_search":
            members = {"description": None, "parameters": None, **_stated(tool)}
        case _ if kind.startswith("web_search"):
            members = _web_search(tool)
        case _:
            members = _stated(tool)
    return _sorted({**members, "type": kind})


def _stated(tool: Mapping[str, Any]) -> Json:
    """Return the members of *tool* that are not null."""
    return {key: value for key, value in tool.items() if value is not None}


def _sorted(members: Mapping[str, Any]) -> Json:
    """Return *members* with the type first, and the others in alphabetical order."""
    return {key: members[key] for key in sorted(members, key=lambda key: (key != "type", key))}


def _function(tool: Mapping[str, Any]) -> Json:
    stated = _stated(tool)
    stated.pop("function", None)
    parameters = tool.get("parameters")
    strict = bool(tool.get("strict"))
    if "strict" not in tool:
        parameters, strict = made_strict(parameters)
    elif is_object(parameters):
        parameters = {key: value for key, value in parameters.items() if key != "$schema"}
        parameters = parameters or {"type": "object", "properties": {}}
    return {
        **stated,
        "description": tool.get("description") or None,
        "output_schema": tool.get("output_schema"),
        "parameters": parameters,
        "strict": strict,
    }


def _web_search(tool: Mapping[str, Any]) -> Json:
    stated = _stated(tool)
    # It is not repeated, whatever it says.
    stated.pop("external_web_access", None)
    place = stated.get("user_location")
    newer: Json = {"return_token_budget": "default", "search_content_types": ["text"]}
    if tool["type"].startswith("web_search_preview"):
        newer = {}
    return {
        **newer,
        "search_context_size": "medium",
        **stated,
        "user_location": dict(_SOMEWHERE)
        if place is None
        else {**_SOMEWHERE, "country": None, **place},
    }


def _file_search(tool: Mapping[str, Any]) -> Json:
    stated: Mapping[str, Any] = tool.get("ranking_options") or {}
    ranking: Json = {"ranker": "auto", "score_threshold": 0.0, **stated}
    ranking["score_threshold"] = float(ranking["score_threshold"])
    return {"filters": None, "max_num_results": 20, **_stated(tool), "ranking_options": ranking}


_IMAGE: Final[Json] = {
    "background": "auto",
    "model": "gpt-image-1",
    "moderation": "auto",
    "n": 1,
    "output_compression": 100,
    "output_format": "png",
    "quality": "auto",
    "size": "auto",
}
"""All that is repeated of it, and what it is where the request does not say."""


def _image_generation(tool: Mapping[str, Any]) -> Json:
    stated = _stated(tool)
    return {key: stated.get(key, value) for key, value in _IMAGE.items()}


def _mcp(tool: Mapping[str, Any]) -> Json:
    stated = _stated(tool)
    allowed, headers = stated.get("allowed_tools"), stated.get("headers")
    approval = stated.get("require_approval", "always")
    if "authorization" in stated:
        stated["authorization"] = _REDACTED
    return {
        **stated,
        "allowed_tools": allowed if is_list(allowed) else _tool_filter(allowed),
        "headers": dict.fromkeys(headers, _REDACTED) if headers else None,
        "require_approval": {
            "always": _tool_filter(approval.get("always")),
            "never": _tool_filter(approval.get("never")),
        }
        if is_object(approval)
        else approval,
        "server_description": stated.get("server_description"),
        "server_url": stated.get("server_url"),
    }


def _tool_filter(stated: Mapping[str, Any] | None) -> Json | None:
    return None if stated is None else {"read_only": None, "tool_names": None, **stated}
