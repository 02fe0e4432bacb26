"""The items of an input: kinds, roles, parts, ids; calls and thoughts without their other half."""

from typing import Any

import pytest

from mockserver.conversation import ApiError
from mockserver.protocols.openai.responses.validation import check_items, check_pairs

USER = {"role": "user", "content": "ping"}
CALL = {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}"}
OUTPUT = {"type": "function_call_output", "call_id": "call_1", "output": "42"}
THOUGHT = {"type": "reasoning", "id": "rs_1", "summary": []}
KINDS = (
    "'additional_tools', 'agent_message', 'apply_patch_call', 'apply_patch_call_output', "
    "'code_interpreter_call', 'compaction', 'compaction_trigger', 'computer_call', "
    "'computer_call_output', 'custom_tool_call', 'custom_tool_call_output', 'file_search_call', "
    "'function_call', 'function_call_output', 'image_generation_call', 'item_reference', "
    "'local_shell_call', 'local_shell_call_output', 'mcp_approval_request', "
    "'mcp_approval_response', 'mcp_call', 'mcp_list_tools', 'message', 'multi_agent_call', "
    "'multi_agent_call_output', 'program', 'program_output', 'reasoning', 'shell_call', "
    "'shell_call_output', 'tool_search_call', 'tool_search_output', and 'web_search_call'"
)
ROLES = "'assistant', 'system', 'developer', and 'user'"
PARTS = (
    "'input_text', 'input_image', 'input_audio', 'output_text', 'refusal', 'input_file', "
    "'computer_screenshot', 'summary_text', and 'encrypted_content'"
)


def listed(path: str, value: str, supported: str) -> tuple[str, str, str]:
    return path, "invalid_value", f"Invalid value: '{value}'. Supported values are: {supported}."


def kind(path: str, expected: str, got: str) -> tuple[str, str, str]:
    message = f"Invalid type for '{path}': expected {expected}, but got {got} instead."
    return path, "invalid_type", message


def unknown(path: str) -> tuple[str, str, str]:
    return path, "unknown_parameter", f"Unknown parameter: '{path}'."


def missing(path: str) -> tuple[str, str, str]:
    return path, "missing_required_parameter", f"Missing required parameter: '{path}'."


