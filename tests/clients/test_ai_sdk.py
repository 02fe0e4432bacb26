"""What the AI SDK, in three majors and unmodified, makes of the server's answers.

Each major runs the promises of `ai_sdk/promises.mjs` in one process, through the gateway's own
protocol, through its side that is compatible with OpenAI, and through OpenAI itself.
"""

from typing import Any

import pytest
from real_clients import Run

from mockserver import MockServer

MAJORS = [5, 6, 7]
PATHS = {5: "v1", 6: "v3", 7: "v4"}
SMALL = "openai/gpt-4o-mini"

PROMISES: dict[str, Any] = {
    # the call on the gateway's page, as written there
    "page": ["Blue light is scattered most.", "stop", [10, 6, 16]],
    # text
    "hello": ["Hello there.", "stop", [8, 3, 11], []],
    "stream": [["Hello", " there", "."], "stop", [8, 3, 11]],
    "response": ["gen_", 30, "gpt-4o-mini-2024-07-18", True],
    "refusal": ["I cannot say.", "content-filter"],
    "length": [True, "length", 16],
    "image": ["A dot.", True],
    # tools
    "tool_loop": [
        "It is sunny in Paris.",
        ["tool-calls", "stop"],
        [["get_weather", {"city": "Paris"}, {"city": "Paris", "sky": "sunny"}]],
    ],
    "tool_loop_streamed": [
        "It is sunny in Paris.",
        '{"city":"Paris"}',
        [["get_weather", {"city": "Paris"}]],
        2,
    ],
    "parallel_tools": ["Sunny, and noon.", ["get_weather", "get_time"]],
    "forced_tool": ["get_weather", "tool-calls"],
    # structured output
    "object": [{"name": "Ada", "born": 1815}, "stop"],
    "object_streamed": [True, {"name": "Ada", "born": 1815}],
    "output": {"name": "Grace", "born": 1906},
    # thoughts
    "reasoning": ["Two and two.", "Four."],
    "reasoning_streamed": [
        *("reasoning-start", "reasoning-delta", "reasoning-end"),
        *("text-start", "text-delta", "text-end"),
    ],
    # what the gateway tells of itself
    "metadata": [SMALL, "openai", ["azure"], "0.000003", "gen_", 30],
    "order": "azure",
    "other_model": ["Hello there.", "openai/gpt-5", [False, True]],
    "account": [["0", "0.000003", 100], SMALL, "openai", 8, 3],
    # errors and retries
    "unknown_model": [
        *("GatewayModelNotFoundError", 404, False),
        *("gpt-9", "Model 'gpt-9' not found"),
    ],
    "wrong_key": ["GatewayAuthenticationError", True],
    "error_message": "Not like this.",
    "error_of_a_page": ["GatewayResponseError", 502, True],
    "retried_once": "Served at last.",
    "retried_in_vain": [
        *("AI_RetryError", "maxRetriesExceeded"),
        [["GatewayInternalServerError", 503, True]] * 3,
    ],
    "refusals": [
        ["GatewayRateLimitError", 429, True],
        ["GatewayInternalServerError", 400, False],
        ["GatewayInternalServerError", 503, True],
    ],
    "error_in_the_stream": [["One", " two"], ["It broke."], "error"],
    "cut_in_mid_stream": [["One", " two", " three"], True],
    "wrong_base_url": ["GatewayInvalidRequestError", 400, False, True],
    # OpenAI's provider by its default, the Responses API
    "responses": ["Hello there.", "stop", [8, 4, 12], "resp_", "gpt-4o-mini-2024-07-18"],
    "responses_streamed": [["Hello", " there", "."], "stop", [8, 4, 12]],
    "responses_tool_loop": [
        "It is sunny in Paris.",
        ["tool-calls", "stop"],
        [["get_weather", {"city": "Paris"}, {"city": "Paris", "sky": "sunny"}]],
    ],
    "responses_tool_loop_streamed": ["It is sunny in Paris.", 2],
    "responses_unstored": ["It is sunny in Paris.", 2],
    "responses_continued": "Hello again.",
    "responses_reasoning": ["Two and two.", "Four."],
    "responses_object": [{"name": "Grace", "born": 1906}] * 2,
    "responses_error": [
        *("AI_APICallError", 400, False),
        "The requested model 'gpt-9' does not exist.",
    ],
    "embeddings": [1536, True, 14],
    # other providers of the SDK
    "openai_chat": ["Hello there.", "stop", [8, 3, 11]],
    "openai_chat_streamed": ["It is sunny in Paris.", "stop", 2],
    "openai_error": ["AI_APICallError", 404, False, "Model 'gpt-9' not found"],
    "openai_direct": ["Hello there.", [8, 3, 11], "\n\nThis."],
    "openrouter_chat": ["It is sunny in Paris.", 2],
    "openrouter_direct": ["Hello there.", [8, 3, 11], 2, "It is sunny in Paris."],
    "openrouter_reasoning": ["Four.", "Two and two.", "stop"],
}

