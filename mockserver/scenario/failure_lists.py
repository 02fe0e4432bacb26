"""Failures to parametrise tests with: what clients swallow, what they retry, what breaks streams.

How openai-python and openai-node react to each is measured by the project's own tests; an
application may well do better, which is what a test is for.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from mockserver.scenario.loader import ScenarioText, load_scenario
from mockserver.scenario.schema import Scenario
from mockserver.wire.jsontext import compact

ANSWER: Final = "One two three four five six."


@dataclass(frozen=True, slots=True)
class KnownFailure:
    """A failure seen at providers.

    ```python
    @pytest.mark.parametrize("failure", mockserver.SILENT_FAILURES, ids=str)
    def test_nothing_is_taken_for_an_answer(failure):
        with MockServer(failure.scenario()) as server: ...
    ```

    Attributes:
        name: In kebab-case, for the ids of tests.
        fail: The value of `fail:` in a rule, ready for YAML or JSON.
        seen: What the client sees.
        stream: Whether it shows only in a streamed answer, or only in one piece; None: either.
        tools: Whether the answer must be a tool call.

    """

    name: str
    fail: Mapping[str, Any]
    seen: str
    stream: bool | None = field(default=None, kw_only=True)
    tools: bool = field(default=False, kw_only=True)

    def __str__(self) -> str:
        return self.name

    def scenario(self, reply: Any = None) -> Scenario:
        """Return a scenario in which every answer is *reply* and fails this way.

        Args:
            reply: The value of `reply:` in a rule; unless stated, a few words, or a call of the
                tool `get_weather` where the failure is about tool calls.

        """
        if reply is None:
            call = {"name": "get_weather", "arguments": {"city": "Paris"}}
            reply = {"kind": "tool_calls", "calls": [call]} if self.tools else ANSWER
        rule = {"name": self.name, "reply": reply, "fail": dict(self.fail)}
        # JSON is YAML.
        return load_scenario(ScenarioText(compact({"version": 1, "rules": [rule]}), self.name))


SILENT_FAILURES: Final = (
    KnownFailure(
        "stream-without-done",
        {"kind": "omit", "parts": ["done"]},
        "the stream ends without [DONE]",
        stream=True,
    ),
    KnownFailure(
        "stream-without-finish",
        {"kind": "omit", "parts": ["finish_reason"]},
        "nothing shows that the answer is complete",
        stream=True,
    ),
    KnownFailure(
        "stream-cut-cleanly",
        {"kind": "truncate", "after_tokens": 3},
        "half an answer, and a clean end",
        stream=True,
    ),
    KnownFailure(
        "stream-without-an-event",
        {"kind": "truncate", "at": "after_headers"},
        "a stream that ends before it begins",
        stream=True,
    ),
    KnownFailure(
        "error-in-a-success",
        {"kind": "http_error", "status": 200, "message": "Provider returned error"},
        "status 200, and an error where the choices should be",
        stream=False,
    ),
    KnownFailure(
        "page-of-a-portal",
        {"kind": "wrong_type", "send": "html"},
        "status 200, and a page in HTML",
        stream=False,
    ),
    KnownFailure(
        "json-for-a-stream",
        {"kind": "wrong_type", "send": "json"},
        "an answer in one piece, in which a stream reader finds nothing",
        stream=True,
    ),
    KnownFailure(
        "no-choices",
        {"kind": "omit", "parts": ["choices"]},
        "an answer without choices",
        stream=False,
    ),
    KnownFailure("no-usage", {"kind": "omit", "parts": ["usage"]}, "an answer without its bill"),
    KnownFailure(
        "usage-with-a-gap",
        {"kind": "omit", "parts": ["completion_tokens"]},
        "a bill in which completion_tokens is null",
    ),
    KnownFailure(
        "empty-choices-first",
        {"kind": "inject", "what": "empty_choices", "shape": "blank", "at": "after_headers"},
        "a first chunk without choices",
        stream=True,
    ),
    KnownFailure(
        "text-twice",
        {"kind": "inject", "what": "duplicate", "after_tokens": 3},
        "a piece of the text is sent twice",
        stream=True,
    ),
    KnownFailure(
        "text-cumulative",
        {"kind": "inject", "what": "cumulative", "after_tokens": 3},
        "a chunk has all the text so far",
        stream=True,
    ),
    KnownFailure("empty-answer", {"kind": "empty"}, "an empty text that ends with stop"),
    KnownFailure(
        "empty-answer-by-length",
        {"kind": "empty", "finish_reason": "length"},
        "an empty text that ends with length",
    ),
    KnownFailure(
        "arguments-cut",
        {"kind": "bad_arguments", "how": "truncated"},
        "the arguments of a call break off, though the answer claims to be complete",
        tools=True,
    ),
    KnownFailure(
        "arguments-no-json",
        {"kind": "bad_arguments", "how": "single_quotes"},
        "the arguments of a call are not JSON",
        tools=True,
    ),
    KnownFailure(
        "unknown-tool",
        {"kind": "unknown_tool"},
        "a call of a tool that was not offered",
        tools=True,
    ),
    KnownFailure(
        "no-end-of-words",
        {"kind": "repeat", "repetitions": 200},
        "the same word to the limit",
    ),
)
"""Clients raise nothing at these: whoever reads the answer has to notice."""

RETRYABLE_FAILURES: Final = (
    KnownFailure("rate-limited", {"kind": "rate_limit"}, "429 with a time to come back"),
    KnownFailure(
        "rate-limited-without-a-time",
        {"kind": "http_error", "status": 429},
        "429, without a time to come back",
    ),
    KnownFailure("quota", {"kind": "quota"}, "429 that no retry helps, though clients retry"),
    KnownFailure("server-error", {"kind": "http_error", "status": 500}, "500"),
    KnownFailure("overloaded", {"kind": "overloaded"}, "503"),
    KnownFailure("overloaded-529", {"kind": "overloaded", "status": 529}, "529"),
    KnownFailure("bad-gateway", {"kind": "gateway_page"}, "502 as a page"),
    KnownFailure("unknown-gateway-error", {"kind": "gateway_page", "status": 520}, "520 as a page"),
    KnownFailure("conflict", {"kind": "http_error", "status": 409}, "409"),
    KnownFailure("request-timeout", {"kind": "http_error", "status": 408}, "408"),
    KnownFailure("reset", {"kind": "disconnect"}, "a reset before anything is sent"),
    KnownFailure("closed", {"kind": "disconnect", "how": "fin"}, "an end before anything is sent"),
    KnownFailure("no-http", {"kind": "bad_status_line"}, "bytes that are not HTTP"),
)
"""Official clients retry these on their own before they raise."""

BROKEN_STREAMS: Final = (
    KnownFailure(
        "reset-in-the-stream",
        {"kind": "disconnect", "after_tokens": 3},
        "a reset after three tokens",
        stream=True,
    ),
    KnownFailure(
        "closed-in-the-stream",
        {"kind": "disconnect", "how": "fin", "after_tokens": 3},
        "an end of the connection after three tokens",
        stream=True,
    ),
    KnownFailure(
        "reset-before-the-stream",
        {"kind": "disconnect", "at": "after_headers"},
        "a reset after the headers",
        stream=True,
    ),
    KnownFailure(
        "bad-chunk",
        {"kind": "bad_chunk", "after_tokens": 3},
        "a chunk whose size is not a number",
        stream=True,
    ),
    KnownFailure(
        "error-event",
        {"kind": "inject", "what": "error_event", "after_tokens": 3},
        "an error in the stream, which ends it",
        stream=True,
    ),
    KnownFailure(
        "error-chunk",
        {"kind": "inject", "what": "error_event", "shape": "choice", "after_tokens": 3},
        "an error next to a choice that ends with it",
        stream=True,
    ),
    KnownFailure(
        "bad-json",
        {"kind": "inject", "what": "bad_json", "after_tokens": 3},
        "an event whose JSON breaks off",
        stream=True,
    ),
    KnownFailure(
        "event-without-data",
        {"kind": "inject", "what": "empty_event", "after_tokens": 3},
        "an event with empty data",
        stream=True,
    ),
    KnownFailure(
        "invalid-utf-8",
        {"kind": "inject", "what": "invalid_utf8", "after_tokens": 3},
        "a byte that is not UTF-8",
        stream=True,
    ),
    KnownFailure(
        "cut-encoding",
        {"kind": "encode", "how": "corrupt"},
        "a compressed stream that cannot be read",
        stream=True,
    ),
)
"""Streams that end with an error in openai-python (not always its own) after what had arrived."""
