"""Every failure that providers showed, as a rule, and what real clients make of it.

The rows are those of docs/failures.md. An outcome is told in one line: what came of it, and how
often the client tried. It is what was measured, good or bad; the clients retry twice.
"""

from dataclasses import dataclass, field
from typing import Any

ANSWER = "One two three four five six."
CALL = {
    "kind": "tool_calls",
    "calls": [{"name": "get_weather", "arguments": {"city": "Paris", "days": 3}}],
}
PERSON = {"kind": "json", "value": {"name": "Ada", "born": 1815}}


@dataclass(frozen=True)
class Case:
    """One failure, asked for by its name; *python* and *node* say what comes of it.

    *python_2* is where openai-python 2 differs from 3. *asked* are members of the request.
    """

    name: str
    row: int
    fail: Any
    python: str
    node: str
    python_2: str | None = None
    reply: Any = ANSWER
    asked: dict[str, Any] = field(default_factory=dict[str, Any])
    twice: bool = False
    timeout_s: float = 30

    @property
    def rule(self) -> dict[str, Any]:
        """The rule that answers who asks for the case."""
        fail = {} if self.fail is None else {"fail": self.fail}
        return {"name": self.name, "when": {"last_user": self.name}, "reply": self.reply, **fail}

    @property
    def is_alone(self) -> bool:
        """Whether it does something to connections that others would feel."""
        return self.row in CONNECTIONS

    def expected(self, client: str) -> str:
        """What *client* makes of it."""
        match client:
            case "openai-node":
                return self.node
            case "openai-python-2" if self.python_2 is not None:
                return self.python_2
            case _:
                return self.python


SHORT_S = 1.5
CONNECTIONS = range(16, 36)
"""The rows that are about connections and time."""
STREAM = {"stream": True}
TOOLS = {
    "tools": [
        {
            "type": "function",
            "function": {
                "name": "get_weather",
                "parameters": {
                    "type": "object",
                    "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
                    "required": ["city", "days"],
                    "additionalProperties": False,
                },
            },
        }
    ]
}
SCHEMA = {
    "response_format": {
        "type": "json_schema",
        "json_schema": {
            "name": "person",
            "strict": True,
            "schema": {
                "type": "object",
                "properties": {"name": {"type": "string"}, "born": {"type": "integer"}},
                "required": ["name", "born"],
                "additionalProperties": False,
            },
        },
    }
}


def refused(name: str, row: int, fail: Any, error: str, status: int, *, tries: int = 3) -> Case:
    """Return a case of a status that is told, in openai-python and openai-node alike."""
    outcome = f"openai.{error} {status} x{tries}"
    return Case(name, row, fail, outcome, outcome.replace("openai.", ""))


def limited(name: str, row: int, retry_after: str) -> Case:
    return refused(
        name, row, {"kind": "rate_limit", "retry_after_s": retry_after}, "RateLimitError", 429
    )


def streamed(name: str, row: int, fail: Any, python: str, node: str, **more: Any) -> Case:
    return Case(name, row, fail, python, node, asked={**STREAM, **more.pop("asked", {})}, **more)


def error(status: int, **more: Any) -> dict[str, Any]:
    return {"kind": "http_error", "status": status, **more}


def inject(what: str, **more: Any) -> dict[str, Any]:
    return {"kind": "inject", "what": what, "after_tokens": 3, **more}


def omit(*parts: str) -> dict[str, Any]:
    return {"kind": "omit", "parts": list(parts)}


WHOLE = f"'{ANSWER}' stop x1"
TWICE = f"'{ANSWER}' stop x2"

