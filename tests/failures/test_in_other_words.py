"""Failures in the words of each provider: a failure names none, its dialect spells it."""

from typing import Any

import pytest
from support.inprocess import Api

MESSAGES = [{"role": "user", "content": "Hi"}]
PATHS = {
    "openai": "/v1/chat/completions",
    "azure": "/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21",
    "openrouter": "/api/v1/chat/completions",
}


def failing(provider: str, fail: str, **members: Any) -> Any:
    api = Api(f'rules: [{{name: bad, reply: "One two three four.", fail: {fail}}}]')
    model = "openai/gpt-4o" if provider == "openrouter" else "gpt-4o"
    headers = {"api-key": "sk-test"} if provider == "azure" else {}
    body = {"model": model, "messages": MESSAGES, **members}
    return api.post(PATHS[provider], body, headers=headers)


@pytest.mark.parametrize("provider", PATHS)
@pytest.mark.parametrize(
    ("fail", "status"),
    [
        ("rate_limit", 429),
        ("{kind: rate_limit, of: too_large}", 429),
        ("quota", None),
        ("overloaded", None),
        ("content_filter", None),
        ("gateway_page", 502),
        ("500", 500),
    ],
)
def test_every_provider_has_words_for_it(provider: str, fail: str, status: int | None) -> None:
    answered = failing(provider, fail)

    assert answered.status >= 400
    assert status in (None, answered.status)
    assert answered.body


def test_azure_tells_which_filter_it_was() -> None:
    error = failing("azure", "content_filter").error

    assert error["code"] == "content_filter"
    assert error["innererror"]["code"] == "ResponsibleAIPolicyViolation"
    assert "content_filter_result" in error["innererror"]


def test_openrouter_tells_of_an_error_in_a_chunk() -> None:
    answered = failing(
        "openrouter", "{kind: inject, what: error_event, after_tokens: 2}", stream=True
    )

    assert b'"error":{"code":' in answered.body
    assert b'"finish_reason":"error"' in answered.body


def test_openrouter_says_that_it_is_processing() -> None:
    fail = "{kind: stall, after_tokens: 2, for_s: 3, comments_every_s: 1}"
    answered = failing("openrouter", fail, stream=True)

    assert answered.body.count(b": OPENROUTER PROCESSING\n\n") >= 2


@pytest.mark.parametrize("provider", PATHS)
def test_a_page_names_the_host(provider: str) -> None:
    body = failing(provider, "{kind: gateway_page, status: 522}").body

    assert b" | 522: Connection timed out</title>" in body
    assert (b"<title>openrouter.ai" in body) == (provider == "openrouter")


def test_a_gateway_may_say_it_in_json_of_its_own() -> None:
    body = failing("openai", "{kind: gateway_page, page: json}").body

    assert body == (
        b'{"error":{"code":502,"message":"Bad gateway.","param":null,"type":"cf_bad_gateway"}}'
    )
