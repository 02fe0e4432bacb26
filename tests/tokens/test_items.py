"""The bill of the Responses API: its items, and the answers to them.

Each case is a difference: what one member or item adds to a request that is plain without it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.models import Catalogue, Model
from mockserver.tokens import (
    BilledChoice,
    Count,
    Recalled,
    count_items,
    count_output,
    count_prompt,
    explain_items,
    item_blocks,
    reported_reasoning,
)
from mockserver.tokens.evidence import Rule
from mockserver.tokens.vocabularies import vocabulary

CATALOGUE = Catalogue(any_model=True)
CHATML, HARMONY, LATER, O1, O3, O3_MINI, O4_MINI = (
    *("gpt-4o", "gpt-5-mini", "gpt-5.4"),
    *("o1", "o3", "o3-mini", "o4-mini"),
)
USER = {"role": "user", "content": "Hi"}
CITY = {"type": "object", "properties": {"city": {"type": "string"}}}
WEATHER = {"type": "function", "name": "weather", "description": "Weather.", "parameters": CITY}
TIME = {"type": "function", "name": "time"}
NAMESPACE = """namespace functions {

// Weather.
type weather = (_: { city?: string }) => any;

} // namespace functions"""
SCHEMA = {"type": "json_schema", "name": "day", "schema": {"type": "object"}, "strict": True}
CALL = {"type": "function_call", "call_id": "1", "name": "weather", "arguments": '{"city": "Rome"}'}
RESULT = {"type": "function_call_output", "call_id": "1", "output": "sunny"}
THOUGHT = {"type": "reasoning", "id": "rs_1", "summary": []}
IMAGE = {
    "type": "input_image",
    "detail": "low",
    "image_url": "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7",
}


def of(text: str) -> int:
    return vocabulary("o200k_base").count(text)


def model(name: str) -> Model:
    return CATALOGUE.resolve(CATALOGUE.resolve(name).answers_as)


def nothing(_: Mapping[str, Any]) -> Recalled | None:
    return None


def cost(
    name: str, *items: Mapping[str, Any], recalled: Recalled | None = None, **members: Any
) -> int:
    """Return the input tokens of *items*; what is *recalled* is known of all that have an id."""
    return count_items(
        members, items, model(name), lambda item: recalled if item.get("id") else None
    ).tokens


# --- the input ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param(CHATML, 3 + 1 + 1 + 3, id="ChatML"),
        pytest.param(HARMONY, 3 + 1 + 1 + 2, id="Harmony"),
        pytest.param(O4_MINI, 3 + 1 + 1 + 2, id="o-series"),
        pytest.param("gpt-4", 3 + 1 + 1 + 2, id="June 2023"),
        pytest.param("codex-mini", 3 + 1 + 1 + 2, id="codex-mini"),
    ],
)
def test_a_message_costs_its_role_its_text_and_what_surrounds_them(
    name: str, expected: int
) -> None:
    assert cost(name, USER) == expected


@pytest.mark.parametrize("name", [CHATML, HARMONY, LATER, O3])
def test_instructions_are_a_message_of_the_system(name: str) -> None:
    system = {"type": "message", "role": "system", "content": "Be brief."}

    assert cost(name, USER, instructions="Be brief.") == cost(name, system, USER)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param([], 0, id="no parts: it is not read"),
        pytest.param("", 4, id="an empty text is one"),
        pytest.param([{"type": "output_text", "text": ""}], 4, id="an empty part is one"),
        pytest.param([{"type": "refusal", "refusal": "No."}], 4 + 2, id="a refusal is text"),
        pytest.param(
            [{"type": "output_text", "text": "N"}, {"type": "output_text", "text": "o."}],
            *(4 + 2,),
            id="parts are joined by nothing",
        ),
    ],
)
def test_what_the_assistant_said(content: Any, expected: int) -> None:
    said = {"role": "assistant", "content": content}

    assert cost(CHATML, USER, said) - cost(CHATML, USER) == expected