HTTP = (
    refused("requests-per-minute", 1, "rate_limit", "RateLimitError", 429),
    refused("tokens-per-minute", 1, {"kind": "rate_limit", "of": "tokens"}, "RateLimitError", 429),
    refused("too-large", 2, {"kind": "rate_limit", "of": "too_large"}, "RateLimitError", 429),
    refused(
        "wrong-rate-headers",
        3,
        error(
            429,
            headers={
                "x-ratelimit-remaining-tokens": "-1",
                "x-ratelimit-limit-tokens": "-1",
                "x-ratelimit-reset-tokens": "0",
            },
        ),
        "RateLimitError",
        429,
    ),
    refused("quota", 4, "quota", "RateLimitError", 429),
    refused(
        "quota-not-to-be-retried",
        4,
        {"kind": "quota", "headers": {"x-should-retry": "false"}},
        "RateLimitError",
        429,
        tries=1,
    ),
    Case(
        "quota-402",
        5,
        {"kind": "quota", "status": 402},
        "openai.APIStatusError 402 x1",
        "APIError 402 x1",
    ),
    refused("quota-400", 5, {"kind": "quota", "status": 400}, "BadRequestError", 400, tries=1),
    refused("json-500", 6, 500, "InternalServerError", 500),
    refused("json-502", 6, 502, "InternalServerError", 502),
    refused("json-503", 6, 503, "InternalServerError", 503),
    refused("json-504", 6, 504, "InternalServerError", 504),
    refused("page-502", 7, "gateway_page", "InternalServerError", 502),
    refused("page-520", 7, {"kind": "gateway_page", "status": 520}, "InternalServerError", 520),
    refused("overloaded", 8, "overloaded", "InternalServerError", 503),
    refused("overloaded-529", 8, {"kind": "overloaded", "status": 529}, "InternalServerError", 529),
    refused(
        "expired-key", 9, error(401, code="invalid_api_key"), "AuthenticationError", 401, tries=1
    ),
    refused(
        "wrong-region",
        9,
        error(403, code="unsupported_country_region_territory"),
        "PermissionDeniedError",
        403,
        tries=1,
    ),
    refused("no-such-model", 9, error(404, code="model_not_found"), "NotFoundError", 404, tries=1),
    refused(
        "context-exceeded",
        10,
        error(400, code="context_length_exceeded", param="messages"),
        "BadRequestError",
        400,
        tries=1,
    ),
    streamed(
        "context-exceeded-in-the-stream",
        10,
        inject("error_event", code="context_length_exceeded"),
        "openai.APIError behind 'One two three' x1",
        "APIError behind 'One two three' x1",
    ),
    refused("prompt-filtered", 11, "content_filter", "BadRequestError", 400, tries=1),
    limited("retry-after-a-date", 12, "Wed, 21 Oct 2015 07:28:00 GMT"),
    limited("retry-after-a-float", 13, "0.05"),
    Case(
        "retry-after-an-hour",
        14,
        {"kind": "rate_limit", "retry_after_s": 3600},
        "openai.RateLimitError 429 x1",
        "RateLimitError 429 x3",
    ),
    limited("retry-after-0", 15, "0"),
    limited("retry-after-negative", 15, "-5"),
    limited("retry-after-nan", 15, "nan"),
    limited("retry-after-soon", 15, "soon"),
)

