"""The gateway's side that is compatible with OpenAI, its refusals, and what it knows of itself."""

import json
import re
from typing import Any

import pytest
from support.gateway import SMALL, ask, headers_of, user
from support.inprocess import Answered, Api

from mockserver.conversation import ApiError
from mockserver.providers.vercel_gateway.dialect import VercelGateway
from mockserver.sessions.options import Options

HELLO = "rules: [{name: hello, reply: Hello there.}]"
CHAT = "/vercel_gateway/v1/chat/completions"
GENERATION = re.compile(r"gen_[0-9A-HJKMNP-TV-Z]{26}")


def chat(api: Api, said: str = "Hi", **members: Any) -> Answered:
    messages = [{"role": "user", "content": said}]
    return api.post(CHAT, {"model": SMALL, "messages": messages, **members})


# --- chat ------------------------------------------------------------------------------------


def test_an_answer_tells_of_the_gateway_in_its_message_and_of_money_in_its_bill() -> None:
    answered = chat(Api(HELLO)).json

    message = answered["choices"][0]["message"]
    told = message["provider_metadata"]["gateway"]
    assert list(answered) == [
        *("id", "object", "created", "model", "choices", "usage"),
        *("system_fingerprint", "service_tier", "generationId"),
    ]
    assert list(message) == ["role", "content", "provider_metadata"]
    assert answered["model"] == SMALL
    assert GENERATION.fullmatch(answered["id"])
    assert answered["id"] == answered["generationId"] == told["generationId"]
    assert answered["usage"]["cost"] == float(told["cost"]) == 0.000003
    assert answered["usage"]["total_tokens"] == 11


def test_a_stream_says_all_at_once_in_its_last_chunk() -> None:
    chunks = chat(Api(HELLO), stream=True, stream_options={"include_usage": True}).chunks

    deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
    assert deltas[:-1] == [
        {"role": "assistant"},
        *({"content": text} for text in ("Hello", " there", ".")),
    ]
    assert list(deltas[-1]) == ["provider_metadata"]
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"
    assert chunks[-1]["usage"]["completion_tokens"] == 3
    assert chunks[-1]["generationId"] == chunks[0]["id"]
    assert all("usage" not in chunk for chunk in chunks[:-1])


def test_a_stream_tells_of_the_bill_if_it_is_asked_to() -> None:
    assert all("usage" not in chunk for chunk in chat(Api(HELLO), stream=True).chunks)


def test_thoughts_are_shown_twice() -> None:
    api = Api("rules: [{name: think, reply: {kind: text, text: Four., reasoning: Two and two.}}]")

    message = chat(api).json["choices"][0]["message"]
    deltas = [chunk["choices"][0]["delta"] for chunk in chat(api, stream=True).chunks]

    assert message["reasoning"] == "Two and two."
    assert message["reasoning_details"] == [
        {
            "type": "reasoning.text",
            "text": "Two and two.",
            "format": "openai-responses-v1",
            "index": 0,
        }
    ]
    assert "".join(delta.get("reasoning", "") for delta in deltas) == "Two and two."


def test_calls_are_streamed_one_after_the_other() -> None:
    calls = "[{name: a, arguments: {}}, {name: b, arguments: {}}]"
    api = Api(f"rules: [{{name: both, reply: {{kind: tool_calls, calls: {calls}}}}}]")
    tools = [{"type": "function", "function": {"name": name}} for name in ("a", "b")]

    chunks = chat(api, stream=True, tools=tools).chunks

    opened = [
        call["function"]["name"]
        for chunk in chunks
        for call in chunk["choices"][0]["delta"].get("tool_calls", ())
        if "id" in call
    ]
    assert opened == ["a", "b"]
    assert chunks[-1]["choices"][0]["finish_reason"] == "tool_calls"


def test_members_that_only_the_gateway_knows_are_taken() -> None:
    options = {"gateway": {"order": ["azure"], "tags": ["a"]}}

    message = chat(Api(HELLO), providerOptions=options).json["choices"][0]["message"]

    assert message["provider_metadata"]["gateway"]["routing"]["finalProvider"] == "azure"


