"""What the provider's limiter counts, and how it is told: figures of recorded answers."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.inprocess import Api

from mockserver.conversation import Charge
from mockserver.conversation.api_error import MINUTE_MS, Allowance
from mockserver.models import Catalogue, RateLimits, rate_limits_of
from mockserver.protocols.openai.limits import go_duration
from mockserver.traffic.limits import DAY_MS, allowances
from mockserver.wire.http_request import HttpRequest
from mockserver.wire.timeline import Head


def user(content: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": content}]}


# --- What is left ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("allowance", "reset"),
    [
        pytest.param(Allowance("requests", 3_500, 3_499), "17ms", id="3,500 a minute"),
        pytest.param(Allowance("requests", 3_500, 3_498), "34ms", id="two of them"),
        pytest.param(Allowance("requests", 500, 499), "120ms", id="500 a minute"),
        pytest.param(Allowance("tokens", 90_000, 89_985), "10ms", id="90,000 tokens"),
        pytest.param(Allowance("tokens", 150_000_000, 149_999_992), "0s", id="less than 1 ms"),
        pytest.param(Allowance("requests", 10_000, 9_999, DAY_MS), "8.64s", id="10,000 a day"),
        pytest.param(Allowance("requests", 200, 199, DAY_MS), "7m12s", id="200 a day"),
        pytest.param(Allowance("tokens", 1_000, 0), "1m0s", id="an empty bucket"),
    ],
)
def test_when_a_bucket_is_full_again(allowance: Allowance, reset: str) -> None:
    assert go_duration(allowance.reset_ms) == reset


@settings(derandomize=True)
@given(st.integers(1, 10**9), st.integers(0, 10**9))
def test_a_bucket_is_full_again_within_its_window(limit: int, taken: int) -> None:
    left = Allowance("tokens", limit, max(0, limit - taken))

    assert 0 <= left.reset_ms <= MINUTE_MS


def test_more_than_there_is_leaves_nothing() -> None:
    model = Catalogue().get("gpt-3.5-turbo-instruct")
    assert model is not None

    _, tokens = allowances(model, Charge(100_000))

    assert (tokens.remaining, tokens.reset_ms) == (0, MINUTE_MS)


@pytest.mark.parametrize(
    ("name", "limits"),
    [
        pytest.param("gpt-4o", RateLimits(10_000, 30_000_000, 250_000), id="a model"),
        pytest.param("gpt-4o-mini", RateLimits(30_000, 150_000_000, 50_000), id="a smaller one"),
        pytest.param("gpt-4-0613", RateLimits(10_000, 1_000_000), id="a snapshot"),
        pytest.param("openai/gpt-4o", RateLimits(10_000, 30_000_000, 250_000), id="a vendor's"),
        pytest.param(
            "ft:gpt-4o-mini:acme::1", RateLimits(30_000, 150_000_000, 50_000), id="a fine-tune"
        ),
        pytest.param("my-model", RateLimits(15_000, 40_000_000, 250_000), id="a stranger"),
    ],
)
def test_what_may_be_asked_of_a_model(name: str, limits: RateLimits) -> None:
    assert rate_limits_of(name) == limits


# --- What goes out ---------------------------------------------------------------------------


def told(headers: dict[str, str]) -> list[tuple[str, str]]:
    start = "x-ratelimit-"
    return [(n.removeprefix(start), value) for n, value in headers.items() if n.startswith(start)]


def test_an_answer_tells_of_requests_and_tokens_by_the_alphabet() -> None:
    assert told(Api().chat("Say `this is a test`.").headers) == [
        ("limit-requests", "30000"),
        ("limit-tokens", "150000000"),
        ("remaining-requests", "29999"),
        ("remaining-tokens", "149999992"),
        ("reset-requests", "2ms"),
        ("reset-tokens", "0s"),
    ]


def test_an_answer_to_an_image_tells_of_images_too() -> None:
    url = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"
    part = {"type": "image_url", "image_url": {"url": url + "+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="}}
    headers = dict(told(Api().chat([{"role": "user", "content": [part]}]).headers))

    assert [headers[f"{what}-input-images"] for what in ("limit", "remaining", "reset")] == [
        "50000",
        "49999",
        "1ms",
    ]


def test_the_same_request_always_leaves_the_same() -> None:
    api = Api()

    assert len({tuple(told(api.chat().headers)) for _ in range(3)}) == 1


def test_a_stream_tells_as_much_as_a_body() -> None:
    api = Api()

    assert told(api.chat(stream=True).headers) == told(api.chat().headers)


def test_a_legacy_answer_tells_of_its_own_limits() -> None:
    assert told(Api().complete("x" * 130).headers) == [
        ("limit-requests", "3500"),
        ("limit-tokens", "90000"),
        ("remaining-requests", "3499"),
        ("remaining-tokens", "89967"),
        ("reset-requests", "17ms"),
        ("reset-tokens", "22ms"),
    ]


def test_the_limits_are_those_of_the_model_asked_for() -> None:
    api = Api("rules: [{name: other, reply: {kind: text, text: Hi, model: gpt-4o-2024-08-06}}]")

    assert dict(told(api.chat(model="gpt-3.5-turbo").headers))["limit-tokens"] == "50000000"


def test_a_refusal_by_the_api_is_charged() -> None:
    refused = Api().chat("Say `this is a test`.", temperature=3)

    assert refused.status == 400
    assert told(refused.headers) == told(Api().chat("Say `this is a test`.").headers)


def test_the_wrong_endpoint_is_charged_by_the_models_limits() -> None:
    refused = Api().chat("Say `this is a test`.", model="gpt-3.5-turbo-instruct")

    assert (refused.status, dict(told(refused.headers))["limit-requests"]) == (404, "3500")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'{"model": "gpt-4o", "messages": "Hi"}', id="messages that are none"),
        pytest.param(b'{"model": "gpt-4o"}', id="no messages"),
        pytest.param(b'{"model": "gpt-4o", "messages": [7]}', id="a message that is none"),
    ],
)
def test_a_refusal_of_anything_for_a_model_is_charged(body: bytes) -> None:
    refused = Api().send("POST", "/v1/chat/completions", body)

    assert dict(told(refused.headers))["limit-requests"] == "10000"


@pytest.mark.parametrize(
    ("body", "key"),
    [
        pytest.param(b"{", "sk-test", id="no JSON"),
        pytest.param(b"{}", "sk-test", id="no model"),
        pytest.param(b'{"model": 7}', "sk-test", id="a model that is no name"),
        pytest.param(b'{"model": "gpt-9"}', "sk-test", id="an unknown model"),
        pytest.param(json.dumps(user("Hi")).encode(), None, id="no key"),
    ],
)
def test_who_asks_no_model_is_told_of_no_limits(body: bytes, key: str | None) -> None:
    refused = Api().send("POST", "/v1/chat/completions", body, key=key)

    assert refused.status >= 400
    assert told(refused.headers) == []


def test_a_request_understood_elsewhere_is_charged_too() -> None:
    engine = Api().engine
    body = json.dumps({"model": "gpt-4o", **user("Hi"), "temperature": 3}).encode()
    http = HttpRequest("POST", "/v1/chat/completions", {"authorization": "Bearer sk-test"}, body)

    head = engine.answer(http, engine.understand(http)).timeline[0]

    assert isinstance(head, Head)
    assert b"x-ratelimit-remaining-tokens: 29999997\r\n" in head.lines


@pytest.mark.parametrize("path", ["/v1/models", "/v1/chat/completions"])
def test_who_looks_things_up_is_told_of_no_limits(path: str) -> None:
    assert told(Api().get(path).headers) == []
