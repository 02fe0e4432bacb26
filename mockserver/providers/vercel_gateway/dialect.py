"""The Vercel AI Gateway, ai-gateway.vercel.sh: the AI SDK's own protocol, and chat completions.

Model names begin with their makers' names. All bodies are compact; the SDK distinguishes errors by
their type alone. Headers are those of Vercel's functions. Sources: recorded answers and refusals
of 2025-08 to 2026-09, which docs/vercel-gateway.md lists.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from mockserver.contracts import Answer, Attempt, Endpoint, Located
from mockserver.conversation import ApiError
from mockserver.models import Catalogue, Model
from mockserver.protocols.openai.compatible import (
    VENDOR_AND_NAME,
    OpenAICompatible,
    price_unknown,
    spoken,
    unknown_model,
)
from mockserver.protocols.openai.marks import body_marks
from mockserver.protocols.openai.requests import as_openai
from mockserver.protocols.openai.responses.broken import is_of_response
from mockserver.providers.vercel_gateway import attempts, chat_answers, reading, routing
from mockserver.providers.vercel_gateway.refusals import (
    NOT_FOUND,
    RELAYED,
    model_not_found,
    relayed,
)
from mockserver.providers.vercel_gateway.upstream import LEAST_OUTPUT, maker_of
from mockserver.seeding import CROCKFORD, HEX, Draw
from mockserver.traffic.limits import LimitReached
from mockserver.wire.http_request import HttpRequest, bearer_token
from mockserver.wire.jsontext import Filling, Hole, JsonValue, compact, to_bytes
from mockserver.wire.rendered import EventStream, JsonBody, Rendered
from mockserver.wire.sse import DONE
from mockserver.wire.timeline import DATE, Data, Head, Headers, Timeline

MAKER: Final = "openai"
"""Whose models the catalogue ships."""
CHAT: Final = "chat.completions"
EMBEDDINGS: Final = "embeddings"
RESPONSES: Final = "responses"
"""Documented (2026-09); no answers are recorded. They are OpenAI's here, in the gateway's JSON."""
PUBLIC: Final = re.compile(r"(?:^|/)v1/models(?:/|$)")
"""Paths that need no key."""
NO_KEY: Final = "public"

ATTRIBUTION: Final = ("http-referer", "x-title")
"""Headers by which an application names itself."""

NOT_AUTHENTICATED: Final = "Authentication failed"
NO_FUNDS: Final = (
    "Insufficient funds. Please add credits to your account to continue using AI services. Visit "
    "https://vercel.com/d?to=%2F%5Bteam%5D%2F%7E%2Fai%3Fmodal%3Dtop-up to top up your credits."
)
UNAVAILABLE: Final = "Service temporarily unavailable. Please try again shortly."
TYPES: Final[Mapping[int, str]] = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "insufficient_funds",
    403: "forbidden",
    404: "not_found",
    405: "invalid_request_error",
    413: "invalid_request_error",
    422: "invalid_request_error",
    424: "failed_dependency",
    429: "rate_limit_exceeded",
    500: "internal_server_error",
    503: "service_unavailable_error",
}
"""The types of the gateway's refusals, by status."""
CLIENTS, SERVERS = "invalid_request_error", "internal_server_error"
FIRST_OF_SERVERS: Final = 500
OF_OTHERS: Final = frozenset({None, "invalid_request_error", "server_error", "insufficient_quota"})
"""Types that OpenAI has; the gateway's follow from the status."""
UPSTREAM_URL: Final = "https://api.openai.com/v1/responses"
"""The URL that the gateway reports when it relays a refusal."""

ULID_TIME: Final = 10
ULID_REST: Final = 16
BITS: Final = 5
FINGERPRINT: Final = 10

