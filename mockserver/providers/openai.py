"""OpenAI itself, api.openai.com: the form that all others are compatible with.

Several layers answer there. The edge (keys, unknown models and URLs) prints errors with four
spaces and Go's escapes; the API behind it prints everything with two. Both end with a newline.
The services for models, stored completions, moderation and responses print with two spaces, and
stored content and the newer one for embeddings without any; they end without a newline. That for
responses escapes what is not ASCII. Sources: recorded answers of 2025-09 to 2026-08.
"""

from collections.abc import Hashable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Final

from mockserver.contracts import Answer
from mockserver.conversation import Allowance, ApiError
from mockserver.protocols.openai.compatible import (
    FAILED,
    OpenAICompatible,
    unknown_model,
)
from mockserver.protocols.openai.limits import go_duration
from mockserver.protocols.openai.responses.response import FAILED as UNANSWERED
from mockserver.seeding import Draw
from mockserver.wire.forms import PADDING
from mockserver.wire.http_request import HttpRequest, bearer_token
from mockserver.wire.jsontext import PIECE, Filling, Hole, compact, in_ascii, pretty, to_bytes
from mockserver.wire.moulds import Mould, body_moulds
from mockserver.wire.rendered import Chunk, EventStream, Layer, Rendered
from mockserver.wire.sse import ending, event
from mockserver.wire.timeline import DATE, Data, Head, Headers, Timeline

NO_KEY: Final = (
    "You didn't provide an API key. You need to provide your API key in an Authorization header "
    "using Bearer auth (i.e. Authorization: Bearer YOUR_KEY), or as the password field (with "
    "blank username) if you're accessing the API from your browser and are prompted for a "
    "username and password. You can obtain an API key from "
    "https://platform.openai.com/account/api-keys."
)

INCORRECT_KEY: Final = (
    "Incorrect API key provided: {}. You can find your API key at "
    "https://platform.openai.com/account/api-keys."
)
NO_QUOTA: Final = (
    "You exceeded your current quota, please check your plan and billing details. For more "
    "information on this error, read the docs: "
    "https://platform.openai.com/docs/guides/error-codes/api-errors."
)
SHOWN_AT_START: Final = 8
SHOWN_AT_END: Final = 4
"""How much of a key a refusal shows, in all records: keys of 3 to 164 characters."""

ORGANIZATION: Final = "mockserver"
PROJECT: Final = "proj_" + "mockserver".ljust(24, "0")
API_VERSION: Final = "2020-10-01"

REQUEST_ID: Final = Hole("q", len("req_") + 32)
TOOK: Final = Hole("k", len("1000"))
LIMITS: Final = Hole("l", 0)
"""The place of the `x-ratelimit-*` headers, as many as there are."""
_EXPOSED: Final = ("access-control-expose-headers", "X-Request-ID")
_ACCOUNT: Final = (("openai-organization", ORGANIZATION), ("openai-project", PROJECT))
_STEADY: Final = (
    ("openai-version", API_VERSION),
    ("strict-transport-security", "max-age=31536000; includeSubDomains; preload"),
    ("x-content-type-options", "nosniff"),
)
_PROXY: Final = ("x-openai-proxy-wasm", "v0.1")
"""What newer services have in front of them (since 2026)."""
STEADY_LINES: Final[dict[Layer, bytes]] = {
    "api": Head.of(200, (_EXPOSED, *_ACCOUNT, *_STEADY)).lines,
    "storage": Head.of(200, (*_ACCOUNT, *_STEADY)).lines,
    "responses": Head.of(200, (*_ACCOUNT, *_STEADY)).lines,
    "models": Head.of(200, _STEADY).lines,
    "vectors": Head.of(200, (*_ACCOUNT, *_STEADY, _PROXY)).lines,
    "moderation": Head.of(200, (*_ACCOUNT, *_STEADY, _PROXY)).lines,
}
"""Headers common to all answers and refusals of a layer; the edge has none of them."""

_OLDER_VECTORS: Final = (
    ("access-control-allow-origin", "*"),
    ("via", "envoy-router"),
    _PROXY,
)
"""What the older servers for embeddings send besides."""

UNKNOWN_URL: Final = "unknown_url"
UNKNOWN_URL_KEYS: Final = ("type", "code", "message", "param")
"""Paths outside `/v1` are refused by yet another layer (bodies quoted in public issues)."""
KEY_REFUSED: Final = 401
LIMITED: Final = 429
"""The status of refusals by limits."""
CHECK_KEYS: Final = ("/v1/conversations", "/v1/moderations", "/v1/responses")
"""Where the paths of newer services begin, which refuse keys themselves, and not the edge (26
recorded answers, 2025 and 2026)."""
CHALLENGE: Final = (("www-authenticate", 'Bearer realm="OpenAI API"'),)
CHUNKED_REFUSALS: Final = frozenset({403, 404})
"""Statuses whose refusals come in chunks, and name the organization at the edge."""