CONNECTION = (
    Case(
        "fin-before-headers",
        19,
        {"kind": "disconnect", "how": "fin"},
        "openai.APIConnectionError x3",
        "APIConnectionError x3",
    ),
    Case(
        "rst-before-headers",
        20,
        "disconnect",
        "openai.APIConnectionError x3",
        "APIConnectionError x3",
    ),
    streamed(
        "rst-after-headers",
        21,
        {"kind": "disconnect", "at": "after_headers"},
        "openai.APIConnectionError behind '' x1",
        "TypeError behind '' x1",
        python_2="httpx.ReadError behind '' x1",
    ),
    streamed(
        "fin-after-headers",
        21,
        {"kind": "disconnect", "at": "after_headers", "how": "fin"},
        "openai.APIConnectionError behind '' x1",
        "TypeError behind '' x1",
        python_2="httpx.RemoteProtocolError behind '' x1",
    ),
    streamed(
        "rst-in-the-body",
        22,
        {"kind": "disconnect", "after_tokens": 3},
        "openai.APIConnectionError behind 'One two three' x1",
        "TypeError behind 'One two three' x1",
        python_2="httpx.ReadError behind 'One two three' x1",
    ),
    streamed(
        "incomplete-chunked-read",
        23,
        {"kind": "disconnect", "after_tokens": 3, "how": "fin"},
        "openai.APIConnectionError behind 'One two three' x1",
        "TypeError behind 'One two three' x1",
        python_2="httpx.RemoteProtocolError behind 'One two three' x1",
    ),
    Case(
        "short-body",
        24,
        {"kind": "short_body", "after_bytes": 40},
        "openai.APIConnectionError x3",
        "TypeError x1",
    ),
    Case("stale-connection", 25, "stale_connection", TWICE, TWICE, twice=True),
    Case(
        "closed-connection",
        25,
        {"kind": "stale_connection", "how": "fin"},
        TWICE,
        TWICE,
        twice=True,
    ),
    Case(
        "bad-status-line",
        26,
        "bad_status_line",
        "openai.APIConnectionError x3",
        "APIConnectionError x3",
    ),
    streamed(
        "bad-chunk",
        26,
        {"kind": "bad_chunk", "after_tokens": 3},
        "openai.APIConnectionError behind 'One two three' x1",
        "TypeError behind 'One two three' x1",
        python_2="httpx.RemoteProtocolError behind 'One two three' x1",
    ),
    Case("gzip-plain", 28, "encode", "openai.APIConnectionError x3", "TypeError x1"),
    Case(
        "gzip-truncated",
        28,
        {"kind": "encode", "how": "truncated"},
        "json.JSONDecodeError x1",
        "SyntaxError x1",
    ),
    Case(
        "gzip-corrupt",
        28,
        {"kind": "encode", "how": "corrupt"},
        "openai.APIConnectionError x3",
        "TypeError x1",
    ),
    Case(
        "br-not-asked-for",
        28,
        {"kind": "encode", "as": "br", "how": "whole"},
        "builtins.UnicodeDecodeError x1",
        WHOLE,
    ),
    streamed(
        "gzip-corrupt-streamed",
        28,
        {"kind": "encode", "how": "corrupt"},
        "openai.APIConnectionError behind '' x1",
        "TypeError behind '' x1",
        python_2="httpx.DecodingError behind '' x1",
    ),
)

TIME = (
    Case(
        "no-headers",
        29,
        "stall",
        "openai.APITimeoutError x3",
        "APIConnectionTimeoutError x3",
        timeout_s=SHORT_S,
    ),
    streamed(
        "slow-first-token", 30, {"kind": "stall", "at": "after_headers", "for_s": 0.3}, WHOLE, WHOLE
    ),
    streamed(
        "silent-stall",
        31,
        {"kind": "stall", "after_tokens": 3},
        "openai.APITimeoutError behind 'One two three' x1",
        "hangs behind 'One two three' x1",
        python_2="httpx.ReadTimeout behind 'One two three' x1",
        timeout_s=SHORT_S,
    ),
    streamed(
        "stall-with-comments",
        32,
        {"kind": "stall", "after_tokens": 3, "for_s": 2, "comments_every_s": 0.2},
        WHOLE,
        WHOLE,
        timeout_s=SHORT_S,
    ),
    streamed("lingering", 33, {"kind": "stall", "at": "end"}, WHOLE, WHOLE, timeout_s=SHORT_S),
    streamed("drip", 34, {"kind": "drip", "bytes": 64, "every_ms": 2}, WHOLE, WHOLE),
)

