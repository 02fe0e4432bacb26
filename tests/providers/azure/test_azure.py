"""What Azure makes of paths, versions and deployments: what the golden bytes do not show."""

import json
from typing import Any

import pytest
from support.inprocess import KEY, Answered, Api

from mockserver.errors import UsageError
from mockserver.sessions.options import Options

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


# --- responses -------------------------------------------------------------------------------

RESPONSES = "/openai/v1/responses"


def test_a_response_names_the_deployment_and_its_head_the_model() -> None:
    api = Api("models: [{id: ours, like: gpt-4o-mini}]")
    answered = api.post(RESPONSES, {"model": "ours", "input": "Hi"})

    assert answered.json["model"] == answered.headers["x-ratelimit-key"] == "ours"
    assert answered.headers["x-ms-served-model"] == "gpt-4o-mini-2024-07-18"


def test_a_response_names_the_model_that_a_scenario_states() -> None:
    api = Api("rules: [{reply: {kind: text, text: Hi, model: gpt-4o-2024-05-13}}]")

    assert api.post(RESPONSES, {"model": "gpt-4o", "input": "Hi"}).json["model"] == (
        "gpt-4o-2024-05-13"
    )


def test_findings_come_when_a_response_is_over_and_end_where_its_texts_do() -> None:
    api = Api('rules: [{reply: "Hello there."}]')
    body = {"model": "gpt-4o", "input": "Hi", "instructions": "Be brief.", "stream": True}
    answered = api.post(RESPONSES, body).body.decode()
    events = [json.loads(line[6:]) for line in answered.splitlines() if line.startswith("data: ")]
    found = [event["response"]["content_filters"] for event in events if "response" in event]

    assert found[:-1] == [None, None]
    ends = [one["content_filter_offsets"]["end_offset"] for one in found[-1]]
    assert ends == [len("HiBe brief."), len("Hello there.")]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (RESPONSES, 200),
        (f"{RESPONSES}?api-version=preview", 200),
        (f"{RESPONSES}?api-version=2025-04-01-preview", 400),
        ("/openai/responses", 404),
        ("/openai/responses?api-version=2025-02-01-preview", 400),
        ("/openai/responses?api-version=2025-03-01-preview", 200),
        ("/openai/responses?api-version=2026-09-01", 200),
        ("/openai/deployments/gpt-4o/responses?api-version=2025-03-01-preview", 404),
    ],
)
def test_responses_have_paths_and_versions_of_their_own(path: str, status: int) -> None:
    assert Api().post(path, {"model": "gpt-4o", "input": "Hi"}).status == status


@pytest.mark.parametrize(
    ("root", "query"), [("/openai/v1", ""), ("/openai", "?api-version=2025-04-01-preview")]
)
def test_a_response_is_looked_up_continued_and_deleted_below_the_same_root(
    root: str, query: str
) -> None:
    api = Api()
    made = api.post(f"{root}/responses{query}", {"model": "gpt-4o", "input": "Hi"}).json
    one = f"{root}/responses/{made['id']}"
    more = {"model": "gpt-4o", "input": "Go on", "previous_response_id": made["id"]}

    assert api.get(one + query).json == made
    assert len(api.get(f"{one}/input_items{query}").json["data"]) == 1
    assert (
        api.post(f"{root}/responses{query}", more).usage["input_tokens"]
        > (made["usage"]["input_tokens"])
    )
    counted = api.post(f"{root}/responses/input_tokens{query}", {"model": "gpt-4o", "input": "Hi"})
    assert counted.json["input_tokens"] == made["usage"]["input_tokens"]
    assert api.send("DELETE", one + query).json["deleted"] is True
    refused = api.get(one + query)
    assert (refused.status, refused.error["type"]) == (404, "invalid_request_error")


