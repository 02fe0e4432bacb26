"""What OpenRouter makes of requests: what the golden bytes do not show case by case."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.inprocess import Answered, Api
from support.planted import OPENAI

CHAT = "/api/v1/chat/completions"
LEGACY = "/api/v1/completions"
INSTRUCT = "openai/gpt-3.5-turbo-instruct"


def ask(api: Api, said: str = "Hi", path: str = CHAT, **members: Any) -> Answered:
    body = {"model": "openai/gpt-4o", "messages": [{"role": "user", "content": said}], **members}
    return api.post(path, {key: value for key, value in body.items() if value is not None})


ECHO = Api("rules: [{reply: {kind: echo}}]")


@pytest.mark.parametrize("path", [CHAT, LEGACY], ids=["chat", "legacy"])
@pytest.mark.parametrize("model", [INSTRUCT, "openai/gpt-4o"])
def test_either_endpoint_takes_messages_or_a_prompt_for_any_model(path: str, model: str) -> None:
    by_messages = ask(ECHO, path=path, model=model)
    by_prompt = ask(ECHO, path=path, model=model, messages=None, prompt="Hi")

    assert [answered.text for answered in (by_messages, by_prompt)] == ["Hi", "Hi"]


def test_no_model_means_the_router_that_chooses_one() -> None:
    answered = ask(ECHO, model=None)

    assert (answered.json["model"], answered.call.model) == (
        "openai/gpt-4o-mini",
        "openrouter/auto",
    )


def test_a_legacy_answer_is_not_cut_where_no_limit_is_stated() -> None:
    prompt = "one " * 40

    answered = ask(ECHO, path=LEGACY, model=INSTRUCT, messages=None, prompt=prompt)

    assert (answered.text, answered.choice["finish_reason"]) == (prompt, "stop")


# --- Fallbacks -------------------------------------------------------------------------------

OUTAGES = """
    rules:
      - {name: down, when: {model: openai/gpt-4.1}, fail: overloaded}
      - {name: gone, when: {model: openai/gpt-4}, fail: disconnect}
      - {name: cut, when: {model: openai/gpt-4-turbo}, fail: {kind: disconnect, after_tokens: 1},
         reply: "Cut off here."}
      - {name: well, reply: "I am well."}
