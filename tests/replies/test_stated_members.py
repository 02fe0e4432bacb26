"""Members of an answer that a reply states: id, date, anything else, in one piece and streamed."""

import json
from typing import Any

import pytest
from support.inprocess import Answered, Api

from mockserver.errors import ScenarioError

PATHS = {
    "openai": "/v1/chat/completions",
    "azure": "/openai/deployments/gpt-4o-mini/chat/completions?api-version=2024-10-21",
    "openrouter": "/api/v1/chat/completions",
    "vercel_gateway": "/vercel_gateway/v1/chat/completions",
    "aiml": "/aiml/v1/chat/completions",
    "one_api": "/one_api/v1/chat/completions",
}
MODELS = {"openrouter": "openai/gpt-4o-mini", "vercel_gateway": "openai/gpt-4o-mini"}


def asked(members: str, kind: str = "openai", **body: Any) -> Answered:
    """Return what *kind* answers by a text with these *members*."""
    api = Api(f"rules: [{{reply: {{kind: text, text: Yes., {members}}}}}]")
    said = {
        "model": MODELS.get(kind, "gpt-4o-mini"),
        "messages": [{"role": "user", "content": "?"}],
    }
    return api.post(PATHS[kind], said | body)


def chunks(answered: Answered) -> list[Any]:
    lines = answered.body.decode().split("\n")
    return [json.loads(line[6:]) for line in lines if line.startswith("data: {")]


@pytest.mark.parametrize("kind", PATHS)
def test_an_id_and_a_date_go_out_as_stated(kind: str) -> None:
    answer = asked("id: answer-1, created: 7", kind).json

    assert (answer["id"], answer["created"]) == ("answer-1", 7)


@pytest.mark.parametrize("kind", PATHS)
def test_an_id_and_a_date_are_in_every_chunk(kind: str) -> None:
    sent = chunks(asked("id: answer-1, created: 7", kind, stream=True))
    sent = sent[1:] if kind == "azure" else sent

    assert {(chunk["id"], chunk["created"]) for chunk in sent} == {("answer-1", 7)}


@pytest.mark.parametrize("kind", PATHS)
@pytest.mark.parametrize("stream", [False, True], ids=["in one piece", "streamed"])
def test_members_are_added_or_replaced_wherever_the_answer_goes(kind: str, *, stream: bool) -> None:
    members = "extra: {x_vendor: {a: [1]}, model: other, nothing: null}"
    answered = asked(members, kind, stream=stream)

    for value in chunks(answered) if stream else [answered.json]:
        assert value["x_vendor"] == {"a": [1]}
        assert value["model"] == "other"
        assert value["nothing"] is None


def test_members_of_the_message_are_sent_once_for_each_choice() -> None:
    members = 'extra_message: {reasoning_content: "Hm.", content: "No."}'
    whole = asked(members, n=2).json["choices"]
    deltas = [c["choices"][0] for c in asked(members, n=2, stream=True).chunks]
    first = [next(c["delta"] for c in deltas if c["index"] == index) for index in (0, 1)]

    assert [choice["message"]["reasoning_content"] for choice in whole] == ["Hm."] * 2
    assert [choice["message"]["content"] for choice in whole] == ["No."] * 2
    assert [delta["reasoning_content"] for delta in first] == ["Hm."] * 2
    assert sum("reasoning_content" in choice["delta"] for choice in deltas) == 2


def test_members_of_the_message_of_a_legacy_completion_are_in_its_choice() -> None:
    api = Api("rules: [{reply: {kind: text, text: a, extra: {x: 1}, extra_message: {y: 2}}}]")
    answer = api.complete().json

    assert (answer["x"], answer["choices"][0]["y"]) == (1, 2)


@pytest.mark.parametrize("kind", PATHS)
def test_provider_and_native_reason_are_in_their_place_or_added(kind: str) -> None:
    members = "provider: DeepInfra, native_finish_reason: eos"
    answer = asked(members, kind).json
    *_, last = [c for c in chunks(asked(members, kind, stream=True)) if c["choices"]]

    for value in (answer, last):
        assert value["provider"] == "DeepInfra"
        assert value["choices"][0]["native_finish_reason"] == "eos"
    if kind == "openrouter":
        assert list(answer)[4] == "provider"


def test_metadata_are_the_gateways_own_or_a_member() -> None:
    gateway = asked("metadata: {mine: {a: 1}}", "vercel_gateway").choice["message"]

    assert gateway["provider_metadata"]["mine"] == {"a": 1}
    assert "gateway" in gateway["provider_metadata"]
    assert asked("metadata: {mine: {a: 1}}").json["metadata"] == {"mine": {"a": 1}}


