"""Resellers: relays of the one-api family, and CometAPI, which is built on one.

They pass on the upstream provider's answers, in JSON without white space, and append the id of the
request to each refusal. The `type` of their own refusals tells the relays apart. Responses are
passed on by all but one-api, which lacks them. Sources: CometAPI's documentation, and public issues
of one-api and new-api.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, ClassVar, Final

from mockserver.contracts import Answer
from mockserver.conversation import ApiError
from mockserver.models import Catalogue, Model
from mockserver.protocols.openai.compatible import OpenAICompatible, unknown_model
from mockserver.seeding import Draw
from mockserver.wire.http_request import HttpRequest
from mockserver.wire.jsontext import Filling, Hole, compact, plain, to_bytes
from mockserver.wire.rendered import EventStream, JsonBody, Rendered
from mockserver.wire.timeline import DATE, Data, Head, Headers, Timeline

Json = dict[str, Any]

REQUEST_ID_LENGTH: Final = 30
"""The digits from year to second, and sixteen more."""
REQUEST_ID: Final = Hole("q", REQUEST_ID_LENGTH)
PAGE: Final = "page"
"""The code of an answer that is not a refusal: the page of the site, at all other paths."""
SITE: Final = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{}</title></head>'
    '<body><noscript>You need to enable JavaScript to run this app.</noscript><div id="root">'
    "</div></body></html>"
)
OWN: Final = "own"
"""The param of a relay's own refusals, whose members differ from relayed ones."""


