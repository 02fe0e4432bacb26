"""The messages of a chat request: roles, contents, names, and tool calls of assistants.

Two kinds of fault live here. The schema's are raised at once, in the order of the messages. Those
of the older checks inside the endpoint are reported only if nothing else in the body is wrong:
the first of them is returned, for the caller to raise last.

Source:
    The order and the words: live calls to gpt-5.6-terra published by a third party, 2026-08-30
    and 2026-08-31, of pairs of faults. The words of the older checks: recorded answers of 2025,
    and public issues since 2023.
"""

from collections.abc import Mapping
from typing import Any, Final

from mockserver.conversation import ApiError
from mockserver.protocols.openai.validation import faults, parts, values
from mockserver.protocols.openai.validation.looking import MOST_CHARACTERS, PLAIN_ROLES
from mockserver.protocols.openai.validation.pairing import unpaired
from mockserver.protocols.openai.validation.restrictions import Restrictions

_ROLES: Final = ("system", "assistant", "user", "function", "tool", "developer")

_INSTEAD_OF_CONTENT: Final = ("tool_calls", "function_call", "refusal", "audio")
"""What an assistant's message may have instead of content."""

_MOST_NAME: Final = 64
_MOST_CALLS: Final = 128


def check_messages(messages: Any, restrictions: Restrictions) -> ApiError | None:
    """Refuse *messages* that the schema forbids; return the first fault that is reported last."""
    messages = values.array(messages, "messages")
    if not messages:
        raise faults.empty_array("messages")
    late: ApiError | None = None
    all_plain = True
    for index, message in enumerate(messages):
        if _is_plain(message, restrictions):
            continue
        all_plain = False
        fault = _check_message(message, index, restrictions)
        late = late or fault
    return late if all_plain else late or unpaired(messages)


def _is_plain(message: Any, restrictions: Restrictions) -> bool:
    """Return whether *message* is only a role and a text, as most are: nothing to check."""
    if not values.is_record(message) or len(message) != 2:  # noqa: PLR2004 - role and content
        return False
    role, content = message.get("role"), message.get("content")
    return (
        type(content) is str
        and len(content) <= MOST_CHARACTERS
        and type(role) is str
        and role in PLAIN_ROLES
        and role not in restrictions.refused_roles
    )


def _check_message(message: Any, index: int, restrictions: Restrictions) -> ApiError | None:
    path = f"messages[{index}]"
    message = values.record(message, path)
    role = _role(message, path, restrictions)
    late = _check_content(message, role, index, restrictions)
    name = message.get("name")
    if name is not None:
        values.name(values.text(name, f"{path}.name"), f"{path}.name", _MOST_NAME)
    if role == "assistant":
        _check_calls(message, path, restrictions)
    elif role == "tool":
        late = late or _check_tool_call_id(message, index)
    elif role == "function" and name is None:
        late = late or faults.said(
            "Missing parameter 'name': messages with role 'function' must have a 'name'.",
            f"messages.[{index}].name",
        )
    return late


def _role(message: Mapping[str, Any], path: str, restrictions: Restrictions) -> str:
    role = values.member(message, "role", path)
    path = f"{path}.role"
    if type(role) is not str:
        raise faults.wrong_type(path, f"one of {faults.listed(_ROLES, 'or')}", role)
    if role not in _ROLES:
        raise faults.not_listed(path, role, _ROLES)
    if role in restrictions.refused_roles:
        raise faults.unsupported_value(path, f"'{role}'")
    return role


def _check_content(
    message: Mapping[str, Any], role: str, index: int, restrictions: Restrictions
) -> ApiError | None:
    content = message.get("content")
    path = f"messages[{index}].content"
    if type(content) is str:
        if len(content) > MOST_CHARACTERS:
            raise faults.long_string(path, MOST_CHARACTERS, len(content))
        return None
    if values.is_array(content):
        return parts.check_parts(content, role, index, restrictions)
    if role == "developer" and content is None:
        # Only the schema of this role requires content.
        content = values.member(message, "content", f"messages[{index}]")
    elif content is None:
        return _check_absence(message, role, index)
    raise faults.wrong_type(path, "one of a string or array of objects", content)


def _check_absence(message: Mapping[str, Any], role: str, index: int) -> ApiError | None:
    """Return the fault of a message without content, unless it has something in its place."""
    if role == "assistant" and any(message.get(key) is not None for key in _INSTEAD_OF_CONTENT):
        return None
    return faults.said(
        "Invalid value for 'content': expected a string, got null.", f"messages.[{index}].content"
    )


def _check_calls(message: Mapping[str, Any], path: str, restrictions: Restrictions) -> None:
    """Check the tool calls of an assistant; other roles' members of that name are ignored."""
    refusal = message.get("refusal")
    if refusal is not None:
        values.text(refusal, f"{path}.refusal")
    calls = message.get("tool_calls")
    if calls is not None:
        calls_path = f"{path}.tool_calls"
        calls = values.array(calls, calls_path)
        if not calls:
            raise faults.empty_array(calls_path)
        if len(calls) > _MOST_CALLS:
            raise faults.long_array(calls_path, _MOST_CALLS, len(calls))
        for number, call in enumerate(calls):
            _check_call(call, f"{calls_path}[{number}]", restrictions)
    function_call = message.get("function_call")
    if function_call is not None:
        path = f"{path}.function_call"
        _check_called(values.record(function_call, path), path, "arguments", restrictions)


def _check_call(call: Any, path: str, restrictions: Restrictions) -> None:
    call = values.record(call, path)
    call_id = values.text_member(call, "id", path)
    most = restrictions.most_call_id
    if len(call_id) > most and not restrictions.lenient:
        raise faults.long_string(f"{path}.id", most, len(call_id))
    kind = values.text_member(call, "type", path)
    if kind in ("function", "custom"):
        called = values.record_member(call, kind, path)
        content = "arguments" if kind == "function" else "input"
        _check_called(called, f"{path}.{kind}", content, restrictions)
    elif not (restrictions.lenient or restrictions.open_kinds):
        raise faults.not_listed(f"{path}.type", kind, ("function", "custom"))


def _check_called(
    called: Mapping[str, Any], path: str, content: str, restrictions: Restrictions
) -> None:
    """Check what was called, which has a name and a *content* in text."""
    if restrictions.lenient:
        values.text_member(called, "name", path)
    else:
        values.name_member(called, path, values.MOST_FUNCTION_NAME)
    values.text_member(called, content, path)


def _check_tool_call_id(message: Mapping[str, Any], index: int) -> ApiError | None:
    call_id = message.get("tool_call_id")
    if call_id is None:
        return faults.said(
            "Missing parameter 'tool_call_id': messages with role 'tool' must have a "
            "'tool_call_id'.",
            f"messages.[{index}].tool_call_id",
        )
    values.text(call_id, f"messages[{index}].tool_call_id")
    return None
