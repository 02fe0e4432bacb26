"""Each row of what is known of refused messages: param, code and message."""

from typing import Any

import pytest

TERRA = "gpt-5.6-terra"
USER = {"role": "user", "content": "a"}
NULL_CONTENT = "Invalid value for 'content': expected a string, got null."
TEXT_OR_ARRAY = "one of a string or array of objects"


def wrong_type(param: str, expected: str, got: str) -> tuple[str, str, str]:
    message = f"Invalid type for '{param}': expected {expected}, but got {got} instead."
    return param, "invalid_type", message


def missing(param: str) -> tuple[str, str, str]:
    return param, "missing_required_parameter", f"Missing required parameter: '{param}'."


def empty(param: str) -> tuple[str, str, str]:
    return (
        param,
        "empty_array",
        (
            f"Invalid '{param}': empty array. "
            "Expected an array with minimum length 1, but got an empty array instead."
        ),
    )


def call(name: str = "f", call_id: str = "call_1", **changes: Any) -> dict[str, Any]:
    function = {"name": name, "arguments": "{}"}
    made = {"id": call_id, "type": "function", "function": function, **changes}
    return {key: value for key, value in made.items() if value is not ...}


def assistant(*calls: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": None, "tool_calls": list(calls), **members}


def tool(call_id: str = "call_1", **members: Any) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": call_id, "content": "42", **members}


@pytest.mark.parametrize(
    ("messages", "fault"),
    [
        pytest.param([], empty("messages"), id="no message"),
        pytest.param(
            ["ping"], wrong_type("messages[0]", "an object", "a string"), id="a bare string"
        ),
        pytest.param([{"content": "ping"}], missing("messages[0].role"), id="no role"),
        pytest.param(
            [{"role": 7, "content": "ping"}],
            wrong_type(
                "messages[0].role",
                "one of 'system', 'assistant', 'user', 'function', 'tool', or 'developer'",
                "an integer",
            ),
            id="a role that is a number",
        ),
        pytest.param(
            [USER, {"role": "bogus", "content": "ping"}],
            (
                "messages[1].role",
                "invalid_value",
                (
                    "Invalid value: 'bogus'. Supported values are: 'system', 'assistant', 'user', "
                    "'function', 'tool', and 'developer'."
                ),
            ),
            id="an unknown role",
        ),
        pytest.param(
            [{"role": "user", "content": 7}],
            wrong_type("messages[0].content", TEXT_OR_ARRAY, "an integer"),
            id="content that is a number",
        ),
        pytest.param(
            [USER, {"role": "user", "content": {"a": 1}}],
            wrong_type("messages[1].content", TEXT_OR_ARRAY, "an object"),
            id="content that is an object",
        ),
        pytest.param(
            [{"role": "user"}], ("messages.[0].content", None, NULL_CONTENT), id="no content"
        ),
        pytest.param(
            [USER, {"role": "assistant", "content": None}],
            ("messages.[1].content", None, NULL_CONTENT),
            id="null content",
        ),
        pytest.param(
            [USER, {"role": "developer"}],
            missing("messages[1].content"),
            id="a developer without content",
        ),
        pytest.param(
            [USER, {"role": "developer", "content": None}],
            wrong_type("messages[1].content", TEXT_OR_ARRAY, "null"),
            id="a developer with null content",
        ),
        pytest.param(
            [{"role": "function", "content": "x"}],
            (
                "messages.[0].name",
                None,
                "Missing parameter 'name': messages with role 'function' must have a 'name'.",
            ),
            id="a function without a name",
        ),
        pytest.param(
            [{"role": "user", "content": "x", "name": "a b"}],
            (
                "messages[0].name",
                "invalid_value",
                (
                    "Invalid 'messages[0].name': string does not match pattern. "
                    "Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'."
                ),
            ),
            id="a name with a space",
        ),
        pytest.param(
            [{"role": "user", "content": "x", "name": 7}],
            wrong_type("messages[0].name", "a string", "an integer"),
            id="a name that is a number",
        ),
        pytest.param(
            [{"role": "user", "content": "x" * 10_485_761}],
            (
                "messages[0].content",
                "string_above_max_length",
                (
                    "Invalid 'messages[0].content': string too long. Expected a "
                    "string with maximum "
                    "length 10485760, but got a string with length 10485761 instead."
                ),
            ),
            id="a content of ten megabytes",
        ),
    ],
)
def test_a_bad_message_is_refused(chat_fault: Any, messages: object, fault: object) -> None:
    assert chat_fault(messages=messages) == fault


@pytest.mark.parametrize("instead", ["tool_calls", "function_call", "refusal", "audio"])
def test_null_stands_in_for_no_content(chat_fault: Any, instead: str) -> None:
    messages = [USER, {"role": "assistant", instead: None}]

    assert chat_fault(messages=messages) == ("messages.[1].content", None, NULL_CONTENT)


@pytest.mark.parametrize(
    ("role", "members"),
    [
        pytest.param("user", {"refusal": "no"}, id="a user who refuses"),
        pytest.param("user", {"tool_calls": [call()]}, id="a user who calls"),
        pytest.param("system", {"audio": {"id": "a"}}, id="a system that speaks"),
        pytest.param("tool", {"tool_call_id": "c", "refusal": "no"}, id="a tool that refuses"),
    ],
)
def test_only_an_assistant_has_something_instead_of_content(
    chat_fault: Any, role: str, members: dict[str, Any]
) -> None:
    messages = [USER, {"role": role, **members}]

    assert chat_fault(messages=messages) == ("messages.[1].content", None, NULL_CONTENT)


CALLS = "messages[1].tool_calls"


@pytest.mark.parametrize(
    ("message", "fault"),
    [
        pytest.param(assistant(), empty(CALLS), id="no calls"),
        pytest.param(assistant(content="x"), empty(CALLS), id="no calls beside content"),
        pytest.param(
            {"role": "assistant", "content": "x", "tool_calls": "x"},
            wrong_type(CALLS, "an array of objects", "a string"),
            id="calls in words",
        ),
        pytest.param(
            assistant(*[call()] * 129),
            (
                CALLS,
                "array_above_max_length",
                (
                    f"Invalid '{CALLS}': array too long. Expected an array with "
                    f"maximum length 128, "
                    "but got an array with length 129 instead."
                ),
            ),
            id="too many calls",
        ),
        pytest.param(assistant(call(id=...)), missing(f"{CALLS}[0].id"), id="a call without id"),
        pytest.param(
            assistant(call(call_id="c" * 46)),
            (
                f"{CALLS}[0].id",
                "string_above_max_length",
                (
                    f"Invalid '{CALLS}[0].id': string too long. Expected a string "
                    f"with maximum length "
                    "40, but got a string with length 46 instead."
                ),
            ),
            id="a call with a long id",
        ),
        pytest.param(
            assistant(call(type=...)), missing(f"{CALLS}[0].type"), id="a call of no type"
        ),
        pytest.param(
            assistant(call(type="bogus")),
            (
                f"{CALLS}[0].type",
                "invalid_value",
                "Invalid value: 'bogus'. Supported values are: 'function' and 'custom'.",
            ),
            id="a call of an unknown type",
        ),
        pytest.param(
            assistant(call(function=...)),
            missing(f"{CALLS}[0].function"),
            id="a call of nothing",
        ),
        pytest.param(
            assistant(call(name="a.b")),
            (
                f"{CALLS}[0].function.name",
                "invalid_value",
                (
                    f"Invalid '{CALLS}[0].function.name': string does not match pattern. "
                    "Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'."
                ),
            ),
            id="a call of a name with a dot",
        ),
        pytest.param(
            assistant(call(function={"name": "f", "arguments": {"a": 1}})),
            wrong_type(f"{CALLS}[0].function.arguments", "a string", "an object"),
            id="arguments that are an object",
        ),
        pytest.param(
            assistant(call(function={"name": "f"})),
            missing(f"{CALLS}[0].function.arguments"),
            id="a call without arguments",
        ),
        pytest.param(
            {"role": "assistant", "content": None, "function_call": {"name": "f"}},
            missing("messages[1].function_call.arguments"),
            id="a legacy call without arguments",
        ),
    ],
)
def test_a_bad_call_is_refused(chat_fault: Any, message: object, fault: object) -> None:
    assert chat_fault(messages=[USER, message]) == fault


UNANSWERED = (
    "An assistant message with 'tool_calls' must be followed by tool messages responding to each "
    "'tool_call_id'. The following tool_call_ids did not have response messages: "
)
STRAY = (
    "Invalid parameter: messages with role 'tool' must be a response to a preceeding message "
    "with 'tool_calls'."
)


@pytest.mark.parametrize(
    ("messages", "fault"),
    [
        pytest.param(
            [USER, assistant(call())],
            ("messages", None, UNANSWERED + "call_1"),
            id="a call at the end",
        ),
        pytest.param(
            [assistant(call(), call(call_id="call_2")), USER, tool(), tool("call_2")],
            ("messages", None, UNANSWERED + "call_1, call_2"),
            id="answers that come too late",
        ),
        pytest.param(
            [assistant(call(), call(call_id="call_2")), tool()],
            ("messages", None, UNANSWERED + "call_2"),
            id="one answer of two",
        ),
        pytest.param([USER, tool()], ("messages.[1].role", None, STRAY), id="an answer to nobody"),
        pytest.param(
            [assistant(call()), tool(), USER, tool()],
            ("messages.[3].role", None, STRAY),
            id="an answer after the turn is over",
        ),
        pytest.param(
            [assistant(call()), tool("call_9")],
            (
                "messages.[1].tool_call_id",
                None,
                (
                    "Invalid parameter: 'tool_call_id' of 'call_9' not found in 'tool_calls' of "
                    "previous message."
                ),
            ),
            id="an answer to another call",
        ),
        pytest.param(
            [assistant(call()), {"role": "tool", "content": "42"}],
            (
                "messages.[1].tool_call_id",
                None,
                (
                    "Missing parameter 'tool_call_id': messages with role 'tool' must have a "
                    "'tool_call_id'."
                ),
            ),
            id="an answer to it does not say what",
        ),
        pytest.param(
            [assistant(call()), tool(tool_call_id=7)],
            wrong_type("messages[1].tool_call_id", "a string", "an integer"),
            id="an answer to a number",
        ),
    ],
)
def test_calls_and_answers_must_find_each_other(
    chat_fault: Any, messages: object, fault: object
) -> None:
    assert chat_fault(messages=messages) == fault


PART = "messages[0].content[1]"
PICTURE = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ"
NOT_A_PDF = (
    f"Invalid file data: '{PART}.file.file_data'. Expected a base64-encoded data URL with an "
    "application/pdf MIME type (e.g. 'data:application/pdf;base64,SGVsbG8sIFdvcmxkIQ=='), but got "
)
NO_BASE64 = (
    f"{PART}.file.file_data",
    "invalid_value",
    NOT_A_PDF + "an invalid base64-encoded value.",
)


def not_downloaded(url: str) -> tuple[None, str, str]:
    message = f"Failed to download image from {url}. Image URL is invalid."
    return None, "invalid_image_url", message


def image(url: object = PICTURE, **members: object) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url, **members}}