class _Relay(OpenAICompatible):
    """The common base of the relays."""

    has = OpenAICompatible.has | {"embeddings", "moderations"}
    shares_paths = True

    error_type: ClassVar[str]
    unknown_key: ClassVar[str] = "无效的令牌"
    no_quota: ClassVar[str] = "用户额度不足"
    saturated: ClassVar[str] = "当前分组上游负载已饱和，请稍后再试"  # noqa: RUF001 - the relay's own text
    no_channel: ClassVar[str] = "当前分组 default 下对于模型 {} 无可用渠道"
    pages_below_root: ClassVar[bool] = False
    """Unknown paths below `/v1` get the page, too."""

    def catalogue(self, known: Catalogue) -> Catalogue:
        """Return *known*; legacy models answer under their own names, not their engines'."""
        return known.seen_as(_unsuffixed, added=lambda model: replace(model, mode="any"))

    def incorrect_key(self, key: str) -> ApiError:
        """Return the 401, which is the same without a key."""
        del key
        return self._own(401, self.unknown_key)

    def quota_exceeded(self) -> ApiError:
        """Return the 403 of a user without quota."""
        return self._own(403, self.no_quota, "insufficient_user_quota")

    def overloaded(self, status: int | None = None) -> ApiError:
        """Return the 429 of a relay whose channels are all saturated."""
        return self._own(status or 429, self.saturated)

    def reword(self, error: ApiError, http: HttpRequest) -> ApiError:
        """Return the refusals of a relay that has no channel for a request."""
        del http
        model = unknown_model(error)
        if model is not None:
            return self._own(503, self.no_channel.format(model))
        if error.message == "you must provide a model parameter":
            return self._own(400, "model name is required")
        return error

    def unknown_path(self, http: HttpRequest) -> ApiError:
        """Return the 404 of a path below `/v1`, or the page of the site, with status 200."""
        path = http.path.removeprefix(f"/{self.kind}")
        if self.pages_below_root or not path.startswith(self.root + "/"):
            return ApiError(200, SITE.format(self.title), code=PAGE, layer="edge")
        return ApiError(404, f"Invalid URL ({http.method} {path})", layer="edge")

    def wrong_method(self, http: HttpRequest, allowed: Sequence[str]) -> ApiError:
        """Return the answer to an unknown path: another method is another path."""
        del allowed
        return self.unknown_path(http)

    def adapt(self, rendered: Rendered, answer: Answer | None, draw: Draw) -> Rendered:
        """Return a legacy answer as in the API reference, and others unchanged."""
        del draw
        if answer is None or answer.endpoint != "completions" or isinstance(rendered, EventStream):
            return rendered
        value: Json = plain(rendered.value)
        usage = value["usage"]
        if usage is not None:
            keys = ("prompt_tokens", "completion_tokens", "total_tokens")
            usage = {key: usage.get(key, 0) for key in keys}
        opening = {key: value[key] for key in ("id", "object", "created", "model")}
        fingerprint = {"system_fingerprint": answer.system_fingerprint}
        value = {**opening, **fingerprint, "choices": value["choices"], "usage": usage}
        return JsonBody(value, marks=rendered.marks)

    def head(self, rendered: Rendered, answer: Answer | None, draw: Draw) -> Head:
        """Return the status and headers of a success."""
        del answer, draw
        is_stream = isinstance(rendered, EventStream)
        kind = "text/event-stream" if is_stream else "application/json"
        return Head.of(200, _headers(kind, REQUEST_ID.mark))

    def request_id(self, draw: Draw) -> str:
        """Return the request's id: thirty digits, which begin with a date."""
        moment = datetime.fromtimestamp(draw.created(), UTC)
        return f"{moment:%Y%m%d%H%M%S}{draw.rng('relay').randrange(10**16):016}"

    def stamps(self, draw: Draw) -> Filling:
        """Return the request's id."""
        return {REQUEST_ID.mark: self.request_id(draw)}

    def render_error(self, error: ApiError, draw: Draw) -> Timeline:
        """Return *error* with the request's id after its message, or the page of the site."""
        identity = self.request_id(draw)
        if error.code == PAGE:
            payload, kind = to_bytes(error.message), "text/html; charset=utf-8"
        else:
            payload = to_bytes(compact({"error": self._error_body(error, identity)}))
            kind = "application/json; charset=utf-8"
        headers = (*_headers(kind, identity), *error.headers)
        return Head.of(error.status, headers, len(payload)), Data(payload)

    def _error_body(self, error: ApiError, identity: str) -> Json:
        message = f"{error.message} (request id: {identity})"
        if error.param == OWN:
            # Written from a map of Go's, which sorts its keys.
            own = {"code": error.code or "", "message": message, "type": self.error_type}
            return {**own, **error.added}
        return {
            "message": message,
            "type": error.type or self.error_type,
            "param": error.param or "",
            "code": error.code,
            **error.added,
        }

    def _own(self, status: int, message: str, code: str | None = None) -> ApiError:
        return ApiError(status, message, self.error_type, OWN, code, layer="edge")


class CometApi(_Relay):
    """The dialect of api.cometapi.com."""

    kind = "cometapi"
    title = "CometAPI"
    has = _Relay.has | {"responses"}
    error_type = "comet_api_error"
    unknown_key = "invalid token"
    no_quota = "user quota is not enough"
    saturated = "The upstream load of the current group is saturated, please try again later"
    no_channel = "No available channels for model {} in group default"
    pages_below_root = True


class NewApi(_Relay):
    """The dialect of relays that run new-api."""

    kind = "new_api"
    title = "New API"
    has = _Relay.has | {"responses"}
    error_type = "new_api_error"


class OneApi(_Relay):
    """The dialect of relays that run one-api."""

    kind = "one_api"
    title = "One API"
    error_type = "one_api_error"


def _unsuffixed(model: Model) -> tuple[Model, ...]:
    """Return *model*; a legacy one answers by its own name, and with a fingerprint."""
    if model.mode != "completions":
        return (model,)
    return (replace(model, answers_as=model.id, family=replace(model.family, fingerprint=True)),)


def _headers(content_type: str, identity: str) -> Headers:
    return (
        ("date", DATE.mark),
        ("content-type", content_type),
        ("x-oneapi-request-id", identity),
    )
