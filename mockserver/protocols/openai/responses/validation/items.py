"""The items of an input: messages, calls and their outputs, thoughts, and what else was put out.

Source:
    The API reference (members); live calls published by a third party, 2026-08-31 (kinds, roles,
    words); refusals pasted in public issues, 2025 and 2026 (ids, members). docs/fidelity.md
    states which is which.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from mockserver.conversation import ApiError
from mockserver.protocols.openai.responses.validation import parts, shapes, tools
from mockserver.protocols.openai.responses.validation.layer import by_responses
from mockserver.protocols.openai.responses.validation.shapes import Shape
from mockserver.protocols.openai.validation import faults, values

_ROLES: Final = ("assistant", "system", "developer", "user")
_MOST_CALL_ID: Final = 64
_is_id: Final = re.compile(r"[A-Za-z0-9_-]+").fullmatch

_text: Final = shapes.text()
_long: Final = shapes.text(parts.MOST_TEXT)
_call_id: Final = shapes.text(_MOST_CALL_ID, least=1)
_status: Final = shapes.word("in_progress", "completed", "incomplete")
_any_status: Final = shapes.word(
    "in_progress", "completed", "incomplete",
    tacit=("searching", "failed", "generating", "interpreting", "calling"),
)  # fmt: skip
_strings: Final = shapes.array(_text, "an array of strings")
_caller: Final = shapes.kinds(
    {
        "direct": shapes.record({}, {"type": shapes.anything}),
        "program": shapes.record({"caller_id": _text}, {"type": shapes.anything}),
    }
)


def _id(prefix: str) -> Shape:
    """Return the shape of an id that begins with *prefix*."""

    def check(value: Any, path: str) -> None:
        text = values.text(value, path)
        if _is_id(text) is None:
            raise faults.said(
                f"Invalid '{path}': '{text}'. Expected an ID that contains letters, numbers, "
                "underscores, or dashes, but this value contained additional characters.",
                path,
                "invalid_value",
            )
        if not text.startswith(prefix):
            raise faults.said(
                f"Invalid '{path}': '{text}'. Expected an ID that begins with '{prefix}'.",
                path,
                "invalid_value",
            )

    return check


_ANY_ID: Final = _id("")


def _item(prefix: str, required: Mapping[str, Shape], **optional: Shape) -> Shape:
    """Return the shape of an item whose id, if it has one, begins with *prefix*."""
    return shapes.record(required, {"type": shapes.anything, "id": _id(prefix), **optional})


# --- messages ---------------------------------------------------------------------------------

_ASKED: Final = shapes.record(
    {"content": parts.ASKED},
    {"type": shapes.anything, "role": shapes.anything, "id": _id("msg"), "status": _status},
)
_ANSWERED: Final = shapes.record(
    {"content": parts.ANSWERED},
    {
        "type": shapes.anything,
        "role": shapes.anything,
        "id": _id("msg"),
        "status": _status,
        "phase": shapes.word("commentary", "final_answer"),
    },
)


def _message(value: Any, path: str) -> None:
    """Refuse a message by its role: only the assistant's has a phase."""
    role = value.get("role")
    if role not in _ROLES:
        raise faults.not_listed(path, role if type(role) is str else "", _ROLES)
    (_ANSWERED if role == "assistant" else _ASKED)(value, path)


# --- actions ----------------------------------------------------------------------------------

_search_action: Final = shapes.kinds(
    {
        "search": shapes.record(
            {},
            {
                "type": shapes.anything,
                "query": _text,
                "queries": _strings,
                "sources": shapes.array(shapes.mapping),
            },
        ),
        "open_page": shapes.record({}, {"type": shapes.anything, "url": _text}),
        "find_in_page": shapes.record(
            {}, {"type": shapes.anything, "url": _text, "pattern": _text}
        ),
    }
)


def _environment(value: Any, path: str) -> None:
    for key, one in values.record(value, path).items():
        _text(one, f"{path}.{key}")


