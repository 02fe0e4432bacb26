"""Azure OpenAI: deployments in the path, JSON in alphabetical order, and findings of filters.

A gateway (keys, versions, paths, limits) is in front of the deployments. Its refusals have only a
code and a message, while those of OpenAI's validators are printed as by OpenAI. Sources:
recorded answers, 2023-09 to 2026-06; where they differ, those of 2026-05 and 2026-06, but for
the filters of a stream's tokens, which then named one of several filters or none.
"""

import re
from collections.abc import Hashable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final
from urllib.parse import parse_qs

from mockserver.contracts import Answer, Located
from mockserver.conversation import Allowance, ApiError, Usage
from mockserver.models import Catalogue, Model, hosted_by_azure
from mockserver.protocols.openai.compatible import OpenAICompatible, unknown_model, uuid_of
from mockserver.protocols.openai.marks import EMPTY_CHUNK
from mockserver.providers.azure import responses, versions
from mockserver.providers.azure.filters import found_in, found_in_piece, found_in_prompts
from mockserver.providers.azure.refusals import (
    DENIED,
    FILTERED,
    LIMIT_REACHED,
    LIMITED,
    NEWER_API,
    NO_DEPLOYMENT,
    NO_QUOTA,
    WRONG_OPERATION,
    by_gateway,
    nothing_there,
    refusal_body,
)
from mockserver.seeding import HEX, Draw
from mockserver.traffic.limits import LimitReached
from mockserver.wire.forms import PADDING
from mockserver.wire.http_request import HttpRequest, bearer_token
from mockserver.wire.jsontext import (
    PIECE,
    Filling,
    Hole,
    NumberHole,
    alphabetical,
    compact,
    in_ascii,
    plain,
    pretty,
    to_bytes,
)
from mockserver.wire.moulds import Mould, body_moulds
from mockserver.wire.rendered import Chunk, EventStream, JsonBody, Rendered
from mockserver.wire.timeline import DATE, Data, Head, Headers, Timeline

Json = dict[str, Any]

ROOT: Final = "/openai"
V1: Final = ROOT + "/v1"
DEPLOYMENTS: Final = re.compile(ROOT + r"/deployments/([^/]+)(/.+)", re.DOTALL)

OF_RESOURCES: Final = ("/responses", "/conversations")
"""How paths begin that have no deployment in front: they name it as the model (public issues)."""
ADA: Final = "ada"
"""What answers call text-embedding-ada-002 (recorded, 2023 to 2024)."""
VERSION: Final = "2024-10-21"
"""The version that hints give as an example: the last stable one."""
UNSUPPORTED: Final = "API version not supported"
V1_VERSIONS: Final = frozenset({"v1", "preview", "latest"})

REGION: Final = "East US 2"
UUID_LENGTH: Final = 36
REQUEST_ID: Final = Hole("q", UUID_LENGTH)
GATEWAY_ID: Final = Hole("g", UUID_LENGTH)
SESSION: Final = Hole("z", len("d20260101000000-") + 16)
LIMITS: Final = Hole("l", 0)
"""The place of the `x-ratelimit-*` headers, as many as there are."""
LATENCIES: Final = {
    name: NumberHole(f"w{number}", 0)
    for number, name in enumerate(
        (
            *("engine_tbt_ms", "engine_ttft_ms", "engine_ttlt_ms", "pre_inference_ms"),
            *("service_tbt_ms", "service_ttft_ms", "service_ttlt_ms", "total_duration_ms"),
            "user_visible_ttft_ms",
        )
    )
}
"""The places of the times that the engine and the service report."""
PADDED: Final = Hole("o", len(PADDING))
"""Padding is measured before the filters' findings go in, so that its rule seems broken."""


