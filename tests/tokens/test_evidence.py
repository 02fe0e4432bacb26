"""Which counts are exact, and which are called estimated, with what they are right about."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mockserver import token_report
from mockserver.models import Catalogue, Model, hosted_by_azure
from mockserver.tokens import BilledChoice, count_completion, count_prompt, explain_prompt
from mockserver.tokens.evidence import EVIDENCE, Rule, about

CATALOGUE = Catalogue()
USER = {"role": "user", "content": "Hi"}


def model(name: str) -> Model:
    return CATALOGUE.resolve(CATALOGUE.resolve(name).answers_as)


def exact(name: str, **body: Any) -> bool:
    return count_prompt({"messages": [USER], **body}, model(name)).exact


TEXT = {"type": "string"}


def function(properties: dict[str, Any], **schema: Any) -> dict[str, Any]:
    parameters = {"type": "object", "properties": properties, **schema}
    return {"type": "function", "function": {"name": "f", "parameters": parameters}}


def call(number: int, name: str, arguments: str) -> dict[str, Any]:
    spec = {"name": name, "arguments": arguments}
    return {"id": f"call_{number}", "type": "function", "function": spec}


def result(number: int, content: str) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": f"call_{number}", "content": content}


def test_each_rule_with_a_flag_has_its_evidence_and_says_what_it_is_about() -> None:
    assert set(EVIDENCE) == set(Rule)
    assert all(evidence.about and evidence.known for evidence in EVIDENCE.values())


# --- published and recorded bills ---------------------------------------------------------------


def tool(name: str, description: str, properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    parameters = {"type": "object", "properties": properties, **more}
    spec = {"name": name, "description": description, "parameters": parameters}
    return {"type": "function", "function": spec}


@pytest.mark.parametrize(
    ("name", "properties", "required", "expected"),
    [
        pytest.param(
            "gpt-4o-2024-08-06",
            {"place": TEXT, "unit": {"type": "string", "enum": ["warm", "cold"]}},
            ["place"],
            60,
            id="P2 an enum at the end of a line",
        ),
        pytest.param(
            "gpt-4o-2024-08-06",
            {"unit": {"type": "string", "enum": ["warm", "cold"]}, "place": TEXT},
            ["place"],
            59,
            id="P2 an enum before a text: the blank does not show",
        ),
        pytest.param(
            "gpt-3.5-turbo-0125",
            {"mode": {"type": "string", "enum": ["fast", "slow"]}},
            ["mode"],
            57,
            id="P2 gpt-3.5",
        ),
    ],
)
def test_a_blank_is_before_the_brace_that_ends_a_line(
    name: str, properties: dict[str, Any], required: list[str], expected: int
) -> None:
    picks = tool("pick_unit", "Chooses how to show a reading", properties, required=required)
    body = {"messages": [{"role": "user", "content": "How warm is it?"}], "tools": [picks]}

    assert count_prompt(body, model(name)) == (expected, True)


def test_a_nested_object_with_an_enum() -> None:
    """P7: published, 73 tokens."""
    inner = {
        "type": "object",
        "description": "The object data type as a property",
        "properties": {"string_2a": {"type": "string", "enum": ["Happy", "Sad"]}},
    }
    shown = tool(
        "data_demonstration",
        "This is the main function description",
        {"object_1": inner},
        required=["object_1"],
    )
    body = {
        "messages": [{"role": "system", "content": "You are a bot."}],
        "tools": [shown],
        "tool_choice": "none",
    }

    assert count_prompt(body, model("gpt-3.5-turbo-1106")) == (73, True)


# --- what is certain ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "body"),
    [
        pytest.param("gpt-4o", {}, id="a text"),
        pytest.param("gpt-5-mini", {"tools": [function({"a": TEXT})]}, id="a tool, Harmony"),
        pytest.param("gpt-4", {"tools": [function({"a": TEXT})]}, id="a tool, June 2023"),
        pytest.param(
            "gpt-5-nano",
            {"tools": [function({"a": {"type": "integer", "minimum": 1}})]},
            id="bounds, where they were seen",
        ),
        pytest.param("gpt-3.5-turbo-0613", {}, id="a model that is gone, and was recorded"),
        pytest.param("ft:gpt-4o-mini-2024-07-18:org::id", {}, id="a fine-tune of a known model"),
        pytest.param("openai/gpt-4o", {}, id="a vendor's name before it"),
    ],
)
def test_what_bills_confirm_is_exact(name: str, body: dict[str, Any]) -> None:
    assert exact(name, **body)


PREVIEW = {"type": "web_search_preview"}
CUSTOM = {"type": "custom", "custom": {"name": "x"}}


@pytest.mark.parametrize(
    ("name", "body", "reason"),
    [
        pytest.param("gpt-4o-mni", {}, Rule.MODEL, id="P9 a typo"),
        pytest.param("gpt-4o-mini-2031-01-01", {}, Rule.MODEL, id="P9 a snapshot of tomorrow"),
        pytest.param("gpt-5.9", {}, Rule.MODEL, id="P9 a model of tomorrow"),
        pytest.param("ft:gpt-4o-mni:org::id", {}, Rule.MODEL, id="P9 a fine-tune of a typo"),
        pytest.param("o1", {}, Rule.MESSAGES, id="o1"),
        pytest.param("o3", {}, Rule.MESSAGES, id="o3"),
        pytest.param("o3-mini", {"tools": [function({"a": TEXT})]}, Rule.TOOLS, id="o3 tools"),
        pytest.param(
            "gpt-4.1",
            {"tools": [function({"a": {"type": "integer", "minimum": 1}})]},
            Rule.BOUNDS,
            id="bounds, where they were not seen",
        ),
        pytest.param(
            "gpt-4.1",
            {"tools": [function({"a": {"type": "string", "minLength": 1}})]},
            Rule.BOUNDS_OF_TEXTS,
            id="bounds of a text",
        ),
        pytest.param(
            "gpt-5-nano",
            {"tools": [function({"a": {"type": "string", "format": "date"}})]},
            Rule.FORMATS,
            id="P5 a format",
        ),
        pytest.param(
            "gpt-4",
            {"tools": [function({"a": {"type": "object", "properties": {"b": TEXT}}})]},
            Rule.NESTED_OBJECTS,
            id="P4 an object in an object",
        ),
        pytest.param("gpt-5-nano", {"tools": [PREVIEW]}, Rule.OTHER_TOOLS, id="A3 a built-in tool"),
        pytest.param("gpt-5", {"tools": [CUSTOM]}, Rule.OTHER_TOOLS, id="a custom tool"),
        pytest.param(
            "gpt-4o-search-preview",
            {"tools": [function({"a": TEXT})]},
            Rule.TOOLS,
            id="tools of a model that searches",
        ),
        pytest.param(
            "gpt-audio", {"tools": [function({"a": TEXT})]}, Rule.TOOLS_BY_EAR, id="tools by ear"
        ),
        pytest.param(
            "gpt-4",
            {"tools": [function({"a": TEXT})], "tool_choice": "none"},
            Rule.NO_CALLS,
            id="no calls, June 2023",
        ),
        pytest.param(
            "gpt-4o",
            {
                "messages": [
                    {"role": "assistant", "tool_calls": [call(1, "f", "{}"), call(2, "f", "{}")]},
                    result(1, "72°F"),
                    result(2, "65%"),
                ]
            },
            Rule.RESULTS_BEYOND_ASCII,
            id="parallel results beyond ASCII",
        ),
        pytest.param(
            "gpt-4",
            {
                "messages": [
                    {"role": "assistant", "tool_calls": [call(1, "f", "{}"), call(2, "f", "{}")]}
                ]
            },
            Rule.PARALLEL_CALLS,
            id="P4 parallel calls",
        ),
        pytest.param(
            "gpt-5",
            {
                "messages": [
                    USER,
                    {"role": "assistant", "content": '{"a": 1}'},
                ],
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "x", "schema": {"type": "object"}},
                },
            },
            Rule.JSON_IN_HISTORY,
            id="JSON that is not compact, with a schema",
        ),
    ],
)
def test_what_no_bill_confirms_is_estimated_and_says_why(
    name: str, body: dict[str, Any], reason: Rule
) -> None:
    found = explain_prompt({"messages": [USER], **body}, model(name))

    assert not found.total.exact
    assert any(reason in part.doubts for part in found.parts)
    assert not exact(name, **body)
    report = token_report({"model": name, "messages": [USER], **body})
    said = [doubt for line in report.lines for doubt in line.doubts]
    assert about(reason)[0] in said


@pytest.mark.parametrize(
    ("name", "tools", "beside", "more"),
    [
        pytest.param("gpt-5-nano", [PREVIEW], [], 123, id="A3 web_search_preview alone"),
        pytest.param("gpt-5-nano", [PREVIEW], [function({})], 26, id="A3 beside a function"),
        pytest.param("gpt-5", [CUSTOM], [], 123, id="a custom tool"),
    ],
)
def test_what_tools_cost_that_are_not_functions(
    name: str, tools: list[Any], beside: list[Any], more: int
) -> None:
    def cost(offered: list[Any]) -> int:
        members = {"tools": offered} if offered else {}
        return count_prompt({"messages": [USER], **members}, model(name)).tokens

    assert cost([*beside, *tools]) - cost(beside) == more


def test_tools_of_a_model_that_hears_cost_3_more() -> None:
    body = {"messages": [USER], "tools": [function({"a": TEXT})]}

    heard, read = (count_prompt(body, model(name)).tokens for name in ("gpt-audio", "gpt-4o"))

    assert heard - read == 3


def test_an_unknown_model_that_is_like_a_known_one_is_counted_as_that() -> None:
    catalogue = Catalogue({"mine": "gpt-4o", "other": None})  # P9
    body = {"messages": [USER]}

    assert count_prompt(body, catalogue.resolve("mine")).exact
    assert not count_prompt(body, catalogue.resolve("other")).exact
    assert not count_completion(body, [BilledChoice(text="Hi")], catalogue.resolve("other")).exact


# --- the o-series and Azure -------------------------------------------------------------------

HISTORY = [
    USER,
    {"role": "assistant", "content": None, "tool_calls": [call(1, "f", "{}")]},
    result(1, "done"),
]


def test_o3_mini_has_no_channel_for_texts() -> None:
    """P3: a text of the assistant costs 2 less than in Harmony, as in ChatML."""
    texts = [USER, {"role": "assistant", "content": "Hello."}, USER]

    o3, gpt = (count_prompt({"messages": texts}, model(name)).tokens for name in ("o3-mini", "o1"))

    assert o3 == gpt - 2
    assert count_prompt({"messages": texts}, model("o3-mini")).exact


@pytest.mark.parametrize(
    ("name", "less"),
    [
        pytest.param("o4-mini", 3, id="P6 o4-mini"),
        pytest.param("o3-mini", 3, id="P6 o3-mini"),
        pytest.param("o1", 6, id="P6 o1"),
        pytest.param("gpt-5", 0, id="P6 others cost the same"),
    ],
)
def test_calls_of_the_o_series_cost_less_on_azure(name: str, less: int) -> None:
    body, found = {"messages": HISTORY}, model(name)
    hosted = replace(found, family=hosted_by_azure(found.family))

    assert count_prompt(body, hosted).tokens == count_prompt(body, found).tokens - less


# --- June 2023 -----------------------------------------------------------------------------------


def test_calls_of_the_first_models_with_functions() -> None:
    """P4: a call is its name, its arguments as written and 7; a result its name, text and 3."""
    found = model("gpt-4-0613")
    arguments = '{ "city":  "Paris" }'
    messages = [USER, {"role": "assistant", "tool_calls": [call(1, "weather", arguments)]}]

    def cost(*more: dict[str, Any]) -> int:
        return count_prompt({"messages": [*messages, *more]}, found).tokens

    def of(text: str) -> int:
        return count_prompt({"prompt": text}, found).tokens

    alone = count_prompt({"messages": [USER]}, found).tokens
    assert cost() - alone == of("weather") + of(arguments) + 7
    assert cost(result(1, "sunny")) - cost() == of("weather") + of("sunny") + 3
    assert count_prompt({"messages": [*messages, result(1, "sunny")]}, found).exact


def test_a_forced_call_of_the_first_models_with_functions() -> None:
    """P4: a published request costs 57."""
    numbers = {"p": {"type": "integer"}, "q": {"type": "integer"}}
    plus = tool("plus", "Sums two numbers", numbers, required=["p", "q"])
    body = {
        "messages": [{"role": "user", "content": "Sum one and two."}],
        "tools": [plus],
        "tool_choice": {"type": "function", "function": {"name": "plus"}},
    }

    assert count_prompt(body, model("gpt-4-0613")) == (57, True)


# --- answers ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "body"),
    [
        pytest.param("o3-mini", {}, id="o-series"),
        pytest.param("gpt-4o", {"prediction": {"type": "content", "content": "x"}}, id="predicted"),
        pytest.param("gpt-audio", {"modalities": ["text", "audio"]}, id="spoken"),
        pytest.param("gpt-5", {"tools": [CUSTOM]}, id="custom tools"),
    ],
)
def test_answers_that_no_bill_confirms_are_estimated(name: str, body: dict[str, Any]) -> None:
    body = {"messages": [USER], **body}

    assert not count_completion(body, [BilledChoice(text="Hi")], model(name)).exact


def test_a_long_text_after_reasoning_is_estimated() -> None:
    body, found = {"messages": [USER]}, model("gpt-5-mini")
    short, long = BilledChoice(text="word " * 50), BilledChoice(text="word " * 300)

    assert count_completion(body, [short], found, reasoning_tokens=64).exact
    assert not count_completion(body, [long], found, reasoning_tokens=64).exact
    assert count_completion(body, [long], found).exact


def test_an_answer_by_a_schema_after_reasoning_is_estimated_on_azure() -> None:
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}}
    body, found = {"messages": [USER], "response_format": form}, model("gpt-5-mini")
    hosted = replace(found, family=hosted_by_azure(found.family))
    choice = BilledChoice(text="{}")

    assert count_completion(body, [choice], found, reasoning_tokens=64).exact
    assert not count_completion(body, [choice], hosted, reasoning_tokens=64).exact
    assert count_completion({"messages": [USER]}, [choice], hosted, reasoning_tokens=64).exact


def test_an_answer_that_names_an_alias_does_not_say_which_snapshot_gave_it() -> None:
    choice = {"message": {"role": "assistant", "content": "Hello."}, "finish_reason": "stop"}
    request = {"model": "gpt-4o", "messages": [USER]}

    alias, snapshot = (
        token_report({"request": request, "response": {"model": name, "choices": [choice]}})
        for name in ("gpt-4o", "gpt-4o-2024-08-06")
    )

    assert (alias.prompt.exact, snapshot.prompt.exact) == (False, True)


def test_the_page_about_usage_lists_each_doubt() -> None:
    page = (Path(__file__).parents[2] / "docs" / "usage.md").read_text("utf-8")

    assert [e.about for e in EVIDENCE.values() if e.about not in page] == []
