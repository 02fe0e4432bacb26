"""OpenRouter: one API in front of many providers, which normalises their answers.

It answers 200 before it knows the outcome, and keeps the connection open with white space and
comments until then. Models are `vendor/name`, each answer states its price, and if a model fails,
those in `models` are asked. Sources: 935 recorded answers, 2025-01 to 2026-08; where they differ,
those since 2026-03. Refusals: recorded, or pasted in public issues.
"""

import json
import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from mockserver.contracts import Answer, Attempt, Endpoint
from mockserver.conversation import ApiError
from mockserver.models import Catalogue
from mockserver.protocols.openai import validation
from mockserver.protocols.openai.compatible import (
    OpenAICompatible,
    price_unknown,
    spoken,
    unknown_model,
)
from mockserver.protocols.openai.responses.broken import is_of_response
from mockserver.providers.openrouter import responses
from mockserver.providers.openrouter.answers import (
    PROVIDERS,
    body_of,
    cost_texts,
    costs,
    serving,
    spelled_by,
    stream_of,
    vectors_of,
)
from mockserver.providers.openrouter.models import catalogue
from mockserver.providers.openrouter.relayed import in_words_of, last_asked, quoted
from mockserver.providers.openrouter.requests import attempts, refused
from mockserver.seeding import Draw
from mockserver.traffic.limits import LimitReached
from mockserver.wire.http_request import HttpRequest, bearer_token
from mockserver.wire.jsontext import Filling, JsonValue, compact, mark_of, plain, to_bytes
from mockserver.wire.moulds import Mould, Part, body_moulds
from mockserver.wire.rendered import EventStream, JsonBody, Rendered
from mockserver.wire.sse import DONE, comment, stream_moulds
from mockserver.wire.timeline import DATE, Data, Head, Headers, Timeline

Json = dict[str, Any]

ROOT: Final = "/api/v1"
PUBLIC: Final = ("/models", "/providers")
"""Paths that need no key."""
USER_ID: Final = "user_" + "mockserver".ljust(27, "0")

PADDING: Final = "\n         \n"
"""What keeps a connection open until the JSON is there; parsers skip white space."""
PADDINGS: Final = 3

NO_CREDITS: Final = (
    "Insufficient credits. This account never purchased credits. Make sure your key is on the "
    "correct account or org, and if so, purchase more at https://openrouter.ai/settings/credits"
)
LIMITED: Final = (
    "{} is temporarily rate-limited upstream. Please retry shortly, or add your own key to "
    "accumulate your rate limits: https://openrouter.ai/settings/integrations"
)
FLAGGED: Final = (
    'The model requires moderation on OpenAI. Your input was flagged for "violence". No credits '
    "were charged."
)
ID_LENGTH: Final = 10 + 1 + 20
"""Of ids after their prefix: Unix time, a dash, and twenty characters."""
UPSTREAM: Final = "upstream"
"""The code of refusals by the upstream provider; it is not sent."""
MODERATION: Final = "moderation"
TOO_LONG: Final = (
    "This endpoint's maximum context length is {} tokens. However, you requested about {} tokens "
    "({}). Please reduce the length of either one, or use the context-compression plugin to "
    "compress your prompt automatically."
)