def content(*parts: Any, role: str = "user") -> dict[str, Any]:
    return {"role": role, "content": list(parts)}


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        pytest.param(7, kind("input[1]", "an input item", "an integer"), id="a number"),
        pytest.param(None, kind("input[1]", "an input item", "null"), id="null"),
        pytest.param({"type": "thought"}, listed("input[1]", "thought", KINDS), id="unknown kind"),
        pytest.param({"type": 7}, listed("input[1]", "", KINDS), id="a kind that is no string"),
        pytest.param({}, listed("input[1]", "", ROLES), id="nothing"),
        pytest.param(
            {"role": "tool", "content": "x"}, listed("input[1]", "tool", ROLES), id="role"
        ),
        pytest.param({"role": "user"}, missing("input[1].content"), id="no content"),
        pytest.param(
            {"role": "user", "content": None},
            kind("input[1].content", "one of an array of objects or string", "null"),
            id="content null",
        ),
        pytest.param({**USER, "name": "x"}, unknown("input[1].name"), id="a name, as in chat"),
        pytest.param({**USER, "phase": "commentary"}, unknown("input[1].phase"), id="phase, user"),
        pytest.param(
            {"role": "assistant", "content": "x", "phase": "commentary"}, None, id="phase"
        ),
        pytest.param(
            {"type": "message", "id": "msg_1", "status": "completed", **USER}, None, id="in full"
        ),
        pytest.param(
            content({"type": "text", "text": "x"}),
            listed("input[1].content[0].type", "text", PARTS),
            id="a part of chat",
        ),
        pytest.param(
            content({"type": "output_text", "text": "x"}),
            listed(
                "input[1].content[0]",
                "output_text",
                "'input_text', 'input_image', 'input_file', 'scoped_content', and 'input_audio'",
            ),
            id="a part of the assistant",
        ),
        pytest.param(
            content({"type": "input_text", "text": "x"}, role="assistant"),
            listed("input[1].content[0]", "input_text", "'output_text' and 'refusal'"),
            id="a part of the user",
        ),
        pytest.param(
            content({"type": "input_text"}), missing("input[1].content[0].text"), id="no text"
        ),
        pytest.param(
            content({"type": "input_text", "text": "x", "cache_control": {}}),
            unknown("input[1].content[0].cache_control"),
            id="unknown in a part",
        ),
        pytest.param(
            content({"type": "input_image", "image_url": {"url": "x"}}),
            kind("input[1].content[0].image_url", "an image URL", "an object"),
            id="an image as in chat",
        ),
        pytest.param(
            content({"type": "input_file", "file_data": "data:audio/mpeg;base64,AA"}),
            (
                "input[1].content[0].file_data",
                "invalid_value",
                (
                    "Invalid file data: 'input[1].content[0].file_data'. Expected a "
                    "base64-encoded data URL with a valid file MIME type (e.g. "
                    "'data:text/plain;base64,SGVsbG8sIFdvcmxkIQ=='), "
                    "but got unsupported MIME type 'audio/mpeg'. Please see "
                    "https://platform.openai.com/docs/assistants/tools/file-search#supported-files "
                    "for supported file types."
                ),
            ),
            id="a file that is a sound",
        ),
        pytest.param(
            {**CALL, "id": "call_1"},
            (
                "input[1].id",
                "invalid_value",
                "Invalid 'input[1].id': 'call_1'. Expected an ID that begins with 'fc'.",
            ),
            id="an id of another kind",
        ),
        pytest.param(
            {**USER, "id": ""},
            (
                "input[1].id",
                "invalid_value",
                (
                    "Invalid 'input[1].id': ''. Expected an ID that contains letters, numbers, "
                    "underscores, or dashes, but this value contained additional characters."
                ),
            ),
            id="an empty id",
        ),
        pytest.param({**CALL, "status": None}, None, id="null where nothing need be"),
        pytest.param({**THOUGHT, "status": None}, unknown("input[1].status"), id="no status there"),
        pytest.param(
            {"type": "web_search_call", "action": {"type": "open_page", "query": None}},
            unknown("input[1].action.query"),
            id="an action with too much",
        ),
        pytest.param(
            {**OUTPUT, "output": {"a": 1}},
            kind("input[1].output", "one of a string or array of objects", "an object"),
            id="an output that is an object",
        ),
        pytest.param(
            {**OUTPUT, "output": [{"type": "output_text", "text": "x"}]},
            listed(
                "input[1].output[0]",
                "output_text",
                "'input_text', 'input_image', 'input_file', and 'scoped_content'",
            ),
            id="an output with a part of the assistant",
        ),
        pytest.param({"id": "msg_1"}, None, id="a reference without its type"),
    ],
)
def test_an_item_is_refused_in_the_apis_words(fault: Any, item: Any, expected: Any) -> None:
    members = {"input": [USER, item], "previous_response_id": "resp_1"}

    assert fault(**members) == expected


PUT_OUT: list[dict[str, Any]] = [
    {"type": "apply_patch_call", "id": "apc_1", "call_id": "c", "status": "completed",
     "operation": {"type": "delete_file", "path": "a"}},
    {"type": "code_interpreter_call", "id": "ci_1", "status": "completed", "code": "1",
     "container_id": "cntr_1", "outputs": None},
    {"type": "compaction", "id": "cmp_1", "encrypted_content": "gAAAAA"},
    {"type": "computer_call", "id": "cu_1", "status": "completed", "call_id": "c",
     "action": {"type": "screenshot"}, "pending_safety_checks": []},
    {"type": "custom_tool_call", "id": "ctc_1", "status": "completed", "call_id": "c",
     "input": "x", "name": "f"},
    {"type": "file_search_call", "id": "fs_1", "status": "completed", "queries": ["x"],
     "results": None},
    {"type": "function_call", "id": "fc_1", "status": "completed", "arguments": "{}",
     "call_id": "c", "name": "f"},
    {"type": "image_generation_call", "id": "ig_1", "status": "completed", "action": "generate",
     "background": "opaque", "output_format": "png", "quality": "low", "result": "AA",
     "revised_prompt": "x", "size": "1024x1024"},
    {"type": "local_shell_call", "id": "ls_1", "status": "completed", "call_id": "c",
     "action": {"type": "exec", "command": ["ls"], "env": {}}},
    {"type": "mcp_approval_request", "id": "mcpr_1", "arguments": "{}", "name": "f",
     "server_label": "s"},
    {"type": "mcp_call", "id": "mcp_1", "status": "completed", "approval_request_id": None,
     "arguments": "{}", "error": None, "name": "f", "output": "x", "server_label": "s"},
    {"type": "mcp_list_tools", "id": "mcpl_1", "server_label": "s",
     "tools": [{"name": "f", "input_schema": {}}]},
    {"type": "message", "id": "msg_1", "status": "completed", "phase": "final_answer",
     "role": "assistant",
     "content": [{"type": "output_text", "annotations": [], "logprobs": [], "text": "x"}]},
    {"type": "program", "id": "cm_1", "call_id": "c", "code": "1", "fingerprint": "x"},
    {"type": "reasoning", "id": "rs_1", "content": [], "encrypted_content": "gAAAAA",
     "summary": [{"type": "summary_text", "text": "x"}]},
    {"type": "shell_call", "id": "sh_1", "status": "completed", "call_id": "c",
     "action": {"commands": ["ls"], "max_output_length": None, "timeout_ms": None},
     "environment": {"type": "container_reference", "container_id": "cntr_1"}},
    {"type": "tool_search_call", "id": "tsc_1", "status": "completed", "arguments": {},
     "call_id": None, "execution": "server"},
    {"type": "web_search_call", "id": "ws_1", "status": "completed",
     "action": {"type": "search", "queries": ["x"], "query": "x", "sources": []}},
]  # fmt: skip


