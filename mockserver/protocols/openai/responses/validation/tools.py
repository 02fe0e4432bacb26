"""The tools of a Responses request, and which of them must be called.

Source:
    The API reference (members); recorded requests and refusals, 2025 and 2026 (names, schemas,
    choices); live calls published by a third party, 2026-08-30 (words); texts pasted in public
    issues, 2025 and 2026 (choices of tools that are not there).
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from mockserver.protocols.openai.responses.validation import shapes
from mockserver.protocols.openai.responses.validation.shapes import Shape
from mockserver.protocols.openai.validation import faults, schemas, values

_NO_PARAMETERS: Final[Mapping[str, Any]] = {"type": "object", "properties": {}}

_name: Final = shapes.name(values.MOST_FUNCTION_NAME)
_callers: Final = shapes.array(shapes.word("direct", "programmatic"))
_strings: Final = shapes.array(shapes.text(), "an array of strings")
_location: Final = shapes.record(
    {},
    {
        "type": shapes.word("approximate"),
        "country": shapes.text(),
        "region": shapes.text(),
        "city": shapes.text(),
        "timezone": shapes.text(),
    },
)
_search_size: Final = shapes.word("low", "medium", "high")
_search_types: Final = shapes.array(shapes.word("text", "image"))
_execution: Final = shapes.word("server", "client")

_TOOL_FILTER: Final = {"tool_names": _strings, "read_only": shapes.flag}
_tool_filter: Final = shapes.record({}, _TOOL_FILTER)


def _container(value: Any, path: str) -> None:
    if type(value) is not str:
        values.text_member(values.record(value, path), "type", path)


def _allowed_tools(value: Any, path: str) -> None:
    if values.is_array(value):
        _strings(value, path)
    else:
        _tool_filter(value, path)


def _approval(value: Any, path: str) -> None:
    if type(value) is str:
        shapes.word("always", "never")(value, path)
    else:
        shapes.record({}, {"always": _tool_filter, "never": _tool_filter})(value, path)


_FUNCTION: Final = shapes.record(
    {"name": _name},
    {
        "type": shapes.anything,
        "description": shapes.text(),
        "parameters": shapes.mapping,
        "strict": shapes.flag,
        "output_schema": shapes.mapping,
        "defer_loading": shapes.flag,
        "allowed_callers": _callers,
        # What chat wraps a function in passes beside the name (195 recorded requests, 2025).
        "function": shapes.anything,
    },
)


def _function(value: Any, path: str) -> None:
    """Refuse a function whose description or schema is not valid."""
    _FUNCTION(value, path)
    strict = value.get("strict")
    parameters = value.get("parameters")
    if strict is None and not parameters:
        return
    # Schemas that nobody called strict are made so where that is possible, and kept otherwise.
    fault = schemas.refusal(parameters or _NO_PARAMETERS, strict=bool(strict), use="function")
    if fault is not None:
        raise faults.said(
            f"Invalid schema for function '{value['name']}': {fault}",
            f"{path}.parameters",
            "invalid_function_parameters",
        )


def _kind(**members: Shape) -> Shape:
    return shapes.record({}, {"type": shapes.anything, **members})


_CUSTOM: Final = shapes.record(
    {"name": _name},
    {
        "type": shapes.anything,
        "description": shapes.text(),
        "format": shapes.kinds(
            {
                "text": _kind(),
                "grammar": shapes.record(
                    {"definition": shapes.text(), "syntax": shapes.word("lark", "regex")},
                    {"type": shapes.anything},
                ),
            },
            at_member=True,
        ),
        "defer_loading": shapes.flag,
        "allowed_callers": _callers,
    },
)
_WEB_SEARCH: Final = _kind(
    external_web_access=shapes.flag,
    filters=shapes.mapping,
    user_location=_location,
    search_context_size=_search_size,
    # Answers state these two, too.
    return_token_budget=shapes.anything,
    search_content_types=_search_types,
)
_WEB_SEARCH_PREVIEW: Final = _kind(
    user_location=_location, search_context_size=_search_size, search_content_types=_search_types
)

_TOOLS: Final[Mapping[str, Shape]] = {
    "apply_patch": _kind(allowed_callers=_callers),
    "code_interpreter": shapes.record(
        {"container": _container}, {"type": shapes.anything, "allowed_callers": _callers}
    ),
    "computer": _kind(),
    "computer_use_preview": shapes.record(
        {
            "display_height": shapes.integer(),
            "display_width": shapes.integer(),
            "environment": shapes.word("windows", "mac", "linux", "ubuntu", "browser"),
        },
        {"type": shapes.anything},
    ),
    "custom": _CUSTOM,
    "file_search": shapes.record(
        {"vector_store_ids": _strings},
        {
            "type": shapes.anything,
            "max_num_results": shapes.integer(1, 50),
            "ranking_options": shapes.mapping,
            "filters": shapes.mapping,
        },
    ),
    "function": _function,
    "image_generation": _kind(
        model=shapes.text(),
        quality=shapes.word("low", "medium", "high", "auto"),
        size=shapes.text(),
        output_format=shapes.word("png", "webp", "jpeg"),
        output_compression=shapes.integer(0, 100),
        moderation=shapes.word("auto", "low"),
        background=shapes.word("transparent", "opaque", "auto"),
        input_fidelity=shapes.word("high", "low"),
        input_image_mask=shapes.record({}, {"image_url": shapes.text(), "file_id": shapes.text()}),
        partial_images=shapes.integer(0, 3),
        action=shapes.word("generate", "edit", "auto"),
        n=shapes.integer(1),
    ),
    "local_shell": _kind(),
    "mcp": shapes.record(
        {"server_label": shapes.text()},
        {
            "type": shapes.anything,
            "server_url": shapes.text(),
            "connector_id": shapes.text(),
            "tunnel_id": shapes.text(),
            "authorization": shapes.text(),
            "server_description": shapes.text(),
            "headers": shapes.mapping,
            "allowed_tools": _allowed_tools,
            "allowed_callers": _callers,
            "require_approval": _approval,
            "defer_loading": shapes.flag,
        },
    ),
    "namespace": shapes.record(
        {
            "name": shapes.text(least=1),
            "description": shapes.text(),
            "tools": shapes.array(
                shapes.kinds({"function": _function, "custom": _CUSTOM}, at_member=True)
            ),
        },
        {"type": shapes.anything},
    ),
    "programmatic_tool_calling": _kind(),
    "shell": _kind(environment=shapes.mapping, allowed_callers=_callers),
    "tool_search": _kind(
        execution=_execution, description=shapes.text(), parameters=shapes.mapping
    ),
    "web_search": _WEB_SEARCH,
    "web_search_2025_08_26": _WEB_SEARCH,
    "web_search_preview": _WEB_SEARCH_PREVIEW,
    "web_search_preview_2025_03_11": _WEB_SEARCH_PREVIEW,
}
TOOLS: Final = shapes.array(shapes.kinds(_TOOLS, at_member=True), "an array of tools")
"""Any tools, and the schemas of their functions."""

_MODES: Final = ("none", "auto", "required")
_BY_TYPE: Final = (
    "apply_patch", "code_interpreter", "computer", "computer_use", "computer_use_preview",
    "file_search", "image_generation", "programmatic_tool_calling", "shell", "web_search",
    "web_search_2025_08_26", "web_search_preview", "web_search_preview_2025_03_11",
)  # fmt: skip
_CHOICES: Final = shapes.kinds(
    {
        # The members of chat's form are not looked at: what is missing is refused first.
        "function": shapes.record({"name": _name}, {"type": shapes.anything}),
        "custom": shapes.record({"name": _name}, {"type": shapes.anything}),
        "mcp": shapes.record(
            {"server_label": shapes.text()}, {"type": shapes.anything, "name": shapes.text()}
        ),
        "allowed_tools": shapes.record(
            {"mode": shapes.word("auto", "required"), "tools": shapes.array(shapes.mapping)},
            {"type": shapes.anything},
        ),
        **dict.fromkeys(_BY_TYPE, _kind()),
    },
    at_member=True,
)


def tool_choice(value: Any, path: str) -> None:
    """Refuse what is no choice of tools at all."""
    if type(value) is str:
        if value not in _MODES:
            raise faults.not_listed(path, value, _MODES)
    elif values.is_record(value):
        _CHOICES(value, path)
    else:
        listed = faults.listed(_MODES, "or")
        raise faults.wrong_type(path, f"one of an object or {listed}", value)


def refuse_missing_choice(choice: Any, tools: Sequence[Mapping[str, Any]]) -> None:
    """Refuse a valid *choice* of a tool that is not among the valid *tools*.

    Raises:
        ApiError: It is not.

    """
    if not values.is_record(choice):
        return
    chosen = choice["tools"] if choice["type"] == "allowed_tools" else [choice]
    offered = {label for tool in tools for label in _labels(tool)}
    for one in chosen:
        label = _label(one)
        if label is not None and label not in offered:
            raise faults.said(
                f"Tool choice '{label}' not found in 'tools' parameter.", "tool_choice"
            )


def _label(choice: Mapping[str, Any]) -> str | None:
    """Return what a refusal calls a *choice*; None where that is not known."""
    kind, name = choice.get("type"), choice.get("name")
    if kind in ("function", "custom"):
        return name if type(name) is str else None
    return kind if type(kind) is str and kind in _BY_TYPE and kind != "computer_use" else None


def _labels(tool: Mapping[str, Any]) -> list[str]:
    """Return by which words a *tool* can be chosen."""
    kind: str = tool["type"]
    if kind == "namespace":
        return [tool["name"], *(inner["name"] for inner in tool["tools"])]
    if kind in ("function", "custom"):
        return [tool["name"]]
    family = next((one for one in ("web_search", "computer") if kind.startswith(one)), kind)
    return [one for one in _BY_TYPE if one.startswith(family)]
