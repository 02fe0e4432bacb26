"""AI/ML API, api.aimlapi.com: bills in credits, and refusals without an `error`.

Sources: its documentation (aimlapi/api-docs, 2026-08-21) and the page of gpt-3.5-turbo there.
There are no recorded answers; its headers and streams are not known, and are OpenAI's here. So are
responses, which it documents for OpenAI's models.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from mockserver.contracts import Answer
from mockserver.conversation import ApiError
from mockserver.models import Catalogue, Model
from mockserver.protocols.openai.compatible import OpenAICompatible, unknown_model, uuid_of
from mockserver.seeding import Draw
from mockserver.traffic.limits import LimitReached
from mockserver.wire.http_request import HttpRequest
from mockserver.wire.jsontext import Filling, JavaScriptNumber, compact, plain, to_bytes
from mockserver.wire.rendered import EventStream, JsonBody, Rendered
from mockserver.wire.timeline import DATE, Data, Head, Headers, Timeline

Json = dict[str, Any]

CHAT: Final = "/v1/chat/completions"
RESPONSES: Final = "/v1/responses"
LENIENT: Final = "aiml/"
"""What the names of models begin with, inside, that ignore unknown parameters."""
CREDITS_A_USD: Final = 2_000_000

NO_KEY: Final = (
    "This request requires a valid API key. You can create a new API key on the Billing page: "
    "https://aimlapi.com/app/keys"
)
NO_CREDITS: Final = (
    "You've run out of credits. Please top up your balance or update your payment method to "
    "continue: https://aimlapi.com/app/billing/"
)
UNKNOWN_MODEL: Final = (
    "Body validation error\nInvalid enum value. Expected 'gpt-3.5-turbo' | 'gpt-3.5-turbo-0125' | "
    "'gpt-3.5-turbo-1106', received '{}'"
)


class AimlApi(OpenAICompatible):
    """The dialect of api.aimlapi.com."""

    kind = "aiml"
    title = "AI/ML API"
    has = frozenset({"chat.completions", "embeddings", "models", "responses"})
    shares_paths = True
    host = "api.aimlapi.com"

    def catalogue(self, known: Catalogue) -> Catalogue:
        """Return *known* with and without the vendor; its models ignore unknown parameters."""
        return known.seen_as(_names_of, added=lambda model: replace(model, mode="any"))

    def incorrect_key(self, key: str) -> ApiError:
        """Return the 401, which is the same without a key."""
        del key
        return ApiError(401, NO_KEY, layer="edge")

    def quota_exceeded(self) -> ApiError:
        """Return the 403 of an account without credits."""
        return ApiError(403, NO_CREDITS, layer="edge")

    def rate_limited(self, reached: LimitReached) -> ApiError:
        """Return the 429, which does not mention limits."""
        del reached
        return ApiError(429, "Too Many Requests", layer="edge")

    def overloaded(self, status: int | None = None) -> ApiError:
        """Return the refusal by an overloaded server."""
        return ApiError(status or 500, "Something wrong with the server. Please, try again later.")

    def reword(self, error: ApiError, http: HttpRequest) -> ApiError:
        """Return the refusal of an unknown model as that of an invalid enum value.

        So is that of a model that another endpoint has: each has an enum of its own (by analogy).
        """
        model = unknown_model(error)
        if model is None and error.about is not None:
            model = error.about.removeprefix(LENIENT)
        if model is not None:
            error = ApiError(400, UNKNOWN_MODEL.format(model), layer="edge")
        is_response = http.path.endswith(RESPONSES)
        return replace(error, param=RESPONSES) if is_response else error

    def unknown_path(self, http: HttpRequest) -> ApiError:
        """Return the 404, in the words of its framework (NestJS)."""
        path = http.path.removeprefix(f"/{self.kind}")
        return ApiError(404, f"Cannot {http.method} {path}", param=path, layer="edge")

    def wrong_method(self, http: HttpRequest, allowed: Sequence[str]) -> ApiError:
        """Return the 404: another method is another path."""
        del allowed
        return self.unknown_path(http)

    def adapt(self, rendered: Rendered, answer: Answer | None, draw: Draw) -> Rendered:
        """Return *rendered* in this provider's order, with the price."""
        del draw
        if answer is None or isinstance(rendered, EventStream) or answer.endpoint == "responses":
            return rendered
        value: Json = plain(rendered.value)
        cost = self.cost_usd(answer)
        paid = {
            "credits_used": round(cost * CREDITS_A_USD),
            "usd_spent": JavaScriptNumber(round(cost, 12)),
        }
        if answer.endpoint == "embeddings":
            return JsonBody({**value, "meta": {"usage": paid}}, marks=rendered.marks)
        return JsonBody(
            {
                "id": value["id"],
                "object": value["object"],
                "choices": [_choice(choice) for choice in value["choices"]],
                "created": value["created"],
                "model": value["model"],
                "usage": value["usage"],
                "system_fingerprint": value["system_fingerprint"],
                "meta": {"usage": paid},
            },
            marks=rendered.marks,
        )

    def head(self, rendered: Rendered, answer: Answer | None, draw: Draw) -> Head:
        """Return the status and headers of a success."""
        del answer, draw
        is_stream = isinstance(rendered, EventStream)
        kind = "text/event-stream" if is_stream else "application/json; charset=utf-8"
        return Head.of(200, _headers(kind))

    def request_id(self, draw: Draw) -> str:
        """Return the request's id, a UUID, which only refusals contain."""
        return uuid_of(draw.request_id())

    def stamps(self, draw: Draw) -> Filling:
        """Return nothing: an answer has its own id alone."""
        del draw
        return {}

    def render_error(self, error: ApiError, draw: Draw) -> Timeline:
        """Return *error* as a flat object; `param` holds the path that it is about, if any."""
        path = error.param if error.param and error.param.startswith("/") else CHAT
        moment = datetime.fromtimestamp(draw.created(), UTC)
        body = {
            "message": error.message,
            "path": path,
            "requestId": self.request_id(draw),
            "statusCode": error.status,
            "timestamp": f"{moment:%Y-%m-%dT%H:%M:%S}.{draw.milliseconds(0, 999):03}Z",
            **error.added,
        }
        payload = to_bytes(compact(body))
        headers = (*_headers("application/json; charset=utf-8"), *error.headers)
        return Head.of(error.status, headers, len(payload)), Data(payload)


def _headers(content_type: str) -> Headers:
    return ("date", DATE.mark), ("content-type", content_type)


def _names_of(model: Model) -> tuple[Model, ...]:
    if model.mode not in {"chat", "embeddings", "responses"}:
        return ()
    lenient = replace(model, behaves_as=f"{LENIENT}{model.id}")
    return lenient, replace(lenient, id=f"openai/{model.id}")


def _choice(choice: Json) -> Json:
    return {
        "index": choice["index"],
        "finish_reason": choice["finish_reason"],
        "logprobs": choice.get("logprobs"),
        "message": choice["message"],
    }