@pytest.mark.parametrize(
    ("name", "around"),
    [
        pytest.param(CHATML, 3, id="ChatML"),
        pytest.param(HARMONY, 9, id="Harmony"),
        pytest.param(LATER, 9, id="gpt-5.4"),
        pytest.param("gpt-5-codex", 12, id="Codex"),
        pytest.param(O1, 6, id="o1"),
        pytest.param(O4_MINI, 6, id="o4-mini"),
        pytest.param("codex-mini", 7, id="codex-mini"),
    ],
)
def test_tools_are_a_message_without_headings(name: str, around: int) -> None:
    assert cost(name, USER, tools=[WEATHER]) - cost(name, USER) == of(NAMESPACE) + around


def test_tools_that_nothing_describes_cost_one_less_in_harmony() -> None:
    plain = {**TIME, "parameters": None, "description": None}
    namespace = "namespace functions {\n\ntype time = () => any;\n\n} // namespace functions"

    assert cost(HARMONY, USER, tools=[plain]) - cost(HARMONY, USER) == of(namespace) + 8
    assert cost(CHATML, USER, tools=[plain]) - cost(CHATML, USER) == of(namespace) + 3


@pytest.mark.parametrize(
    ("choice", "tools", "more"),
    [
        pytest.param("auto", [WEATHER], 0, id="auto"),
        pytest.param("none", [WEATHER], 1, id="none"),
        pytest.param("required", [WEATHER], of(" to=functions.weather") + 4, id="the only one"),
        pytest.param("required", [WEATHER, TIME], 0, id="one of two"),
        pytest.param(
            {"type": "function", "name": "time"},
            [WEATHER, TIME],
            of(" to=functions.time") + 4,
            id="a named one",
        ),
        pytest.param(
            {"type": "allowed_tools", "mode": "required", "tools": []},
            [WEATHER, TIME],
            0,
            id="allowed tools",
        ),
    ],
)
def test_a_forced_call_is_written_before_the_answer(choice: Any, tools: Any, more: int) -> None:
    free = cost(CHATML, USER, tools=tools)

    assert cost(CHATML, USER, tools=tools, tool_choice=choice) - free == more
    assert cost(LATER, USER, tools=tools, tool_choice=choice) == cost(LATER, USER, tools=tools)


def test_one_call_at_a_time_costs_more_in_harmony_alone() -> None:
    members = {"tools": [WEATHER], "parallel_tool_calls": False}

    assert cost(HARMONY, USER, **members) - cost(HARMONY, USER, tools=[WEATHER]) == 78
    assert cost(CHATML, USER, **members) == cost(CHATML, USER, tools=[WEATHER])
    assert cost(HARMONY, USER, parallel_tool_calls=False) == cost(HARMONY, USER)


@pytest.mark.parametrize(("name", "around"), [(CHATML, 5), (HARMONY, 4), (LATER, 4), (O4_MINI, 4)])
@pytest.mark.parametrize("members", [{}, {"tools": [WEATHER]}], ids=["alone", "beside tools"])
def test_a_schema_is_a_message_without_its_heading(
    name: str, around: int, members: dict[str, Any]
) -> None:
    said = {"role": "assistant", "content": "{}"}
    asked = {**members, "text": {"format": SCHEMA}}

    more = cost(name, USER, said, **asked) - cost(name, USER, said, **members)

    assert more == of('## day\n\n{"type":"object"}') + around


