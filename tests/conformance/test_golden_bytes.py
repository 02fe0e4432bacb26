"""Every form of answer, byte by byte, head and body, from a raw socket.

The bodies lie in `golden/`. Their key order, chunk order, indentation and endings are those of
answers recorded from api.openai.com between September 2025 and August 2026.
"""

from dataclasses import dataclass, field
from typing import Any

import pytest
from golden import filled, golden
from support.wire import Serve, exchange, request

CHAT = "/v1/chat/completions"
LEGACY = "/v1/completions"

ACCOUNT = """\
openai-organization: mockserver
openai-project: proj_mockserver00000000000000
"""
STEADY = """\
openai-version: 2020-10-01
strict-transport-security: max-age=31536000; includeSubDomains; preload
x-content-type-options: nosniff
"""
API_HEADERS = f"access-control-expose-headers: X-Request-ID\n{ACCOUNT}{STEADY}"
LIMITS = """\
x-ratelimit-limit-requests: «limit-requests»
x-ratelimit-limit-tokens: «limit-tokens»
x-ratelimit-remaining-requests: «remaining-requests»
x-ratelimit-remaining-tokens: «remaining-tokens»
x-ratelimit-reset-requests: «reset-requests»
x-ratelimit-reset-tokens: «reset-tokens»
"""
EDGE_HEADERS = """\
date: «date»
content-type: application/json; charset=utf-8
vary: Origin
x-request-id: «request-id»
"""
CHUNKED = "transfer-encoding: chunked\nconnection: close\n"
MEASURED = "content-length: «length»\nconnection: close\n"


def head_of(status: str, content_type: str, *rest: str) -> str:
    """Return a head of the API or of a service behind it."""
    return f"""\
HTTP/1.1 {status}
date: «date»
content-type: {content_type}
openai-processing-ms: «milliseconds»
x-request-id: «request-id»
{"".join(rest)}"""


def ok(content_type: str, more: str = "") -> str:
    return head_of("200 OK", content_type, more, API_HEADERS, LIMITS, CHUNKED)


def refused_by_the_api(status: str, framing: str, *, limits: bool = True) -> str:
    told = LIMITS if limits else ""
    return head_of(status, "application/json", API_HEADERS, told, framing)


def of_the_models(status: str) -> str:
    # A service of its own: nothing of the account, and lengths instead of chunks.
    return head_of(status, "application/json", STEADY, MEASURED)


def refused_by_the_edge(status: str) -> str:
    # A refusal of what the account may have names the account, and comes in chunks.
    if status.startswith("404"):
        return f"HTTP/1.1 {status}\n{EDGE_HEADERS}openai-organization: mockserver\n{CHUNKED}"
    allow = "allow: POST\n" if status.startswith("405") else ""
    return f"HTTP/1.1 {status}\n{EDGE_HEADERS}{allow}{MEASURED}"


ENGINE = "cache-control: no-cache, must-revalidate\nopenai-model: {}\n"
INSTRUCT = ENGINE.format("gpt-3.5-turbo-instruct:20230824-v2")
CHAT_JSON = ok("application/json")
CHAT_STREAM = ok("text/event-stream; charset=utf-8")
LEGACY_JSON = ok("application/json", INSTRUCT)
LEGACY_STREAM = ok("text/event-stream", INSTRUCT)


def framed(head: str, body: str) -> str:
    """Return the whole response: CRLF in the head, and the body as one chunk or as it is."""
    length = len(body.encode())
    start = head.replace("«length»", str(length)).replace("\n", "\r\n") + "\r\n"
    return f"{start}{length:x}\r\n{body}\r\n0\r\n\r\n" if CHUNKED in head else start + body


@dataclass(frozen=True)
class Case:
    """What is asked, the golden body it gets, and the head before it."""

    body: str
    head: str
    asked: dict[str, Any] = field(default_factory=dict[str, Any])
    said: str = "Hi"


STREAM: dict[str, Any] = {"stream": True}
WITH_USAGE: dict[str, Any] = {"stream": True, "stream_options": {"include_usage": True}}
PLAIN: dict[str, Any] = {"stream": True, "stream_options": {"include_obfuscation": False}}
TOOLS: dict[str, Any] = {
    "tools": [
        {
            "type": "function",
            "function": {"name": name, "parameters": {"type": "object", "properties": {}}},
        }
        for name in ("get_weather", "get_time")
    ]
}
FUNCTIONS: dict[str, Any] = {"functions": [tool["function"] for tool in TOOLS["tools"]]}

