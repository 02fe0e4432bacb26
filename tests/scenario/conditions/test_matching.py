from collections.abc import Callable
from typing import Any

import pytest

from mockserver.conversation import Attachment, IncomingCall, ToolCall, ToolResult, Turn
from mockserver.scenario.conditions.matching import ALWAYS, Condition, Conjunction
from mockserver.scenario.schema import Scenario

Load = Callable[..., Scenario]
Chat = Callable[..., IncomingCall]
ProblemsOf = Callable[[str], list[str]]


@pytest.fixture
def when(load: Load) -> Callable[[str], Condition]:
    """Return what reads a condition."""
    return lambda text: load(f"version: 1\nrules:\n  - when: {text}\n").rules[0].when


def assistant(*names: str, arguments: str = "{}") -> Turn:
    calls = tuple(ToolCall(name, arguments, f"id-{name}") for name in names)
    return Turn("assistant", calls)


def result(name: str, text: str = "") -> Turn:
    return Turn("tool", (ToolResult(text, f"id-{name}"),))


WHEN_KEYS = [
    *("endpoint", "provider", "model", "key", "stream"),
    *("method", "path", "query", "headers"),
    *("system", "first_user", "last_user", "latest_user", "any_message", "prompt"),
    *("embedding_input", "moderation_input"),
    *("tools", "tool_choice", "response_format", "after_tool", "turn", "images"),
    *("attempt", "call", "request", "state", "not"),
]
IMAGE = Attachment("image")
SCHEMA = {"type": "json_schema", "json_schema": {"name": "invoice", "schema": {}}}
ALLOWED = {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": []}}


@pytest.mark.parametrize(
    ("condition", "messages", "request_values", "holds"),
    [
        # endpoint, provider, model, key, stream
        ("{endpoint: chat.completions}", [], {}, True),
        ("{endpoint: '*completions'}", [], {}, True),
        ("{endpoint: completions}", [], {}, False),
        ("{provider: openai}", [], {}, True),
        ("{provider: openai}", [], {"provider": "azure"}, False),
        ("{model: gpt-4o}", [], {}, True),
        ("{model: gpt-4}", [], {}, False),
        ("{model: 'gpt-4*'}", [], {}, True),
        ("{model: 'gpt-?o'}", [], {}, True),
        ("{model: 'gpt-[45]o'}", [], {}, True),
        ("{model: ['o3*', 'gpt-4*']}", [], {}, True),
        ("{model: {not: 'gpt-4*'}}", [], {}, False),
        ("{model: {equals: 'gpt-4*'}}", [], {}, False),
        ("{model: {glob: 'gpt-4*', not: gpt-4o-mini}}", [], {}, True),
        ("{model: {all: ['gpt-*', '*-mini']}}", [], {}, False),
        ("{model: GPT-4o}", [], {}, False),
        ("{key: 'sk-free*'}", [], {"key": "sk-free-1"}, True),
        ("{key: 'sk-free*'}", [], {"key": "sk-paid-1"}, False),
        ("{stream: true}", [], {}, False),
        ("{stream: false}", [], {}, True),
        ("{stream: true}", [], {"stream": True}, True),
        # headers
        ("{headers: {x-user: ada}}", [], {"headers": {"X-User": "ada"}}, True),
        ("{headers: {X-User: ada}}", [], {"headers": {"x-user": "ada"}}, True),
        ("{headers: {x-user: ada}}", [], {"headers": {"x-user": "bob"}}, False),
        ("{headers: {x-user: ada}}", [], {}, False),
        ("{headers: {x-user: {present: false}}}", [], {}, True),
        ("{headers: {x-user: {present: true}}}", [], {}, False),
        ("{headers: {x-user: {not: ada}}}", [], {}, True),
        ("{headers: {a: '1', b: '2'}}", [], {"headers": {"a": "1", "b": "3"}}, False),
        # messages
        ("{system: Be brief.}", [("system", "Be brief.")], {}, True),
        ('{system: "One\\nTwo"}', [("system", "One"), ("developer", "Two")], {}, True),
        ("{system: {present: true}}", [("user", "Hi")], {}, False),
        ("{first_user: A}", [("user", "A"), ("assistant", "B"), ("user", "C")], {}, True),
        ("{last_user: C}", [("user", "A"), ("assistant", "B"), ("user", "C")], {}, True),
        ("{last_user: A}", [("user", "A"), ("assistant", "B"), ("user", "C")], {}, False),
        ("{last_user: A}", [("user", "A"), ("system", "B")], {}, True),
        ("{last_user: {present: true}}", [("user", "A"), ("assistant", "B")], {}, False),
        ("{last_user: {present: false}}", [("user", "A"), assistant("t"), result("t")], {}, True),
        ("{last_user: ''}", [("user", "")], {}, True),
        ("{any_message: B}", [("user", "A"), ("assistant", "B")], {}, True),
        ("{any_message: {contains: C}}", [("user", "A"), ("assistant", "B")], {}, False),
        ("{any_message: {contains: [A, B]}}", [("user", "xBx")], {}, True),
        # tests of texts
        ("{last_user: [Hi, Hello]}", [("user", "Hello")], {}, True),
        ("{last_user: hello}", [("user", "Hello")], {}, False),
        ("{last_user: {contains: ell}}", [("user", "Hello")], {}, True),
        ("{last_user: {contains: [x, ell]}}", [("user", "Hello")], {}, True),
        ("{last_user: {contains: 'H*'}}", [("user", "Hello")], {}, False),
        ("{last_user: {glob: 'H*o'}}", [("user", "He\nllo")], {}, True),
        ("{last_user: {glob: 'H*'}}", [("user", "Oh Hello")], {}, False),
        ("{last_user: {glob: ['*x', 'He*']}}", [("user", "Hello")], {}, True),
        ("{last_user: {regex: '^h.*o$'}}", [("user", "Hello")], {}, False),
        ("{last_user: {regex: '(?i)^h.*o$'}}", [("user", "Hello")], {}, True),
        ("{last_user: {regex: l+}}", [("user", "Hello")], {}, True),
        ("{last_user: {regex: [x, l+]}}", [("user", "Hello")], {}, True),
        ("{last_user: {all: [{contains: H}, {contains: o}]}}", [("user", "Hello")], {}, True),
        ("{last_user: {all: [{contains: H}, {contains: x}]}}", [("user", "Hello")], {}, False),
        ("{last_user: {contains: H, regex: o$}}", [("user", "Hello")], {}, True),
        ("{last_user: {contains: H, regex: x$}}", [("user", "Hello")], {}, False),
        ("{last_user: {not: Hello}}", [("user", "Hello")], {}, False),
        ("{last_user: {not: {contains: x}}}", [("user", "Hello")], {}, True),
        # tools
        ("{tools: a}", [], {"tools": ("a", "b")}, True),
        ("{tools: [x, b]}", [], {"tools": ("a", "b")}, True),
        ("{tools: x}", [], {"tools": ("a", "b")}, False),
        ("{tools: 'get_*'}", [], {"tools": ("a", "get_weather")}, True),
        ("{tools: {all: [a, b]}}", [], {"tools": ("b", "a", "c")}, True),
        ("{tools: {all: [a, x]}}", [], {"tools": ("a", "b")}, False),
        ("{tools: {any: [x, a], all: ['b*']}}", [], {"tools": ("a", "b1")}, True),
        ("{tools: {present: true}}", [], {"tools": ("a",)}, True),
        ("{tools: {present: true}}", [], {}, False),
        ("{tools: {present: false}}", [], {}, True),
        ("{tools: {present: true, any: a}}", [], {"tools": ("a",)}, True),
        ("{tool_choice: auto}", [], {"tools": ("a",)}, True),
        ("{tool_choice: none}", [], {}, True),
        ("{tool_choice: required}", [], {"body": {"tool_choice": "required"}}, True),
        ("{tool_choice: required}", [], {"tools": ("a",), "body": {"tool_choice": ALLOWED}}, True),
        ("{tool_choice: get_weather}", [], {"forced_tool": "get_weather"}, True),
        ("{tool_choice: none}", [], {"body": {"function_call": "none"}}, True),
        ("{response_format: text}", [], {}, True),
        ("{response_format: json_object}", [], {"body": {"response_format": None}}, False),
        ("{response_format: json_schema}", [], {"body": {"response_format": SCHEMA}}, True),
        ("{response_format: invoice}", [], {"body": {"response_format": SCHEMA}}, True),
        ("{response_format: {not: json_schema}}", [], {"body": {"response_format": SCHEMA}}, False),
        ("{response_format: {not: invoice}}", [], {"body": {"response_format": SCHEMA}}, False),
        ("{response_format: {not: receipt}}", [], {"body": {"response_format": SCHEMA}}, True),
        ("{response_format: {present: false}}", [], {}, False),
        # tool results
        ("{after_tool: a}", [assistant("a"), result("a")], {}, True),
        ("{after_tool: b}", [assistant("a"), result("a")], {}, False),
        ("{after_tool: a}", [assistant("a"), result("a"), ("user", "And?")], {}, True),
        ("{after_tool: a}", [assistant("a"), result("a"), ("assistant", "x")], {}, False),
        ("{after_tool: {all: [a, b]}}", [assistant("a", "b"), result("b"), result("a")], {}, True),
        ("{after_tool: {all: [a, b]}}", [assistant("a", "b"), result("a")], {}, False),
        ("{after_tool: {present: true}}", [assistant("a"), result("a")], {}, True),
        ("{after_tool: {present: false}}", [("user", "Hi")], {}, True),
        (
            "{after_tool: {name: a, result: {contains: '18'}}}",
            [assistant("a"), result("a", "It is 18.")],
            {},
            True,
        ),
        (
            "{after_tool: {name: a, result: {contains: '18'}}}",
            [assistant("a", "b"), result("a", "none"), result("b", "It is 18.")],
            {},
            False,
        ),
        (
            "{after_tool: {arguments: {contains: Paris}, id: id-a}}",
            [assistant("a", arguments='{"city":"Paris"}'), result("a")],
            {},
            True,
        ),
        (
            "{after_tool: f}",
            [
                Turn("assistant", (ToolCall("f", "{}"),)),
                Turn("tool", (ToolResult("18", name="f"),)),
            ],
            {},
            True,
        ),
        # numbers
        ("{turn: 0}", [("user", "A")], {}, True),
        ("{turn: 1}", [("user", "A"), ("assistant", "B")], {}, True),
        ("{turn: [1, 2]}", [("user", "A"), ("assistant", "B"), ("assistant", "C")], {}, True),
        ("{turn: {at_least: 1}}", [("user", "A")], {}, False),
        ("{turn: {at_least: 1, at_most: 2}}", [("assistant", "B")], {}, True),
        ("{turn: {at_most: 0}}", [("assistant", "B")], {}, False),
        ("{turn: {present: true}}", [("user", "A")], {}, True),
        ("{turn: {present: false}}", [("user", "A")], {}, False),
        ("{images: 2}", [Turn("user", (IMAGE, IMAGE)), ("assistant", "x")], {}, True),
        ("{images: 0}", [("user", "A")], {}, True),
        # several, and none
        ("{}", [], {}, True),
        ("{model: gpt-4o, last_user: Hello}", [], {}, True),
        ("{model: gpt-4o, last_user: Bye}", [], {}, False),
        ("[{model: x}, {last_user: Hello}]", [], {}, True),
        ("[{model: x}, {last_user: Bye}]", [], {}, False),
        ("{not: {model: gpt-4o}}", [], {}, False),
        ("{not: {model: gpt-4o, stream: true}}", [], {}, True),
        ("{not: [{model: x}, {last_user: Hello}]}", [], {}, False),
        ("{not: {not: {model: gpt-4o}}}", [], {}, True),
        ("{model: gpt-4o, not: {last_user: {contains: Hell}}}", [], {}, False),
    ],
)
def test_a_condition_on_a_chat_request(
    condition: str,
    messages: list[Any],
    request_values: dict[str, Any],
    *,
    holds: bool,
    chat: Chat,
    when: Callable[[str], Condition],
) -> None:
    assert when(condition).holds(chat(*messages, **request_values)) is holds


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("{}", True),
        ("{prompt: Hello}", True),
        ("{prompt: {regex: '^Two'}}", True),
        ("{prompt: {contains: Three}}", False),
        ("{endpoint: completions}", True),
        ("{model: 'gpt-3.5*'}", True),
        ("{turn: 0}", False),
        ("{images: 0}", False),
        ("{last_user: {present: false}}", False),
        ("{last_user: {not: x}}", False),
        ("{tools: {present: false}}", False),
        ("{response_format: text}", False),
        ("{not: {any_message: {contains: Hello}}}", True),
    ],
)
def test_a_condition_on_a_legacy_request_of_two_prompts(
    condition: str,
    *,
    holds: bool,
    legacy: Callable[..., IncomingCall],
    when: Callable[[str], Condition],
) -> None:
    assert when(condition).holds(legacy("Hello", "Two")) is holds


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("{}", False),
        ("{key: 'sk-*'}", False),
        ("{not: {model: x}}", False),
        ("{endpoint: models}", True),
        ("{endpoint: '*'}", True),
        ("{endpoint: models, stream: false}", True),
        ("{endpoint: models, model: '*'}", False),
        ("{endpoint: models, model: {present: false}}", True),
        ("{endpoint: models, not: {key: sk-2}}", True),
        ("{endpoint: models, not: {key: sk-1}}", False),
        ("{endpoint: models, not: {endpoint: models}}", False),
        ("{endpoint: '*', last_user: {present: false}}", False),
        ("[{}, {endpoint: models}]", True),
    ],
)
def test_a_call_that_generates_nothing_fits_only_rules_that_name_its_endpoint(
    condition: str,
    *,
    holds: bool,
    lookup: IncomingCall,
    when: Callable[[str], Condition],
) -> None:
    assert when(condition).holds(lookup) is holds