def test_what_is_made_in_the_background_has_no_findings_before_it_is_there() -> None:
    api = Api("rules: [{reply: Hi}]")
    body = {"model": "gpt-4o", "input": "Hi", "background": True}
    made = api.post(RESPONSES, body).json
    polled = [api.get(f"{RESPONSES}/{made['id']}").json for _ in range(3)]
    shown = [one["content_filters"] for one in polled if one["status"] != "completed"]

    assert (made["status"], made["content_filters"]) == ("queued", None)
    assert not any(shown)
    assert polled[-1]["status"] == "completed"
    assert len(polled[-1]["content_filters"]) == 2


def test_a_conversation_is_kept_below_the_same_root() -> None:
    api = Api()
    talk = api.post("/openai/v1/conversations", {}).json["id"]
    api.post(RESPONSES, {"model": "gpt-4o", "input": "Hi", "conversation": talk})

    assert len(api.get(f"/openai/v1/conversations/{talk}/items").json["data"]) == 2


@pytest.mark.parametrize("model", ["gpt-4", "gpt-4-0613", "gpt-35-turbo", "gpt-3.5-turbo", "older"])
def test_a_model_that_azure_has_for_chat_alone_makes_no_responses(model: str) -> None:
    api = Api("models: [{id: older, like: gpt-4-turbo}]")
    error = api.post(RESPONSES, {"model": model, "input": "Hi"}).error

    assert (error["param"], error["code"]) == ("model", "model_not_found")
    assert error["message"].endswith("is not supported with the Responses API.")


@pytest.mark.parametrize("model", ["codex-mini", "o3-pro", "gpt-5-codex"])
def test_a_model_for_responses_alone_does_no_chats(model: str) -> None:
    refused = Api().post("/openai/v1/chat/completions", {"model": model, **HI})

    assert (refused.status, refused.error["code"]) == (400, "OperationNotSupported")
    assert (
        f"The chatCompletion operation does not work with the specified model, {model}."
        in (refused.error["message"])
    )


# --- What a version of the API lacks -----------------------------------------------------------


def too_old(what: str, since: str) -> dict[str, str]:
    message = f"{what} is enabled only for api versions {since} and later"
    return {"code": "BadRequest", "message": message}


TOOLS = [{"type": "function", "function": {"name": "f", "parameters": {}}}]
SCHEMA = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}}
GUESS = {"type": "content", "content": "a"}
O_SERIES = "2024-12-01-preview"


@pytest.mark.parametrize(
    ("deployment", "version", "members", "what", "since"),
    [
        pytest.param("o1", "2024-10-21", {}, "Model o1", O_SERIES, id="E12 o1"),
        pytest.param("o3-mini", "2024-10-01-preview", {}, "Model o3-mini", O_SERIES, id="E12 o3"),
        pytest.param("o4-mini", "2024-06-01", {}, "Model o4-mini", O_SERIES, id="E12 o4-mini"),
        pytest.param(
            "o1-2024-12-17", "2024-10-21", {}, "Model o1", O_SERIES, id="E12 a snapshot of o1"
        ),
        pytest.param("mine", "2024-10-21", {}, "Model o1", O_SERIES, id="E12 a name of our own"),
        pytest.param(
            "gpt-4o",
            "2024-05-01-preview",
            {"tools": TOOLS, "tool_choice": "required"},
            "tool_choice value as required",
            "2024-06-01",
            id="E12 a tool must be called",
        ),
        pytest.param(
            "gpt-4o",
            "2024-07-01-preview",
            {"response_format": SCHEMA},
            "response_format value as json_schema",
            "2024-08-01-preview",
            id="E12 a schema",
        ),
        pytest.param(
            "gpt-4o",
            "2024-10-21",
            {"prediction": GUESS},
            "Prediction",
            "2025-01-01-preview",
            id="E12 a prediction",
        ),
    ],
)
def test_a_version_lacks_what_came_later(
    deployment: str, version: str, members: dict[str, Any], what: str, since: str
) -> None:
    api = Api("models: [{id: mine, like: o1}]")
    refused = ask(api, deployment, f"?api-version={version}", **members)

    assert (refused.status, refused.error) == (400, too_old(what, since))
    assert ask(api, deployment, f"?api-version={since}", **members).status == 200