ERRORS: dict[str, list[Any]] = {
    "400": ["GatewayInvalidRequestError", 400, False],
    "402": ["GatewayInternalServerError", 402, False],
    "403": ["GatewayForbiddenError", 403, False],
    "404": ["GatewayNotFoundError", 404, False],
    "424": ["GatewayFailedDependencyError", 424, False],
    "429": ["GatewayRateLimitError", 429, True],
    "500": ["GatewayInternalServerError", 500, True],
}
UNKNOWN_TO: dict[int, set[str]] = {5: {"404", "424"}, 6: {"404"}, 7: set()}
"""Errors for which a major has no class of its own."""
OF_EACH = {"unsupported", "models", "unknown_generation", "errors", "wrong_version"}
"""Promises that each major keeps in its own words."""


@pytest.mark.parametrize("major", MAJORS)
@pytest.mark.parametrize("promise", PROMISES)
def test_every_major(run_ai_sdk: Run, major: int, promise: str) -> None:
    assert run_ai_sdk(f"ai-{major}")[promise] == PROMISES[promise]


@pytest.mark.parametrize("major", MAJORS)
def test_a_status_becomes_the_error_that_the_gateway_means(run_ai_sdk: Run, major: int) -> None:
    expected = {
        status: ["GatewayInternalServerError", *rest]
        if status in UNKNOWN_TO[major]
        else [name, *rest]
        for status, (name, *rest) in ERRORS.items()
    }

    assert run_ai_sdk(f"ai-{major}")["errors"] == expected


@pytest.mark.parametrize("major", MAJORS)
def test_a_setting_that_does_not_reach_the_model_is_warned_of(run_ai_sdk: Run, major: int) -> None:
    kind, key = ("unsupported-setting", "setting") if major == 5 else ("unsupported", "feature")

    text, warnings = run_ai_sdk(f"ai-{major}")["unsupported"]

    assert text == "Hello there."
    assert warnings == [{"type": kind, key: "topK"}, {"type": kind, key: "stopSequences"}]


@pytest.mark.parametrize("major", MAJORS)
def test_models_are_told_in_the_specification_of_the_client(run_ai_sdk: Run, major: int) -> None:
    version = {5: "v2", 6: "v3", 7: "v4"}[major]
    specification = {"specificationVersion": version, "provider": "openai", "modelId": SMALL}

    found = run_ai_sdk(f"ai-{major}")["models"]

    assert found == ["0.00000015", "0.0000006", specification, "language"]


@pytest.mark.parametrize("major", MAJORS)
def test_a_generation_that_nobody_knows_is_not_found(run_ai_sdk: Run, major: int) -> None:
    name = "GatewayNotFoundError" if major == 7 else "GatewayInternalServerError"

    found = run_ai_sdk(f"ai-{major}")["unknown_generation"]

    assert found == [name, 404, False, "Generation 'gen_x' not found"]


@pytest.mark.parametrize("major", MAJORS)
def test_a_client_of_another_version_than_the_path_is_told_which_path_is_its_own(
    run_ai_sdk: Run, major: int
) -> None:
    *shape, message = run_ai_sdk(f"ai-{major}")["wrong_version"]

    assert shape == ["GatewayInvalidRequestError", 400, False]
    assert message.endswith(f"that of ai {major}, whose base URL ends in /{PATHS[major]}/ai")


@pytest.mark.parametrize("major", MAJORS)
@pytest.mark.parametrize(
    ("promise", "attempts"),
    [
        pytest.param("hello", 1, id="an answer ends it"),
        pytest.param("weather", 5, id="once for each step: two loops of two, and a call alone"),
        pytest.param("limited_once", 2, id="a rate limit is tried again when told"),
        pytest.param("overloaded", 3, id="two retries unless told otherwise"),
        pytest.param("error_message", 1, id="no retry of a bad request"),
        pytest.param("cut", 1, id="no retry of a stream that has begun"),
    ],
)
def test_how_often_the_sdk_asks(
    run_ai_sdk: Run, ai_sdk_server: MockServer, major: int, promise: str, attempts: int
) -> None:
    run_ai_sdk(f"ai-{major}")

    assert len(ai_sdk_server.session(f"ai-{major}-{promise}").journal) == attempts


@pytest.mark.parametrize("major", MAJORS)
def test_the_sdk_keeps_every_promise_that_it_is_asked_for(run_ai_sdk: Run, major: int) -> None:
    assert set(run_ai_sdk(f"ai-{major}")) == set(PROMISES) | OF_EACH
