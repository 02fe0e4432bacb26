"""`{{ … }}` in replies: each name of the scope, faker, what finds nothing, what is refused."""

import json
import re
from typing import Any

import pytest
from saying import Message, assistant, calls, result, tools, user
from support.inprocess import Api

from mockserver.errors import ScenarioError
from mockserver.sampling import FAKERS
from mockserver.sessions.options import Options


def said(expression: str, asked: str | list[Message] = "Hi", **members: Any) -> Any:
    """Return what *expression* becomes in the answer to a chat request."""
    api = Api(f"rules: [{{reply: {{kind: template, text: {json.dumps(expression)}}}}}]")
    return api.chat(asked, **members).text


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        pytest.param("{{ request.model }}", "gpt-4o-mini", id="request"),
        pytest.param("{{ request.messages[0].content }}", "Hi", id="deep in the request"),
        pytest.param("{{ request.temperature }}", "0.5", id="a number"),
        pytest.param("{{ request.stream }}", "false", id="a boolean"),
        pytest.param(
            "{{ request.tools[].function.name }}", '["a","b"]', id="a list, as compact JSON"
        ),
        pytest.param("{{ join('-', request.tools[].function.name) }}", "a-b", id="a function"),
        pytest.param("{{ length(request.messages) }}", "1", id="a length"),
        pytest.param("{{ request.user || 'nobody' }}", "nobody", id="one or else another"),
        pytest.param("{{ call }}/{{ turn }}/{{ index }}", "1/0/0", id="numbers"),
        pytest.param("{{prompt}}", "", id="a chat has no prompt"),
        pytest.param('{{ `{"a": {"b": 1}}`.a }}', '{"b":1}', id="braces within"),
        pytest.param("{{ '}}' }}{{ '{{' }}", "}}{{", id="the marks themselves"),
        pytest.param("a {{ 'b' }} c {{ 'd' }}", "a b c d", id="text around"),
        pytest.param("{ no } template {", "{ no } template {", id="single braces"),
    ],
)
def test_an_expression_looks_into_the_scope(expression: str, text: str) -> None:
    assert said(expression, temperature=0.5, tools=tools("a", "b"), stream=False) == text


def test_turn_counts_the_assistants_messages() -> None:
    assert said("{{ turn }}", [user("a"), assistant("b"), user("c")]) == "1"


def test_call_is_what_call_of_a_when_counts() -> None:
    api = Api("""
        rules:
          - {when: {call: [2, 4]}, reply: {kind: template, text: "number {{ call }}"}}
          - {reply: {kind: template, text: "other {{ call }}"}}
    """)

    assert api.texts(4) == ["other 1", "number 2", "other 2", "number 4"]


def test_call_is_kept_per() -> None:
    api = Api("""
        rules: [{per: conversation, reply: {kind: template, text: "{{ call }}"}}]
    """)

    assert [api.chat(one).text for one in ("a", "b", "a", "a", "b")] == ["1", "1", "2", "3", "2"]


def test_state_and_captures_are_as_when_the_rule_held() -> None:
    api = Api("""
        state: {n: {deep: [1, 2]}}
        rules:
          - capture: {word: {last_user: {regex: "\\\\w+"}}}
            set: {n: null}
            reply: {kind: template, text: "{{ captured.word }} {{ state.n.deep[1] }}"}
    """)

    assert [api.chat("one").text, api.chat("two").text] == ["one 2", "two "]


def test_prompt_and_index_are_those_of_the_choice() -> None:
    api = Api('rules: [{reply: {kind: template, text: "{{ index }}{{ prompt }}"}}]')
    choices = api.complete(["a", "b"]).json["choices"]

    assert [choice["text"] for choice in choices] == ["0a", "1b"]


# --- What finds nothing ----------------------------------------------------------------------


def test_what_finds_nothing_is_empty_and_noted() -> None:
    api = Api("""
        rules: [{reply: {kind: template, text: "[{{ captured.nmae }}{{ length(call) }}]"}}]
    """)

    for _ in range(3):
        answered = api.chat()
        assert answered.text == "[]"
        assert answered.call.notes == (
            "'{{ captured.nmae }}' found nothing",
            "'{{ length(call) }}' found nothing",
        )


# --- faker -----------------------------------------------------------------------------------

PEOPLE = "{{ faker.name }} | {{ faker.name }} | {{ faker.email }}"


def test_each_occurrence_is_drawn_anew() -> None:
    first, second, _ = said(PEOPLE).split(" | ")

    assert first != second


def test_what_faker_makes_is_the_same_for_the_same_seed_and_request() -> None:
    assert said(PEOPLE) == said(PEOPLE)
    assert said(PEOPLE) != said(PEOPLE, "Ho")


def test_a_request_that_comes_again_gets_other_people() -> None:
    api = Api(f'rules: [{{reply: {{kind: template, text: "{PEOPLE}"}}}}]')

    assert api.chat().text != api.chat().text


def test_another_seed_makes_other_people() -> None:
    rules = f'rules: [{{reply: {{kind: template, text: "{PEOPLE}"}}}}]'

    assert Api(rules, options=Options(seed=1)).chat().text != said(PEOPLE)