@pytest.mark.parametrize("item", PUT_OUT, ids=lambda item: item["type"])
def test_what_an_answer_puts_out_is_taken_back(item: Any) -> None:
    check_items([item])


@pytest.mark.parametrize("item", PUT_OUT, ids=lambda item: item["type"])
def test_an_item_has_no_unknown_members(item: Any) -> None:
    with pytest.raises(ApiError, match=r"Unknown parameter: 'items\[0\]\.bogus'\."):
        check_items([{**item, "bogus": 1}], "items")


@pytest.mark.parametrize(
    ("items", "message"),
    [
        pytest.param([CALL, OUTPUT], None, id="a pair"),
        pytest.param([CALL], "No tool output found for function call call_1.", id="a call"),
        pytest.param(
            [OUTPUT],
            "No tool call found for function call output with call_id call_1.",
            id="an output",
        ),
        pytest.param(
            [{**CALL, "type": "custom_tool_call"}],
            "No tool output found for custom tool call call_1.",
            id="a custom call",
        ),
        pytest.param(
            [{"type": "tool_search_call", "call_id": "x", "execution": "server"}],
            None,
            id="a search that the provider made",
        ),
        pytest.param(
            [THOUGHT, {"role": "assistant", "content": "x"}],
            "Item 'rs_1' of type 'reasoning' was provided without its required following item.",
            id="a thought whose message has no id",
        ),
        pytest.param(
            [THOUGHT],
            "Item 'rs_1' of type 'reasoning' was provided without its required following item.",
            id="a thought at the end",
        ),
        pytest.param([THOUGHT, {"id": "msg_1", "role": "assistant"}], None, id="its message"),
        pytest.param([{"type": "reasoning", "summary": []}, USER], None, id="a thought of no id"),
        pytest.param(
            [THOUGHT, {**CALL, "id": "fc_1"}, OUTPUT, THOUGHT, {**CALL, "id": "fc_2"}],
            "Duplicate item found with id rs_1. Remove duplicate items from your input and try "
            "again.",
            id="the same thought twice",
        ),
    ],
)
def test_what_belongs_together_must_be_there(items: Any, message: str | None) -> None:
    if message is None:
        check_pairs(items)
        return
    with pytest.raises(ApiError) as caught:
        check_pairs(items)

    error = caught.value
    assert (error.message, error.param, error.code) == (message, "input", None)


def test_a_thought_may_stand_alone_where_nothing_is_stored(fault: Any) -> None:
    items = [USER, THOUGHT, {"role": "assistant", "content": "x"}]

    assert fault(input=items) is not None
    assert fault(input=items, store=False) is None


@pytest.mark.parametrize(
    "members",
    [
        pytest.param({"previous_response_id": "resp_1"}, id="a response"),
        pytest.param({"conversation": {"id": "conv_1"}}, id="a conversation"),
    ],
)
def test_the_other_half_may_be_stored(fault: Any, members: Any) -> None:
    assert fault(input=[OUTPUT], **members) is None
    assert fault(input=[{"type": "item_reference", "id": "fc_1"}, OUTPUT]) is None