CHATML_CALL = 3 + of("assistant to=functions.weather")
CHATML_RESULT = 3 + of("functions.weather") + of("sunny")
AS_WRITTEN, COMPACT = of('{"city": "Rome"}'), of('{"city":"Rome"}')


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param(CHATML, CHATML_CALL + AS_WRITTEN + CHATML_RESULT, id="ChatML"),
        pytest.param(HARMONY, CHATML_CALL + AS_WRITTEN + 4 + CHATML_RESULT + 2, id="gpt-5"),
        pytest.param(LATER, CHATML_CALL + COMPACT + 6 + CHATML_RESULT + 3, id="gpt-5.4"),
        pytest.param(O4_MINI, CHATML_CALL + AS_WRITTEN + 4 + CHATML_RESULT + 2, id="o4-mini"),
        pytest.param(O1, CHATML_CALL + AS_WRITTEN + CHATML_RESULT, id="o1: no channels"),
    ],
)
def test_a_call_and_its_result(name: str, expected: int) -> None:
    assert cost(name, USER, CALL, RESULT) - cost(name, USER) == expected


def test_parallel_calls_are_one_call_since_gpt_5_1() -> None:
    second = {**CALL, "call_id": "2", "name": "time", "arguments": "{}"}
    uses = (
        '{"tool_uses":[{"recipient_name":"functions.weather","parameters":{"city":"Rome"}},'
        '{"recipient_name":"functions.time","parameters":{}}]}'
    )

    together = cost(LATER, USER, CALL, second) - cost(LATER, USER)

    assert together == 3 + of("assistant to=multi_tool_use.parallel") + of(uses) + 6
    for name in (CHATML, HARMONY):
        alone = sum(cost(name, USER, call) - cost(name, USER) for call in (CALL, second))
        assert cost(name, USER, CALL, second) - cost(name, USER) == alone


@pytest.mark.parametrize(
    ("recalled", "more"),
    [
        pytest.param(None, 0, id="not stored"),
        pytest.param(Recalled(alone=True), 3, id="the only call of its answer"),
        pytest.param(Recalled(), 0, id="one of several"),
        pytest.param(Recalled(alone=True, forced=True), 0, id="forced"),
        pytest.param(Recalled(alone=True, through_wrapper=True), 0, id="through the wrapper"),
    ],
)
def test_a_stored_call_is_read_as_the_model_wrote_it(recalled: Recalled | None, more: int) -> None:
    stored = {**CALL, "id": "fc_1"}

    assert cost(CHATML, USER, stored, recalled=recalled) - cost(CHATML, USER, CALL) == more
    assert cost(LATER, USER, stored, recalled=recalled) == cost(LATER, USER, CALL)


@pytest.mark.parametrize(
    ("name", "recalled", "more"),
    [
        pytest.param(HARMONY, Recalled(by_schema=True), 3, id="by a schema"),
        pytest.param(HARMONY, Recalled(), 0, id="free text"),
        pytest.param(CHATML, Recalled(by_schema=True), 0, id="ChatML"),
        pytest.param(O3_MINI, Recalled(model="o3-mini-2025-01-31"), -2, id="o3-mini's own"),
        pytest.param(O3_MINI, Recalled(model="gpt-4o-2024-08-06"), 0, id="another's"),
    ],
)
def test_a_stored_text(name: str, recalled: Recalled, more: int) -> None:
    said = {"role": "assistant", "content": "{}", "id": "msg_1"}

    assert cost(name, said, USER, recalled=recalled) - cost(name, said, USER) == more


@pytest.mark.parametrize(
    ("items", "members", "more"),
    [
        pytest.param([USER, THOUGHT, CALL, RESULT], {}, 47, id="of this turn"),
        pytest.param([USER, THOUGHT, CALL, RESULT, USER], {}, 0, id="of an earlier turn"),
        pytest.param([USER, THOUGHT, CALL, USER, RESULT], {}, 47, id="of a call still open"),
        pytest.param(
            [USER, THOUGHT, USER], {"reasoning": {"context": "all_turns"}}, 47, id="all turns"
        ),
    ],
)
def test_reasoning_is_read_in_its_turn(
    items: Sequence[Any], members: dict[str, Any], more: int
) -> None:
    others = [item for item in items if item is not THOUGHT]

    whole = cost(LATER, *items, recalled=Recalled(reasoning_tokens=45), **members)

    assert whole - cost(LATER, *others, **members) == more