STREAMS = (
    streamed("no-done", 36, omit("done"), WHOLE, WHOLE),
    streamed("no-finish", 37, omit("finish_reason"), f"'{ANSWER}' None x1", f"'{ANSWER}' None x1"),
    streamed(
        "neither-finish-nor-done",
        37,
        omit("finish_reason", "done"),
        f"'{ANSWER}' None x1",
        f"'{ANSWER}' None x1",
    ),
    streamed(
        "cut-cleanly",
        37,
        {"kind": "truncate", "after_tokens": 3},
        "'One two three' None x1",
        "'One two three' None x1",
    ),
    streamed(
        "blank-choices-first",
        38,
        {"kind": "inject", "what": "empty_choices", "shape": "blank", "at": "after_headers"},
        WHOLE,
        WHOLE,
    ),
    streamed("empty-choices", 38, inject("empty_choices"), WHOLE, WHOLE),
    Case("empty-stop", 39, "empty", "'' stop x1", "'' stop x1"),
    Case(
        "empty-length",
        39,
        {"kind": "empty", "finish_reason": "length"},
        "'' length x1",
        "'' length x1",
    ),
    streamed(
        "duplicated",
        40,
        inject("duplicate"),
        "'One two three three four five six.' stop x1",
        "'One two three three four five six.' stop x1",
    ),
    streamed(
        "cumulative",
        40,
        inject("cumulative"),
        "'One two threeOne two three four five six.' stop x1",
        "'One two threeOne two three four five six.' stop x1",
    ),
    streamed(
        "error-event",
        41,
        inject("error_event"),
        "openai.APIError behind 'One two three' x1",
        "APIError behind 'One two three' x1",
    ),
    streamed(
        "error-event-named",
        41,
        inject("error_event", shape="named_event"),
        "openai.APIError behind 'One two three' x1",
        "APIError behind 'One two three' x1",
    ),
    streamed(
        "error-object",
        41,
        inject("error_event", shape="object"),
        "'One two three' None x1",
        "'One two three' None x1",
    ),
    streamed(
        "error-choice",
        41,
        inject("error_event", shape="choice"),
        "openai.APIError behind 'One two three' x1",
        "APIError behind 'One two three' x1",
    ),
    Case(
        "error-with-status-200",
        42,
        error(200),
        "ChatCompletion without choices x1",
        "object without choices x1",
    ),
    streamed(
        "byte-by-byte",
        43,
        {"kind": "reframe", "split": "byte"},
        "'Zürich 🦩' stop x1",
        "'Zürich 🦩' stop x1",
        reply="Zürich 🦩",
    ),
    streamed("odd-pieces", 44, {"kind": "reframe", "split": 7}, WHOLE, WHOLE),
    streamed("crlf", 44, {"kind": "reframe", "newline": "crlf"}, WHOLE, WHOLE),
    streamed("cr", 44, {"kind": "reframe", "newline": "cr"}, WHOLE, WHOLE),
    streamed(
        "crlf-split", 44, {"kind": "reframe", "newline": "crlf", "split": "byte"}, WHOLE, WHOLE
    ),
    streamed("no-space", 44, {"kind": "reframe", "space": False}, WHOLE, WHOLE),
    streamed("no-blank-line", 44, {"kind": "reframe", "last_blank_line": False}, WHOLE, WHOLE),
    streamed("comment", 44, inject("comment"), WHOLE, WHOLE),
    streamed(
        "event-without-data",
        46,
        inject("empty_event"),
        "json.JSONDecodeError behind 'One two three' x1",
        "SyntaxError behind 'One two three' x1",
    ),
    streamed(
        "invalid-utf-8",
        45,
        inject("invalid_utf8"),
        "builtins.UnicodeDecodeError behind 'One two three' x1",
        "'One two three\ufffd four five six.' stop x1",
    ),
    streamed(
        "bad-json",
        46,
        inject("bad_json"),
        "json.JSONDecodeError behind 'One two three' x1",
        "SyntaxError behind 'One two three' x1",
    ),
    Case(
        "truncated-body",
        47,
        {"kind": "truncate", "after_tokens": 3},
        "json.JSONDecodeError x1",
        "SyntaxError x1",
    ),
    Case(
        "empty-body",
        47,
        {"kind": "truncate", "at": "after_headers"},
        "json.JSONDecodeError x1",
        "undefined x1",
    ),
    Case("html-with-200", 48, "wrong_type", "str x1", "string x1"),
    streamed(
        "json-for-a-stream", 48, {"kind": "wrong_type", "send": "json"}, "'' None x1", "'' None x1"
    ),
    Case("stream-for-json", 48, {"kind": "wrong_type", "send": "events"}, "str x1", "string x1"),
    streamed("html-for-a-stream", 48, "wrong_type", "'' None x1", "'' None x1"),
    streamed(
        "filtered-in-the-stream",
        49,
        None,
        "'Half an' content_filter x1",
        "'Half an' content_filter x1",
        reply={"kind": "text", "text": "Half an", "finish_reason": "content_filter"},
    ),
    Case("no-usage", 50, omit("usage"), WHOLE, WHOLE),
    Case("usage-with-a-gap", 50, omit("completion_tokens"), WHOLE, WHOLE),
    Case(
        "usage-null",
        50,
        None,
        "'Free.' stop x1",
        "'Free.' stop x1",
        reply={"kind": "text", "text": "Free.", "usage": None},
    ),
    Case(
        "another-model",
        51,
        None,
        "'Hi.' stop x1",
        "'Hi.' stop x1",
        reply={"kind": "text", "text": "Hi.", "model": "gpt-4.1-nano-2025-04-14"},
    ),
    Case(
        "no-choices",
        42,
        omit("choices"),
        "ChatCompletion without choices x1",
        "object without choices x1",
    ),
    streamed("no-role", 38, omit("role"), WHOLE, WHOLE),
)