REQUEST_ID: Final = Hole("q", len("iad1::iad1::") + 5 + 1 + 13 + 1 + 12)
_STEADY: Final = (
    ("cache-control", "public, max-age=0, must-revalidate"),
    ("server", "Vercel"),
    ("strict-transport-security", "max-age=63072000; includeSubDomains; preload"),
    ("x-vercel-cache", "MISS"),
)
STEADY_LINES: Final = Head.of(200, _STEADY).lines


class VercelGateway(OpenAICompatible):
    """The dialect of ai-gateway.vercel.sh."""

    kind = "vercel_gateway"
    title = "Vercel AI Gateway"
    has = frozenset({CHAT, EMBEDDINGS, RESPONSES})
    lacks = frozenset(
        {
            *("ai/embedding-model", "ai/image-model", "ai/reranking-model", "ai/speech-model"),
            *("ai/transcription-model", "ai/video-model", "images", "messages", "report"),
        }
    )
    protocols = frozenset({"openai", "ai-sdk"})
    id_prefix = "gen_"
    id_length = ULID_TIME + ULID_REST
    keeps_answers = True
    host = "ai-gateway.vercel.sh"

    def locate(self, path: str) -> Located | None:
        """Return where *path* leads: below `/v1`, or below `/ai` of any version."""
        root, slash, rest = path[1:].partition("/")
        if not (slash and root[:1] == "v" and root[1:].isdigit()):
            return None
        if root == "v1" or rest.startswith("ai/"):
            return Located("/" + rest)
        return None

    def catalogue(self, known: Catalogue) -> Catalogue:
        """Return the models with their makers' names; all that generate accept chats.

        A `maker/name` that it lacks is a model, too: what the gateway has changes weekly.
        """

        def unknown(name: str) -> Model | None:
            return _open(known.resolve(name)) if VENDOR_AND_NAME.fullmatch(name) else None

        return known.seen_as(_ours, _open, unknown=unknown)

    def remarks(self, answer: Answer) -> tuple[str, ...]:
        """Return that the price of the model is unknown, where it is."""
        return price_unknown(answer)

    def authenticate(self, http: HttpRequest) -> str:
        """Return the bearer token of *http*: an API key, or a Vercel token."""
        key = bearer_token(http)
        if key:
            return key
        if PUBLIC.search(http.path):
            return NO_KEY
        raise self.incorrect_key("")

    def incorrect_key(self, key: str) -> ApiError:
        """Return the 401; the SDK has its own text for it."""
        del key
        return ApiError(401, NOT_AUTHENTICATED, TYPES[401], layer="edge")

    def quota_exceeded(self) -> ApiError:
        """Return the 402 of an account without credit."""
        return ApiError(402, NO_FUNDS, TYPES[402], layer="edge")

    def attribution(self, http: HttpRequest) -> Mapping[str, str]:
        """Return the application's page and name."""
        return {name: stated for name in ATTRIBUTION if (stated := http.headers.get(name))}

    def translate(self, http: HttpRequest, endpoint: str) -> Sequence[Attempt]:
        """Return *http* and its attempts at other models, if the gateway's validator accepts it."""
        if endpoint == CHAT:
            return attempts.of_chat(http, _checked_chat(http))
        if endpoint == EMBEDDINGS:
            return attempts.of_embeddings(http)
        if endpoint == RESPONSES:
            return attempts.of_response(http, _checked_response(http))
        return attempts.of_language_model(http)

    def reword(self, error: ApiError, http: HttpRequest) -> ApiError:
        """Return a refusal of a chat request in the gateway's words."""
        if error.layer == "responses" and unknown_model(error) is None:
            return relayed(error.message, error.status)
        if error.type != CLIENTS or error.layer != "api":
            if error.about is not None:
                return model_not_found(str(json.loads(http.body)["model"]))
            if error.code != "model_not_found":
                return error
            return model_not_found(str(json.loads(http.body)["model"]))
        return relayed(error.message, error.status)

    def unknown_path(self, http: HttpRequest) -> ApiError:
        """Return the 404 of an unknown path."""
        message = f"Not found: {http.method} {http.path}"
        return ApiError(NOT_FOUND, message, "not_found_error", layer="edge")

    def wrong_method(self, http: HttpRequest, allowed: Sequence[str]) -> ApiError:
        """Return the 405."""
        methods = ", ".join(allowed)
        message = f"Method not allowed: {http.method} (allowed: {methods})"
        return ApiError(405, message, layer="edge", headers=(("allow", methods),))

    def adapt(self, rendered: Rendered, answer: Answer | None, draw: Draw) -> Rendered:
        """Return a chat answer as the gateway writes it; others are in its form already."""
        if answer is not None and answer.endpoint == EMBEDDINGS and isinstance(rendered, JsonBody):
            return JsonBody(chat_answers.vectors(rendered, answer), marks=rendered.marks)
        if answer is None or answer.endpoint != CHAT:
            return rendered
        options = routing.options_of(as_openai(answer.request).body)
        serving = routing.providers(answer.request.model, options)
        drawn = "fp_" + draw.text("fingerprint", FINGERPRINT, HEX)
        fingerprint = answer.system_fingerprint or drawn
        if answer.request.stream:
            chunks = tuple(chat_answers.chunks(answer, serving, fingerprint))
            return EventStream(chunks, "text/event-stream", end=DONE)
        has_usage = answer.usage is not None
        marks = body_marks(len(answer.choices), has_messages=True, has_usage=has_usage)
        return JsonBody(chat_answers.whole(answer, serving, fingerprint), marks=marks)

    def id_size(self, endpoint: Endpoint) -> int:
        """Return the length of the ids of *endpoint*'s answers; those of responses are OpenAI's."""
        is_response = endpoint.kind == RESPONSES
        return endpoint.id_size if is_response else OpenAICompatible.id_size(self, endpoint)

    def answer_id(self, answer: Answer, endpoint: Endpoint, draw: Draw) -> str:
        """Return the id of a generation: a ULID, which begins with when it was made."""
        if endpoint.kind == RESPONSES:
            return endpoint.answer_id(answer, draw)
        moment = answer.dated * 1_000 + draw.milliseconds(0, 999)
        digits = bytes(
            CROCKFORD[moment >> BITS * place & (1 << BITS) - 1] for place in range(ULID_TIME)
        )
        rest = draw.text("generation", ULID_REST, CROCKFORD)
        return f"{self.id_prefix}{digits[::-1].decode()}{rest}"

    def cost_usd(self, answer: Answer) -> float:
        """Return what *answer* costs, as its own metadata say."""
        return float(routing.price(answer.usage, answer.model).total)

    def head(self, rendered: Rendered, answer: Answer | None, draw: Draw) -> Head:
        """Return the status and headers of a success."""
        del answer, draw
        kind = rendered.content_type if isinstance(rendered, EventStream) else "application/json"
        return Head(200, _lines(_own(kind, REQUEST_ID.mark)) + STEADY_LINES)

    def request_id(self, draw: Draw) -> str:
        """Return the request's id, the value of `x-vercel-id`."""
        moment = draw.created() * 1_000 + draw.milliseconds(0, 999)
        return f"iad1::iad1::{draw.text('id', 5, HEX)}-{moment}-{draw.request_id()[:12]}"

    def stamps(self, draw: Draw) -> Filling:
        """Return the request's id."""
        return {REQUEST_ID.mark: self.request_id(draw)}

    def render_error(self, error: ApiError, draw: Draw) -> Timeline:
        """Return *error* with its type, from which the SDK makes its classes."""
        payload = to_bytes(compact({"error": _error_body(error)}))
        own = _lines(_own("application/json", self.request_id(draw)))
        lines = own + STEADY_LINES + _lines(error.headers)
        return Head(error.status, lines, len(payload)), Data(payload)

    def rate_limited(self, reached: LimitReached) -> ApiError:
        """Return the refusal of a request that exceeds a limit; its text is the maker's."""
        told = OpenAICompatible.rate_limited(self, reached)
        return replace(told, type=TYPES[told.status], code=None)

    def overloaded(self, status: int | None = None) -> ApiError:
        """Return the refusal of a gateway that has no provider available."""
        return ApiError(status or 503, UNAVAILABLE, TYPES[503])

    def content_filtered(self) -> ApiError:
        """Return the refusal of a prompt by the model's provider."""
        told = OpenAICompatible.content_filtered(self)
        return relayed(told.message, told.status)

    def stream_error(
        self, error: ApiError, nearest: Sequence[Mapping[str, JsonValue]], shape: str | None
    ) -> bytes | None:
        """Return the event that reports *error*; in the SDK's own protocol it has a type."""
        if shape is not None or is_of_response(nearest):
            return OpenAICompatible.stream_error(self, error, nearest, shape)
        chunk = spoken(nearest)
        told = {"error": _error_body(error)}
        value = {"type": "error", **told} if "type" in chunk else told
        return to_bytes(f"data: {compact(value)}\n\n")


