"""The common base of OpenAI-compatible providers: texts, defaults, spelling.

A provider overrides whatever differs. Texts: public issues and recorded answers, 2023 to 2026;
docs/fidelity.md states how certain each is.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from mockserver.contracts import Answer, Dialect, Located
from mockserver.conversation import ApiError
from mockserver.protocols.openai.limits import go_duration
from mockserver.protocols.openai.responses.broken import failed_in_stream, is_of_response
from mockserver.traffic.limits import LimitReached
from mockserver.wire.http_request import HttpRequest, bearer_token
from mockserver.wire.jsontext import JsonValue, compact, is_object, to_bytes
from mockserver.wire.moulds import Mould, body_moulds
from mockserver.wire.rendered import JsonBody, Layer, Rendered
from mockserver.wire.sse import stream_moulds

Json = Mapping[str, JsonValue]

VENDOR_AND_NAME: Final = re.compile(r"[\w.~-]+/[\w.~:-]+", re.ASCII)
"""The name of a model at gateways that serve many vendors'."""
OVERLOADED: Final = (
    "The server is currently overloaded with other requests. Sorry about that! You can retry "
    "your request, or contact us through our help center at help.openai.com if the error persists."
)
BROKE_OFF: Final = "The server had an error while processing your request. Sorry about that!"
FILTERED: Final = (
    "The response was filtered due to the prompt triggering the content management policy. "
    "Please modify your prompt and retry."
)
FAILED: Final = (
    "The server had an error processing your request. Sorry about that! You can retry your "
    "request, or contact us through our help center at help.openai.com if you keep seeing this "
    "error."
)
FAILURES: Final[Mapping[int, str]] = {
    400: "The request could not be understood.",
    401: "Incorrect API key provided.",
    403: "You are not allowed to make this request.",
    404: "The resource was not found.",
    408: "The request timed out.",
    409: "The request conflicts with another one.",
    422: "The request could not be carried out.",
    429: "Too many requests.",
    503: OVERLOADED,
}
"""Messages by status, for errors of which nothing else is known."""
# Source: platform.openai.com/docs/api-reference, read 2026-11-30.
OF_OPENAI: Final = frozenset(
    {
        *("assistants", "audio", "batches", "chatkit", "containers", "conversations"),
        *("embeddings", "evals", "files", "fine_tuning", "images", "moderations"),
        *("organization", "realtime", "responses", "skills", "threads", "uploads"),
        *("vector_stores", "videos"),
    }
)
"""How paths of OpenAI's API begin, besides those of chats, completions and models.

What a dialect has goes before what it lacks."""
CLIENT_ERRORS: Final = range(400, 500)
EDGE_STATUSES: Final = frozenset({401, 403, 404, 429})
"""Statuses of refusals in front of the API: keys, permissions, names, limits."""
SITE_OVERLOADED: Final = 529
"""A non-standard status by which some providers report that they are overloaded."""
_SEE_LIMITS: Final = (
    "Visit https://platform.openai.com/account/rate-limits to learn more."  # the API's own text
)
_UNITS: Final = {
    ("requests", "minute"): "requests per min (RPM)",
    ("requests", "day"): "requests per day (RPD)",
    ("tokens", "minute"): "tokens per min (TPM)",
    ("tokens", "day"): "tokens per day (TPD)",
}