def test_an_instruct_model_chats() -> None:
    answered = chat(Api(HELLO), model="openai/gpt-3.5-turbo-instruct")

    assert answered.text == "Hello there."


@pytest.mark.parametrize(
    ("members", "status", "error"),
    [
        pytest.param(
            {"model": "gpt-9"},
            404,
            {
                "message": "Model 'gpt-9' not found",
                "type": "model_not_found",
                "param": {"modelId": "gpt-9"},
            },
            id="an unknown model",
        ),
        pytest.param(
            {"model": None},
            400,
            {
                "message": "model: Invalid input: expected string, received null",
                "type": "invalid_request_error",
            },
            id="no model",
        ),
        pytest.param(
            {"providerOptions": {"gateway": {"only": ["bedrock"]}}},
            400,
            {
                "message": "No provider of 'only' serves the model 'openai/gpt-4o-mini'. Available "
                "providers are: openai, azure.",
                "type": "invalid_request_error",
            },
            id="nobody who may serve it",
        ),
    ],
)
def test_what_the_gateway_refuses_itself(
    members: dict[str, Any], status: int, error: dict[str, Any]
) -> None:
    refused = chat(Api(HELLO), **members)

    assert (refused.status, refused.error) == (status, error)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"max_tokens": 1}, "Invalid 'max_output_tokens': integer below minimum value."),
        ({"temperature": 9}, "Invalid 'temperature': decimal above maximum value."),
    ],
)
def test_what_the_provider_refuses_is_told_on(members: dict[str, Any], message: str) -> None:
    refused = chat(Api(HELLO), **members)

    assert refused.status == 400
    assert refused.error["type"] == "AI_APICallError"
    assert refused.error["message"].startswith(message)
    assert refused.error["param"]["message"] == refused.error["message"]


# --- keys and paths --------------------------------------------------------------------------

NOT_AUTHENTICATED = {"message": "Authentication failed", "type": "authentication_error"}


def test_a_key_is_needed() -> None:
    refused = Api().post("/v4/ai/language-model", {}, key=None, headers=headers_of(4))

    assert (refused.status, refused.error) == (401, NOT_AUTHENTICATED)


def test_the_list_of_models_is_for_everybody() -> None:
    listed = Api().get("/vercel_gateway/v1/models", key=None)

    assert listed.json["object"] == "list"
    assert Api().get("/vercel_gateway/v1/credits", key=None).error == NOT_AUTHENTICATED


@pytest.mark.parametrize(
    ("standing", "status", "kind"),
    [("invalid", 401, "authentication_error"), ("quota_exhausted", 402, "insufficient_funds")],
)
def test_keys_have_a_standing(standing: str, status: int, kind: str) -> None:
    refused = ask(Api(f"keys: {{{standing}: [sk-test]}}"))

    assert (refused.status, refused.error["type"]) == (status, kind)


@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [
        ("POST", "/vercel_gateway/v1/bogus", 404, "not_found_error"),
        ("POST", "/vercel_gateway/v1/completions", 404, "not_found_error"),
        ("POST", "/vercel_gateway/elsewhere", 404, "not_found_error"),
        ("GET", "/v4/ai/language-model", 405, "invalid_request_error"),
        ("POST", "/v4/ai/embedding-model", 404, "not_found_error"),
    ],
)
def test_paths_that_lead_nowhere(method: str, path: str, status: int, kind: str) -> None:
    refused = Api().send(method, path, b"{}")

    assert (refused.status, refused.error["type"]) == (status, kind)


def test_what_is_openais_stays_openais_unless_the_gateway_is_the_provider() -> None:
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hi"}]}

    openai = Api().post("/v1/chat/completions", body)
    gateway = Api("provider: vercel_gateway").post("/v1/chat/completions", {**body, "model": SMALL})
    legacy = Api("provider: vercel_gateway").post("/v1/completions", {"prompt": "Hi"})

    assert openai.json["id"].startswith("chatcmpl-")
    assert gateway.json["id"].startswith("gen_")
    assert legacy.error["type"] == "not_found_error"


