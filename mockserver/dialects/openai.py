"""OpenAI itself, api.openai.com: the spelling that all others are compatible with.

Two layers answer there. The edge (keys, unknown models and URLs) prints errors with four
spaces and Go's escapes; the API behind it prints everything with two. Both end with a newline.
Sources: recorded answers of 2025-09 to 2026-08.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from mockserver.contracts import Answer, Dialect, EventStream, Frame, Located, Rendered
from mockserver.conversation import ApiError
from mockserver.http_request import HttpRequest
from mockserver.jsontext import TOKEN_END, Filling, Hole, compact, pretty, to_bytes
from mockserver.seeding import Draw, http_date
from mockserver.timeline import Data, Head, Headers, Timeline

ROOT: Final = "/v1"

NO_KEY: Final = (
    "You didn't provide an API key. You need to provide your API key in an Authorization header "
    "using Bearer auth (i.e. Authorization: Bearer YOUR_KEY), or as the password field (with "
    "blank username) if you're accessing the API from your browser and are prompted for a "
    "username and password. You can obtain an API key from "
    "https://platform.openai.com/account/api-keys."
)

ORGANIZATION: Final = "mockserver"
PROJECT: Final = "proj_" + "mockserver".ljust(24, "0")
API_VERSION: Final = "2020-10-01"

REQUEST_ID: Final = Hole("q", len("req_") + 32)
STEADY_HEADERS: Final = (
    ("access-control-expose-headers", "X-Request-ID"),
    ("openai-organization", ORGANIZATION),
    ("openai-project", PROJECT),
    ("openai-version", API_VERSION),
    ("strict-transport-security", "max-age=31536000; includeSubDomains; preload"),
    ("x-content-type-options", "nosniff"),
)

STEADY_LINES: Final = Head.of(200, STEADY_HEADERS).lines

ERROR_KEYS: Final = ("message", "type", "param", "code")
UNKNOWN_URL: Final = "unknown_url"
UNKNOWN_URL_KEYS: Final = ("type", "code", "message", "param")
"""Paths outside `/v1` are refused by yet another layer (bodies quoted in public issues)."""
CHUNKED_REFUSALS: Final = frozenset({403, 404})
"""Statuses whose refusals come in chunks, and name the organization at the edge."""

BLOCK: Final = 16
"""Obfuscation pads each chunk to a multiple of this many characters (plus its own 17)."""


class OpenAI(Dialect):
    """The dialect of api.openai.com."""

    kind = "openai"
    id_prefixes = {"chat.completions": "chatcmpl-", "completions": "cmpl-"}  # noqa: RUF012 - ClassVar in Dialect
    id_length = 29

    def locate(self, path: str) -> Located | None:
        """Return where *path* leads below `/v1`."""
        return Located(path.removeprefix(ROOT)) if path.startswith(ROOT + "/") else None

    def authenticate(self, http: HttpRequest) -> str:
        """Return the bearer token of *http*; any but an empty one will do."""
        key = _bearer(http.headers.get("authorization", ""))
        if not key:
            raise ApiError(401, NO_KEY, layer="edge")
        return key

    def unknown_path(self, http: HttpRequest) -> ApiError:
        """Return the 404 of a path below `/v1` or of one outside, which differ."""
        if http.path.startswith(ROOT + "/"):
            return ApiError(404, f"Invalid URL ({http.method} {http.path})", layer="edge")
        return ApiError(
            404,
            f"Unknown request URL: {http.method} {http.path}. Please check the URL for typos, or "
            "see the docs at https://platform.openai.com/docs/api-reference/.",
            code=UNKNOWN_URL,
            layer="edge",
        )

    def wrong_method(self, http: HttpRequest, allowed: Sequence[str]) -> ApiError:  # noqa: ARG002 - the text depends on *allowed* alone
        """Return the 405, which names the methods that would do."""
        return ApiError(
            405,
            f"Only {' and '.join(allowed)} requests are accepted.",
            code="method_not_supported",
            layer="edge",
        )

    def encode(self, rendered: Rendered, draw: Draw, *, by_token: bool) -> tuple[Frame, ...]:
        """Write bodies indented, and streams as compact events with their padding."""
        if isinstance(rendered, EventStream):
            frames = _events(rendered, draw)
            return frames if by_token else (_joined(frames),)
        text = pretty(rendered.value, token_ends=by_token) + "\n"
        return _cut_at_tokens(text) if by_token else (Frame(to_bytes(text)),)

    def head(self, rendered: Rendered, answer: Answer | None, draw: Draw) -> Head:
        """Return the status and headers of a success."""
        content_type = (
            rendered.content_type if type(rendered) is EventStream else "application/json"
        )
        headers: Headers = (
            ("date", http_date(draw.created())),
            ("content-type", content_type),
            ("openai-processing-ms", str(draw.milliseconds(200, 1_000))),
            ("x-request-id", REQUEST_ID.mark),
        )
        if answer is not None and answer.endpoint == "completions":
            engine = ("openai-model", answer.model_name)
            headers = (*headers, ("cache-control", "no-cache, must-revalidate"), engine)
        return Head(200, Head.of(200, headers).lines + STEADY_LINES)

    def stamps(self, draw: Draw) -> Filling:
        """Return the request's id."""
        return ((REQUEST_ID.mark_bytes, _request_id(draw).encode()),)

    def render_error(self, error: ApiError, draw: Draw) -> Timeline:
        """Return *error* as the layer that refuses would print it."""
        keys = UNKNOWN_URL_KEYS if error.code == UNKNOWN_URL else ERROR_KEYS
        body = {"error": {key: getattr(error, key) for key in keys}}
        at_edge = error.layer == "edge"
        text = pretty(body, 4 if at_edge else 2) + "\n"
        payload = to_bytes(_go_escaped(text) if at_edge else text)
        headers = _edge_headers(error, draw) if at_edge else _api_headers(draw)
        length = None if error.status in CHUNKED_REFUSALS else len(payload)
        return Head.of(error.status, (*headers, *error.headers), length), Data(payload)


