"""What each kind of reply answers, on both endpoints, and what it refuses to be."""

import json
from typing import Any

import jsonschema
import pytest
from support.inprocess import Api

from mockserver.errors import BadValue
from mockserver.replies.choices import Choices
from mockserver.replies.json_schema import JsonSchema
from mockserver.replies.lorem import Lorem
from mockserver.replies.text import Text
from mockserver.replies.tool_calls import ToolCalls

AUTO = Api()
PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer", "minimum": 18}},
    "required": ["name", "age"],
    "additionalProperties": False,
}
TOOLS = [
    {"type": "function", "function": {"name": name, "parameters": PERSON}}
    for name in ("add_person", "find_person")
]


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def replying(reply: str) -> Api:
    return Api(f"rules: [{{name: only, reply: {reply}}}]")


# --- By itself -------------------------------------------------------------------------------


def test_by_itself_a_text_is_answered_by_a_text() -> None:
    assert AUTO.chat("Hi\n  there").text == "A mock answer to: Hi there"


def test_by_itself_a_prompt_is_continued() -> None:
    assert AUTO.complete("Once").text == "\n\nA mock completion of: Once"


def test_by_itself_a_long_text_is_quoted_in_part() -> None:
    text = AUTO.chat("x" * 500).text

    assert text == f"A mock answer to: {'x' * 199}\N{HORIZONTAL ELLIPSIS}"


def test_by_itself_the_last_user_message_is_answered() -> None:
    messages = [user("first"), {"role": "assistant", "content": "yes?"}, user("last")]

    assert AUTO.chat(messages).text == "A mock answer to: last"


def test_by_itself_a_conversation_without_a_user_is_answered() -> None:
    assert AUTO.chat([{"role": "system", "content": "Be kind."}]).text == (
        "A mock answer to: Be kind."
    )


def test_by_itself_several_choices_are_told_apart() -> None:
    texts = [choice["message"]["content"] for choice in AUTO.chat("Hi", n=2).json["choices"]]

    assert texts == ["A mock answer to: Hi", "A mock answer to: Hi (2)"]


def test_by_itself_json_for_a_schema_is_valid() -> None:
    format_ = {"type": "json_schema", "json_schema": {"name": "person", "schema": PERSON}}
    text = AUTO.chat("Who?", response_format=format_).text

    jsonschema.validate(json.loads(text), PERSON)


def test_by_itself_json_of_any_kind_is_an_object() -> None:
    text = AUTO.chat("Answer in JSON.", response_format={"type": "json_object"}).text

    assert json.loads(text) == {"answer": "A mock answer to: Answer in JSON."}


@pytest.mark.parametrize(
    ("choice", "called"),
    [
        pytest.param({"tool_choice": "required"}, "add_person", id="any tool: the first"),
        pytest.param(
            {"tool_choice": {"type": "function", "function": {"name": "find_person"}}},
            "find_person",
            id="the tool that is named",
        ),
    ],
)
def test_by_itself_a_forced_tool_is_called_with_valid_arguments(
    choice: dict[str, Any], called: str
) -> None:
    (call,) = AUTO.chat("Add Ada.", tools=TOOLS, **choice).choice["message"]["tool_calls"]

    assert call["function"]["name"] == called
    jsonschema.validate(json.loads(call["function"]["arguments"]), PERSON)


def test_by_itself_a_forced_legacy_function_is_called() -> None:
    functions = [tool["function"] for tool in TOOLS]
    answered = AUTO.chat("Add Ada.", functions=functions, function_call={"name": "find_person"})

    assert answered.choice["message"]["function_call"]["name"] == "find_person"


def test_by_itself_a_tool_that_is_only_offered_is_not_called() -> None:
    assert AUTO.chat("Hi", tools=TOOLS).text == "A mock answer to: Hi"


def test_by_itself_a_tools_results_are_taken_up_so_that_the_loop_ends() -> None:
    calls = [
        {
            "id": f"call_{n}",
            "type": "function",
            "function": {"name": "add_person", "arguments": "{}"},
        }
        for n in (1, 2)
    ]
    messages = [
        user("Add them."),
        {"role": "assistant", "content": None, "tool_calls": calls},
        {"role": "tool", "tool_call_id": "call_1", "content": "Ada"},
        {"role": "tool", "tool_call_id": "call_2", "content": "Alan"},
    ]

    assert AUTO.chat(messages, tools=TOOLS, tool_choice="required").text == (
        "The tools answered: Ada; Alan"
    )


def test_stating_auto_is_the_same_as_stating_nothing() -> None:
    assert replying("{kind: auto}").chat("Hi").body == AUTO.chat("Hi", session="other").body


# --- Echo ------------------------------------------------------------------------------------


def test_an_echo_is_the_last_user_message_wherever_it_stands() -> None:
    messages = [user("first"), user("last"), {"role": "assistant", "content": "answer"}]

    assert replying("{kind: echo}").chat(messages).text == "last"