BILL = "usage: {prompt_tokens: 10, completion_tokens: 5, total_tokens: 99, cost: 0.25}"


@pytest.mark.parametrize("kind", PATHS)
def test_a_stated_total_and_cost_are_on_the_bill(kind: str) -> None:
    usage = asked(BILL, kind).usage

    assert (usage["total_tokens"], usage["cost"]) == (99, 0.25)


def test_a_stated_cost_is_shared_as_the_prices_share_it_and_entered() -> None:
    api = Api(f"rules: [{{reply: {{kind: text, text: Yes., {BILL}}}}}]")
    body = {"model": "openai/gpt-4o-mini", "messages": [{"role": "user", "content": "?"}]}
    details = api.post(PATHS["openrouter"], body).usage["cost_details"]
    shares = [details[f"upstream_inference_{part}cost"] for part in ("", "prompt_", "completions_")]

    assert shares[0] == pytest.approx(0.25)
    assert sum(shares[1:]) == pytest.approx(0.25)
    assert api.get("/api/v1/credits").json["data"]["total_usage"] == 0.25


def test_written_tokens_are_on_the_bill_of_models_that_have_them_and_of_others() -> None:
    for model in ("gpt-5.6-terra", "gpt-4o-mini"):
        details = asked("usage: {cache_write_tokens: 8}", model=model).usage
        assert details["prompt_tokens_details"]["cache_write_tokens"] == 8


def test_the_ai_sdk_gets_them_in_its_last_part() -> None:
    members = "extra: {x: 1}, native_finish_reason: eos, metadata: {mine: 2}, id: one"
    api = Api(f"rules: [{{reply: {{kind: text, text: Yes., {members}}}}}]")
    headers = {
        "ai-gateway-protocol-version": "0.0.1",
        "ai-language-model-specification-version": "3",
        "ai-language-model-id": "openai/gpt-4o-mini",
        "ai-language-model-streaming": "false",
    }
    body = {"prompt": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}]}
    whole = api.post("/v3/ai/language-model", body, headers=headers).json
    streaming = {**headers, "ai-language-model-streaming": "true"}
    *_, last = chunks(api.post("/v3/ai/language-model", body, headers=streaming))

    for value in (whole, last):
        assert (value["x"], value["finishReason"]["raw"]) == (1, "eos")
        assert value["providerMetadata"]["mine"] == 2


def test_templates_fill_stated_members() -> None:
    members = 'template: true, id: "id-{{ request.user }}", extra: {who: ["{{ request.user }}"]}'
    answer = asked(members, user="ada").json

    assert (answer["id"], answer["who"]) == ("id-ada", ["ada"])


def test_a_stored_answer_is_looked_up_by_its_stated_id() -> None:
    api = Api("rules: [{reply: {kind: text, text: a, id: mine, created: 9}}]")
    api.chat(store=True)

    assert api.get("/v1/chat/completions/mine").json["created"] == 9


def test_one_rule_that_states_an_id_does_not_leave_it_to_another() -> None:
    api = Api("""
        rules:
          - {when: {last_user: a}, reply: {kind: text, text: Yes., id: mine}}
          - {reply: Yes.}
    """)
    ids = [api.chat(said).json["id"] for said in ("b", "a", "c", "a", "a", "a")]

    assert [one == "mine" for one in ids] == [False, True, False, True, True, True]


@pytest.mark.parametrize(
    ("reply", "what"),
    [
        ("{kind: text, text: a, id: ''}", "an id is a text of printable characters"),
        ('{kind: text, text: a, id: "a\\nb"}', "an id is a text of printable characters"),
        ("{kind: text, text: a, created: -1}", "need 0 <= created"),
        ("{kind: text, text: a, usage: {cost: -1}}", "'cost' of 'usage' must be at least 0"),
        ("{kind: text, text: a, usage: {total_tokens: -1}}", "'total_tokens' of 'usage'"),
        (
            "{kind: choices, choices: [a, {kind: text, text: b, usage: {prompt_tokens: 1}}]}",
            "'usage' belongs to the whole answer",
        ),
        ("{kind: choices, choices: [{kind: text, text: b, id: x}]}", "'id' belongs to the whole"),
        ("{kind: choices, choices: [{kind: text, text: b, reasoning: x}]}", "'reasoning' belongs"),
    ],
)
def test_what_cannot_be_stated_is_refused(reply: str, what: str) -> None:
    with pytest.raises(ScenarioError, match=what):
        Api(f"rules: [{{reply: {reply}}}]")