def _ours(model: Model) -> tuple[Model, ...]:
    """Return a model of the catalogue as the gateway has it; none that moderate."""
    if model.mode == "moderations":
        return ()
    return (_open(replace(model, id=f"{MAKER}/{model.id}")),)


def _open(model: Model) -> Model:
    """Return *model* as one that accepts chats, whatever it is made for.

    The gateway itself refuses only what all models refuse.
    """
    mode = "any" if model.generates else model.mode
    return replace(model, mode=mode, behaves_as=f"{MAKER}/{model.behaves_as}")


def _checked_chat(http: HttpRequest) -> reading.Record:
    """Return the body of a chat request, unless the gateway itself refuses it."""
    body = reading.read_record(http)
    name = reading.text(body, "model", "")
    reading.records(body, "messages", "")
    routing.providers(name, routing.options_of(body))
    limit: Any = body.get("max_completion_tokens", body.get("max_tokens"))
    if maker_of(name) == MAKER and type(limit) is int and limit < LEAST_OUTPUT:
        raise relayed(
            "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= "
            f"{LEAST_OUTPUT}, but got {limit} instead."
        )
    return body


def _checked_response(http: HttpRequest) -> reading.Record:
    """Return the body of a request for a response, unless the gateway itself refuses it."""
    body = reading.read_record(http)
    routing.providers(reading.text(body, "model", ""), routing.options_of(body))
    return body


