"""*Errors* of the language: each example message, exactly, and all that is refused at load."""

from pathlib import Path

import pytest
from saying import STRICT, user
from support.inprocess import Api

from mockserver.cli import main
from mockserver.errors import ScenarioError
from mockserver.scenario.loader import ScenarioText, check, load_scenario


def told(text: str, name: str = "a.yaml") -> str:
    """Return all that `check` tells of *text*."""
    return "\n".join(map(str, check([ScenarioText(text, name)])))


# --- The examples, to the letter -------------------------------------------------------------


def test_a_word_that_is_misspelt() -> None:
    text = (
        "version: 1\ndescription: Cut.\n\nrules:\n  - name: cut\n"
        '    reply: "x"\n    fail: disconect\n'
    )

    assert told(text, "scenarios/failures/cut.yaml") == (
        "scenarios/failures/cut.yaml:7:11: unknown failure kind 'disconect'\n"
        "  did you mean 'disconnect'?"
    )


def test_a_condition_that_never_holds() -> None:
    text = (
        "version: 1\n" + "\n" * 7 + "rules:\n- name: a\n  when:\n    after_tool: get\n"
        "    turn: 0\n  reply: x\n"
    )

    assert told(text, "scenarios/agents/refund.yaml") == (
        "scenarios/agents/refund.yaml:12:5: 'after_tool' needs an assistant turn before it, "
        "and 'turn: 0' has none: never holds"
    )


def test_a_rule_that_is_never_reached() -> None:
    text = (
        "version: 1\n"
        + "\n" * 21
        + "rules:\n- name: otherwise\n  reply: x\n"
        + "\n" * 4
        + "- {name: weather, when: {last_user: weather}, reply: y}\n"
    )

    assert told(text, "scenarios/a.yaml") == (
        "scenarios/a.yaml:30:3: warning: rule 'weather' is never reached: 'otherwise' (line 24) "
        "already answers every request"
    )


def test_a_template_that_goes_out_as_written() -> None:
    text = (
        "version: 1\n\n\n\nrules:\n- name: a\n  capture: {city: model}\n"
        "  reply:\n    kind: text\n    text: 'In {{ captured.city }}.'\n"
    )

    assert told(text, "scenarios/a.yaml") == (
        "scenarios/a.yaml:10:11: warning: '{{ captured.city }}' is sent as written; "
        "add 'template: true' to expand it"
    )


def test_a_request_that_no_rule_answers() -> None:
    api = Api(
        """
        rules:
          - name: weather-tool
            when: {model: "gpt-4*", last_user: {contains: weather}, tools: get_weather}
            reply: {kind: tool_calls, calls: [{name: get_weather}]}
          - name: three-jokes
            when: {last_user: {regex: "^joke"}}
            replies: ["First.", "Second.", "Third."]
        """,
        options=STRICT,
    )
    for _ in range(3):
        api.chat("joke", session="test_retry", model="o3")
    refused = api.chat("joke", session="test_retry", model="o3")

    assert refused.error["message"] == (
        "no rule matches POST /v1/chat/completions (session 'test_retry', call 4)\n"
        "  nearest: 'three-jokes': its 3 replies are used up (by calls 1, 2, 3)\n"
        "  next:    'weather-tool': model is 'o3', the rule wants 'gpt-4*'"
    )


# --- Near misses -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ("times: 1, when: {attempt: 1}, reply: x", "attempt is 2, the rule wants 1"),
        (
            "name: a, times: 1, reply: x",
            "it has already acted 1 time, its limit",
        ),
        ("when: {call: 1}, reply: x", "call is 2, the rule wants 1"),
        ("when: {call: [1, 5]}, reply: x", "call is 2, the rule wants 1 or 5"),
        (
            "when: {state: {step: new}}, set: {step: old}",
            "state.step is 'old', the rule wants 'new'",
        ),
    ],
)
def test_the_nearest_rule_tells_in_what_the_second_call_differed(rule: str, why: str) -> None:
    own = "{times: 1, fail: 503}, " if "attempt" in rule else ""
    api = Api(f"state: {{step: new}}\nrules: [{own}{{{rule}}}]", options=STRICT)
    api.chat()

    assert why in api.chat().error["message"]