def test_an_application_names_itself_in_the_journal() -> None:
    answered = ask(Api(HELLO), headers={"http-referer": "https://a.example", "x-title": "A"})

    assert answered.call.attribution == {"http-referer": "https://a.example", "x-title": "A"}


# --- refusals --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        *((400, "invalid_request_error"), (401, "authentication_error")),
        *((402, "insufficient_funds"), (403, "forbidden"), (404, "not_found")),
        *((424, "failed_dependency"), (429, "rate_limit_exceeded")),
        *((500, "internal_server_error"), (502, "internal_server_error")),
        (503, "service_unavailable_error"),
        (418, "invalid_request_error"),
    ],
)
def test_a_failure_has_the_type_of_its_status(status: int, kind: str) -> None:
    refused = ask(Api(f"rules: [{{name: broken, fail: {status}}}]"))

    assert refused.status == status
    assert list(refused.error) == ["message", "type"]
    assert refused.error["type"] == kind


def test_a_type_that_a_scenario_states_is_kept() -> None:
    failure = "{kind: http_error, status: 403, type: customer_verification_required, code: c}"

    error = ask(Api(f"rules: [{{name: card, fail: {failure}}}]")).error

    assert (error["type"], error["code"]) == ("customer_verification_required", "c")


def test_a_request_that_no_rule_answers_is_told_so() -> None:
    api = Api(
        "rules: [{name: other, when: {last_user: Bye}, reply: x}]", options=Options(strict=True)
    )

    refused = ask(api)

    assert refused.error["code"] == "no_rule_matched"
    assert "last_user is 'Hi'" in refused.error["message"]


@pytest.mark.parametrize(
    ("chunk", "event"),
    [
        pytest.param(
            {"type": "text-delta", "id": "txt-0", "delta": "x"},
            {
                "type": "error",
                "error": {"message": "Overloaded.", "type": "service_unavailable_error"},
            },
            id="of the SDK's parts",
        ),
        pytest.param(
            {"object": "chat.completion.chunk"},
            {"error": {"message": "Overloaded.", "type": "service_unavailable_error"}},
            id="of chunks",
        ),
    ],
)
def test_an_error_in_a_stream_is_one_of_its_parts(
    chunk: dict[str, Any], event: dict[str, Any]
) -> None:
    error = ApiError(503, "Overloaded.", "server_error")

    sent = VercelGateway().stream_error(error, [chunk], None)

    assert json.loads(sent.removeprefix(b"data: ")) == event


# --- what it knows of itself -----------------------------------------------------------------


@pytest.mark.parametrize(("version", "told"), [("v1", "v2"), ("v3", "v3"), ("v4", "v4")])
def test_the_configuration_is_in_the_version_of_its_path(version: str, told: str) -> None:
    models = Api().get(f"/{version}/ai/config").json["models"]

    assert {model["specification"]["specificationVersion"] for model in models} == {told}
    assert {model["id"].partition("/")[0] for model in models} == {"openai"}


def test_a_model_is_told_with_its_window_and_its_price() -> None:
    told = Api().get("/vercel_gateway/v1/models/openai/gpt-3.5-turbo-instruct").json

    assert told["context_window"] == 8_192
    assert told["pricing"] == {"input": "0.0000015", "output": "0.000002"}
    assert (told["owned_by"], told["type"], told["tags"]) == ("openai", "language", [])


def test_a_model_that_a_scenario_names_is_listed() -> None:
    api = Api("models: [{id: zai/glm-5.2, like: gpt-4o}]\nrules: [{name: hello, reply: Hello.}]")

    told = api.get("/vercel_gateway/v1/models/zai/glm-5.2").json

    assert (told["id"], told["owned_by"], told["context_window"]) == (
        *("zai/glm-5.2", "zai"),
        128_000,
    )
    assert ask(api, model="zai/glm-5.2").status == 200


def test_an_unknown_model_is_not_looked_up() -> None:
    refused = Api().get("/vercel_gateway/v1/models/openai/gpt-9")

    assert refused.error["param"] == {"modelId": "openai/gpt-9"}