@pytest.mark.parametrize(
    ("part", "fault"),
    [
        pytest.param("x", wrong_type(PART, "an object", "a string"), id="a bare string"),
        pytest.param({"text": "x"}, missing(f"{PART}.type"), id="no type"),
        pytest.param(
            {"type": "image"},
            (
                f"{PART}.type",
                "invalid_value",
                (
                    "Invalid value: 'image'. Supported values are: 'text', 'image_url', "
                    "'input_audio', 'refusal', 'audio', and 'file'."
                ),
            ),
            id="an unknown type",
        ),
        pytest.param({"type": "text"}, missing(f"{PART}.text"), id="a text without text"),
        pytest.param(
            {"type": "text", "text": 7},
            wrong_type(f"{PART}.text", "a string", "an integer"),
            id="a text of a number",
        ),
        pytest.param(
            {"type": "image_url"}, missing(f"{PART}.image_url"), id="an image without an image"
        ),
        pytest.param(
            {"type": "image_url", "image_url": PICTURE},
            wrong_type(f"{PART}.image_url", "an object", "a string"),
            id="an image that is a string",
        ),
        pytest.param(
            {"type": "image_url", "image_url": {}},
            missing(f"{PART}.image_url.url"),
            id="an image without a URL",
        ),
        pytest.param(
            image(detail="blurred"),
            (
                f"{PART}.image_url.detail",
                "invalid_value",
                "Invalid value: 'blurred'. Supported values are: 'auto', 'low', and 'high'.",
            ),
            id="an unknown detail",
        ),
        pytest.param(
            image("data:image/bmp;base64,Qk0eAAAAAAAAABoA"),
            (
                None,
                "invalid_image_format",
                (
                    "You uploaded an unsupported image. Please make sure your image has of one the "
                    "following formats: ['png', 'jpeg', 'gif', 'webp']."
                ),
            ),
            id="an image of another format",
        ),
        pytest.param(
            image("data:application/pdf;base64,JVBERi0xLjQ="),
            (None, "invalid_image_format", "Invalid MIME type. Only image types are supported."),
            id="an image that is a document",
        ),
        pytest.param(
            image("data:image/png;base64,undefined"),
            (None, "invalid_base64", "Invalid base64 image_url."),
            id="an image that is no base64",
        ),
        pytest.param(
            image("data:image/png;base64,"),
            (None, "invalid_base64", "Invalid base64 image_url."),
            id="an empty image",
        ),
        pytest.param(
            image("iVBORw0KGgoAAAANSUhEUgAAAAEAAAAB"),
            not_downloaded("iVBORw0KGgoAAAANSUhEUgAAAAEAAAAB"),
            id="E4 an image without a scheme",
        ),
        pytest.param(
            image("photos/file_1.jpg"), not_downloaded("photos/file_1.jpg"), id="E4 a path"
        ),
        pytest.param(image("not a url"), not_downloaded("not a url"), id="E4 words"),
        pytest.param(image(""), not_downloaded(""), id="E4 nothing"),
        pytest.param(image("https://"), not_downloaded("https://"), id="E4 no host"),
        pytest.param(
            image("ftp://a.b/c.png"), not_downloaded("ftp://a.b/c.png"), id="E4 another scheme"
        ),
        pytest.param(
            {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "ogg"}},
            (
                f"{PART}.input_audio.format",
                "invalid_value",
                "Invalid value: 'ogg'. Supported values are: 'wav' and 'mp3'.",
            ),
            id="audio of another format",
        ),
        pytest.param(
            {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
            (
                "messages[0]",
                "invalid_value",
                (
                    "Invalid 'messages[0]'. Content blocks are expected to be either text or "
                    "image_url type."
                ),
            ),
            id="audio for a model without ears",
        ),
        pytest.param({"type": "file"}, missing(f"{PART}.file"), id="a file without a file"),
        pytest.param(
            {"type": "file", "file": {"filename": "a.pdf"}},
            missing(f"{PART}.file.file_id"),
            id="a file without data",
        ),
        pytest.param(
            {"type": "file", "file": {"file_data": "JVBERi0x"}},
            (
                f"{PART}.file.file_data",
                "invalid_value",
                NOT_A_PDF + "a value without the 'data:' prefix.",
            ),
            id="a file without a scheme",
        ),
        pytest.param(
            {"type": "file", "file": {"file_data": "data:text/plain;base64,aGk="}},
            (
                f"{PART}.file.file_data",
                "invalid_value",
                NOT_A_PDF + "unsupported MIME type 'text/plain'.",
            ),
            id="a file of another type",
        ),
        pytest.param(
            {"type": "file", "file": {"file_data": "data:application/pdf;base64,JVBERi0xLjQ"}},
            NO_BASE64,
            id="E11 a file whose padding is missing",
        ),
        pytest.param(
            {"type": "file", "file": {"file_data": "data:application/pdf;base64,https://a.b/c"}},
            NO_BASE64,
            id="E11 a file that is a URL",
        ),
        pytest.param(
            {"type": "file", "file": {"file_data": "data:application/pdf,hello"}},
            NO_BASE64,
            id="E11 a file that is not declared as base64",
        ),
        pytest.param(
            {"type": "file", "file": {"file_data": "data:application/pdf;base64,"}},
            (
                f"{PART}.file.file_data",
                "invalid_value",
                NOT_A_PDF + "empty base64-encoded bytes.",
            ),
            id="E11 an empty file",
        ),
    ],
)
def test_a_bad_part_is_refused(chat_fault: Any, part: object, fault: object) -> None:
    content = [{"type": "text", "text": "What is this?"}, part]

    assert chat_fault(messages=[{"role": "user", "content": content}]) == fault