class OpenAICompatible(Dialect):
    """A provider that speaks OpenAI's protocol: below one root, with bearer tokens, compact."""

    root: ClassVar[str] = "/v1"
    """The beginning of all its paths."""
    has: ClassVar[frozenset[str]] = frozenset({"chat.completions", "completions", "models"})
    lacks: ClassVar[frozenset[str]] = OF_OPENAI
    protocols: ClassVar[frozenset[str]] = frozenset({"openai"})
    host: ClassVar[str] = "api.openai.com"

    def locate(self, path: str) -> Located | None:
        """Return *path* below the root."""
        root = self.root
        return Located(path.removeprefix(root)) if path.startswith(root + "/") else None

    def bases(self) -> Sequence[str]:
        """Return the root."""
        return (self.root,)

    def authenticate(self, http: HttpRequest) -> str:
        """Return the bearer token of *http*."""
        key = bearer_token(http)
        if not key:
            raise self.incorrect_key(key)
        return key

    def encode(self, rendered: Rendered, *, by_token: bool) -> tuple[Mould, ...]:
        """Write all JSON without white space."""
        if isinstance(rendered, JsonBody):
            text = compact(rendered.value, token_ends=by_token)
            return body_moulds(text, rendered.marks, by_token=by_token)
        return stream_moulds(rendered)

    # --- errors, in its own words ---

    def error_code(self, body: Any) -> str | None:
        """Return the code of the refusal *body*, if it has one."""
        error = body.get("error") if is_object(body) else None
        code = error.get("code") if is_object(error) else None
        return None if code is None else str(code)

    def rate_limited(self, reached: LimitReached) -> ApiError:
        """Return the refusal of a request that exceeds a limit."""
        kind = "requests" if reached.of == "requests" else "tokens"
        unit = _UNITS[kind, reached.window]
        where = f"for {reached.model} in organization org-mockserver on {unit}: "
        if reached.of == "too_large":
            message = (
                f"Request too large {where}Limit {reached.limit}, Requested {reached.requested}. "
                "The input or output tokens must be reduced in order to run successfully. "
                f"{_SEE_LIMITS}"
            )
        else:
            message = (
                f"Rate limit reached {where}Limit {reached.limit}, Used {reached.used}, Requested "
                f"{reached.requested}. Please try again in {go_duration(reached.wait_ms)}. "
                f"{_SEE_LIMITS}"
            )
        code = "rate_limit_exceeded"
        return ApiError(429, message, kind, None, code, "edge", allowances=reached.allowances)

    def overloaded(self, status: int | None = None) -> ApiError:
        """Return the refusal by an overloaded server."""
        if status == SITE_OVERLOADED:
            again = (("x-should-retry", "true"),)
            return ApiError(status, "Overloaded", "overloaded_error", headers=again)
        return ApiError(status or 503, OVERLOADED, "server_error")

    def content_filtered(self) -> ApiError:
        """Return the refusal of a prompt by a content filter."""
        return ApiError(400, FILTERED, None, "prompt", "content_filter")

    def failed(self, status: int) -> ApiError:
        """Return the error for *status* alone."""
        kind = "invalid_request_error" if status in CLIENT_ERRORS else "server_error"
        layer: Layer = "edge" if status in EDGE_STATUSES else "api"
        return ApiError(status, FAILURES.get(status, FAILED), kind, layer=layer)

    def broke_off(self) -> ApiError:
        """Return the error of a stream that breaks off."""
        return ApiError(500, BROKE_OFF, "server_error")

    def stream_error(
        self, error: ApiError, nearest: Sequence[Json], shape: str | None
    ) -> bytes | None:
        """Return the event that reports *error* in a stream; by default in an `error` member.

        The stream of a response ends with the response, too.
        """
        body = error.members
        is_of_responses = is_of_response(nearest)
        match shape:
            case None | "flat" if is_of_responses:
                return failed_in_stream(
                    error,
                    nearest,
                    is_flat=shape == "flat",
                    is_unexplained=error.message == self.broke_off().message,
                )
            case "flat":
                return _event({"type": "error", **{key: body[key] for key in sorted(body)}})
            case "choice" if is_of_responses:
                return None
            case "named_event":
                return b"event: error\n" + _event({"error": body})
            case "object":
                return _event({"object": "error", **body, "code": error.code or error.status})
            case "choice":
                chunk = spoken(nearest)
                code = error.code or error.status
                short: Json = {"code": code, "message": error.message, **error.added}
                ended = [
                    {**choice, "delta": {"content": ""}, "finish_reason": error.finish_reason}
                    for choice in chunk.get("choices") or ()
                ]
                return _event({**chunk, "error": short, "choices": ended})
            case _:
                return _event({"error": body})

    def empty_event(self, nearest: Sequence[Json], shape: str | None) -> bytes | None:
        """Return a chunk without choices: like the *nearest*, or `blank` as Azure opens streams."""
        chunk = spoken(nearest)
        if not chunk.get("choices"):
            return None
        if shape is None:
            return _event({**chunk, "choices": []})
        filters: list[Json] = [{"prompt_index": 0, "content_filter_results": {}}]
        blank: Json = {"choices": [], "created": 0, "id": "", "model": "", "object": ""}
        return _event({**blank, "prompt_filter_results": filters})


def price_unknown(answer: Answer) -> tuple[str, ...]:
    """Return a note that the price of *answer*'s model is unknown; nothing if it is not."""
    if answer.model.usd_per_million_in is not None or answer.usage is None:
        return ()
    what = f"the price of '{answer.request.model}' is unknown, so its cost is stated as 0"
    return (what,)


def spoken(nearest: Sequence[Json]) -> Json:
    """Return the first chunk of *nearest* that has choices, or the first of any kind."""
    nothing: Json = {}
    return next((one for one in nearest if one.get("choices")), next(iter(nearest), nothing))


_NAMED: Final = re.compile(r"model [`'](.*)[`'] (?:does not exist|has been)", re.DOTALL)
"""How refusals name a model that there is not: chat's in backticks, newer ones in quotes."""


def unknown_model(error: ApiError) -> str | None:
    """Return the unknown model that *error* names; None for any other error.

    A model that there is, and that another endpoint has, is not unknown.
    """
    named = _NAMED.search(error.message) if error.code == "model_not_found" else None
    return named[1] if named else None


def uuid_of(digits: str) -> str:
    """Return 32 hex *digits* as a UUID of version 4."""
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def _event(value: Json) -> bytes:
    return to_bytes(f"data: {compact(value)}\n\n")