@pytest.mark.parametrize("asked", ["the SDK's way", "as a chat"])
def test_a_generation_is_looked_up_by_its_id(asked: str) -> None:
    api = Api(HELLO)
    if asked == "as a chat":
        identity = chat(api).json["id"]
    else:
        answered = ask(api).json
        identity = answered["providerMetadata"]["gateway"]["generationId"]

    data = api.get(f"/v1/generation?id={identity}").json["data"]

    assert data["id"] == identity
    assert (data["model"], data["provider_name"], data["finish_reason"]) == (
        *(SMALL, "openai"),
        "stop",
    )
    assert (data["native_tokens_prompt"], data["native_tokens_completion"]) == (8, 3)
    assert data["total_cost"] == 0.000003


@pytest.mark.parametrize(
    ("query", "status", "message"),
    [
        ("", 400, "id: Invalid input: expected string, received undefined"),
        ("?id=", 400, "id: Invalid input: expected string, received undefined"),
        ("?id=gen_x", 404, "Generation 'gen_x' not found"),
    ],
)
def test_a_generation_that_is_not_there(query: str, status: int, message: str) -> None:
    refused = Api().get(f"/v1/generation{query}")

    assert (refused.status, refused.error["message"]) == (status, message)


def test_credits_are_spent_by_each_key_for_itself() -> None:
    api = Api(HELLO)
    ask(api)
    api.post(
        "/v4/ai/language-model", {"prompt": [user("Hi")]}, headers=headers_of(4), key="another"
    )

    assert api.get("/v1/credits").json == {"balance": "99.999997", "total_used": "0.000003"}
    assert api.get("/v1/credits", key="third").json == {"balance": "100", "total_used": "0"}


# --- other models where one fails ------------------------------------------------------------

OUTAGE = """
    rules:
      - {name: down, when: {model: openai/gpt-5}, fail: 503}
      - {name: up, reply: Still here.}
"""


@pytest.mark.parametrize("asked", ["the SDK's way", "as a chat", "as a chat, in its own member"])
def test_the_next_model_is_asked_where_one_fails(asked: str) -> None:
    api = Api(OUTAGE)
    options = {"gateway": {"models": [SMALL, "openai/gpt-4o"]}}
    if asked == "the SDK's way":
        answered = ask(api, model="openai/gpt-5", providerOptions=options)
        told = answered.json["providerMetadata"]["gateway"]["routing"]
    else:
        members: dict[str, Any] = {"providerOptions": options}
        if asked != "as a chat":
            members = {"models": options["gateway"]["models"]}
        answered = chat(api, model="openai/gpt-5", **members)
        message = answered.json["choices"][0]["message"]
        told = message["provider_metadata"]["gateway"]["routing"]

    assert (told["originalModelId"], told["canonicalSlug"]) == ("openai/gpt-5", SMALL)
    assert [(a["canonicalSlug"], a["success"]) for a in told["modelAttempts"]] == [
        ("openai/gpt-5", False),
        (SMALL, True),
    ]
    assert told["modelAttemptCount"] == 2
    assert answered.call.model == SMALL


def test_a_model_that_is_not_there_is_passed_over() -> None:
    options = {"gateway": {"models": [SMALL]}}

    answered = ask(Api(OUTAGE), model="gpt-9", providerOptions=options)

    assert answered.status == 200
    assert answered.call.model == SMALL


def test_as_many_other_models_are_named_as_can_be_asked() -> None:
    options = {"gateway": {"models": [f"openai/gpt-{number}" for number in range(17)]}}

    refused = ask(Api(OUTAGE), providerOptions=options)

    assert refused.error["message"] == "models: Too big: expected array to have <=16 items"


@pytest.mark.parametrize("stated", [7, "x", ["a", 7], {"a": 1}, None])
def test_what_only_attempts_say_harms_nobody_who_says_it(stated: Any) -> None:
    whole = chat(Api(HELLO), triedModels=stated)
    own = ask(Api(HELLO), headers={"x-tried-models": json.dumps(stated)})

    assert (whole.status, own.status) == (200, 200)
