"""What OpenRouter makes of requests: what the golden bytes do not show case by case."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.inprocess import Answered, Api

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
    assert ask(ECHO, model="no/such", models=["openai/gpt-4o"]).json["model"] == "openai/gpt-4o"


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