def test_a_prompt_is_nothing_that_a_chat_request_has(
    chat: Chat, when: Callable[[str], Condition]
) -> None:
    assert not when("{prompt: {present: true}}").holds(chat())
    assert not when("{prompt: {present: false}}").holds(chat())


def test_the_number_of_the_call_is_left_to_the_session(
    chat: Chat, when: Callable[[str], Condition]
) -> None:
    conjunction = when("{model: gpt-4o, call: {at_least: 2}}").alternatives[0]

    assert conjunction.holds(chat())
    assert conjunction.call is not None
    assert [conjunction.call.holds(number) for number in (1, 2, 3)] == [False, True, True]


def test_a_conjunction_tells_its_size_and_whether_it_names_an_endpoint(
    when: Callable[[str], Condition],
) -> None:
    small = when("{model: a}").alternatives[0]
    large = when("{endpoint: models, headers: {a: b, c: d}, call: 1, not: {key: x}}").alternatives[
        0
    ]

    assert (small.size, small.names_endpoint, small.call) == (1, False, None)
    assert (large.size, large.names_endpoint) == (5, True)
    assert Condition((Conjunction(),)) == ALWAYS
    assert ALWAYS.alternatives[0].size == 0


def test_a_condition_shows_only_what_is_stated(when: Callable[[str], Condition]) -> None:
    shown = repr(when("{model: a, headers: {b: c}}").alternatives[0].when)

    assert shown == "When(model=NameTest(glob=('a',)), headers={'b': TextTest(equals=('c',))})"