@pytest.mark.parametrize(
    ("version", "members"),
    [
        pytest.param("2024-05-01-preview", {"tools": TOOLS, "tool_choice": "auto"}, id="a choice"),
        pytest.param("2024-02-01", {"response_format": {"type": "text"}}, id="a format"),
        pytest.param("2024-10-21", {"prediction": None}, id="null"),
        pytest.param("2024-10-21", {"user": "prediction"}, id="a word elsewhere"),
    ],
)
def test_a_version_has_the_rest_of_a_member_e12(version: str, members: dict[str, Any]) -> None:
    assert ask(Api(), query=f"?api-version={version}", **members).status == 200


@pytest.mark.parametrize(
    ("version", "members", "words"),
    [
        pytest.param(
            "2024-08-01-preview",
            {"max_completion_tokens": 5},
            "argument supplied: max_completion_tokens",
            id="E12 max_completion_tokens",
        ),
        pytest.param(
            "2023-05-15",
            {"functions": [{"name": "f"}], "function_call": "auto"},
            "arguments supplied: function_call, functions",
            id="E12 functions",
        ),
    ],
)
def test_a_deployment_does_not_know_members_that_came_later(
    version: str, members: dict[str, Any], words: str
) -> None:
    error = ask(Api(), query=f"?api-version={version}", **members).error

    assert (error["message"], error["param"], error["code"]) == (
        f"Unrecognized request {words}",
        None,
        None,
    )


def test_a_deployment_is_looked_for_before_its_version_e12() -> None:
    refused = ask(Api(), "nowhere", "?api-version=2024-10-21", prediction=GUESS)

    assert refused.error["code"] == "DeploymentNotFound"


def test_a_version_is_asked_before_the_body_is_checked_e12() -> None:
    assert ask(Api(), prediction=GUESS, n=0).error["code"] == "BadRequest"


def test_below_v1_nothing_is_lacking_e12() -> None:
    body = {"model": "o4-mini", **HI}

    assert Api().post("/openai/v1/chat/completions", body).status == 200


# --- Operations and limits -----------------------------------------------------------------------


def wrong_operation(operation: str, model: str) -> dict[str, str]:
    return {
        "code": "OperationNotSupported",
        "message": (
            f"The {operation} operation does not work with the specified model, {model}. Please "
            "choose different model and try again. You can learn more about which models can be "
            "used with each operation here: https://go.microsoft.com/fwlink/?linkid=2197993."
        ),
    }


@pytest.mark.parametrize(
    ("deployment", "model"),
    [
        pytest.param("text-embedding-3-small", "text-embedding-3-small", id="E13 an embedding"),
        pytest.param("text-embedding-ada-002", "text-embedding-ada-002", id="E13 an older one"),
        pytest.param("gpt-5.1-codex", "gpt-5.1-codex", id="E8 codex"),
        pytest.param("o3-pro", "o3-pro", id="E8 o3-pro"),
        pytest.param("ours", "gpt-5-codex", id="E8 a name of our own"),
    ],
)
def test_a_model_that_does_not_chat_is_named(deployment: str, model: str) -> None:
    api = Api("models: [{id: ours, like: gpt-5-codex}]")
    refused = ask(api, deployment, "?api-version=2025-04-01-preview")

    assert (refused.status, refused.error) == (400, wrong_operation("chatCompletion", model))


def test_below_v1_the_model_is_named_too_e13() -> None:
    body = {"model": "gpt-5-codex", **HI}
    refused = Api().post("/openai/v1/chat/completions", body)

    assert (refused.status, refused.error) == (
        400,
        wrong_operation("chatCompletion", "gpt-5-codex"),
    )