@pytest.mark.parametrize("role", ["system", "tool"])
def test_only_users_show_images_to_older_models(chat_fault: Any, role: str) -> None:
    shown = {"role": role, "tool_call_id": "call_1", "content": [image()]}
    messages = [USER, assistant(call()), shown] if role == "tool" else [USER, USER, shown]

    assert chat_fault(messages=messages) == (
        "messages[2]",
        "invalid_value",
        (
            "Invalid 'messages[2]'. Image URLs are only allowed for messages with role 'user', "
            f"but this message with role '{role}' contains an image URL."
        ),
    )


def test_tools_show_images_to_newer_models(chat_fault: Any) -> None:
    messages = [USER, assistant(call()), tool(content=[image()])]

    assert chat_fault("gpt-5-nano", messages=messages) is None


@pytest.mark.parametrize("model", ["gpt-3.5-turbo", "gpt-4", "gpt-4-turbo-preview", "o3-mini"])
def test_a_model_without_eyes_sees_no_images(chat_fault: Any, model: str) -> None:
    messages = [{"role": "user", "content": [{"type": "text", "text": "x"}, image()]}]

    assert chat_fault(model, messages=messages) == (
        "messages.[0].content.[1].type",
        None,
        "Invalid content type. image_url is only supported by certain models.",
    )