def test_an_echo_of_parts_is_their_text() -> None:
    parts: Any = [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]

    assert replying("{kind: echo}").chat([{"role": "user", "content": parts}]).text == "one\ntwo"


def test_an_echo_without_a_user_message_is_empty() -> None:
    assert replying("{kind: echo}").chat([{"role": "system", "content": "x"}]).text == ""


# --- JSON, refusals, tool calls --------------------------------------------------------------


def test_a_value_is_written_as_compact_json() -> None:
    reply = "{kind: json, value: {b: [1, 2.5, null, true], a: é}}"

    assert replying(reply).chat().text == '{"b":[1,2.5,null,true],"a":"é"}'


def test_a_refusal_has_no_content_in_a_chat() -> None:
    message = replying("{kind: refusal, text: No.}").chat().choice["message"]

    assert (message["content"], message["refusal"]) == (None, "No.")


@pytest.mark.parametrize("stream", [False, True], ids=["in one piece", "streamed"])
def test_a_refusal_is_a_text_where_there_is_only_text(*, stream: bool) -> None:
    answered = replying("{kind: refusal, text: No.}").complete(stream=stream)
    chunks = answered.chunks if stream else [answered.json]

    assert "".join(chunk["choices"][0]["text"] for chunk in chunks) == "No."


CALL_WITH_TEXT = "{kind: tool_calls, text: Wait., calls: [{name: a, id: call_mine}]}"


def test_a_call_may_have_a_text_beside_it_and_an_id_of_its_own() -> None:
    message = replying(CALL_WITH_TEXT).chat().choice["message"]

    assert message["content"] == "Wait."
    assert message["tool_calls"] == [
        {"id": "call_mine", "type": "function", "function": {"name": "a", "arguments": "{}"}}
    ]


def test_a_call_with_a_text_is_streamed_behind_it() -> None:
    deltas = [
        chunk["choices"][0]["delta"] for chunk in replying(CALL_WITH_TEXT).chat(stream=True).chunks
    ]

    assert [list(delta) for delta in deltas] == [
        ["role", "content", "refusal"],
        ["content"],
        ["content"],
        ["tool_calls"],
        ["tool_calls"],
        [],
    ]


def test_a_legacy_call_with_a_text_is_streamed_behind_it() -> None:
    functions = [tool["function"] for tool in TOOLS]
    chunks = replying(CALL_WITH_TEXT).chat(stream=True, functions=functions).chunks

    assert [list(chunk["choices"][0]["delta"]) for chunk in chunks] == [
        ["role", "content", "refusal"],
        ["content"],
        ["content"],
        ["function_call"],
        ["function_call"],
        [],
    ]


def test_each_call_without_a_stated_id_has_one_of_its_own() -> None:
    reply = "{kind: tool_calls, calls: [{name: a}, {name: b}]}"
    calls = replying(reply).chat(n=2).json["choices"]
    ids = [call["id"] for choice in calls for call in choice["message"]["tool_calls"]]

    assert len(set(ids)) == 4


# --- Prose -----------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["gpt-4o-mini", "gpt-3.5-turbo"])
@pytest.mark.parametrize("tokens", [0, 1, 7, 300])
def test_prose_is_as_long_as_stated_in_the_models_own_tokens(model: str, tokens: int) -> None:
    api = replying(f"{{kind: lorem, tokens: {tokens}}}")

    assert api.chat(model=model).usage["completion_tokens"] == tokens


def test_prose_of_drawn_length_keeps_to_its_bounds() -> None:
    api = replying("{kind: lorem, tokens: {median: 20, sigma: 1, min: 10, max: 30}}")
    lengths = {api.chat(f"call {n}").usage["completion_tokens"] for n in range(20)}

    assert min(lengths) >= 10
    assert max(lengths) <= 30
    assert len(lengths) > 1


# --- What replies refuse to be ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "key"),
    [
        pytest.param(lambda: Lorem(tokens=-1), "tokens", id="prose of less than nothing"),
        pytest.param(lambda: Lorem(tokens=200_001), "tokens", id="prose without end"),
        pytest.param(lambda: ToolCalls(calls=()), "calls", id="no calls"),
        pytest.param(lambda: Choices(choices=()), "choices", id="no choices"),
        pytest.param(
            lambda: Choices(choices=(Choices(choices=(Text(text="a"),)),)),
            "choices",
            id="choices of choices",
        ),
        pytest.param(
            lambda: JsonSchema(overrides={"a." * 40 + "b": 1}), "overrides", id="too deep a place"
        ),
    ],
)
def test_nonsense_is_refused_by_its_key(make: Any, key: str) -> None:
    with pytest.raises(BadValue) as refusal:
        make()

    assert refusal.value.key == key