# The bill is stated wherever its own rules are not the point.
SCENARIO = """
    rules:
      - name: one-call
        when: {last_user: "call"}
        reply:
          kind: tool_calls
          calls: [{name: get_weather, arguments: {city: "Paris"}}]
          usage: {prompt_tokens: 81, completion_tokens: 15}
      - name: two-calls
        when: {last_user: "calls"}
        reply:
          kind: tool_calls
          calls:
            - {name: get_weather, arguments: {city: "Paris"}}
            - {name: get_time, arguments: {zone: "Europe/Paris"}}
          usage: {prompt_tokens: 81, completion_tokens: 47}
      - name: refusal
        when: {last_user: "refuse"}
        reply:
          kind: refusal
          text: "I cannot say."
          usage: {prompt_tokens: 8, completion_tokens: 4}
      - name: told
        when: {last_user: "tell"}
        reply:
          kind: text
          text: "Hello there."
          logprobs: [-0.0019286326132714748, -0.0000612258882028982, -3.128163257315464e-7]
      - name: told-refusal
        when: {last_user: "tell and refuse"}
        reply: {kind: refusal, text: "I cannot.", logprobs: [-17.25, -1.6857742071151733, 0]}
      - name: choices
        when: {last_user: "vote"}
        reply: {kind: choices, choices: ["Yes.", "No."]}
      - name: escapes
        when: {last_user: {contains: "<b>"}}
        reply: {kind: echo, usage: {prompt_tokens: 7, completion_tokens: 11}}
      - name: reasoning-models
        when: {model: "gpt-5*"}
        reply: {kind: text, text: "Hello there.", usage: {prompt_tokens: 7, completion_tokens: 10}}
      - name: chat
        when: {endpoint: chat.completions}
        reply: "Hello there."
"""

CHAT_CASES = {
    "a text": Case("chat/text.json", CHAT_JSON),
    "a text cut by its limit": Case("chat/length.json", CHAT_JSON, {"max_tokens": 1}),
    "what JSON escapes, and nothing else": Case(
        "chat/escapes.json", CHAT_JSON, said='<b>"é" \\ ✓ \N{FLAMINGO}</b>\n\t\0&'
    ),
    "two choices": Case("chat/two-choices.json", CHAT_JSON, {"n": 2}, "vote"),
    "a refusal": Case("chat/refusal.json", CHAT_JSON, said="refuse"),
    "a tool call": Case("chat/tool-call.json", CHAT_JSON, TOOLS, "call"),
    "parallel tool calls": Case("chat/parallel-calls.json", CHAT_JSON, TOOLS, "calls"),
    "a legacy function call": Case("chat/function-call.json", CHAT_JSON, FUNCTIONS, "call"),
    "gpt-3.5, without a fingerprint": Case(
        "chat/gpt-3.5.json", CHAT_JSON, {"model": "gpt-3.5-turbo"}
    ),
    "gpt-5, without logprobs": Case("chat/gpt-5.json", CHAT_JSON, {"model": "gpt-5-mini"}),
    "gpt-5.6, with cache writes": Case("chat/gpt-5.6.json", CHAT_JSON, {"model": "gpt-5.6-terra"}),
    "log-probabilities": Case("chat/logprobs.json", CHAT_JSON, {"logprobs": True}, "tell"),
    "a stream": Case("chat/text.sse", CHAT_STREAM, STREAM),
    "a stream with log-probabilities": Case(
        "chat/logprobs.sse", CHAT_STREAM, {**STREAM, "logprobs": True}, "tell"
    ),
    "a streamed refusal with log-probabilities": Case(
        "chat/refusal-logprobs.sse", CHAT_STREAM, {**STREAM, "logprobs": True}, "tell and refuse"
    ),
    "a stream of gpt-5.4 with log-probabilities": Case(
        "chat/gpt-5.4-logprobs.sse",
        CHAT_STREAM,
        {**STREAM, "logprobs": True, "model": "gpt-5.4"},
        "tell",
    ),
    "a stream without padding": Case("chat/text-plain.sse", CHAT_STREAM, PLAIN),
    "a stream with the bill": Case("chat/text-usage.sse", CHAT_STREAM, WITH_USAGE),
    "a stream cut by its limit": Case("chat/length.sse", CHAT_STREAM, {**STREAM, "max_tokens": 1}),
    "a stream of two choices": Case(
        "chat/two-choices.sse", CHAT_STREAM, {**STREAM, "n": 2}, "vote"
    ),
    "a streamed refusal": Case("chat/refusal.sse", CHAT_STREAM, STREAM, "refuse"),
    "a streamed tool call": Case("chat/tool-call.sse", CHAT_STREAM, {**TOOLS, **STREAM}, "call"),
    "streamed parallel tool calls": Case(
        "chat/parallel-calls.sse", CHAT_STREAM, {**TOOLS, **STREAM}, "calls"
    ),
    "streamed parallel tool calls with the bill": Case(
        "chat/parallel-calls-usage.sse", CHAT_STREAM, {**TOOLS, **WITH_USAGE}, "calls"
    ),
    "a streamed legacy function call": Case(
        "chat/function-call.sse", CHAT_STREAM, {**FUNCTIONS, **STREAM}, "call"
    ),
    "a stream of gpt-5.6 with the bill": Case(
        "chat/gpt-5.6-usage.sse", CHAT_STREAM, {**WITH_USAGE, "model": "gpt-5.6-terra"}
    ),
}


