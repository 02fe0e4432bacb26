"""`logprobs` of a reply: numbers of at most 0, or null; anything else is refused in its place."""

from typing import Any

import pytest

from mockserver.errors import ScenarioError
from mockserver.scenario.loader import ScenarioText, load_scenario


def scenario(reply: str) -> Any:
    text = f"version: 1\nrules:\n  - name: said\n    reply: {reply}\n"
    return load_scenario(ScenarioText(text, "a.yaml"))


@pytest.mark.parametrize(
    ("written", "logprobs"),
    [
        pytest.param("[-0.5, -2, 0]", (-0.5, -2, 0), id="fractions, whole numbers and 0"),
        pytest.param("[]", (), id="none: all are drawn"),
        pytest.param("[-9999.0]", (-9999.0,), id="the API's floor"),
        pytest.param("null", None, id="null: nothing is told"),
    ],
)
def test_what_may_be_stated(written: str, logprobs: Any) -> None:
    (rule,) = scenario(f"{{kind: text, text: Hi, logprobs: {written}}}").rules

    assert rule.reply.logprobs == logprobs


@pytest.mark.parametrize(
    ("reply", "what"),
    [
        pytest.param(
            "{kind: text, text: Hi, logprobs: [-1, 0.5]}",
            "a.yaml:4:35: a log-probability is a finite number of at most 0, not 0.5",
            id="more than certain",
        ),
        pytest.param(
            "{kind: lorem, tokens: 3, logprobs: [1]}",
            "a.yaml:4:37: a log-probability is a finite number of at most 0, not 1",
            id="of a kind that checks keys of its own",
        ),
        pytest.param(
            "{kind: choices, choices: [{kind: text, text: Hi, logprobs: [2]}]}",
            "a.yaml:4:61: a log-probability is a finite number of at most 0, not 2",
            id="of one of several choices",
        ),
        pytest.param(
            "{kind: tool_calls, calls: [{name: f}], logprobs: [2]}",
            "a.yaml:4:51: a log-probability is a finite number of at most 0, not 2",
            id="of tool calls",
        ),
        pytest.param(
            "{kind: text, text: Hi, logprobs: -1}",
            "a.yaml:4:45: expected a list, got the number -1",
            id="no list",
        ),
        pytest.param(
            '{kind: text, text: Hi, logprobs: ["-1"]}',
            "a.yaml:4:46: expected a number, got the text '-1'",
            id="text",
        ),
    ],
)
def test_what_is_refused_is_told_with_its_place(reply: str, what: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        scenario(reply)

    assert str(refused.value) == what