_exec: Final = shapes.record(
    {"command": _strings, "env": _environment},
    {
        "type": shapes.word("exec"),
        "timeout_ms": shapes.integer(),
        "working_directory": _text,
        "user": _text,
    },
)
_commands: Final = shapes.record(
    {"commands": _strings},
    {"timeout_ms": shapes.integer(), "max_output_length": shapes.integer()},
)
_path: Final = shapes.text(least=1)
_operation: Final = shapes.kinds(
    {
        "create_file": shapes.record({"path": _path, "diff": _long}, {"type": shapes.anything}),
        "update_file": shapes.record({"path": _path, "diff": _long}, {"type": shapes.anything}),
        "delete_file": shapes.record({"path": _path}, {"type": shapes.anything}),
    }
)
_checks: Final = shapes.array(shapes.mapping)

# --- all kinds --------------------------------------------------------------------------------

_ITEMS: Final[Mapping[str, Shape]] = {
    "additional_tools": shapes.record(
        {"tools": tools.TOOLS},
        {"type": shapes.anything, "id": _ANY_ID, "role": shapes.word("developer")},
    ),
    # Nothing is known of these three but their names.
    "agent_message": shapes.mapping,
    "apply_patch_call": _item(
        "apc", {"call_id": _call_id, "operation": _operation}, status=_any_status, caller=_caller
    ),
    "apply_patch_call_output": shapes.record(
        {"call_id": _call_id},
        {
            "type": shapes.anything,
            "id": _ANY_ID,
            "status": shapes.word("completed", "failed"),
            "output": _long,
            "caller": _caller,
        },
    ),
    "code_interpreter_call": _item(
        "ci",
        {},
        code=_long,
        container_id=_text,
        outputs=shapes.array(shapes.mapping),
        status=_any_status,
    ),
    "compaction": _item("cmp", {"encrypted_content": _text}),
    "compaction_trigger": shapes.record({}, {"type": shapes.anything}),
    "computer_call": _item(
        "cu",
        {"call_id": _call_id},
        action=shapes.mapping,
        actions=shapes.array(shapes.mapping),
        pending_safety_checks=_checks,
        status=_status,
    ),
    "computer_call_output": shapes.record(
        {"call_id": _call_id, "output": shapes.mapping},
        {
            "type": shapes.anything,
            "id": _ANY_ID,
            "acknowledged_safety_checks": _checks,
            "status": _any_status,
        },
    ),
    "custom_tool_call": _item(
        "ctc",
        {"call_id": _call_id, "name": _text, "input": _long},
        status=_status,
        namespace=_text,
        caller=_caller,
    ),
    "custom_tool_call_output": shapes.record(
        {"call_id": _call_id, "output": parts.OUTPUT},
        {"type": shapes.anything, "id": _ANY_ID, "status": _status, "caller": _caller},
    ),
    "file_search_call": _item(
        "fs", {}, queries=_strings, results=shapes.array(shapes.mapping), status=_any_status
    ),
    "function_call": _item(
        "fc",
        {"call_id": _call_id, "name": _text, "arguments": _long},
        status=_status,
        namespace=_text,
        caller=_caller,
    ),
    "function_call_output": shapes.record(
        {"call_id": _call_id, "output": parts.OUTPUT},
        {
            "type": shapes.anything,
            "id": _ANY_ID,
            "status": _status,
            "name": _text,
            "namespace": _text,
            "caller": _caller,
        },
    ),
    "image_generation_call": _item(
        "ig",
        {},
        result=_text,
        status=_any_status,
        # What an answer states besides.
        action=_text,
        background=_text,
        output_format=_text,
        quality=_text,
        revised_prompt=_text,
        size=_text,
    ),
    "item_reference": shapes.record({"id": _ANY_ID}, {"type": shapes.anything}),
    "local_shell_call": _item("ls", {"call_id": _call_id, "action": _exec}, status=_status),
    "local_shell_call_output": shapes.record(
        {"output": _long},
        {"type": shapes.anything, "id": _ANY_ID, "call_id": _text, "status": _status},
    ),
    "mcp_approval_request": _item(
        "mcpr", {"server_label": _text, "name": _text, "arguments": _long}
    ),
    "mcp_approval_response": shapes.record(
        {"approval_request_id": _text, "approve": shapes.flag},
        {"type": shapes.anything, "id": _ANY_ID, "reason": _text},
    ),
    "mcp_call": _item(
        "mcp",
        {"server_label": _text, "name": _text, "arguments": _long},
        output=_long,
        error=shapes.anything,
        status=_any_status,
        approval_request_id=_text,
    ),
    "mcp_list_tools": _item(
        "mcpl",
        {"server_label": _text, "tools": shapes.array(shapes.mapping)},
        error=shapes.anything,
    ),
    "message": _message,
    "multi_agent_call": shapes.mapping,
    "multi_agent_call_output": shapes.mapping,
    "program": _item("cm", {"call_id": _call_id, "code": _long, "fingerprint": _long}),
    "program_output": _item(
        "cmo", {"call_id": _call_id, "result": _long}, status=shapes.word("completed", "incomplete")
    ),
    # It has no status, though the reference says so; clients that send one are refused (issues).
    "reasoning": _item(
        "rs",
        {"summary": shapes.array(shapes.record({"text": _long}, {"type": _text}))},
        encrypted_content=_text,
        content=shapes.array(shapes.record({"text": _long}, {"type": _text})),
    ),
    "shell_call": _item(
        "sh",
        {"call_id": _call_id, "action": _commands},
        status=_status,
        environment=shapes.mapping,
        caller=_caller,
    ),
    "shell_call_output": shapes.record(
        {"call_id": _call_id, "output": shapes.array(shapes.mapping)},
        {
            "type": shapes.anything,
            "id": _ANY_ID,
            "status": _status,
            "max_output_length": shapes.integer(),
            "caller": _caller,
        },
    ),
    "tool_search_call": _item(
        "tsc",
        {"arguments": shapes.mapping},
        call_id=_call_id,
        execution=shapes.word("server", "client"),
        status=_status,
    ),
    "tool_search_output": shapes.record(
        {"tools": tools.TOOLS},
        {
            "type": shapes.anything,
            "id": _ANY_ID,
            "call_id": _call_id,
            "execution": shapes.word("server", "client"),
            "status": _status,
        },
    ),
    "web_search_call": _item("ws", {}, action=_search_action, status=_any_status),
}