def test_calls_that_take_turns_are_not_mistaken_for_each_other(
    chat: Chat, when: Callable[[str], Condition]
) -> None:
    first, second = chat(("user", "A")), chat(("user", "B"))
    condition = when("{last_user: A}")

    seen = [condition.holds(call) for call in (first, second, first, second, second, first)]

    assert seen == [True, False, True, False, False, True]


def test_a_regex_looks_at_the_first_64_kib_of_a_text(
    chat: Chat, when: Callable[[str], Condition]
) -> None:
    within = "x" * 65_535 + "y"

    assert when("{last_user: {regex: y}}").holds(chat(("user", within)))
    assert not when("{last_user: {regex: y}}").holds(chat(("user", "x" + within)))


# --- Differences -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "request_values", "sentences"),
    [
        ("{model: gpt-4o}", {}, []),
        ("{model: 'o3*'}", {}, ["model is 'gpt-4o', the rule wants 'o3*'"]),
        ("{model: [o3, 'o4*']}", {}, ["model is 'gpt-4o', the rule wants 'o3' or 'o4*'"]),
        ("{stream: true}", {}, ["stream is false, the rule wants true"]),
        ("{key: sk-2}", {}, ["key is different, the rule wants 'sk-2'"]),
        ("{headers: {A: b}}", {}, ["headers.a is absent, the rule wants 'b'"]),
        ("{headers: {a: b}}", {"headers": {"A": "c"}}, ["headers.a is 'c', the rule wants 'b'"]),
        (
            "{headers: {authorization: Bearer x}}",
            {"headers": {"authorization": "Bearer secret"}},
            ["headers.authorization is different, the rule wants 'Bearer x'"],
        ),
        (
            "{last_user: {contains: weather}}",
            {},
            ["last_user is 'Hello', the rule wants text containing 'weather'"],
        ),
        (
            "{last_user: {regex: ^x, not: {contains: y}}}",
            {},
            [
                (
                    "last_user is 'Hello', the rule wants text matching '^x' and"
                    " not text containing 'y'"
                )
            ],
        ),
        ("{system: {present: true}}", {}, ["system is absent, the rule wants any"]),
        ("{last_user: {present: false}}", {}, ["last_user is 'Hello', the rule wants none"]),
        ("{any_message: x}", {}, ["any_message is 'Hello', the rule wants 'x'"]),
        ("{tools: a}", {}, ["tools are absent, the rule wants 'a'"]),
        (
            "{tools: {all: [a, b]}}",
            {"tools": ("a", "c")},
            ["tools are 'a' and 'c', the rule wants 'a' and 'b'"],
        ),
        (
            "{turn: {at_least: 1, at_most: 3}}",
            {},
            ["turn is 0, the rule wants at least 1 and at most 3"],
        ),
        ("{images: [1, 2]}", {}, ["images are 0, the rule wants 1 or 2"]),
        ("{tool_choice: auto}", {}, ["tool_choice is 'none', the rule wants 'auto'"]),
        ("{response_format: invoice}", {}, ["response_format is 'text', the rule wants 'invoice'"]),
        ("{after_tool: a}", {}, ["after_tool is absent, the rule wants 'a'"]),
        (
            "{after_tool: {name: a, result: x}}",
            {},
            ["after_tool is absent, the rule wants one with name 'a', result 'x'"],
        ),
        ("{prompt: x}", {}, ["'prompt' needs a legacy request, and this is not one"]),
        (
            "{not: {model: 'gpt-*', stream: false}}",
            {},
            ["the rule excludes calls with model 'gpt-*' and stream false"],
        ),
        (
            "{model: o3, stream: true, last_user: Hello}",
            {},
            ["model is 'gpt-4o', the rule wants 'o3'", "stream is false, the rule wants true"],
        ),
    ],
)
def test_differences_tell_what_the_call_is_and_what_the_rule_wants(
    condition: str,
    request_values: dict[str, Any],
    sentences: list[str],
    chat: Chat,
    when: Callable[[str], Condition],
) -> None:
    conjunction = when(condition).alternatives[0]

    assert conjunction.differences(chat(**request_values)) == sentences