def test_a_chat_model_that_completes_is_named_as_here_e13() -> None:
    path = f"/openai/deployments/gpt-3.5-turbo/completions{VERSION}"

    assert Api().post(path, {"prompt": "a"}).error == wrong_operation("completion", "gpt-35-turbo")


LIMITED = """
    models: [{id: ours, like: gpt-4.1}]
    rules: [{name: a, fail: {kind: rate_limit, of: %s, retry_after_s: %s}}]
"""


@pytest.mark.parametrize(
    ("of", "wait_s", "counted", "wait"),
    [
        pytest.param("tokens", 15, "token", "15 seconds", id="E13 tokens"),
        pytest.param("requests", 1, "call", "1 second", id="E13 calls"),
    ],
)
def test_a_limit_names_deployment_model_region_and_version(
    of: str, wait_s: int, counted: str, wait: str
) -> None:
    refused = ask(Api(LIMITED % (of, wait_s)), "ours", "?api-version=2024-08-01-preview")

    assert (refused.status, refused.error) == (
        429,
        {
            "code": "RateLimitReached",
            "message": (
                f"Your requests to ours for gpt-4.1 in East US 2 have exceeded the {counted} rate "
                "limit for your current OpenAI S0 pricing tier. This request was for "
                "ChatCompletions_Create under Azure OpenAI API version 2024-08-01-preview. Please "
                f"retry after {wait}. To increase your default rate limit, visit: "
                "https://aka.ms/oai/quotaincrease."
            ),
        },
    )


def test_below_v1_a_limit_names_the_newer_api_e13() -> None:
    body = {"model": "gpt-4.1", **HI}
    refused = Api(LIMITED % ("tokens", 5)).post("/openai/v1/chat/completions", body)

    assert (
        "ChatCompletions_Create under OpenAI Language Model Instance API."
        in (refused.error["message"])
    )


def test_a_limit_of_the_scenario_says_the_same_e13() -> None:
    api = Api("limits: {gpt-4o: {requests_per_minute: 1}}")
    ask(api)

    assert ask(api).error["code"] == "RateLimitReached"


# --- Names of our own ----------------------------------------------------------------------------


def test_an_unknown_deployment_gets_a_hint_x1() -> None:
    refused = ask(Api(), "chat-west")

    assert refused.error["code"] == "DeploymentNotFound"
    assert "models: [{id: chat-west, like: gpt-4o}]" in refused.call.notes[0]
    assert "--any-deployment" in refused.call.notes[0]


def test_any_deployment_stands_for_a_model_x1() -> None:
    api = Api(options=Options(any_deployment="gpt-4o-mini"))
    answered = ask(api, "chat-west")

    assert (answered.json["model"], answered.call.model) == ("gpt-4o-mini-2024-07-18", "chat-west")
    assert ask(api, "gpt-4o").json["model"] == "gpt-4o-2024-08-06"
    assert api.chat(model="chat-west").error["code"] == "model_not_found"


def test_a_scenario_goes_before_any_deployment_x1() -> None:
    scenario = """
        models: [{id: ours, like: gpt-4.1}]
        rules: [{name: west, when: {model: chat-west}, reply: West.}]
    """
    api = Api(scenario, options=Options(any_deployment="gpt-4o-mini"))

    assert ask(api, "ours").json["model"] == "gpt-4.1-2025-04-14"
    # What a rule mentions is still called something only here.
    assert ask(api, "chat-west").json["model"] == "gpt-4o-mini-2024-07-18"


def test_any_deployment_stands_for_a_model_that_there_is_x1() -> None:
    with pytest.raises(UsageError, match="did you mean 'gpt-4o'"):
        Options(any_deployment="gtp-4o")


def test_a_model_that_a_scenario_names_is_in_every_version_e12() -> None:
    assert ask(Api("models: [{id: o4-mini}]"), "o4-mini").status == 200
    assert ask(Api("rules: [{when: {model: o4-mini}, reply: Hi}]"), "o4-mini").status == 400