_kinds: Final = shapes.kinds(_ITEMS)


def item(value: Any, path: str) -> None:
    """Refuse an item of an unknown kind, or one that its kind forbids.

    An item without a type is a message, by its role. A reference may lack its type, too.
    """
    if not values.is_record(value):
        raise faults.wrong_type(path, "an input item", value)
    if value.get("type") is None:
        is_reference = "role" not in value and "id" in value and len(value) <= len(("type", "id"))
        (_ITEMS["item_reference"] if is_reference else _message)(value, path)
    else:
        _kinds(value, path)


_items: Final = shapes.array(item, "an array of input items")


@by_responses
def check_items(items: Any, path: str = "input") -> None:
    """Refuse *items*, which are at *path*, that the schema forbids.

    Raises:
        ApiError: The first fault, in their order.

    """
    _items(items, path)


def check_input(value: Any, path: str) -> None:
    """Refuse an input that is neither a text nor an array of valid items."""
    if type(value) is str:
        return
    if value is None:
        # The words treat null as a string that failed (measured).
        raise null_string(path)
    if not values.is_array(value):
        raise faults.wrong_type(path, "one of a string or array of input items", value)
    for number, one in enumerate(value):
        if not _is_plain(one):
            item(one, f"{path}[{number}]")


def _is_plain(value: Any) -> bool:
    """Return whether *value* is only a role and a text, as most are: nothing to check."""
    if not values.is_record(value) or len(value) != 2:  # noqa: PLR2004 - role and content
        return False
    role, content = value.get("role"), value.get("content")
    return type(content) is str and role in _ROLES and len(content) <= parts.MOST_TEXT


def null_string(path: str) -> ApiError:
    """Return the refusal of null where a string must be, which is called an object."""
    return faults.wrong_type(path, "a string", {})