def assert_on_the_wire(serve: Serve, scenario: str, content: bytes, head: str, body: str) -> None:
    actual = exchange(serve(scenario, usage_header=False), content)
    raw = (actual.head + b"\r\n\r\n" + actual.rest).decode()

    # Line by line, so that a difference is shown where it is.
    assert raw.split("\n") == framed(filled(head, raw), filled(body, raw)).split("\n")


@pytest.mark.parametrize("case", CHAT_CASES.values(), ids=CHAT_CASES.keys())
def test_chat(serve: Serve, case: Case) -> None:
    messages = [{"role": "user", "content": case.said}]
    content = request("POST", CHAT, {"model": "gpt-4o-mini", "messages": messages, **case.asked})

    assert_on_the_wire(serve, SCENARIO, content, case.head, golden(case.body))


HELLO = 'rules: [{name: hello, reply: "\\n\\nHello there."}]'
TOLD = """
    rules:
      - name: told
        reply: {kind: text, text: " \\U0001F499!", logprobs: [-0.5, -0.011125755496323109, 0]}
"""
ECHO = "rules: [{name: echo, reply: {kind: echo}}]"
DAVINCI = ok("application/json", ENGINE.format("davinci:2023-07-21-v2"))


@pytest.mark.parametrize(
    ("scenario", "case"),
    [
        pytest.param(HELLO, Case("completions/text.json", LEGACY_JSON), id="a text"),
        pytest.param(
            HELLO, Case("completions/empty.json", LEGACY_JSON, {"stop": "\n"}), id="nothing"
        ),
        pytest.param(
            ECHO,
            Case(
                "completions/batch.json",
                DAVINCI,
                {"model": "davinci-002", "prompt": ["one", " two"], "n": 2},
            ),
            id="two prompts, two choices each",
        ),
        pytest.param(
            HELLO,
            Case("completions/stop.sse", LEGACY_STREAM, STREAM),
            id="a stream that ends by itself",
        ),
        pytest.param(
            HELLO,
            Case("completions/length.sse", LEGACY_STREAM, {**STREAM, "max_tokens": 3}),
            id="a stream cut by its limit",
        ),
        pytest.param(
            HELLO,
            Case("completions/usage.sse", LEGACY_STREAM, WITH_USAGE),
            id="a stream with the bill",
        ),
        pytest.param(
            TOLD,
            Case("completions/logprobs.json", LEGACY_JSON, {"logprobs": 0}),
            id="log-probabilities",
        ),
        pytest.param(
            TOLD,
            Case("completions/logprobs.sse", LEGACY_STREAM, {**STREAM, "logprobs": 0}),
            id="a stream with log-probabilities",
        ),
        pytest.param(
            ECHO,
            Case(
                "completions/batch.sse", LEGACY_STREAM, {**STREAM, "prompt": ["one", " two three"]}
            ),
            id="a stream for two prompts",
        ),
    ],
)
def test_legacy_completions(serve: Serve, scenario: str, case: Case) -> None:
    body = {"model": "gpt-3.5-turbo-instruct", "prompt": "Say this is a test", **case.asked}

    assert_on_the_wire(serve, scenario, request("POST", LEGACY, body), case.head, golden(case.body))