class OpenRouter(OpenAICompatible):
    """The dialect of openrouter.ai."""

    kind = "openrouter"
    title = "OpenRouter"
    root = ROOT
    has = frozenset({"chat.completions", "completions", "embeddings", "responses"})
    # Source: openrouter.ai/docs/api-reference, read 2026-11-30.
    lacks = frozenset(
        {
            *("activity", "auth", "guardrails", "keys", "messages", "providers"),
        }
    )
    id_prefix = "gen-"
    id_length = ID_LENGTH
    keeps_answers = True
    host = "openrouter.ai"
    interjects = True
    keep_alive = "OPENROUTER PROCESSING"

    def catalogue(self, known: Catalogue) -> Catalogue:
        """Return the models of *known* under OpenRouter's names, each on both endpoints."""
        return catalogue(known)

    def authenticate(self, http: HttpRequest) -> str:
        """Return the bearer token of *http*; lists of models need none."""
        key = bearer_token(http)
        if not key and not http.path.partition(ROOT)[2].startswith(PUBLIC):
            raise refused(401, "Missing Authentication header")
        return key

    def incorrect_key(self, key: str) -> ApiError:
        """Return the 401 of an unknown key."""
        del key
        return refused(401, "User not found.")

    def quota_exceeded(self) -> ApiError:
        """Return the 402 of an account without credits."""
        return refused(402, NO_CREDITS)

    def rate_limited(self, reached: LimitReached) -> ApiError:
        """Return the 429 of the upstream provider, whose limits all customers share."""
        message = LIMITED.format(reached.model)
        return ApiError(429, message, None, reached.model, UPSTREAM, allowances=reached.allowances)

    def overloaded(self, status: int | None = None) -> ApiError:
        """Return the refusal by an overloaded upstream provider."""
        error = OpenAICompatible.overloaded(self, status)
        return ApiError(error.status, quoted(error), None, None, UPSTREAM, headers=error.headers)

    def content_filtered(self) -> ApiError:
        """Return the 403 of the moderation in front of some providers."""
        return ApiError(403, FLAGGED, None, None, MODERATION)

    def unknown_path(self, http: HttpRequest) -> ApiError:
        """Return the 404 of an unknown path."""
        del http
        return refused(404, "Not Found")

    def wrong_method(self, http: HttpRequest, allowed: Sequence[str]) -> ApiError:
        """Return the 405, which names the allowed methods."""
        del http
        headers = (("allow", ", ".join(allowed)),)
        return ApiError(405, "Method Not Allowed", type=None, layer="edge", headers=headers)

    def attribution(self, http: HttpRequest) -> Mapping[str, str]:
        """Return the headers by which applications show up in OpenRouter's rankings."""
        names = ("http-referer", "x-title", "x-openrouter-title")
        stated = {name: http.headers.get(name) for name in names}
        return {name: value for name, value in stated.items() if value}

    def translate(self, http: HttpRequest, endpoint: str) -> Sequence[Attempt]:
        """Return an attempt for each model that may answer, with input as *endpoint* takes it."""
        body = validation.read_body(http)
        is_response = endpoint == responses.ENDPOINT
        made = responses.attempts(body) if is_response else attempts(body, endpoint)
        return [Attempt(replace(http, body=json.dumps(attempt).encode()), body) for attempt in made]

    def reword(self, error: ApiError, http: HttpRequest) -> ApiError:
        """Return refusals in OpenRouter's own words, where it has any."""
        name = unknown_model(error)
        if error.layer == "responses":
            return responses.refusal(error) if name is None else responses.not_a_model(name)
        if error.relayed:
            body = validation.read_body(http)
            told = in_words_of(error, body)
            behind = serving(last_asked(body), body)
            return ApiError(told.status, quoted(told), None, behind, UPSTREAM)
        if name is not None:
            return replace(refused(400, f"{name} is not a valid model ID"), layer="api")
        if error.about is not None:
            asked = validation.read_body(http).get("model")
            return replace(refused(404, f"No endpoints found for {asked}."), layer="api")
        numbers = re.findall(r"\d+", error.message)
        if "maximum context length" in error.message or error.code == "context_length_exceeded":
            window, asked, *parts = (number for number in numbers if int(number) > 0)
            shares = f"{parts[0] if parts else asked} of text input"
            shares += f", {parts[1]} in the output" if len(parts) > 1 else ""
            return replace(refused(400, TOO_LONG.format(window, asked, shares)), layer="api")
        return error

    def adapt(self, rendered: Rendered, answer: Answer | None, draw: Draw) -> Rendered:
        """Return *rendered* with the members that OpenRouter adds to all answers."""
        del draw
        if answer is None:
            return rendered
        if answer.endpoint == responses.ENDPOINT:
            return responses.adapted(rendered, answer)
        if isinstance(rendered, EventStream):
            chunks = tuple(stream_of(rendered, answer))
            return EventStream(chunks, content_type="text/event-stream", end=rendered.end)
        if answer.endpoint == "embeddings":
            return JsonBody(vectors_of(rendered.value, answer), "vectors", rendered.marks)
        return JsonBody(body_of(plain(rendered.value), answer), marks=rendered.marks)

    def answer_id(self, answer: Answer, endpoint: Endpoint, draw: Draw) -> str:
        """Return the id of *answer*, which contains the time of its creation."""
        return f"{_prefix(endpoint)}{answer.dated}-{draw.answer_id(20)}"

    def id_size(self, endpoint: Endpoint) -> int:
        """Return the length of the ids of *endpoint*'s answers."""
        return len(_prefix(endpoint)) + ID_LENGTH

    def cost_usd(self, answer: Answer) -> float:
        """Return the cost of *answer*, as it is shown."""
        return 0.0 if answer.usage is None else round(sum(costs(answer, answer.usage)), 12)

    def remarks(self, answer: Answer) -> tuple[str, ...]:
        """Return that the price of the model is unknown, where it is."""
        is_free = answer.request.model.endswith(":free")
        return () if is_free else price_unknown(answer)

    def spelled_by(self, answer: Answer) -> Hashable:
        """Return what members of the request show in an answer."""
        return spelled_by(answer)

    def particulars(self, answer: Answer, draw: Draw) -> Filling:
        """Return what the answer costs, and the ids of what a response has in it."""
        paid = {} if answer.usage is None else cost_texts(answer, answer.usage)
        if answer.endpoint != responses.ENDPOINT:
            return paid
        return {**paid, **responses.drawn_ids(answer, draw)}

    def encode(self, rendered: Rendered, *, by_token: bool) -> tuple[Mould, ...]:
        """Write JSON after white space, and events as they are."""
        if isinstance(rendered, JsonBody):
            text = compact(rendered.value, token_ends=by_token)
            # Only what a model generates takes time.
            padding = "" if rendered.layer in ("models", "vectors") else PADDING * PADDINGS
            return body_moulds(padding + text, rendered.marks, by_token=by_token)
        return stream_moulds(rendered)

    def interject(self, parts: Sequence[Part], draw: Draw) -> Sequence[Part]:
        """Return *parts* after a comment, and with another one somewhere among them."""
        *events, end = parts
        later = draw.rng("comment").randint(1, max(1, len(events) - 1))
        waiting = comment(self.keep_alive)
        return (waiting, *events[:later], waiting, *events[later:], end)

    def head(self, rendered: Rendered, answer: Answer | None, draw: Draw) -> Head:
        """Return the status and headers of a success."""
        del draw
        is_stream = isinstance(rendered, EventStream)
        headers: Headers = (
            ("date", DATE.mark),
            ("content-type", "text/event-stream" if is_stream else "application/json"),
            *((("cache-control", "no-cache"),) if is_stream else ()),
            *_STEADY,
            *((("x-generation-id", mark_of(answer.id)),) if answer is not None else ()),
        )
        return Head.of(200, headers)

    def request_id(self, draw: Draw) -> str:
        """Return the id of the request; no header has it."""
        return "req-" + draw.request_id()

    def stamps(self, draw: Draw) -> Filling:
        """Return nothing: an answer has its own id alone."""
        del draw
        return {}

    def render_error(self, error: ApiError, draw: Draw) -> Timeline:
        """Return *error*, with the account if the key is known."""
        del draw
        body: Json = {"error": _error_body(error)}
        if error.layer == "responses":
            body = responses.refusal_body(error)
        elif error.status != 401:  # noqa: PLR2004 - the key is unknown
            body["user_id"] = USER_ID
        payload = to_bytes(compact(body))
        headers: Headers = (
            ("date", DATE.mark),
            ("content-type", "application/json"),
            *_STEADY,
            *error.headers,
        )
        return Head.of(error.status, headers, len(payload)), Data(payload)

    def stream_error(
        self, error: ApiError, nearest: Sequence[Mapping[str, JsonValue]], shape: str | None
    ) -> bytes | None:
        """Return a chunk that reports *error*, and the end: the status was sent long ago."""
        if shape is not None or is_of_response(nearest):
            return OpenAICompatible.stream_error(self, error, nearest, shape)
        chunk = spoken(nearest)
        delta = {"content": "", "role": "assistant"}
        last = {
            **{key: chunk[key] for key in _OPENING if key in chunk},
            "error": {"code": _code(error), "message": error.message, **error.added},
            "choices": [
                {
                    "index": 0,
                    "delta": delta,
                    "finish_reason": error.finish_reason,
                    "native_finish_reason": None,
                }
            ],
        }
        return to_bytes(f"data: {compact(last)}\n\n") + DONE.text