class OpenAI(OpenAICompatible):
    """The dialect of api.openai.com."""

    kind = "openai"
    title = "OpenAI"
    has = frozenset(
        {
            *("chat.completions", "completions", "conversations", "embeddings", "models"),
            *("moderations", "responses", "responses.compact", "responses.input_tokens"),
            *("stored_completions", "stored_responses"),
        }
    )
    took_header = "openai-processing-ms"

    def authenticate(self, http: HttpRequest) -> str:
        """Return the bearer token of *http*; any that is not empty is valid."""
        key = bearer_token(http)
        if key:
            return key
        # The newer services name the empty key, if the header is there (recorded, 2026).
        is_named = _checks_keys(http.path) and "authorization" in http.headers
        refused = self.incorrect_key("''") if is_named else ApiError(401, NO_KEY, layer="edge")
        raise self.reword(refused, http)

    def incorrect_key(self, key: str) -> ApiError:
        """Return the 401, which shows the ends of *key*, or the whole of a short one."""
        hidden = len(key) - SHOWN_AT_START - SHOWN_AT_END
        if hidden > 0:
            key = f"{key[:SHOWN_AT_START]}{'*' * hidden}{key[-SHOWN_AT_END:]}"
        return ApiError(401, INCORRECT_KEY.format(key), code="invalid_api_key", layer="edge")

    def quota_exceeded(self) -> ApiError:
        """Return the 429 of an account without quota; waiting does not help."""
        kind = "insufficient_quota"
        return ApiError(429, NO_QUOTA, type=kind, code=kind, layer="edge")

    def unknown_path(self, http: HttpRequest) -> ApiError:
        """Return the 404 of a path below `/v1` or of one outside, which differ."""
        if http.path.startswith(self.root + "/"):
            return ApiError(404, f"Invalid URL ({http.method} {http.path})", layer="edge")
        return ApiError(
            404,
            f"Unknown request URL: {http.method} {http.path}. Please check the URL for typos, or "
            "see the docs at https://platform.openai.com/docs/api-reference/.",
            code=UNKNOWN_URL,
            layer="edge",
        )

    def wrong_method(self, http: HttpRequest, allowed: Sequence[str]) -> ApiError:  # noqa: ARG002 - the text depends on *allowed* alone
        """Return the 405, which names the allowed methods."""
        return ApiError(
            405,
            f"Only {' and '.join(allowed)} requests are accepted.",
            code="method_not_supported",
            layer="edge",
            # RFC 9110, 15.5.6: a 405 names the methods here, too.
            headers=(("allow", ", ".join(allowed)),),
        )

    def reword(self, error: ApiError, http: HttpRequest) -> ApiError:
        """Return *error* as another layer refuses it, where one does before the endpoint."""
        if error.status == KEY_REFUSED and _checks_keys(http.path):
            return replace(error, layer="responses", headers=CHALLENGE)
        name = unknown_model(error) if error.layer == "edge" else None
        # A name that no model can have: one with white space in it.
        if name is not None and any(map(str.isspace, name)):
            return ApiError(400, "invalid model ID", layer="edge")
        return error

    def printed(self, error: ApiError, http: HttpRequest) -> ApiError:
        """Return *error* as newer services print it, which check limits themselves, too."""
        is_own = error.layer == "api" or error.status == LIMITED
        if not (is_own and _checks_keys(http.path)):
            return error
        if error.message == FAILED:
            return replace(error, message=UNANSWERED, code=error.type, layer="responses")
        return replace(error, layer="responses")

    def spelled_by(self, answer: Answer) -> Hashable:
        """Return nothing: an answer is sent as the endpoint made it."""
        del answer
        return ()

    def particulars(self, answer: Answer, draw: Draw) -> Filling:
        """Return how long the answer took, and what is left of limits."""
        return {
            TOOK.mark: str(draw.milliseconds(200, 1_000)),
            LIMITS.mark: _limit_lines(answer.allowances).decode("latin-1"),
        }

    def encode(self, rendered: Rendered, *, by_token: bool) -> tuple[Mould, ...]:
        """Write bodies indented, and streams as compact events with their padding."""
        if isinstance(rendered, EventStream):
            return _events(rendered)
        match rendered.layer:
            case "storage":
                return (Mould(compact(rendered.value)),)
            case "models" | "moderation":
                return (Mould(pretty(rendered.value)),)
            case "responses":
                text = pretty(rendered.value, token_ends=by_token)
                return body_moulds(text, rendered.marks, by_token=by_token, is_ascii=True)
            case "vectors":
                return (Mould(compact(rendered.value), marks=rendered.marks),)
            case _:
                text = pretty(rendered.value, token_ends=by_token) + "\n"
                return body_moulds(text, rendered.marks, by_token=by_token)

    def head(self, rendered: Rendered, answer: Answer | None, draw: Draw) -> Head:
        """Return the status and headers of a success."""
        content_type = "application/json"
        layer: Layer = "api"
        if isinstance(rendered, EventStream):
            content_type = rendered.content_type
        else:
            layer = rendered.layer
        took = TOOK.mark if answer is not None else str(draw.milliseconds(200, 1_000))
        lines = (
            f"date: {DATE.mark}\r\ncontent-type: {content_type}\r\n"
            f"{self.took_header}: {took}\r\nx-request-id: {REQUEST_ID.mark}\r\n"
        ).encode("latin-1", "replace")
        if answer is None:
            return Head(200, lines + STEADY_LINES[layer])
        if answer.endpoint == "completions":
            lines += _lines(
                (
                    ("cache-control", "no-cache, must-revalidate"),
                    ("openai-model", answer.model_name),
                )
            )
        if layer == "moderation":
            # Its limits are not reported.
            return Head(200, lines + STEADY_LINES[layer])
        if answer.endpoint == "embeddings" and layer == "api":
            lines += _lines((*_OLDER_VECTORS, ("openai-model", answer.model_name)))
        return Head(200, lines + STEADY_LINES[layer] + LIMITS.mark.encode())

    def request_id(self, draw: Draw) -> str:
        """Return the request's id, the value of `x-request-id`."""
        return "req_" + draw.request_id()

    def stamps(self, draw: Draw) -> Filling:
        """Return the request's id."""
        return {REQUEST_ID.mark: self.request_id(draw)}

    def limit_lines(self, allowances: tuple[Allowance, ...]) -> bytes:
        """Return the `x-ratelimit-*` headers."""
        return _limit_lines(allowances)

    def render_error(self, error: ApiError, draw: Draw) -> Timeline:
        """Return *error* as the refusing layer prints it."""
        members = error.members
        if error.message == UNANSWERED:
            identity = self.request_id(draw)
            members["message"] += f" Please include the request ID {identity} in your message."
        if error.code == UNKNOWN_URL:
            members = {key: members[key] for key in UNKNOWN_URL_KEYS}
        body = {"error": members}
        match error.layer:
            case "edge":
                text = _go_escaped(pretty(body, 4)) + "\n"
            case "api":
                text = pretty(body) + "\n"
            case "responses":
                text = in_ascii(pretty(body))
            case _:
                text = pretty(body)
        payload = to_bytes(text)
        lines = b"".join(
            (
                _lines(self._headers(error, draw)),
                STEADY_LINES.get(error.layer, b""),
                _limit_lines(error.allowances),
                _lines(error.headers),
            )
        )
        is_chunked = error.status in CHUNKED_REFUSALS and error.layer in {"edge", "api"}
        return Head(error.status, lines, None if is_chunked else len(payload)), Data(payload)

    def _headers(self, error: ApiError, draw: Draw) -> Headers:
        """Return the headers of a refusal that do not come from its layer."""
        date = ("date", DATE.mark)
        request_id = ("x-request-id", self.request_id(draw))
        if error.layer != "edge":
            took = (self.took_header, str(draw.milliseconds(5, 100)))
            return date, ("content-type", "application/json"), took, request_id
        content_type = ("content-type", "application/json; charset=utf-8")
        # The edge names the account only in some refusals.
        known = _ACCOUNT[:1] if error.status in CHUNKED_REFUSALS else ()
        return date, content_type, ("vary", "Origin"), request_id, *known