"""


def test_models_are_asked_in_turn_until_one_answers() -> None:
    answered = ask(Api(OUTAGES), model="openai/gpt-4.1", models=["openai/gpt-4", "openai/gpt-4o"])

    assert (answered.json["model"], answered.text) == ("openai/gpt-4o", "I am well.")
    assert answered.call.failures == ("overloaded", "disconnect")
    assert (answered.call.model, answered.call.rule) == ("openai/gpt-4o", "well")
    assert [note.partition(":")[0] for note in answered.call.notes] == [
        "overloaded of rule 'down' struck 'openai/gpt-4.1'",
        "disconnect of rule 'gone' struck 'openai/gpt-4'",
    ]


def test_where_all_models_fail_the_last_failure_is_told() -> None:
    answered = ask(Api(OUTAGES), model=None, models=["openai/gpt-4.1"])

    assert answered.status == 503


def test_a_stream_that_has_begun_is_not_given_to_another_model() -> None:
    answered = ask(Api(OUTAGES), model="openai/gpt-4-turbo", models=["openai/gpt-4o"], stream=True)

    assert (answered.call.model, answered.call.rule) == ("openai/gpt-4-turbo", "cut")


def test_a_model_that_nobody_knows_is_passed_over() -> None:
    assert ask(ECHO, model="such", models=["openai/gpt-4o"]).json["model"] == "openai/gpt-4o"


def test_a_model_whose_context_is_too_small_is_passed_over() -> None:
    said = "word " * 9_000

    answered = ask(ECHO, said, model="openai/gpt-4", models=["openai/gpt-4o"])

    assert answered.json["model"] == "openai/gpt-4o"


# --- Preferences, prices, what is thought ----------------------------------------------------


@pytest.mark.parametrize(
    ("preferences", "provider"),
    [
        pytest.param(None, "OpenAI", id="none: the vendor's own"),
        pytest.param({"order": ["azure", "openai"]}, "Azure", id="the first in order"),
        pytest.param({"only": ["azure"]}, "Azure", id="the only one"),
        pytest.param({"ignore": ["openai"]}, "Azure", id="the other one"),
        pytest.param({"sort": "price"}, "OpenAI", id="preferences that choose nobody"),
    ],
)
def test_the_provider_is_chosen_by_preference(preferences: Any, provider: str) -> None:
    assert ask(ECHO, provider=preferences).json["provider"] == provider


def test_a_free_variant_costs_nothing_and_answers_by_its_name() -> None:
    answered = ask(ECHO, model="openai/gpt-4o:free").json

    assert (answered["model"], answered["usage"]["cost"]) == ("openai/gpt-4o:free", 0)


def test_the_cost_is_the_pages_price_of_each_token() -> None:
    bill = "{prompt_tokens: 1000000, completion_tokens: 1000000}"
    api = Api(f"rules: [{{reply: {{kind: text, text: a, usage: {bill}}}}}]")

    costs = [ask(api, model=model).usage["cost"] for model in (INSTRUCT, "openai/gpt-3.5-turbo")]

    assert costs == [3.5, 2]


def test_what_was_spent_is_told_by_key_and_in_all() -> None:
    bill = "{prompt_tokens: 1000, completion_tokens: 0}"
    api = Api(f"rules: [{{reply: {{kind: text, text: a, usage: {bill}}}}}]")
    for key in ("sk-a", "sk-b"):
        body = {"model": "openai/gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}
        api.post(CHAT, body, key=key)

    assert api.get("/api/v1/key", key="sk-a").json["data"]["usage"] == 0.0025
    assert api.get("/api/v1/credits", key="sk-a").json["data"]["total_usage"] == 0.005


def test_an_answer_is_looked_up_by_its_id() -> None:
    api = Api()
    answered = ask(api)

    told = api.get(f"/api/v1/generation?id={answered.json['id']}").json["data"]

    assert answered.headers["x-generation-id"] == told["id"] == answered.json["id"]
    assert told["native_tokens_prompt"] == answered.usage["prompt_tokens"]
    assert told["total_cost"] == answered.usage["cost"]


THINKS = Api("rules: [{reply: {kind: text, text: So., reasoning: Hm}}]")


@pytest.mark.parametrize(
    "members",
    [
        pytest.param({"reasoning": {"exclude": True}}, id="excluded"),
        pytest.param({"include_reasoning": False}, id="not included"),
    ],
)
def test_what_was_thought_is_billed_though_not_shown(members: dict[str, Any]) -> None:
    shown, hidden = ask(THINKS, model="openai/gpt-5"), ask(THINKS, model="openai/gpt-5", **members)

    assert (shown.choice["message"]["reasoning"], hidden.choice["message"]["reasoning"]) == (
        "Hm",
        None,
    )
    assert hidden.usage == shown.usage


def streamed(model: str, **members: Any) -> list[Any]:
    """The choice in each chunk of a stream by *model*, which thinks."""
    thinks = Api("models: any\nrules: [{reply: {kind: text, text: So., reasoning: Hm}}]")
    body = {"model": model, "messages": [{"role": "user", "content": "Hi"}], "stream": True}
    events = thinks.post(CHAT, body | members).body.decode().split("\n\n")
    chunks = [json.loads(event[6:]) for event in events if event.startswith("data: {")]
    return [chunk["choices"][0] for chunk in chunks]


@pytest.mark.parametrize("model", ["openai/gpt-5", "openai/gpt-5.4", "deepseek/deepseek-r1"])
def test_s3_the_delta_that_closes_a_stream_with_reasoning_has_a_null_one(model: str) -> None:
    *_, closing, bill = streamed(model)

    assert closing["finish_reason"] == "stop"
    assert closing["delta"] == {"content": "", "role": "assistant", "reasoning": None}
    assert bill["delta"] == {"content": "", "role": "assistant"}


def test_s3_a_stream_that_hides_its_reasoning_closes_without_it() -> None:
    *_, closing, _ = streamed("openai/gpt-5", reasoning={"exclude": True})

    assert closing["delta"] == {"content": "", "role": "assistant"}


# --- Length ----------------------------------------------------------------------------------


def long_conversation(turns: int) -> list[dict[str, str]]:
    return [{"role": "user", "content": f"{n} " + "word " * 100} for n in range(turns)]


def test_the_middle_of_a_conversation_goes_where_the_context_is_small() -> None:
    answered = ask(ECHO, model=INSTRUCT, messages=long_conversation(100), max_tokens=16)

    assert answered.status == 200
    assert 3_500 < answered.usage["prompt_tokens"] <= 4_095 - 16


@pytest.mark.parametrize(
    ("members", "status"),
    [
        pytest.param({"transforms": []}, 400, id="told not to"),
        pytest.param({"transforms": ["middle-out"]}, 200, id="told to"),
    ],
)
def test_a_request_says_whether_it_may_be_compressed(members: Any, status: int) -> None:
    answered = ask(ECHO, model=INSTRUCT, messages=long_conversation(100), **members)

    assert answered.status == status


# --- Bad input -------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)
OWN = (
    "model",
    "models",
    "messages",
    "prompt",
    "provider",
    "transforms",
    "reasoning",
    "stream_options",
)


@settings(derandomize=True, max_examples=300, deadline=None)
@given(
    st.sampled_from([CHAT, LEGACY]),
    st.dictionaries(st.sampled_from(OWN), JSON, max_size=5),
    st.booleans(),
)
def test_whatever_is_asked_is_answered_or_refused(path: str, members: Any, stream: Any) -> None:
    answered = ECHO.post(path, {"model": INSTRUCT, "prompt": "Hi", "stream": stream, **members})

    assert answered.status in {200, 400, 404}
    if answered.status != 200:
        assert list(answered.error) == ["message", "code"]


# --- What is refused, and by whom ------------------------------------------------------------


def relayed(refused: Answered) -> dict[str, Any]:
    """Return the error of the provider behind, as OpenRouter quotes it."""
    metadata = refused.error["metadata"]
    assert refused.status == 400
    assert refused.error == {
        "message": "Provider returned error",
        "code": 400,
        "metadata": {"raw": metadata["raw"], "provider_name": "OpenAI", "is_byok": False},
    }
    quoted = json.loads(metadata["raw"])
    assert metadata["raw"] == json.dumps(quoted, indent=2)
    assert list(quoted["error"]) == ["message", "type", "param", "code"]
    return dict(quoted["error"])


def offered(name: str = "f", **function: Any) -> list[dict[str, Any]]:
    return [{"type": "function", "function": {"name": name, **function}}]


OPEN = {"strict": True, "parameters": {"type": "object", "properties": {}}}
STRICT = "'additionalProperties' is required to be supplied and to be false."
LONG = "call_" + "x" * 65
PATTERN = "Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'."


def called(call_id: str) -> list[dict[str, Any]]:
    call = {"id": call_id, "type": "function", "function": {"name": "f", "arguments": "{}"}}
    return [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Well.", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": call_id, "content": "a"},
    ]


def pictured(url: str) -> list[dict[str, Any]]:
    return [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]}]


FILE = [
    {
        "role": "user",
        "content": [{"type": "file", "file": {"filename": "a.pdf", "file_data": "https://a.b/c"}}],
    }
]
AUDIO = {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}


@pytest.mark.parametrize(
    ("model", "members", "param", "message"),
    [
        pytest.param(
            "openai/gpt-4o",
            {"tools": offered(**OPEN)},
            "tools[0].function.parameters",
            f"Invalid schema for function 'f': In context=(), {STRICT}",
            id="S6 a function's schema",
        ),
        pytest.param(
            "openai/gpt-5-mini",
            {"tools": offered(**OPEN)},
            "tools[0].parameters",
            f"Invalid schema for function 'f': In context=(), {STRICT}",
            id="S6 the same behind the Responses API",
        ),
        pytest.param(
            "openai/gpt-4o",
            {"tools": offered("a b")},
            "tools[0].function.name",
            f"Invalid 'tools[0].function.name': string does not match pattern. {PATTERN}",
            id="S6 a tool's name",
        ),
        pytest.param(
            "openai/o3",
            {"tools": offered("a b")},
            "tools[0].name",
            f"Invalid 'tools[0].name': string does not match pattern. {PATTERN}",
            id="S6 a tool's name behind the Responses API",
        ),
        pytest.param(
            "openai/gpt-4o",
            {"messages": called(LONG)},
            "messages[1].tool_calls[0].id",
            "Invalid 'messages[1].tool_calls[0].id': string too long. Expected a string with "
            "maximum length 40, but got a string with length 70 instead.",
            id="S6 an id",
        ),
        pytest.param(
            "openai/gpt-4.1",
            {"messages": called(LONG)},
            "input[2].call_id",
            "Invalid 'input[2].call_id': string too long. Expected a string with maximum length "
            "64, but got a string with length 70 instead.",
            id="S6 an id behind the Responses API",
        ),
        pytest.param(
            "openai/gpt-4o",
            {"messages": pictured("cat.png")},
            None,
            "Failed to download image from cat.png. Image URL is invalid.",
            id="S6 an image",
        ),
        pytest.param(
            "openai/gpt-4o",
            {"messages": [{"role": "user", "content": [AUDIO]}]},
            "messages[0]",
            "Invalid 'messages[0]'. Content blocks are expected to be either text or image_url "
            "type.",
            id="S6 audio",
        ),
        pytest.param(
            "openai/gpt-4o",
            {"response_format": {"type": "json_object"}},
            "messages",
            "'messages' must contain the word 'json' in some form, to use 'response_format' of "
            "type 'json_object'.",
            id="S6 no word of JSON",
        ),
        pytest.param(
            "openai/gpt-5",
            {"response_format": {"type": "json_object"}},
            "input",
            "Response input messages must contain the word 'json' in some form to use "
            "'text.format' of type 'json_object'.",
            id="S6 no word of JSON behind the Responses API",
        ),
        pytest.param(
            "openai/gpt-5",
            {"messages": called("a")[::2]},
            "input",
            "No tool call found for function call output with call_id a.",
            id="S6 a result of no call",
        ),
        pytest.param(
            "openai/gpt-5",
            {"messages": called("a")[:2]},
            "input",
            "No tool output found for function call a.",
            id="S6 a call without a result",
        ),
    ],
)
def test_the_provider_behind_judges_what_is_forwarded(
    model: str, members: dict[str, Any], param: str | None, message: str
) -> None:
    told = relayed(ask(ECHO, model=model, **members))

    assert (told["param"], told["message"]) == (param, message)


def test_a_schema_of_the_answer_is_judged_behind_s6() -> None:
    schema = {"type": "json_schema", "json_schema": {"name": "x", "strict": True, "schema": {}}}
    told = [
        relayed(ask(ECHO, model=f"openai/{name}", response_format=schema))
        for name in ("gpt-4o", "gpt-5")
    ]

    assert [(error["param"], error["code"]) for error in told] == [
        ("response_format", None),
        ("text.format.schema", "invalid_json_schema"),
    ]


@pytest.mark.parametrize(
    ("model", "members"),
    [
        pytest.param("openai/gpt-5", {"messages": called("call_" + "x" * 50)}, id="a longer id"),
        pytest.param("openai/gpt-5", {"max_tokens": 5, "temperature": 0.5}, id="parameters"),
        pytest.param(
            "openai/o1-mini", {"messages": [{"role": "system", "content": "Be."}]}, id="a role"
        ),
        pytest.param("openai/gpt-4o", {"tools": [{"type": "openrouter:web_search"}]}, id="a kind"),
        pytest.param("openai/gpt-4.1-mini", {"messages": FILE}, id="a file elsewhere"),
        pytest.param(
            "anthropic/claude-sonnet-4.5", {"tools": offered("a.b", **OPEN)}, id="another vendor's"
        ),
    ],
)
def test_what_a_gateway_fits_or_knows_passes_s6(model: str, members: dict[str, Any]) -> None:
    assert ask(ECHO, model=model, **members).status == 200


def test_what_openrouter_refuses_itself_is_flat_s6() -> None:
    assert list(ask(ECHO, n="x").error) == ["message", "code"]


def test_the_provider_that_was_preferred_refuses_s6() -> None:
    refused = ask(ECHO, tools=offered(**OPEN), provider={"only": ["azure"]})

    assert refused.error["metadata"]["provider_name"] == "Azure"


# --- Names -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bare", "answers_as"),
    [
        pytest.param("gpt-4o", "openai/gpt-4o", id="A2 gpt-4o"),
        pytest.param("gpt-5.4-mini", "openai/gpt-5.4-mini-20260317", id="A2 a newer one"),
        pytest.param("gpt-3.5-turbo", "openai/gpt-3.5-turbo", id="A2 an older one"),
    ],
)
def test_openais_models_may_go_without_their_vendor(bare: str, answers_as: str) -> None:
    answered = ask(ECHO, model=bare)

    assert (answered.json["model"], answered.json["provider"]) == (answers_as, "OpenAI")
    assert answered.call.model == bare
    assert answered.usage["cost"] == ask(ECHO, model=f"openai/{bare}").usage["cost"] > 0


@pytest.mark.parametrize("name", ["x-ai/grok-4", "google/gemini-9-pro", "openai/gpt-9", "a/b:free"])
def test_a_model_of_any_vendor_is_answered_x2(name: str) -> None:
    answered = ask(ECHO, model=name)

    assert (answered.status, answered.json["model"], answered.usage["cost"]) == (200, name, 0)


def test_that_a_price_is_unknown_is_noted_x2() -> None:
    note = "the price of 'x-ai/grok-4' is unknown, so its cost is stated as 0"

    assert ask(ECHO, model="x-ai/grok-4").call.notes == (note,)
    assert ask(ECHO, model="openai/gpt-4o").call.notes == ()


@pytest.mark.parametrize(
    "name", ["grok-4", "gpt-9", "x-ai/", "a/b/c", "openai/omni-moderation-latest"]
)
def test_what_names_no_model_is_refused_x2(name: str) -> None:
    refused = ask(ECHO, model=name)

    assert refused.error == {"message": f"{name} is not a valid model ID", "code": 400}


def test_a_model_that_is_only_answered_is_not_described_x2() -> None:
    assert ECHO.get("/api/v1/models/x-ai/grok-4/endpoints").status == 404


# --- Errors that a scenario states -----------------------------------------------------------


def broken(**keys: Any) -> Answered:
    failure = {"kind": "inject", "what": "error_event", **keys}
    return ask(Api(f"rules: [{{reply: One two three., fail: {json.dumps(failure)}}}]"), stream=True)


METADATA = {"raw": "overloaded", "provider_name": "Google", "is_byok": False}


@pytest.mark.parametrize(
    ("keys", "error", "finish"),
    [
        pytest.param({"code": 429}, {"code": 429}, "error", id="S5 a number"),
        pytest.param({"code": "429"}, {"code": 429}, "error", id="S5 a number in quotes"),
        pytest.param({"code": "server_error"}, {"code": "server_error"}, "error", id="S5 a word"),
        pytest.param({}, {"code": 500}, "error", id="none"),
        pytest.param(
            {"code": 502, "metadata": METADATA},
            {"code": 502, "metadata": METADATA},
            "error",
            id="S5 metadata",
        ),
        pytest.param({"finish_reason": None}, {"code": 500}, None, id="S5 no reason to finish"),
    ],
)
def test_an_error_in_a_stream_says_what_the_scenario_does(
    keys: dict[str, Any], error: dict[str, Any], finish: str | None
) -> None:
    *_, told, end = broken(message="Sorry.", **keys).body.decode().split("\n\n")[:-1]
    last = json.loads(told.removeprefix("data: "))

    assert end == "data: [DONE]"
    assert last["error"] == {"message": "Sorry.", **error}
    assert last["choices"][0]["finish_reason"] == finish


@pytest.mark.parametrize("status", [200, 400])
def test_an_error_says_what_the_scenario_does_s5(status: int) -> None:
    failure = {"kind": "http_error", "status": status, "code": 429, "metadata": METADATA}
    refused = ask(Api(f"rules: [{{fail: {json.dumps(failure)}}}]"))

    assert refused.status == status
    assert (refused.error["code"], refused.error["metadata"]) == (429, METADATA)


def test_an_answer_may_finish_by_an_error_s5() -> None:
    answered = ask(Api("rules: [{reply: {kind: text, text: One, finish_reason: error}}]"))

    assert answered.choice["finish_reason"] == "error"


@pytest.mark.parametrize("name", [f"a/{OPENAI}", OPENAI], ids=["X2 answered", "X2 refused"])
def test_no_note_holds_a_key(name: str) -> None:
    notes = ask(ECHO, model=name).call.notes

    assert notes
    assert not any(OPENAI in note for note in notes)


# --- Responses -------------------------------------------------------------------------------

RESPONSES = "/api/v1/responses"


def respond(api: Api, **members: Any) -> Answered:
    return api.post(RESPONSES, {"model": "openai/gpt-4o-mini", "input": "Hi", **members})


def test_a_response_is_kept_nowhere_and_continues_nothing() -> None:
    api = Api()
    first = respond(api, store=True).json
    second = respond(api, previous_response_id=first["id"])

    assert (first["store"], second.status) == (False, 200)
    assert second.json["usage"]["input_tokens"] == first["usage"]["input_tokens"]
    assert api.get(f"{RESPONSES}/{first['id']}").status == 404


def test_a_response_says_what_it_costs_and_the_account_pays_it() -> None:
    api = Api()
    answered = respond(api)
    cost = answered.usage["cost"]
    parts = answered.usage["cost_details"]

    assert cost == pytest.approx(
        parts["upstream_inference_input_cost"] + parts["upstream_inference_output_cost"]
    )
    paid = api.get(f"/api/v1/generation?id={answered.json['id']}").json["data"]
    assert paid["total_cost"] == cost


@pytest.mark.parametrize(
    "members",
    [
        {"provider": {"only": ["openai"]}, "plugins": [], "session_id": "s"},
        {"tools": [{"type": "openrouter:web_search"}]},
        {"reasoning": {"enabled": True, "max_tokens": 1_000}},
        {"input": [{"role": "user", "content": [{"type": "input_text", "text": "Hi"}]}]},
        {"prompt_cache_options": {"mode": "explicit", "ttl": "30m"}},
    ],
    ids=["members", "tools", "reasoning", "items", "caches"],
)
def test_what_openrouter_has_of_its_own_in_a_response_is_no_fault(members: dict[str, Any]) -> None:
    assert respond(Api(), **members).status == 200


def test_the_next_model_makes_the_response_that_the_first_fails_to_make() -> None:
    api = Api("rules: [{when: {model: openai/gpt-4o-mini}, fail: overloaded}]")
    answered = respond(api, models=["openai/gpt-4.1"])

    assert (answered.status, answered.json["model"]) == (200, "openai/gpt-4.1")


def test_a_model_for_responses_alone_chats_here_too() -> None:
    assert ask(ECHO, model="openai/o3-pro").status == 200