TOO_HOT = """
    rules:
      - name: too-hot
        fail:
          kind: http_error
          status: 400
          message: "Invalid 'temperature': decimal above maximum value. Expected a value <= 2, but got 99.0 instead."
          code: decimal_above_max_value
          param: temperature
"""  # noqa: E501 - one line on the wire
ASKED = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hi"}]}


@pytest.mark.parametrize(
    ("scenario", "content", "head", "body"),
    [
        pytest.param(
            "",
            request("GET", "/v1/models/gpt-4o"),
            of_the_models("200 OK"),
            "models/retrieve.json",
            id="a model",
        ),
        pytest.param(
            "",
            request("POST", CHAT, ASKED, headers={"authorization": ""}),
            refused_by_the_edge("401 Unauthorized"),
            "errors/no-key.json",
            id="no key",
        ),
        pytest.param(
            "",
            request("POST", CHAT, {**ASKED, "model": "gpt-9-<mini>"}),
            refused_by_the_edge("404 Not Found"),
            "errors/unknown-model.json",
            id="an unknown model in a chat",
        ),
        pytest.param(
            "",
            request("POST", LEGACY, {"model": "gpt-9-<mini>", "prompt": "Hi"}),
            refused_by_the_edge("404 Not Found"),
            "errors/unknown-model.json",
            id="an unknown model in a legacy request",
        ),
        pytest.param(
            "",
            request("GET", "/v1/models/gpt-9"),
            of_the_models("404 Not Found"),
            "errors/unknown-model-looked-up.json",
            id="an unknown model, looked up",
        ),
        pytest.param(
            "",
            request("POST", "/v1/foo", {}),
            refused_by_the_edge("404 Not Found"),
            "errors/unknown-path.json",
            id="an unknown path",
        ),
        pytest.param(
            "",
            request("POST", "/chat/completions", {}),
            refused_by_the_edge("404 Not Found"),
            "errors/outside.json",
            id="a path outside of v1",
        ),
        pytest.param(
            "",
            request("GET", LEGACY),
            refused_by_the_edge("405 Method Not Allowed"),
            "errors/wrong-method.json",
            id="a wrong method",
        ),
        pytest.param(
            "",
            request("POST", CHAT, b"{'model': 'gpt-4o'}"),
            refused_by_the_api("400 Bad Request", MEASURED, limits=False),
            "errors/no-json.json",
            id="no JSON",
        ),
        pytest.param(
            "",
            request("POST", LEGACY, {"prompt": "Hi"}),
            refused_by_the_api("400 Bad Request", MEASURED, limits=False),
            "errors/no-model.json",
            id="no model",
        ),
        pytest.param(
            "",
            request("POST", LEGACY, {"model": "gpt-4o", "prompt": "Hi"}),
            refused_by_the_api("404 Not Found", CHUNKED),
            "errors/chat-model-at-completions.json",
            id="a chat model in a legacy request",
        ),
        pytest.param(
            "",
            request("POST", CHAT, {**ASKED, "model": "gpt-3.5-turbo-instruct"}),
            refused_by_the_api("404 Not Found", CHUNKED),
            "errors/completion-model-at-chat.json",
            id="a legacy model in a chat",
        ),
        pytest.param(
            "",
            request("POST", CHAT, {**ASKED, "temperature": 99.0}),
            refused_by_the_api("400 Bad Request", MEASURED),
            "errors/too-hot.json",
            id="a parameter out of range",
        ),
        pytest.param(
            TOO_HOT,
            request("POST", CHAT, ASKED),
            refused_by_the_api("400 Bad Request", MEASURED, limits=False),
            "errors/refused-by-the-api.json",
            id="a refused parameter",
        ),
        pytest.param(
            "rules: [{name: broken, fail: 500}]",
            request("POST", CHAT, {**ASKED, "stream": True}),
            refused_by_the_api("500 Internal Server Error", MEASURED, limits=False),
            "errors/server-error.json",
            id="a server error",
        ),
        pytest.param(
            "rules: [{name: broken, fail: 500}]",
            request("POST", LEGACY, {"model": "gpt-3.5-turbo-instruct", "prompt": "Hi"}),
            refused_by_the_api("500 Internal Server Error", MEASURED, limits=False),
            "errors/server-error.json",
            id="a server error of a legacy request",
        ),
    ],
)
def test_models_and_refusals(
    serve: Serve, scenario: str, content: bytes, head: str, body: str
) -> None:
    assert_on_the_wire(serve, scenario, content, head, golden(body))