def test_a_long_text_is_shortened_in_a_difference(
    chat: Chat, when: Callable[[str], Condition]
) -> None:
    call = chat(("user", "word \n" * 100))

    (sentence,) = when("{last_user: x}").alternatives[0].differences(call)

    assert sentence == f"last_user is '{'word ' * 8}…', the rule wants 'x'"


def test_a_legacy_request_differs_from_a_chat_condition_in_its_kind(
    legacy: Callable[..., IncomingCall], when: Callable[[str], Condition]
) -> None:
    conjunction = when("{last_user: x, turn: 1, model: o3}").alternatives[0]

    assert conjunction.differences(legacy()) == [
        "'last_user' needs a chat request, and this is not one",
        "model is 'gpt-3.5-turbo-instruct', the rule wants 'o3'",
    ]


def test_of_several_prompts_a_difference_tells_their_number(
    legacy: Callable[..., IncomingCall], when: Callable[[str], Condition]
) -> None:
    conjunction = when("{prompt: x}").alternatives[0]

    assert conjunction.differences(legacy("a", "b")) == [
        "prompt fits none of 2 texts, the rule wants 'x'"
    ]


def test_a_lookup_differs_from_a_rule_that_names_no_endpoint(
    lookup: IncomingCall, when: Callable[[str], Condition]
) -> None:
    assert when("{model: x}").alternatives[0].differences(lookup) == [
        "endpoint is 'models', and the rule does not name it"
    ]