@pytest.mark.parametrize("provider", sorted(FAKERS))
def test_each_faker_that_is_allowed_makes_something(provider: str) -> None:
    assert said(f"{{{{ faker.{provider} }}}}")


# --- Where templates may stand ---------------------------------------------------------------


def test_all_texts_of_a_reply_are_expanded_but_for_its_keys() -> None:
    api = Api("""
        rules:
          - reply:
              kind: json
              template: true
              value: {"{{ call }}": ["{{ call }}", {a: "b{{ turn }}"}, 7]}
              headers: {x-said: "{{ request.messages[0].content }}"}
              model: "{{ request.model }}"
    """)
    answered = api.chat("Hi\nx-evil: 1")

    assert json.loads(answered.text) == {"{{ call }}": ["1", {"a": "b0"}, 7]}
    assert answered.headers["x-said"] == "Hi x-evil: 1"


def test_the_arguments_of_a_call_may_be_templates() -> None:
    api = Api("""
        rules:
          - when: {last_user: {contains: weather}}
            reply:
              kind: tool_calls
              template: true
              calls:
                - {name: get_weather, arguments: {q: "{{ request.messages[0].content }}"}}
                - {name: raw, arguments: '{"n": {{ call }}}', id: "call_{{ call }}"}
    """)
    first, second = api.chat('the "weather"').choice["message"]["tool_calls"]

    assert json.loads(first["function"]["arguments"]) == {"q": 'the "weather"'}
    assert (second["function"]["arguments"], second["id"]) == ('{"n": 1}', "call_1")


def test_overrides_of_a_schema_may_be_templates() -> None:
    api = Api("""
        rules: [{reply: {kind: json_schema, template: true, overrides: {a: "{{ call }}"}}}]
    """)

    assert json.loads(api.chat().text)["a"] == "1"


def test_a_tools_result_can_be_taken_up() -> None:
    api = Api("""
        rules: [{reply: {kind: template, text: "It is {{ request.messages[-1].content }}."}}]
    """)

    assert api.chat([user("?"), calls("get"), result("get", "noon")]).text == "It is noon."


def test_a_template_in_a_streamed_answer_is_cut_and_counted_as_any_other() -> None:
    api = Api('rules: [{reply: {kind: template, text: "{{ request.user }} {{ request.user }}"}}]')
    answered = api.chat(user="one two three", max_tokens=4)

    assert (answered.text, answered.usage["completion_tokens"]) == ("one two three one", 4)


def test_only_where_template_says_so() -> None:
    api = Api('rules: [{reply: "{{ request.model }}"}]')

    assert api.chat().text == "{{ request.model }}"


# --- What is refused -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        pytest.param("{{ reqest.model }}", "did you mean 'request'?", id="an unknown name"),
        pytest.param("{{ secrets }}", "known here: request, captured", id="nothing like it"),
        pytest.param("{{ faker }}", "'faker' needs what to make", id="faker alone"),
        pytest.param("{{ faker.nmae }}", "did you mean 'name'?", id="an unknown faker"),
        pytest.param("{{ faker.__class__ }}", "unknown faker", id="an attribute of an object"),
        pytest.param("{{ request.", "is never closed", id="not closed"),
        pytest.param("{{ request. }}", "cannot be read", id="no expression"),
        pytest.param("{{ }}", "cannot be read: the expression is empty", id="nothing"),
        pytest.param("{{ upper(request.model) }}", "unknown function 'upper'", id="no function"),
        pytest.param("{{ length() }}", "takes 1 argument", id="too few arguments"),
        pytest.param("{% if x %}{{ 7*7 }}", "cannot be read", id="another template language"),
    ],
)
def test_a_template_that_cannot_be_is_refused_with_its_place(text: str, refused: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        Api(f"rules: [{{reply: {{kind: template, text: {json.dumps(text)}}}}}]")

    assert re.match(r"<text>:2:\d+: ", str(caught.value))
    assert refused in str(caught.value)


@pytest.mark.parametrize(
    "expression",
    [
        "request.__class__",
        "state.__init__.__globals__",
        "request.keys",
        "call.real",
        "captured.items",
        "prompt.__doc__",
    ],
)
def test_no_attribute_of_an_object_can_be_reached(expression: str) -> None:
    assert said(f"{{{{ {expression} }}}}") == ""


@pytest.mark.parametrize(
    "way",
    [
        "@ | faker.{}",
        "[@][0].faker.{}",
        "values(@)[?type(@) == 'object'] | [*].{}",
        "merge(@, `{{}}`).faker.{}",
        "to_array(@)[0].faker.{}",
    ],
)
@pytest.mark.parametrize(
    "maker", ["file_path", "seed_instance", "__class__", "binary", "date_time"]
)
def test_no_way_leads_to_a_faker_that_is_not_allowed(way: str, maker: str) -> None:
    assert said(f"{{{{ {way.format(maker)} }}}}") in {"", "[]"}


@pytest.mark.parametrize("whole", ["@", "to_string(@)", "values(@)", "to_array(@)", "keys(@)"])
def test_the_scope_as_a_whole_is_the_same_each_time(whole: str) -> None:
    expression = f"{{{{ {whole} }}}}"

    assert "gpt-4o-mini" in said(expression) or whole == "keys(@)"
    assert said(expression) == said(expression)
    assert " at 0x" not in said(expression)