def test_gpt_5_6_reads_the_reasoning_of_all_turns() -> None:
    items, recalled = [USER, THOUGHT, USER], Recalled(reasoning_tokens=45)

    assert cost("gpt-5.6", *items, recalled=recalled) - cost("gpt-5.6", USER, USER) == 47
    current = {"reasoning": {"context": "current_turn"}}
    assert cost("gpt-5.6", *items, recalled=recalled, **current) == cost("gpt-5.6", USER, USER)


def test_reasoning_that_only_its_ciphertext_shows_is_estimated_by_its_length() -> None:
    def of_size(size: int) -> Count:
        sealed = {**THOUGHT, "encrypted_content": "g" * size}
        found = count_items({}, [USER, sealed], model(LATER), nothing)
        return Count(found.tokens - cost(LATER, USER), found.exact)

    assert of_size(7_000).tokens == pytest.approx(1_000, rel=0.05)
    assert not of_size(7_000).exact
    assert cost(LATER, USER, {**THOUGHT, "encrypted_content": None}) == cost(LATER, USER)


def test_an_image_costs_as_in_a_chat_and_one_more_where_it_opens_a_further_message() -> None:
    text = {"type": "input_text", "text": "Look"}
    behind, alone = ({"role": "user", "content": parts} for parts in ([text, IMAGE], [IMAGE]))

    assert cost(CHATML, behind) - cost(CHATML, {"role": "user", "content": "Look"}) == 85
    assert cost(CHATML, alone) - cost(CHATML, {"role": "user", "content": ""}) == 85
    assert cost(CHATML, USER, alone) - cost(CHATML, alone) == cost(CHATML, USER) - 3 + 1


def test_bounds_beside_a_list_of_types_are_those_of_its_numbers() -> None:
    def tools(**schema: Any) -> dict[str, Any]:
        parameters = {"type": "object", "properties": {"n": schema}}
        return {"tools": [{**WEATHER, "parameters": parameters}]}

    bounded = tools(type=["integer", "null"], minimum=0, maximum=9)
    text = NAMESPACE.replace(
        "{ city?: string }", "{\nn?:\n | integer // minimum: 0, maximum: 9\n | null\n,\n}"
    )

    assert cost(CHATML, USER, **bounded) - cost(CHATML, USER) == of(text) + 3


@pytest.mark.parametrize(
    ("body", "items", "reason"),
    [
        ({"tools": [{"type": "web_search"}]}, [USER], Rule.BUILT_IN_TOOLS),
        ({"tools": [{"type": "custom", "name": "c"}]}, [USER], Rule.CUSTOM_TOOLS),
        ({"tools": [WEATHER], "parallel_tool_calls": False}, [USER], Rule.SERIAL_TOOLS),
        ({}, [USER, {"type": "web_search_call", "id": "ws_1"}], Rule.FOREIGN_ITEMS),
        ({}, [{"role": "user", "content": [{"type": "input_file"}]}], Rule.FILES),
        ({}, [{**RESULT, "output": [IMAGE]}], Rule.ATTACHED_RESULTS),
        ({"prompt": {"id": "pmpt_1"}}, [], Rule.TEMPLATES),
        ({"reasoning": {"mode": "pro"}}, [USER], Rule.PRO_MODE),
    ],
)
def test_what_no_bill_confirms_is_estimated(
    body: dict[str, Any], items: list[Any], reason: Rule
) -> None:
    found = explain_items(body, items, model(HARMONY), nothing)

    assert any(reason in part.doubts for part in found.parts)
    assert not found.total.exact
    assert not count_items(body, items, model(HARMONY), nothing).exact


def test_what_bills_confirm_is_exact() -> None:
    body = {"tools": [WEATHER], "text": {"format": SCHEMA}, "instructions": "Be brief."}

    for name in (CHATML, HARMONY, LATER):
        assert count_items(body, [USER, CALL, RESULT], model(name), nothing).exact
    assert not count_items(body, [USER], model("gpt-5.99-mine"), nothing).exact