@pytest.mark.parametrize("condition", ["{model: 'o*'}", "{}", "{turn: 1}", "{not: {turn: 0}}"])
def test_there_are_differences_exactly_if_it_does_not_hold(
    condition: str,
    chat: Chat,
    legacy: Callable[..., IncomingCall],
    lookup: IncomingCall,
    when: Callable[[str], Condition],
) -> None:
    conjunction = when(condition).alternatives[0]

    for call in (chat(), chat(("assistant", "x")), legacy(), lookup, chat(model="o3")):
        assert bool(conjunction.differences(call)) is not conjunction.holds(call)


# --- What is refused -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "lines"),
    [
        pytest.param(
            "{modle: x}",
            ["a.yaml:3:12: unknown key 'modle' in a condition", "  did you mean 'model'?"],
            id="an unknown key",
        ),
        pytest.param(
            "{temperature: 1}",
            [
                "a.yaml:3:12: unknown key 'temperature' in a condition",
                f"  known here: {', '.join(WHEN_KEYS)}",
            ],
            id="an unknown key that resembles none",
        ),
        pytest.param(
            "{userMessage: x}",
            ["a.yaml:3:12: unknown key 'userMessage' in a condition", "  here it is 'latest_user'"],
            id="a key of another tool",
        ),
        pytest.param(
            "{endpoint: chat.completion}",
            [
                "a.yaml:3:22: unknown endpoint 'chat.completion'",
                "  did you mean 'chat.completions'?",
            ],
            id="an endpoint that nobody knows",
        ),
        pytest.param(
            "{endpoint: {not: [models, 'zz*']}}",
            [
                "a.yaml:3:37: unknown endpoint 'zz*'",
                "  known here: chat.completions, completions, models",
            ],
            id="a glob that fits no endpoint",
        ),
        pytest.param(
            "{provider: [openai, azur]}",
            ["a.yaml:3:31: unknown provider 'azur'", "  did you mean 'azure'?"],
            id="a provider that nobody knows",
        ),
        pytest.param(
            "{stream: 'yes'}",
            ["a.yaml:3:20: expected true or false, got the text 'yes'"],
            id="a text as boolean",
        ),
        pytest.param(
            "{last_user: 18}",
            ["a.yaml:3:23: expected text, got the number 18: put it in quotes"],
            id="a number as text",
        ),
        pytest.param(
            "{last_user: {contain: x}}",
            ["a.yaml:3:24: unknown key 'contain' in a test", "  did you mean 'contains'?"],
            id="an unknown test",
        ),
        pytest.param(
            "{last_user: {contains: []}}", ["a.yaml:3:34: the list is empty"], id="any of nothing"
        ),
        pytest.param("{model: []}", ["a.yaml:3:19: the list is empty"], id="no names"),
        pytest.param(
            "{last_user: {}}",
            [
                "a.yaml:3:23: the test is empty",
                "  known here: equals, contains, glob, regex, all, not, present",
            ],
            id="a test of nothing",
        ),
        pytest.param(
            "{last_user: {regex: '(a'}}",
            [
                (
                    "a.yaml:3:31: this is not a regular expression: missing ), unterminated"
                    " subpattern at position 0"
                )
            ],
            id="a broken regex",
        ),
        pytest.param(
            "{last_user: {regex: [a, '[']}}",
            [
                (
                    "a.yaml:3:35: this is not a regular expression: unterminated character set"
                    " at position 0"
                )
            ],
            id="a broken regex of several",
        ),
        pytest.param(
            "{last_user: {present: false, contains: x}}",
            ["a.yaml:3:24: 'present: false' together with 'contains' never holds"],
            id="text that is absent and holds something",
        ),
        pytest.param(
            "{tools: {present: false, any: x}}",
            ["a.yaml:3:20: 'present: false' together with 'any' never holds"],
            id="names that are absent and there",
        ),
        pytest.param(
            "{turn: {at_least: 3, at_most: 2}}",
            ["a.yaml:3:32: at least 3 and at most 2: never holds"],
            id="limits that cross",
        ),
        pytest.param(
            "{turn: first}",
            ["a.yaml:3:18: expected a whole number, got the text 'first'"],
            id="a number in words",
        ),
        pytest.param(
            "{turn: 1.5}",
            ["a.yaml:3:18: expected a whole number, got the number 1.5"],
            id="half a turn",
        ),
        pytest.param(
            "{call: 0}", ["a.yaml:3:12: calls are counted from 1: never holds"], id="call 0"
        ),
        pytest.param(
            "{not: {call: 1}}",
            [
                "a.yaml:3:12: 'call' cannot be used inside 'not': which calls would be counted?",
                "  write it next to 'not', as in call: {at_least: 2}",
            ],
            id="call under not",
        ),
        pytest.param(
            "{not: {not: {call: 1}}}",
            [
                "a.yaml:3:18: 'call' cannot be used inside 'not': which calls would be counted?",
                "  write it next to 'not', as in call: {at_least: 2}",
            ],
            id="call under two nots",
        ),
        pytest.param("{not: []}", ["a.yaml:3:17: the list is empty"], id="not of nothing"),
        pytest.param(
            "{turn: 0, after_tool: a}",
            [
                (
                    "a.yaml:3:21: 'after_tool' needs an assistant turn before it, and 'turn: 0'"
                    " has none: never holds"
                )
            ],
            id="a tool result at the start",
        ),
        pytest.param(
            "{prompt: a, turn: 0}",
            [
                (
                    "a.yaml:3:12: 'prompt' needs a legacy request"
                    " and 'turn' needs a chat request: never holds"
                )
            ],
            id="a prompt in a chat",
        ),
        pytest.param(
            "{headers: {A: b, a: c}}",
            ["a.yaml:3:12: the header 'a' appears twice: case does not matter"],
            id="a header twice",
        ),
        pytest.param(
            "{after_tool: {any: a, result: x}}",
            [
                (
                    "a.yaml:3:33: 'result' tests one result,"
                    " but 'any', 'all' and 'present' test all of them"
                ),
                "  give the tool's name as 'name'",
            ],
            id="several tools and one result",
        ),
    ],
)
def test_a_condition_is_refused(condition: str, lines: list[str], problems_of: ProblemsOf) -> None:
    assert problems_of(f"version: 1\nrules:\n  - when: {condition}\n") == lines