def test_secrets_are_in_no_message() -> None:
    api = Api("rules: [{when: {key: sk-right, headers: {cookie: a}}, reply: x}]", options=STRICT)
    refused = api.post(
        "/v1/chat/completions",
        {"model": "gpt-4o-mini", "messages": [user("Hi")]},
        key="sk-very-secret",
        headers={"cookie": "session-of-somebody"},
    )

    assert "key is different" in refused.error["message"]
    assert "secret" not in refused.body.decode()
    assert "somebody" not in refused.body.decode()


# --- What is refused at load -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "refused"),
    [
        pytest.param("{replly: x}", "unknown key 'replly' in a rule", id="an unknown key"),
        pytest.param(
            "{reply: x, reply: y}",
            "duplicate key 'reply': the first is on line 2",
            id="a key twice",
        ),
        pytest.param(
            "{reply: x, replies: [y]}",
            "'reply' and 'replies' cannot be combined",
            id="reply with replies",
        ),
        pytest.param(
            "{replies: [{fail: {kind: http_error, status: 500, probability: 0.5}}]}",
            "this step may have nothing to send",
            id="a step that may have nothing to send",
        ),
        pytest.param(
            "{reply: x, fail: {kind: disconnect, at: end, after_tokens: 1}}",
            "a failure has one moment: 'at' or 'after_tokens'",
            id="two moments",
        ),
        pytest.param("{reply: yes}", "'yes' is text to some YAML readers", id="yes"),
        pytest.param("{when: {stream: on}, reply: x}", "'on' is text to some", id="on"),
        pytest.param("{reply: x, times: 0}", "'times' must be at least 1", id="never acting"),
        pytest.param("{reply: x, then: cycle}", "'then' needs 'replies'", id="then alone"),
        pytest.param("{replies: []}", "the list is empty", id="no steps"),
        pytest.param(
            "{name: Not Kebab, reply: x}", "'Not Kebab' is not in kebab-case", id="a name"
        ),
        pytest.param(
            "{name: a, reply: x}, {name: a, reply: y}",
            "two rules are called 'a': the first is on line 2",
            id="a name twice",
        ),
        pytest.param(
            "{when: {endpoint: models}, reply: x}",
            "the endpoint only looks things up: 'reply' is never used\n  it can only fail",
            id="a reply to a look-up",
        ),
        pytest.param(
            "{when: {endpoint: 'model*'}, replies: [{fail: 500}, x]}",
            "the endpoint only looks things up: 'replies' is never used",
            id="replies to a look-up",
        ),
        pytest.param(
            "{reply: {kind: cassette, file: a.jsonl}}",
            "this scenario is in no file: a cassette lies beside one",
            id="a cassette beside no file",
        ),
        pytest.param(
            "{when: {prompt: a, last_user: b}, reply: x}",
            "never holds",
            id="a chat's key beside a legacy one",
        ),
        pytest.param(
            "{when: {userMessage: a}, reply: x}",
            "here it is 'latest_user'",
            id="another tool's word",
        ),
        pytest.param("{per: user, reply: x}", "expected 'session'", id="an unknown scope"),
    ],
)
def test_what_is_wrong_is_refused_at_load(rules: str, refused: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        Api(f"rules: [{rules}]")

    assert refused in str(caught.value)
    assert str(caught.value).startswith("<text>:2:")


def test_a_rule_may_answer_where_one_of_its_endpoints_generates() -> None:
    api = Api("""
        rules:
          - {when: {endpoint: "*"}, reply: x}
          - {when: {endpoint: models}, replies: [{fail: 500}]}
          - {when: [{endpoint: models}, {turn: 0}], reply: x}
    """)

    assert api.chat().text == "x"


def test_all_of_a_files_errors_are_told_at_once_with_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("version: 1\nrules:\n- {name: A, replly: 1}\n- {fail: disconect}\n")

    assert main(["check", str(file)]) == 2
    assert [line.partition("a.yaml")[2] for line in capsys.readouterr().err.splitlines()] == [
        ":3:13: unknown key 'replly' in a rule",
        "",
        ":4:10: unknown failure kind 'disconect'",
        "",
    ]


def test_warnings_alone_do_not_keep_a_file_from_being_read() -> None:
    scenario = load_scenario(ScenarioText("version: 1\nrules: [{name: idle}]"))

    assert [rule.name for rule in scenario.rules] == ["idle"]