# --- whatever a request holds -----------------------------------------------------------------

texts = st.text(max_size=20)
anything = st.none() | st.booleans() | st.integers() | texts
parts = st.fixed_dictionaries(
    {"type": st.sampled_from(["input_text", "output_text", "refusal", "input_file", "x"])},
    optional={"text": anything, "refusal": anything, "file_data": texts},
) | st.just(IMAGE)
contents = texts | st.none() | st.lists(parts, max_size=3)
ids = st.sampled_from(["1", "2"])
items_of = st.one_of(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["user", "assistant", "system", "developer"]), "content": contents}
    ),
    st.fixed_dictionaries(
        {"type": st.just("function_call"), "call_id": ids, "name": texts, "arguments": texts},
        optional={"id": texts, "status": st.none()},
    ),
    st.fixed_dictionaries(
        {"type": st.just("function_call_output"), "call_id": ids, "output": contents}
    ),
    st.fixed_dictionaries(
        {
            "type": st.sampled_from(
                ["reasoning", "web_search_call", "mcp_list_tools", "item_reference", "compaction"]
            )
        },
        optional={
            "id": texts,
            "encrypted_content": anything,
            "tools": anything,
            "output": anything,
        },
    ),
)
tools_of = st.one_of(
    st.fixed_dictionaries(
        {"type": st.just("function"), "name": texts},
        optional={"description": texts | st.none(), "parameters": st.none() | st.just(CITY)},
    ),
    st.fixed_dictionaries({"type": st.just("custom"), "name": texts}),
    st.fixed_dictionaries(
        {"type": st.just("namespace"), "name": texts, "tools": st.lists(st.just(WEATHER))}
    ),
    st.fixed_dictionaries({"type": st.sampled_from(["web_search", "mcp", "shell", "new"])}),
)
bodies = st.fixed_dictionaries(
    {},
    optional={
        "instructions": texts | st.none(),
        "tools": st.none() | st.lists(tools_of, max_size=3),
        "tool_choice": st.sampled_from(["auto", "none", "required", None, {"type": "mcp"}]),
        "text": st.sampled_from([None, {}, {"format": None}, {"format": SCHEMA}]),
        "reasoning": st.sampled_from([None, {}, {"context": "all_turns"}, {"mode": "pro"}]),
        "parallel_tool_calls": st.booleans() | st.none(),
        "prompt": st.none() | st.just({"id": "pmpt_1"}),
    },
)
names = st.sampled_from([CHATML, HARMONY, LATER, O1, O3_MINI, O4_MINI, "gpt-4", "gpt-5.6", "mine"])
memories = st.sampled_from(
    [None, Recalled(alone=True), Recalled(by_schema=True, reasoning_tokens=5)]
)


@given(names, bodies, st.lists(items_of, max_size=6), memories)
@settings(deadline=None, max_examples=60)
def test_every_request_and_answer_has_a_bill(
    name: str, body: dict[str, Any], items: list[Any], recalled: Recalled | None
) -> None:
    def recall(_: Mapping[str, Any]) -> Recalled | None:
        return recalled

    whole = count_items(body, items, model(name), recall)
    found = explain_items(body, items, model(name), recall).parts
    answer = BilledChoice(texts=["a", "b"], calls=[("f", "{}")], custom_calls=[("c", "x")])

    assert whole.tokens == sum(part.tokens for part in found) >= 2
    places = [part.place for part in found if part.kind == "item"]
    assert places == sorted({*places})
    assert count_output(body, items, answer, model(name)).tokens > 0
    blocks = item_blocks(body, items, model(name), recall)
    assert len(blocks) <= whole.tokens // 128


