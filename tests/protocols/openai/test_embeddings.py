"""`/v1/embeddings`: its answers, its bill, what it refuses, and what scenarios do to it."""

import base64
import json
import math
import sys
from array import array
from typing import Any

import pytest
from support.inprocess import Answered, Api

from mockserver.models import Catalogue

SMALL = "text-embedding-3-small"
ADA = "text-embedding-ada-002"


def embed(api: Api, given: Any, *, model: str = SMALL, **members: Any) -> Answered:
    return api.post("/v1/embeddings", {"model": model, "input": given, **members})


def decoded(text: str) -> list[float]:
    """Return the numbers that a client reads in base64."""
    numbers = array("f", base64.b64decode(text))
    if sys.byteorder != "little":
        numbers.byteswap()
    return list(numbers)


def test_numbers_are_written_by_the_newer_server() -> None:
    answered = embed(Api(), ["One.", "Two."])
    body = answered.body.decode()

    assert body.startswith('{"object":"list","data":[{"object":"embedding","embedding":[')
    assert body.endswith(
        f'],"index":1}}],"model":"{SMALL}","usage":{{"prompt_tokens":4,"total_tokens":4}}}}'
    )
    for entry in answered.json["data"]:
        numbers = entry["embedding"]
        assert len(numbers) == 1_536
        assert math.hypot(*numbers) == pytest.approx(1, abs=0.001)
        # Each has no more than 11 bits, as numbers of half the precision have.
        assert all(
            math.frexp(number)[0] * 2_048 == round(math.frexp(number)[0] * 2_048)
            for number in numbers
            if abs(number) > 1e-4
        )
    assert "openai-model" not in answered.headers
    assert answered.headers["x-openai-proxy-wasm"] == "v0.1"
    assert answered.headers["x-ratelimit-remaining-tokens"] == "9999998"


def test_base64_is_written_by_the_older_server() -> None:
    answered = embed(Api(), "One.", model=ADA, encoding_format="base64")
    lines = answered.body.decode().split("\n")

    assert lines[:6] == [
        "{",
        '  "object": "list",',
        '  "data": [',
        "    {",
        '      "object": "embedding",',
        '      "index": 0,',
    ]
    assert lines[-2:] == ["}", ""]
    numbers = decoded(answered.json["data"][0]["embedding"])
    assert (len(numbers), math.hypot(*numbers)) == (1_536, pytest.approx(1, abs=1e-5))
    assert answered.json["model"] == f"{ADA}-v2"
    assert answered.headers["openai-model"] == f"{ADA}-v2"
    assert answered.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize(
    ("given", "tokens"),
    [
        pytest.param("hello world", 2, id="a text"),
        pytest.param([15339, 1917], 2, id="tokens"),
        pytest.param([[15339, 1917], [1]], 3, id="arrays of tokens"),
        pytest.param(["hello world", "Grüße \N{FLAMINGO}"], 8, id="texts"),
        pytest.param(" ", 1, id="a blank"),
        pytest.param("x" * 20_000, 2_500, id="a run of letters"),
    ],
)
def test_the_bill_is_the_tokens_of_the_texts(given: Any, tokens: int) -> None:
    answered = embed(Api(), given)

    assert answered.usage == {"prompt_tokens": tokens, "total_tokens": tokens}
    assert answered.call.usage is not None
    assert answered.call.usage.exact


def test_a_text_has_one_vector_however_it_is_sent() -> None:
    api = Api()
    text = embed(api, "hello world").json["data"][0]["embedding"]
    batch = embed(api, ["x", "hello world"], user="me").json["data"][1]["embedding"]
    coded = embed(api, [15339, 1917]).json["data"][0]["embedding"]
    exact = decoded(
        embed(api, "hello world", encoding_format="base64").json["data"][0]["embedding"]
    )

    assert text == batch == coded == pytest.approx(exact, abs=1e-4)
    assert text != embed(api, "hello world", model=ADA).json["data"][0]["embedding"]
    assert text != embed(Api("seed: 7"), "hello world").json["data"][0]["embedding"]


@pytest.mark.parametrize(
    ("model", "wanted", "size"),
    [(SMALL, None, 1_536), (ADA, None, 1_536), ("text-embedding-3-large", None, 3_072)]
    + [("text-embedding-3-large", size, size) for size in (1, 256, 3_072)],
)
def test_a_vector_has_the_size_of_its_model_or_as_asked(
    model: str, wanted: int | None, size: int
) -> None:
    members = {} if wanted is None else {"dimensions": wanted}

    numbers = embed(Api(), "Hi", model=model, **members).json["data"][0]["embedding"]

    assert len(numbers) == size
    assert math.hypot(*numbers) == pytest.approx(1, abs=0.001)