def _edge_headers(error: ApiError, draw: Draw) -> Headers:
    """Return the headers of a refusal by the edge, which knows the account only at times."""
    known = (("openai-organization", ORGANIZATION),) if error.status in CHUNKED_REFUSALS else ()
    return (
        ("date", http_date(draw.created())),
        ("content-type", "application/json; charset=utf-8"),
        ("vary", "Origin"),
        ("x-request-id", _request_id(draw)),
        *known,
    )


def _api_headers(draw: Draw) -> Headers:
    """Return the headers of a refusal by the API: those of its successes."""
    return (
        ("date", http_date(draw.created())),
        ("content-type", "application/json"),
        ("openai-processing-ms", str(draw.milliseconds(5, 100))),
        ("x-request-id", _request_id(draw)),
        *STEADY_HEADERS,
    )


@lru_cache(maxsize=1_024)
def _bearer(authorization: str) -> str:
    """Return the token of an `Authorization` header; empty if it holds none."""
    scheme, _, key = authorization.partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


def _request_id(draw: Draw) -> str:
    return "req_" + draw.request_id()


def _go_escaped(text: str) -> str:
    """Return *text* as Go's JSON encoder writes it, which is safe inside HTML."""
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _cut_at_tokens(text: str) -> tuple[Frame, ...]:
    """Cut *text* behind each of its marked token ends."""
    *ended, rest = text.split(TOKEN_END)
    return (*(Frame(to_bytes(part), 1) for part in ended), Frame(to_bytes(rest)))


def _joined(frames: Sequence[Frame]) -> Frame:
    return Frame(b"".join([frame.text for frame in frames]), sum(frame.tokens for frame in frames))


def _events(stream: EventStream, draw: Draw) -> tuple[Frame, ...]:
    padding = ""
    if stream.obfuscated:
        padding = draw.text("obfuscation", BLOCK * len(stream.chunks))
    frames: list[Frame] = []
    for number, chunk in enumerate(stream.chunks):
        text = compact(chunk.value)
        if stream.obfuscated:
            # Holes are as long as what fills them, so the length is right already.
            missing = -len(text) % BLOCK
            own = padding[BLOCK * number : BLOCK * number + missing]
            text = f'{text[:-1]},"obfuscation":"{own}"}}'
        frames.append(Frame(to_bytes(f"data: {text}\n\n"), chunk.tokens))
    return (*frames, Frame(b"data: [DONE]\n\n"))
