"""The tools of a chat request, the older functions, and which of them must be called.

Source:
    Live calls to gpt-5.6-terra published by a third party, 2026-08-30 to 2026-09-04; to
    gpt-4o-mini, 2026-10-01 (the length of names); recorded answers, 2025 and 2026 (schemas);
    public issues since 2024 (`tool_choice` without tools).
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from mockserver.conversation import ApiError
from mockserver.protocols.openai.validation import faults, schemas, values
from mockserver.protocols.openai.validation.restrictions import Restrictions
from mockserver.protocols.openai.validation.values import Body, Check

_MOST_TOOLS: Final = 128
_KINDS: Final = ("function", "custom")
_TOOL_CHOICES: Final = ("none", "auto", "required")
_FUNCTION_CHOICES: Final = ("none", "auto")
_NO_PARAMETERS: Final[Mapping[str, Any]] = {"type": "object", "properties": {}}
"""The parameters of a strict function that states none (recorded, 2025-09)."""


def check_tools(restrictions: Restrictions) -> Check:
    """Return the check of tools: their descriptions, and their schemas.

    Kinds and schemas that a gateway may know pass, as do the kinds that the models of
    *restrictions* have built in.
    """

    def check(value: Any, _: Body) -> None:
        tools = values.array(value, "tools")
        _check_length(tools, "tools")
        for number, tool in enumerate(tools):
            path = f"tools[{number}]"
            _check_tool(values.record(tool, path), path, restrictions)

    return check


def _check_tool(tool: Mapping[str, Any], path: str, restrictions: Restrictions) -> None:
    kind = values.text_member(tool, "type", path)
    lenient = restrictions.lenient
    if kind in restrictions.built_in_tools:
        return
    if kind in _KINDS:
        described = values.record_member(tool, kind, path)
        path = f"{path}.{kind}"
        if lenient:
            values.text_member(described, "name", path)
            _check_description(described, path)
            return
        name = values.name_member(described, path, values.MOST_FUNCTION_NAME)
        _check_description(described, path)
        if kind == "function":
            _check_schema(described, name, path)
    elif not (lenient or restrictions.open_kinds):
        raise faults.not_listed(f"{path}.type", kind, _KINDS)


def check_functions(value: Any, _: Body) -> None:
    """Refuse functions with invalid descriptions."""
    functions = values.array(value, "functions", "an array of function definitions")
    _check_length(functions, "functions")
    for number, item in enumerate(functions):
        path = f"functions[{number}]"
        function = values.record(item, path)
        name = values.name_member(function, path, values.MOST_FUNCTION_NAME)
        _check_description(function, path)
        _check_schema(function, name, path)


def _check_length(tools: Sequence[Any], path: str) -> None:
    if not tools:
        raise faults.empty_array(path)
    if len(tools) > _MOST_TOOLS:
        raise faults.long_array(path, _MOST_TOOLS, len(tools))


def _check_description(function: Mapping[str, Any], path: str) -> None:
    # 1,024 characters were the most until 2025; a recorded answer of 2025-09 took 15,664.
    if function.get("description") is not None:
        values.text_member(function, "description", path)


def _check_schema(function: Mapping[str, Any], name: str, path: str) -> None:
    strict = values.flag(function, "strict", path)
    parameters: Mapping[str, Any] = {}
    if function.get("parameters") is not None:
        parameters = values.record_member(function, "parameters", path)
    if not parameters and not strict:
        return
    parameters = parameters or _NO_PARAMETERS
    fault = schemas.refusal(parameters, strict=strict, use="function")
    if fault is not None:
        message = f"Invalid schema for function '{name}': {fault}"
        raise faults.said(message, f"{path}.parameters", "invalid_function_parameters")


def check_tool_choice(choice: Any, body: Body) -> None:
    """Refuse an invalid choice of tool, or of one that is not offered."""
    if values.is_record(choice):
        _check_chosen(choice, _offered(body))
    elif type(choice) is not str:
        # The doubled "one of" is the provider's.
        expected = f"one of one of {faults.listed(_TOOL_CHOICES, 'or')} or object"
        raise faults.wrong_type("tool_choice", expected, choice)
    elif _offered(body) and choice not in _TOOL_CHOICES:
        raise faults.not_listed("tool_choice", choice, _TOOL_CHOICES)


def _offered(body: Body) -> Sequence[Mapping[str, Any]]:
    """Return the tools in *body*, which were checked before; refuse if there are none."""
    tools: Sequence[Mapping[str, Any]] | None = body.get("tools")
    if tools is None:
        raise _only_with("tool_choice", "tools")
    return tools


def _check_chosen(choice: Mapping[str, Any], tools: Sequence[Mapping[str, Any]]) -> None:
    kind = choice.get("type")
    if kind == "allowed_tools":
        # What the provider refuses here has not been published.
        return
    key = "custom" if kind == "custom" else "function"
    chosen = values.record_member(choice, key, "tool_choice")
    name = values.name_member(chosen, f"tool_choice.{key}", values.MOST_FUNCTION_NAME)
    if all(_name_of(tool) != name for tool in tools):
        raise _not_offered(name)


def _name_of(tool: Mapping[str, Any]) -> Any:
    """Return the name of a valid tool; a gateway's own kinds have none."""
    kind = tool["type"]
    return tool[kind]["name"] if kind in _KINDS else None


def check_parallel_tool_calls(parallel: Any, body: Body) -> None:
    """Refuse anything but a boolean, and a boolean without tools."""
    if type(parallel) is not bool:
        raise faults.wrong_type("parallel_tool_calls", "a boolean", parallel)
    if body.get("tools") is None:
        raise _only_with("parallel_tool_calls", "tools")


def check_function_call(choice: Any, body: Body) -> None:
    """Refuse an invalid choice of function, or of one that is not offered."""
    name = None
    if type(choice) is str:
        if choice not in _FUNCTION_CHOICES:
            raise faults.not_listed("function_call", choice, _FUNCTION_CHOICES)
    elif values.is_record(choice):
        name = values.name_member(choice, "function_call", values.MOST_FUNCTION_NAME)
    else:
        expected = f"one of one of {faults.listed(_FUNCTION_CHOICES, 'or')} or object"
        raise faults.wrong_type("function_call", expected, choice)
    functions = body.get("functions")
    if functions is None:
        raise _only_with("function_call", "functions")
    if name is not None and all(function["name"] != name for function in functions):
        raise _not_offered(name)


def _only_with(param: str, others: str) -> ApiError:
    return faults.said(
        f"Invalid value for '{param}': '{param}' is only allowed when '{others}' are specified.",
        param,
    )


def _not_offered(name: str) -> ApiError:
    """Return the refusal of a missing function; tools get the same text as functions."""
    return faults.said(
        f"Invalid value for 'function_call': no function named '{name}' was specified in the "
        "'functions' parameter.",
        "function_call",
    )