INVALID = (
    "'$.input' is invalid. Please check the API reference: "
    "https://platform.openai.com/docs/api-reference."
)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"input": None}, INVALID),
        ({"input": []}, INVALID),
        ({"input": 7}, INVALID),
        ({"input": ["a", 1]}, INVALID),
        ({"input": [1, True]}, INVALID),
        ({"input": [[1], []]}, INVALID),
        ({"input": {"text": "a"}}, INVALID),
        ({"input": ""}, "Invalid 'input': input cannot be an empty string."),
        ({"input": ["a", ""]}, "Invalid 'input[1]': input cannot be an empty string."),
        ({"input": ["a"] * 2_049}, "Invalid 'input': array length must be 2048 or less."),
        ({"input": "a " * 8_200}, "Invalid 'input': maximum input length is 8192 tokens."),
        (
            {"input": ["a", "b " * 8_200]},
            "Invalid 'input[1]': maximum input length is 8192 tokens.",
        ),
        ({"input": [1] * 8_193}, "Invalid 'input': maximum input length is 8192 tokens."),
        ({"input": "a" * 1_100_000}, "Invalid 'input': maximum input length is 8192 tokens."),
        (
            {"input": [100_258]},
            (
                "Invalid token in prompt: 100258. Minimum value is 0, maximum value is 100257"
                " (inclusive)."
            ),
        ),
        ({"dimensions": -42}, "-42 is less than the minimum of 1 - 'dimensions'"),
        ({"dimensions": "8"}, "'8' is not of type 'integer' - 'dimensions'"),
        (
            {"dimensions": 1_537},
            "Invalid value for 'dimensions' = 1537. Must be less than or equal to 1536.",
        ),
        ({"model": ADA, "dimensions": 8}, "This model does not support specifying dimensions."),
        (
            {"encoding_format": "int8"},
            "'int8' is not one of ['float', 'base64'] - 'encoding_format'",
        ),
        ({"user": 1}, "1 is not of type 'string' - 'user'"),
        ({"top_k": 1}, "Additional properties are not allowed ('top_k' was unexpected)"),
    ],
)
def test_what_is_refused_is_said_in_the_apis_words(members: Any, message: str) -> None:
    refused = embed(Api(), **{"given": "a", **_given(members)})

    assert refused.status == 400
    assert refused.error == {
        "message": message,
        "type": "invalid_request_error",
        "param": None,
        "code": None,
    }


def _given(members: dict[str, Any]) -> dict[str, Any]:
    return {"given" if key == "input" else key: value for key, value in members.items()}


def test_more_tokens_than_a_request_may_have_are_counted() -> None:
    refused = embed(Api(), ["a " * 8_000] * 40).error

    assert refused["message"] == "Requested 320040 tokens, max 300000 tokens per request"
    assert refused["type"] == refused["code"] == "max_tokens_per_request"


@pytest.mark.parametrize(
    ("model", "status", "message"),
    [
        ("gpt-4o", 403, "You are not allowed to generate embeddings from this model"),
        (
            "omni-moderation-latest",
            403,
            "You are not allowed to generate embeddings from this model",
        ),
        ("nope", 404, "The model `nope` does not exist or you do not have access to it."),
        (None, 400, "you must provide a model parameter"),
    ],
)
def test_a_model_that_makes_no_vectors_is_refused(
    model: str | None, status: int, message: str
) -> None:
    refused = Api().post("/v1/embeddings", {"model": model, "input": "a"})

    assert (refused.status, refused.error["message"]) == (status, message)


def test_a_scenario_adds_models_of_its_own() -> None:
    api = Api("models: [{id: ours, like: text-embedding-3-large}, {id: my-embeddings}]")

    sizes = [
        len(embed(api, "a", model=m).json["data"][0]["embedding"])
        for m in ("ours", "my-embeddings")
    ]

    assert sizes == [3_072, 1_536]


def test_stated_vectors_go_out_as_they_are_and_the_journal_says_what_is_odd() -> None:
    api = Api("rules: [{reply: {kind: embedding, vector: [0.1, 2, -1.0e-7]}}]")

    written = embed(api, "a")
    coded = embed(api, "a", encoding_format="base64").json["data"][0]["embedding"]

    assert b'"embedding":[0.1,2.0,-1e-7]' in written.body
    assert decoded(coded) == pytest.approx([0.1, 2, -1e-7])
    assert written.call.notes == (
        "the API's vector has 1536 dimensions here, the scenario's has 3",
        "the API's vectors have a length of 1, the scenario's has 2.002",
    )


