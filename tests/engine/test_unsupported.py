"""An endpoint that this version lacks counts as unmatched, and is told from a wrong path (T7)."""

from typing import Any

import pytest
from support.inprocess import Answered, Api

HEADERS = {"api-key": "sk-test"}
LACKED = [
    "/v1/audio/speech",
    "/v1/images/generations",
    "/v1/files/file-1/content",
    "/openai/deployments/gpt-4o/audio/speech?api-version=2024-10-21",
    "/openai/v1/audio/speech",
    "/api/v1/messages",
    "/v4/ai/embedding-model",
    "/vercel_gateway/v1/messages",
    "/aiml/v1/images/generations",
    "/s/a/v1/audio/speech",
]


def post(api: Api, path: str) -> Answered:
    return api.send("POST", path, b"{}", headers=HEADERS)


@pytest.mark.parametrize("path", [pytest.param(path, id=f"T7 {path}") for path in LACKED])
def test_an_endpoint_that_is_lacked_is_unmatched_and_says_so(path: str) -> None:
    answered = post(Api("strict: {unsupported: true}"), path)

    (hint,) = answered.call.near_misses
    assert "and this version of llm-mockserver does not support it yet" in hint
    assert (answered.call.is_unmatched, answered.call.is_unsupported) == (True, True)
    assert (answered.status, answered.headers["x-should-retry"]) == (404, "false")
    assert hint in str(answered.json)


def test_the_journal_and_near_misses_show_it_though_nothing_is_strict() -> None:
    path = "/v1/audio/speech"
    lenient, bare = post(Api(), path), post(Api("rules: [{reply: x}]"), path)

    for answered in (lenient, bare):
        assert answered.error["message"].startswith(f"Invalid URL (POST {path})")
        assert answered.call.is_unmatched
        assert f"'openai' has POST {path}" in answered.call.near_misses[0]


@pytest.mark.parametrize(
    ("strict", "code"),
    [
        ("true", "unsupported_endpoint"),
        ("false", None),
        ("{unmatched: true}", None),
        ("{unsupported: true}", "unsupported_endpoint"),
        ("{unmatched: true, unsupported: false}", None),
    ],
)
def test_what_is_refused_is_a_part_of_its_own(strict: str, code: str | None) -> None:
    assert post(Api(f"strict: {strict}"), "/v1/images/generations").error["code"] == code


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("/v1/chat/completion", "did you mean '/v1/chat/completions'?"),
        ("/chat/completions", "The client's base URL should end in /v1"),
        ("/v1/v1/chat/completions", "The client's base URL should end in /v1"),
        ("/api/v1/chat/complete", "did you mean '/api/v1/chat/completions'?"),
        ("/nowhere", "no endpoint of 'openai' answers POST /nowhere here"),
    ],
)
def test_a_wrong_path_gets_the_nearest_right_one(path: str, hint: str) -> None:
    call = post(Api(), path).call

    assert call.is_unsupported
    assert hint in call.near_misses[0]


@pytest.mark.parametrize(
    ("method", "path"), [("DELETE", "/v1/chat/completions"), ("GET", "/v1/models")]
)
def test_what_is_answered_or_has_another_method_is_not_unsupported(method: str, path: str) -> None:
    call = Api("strict: true").send(method, path).call

    assert not call.is_unsupported


def test_a_request_without_a_key_is_refused_for_that() -> None:
    answered: Any = Api("strict: true").send("POST", "/v1/responses", b"{}", key=None)

    assert (answered.status, answered.call.is_unsupported) == (401, False)