MODEL = (
    Case(
        "arguments-cut",
        52,
        "bad_arguments",
        'get_weather {"city":"Paris"," tool_calls x1',
        'get_weather {"city":"Paris"," tool_calls x1',
        reply=CALL,
        asked=TOOLS,
    ),
    Case(
        "arguments-cut-by-length",
        52,
        {"kind": "bad_arguments", "finish_reason": "length"},
        'get_weather {"city":"Paris"," length x1',
        'get_weather {"city":"Paris"," length x1',
        reply=CALL,
        asked=TOOLS,
    ),
    Case(
        "arguments-in-single-quotes",
        53,
        {"kind": "bad_arguments", "how": "single_quotes"},
        "get_weather {'city':'Paris','days':3} tool_calls x1",
        "get_weather {'city':'Paris','days':3} tool_calls x1",
        reply=CALL,
        asked=TOOLS,
    ),
    Case(
        "arguments-with-a-trailing-comma",
        53,
        {"kind": "bad_arguments", "how": "trailing_comma"},
        'get_weather {"city":"Paris","days":3,} tool_calls x1',
        'get_weather {"city":"Paris","days":3,} tool_calls x1',
        reply=CALL,
        asked=TOOLS,
    ),
    Case(
        "arguments-fenced",
        53,
        {"kind": "bad_arguments", "how": "fenced"},
        'get_weather ```json\n{"city":"Paris","days":3}\n``` tool_calls x1',
        'get_weather ```json\n{"city":"Paris","days":3}\n``` tool_calls x1',
        reply=CALL,
        asked=TOOLS,
    ),
    Case(
        "unknown-tool",
        54,
        {"kind": "unknown_tool", "name": "get_wether"},
        'get_wether {"city":"Paris","days":3} tool_calls x1',
        'get_wether {"city":"Paris","days":3} tool_calls x1',
        reply=CALL,
        asked=TOOLS,
    ),
    Case(
        "member-missing",
        55,
        "schema_violation",
        "'{\"born\":1815}' stop x1",
        "'{\"born\":1815}' stop x1",
        reply=PERSON,
        asked=SCHEMA,
    ),
    Case(
        "member-of-another-type",
        55,
        {"kind": "schema_violation", "how": "wrong_type"},
        '\'{"name":42,"born":1815}\' stop x1',
        '\'{"name":42,"born":1815}\' stop x1',
        reply=PERSON,
        asked=SCHEMA,
    ),
    Case(
        "json-in-prose",
        55,
        {"kind": "schema_violation", "how": "prose"},
        '\'Here is the JSON you asked for:\n\n```json\n{"name":"Ada","born":1815}\n```\n\' stop x1',
        '\'Here is the JSON you asked for:\n\n```json\n{"name":"Ada","born":1815}\n```\n\' stop x1',
        reply=PERSON,
        asked=SCHEMA,
    ),
    streamed(
        "no-end-of-words",
        56,
        "repeat",
        "'Stop stop stop stop stop stop stop' length x1",
        "'Stop stop stop stop stop stop stop' length x1",
        reply="Stop stop",
        asked={"max_tokens": 7},
    ),
)

CASES = (*HTTP, *CONNECTION, *TIME, *STREAMS, *MODEL)