@given(names, st.lists(st.sampled_from([USER, RESULT]), max_size=4))
@settings(deadline=None, max_examples=30)
def test_items_are_billed_one_by_one(name: str, items: list[Any]) -> None:
    alone = sum(cost(name, item) - cost(name) for item in items)

    assert cost(name, *items) == cost(name) + alone


# --- the output -------------------------------------------------------------------------------


def output(
    name: str,
    *calls: tuple[str, str],
    texts: Sequence[str] = (),
    items: Sequence[Any] = (USER,),
    reasoning_tokens: int = 0,
    cut: bool = False,
    refusal: str | None = None,
    **members: Any,
) -> int:
    choice = BilledChoice(texts=texts, calls=calls, cut=cut, refusal=refusal)
    return count_output(
        members, items, choice, model(name), reasoning_tokens=reasoning_tokens
    ).tokens


TOOLS = {"tools": [WEATHER]}
FORMAT = {"text": {"format": SCHEMA}}


@pytest.mark.parametrize(
    ("name", "members", "more"),
    [
        pytest.param(CHATML, {}, 1, id="ChatML"),
        pytest.param(CHATML, TOOLS, 2, id="where tools are offered"),
        pytest.param(CHATML, {**TOOLS, "tool_choice": "none"}, 1, id="tools of no use"),
        pytest.param(CHATML, FORMAT, 1, id="by a schema"),
        pytest.param(CHATML, {**FORMAT, **TOOLS}, 5, id="by a schema beside tools"),
        pytest.param(CHATML, {"cut": True}, 0, id="cut short"),
        pytest.param(LATER, {}, 4, id="gpt-5.4"),
        pytest.param(LATER, {"reasoning_tokens": 7}, 7 + 6, id="gpt-5.4 after reasoning"),
        pytest.param(LATER, FORMAT, 4 + 3, id="gpt-5.4 by a schema"),
        pytest.param(HARMONY, {}, 6, id="gpt-5 analyses unasked"),
        pytest.param(HARMONY, {"items": [CALL, RESULT]}, 4, id="but not after a result"),
        pytest.param(O1, TOOLS, 2, id="o1: as ChatML"),
        pytest.param(O3_MINI, {"reasoning_tokens": 64}, 64 + 1, id="o3-mini: as ChatML"),
        pytest.param(O3, {}, 6, id="o3: as Harmony"),
        pytest.param(O4_MINI, {}, 6, id="o4-mini: as Harmony"),
    ],
)
def test_a_text_costs_its_tokens_and_what_surrounds_it(
    name: str, members: dict[str, Any], more: int
) -> None:
    assert output(name, texts=["Hello"], **members) == 1 + more


@pytest.mark.parametrize(
    ("name", "members", "around"),
    [
        pytest.param(CHATML, TOOLS, of(" to=functions.weather") + 5, id="ChatML"),
        pytest.param(CHATML, {**TOOLS, "tool_choice": "required"}, 1, id="forced"),
        pytest.param(LATER, TOOLS, of(" to=functions.weather") + 8, id="gpt-5.4"),
        pytest.param(
            LATER, {**TOOLS, "tool_choice": "required"}, of(" to=functions.weather") + 8, id="free"
        ),
        pytest.param(HARMONY, TOOLS, of(" to=functions.weather") + 10, id="gpt-5"),
        pytest.param(O3, TOOLS, of(" to=functions.weather") + 10, id="o3"),
        pytest.param(O1, TOOLS, of(" to=functions.weather") + 5, id="o1"),
    ],
)
def test_a_call_costs_where_it_goes_and_what_it_says(
    name: str, members: dict[str, Any], around: int
) -> None:
    arguments = '{"city": "Rome"}'

    assert output(name, ("weather", arguments), **members) == of(arguments) + around


def test_calls_made_together_are_one_call() -> None:
    uses = (
        '{"tool_uses":[{"recipient_name":"functions.weather","parameters":{}},'
        '{"recipient_name":"functions.time","parameters":{}}]}'
    )
    calls = (("weather", "{}"), ("time", "{}"))

    assert output(CHATML, *calls, **TOOLS) == of(" to=multi_tool_use.parallel") + of(uses) + 5