def _checks_keys(path: str) -> bool:
    return path.startswith(CHECK_KEYS)


@lru_cache(maxsize=4_096)
def _limit_lines(allowances: tuple[Allowance, ...]) -> bytes:
    """Return the `x-ratelimit-*` headers, in alphabetical order."""
    headers: Headers = (
        *((f"x-ratelimit-limit-{a.of}", str(a.limit)) for a in allowances),
        *((f"x-ratelimit-remaining-{a.of}", str(a.remaining)) for a in allowances),
        *((f"x-ratelimit-reset-{a.of}", go_duration(a.reset_ms)) for a in allowances),
    )
    return _lines(headers)


def _lines(headers: Headers) -> bytes:
    return Head.of(200, headers).lines


def _go_escaped(text: str) -> str:
    """Return *text* as Go's JSON encoder writes it, which is safe inside HTML."""
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _events(stream: EventStream) -> tuple[Mould, ...]:
    return (
        *[_event(chunk, obfuscated=stream.obfuscated) for chunk in stream.chunks],
        *ending(stream),
    )


def _event(chunk: Chunk, *, obfuscated: bool) -> Mould:
    text = compact(chunk.value)
    if not obfuscated:
        return event(text, chunk)
    # Holes are as long as what fills them, but for that of a piece of text.
    measured = len(text.replace(PIECE, ""))
    text = f'{text[:-1]},"obfuscation":"{PADDING}"}}'
    return event(text, chunk._replace(measured=measured))