def _prefix(endpoint: Endpoint) -> str:
    return "gen-emb-" if endpoint.kind == "embeddings" else "gen-"


def _error_body(error: ApiError) -> Json:
    """Return *error* as sent; an upstream refusal is quoted with its provider's name."""
    if error.code == UPSTREAM:
        vendor = (error.param or "openai").partition("/")[0]
        behind = PROVIDERS.get(vendor, vendor.title())
        # The last member came in 2026-04.
        upstream: Json = {"raw": error.message, "provider_name": behind, "is_byok": False}
        return {"message": "Provider returned error", "code": error.status, "metadata": upstream}
    if error.code == MODERATION:
        found: Json = {"reasons": ["violence"], "flagged_input": "", "provider_name": "OpenAI"}
        return {"message": error.message, "code": error.status, "metadata": found}
    return {"message": error.message, "code": _code(error), **error.added}


def _code(error: ApiError) -> int | str:
    """Return the code of *error*: the status, which is a number, unless a scenario states one."""
    if not error.is_stated or error.code is None:
        return error.status
    code = str(error.code)
    return int(code) if code.isdecimal() else code


_OPENING: Final = ("id", "object", "created", "model", "provider")
_STEADY: Final = (
    ("access-control-expose-headers", "X-Generation-Id,X-Provider-Name,cf-ray"),
    ("referrer-policy", "no-referrer, strict-origin-when-cross-origin"),
    ("x-content-type-options", "nosniff"),
)