class Azure(OpenAICompatible):
    """The dialect of Azure OpenAI, by deployment and by the newer paths below `/openai/v1`."""

    kind = "azure"
    title = "Azure"
    key_form = "api-key: KEY"
    names_deployments = True
    has = frozenset(
        {
            *("chat.completions", "completions", "conversations", "embeddings", "responses"),
            *("responses.compact", "responses.input_tokens", "stored_completions"),
            "stored_responses",
        }
    )
    bills_end_of_turn = True

    def locate(self, path: str) -> Located | None:
        """Return where *path* leads; a deployment is what OpenAI calls a model."""
        if path.startswith(V1 + "/"):
            return Located(path.removeprefix(V1))
        deployment = DEPLOYMENTS.fullmatch(path)
        if deployment and not deployment[2].startswith(OF_RESOURCES):
            return Located(deployment[2], deployment[1])
        return Located(path.removeprefix(ROOT)) if path.startswith(ROOT + "/") else None

    def bases(self) -> Sequence[str]:
        """Return the root of the newer paths, and that of deployments."""
        return V1, f"{ROOT}/deployments/{{deployment}}"

    def catalogue(self, known: Catalogue) -> Catalogue:
        """Return *known* with Azure's own names for GPT-3.5, and what unknown deployments serve."""
        served = known.get(known.any_deployment) if known.any_deployment else None

        def unknown(name: str) -> Model | None:
            return served and _deployed(replace(served, id=name), known)

        return known.seen_as(
            shipped=lambda model: _with_own_name(
                replace(model, in_any_version=model.id in known.named)
            ),
            # A deployment that is like a model answers under that model's name.
            added=lambda model: _deployed(
                (unknown(model.id) if _is_nameless(model) else None) or model, known
            ),
            unknown=unknown,
        )

    def authenticate(self, http: HttpRequest) -> str:
        """Return the key in `api-key`, or a bearer token (of Entra ID, or of OpenAI's clients)."""
        key = http.headers.get("api-key", "").strip() or bearer_token(http)
        if not key:
            raise self.incorrect_key(key)
        return key

    def incorrect_key(self, key: str) -> ApiError:
        """Return the 401, which is the same without a key."""
        del key
        return by_gateway(401, "401", DENIED)

    def quota_exceeded(self) -> ApiError:
        """Return the 429 of a subscription without quota."""
        return by_gateway(429, "429", NO_QUOTA)

    def content_filtered(self) -> ApiError:
        """Return the refusal of a prompt by a content filter."""
        return replace(OpenAICompatible.content_filtered(self), message=FILTERED)

    def rate_limited(self, reached: LimitReached) -> ApiError:
        """Return the 429 of the gateway, which counts tokens or calls."""
        http = reached.asked
        version = _stated_version(http) if http is not None else None
        what = LIMITED.format(
            deployment=reached.model,
            model=_own_name(reached.behaves_as or reached.model),
            region=REGION,
            counted="call" if reached.of == "requests" else "token",
            operation=_operation(http),
            api=f"Azure OpenAI API version {version}" if version else NEWER_API,
            wait=_seconds(-(-reached.wait_ms // 1_000)),
        )
        return replace(by_gateway(429, LIMIT_REACHED, what), allowances=reached.allowances)

    def overloaded(self, status: int | None = None) -> ApiError:
        """Return the refusal by an overloaded region."""
        return by_gateway(
            status or 503,
            "ServiceUnavailable",
            "The service is temporarily unable to process your request. Please try again later.",
        )

    def admit(self, http: HttpRequest) -> None:
        """Refuse a version of the API that does not exist."""
        version = _stated_version(http)
        if _own_path(http).startswith((V1 + "/", "/v1/")):
            if version is not None and version not in V1_VERSIONS:
                hint = f"below {V1} there is no api-version '{version}': leave it out"
                raise replace(by_gateway(400, "BadRequest", UNSUPPORTED), hint=hint)
            return
        if version is None:
            hint = f"the query has no api-version: add one, as with ?api-version={VERSION}"
            raise replace(nothing_there(), hint=hint)
        if not versions.exists(version):
            nearest = versions.nearest(version) or f"a known one is {VERSION}"
            hint = f"there is no api-version '{version}': {nearest}"
            raise replace(by_gateway(400, "BadRequest", UNSUPPORTED), hint=hint)
        versions.refuse_older(_own_path(http).removeprefix(ROOT), version)

    def admit_to(self, http: HttpRequest, model: Model) -> None:
        """Refuse what the version of the API lacks: models, parameters, and values of some."""
        version = _stated_version(http)
        if version is not None:
            versions.refuse_lacking(http, version, model)

    def reword(self, error: ApiError, http: HttpRequest) -> ApiError:
        """Return the refusal of a model in the gateway's words, and others unchanged."""
        path = _own_path(http)
        deployment = DEPLOYMENTS.fullmatch(path)
        name = unknown_model(error)
        if name is not None:
            what = name if deployment is None else deployment[1]
            if deployment and deployment[2] == "/embeddings":
                # Recorded, 2024: the gateway's own form.
                refused = by_gateway(404, "DeploymentNotFound", NO_DEPLOYMENT)
            elif deployment or error.layer == "responses":
                refused = ApiError(404, NO_DEPLOYMENT, code="DeploymentNotFound", layer="edge")
            else:
                refused = by_gateway(400, "unknown_model", f"Unknown model: {name}")
            return replace(refused, unknown_model=what)
        if error.about is not None:
            operation = _WORDS[_asked(path)]
            what = WRONG_OPERATION.format(operation, _own_name(error.about))
            return by_gateway(400, "OperationNotSupported", what)
        return error

    def unknown_path(self, http: HttpRequest) -> ApiError:
        """Return the 404, which does not name the path."""
        del http
        return nothing_there()

    def wrong_method(self, http: HttpRequest, allowed: Sequence[str]) -> ApiError:
        """Return the 404: to the gateway, another method is another path."""
        del http, allowed
        return nothing_there()

    def adapt(self, rendered: Rendered, answer: Answer | None, draw: Draw) -> Rendered:
        """Return *rendered* with the filters' findings, and its members in alphabetical order."""
        del draw
        if answer is not None and answer.endpoint == "responses":
            return responses.adapted(rendered, answer)
        if isinstance(rendered, EventStream):
            # What was streamed before is as it went out then.
            return rendered if answer is None else _stream(rendered, answer)
        if rendered.layer == "responses" or (answer and answer.endpoint == "embeddings"):
            return rendered
        value = plain(rendered.value)
        if answer is None:
            return JsonBody(alphabetical(value), rendered.layer)
        for shown, choice in zip(value["choices"], answer.choices, strict=True):
            shown["content_filter_results"] = found_in(choice)
            shown.setdefault("logprobs", None)
            if choice.finish_reason == "content_filter" and not choice.text:
                # Recorded once (lmnr-python, 2024-04): there is no message at all.
                shown.pop("message", None)
        if value["usage"] is not None and answer.endpoint == "chat.completions":
            value["usage"]["latency_checkpoint"] = LATENCIES
        value["prompt_filter_results"] = None
        value = alphabetical(value)
        value["prompt_filter_results"] = found_in_prompts(answer)
        return JsonBody(value, rendered.layer, rendered.marks)

    def spelled_by(self, answer: Answer) -> Hashable:
        """Return how many prompts there are: the filters report on each."""
        return len(answer.request.prompts)

    def particulars(self, answer: Answer, draw: Draw) -> Filling:
        """Return what the deployment reports about itself, and what is left of limits."""
        filling = {LIMITS.mark: _limit_lines(answer.allowances).decode("latin-1")}
        if answer.endpoint == "responses":
            return {**filling, **responses.lengths(answer)}
        filling[SESSION.mark] = _model_session(draw)
        if answer.usage is not None and answer.endpoint == "chat.completions":
            times = _latencies(answer.usage, draw)
            filling |= {hole.mark: str(times[name]) for name, hole in LATENCIES.items()}
        return filling

    def encode(self, rendered: Rendered, *, by_token: bool) -> tuple[Mould, ...]:
        """Write all JSON without white space, and a newline after it; but responses as OpenAI."""
        if isinstance(rendered, JsonBody) and rendered.layer == "responses":
            text = in_ascii(pretty(rendered.value, token_ends=by_token))
            return body_moulds(text, rendered.marks, by_token=by_token)
        if isinstance(rendered, JsonBody):
            text = compact(rendered.value, token_ends=by_token)
            if rendered.layer != "vectors":
                text += "\n"
            return body_moulds(text, rendered.marks, by_token=by_token)
        return OpenAICompatible.encode(self, rendered, by_token=by_token)

    def head(self, rendered: Rendered, answer: Answer | None, draw: Draw) -> Head:
        """Return the status and headers of a success."""
        del draw
        is_stream = isinstance(rendered, EventStream)
        kind = "text/event-stream; charset=utf-8" if is_stream else "application/json"
        headers: Headers = (
            ("date", DATE.mark),
            ("content-type", kind),
            ("apim-request-id", GATEWAY_ID.mark),
            ("strict-transport-security", "max-age=31536000; includeSubDomains; preload"),
            ("x-content-type-options", "nosniff"),
            ("x-ms-region", REGION),
            ("x-request-id", REQUEST_ID.mark),
        )
        head = Head.of(200, headers if answer is None else (*headers, *_of_deployment(answer)))
        return head if answer is None else head._replace(lines=head.lines + LIMITS.mark.encode())

    def request_id(self, draw: Draw) -> str:
        """Return the request's id, a UUID."""
        return uuid_of(draw.request_id())

    def stamps(self, draw: Draw) -> Filling:
        """Return the ids of the request and of the gateway's own."""
        return {
            REQUEST_ID.mark: self.request_id(draw),
            GATEWAY_ID.mark: uuid_of(draw.text("apim", 32, HEX)),
        }

    def limit_lines(self, allowances: tuple[Allowance, ...]) -> bytes:
        """Return the `x-ratelimit-*` headers."""
        return _limit_lines(allowances)

    def render_error(self, error: ApiError, draw: Draw) -> Timeline:
        """Return *error* as the gateway or the deployment writes it."""
        payload = to_bytes(refusal_body(error))
        headers: Headers = (
            ("date", DATE.mark),
            # Recorded (openllmetry, 2026-03): this one states no content type.
            *(
                ()
                if error.code == "DeploymentNotFound"
                else (("content-type", "application/json"),)
            ),
            ("apim-request-id", uuid_of(draw.text("apim", 32, HEX))),
            ("strict-transport-security", "max-age=31536000; includeSubDomains; preload"),
            ("x-content-type-options", "nosniff"),
            ("x-ms-region", REGION),
            *((("x-ms-rai-invoked", "true"),) if error.code == "content_filter" else ()),
            ("x-request-id", self.request_id(draw)),
            *error.headers,
        )
        is_chunked = error.code == "DeploymentNotFound"
        return Head.of(error.status, headers, None if is_chunked else len(payload)), Data(payload)


# --- models ----------------------------------------------------------------------------------


def _own_name(name: str) -> str:
    """Return Azure's name of the model *name*: names of deployments have no dots."""
    return "gpt-35-turbo" if re.fullmatch(r"gpt-3\.5-turbo(-16k)?(-\d{4})?", name) else name


# Source: Microsoft's list of the models that the Responses API has, 2026-08, as quoted in
# truefoundry/models#2007: of those for chat it lacks these, unlike OpenAI's.
ONLY_CHAT: Final = re.compile(r"gpt-(3\.5|35|4)(-|$)")


def _hosted(model: Model) -> Model:
    """Return *model* as Azure hosts it: how it bills, and where it answers."""
    answers = ONLY_CHAT.match(model.behaves_as) is None
    return replace(model, family=hosted_by_azure(model.family), on_responses=answers)


def _answering_name(name: str) -> str:
    """Return what answers of the model *name* call it."""
    return ADA if name.startswith("text-embedding-ada-002") else _own_name(name)


def _with_own_name(model: Model) -> tuple[Model, ...]:
    model = _hosted(replace(model, answers_as=_answering_name(model.answers_as)))
    if model.id == "codex-mini-latest":
        # 14 recorded answers, 2025-11 and 2025-12.
        return model, replace(model, id="codex-mini", behaves_as="codex-mini")
    if model.answers_as == ADA:
        return model, replace(model, id=ADA)
    if not model.id.startswith("gpt-3.5"):
        return (model,)
    alias = model.id.replace("gpt-3.5", "gpt-35", 1)
    answers_as = model.answers_as.replace("gpt-3.5", "gpt-35", 1).partition(":")[0]
    return model, replace(model, id=alias, answers_as=answers_as)


def _deployed(model: Model, known: Catalogue) -> Model:
    """Return *model* under the name that answers of the one that it is like have."""
    answers_as = _answering_name(known.resolve(model.behaves_as).answers_as)
    return _hosted(replace(model, answers_as=answers_as))


def _is_nameless(model: Model) -> bool:
    """Return whether nothing is known of *model*: it is like no other, nor is its name."""
    return model.behaves_as == model.id and model.family.name == "unknown"


def _stated_version(http: HttpRequest) -> str | None:
    """Return the version of the API in the query of *http*; None: there is none, or it is empty."""
    return parse_qs(http.query).get("api-version", [None])[0]


def _operation(http: HttpRequest | None) -> str:
    return "ChatCompletions_Create" if http is None else _OPERATIONS[_asked(http.path)]


def _asked(path: str) -> str:
    """Return what is asked at *path*: `chat`, `completions` or `embeddings`."""
    if "/chat/" in path:
        return "chat"
    return "embeddings" if path.endswith("/embeddings") else "completions"


_OPERATIONS: Final = {
    "chat": "ChatCompletions_Create",
    "completions": "Completions_Create",
    "embeddings": "Embeddings_Create",
}
_WORDS: Final = {"chat": "chatCompletion", "completions": "completion", "embeddings": "embeddings"}
"""What the gateway calls the operations, in two kinds of refusals."""


def _seconds(count: int) -> str:
    return "1 second" if count == 1 else f"{count} seconds"


def _own_path(http: HttpRequest) -> str:
    """Return the path of *http* without the provider's name in front of it."""
    return http.path[max(0, http.path.find(ROOT + "/")) :]


# --- streams ---------------------------------------------------------------------------------


def _stream(stream: EventStream, answer: Answer) -> EventStream:
    """Return *stream* after a chunk on the prompt, with the findings on each piece of text."""
    opening: Json = {"choices": [], "created": 0, "id": "", "model": "", "object": ""}
    chunks = [Chunk({**opening, "prompt_filter_results": found_in_prompts(answer)}, 0, EMPTY_CHUNK)]
    for chunk in stream.chunks:
        value: Json = plain(chunk.value)
        measured: int | None = None
        if stream.obfuscated:
            measured = len(compact(value).replace(PIECE, ""))
            value["obfuscation"] = PADDED
        for shown in value["choices"]:
            shown["content_filter_results"] = found_in_piece(shown)
            shown.setdefault("logprobs", None)
        if value.get("usage") is not None and answer.endpoint == "chat.completions":
            value["latency_checkpoint"] = LATENCIES
        chunks.append(chunk._replace(value=alphabetical(value), measured=measured))
    return EventStream(chunks, end=stream.end)


# --- what a deployment reports about itself --------------------------------------------------


def _latencies(usage: Usage, draw: Draw) -> dict[str, int]:
    """Return the times that the engine and the service report (since 2026-05)."""
    rng = draw.rng("latency")
    engine_ttft, per_token, before = rng.randint(30, 80), rng.randint(9, 14), rng.randint(80, 260)
    engine_total = engine_ttft + per_token * usage.completion_tokens
    total = before + engine_total + rng.randint(1, 50)
    return {
        "engine_tbt_ms": per_token,
        "engine_ttft_ms": engine_ttft,
        "engine_ttlt_ms": engine_total,
        "pre_inference_ms": before,
        "service_tbt_ms": per_token,
        "service_ttft_ms": before + engine_ttft + 200,
        "service_ttlt_ms": total + 150,
        "total_duration_ms": total,
        "user_visible_ttft_ms": engine_ttft + 300,
    }


def _model_session(draw: Draw) -> str:
    rng = draw.rng("model-session")
    fields = (rng.randint(1, 12), rng.randint(1, 28), rng.randint(0, 23), rng.randint(0, 59))
    session = "d2026" + "".join(f"{field:02}" for field in (*fields, rng.randint(0, 59)))
    return f"{session}-{draw.text('model-session', 16, HEX)}"


def _of_deployment(answer: Answer) -> Headers:
    if answer.endpoint == "responses":
        # In the order of 2026-08 (8 of 8).
        return (
            ("x-ms-aoai-configured-data-retention-days", "30"),
            ("x-ms-is-spilled-over", "false"),
            ("x-ms-served-model", answer.model.answers_as),
            ("x-ratelimit-abusepenalty-active", "False"),
            ("x-ratelimit-key", answer.request.model),
        )
    if answer.endpoint == "embeddings":
        # Recorded, 2026-06: no filter looks at what is embedded.
        return (
            ("azureml-model-session", SESSION.mark),
            ("x-ms-deployment-name", answer.request.model),
            ("x-ms-served-model", f"{answer.model_name}-1"),
        )
    return (
        ("azureml-model-session", SESSION.mark),
        ("x-accel-buffering", "no"),
        ("x-ms-deployment-name", answer.request.model),
        ("x-ms-is-spilled-over", "false"),
        ("x-ms-rai-invoked", "true"),
        ("x-ms-served-model", answer.model_name),
        ("x-ratelimit-abusepenalty-active", "False"),
        ("x-ratelimit-key", answer.request.model),
    )


@lru_cache(maxsize=4_096)
def _limit_lines(allowances: tuple[Allowance, ...]) -> bytes:
    return Head.of(200, _limit_headers(allowances)).lines


def _limit_headers(allowances: tuple[Allowance, ...]) -> Headers:
    return (
        *((f"x-ratelimit-limit-{of.of}", str(of.limit)) for of in allowances),
        *((f"x-ratelimit-remaining-{of.of}", str(of.remaining)) for of in allowances),
        *((f"x-ratelimit-renewalperiod-{of.of}", "60") for of in allowances),
        # Whole seconds here, and no unit.
        *((f"x-ratelimit-reset-{of.of}", str(of.reset_ms // 1_000)) for of in allowances),
    )
