"""What the server says of its bills: exact where bills confirm all of it, otherwise estimated."""

from typing import Any

import pytest
from support.inprocess import Answered, Api

HELLO = "rules: [{reply: {kind: text, text: Hello.%s}}]"
USER = [{"role": "user", "content": "Hi"}]
AZURE = "/openai/deployments/%s/chat/completions?api-version=2025-04-01-preview"


def says(answered: Answered) -> str:
    return answered.headers["x-mockserver-usage"]


def azure(scenario: str, deployment: str, messages: list[dict[str, Any]] = USER) -> Answered:
    return Api(scenario).post(AZURE % deployment, {"messages": messages})


@pytest.mark.parametrize(
    ("stated", "tokens"),
    [
        pytest.param("", 3, id="its answers name a snapshot: the end of the turn is billed"),
        pytest.param(", model: gpt-4o-2024-11-20", 3, id="a snapshot"),
        pytest.param(", model: gpt-4o", 2, id="a model alone, as in 2024"),
        pytest.param(", model: gpt-4-32k", 2, id="a model that has no snapshots"),
    ],
)
def test_azure_bills_the_end_of_a_turn_where_it_names_a_snapshot(stated: str, tokens: int) -> None:
    answered = azure(HELLO % stated, "gpt-4o")

    assert answered.usage["completion_tokens"] == tokens


def test_azure_bills_no_end_of_turn_for_gpt_35() -> None:
    assert azure(HELLO % "", "gpt-35-turbo").usage["completion_tokens"] == 2


@pytest.mark.parametrize(
    ("name", "less"),
    [
        pytest.param("o4-mini", 3, id="P6 o4-mini"),
        pytest.param("o3-mini", 3, id="P6 o3-mini"),
        pytest.param("o1", 6, id="P6 o1"),
        pytest.param("gpt-4o", 0, id="P6 others cost the same"),
    ],
)
def test_azure_bills_less_for_calls_of_the_o_series(name: str, less: int) -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    messages = [
        *USER,
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": "done"},
    ]
    openai = Api(HELLO % "").chat(messages, model=name)

    hosted = azure(HELLO % "", name, messages)

    assert openai.usage["prompt_tokens"] - hosted.usage["prompt_tokens"] == less


@pytest.mark.parametrize(
    ("asked", "stated", "expected"),
    [
        pytest.param("gpt-4o", "", "exact", id="a model of the catalogue"),
        pytest.param("gpt-4o", ", model: gpt-4o-2024-08-06", "exact", id="its snapshot answers"),
        pytest.param("gpt-4o", ", model: gpt-4o", "estimated", id="an alias answers"),
        pytest.param("gpt-4o", ", model: gpt-4o-mni", "estimated", id="P9 a typo answers"),
        pytest.param("gpt-4o-mni", "", "estimated", id="P9 a typo is asked and answers"),
        pytest.param(
            "gpt-4o-mni", ", model: gpt-4o-2024-08-06", "exact", id="P9 a model behind the typo"
        ),
        pytest.param("o1", "", "estimated", id="o1"),
    ],
)
def test_a_bill_says_whether_it_is_exact(asked: str, stated: str, expected: str) -> None:
    api = Api("models: any\n" + HELLO % stated)

    assert says(api.chat(USER, model=asked)) == expected


def test_what_a_deployment_stands_for_is_counted_as_that() -> None:
    scenario = "models: [{id: prod, like: gpt-4o}, {id: other}]\n" + HELLO % ""

    assert says(azure(scenario, "prod")) == "exact"  # P9
    assert says(azure(scenario, "other")) == "estimated"


def test_what_was_predicted_and_rejected_is_billed_as_generated() -> None:
    api = Api(HELLO % ", usage: {rejected_prediction_tokens: 16}")

    answered = api.chat(USER, model="gpt-4o", prediction={"type": "content", "content": "Hi!"})

    assert answered.usage["completion_tokens"] == 2 + 16
    assert answered.usage["completion_tokens_details"]["rejected_prediction_tokens"] == 16
    assert says(answered) == "estimated"
