"""`unoffered` and `off_schema`: what the request does not offer, or its schemas do not allow."""

import json
from typing import Any

import pytest
from support.inprocess import Answered, Api

CITY = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
TOOL = {"type": "function", "function": {"name": "get_weather", "parameters": CITY}}
FORMAT = {
    "type": "json_schema",
    "json_schema": {"name": "place", "strict": True, "schema": CITY},
}
UNOFFERED = ("the answer calls 'get_wether', which the request does not offer",)
ARGUMENTS = ("the arguments of 'get_weather' are not valid for the tool's schema",)
TEXT = ("the answer is not valid for the schema 'place' of the request",)


def calling(name: str, arguments: object, more: str = "") -> str:
    call = {"name": name, "arguments": arguments}
    return f"{{kind: tool_calls, calls: [{json.dumps(call)}]{more}}}"


def answered(reply: str, fail: str = "", **members: Any) -> Answered:
    failing = f", fail: {fail}" if fail else ""
    return Api(f"rules: [{{reply: {reply}{failing}}}]").chat(**members)


@pytest.mark.parametrize(
    ("reply", "members", "unoffered", "off_schema"),
    [
        pytest.param(
            calling("get_wether", {"city": "Paris"}), {"tools": [TOOL]}, UNOFFERED, (), id="typo"
        ),
        pytest.param(calling("get_wether", {}), {}, UNOFFERED, (), id="no tools at all"),
        pytest.param(
            calling("get_weather", {"city": "Paris"}), {"tools": [TOOL]}, (), (), id="valid call"
        ),
        pytest.param(
            calling("get_weather", {"town": "Paris"}), {"tools": [TOOL]}, (), ARGUMENTS, id="typed"
        ),
        pytest.param(
            calling("get_weather", '{"city": '), {"tools": [TOOL]}, (), ARGUMENTS, id="not JSON"
        ),
        pytest.param(
            '{kind: json, value: {"city": "Paris"}}', {"response_format": FORMAT}, (), (), id="fits"
        ),
        pytest.param(
            '{kind: json, value: {"town": 1}}', {"response_format": FORMAT}, (), TEXT, id="differs"
        ),
        pytest.param("Paris.", {"response_format": FORMAT}, (), TEXT, id="no JSON"),
        pytest.param("Paris.", {}, (), (), id="nothing is asked for"),
        pytest.param(
            "{kind: refusal, text: No.}", {"response_format": FORMAT}, (), (), id="a refusal"
        ),
        pytest.param(
            '{kind: json, value: {"town": "Paris"}}',
            {"response_format": FORMAT, "max_tokens": 2},
            (),
            (),
            id="an answer that was cut",
        ),
        pytest.param(
            calling("get_wether", {}, ", exact: true"), {"tools": [TOOL]}, (), (), id="exact"
        ),
        pytest.param(
            '{kind: json, value: {"town": 1}, exact: true}',
            {"response_format": FORMAT},
            (),
            (),
            id="exact JSON",
        ),
        pytest.param("{kind: auto}", {"response_format": FORMAT}, (), (), id="auto"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_what_the_api_could_not_have_said_is_told(
    reply: str,
    members: dict[str, Any],
    unoffered: tuple[str, ...],
    off_schema: tuple[str, ...],
    *,
    stream: bool,
) -> None:
    call = answered(reply, stream=stream, **members).call

    assert (call.unoffered, call.off_schema) == (unoffered, off_schema)
    assert call.notes or not unoffered + off_schema


@pytest.mark.parametrize("fail", ["unknown_tool", "bad_arguments"])
def test_a_failure_that_bends_on_purpose_is_not_judged(fail: str) -> None:
    call = answered(calling("get_weather", {"city": "Paris"}), fail, tools=[TOOL]).call

    assert (call.failures, call.unoffered, call.off_schema) == ((fail,), (), ())


def test_an_answer_that_nobody_wrote_is_not_judged() -> None:
    call = Api().chat(response_format=FORMAT).call

    assert (call.unoffered, call.off_schema) == ((), ())


def test_a_schema_that_another_request_had_is_not_taken_for_this_ones() -> None:
    api = Api('rules: [{reply: {kind: json, value: {"city": "Paris"}}}]')
    other: Any = {
        "type": "json_schema",
        "json_schema": {"name": "place", "schema": {**CITY, "required": ["town"]}},
    }

    found = [api.chat(response_format=form).call.off_schema for form in (FORMAT, other, FORMAT)]

    assert found == [(), TEXT, ()]


def test_the_same_request_again_is_told_again() -> None:
    api = Api(f"rules: [{{reply: {calling('get_wether', {})}}}]")

    assert [api.chat(tools=[TOOL]).call.unoffered for _ in range(4)] == [UNOFFERED] * 4