def _error_body(error: ApiError) -> dict[str, JsonValue]:
    """Return the body of a refusal, with `code` and `param` only if it has them."""
    kind = error.type
    if kind in OF_OTHERS:
        kind = TYPES.get(error.status, SERVERS if error.status >= FIRST_OF_SERVERS else CLIENTS)
    told: dict[str, JsonValue] = {"message": error.message, "type": kind}
    if kind == "model_not_found":
        told["param"] = {"modelId": error.param}
    elif kind == RELAYED:
        told["param"] = _relayed(error)
    elif error.param is not None:
        told["param"] = error.param
    if error.code is not None:
        told["code"] = error.code
    return {**told, **error.added}


def _relayed(error: ApiError) -> dict[str, JsonValue]:
    """Return the provider's refusal as the gateway relays it."""
    return {
        "error": error.message,
        "statusCode": error.status,
        "name": RELAYED,
        "message": error.message,
        "url": UPSTREAM_URL,
        "isRetryable": error.status >= FIRST_OF_SERVERS or error.status in {408, 409, 429},
        "type": RELAYED,
    }


def _own(content_type: str, request_id: str) -> Headers:
    """Return the headers that differ from answer to answer."""
    date = ("date", DATE.mark)
    return date, ("content-type", content_type), ("x-vercel-id", request_id)


def _lines(headers: Headers) -> bytes:
    return Head.of(200, headers).lines