def test_a_refusal_is_one_more_without_channels() -> None:
    assert output(CHATML, refusal="No.") == of("No.") + 2
    assert output(LATER, refusal="No.") == of("No.") + 4


@pytest.mark.parametrize(
    ("name", "members", "more"),
    [
        pytest.param(CHATML, {}, 2, id="ChatML"),
        pytest.param(CHATML, {**FORMAT, **TOOLS}, 2 + 2 + 1, id="by a schema beside tools"),
        pytest.param(LATER, {}, 7, id="Harmony"),
    ],
)
def test_each_further_message_costs_what_surrounds_it(
    name: str, members: dict[str, Any], more: int
) -> None:
    one, two = (output(name, texts=texts, **members) for texts in (["Hi"], ["Hi", "Hello"]))

    assert two - one == 1 + more


def test_calls_after_a_text_are_a_further_message() -> None:
    call = ("weather", "{}")

    both = output(CHATML, call, texts=["Hello"], **TOOLS)

    assert both == output(CHATML, call, **TOOLS) + 1 + 2


def test_a_limit_reached_in_the_reasoning_leaves_nothing_else() -> None:
    assert output(HARMONY, reasoning_tokens=100, cut=True) == 100


@pytest.mark.parametrize(
    ("name", "tokens", "stated"),
    [
        ("gpt-5-nano", 63, 0),
        ("gpt-5", 130, 128),
        ("o4-mini", 64, 64),
        ("gpt-5.1", 63, 63),
        ("gpt-5.6-sol", 130, 130),
    ],
)
def test_older_models_state_their_reasoning_in_steps(name: str, tokens: int, stated: int) -> None:
    assert reported_reasoning(model(name), tokens) == stated


# --- caching ----------------------------------------------------------------------------------

LONG = "word " * 1_500


def blocks(*items: Mapping[str, Any], **members: Any) -> tuple[bytes, ...]:
    return item_blocks(members, items, model(CHATML), nothing)


def common(one: Sequence[bytes], other: Sequence[bytes]) -> int:
    return sum(a == b for a, b in zip(one, other, strict=False))


def test_requests_that_begin_alike_have_blocks_in_common() -> None:
    asked = {"role": "user", "content": LONG}
    first = blocks(asked, instructions="Be brief.", tools=[WEATHER])
    turns = [asked, {"role": "assistant", "content": "No.", "id": "msg_1"}, USER]

    longer = blocks(*turns, instructions="Be brief.", tools=[WEATHER])

    assert len(first) > 8
    assert common(first, longer) == len(first)
    assert common(first, blocks(*turns, instructions="Be brief.", tools=[TIME])) == 0
    assert common(first, blocks(*turns, instructions="Be verbose.", tools=[WEATHER])) == 0
    replayed = {**turns[1], "id": "msg_2", "status": "completed"}
    assert blocks(asked, replayed, USER) == blocks(*turns)


def test_no_prompt_of_an_older_model_is_cached() -> None:
    asked = {"role": "user", "content": LONG}

    assert item_blocks({}, [asked], model("gpt-4-turbo"), nothing) == ()


# --- embeddings -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_input", "tokens"),
    [
        pytest.param("Hello world", 2, id="a text"),
        pytest.param(["Hello world", "Hello"], 3, id="texts"),
        pytest.param([1, 2, 3], 3, id="tokens"),
        pytest.param([[1, 2], [3]], 3, id="lists of tokens"),
        pytest.param(["", "Hello"], 2, id="an empty text is one token"),
    ],
)
def test_embeddings_cost_their_tokens(given_input: Any, tokens: int) -> None:
    embedding = model("text-embedding-3-small")

    assert count_prompt({"input": given_input}, embedding) == Count(tokens)
