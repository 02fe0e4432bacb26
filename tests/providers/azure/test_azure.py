"""What Azure makes of paths, versions and deployments: what the golden bytes do not show."""

import json
from typing import Any

import pytest
from support.inprocess import KEY, Answered, Api

VERSION = "?api-version=2024-10-21"
HI = {"messages": [{"role": "user", "content": "Hi"}]}


def ask(api: Api, deployment: str = "gpt-4o", query: str = VERSION, **members: Any) -> Answered:
    return api.post(f"/openai/deployments/{deployment}/chat/completions{query}", {**HI, **members})


def test_the_deployment_decides_and_not_the_body() -> None:
    answered = ask(Api(), "gpt-4o", model="gpt-4o-mini")

    assert (answered.json["model"], answered.call.model) == ("gpt-4o-2024-08-06", "gpt-4o")


def test_a_deployment_answers_by_the_snapshot_of_the_model_that_it_is_like() -> None:
    assert ask(Api("models: [{id: ours, like: gpt-4o-mini}]"), "ours").json["model"] == (
        "gpt-4o-mini-2024-07-18"
    )


def test_gpt_35_has_a_name_without_a_dot() -> None:
    assert ask(Api(), "gpt-35-turbo").json["model"] == "gpt-35-turbo"


@pytest.mark.parametrize(
    ("query", "status"),
    [
        pytest.param("", 404, id="none"),
        pytest.param("?api-version=", 404, id="an empty one"),
        pytest.param("?api-version=2024-10-22", 400, id="a day that brought none"),
        pytest.param("?api-version=v1", 400, id="that of other paths"),
        pytest.param("?api-version=2024-10-21", 200, id="the last that is generally available"),
        pytest.param("?api-version=2025-04-01-preview", 200, id="the last preview"),
        pytest.param("?api-version=2026-09-01", 200, id="one that came later"),
    ],
)
def test_a_deployment_is_asked_in_a_version_that_there_is(query: str, status: int) -> None:
    assert ask(Api(), query=query).status == status


@pytest.mark.parametrize("query", ["", "?api-version=preview", "?api-version=latest"])
def test_below_v1_no_version_is_needed(query: str) -> None:
    body = {"model": "gpt-4o", **HI}

    assert Api().post(f"/openai/v1/chat/completions{query}", body).status == 200


@pytest.mark.parametrize(
    "headers",
    [{"api-key": KEY}, {"authorization": f"Bearer {KEY}"}, {"Authorization": "", "api-key": KEY}],
    ids=["a key", "a token", "a key beside an empty header"],
)
def test_a_key_comes_in_its_own_header_or_as_a_token(headers: dict[str, str]) -> None:
    path = f"/openai/deployments/gpt-4o/chat/completions{VERSION}"
    lower = {name.lower(): value for name, value in headers.items()}

    assert Api().send("POST", path, json.dumps(HI).encode(), key=None, headers=lower).status == 200


def test_the_end_of_a_turn_is_billed_here_and_not_at_openai() -> None:
    api = Api('rules: [{reply: "Hello there."}]')
    here = ask(api).usage["completion_tokens"]
    there = api.chat(model="gpt-4o").usage["completion_tokens"]

    assert (here, there) == (4, 3)


def test_an_answer_is_sorted_but_for_the_number_of_a_prompt() -> None:
    def sorted_everywhere(value: Any) -> bool:
        if isinstance(value, list):
            return all(map(sorted_everywhere, value))
        if not isinstance(value, dict):
            return True
        names = [name for name in value if name != "prompt_index"]
        return names == sorted(names) and all(map(sorted_everywhere, value.values()))

    assert sorted_everywhere(ask(Api()).json)
    assert all(map(sorted_everywhere, ask(Api(), stream=True).chunks))


def test_a_text_that_is_filtered_half_way_keeps_what_was_written() -> None:
    api = Api("rules: [{reply: {kind: text, text: Half, finish_reason: content_filter}}]")
    choice = ask(api).choice

    assert choice["message"]["content"] == "Half"
    assert choice["content_filter_results"]["violence"] == {"filtered": True, "severity": "medium"}


def test_each_prompt_of_a_batch_has_its_own_findings() -> None:
    path = f"/openai/deployments/gpt-35-turbo-instruct/completions{VERSION}"
    found = Api().post(path, {"prompt": ["a", "b", "c"]}).json["prompt_filter_results"]

    assert [entry["prompt_index"] for entry in found] == [0, 1, 2]


def test_log_probabilities_are_told_in_alphabetical_order_too() -> None:
    entry = ask(Api(), logprobs=True, top_logprobs=1).choice["logprobs"]["content"][0]

    assert list(entry) == ["bytes", "logprob", "token", "top_logprobs"]


def test_refused_parameters_are_told_as_openai_does() -> None:
    assert ask(Api(), n=0).error["code"] == "integer_below_min_value"


def test_a_scenario_that_names_azure_has_it_at_the_path_of_all_clients() -> None:
    answered = Api("provider: azure").post("/v1/chat/completions", {"model": "gpt-4o", **HI})

    assert (answered.call.provider, answered.status) == ("azure", 200)
    assert "prompt_filter_results" in answered.json