def test_conditions_captures_and_templates_see_the_inputs() -> None:
    api = Api("""
        rules:
          - name: order
            when: {embedding_input: {regex: "order (\\\\d+)"}}
            capture: {order: {embedding_input: {regex: "order (\\\\d+)"}}}
            reply: {kind: embedding, template: true, near: "{{ captured.order }}"}
          - {name: user, when: {last_user: {present: true}}, reply: "Never here."}
          - {name: moderated, when: {moderation_input: {present: true}}, fail: 500}
          - {name: said, reply: {kind: embedding, near: "4711"}}
    """)

    first, other = embed(api, ["x", "order 4711"]), embed(api, [15339])

    assert [first.call.rule, other.call.rule] == ["order", "said"]
    vector, near = first.json["data"][0]["embedding"], other.json["data"][0]["embedding"]
    assert sum([x * y for x, y in zip(vector, near, strict=True)]) > 0.9


def test_a_rule_that_differs_says_in_what() -> None:
    api = Api("""
        strict: true
        rules:
          - {name: one, when: {embedding_input: {contains: tea}}, reply: {kind: embedding}}
          - {name: two, when: {moderation_input: tea}, reply: {kind: moderation}}
    """)

    refused = embed(api, "coffee")

    assert refused.call.near_misses == (
        "'one': embedding_input is 'coffee', the rule wants text containing 'tea'",
        "'two': 'moderation_input' needs a moderation request, and this is not one",
    )


def test_limits_charge_a_token_for_four_bytes() -> None:
    api = Api('limits: {"*": {tokens_per_minute: 100}}')

    statuses = [embed(api, "x" * size).status for size in (200, 200, 4)]

    assert statuses == [200, 200, 429]


def test_the_cost_is_by_the_price_of_the_model() -> None:
    usage = embed(Api(), "a " * 1_000).call.usage

    assert usage is not None
    assert Catalogue().resolve(SMALL).cost_usd(*usage[:2]) == pytest.approx(1_001 * 0.02 / 1e6)


@pytest.mark.parametrize(
    ("path", "model", "expected"),
    [
        (
            "/openai/deployments/text-embedding-3-small/embeddings?api-version=2024-10-21",
            None,
            SMALL,
        ),
        ("/openai/v1/embeddings", ADA, "ada"),
        ("/api/v1/embeddings", f"openai/{SMALL}", SMALL),
        ("/vercel_gateway/v1/embeddings", f"openai/{SMALL}", f"openai/{SMALL}"),
        ("/aiml/v1/embeddings", SMALL, SMALL),
        ("/new_api/v1/embeddings", SMALL, SMALL),
    ],
)
def test_other_providers_answer_the_same_vector_in_their_form(
    path: str, model: str | None, expected: str
) -> None:
    api = Api()
    body = {"input": "Hi", **({} if model is None else {"model": model})}

    answered = api.post(path, body, headers={"api-key": "k"})

    assert (answered.status, answered.json["model"]) == (200, expected)
    own = embed(api, "Hi", model=model.rpartition("/")[2] if model else SMALL)
    assert answered.json["data"][0]["embedding"] == own.json["data"][0]["embedding"]


def test_openrouter_states_what_a_vector_costs() -> None:
    api = Api()
    body = {"model": f"openai/{SMALL}", "input": "Hi", "provider": {"only": ["azure"]}}

    answered = api.post("/api/v1/embeddings", body).json

    assert [*answered] == ["object", "data", "model", "usage", "provider", "id"]
    assert answered["usage"]["cost"] == 2e-08
    assert (answered["provider"], answered["id"][:8]) == ("Azure", "gen-emb-")
    refused = api.post("/api/v1/embeddings", {"model": "openai/gpt-4o", "input": "Hi"})
    assert (refused.status, refused.error["message"]) == (
        404,
        "No endpoints found for openai/gpt-4o.",
    )


def test_azure_refuses_in_its_own_words() -> None:
    api, version = Api(), "api-version=2024-10-21"

    missing = api.post(f"/openai/deployments/x/embeddings?{version}", {"input": "a"})
    chats = api.post(f"/openai/deployments/gpt-4o/embeddings?{version}", {"input": "a"})

    assert json.loads(missing.body)["error"].keys() == {"code", "message"}
    assert missing.error["code"] == "DeploymentNotFound"
    assert chats.error["message"].startswith("The embeddings operation does not work with")


def test_the_gateway_maps_the_makers_own_option_and_states_the_route() -> None:
    body = {
        "model": "openai/text-embedding-3-large",
        "input": "Hi",
        "providerOptions": {"openai": {"dimensions": 8}},
    }

    answered = Api().post("/vercel_gateway/v1/embeddings", body).json

    assert len(answered["data"][0]["embedding"]) == 8
    gateway = answered["providerMetadata"]["gateway"]
    assert (gateway["routing"]["finalProvider"], gateway["cost"]) == ("openai", "0.00000013")
