"""OpenRouter: one API before many providers, which normalises what they answer.

It answers 200 before it knows how things will go, and keeps the connection open by white space
and comments until then. Models are `vendor/name`, prices are told with each answer, and where a
model fails, those in `models` are asked. Sources: 935 recorded answers, 2025-01 to 2026-08; where
they differ, those since 2026-03. Refusals: recorded, or pasted in public issues.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, Final

from mockserver import tokens, validation
from mockserver.compression import middle_out
from mockserver.contracts import (
    Answer,
    AnsweredChoice,
    Chunk,
    Dialect,
    EventStream,
    Frame,
    JsonBody,
    Located,
    Rendered,
)
from mockserver.conversation import ApiError, Usage
from mockserver.framing import DONE, body_frames, comment, event, event_frames
from mockserver.http_request import HttpRequest, bearer_token
from mockserver.jsontext import Filling, JsonValue, compact, plain, to_bytes
from mockserver.models import Catalogue, Model
from mockserver.seeding import Draw, http_date
from mockserver.timeline import Data, Head, Headers, Timeline

Json = dict[str, Any]

ROOT: Final = "/api/v1"
PUBLIC: Final = ("/models", "/providers")
"""What is told to anybody, with or without a key."""
USER_ID: Final = "user_" + "mockserver".ljust(27, "0")
SHOWN: Final = 200
"""So many characters of what an application says of itself are kept."""

PADDING: Final = "\n         \n"
"""What keeps a connection open until the JSON is there; parsers skip white space."""
PADDINGS: Final = 3

CREATED: Final = {"gpt-3.5-turbo": 1_685_232_000, "gpt-3.5-turbo-instruct": 1_695_859_200}
CONTEXTS: Final = {"gpt-3.5-turbo-instruct": 4_095}
"""What the pages of models say otherwise than OpenAI."""
AUTO: Final = "openrouter/auto"
AUTO_MODEL: Final = "gpt-4o-mini"
VARIANTS: Final = re.compile(r":(free|nitro|floor|online|extended|thinking|exacto|beta)$")
COMPRESSED_BY_DEFAULT: Final = 8_192
"""Models with no larger context have their prompts compressed unless the request says otherwise."""

PROVIDERS: Final = {
    "openai": "OpenAI",
    "azure": "Azure",
    "anthropic": "Anthropic",
    "amazon-bedrock": "Amazon Bedrock",
    "google": "Google",
    "google-vertex": "Google",
    "google-ai-studio": "Google AI Studio",
    "x-ai": "xAI",
    "xai": "xAI",
    "mistralai": "Mistral",
    "mistral": "Mistral",
    "deepseek": "DeepSeek",
    "moonshotai": "Moonshot AI",
    "z-ai": "Z.AI",
    "qwen": "Alibaba",
    "meta-llama": "Together",
    "together": "Together",
    "deepinfra": "DeepInfra",
    "fireworks": "Fireworks",
    "groq": "Groq",
    "novita": "Novita",
    "openrouter": "OpenAI",
}
"""Names of providers, by their own slugs and by those of vendors of models."""
OPENAI_SERVED_BY: Final = frozenset({"openai", "azure"})

NATIVE: Final[Mapping[str, Mapping[str, str]]] = {
    "anthropic": {"stop": "end_turn", "tool_calls": "tool_use", "length": "max_tokens"},
    "google": {"stop": "STOP", "tool_calls": "STOP", "length": "MAX_TOKENS"},
    "x-ai": {"stop": "completed", "tool_calls": "completed", "length": "max_output_tokens"},
    "responses": {"stop": "completed", "tool_calls": "completed", "length": "max_output_tokens"},
}
"""How providers call the reasons to finish; those that are not here call them as OpenAI does."""
ON_RESPONSES: Final = re.compile(r"openai/(gpt-4\.1|gpt-[5-9]|o\d)")
"""Models that OpenRouter asks by OpenAI's newer endpoint: it shows in what they call things."""

INPUT_REQUIRED: Final = 'Input required: specify "prompt" or "messages"'
NO_CREDITS: Final = (
    "Insufficient credits. This account never purchased credits. Make sure your key is on the "
    "correct account or org, and if so, purchase more at https://openrouter.ai/settings/credits"
)
NO_TOOLS: Final = (
    "No endpoints found that support tool use. To learn more about provider routing, visit: "
    "https://openrouter.ai/docs/guides/routing/provider-selection"
)
NOT_ALLOWED: Final = "No allowed providers are available for the selected model."
TOO_LONG: Final = (
    "This endpoint's maximum context length is {} tokens. However, you requested about {} tokens "
    "({}). Please reduce the length of either one, or use the context-compression plugin to "
    "compress your prompt automatically."
)


class OpenRouter(Dialect):
    """The dialect of openrouter.ai."""

    kind = "openrouter"
    id_prefixes = {"chat.completions": "gen-", "completions": "gen-"}  # noqa: RUF012 - ClassVar in Dialect
    id_length = 10 + 1 + 20
    """Unix time, a dash, and twenty characters."""
    lacks = frozenset({"models", "stored_completions"})
    keeps_answers = True
    host = "openrouter.ai"
    keep_alive = "OPENROUTER PROCESSING"

    def locate(self, path: str) -> Located | None:
        """Return where *path* leads below `/api/v1`."""
        return Located(path.removeprefix(ROOT)) if path.startswith(ROOT + "/") else None

    def catalogue(self, known: Catalogue) -> Catalogue:
        """Return the models of *known* by OpenRouter's names, each on both endpoints."""
        return known.seen_as(
            _shipped,
            # What nobody knows may be any provider's: it may take any parameter.
            added=lambda model: replace(
                model,
                mode="any",
                behaves_as=model.id if "/" in model.id else f"openrouter/{model.id}",
            ),
            spelling=lambda name: VARIANTS.sub("", name),
        )

    def authenticate(self, http: HttpRequest) -> str:
        """Return the bearer token of *http*, which is not asked for where models are listed."""
        key = bearer_token(http)
        if not key and not http.path.partition(ROOT)[2].startswith(PUBLIC):
            raise _refused(401, "Missing Authentication header")
        return key

    def incorrect_key(self, key: str) -> ApiError:
        """Return the 401 of a key that belongs to nobody."""
        del key
        return _refused(401, "User not found.")

    def quota_exceeded(self) -> ApiError:
        """Return the 402 of an account without credits."""
        return _refused(402, NO_CREDITS)

    def unknown_path(self, http: HttpRequest) -> ApiError:
        """Return the 404 of a path that leads nowhere."""
        del http
        return _refused(404, "Not Found")

    def wrong_method(self, http: HttpRequest, allowed: Sequence[str]) -> ApiError:
        """Return the 405, which names the methods that would do."""
        del http
        headers = (("allow", ", ".join(allowed)),)
        return ApiError(405, "Method Not Allowed", type=None, layer="edge", headers=headers)

    def attribution(self, http: HttpRequest) -> Mapping[str, str]:
        """Return the headers by which applications show up in OpenRouter's rankings."""
        names = ("http-referer", "x-title", "x-openrouter-title")
        stated = {name: http.headers.get(name) for name in names}
        return {name: value[:SHOWN] for name, value in stated.items() if value}

    def translate(self, http: HttpRequest, endpoint: str) -> Sequence[HttpRequest]:
        """Return an attempt for each model that may answer, with input as *endpoint* takes it."""
        body = validation.read_body(http)
        _check_routing(body)
        body = _with_input(body, endpoint)
        options = body.get("stream_options") or {}
        if body.get("stream") is True and isinstance(options, dict):
            # Usage is always told, at the end of a stream too.
            body["stream_options"] = {**_record(options), "include_usage": True}
        return [
            replace(http, body=json.dumps(_fitted({**body, "model": name})).encode())
            for name in _models_of(body)
        ]

    def reword(self, error: ApiError, http: HttpRequest) -> ApiError:
        """Return the refusals that OpenRouter has words of its own for."""
        del http
        if error.code == "model_not_found":
            name = error.message.split("`")[1]
            return replace(_refused(400, f"{name} is not a valid model ID"), layer="api")
        numbers = re.findall(r"\d+", error.message)
        if "maximum context length" in error.message or error.code == "context_length_exceeded":
            window, asked, *parts = (number for number in numbers if int(number) > 0)
            told = f"{parts[0] if parts else asked} of text input"
            told += f", {parts[1]} in the output" if len(parts) > 1 else ""
            return replace(_refused(400, TOO_LONG.format(window, asked, told)), layer="api")
        return error

    def adapt(self, rendered: Rendered, answer: Answer | None, draw: Draw) -> Rendered:
        """Return *rendered* with the members that all providers' answers are given."""
        del draw
        if answer is None:
            return rendered
        if isinstance(rendered, EventStream):
            return EventStream(tuple(_stream(rendered, answer)), content_type="text/event-stream")
        return JsonBody(_body(plain(rendered.value), answer))

    def answer_id(self, answer: Answer, draw: Draw) -> str:
        """Return the id of *answer*, with the time in it at which it was made."""
        return f"gen-{answer.created}-{draw.answer_id(20)}"

    def cost_usd(self, answer: Answer) -> float:
        """Return what *answer* costs: the provider's prices, and nothing for free variants."""
        if answer.request.model.endswith(":free") or answer.usage is None:
            return 0.0
        return sum(_costs(answer, answer.usage))

    def encode(self, rendered: Rendered, draw: Draw, *, by_token: bool) -> tuple[Frame, ...]:
        """Write JSON behind white space, and events among comments."""
        if isinstance(rendered, JsonBody):
            text = compact(rendered.value, token_ends=by_token)
            # Only what models answer is waited for.
            padding = "" if rendered.layer == "models" else PADDING * PADDINGS
            return body_frames(padding + text, by_token=by_token)
        events = [event(compact(chunk.value), chunk.tokens) for chunk in rendered.chunks]
        later = draw.rng("comment").randint(1, max(1, len(events) - 1))
        waiting = comment(self.keep_alive)
        return event_frames(
            (waiting, *events[:later], waiting, *events[later:], DONE), by_token=by_token
        )

    def head(self, rendered: Rendered, answer: Answer | None, draw: Draw) -> Head:
        """Return the status and headers of a success."""
        is_stream = isinstance(rendered, EventStream)
        headers: Headers = (
            ("date", http_date(draw.created())),
            ("content-type", "text/event-stream" if is_stream else "application/json"),
            *((("cache-control", "no-cache"),) if is_stream else ()),
            *_STEADY,
            *((("x-generation-id", answer.id.mark),) if answer is not None else ()),
        )
        return Head.of(200, headers)

    def request_id(self, draw: Draw) -> str:
        """Return what tells the request apart; it is not told in a header."""
        return "req-" + draw.request_id()

    def stamps(self, draw: Draw) -> Filling:
        """Return nothing: an answer has its own id alone."""
        del draw
        return ()

    def render_error(self, error: ApiError, draw: Draw) -> Timeline:
        """Return *error*, with the account it was told to where the key is known."""
        told: Json = {"message": error.message, "code": error.status}
        body: Json = {"error": told}
        if error.status != 401:  # noqa: PLR2004 - nobody was recognised
            body["user_id"] = USER_ID
        payload = to_bytes(compact(body))
        headers: Headers = (
            ("date", http_date(draw.created())),
            ("content-type", "application/json"),
            *_STEADY,
            *error.headers,
        )
        return Head.of(error.status, headers, len(payload)), Data(payload)

    def stream_error(self, error: ApiError, chunk: Mapping[str, JsonValue]) -> bytes:
        """Return a chunk that tells of *error*: the stream has begun, and the status is sent."""
        delta = {"content": "", "role": "assistant"}
        last = {
            **{key: chunk[key] for key in _OPENING if key in chunk},
            "error": {"code": error.status, "message": error.message},
            "choices": [
                {
                    "index": 0,
                    "delta": delta,
                    "finish_reason": "error",
                    "native_finish_reason": None,
                }
            ],
        }
        return event(compact(last)).text


_OPENING: Final = ("id", "object", "created", "model", "provider")
_STEADY: Final = (
    ("access-control-expose-headers", "X-Generation-Id,X-Provider-Name,cf-ray"),
    ("referrer-policy", "no-referrer, strict-origin-when-cross-origin"),
    ("x-content-type-options", "nosniff"),
)


def _refused(status: int, message: str) -> ApiError:
    return ApiError(status, message, type=None, layer="edge")


# --- models ----------------------------------------------------------------------------------


def _shipped(model: Model) -> tuple[Model, ...]:
    """Return *model* as OpenRouter has it; the router that chooses by itself is one more."""
    if model.mode == "other":
        return ()
    family = model.family
    if model.mode == "completions":
        # OpenRouter makes a prompt of a conversation, and nobody knows which.
        family = replace(family, layout="unknown")
    slug = f"openai/{model.id}"
    ours = replace(
        model,
        id=slug,
        family=family,
        mode="any",
        behaves_as=slug,
        answers_as=_answers_as(model),
        created=CREATED.get(model.id, model.created),
        context_window=CONTEXTS.get(model.id, model.context_window),
    )
    if model.id != AUTO_MODEL:
        return (ours,)
    return ours, replace(ours, id=AUTO, behaves_as=AUTO)


def _answers_as(model: Model) -> str:
    """Return the slug that answers name: since 2026-03 that of the snapshot, for newer models."""
    if not ON_RESPONSES.match(f"openai/{model.id}") or model.id.startswith("gpt-4"):
        return f"openai/{model.id}"
    dated = re.fullmatch(r"(.+)-(\d{4})-(\d\d)-(\d\d)", model.answers_as)
    if dated is None or not re.match(r"gpt-\d\.\d", model.answers_as):
        return f"openai/{model.answers_as}"
    return f"openai/{dated[1]}-{dated[2]}{dated[3]}{dated[4]}"


@cache
def _known() -> Catalogue:
    """Return the models that ship: all whose context is known."""
    return OpenRouter().catalogue(Catalogue())


# --- requests --------------------------------------------------------------------------------


def _check_routing(body: Mapping[str, Any]) -> None:
    """Refuse what only OpenRouter asks for, where it asks for the impossible."""
    models = body.get("models")
    names = _list(models)
    if models is not None and (not names or not all(isinstance(name, str) for name in names)):
        raise _refused(400, "models: Expected a non-empty array of strings")
    preferences = body.get("provider")
    if preferences is not None and not isinstance(preferences, dict):
        raise _refused(400, f"provider: Expected object, received {type(preferences).__name__}")


def _models_of(body: Mapping[str, Any]) -> list[str]:
    """Return the models that may answer, the one that is asked first at the front."""
    stated: list[Any] = [body.get("model"), *(body.get("models") or ())]
    return list(dict.fromkeys(name for name in stated if name)) or [AUTO]


def _with_input(body: Mapping[str, Any], endpoint: str) -> Json:
    """Return *body* with the input that *endpoint* reads: either endpoint takes either."""
    made = dict(body)
    messages, prompt = body.get("messages"), body.get("prompt")
    if messages is None and prompt is None:
        raise replace(_refused(400, INPUT_REQUIRED), layer="api")
    if endpoint == "chat.completions":
        made.pop("prompt", None)
        if messages is None:
            made["messages"] = [{"role": "user", "content": prompt}]
    else:
        made.pop("messages", None)
        if prompt is None:
            made["prompt"] = _as_prompt(messages)
    return made


def _as_prompt(messages: Any) -> str:
    """Return a conversation as one text; how OpenRouter does it is not known."""
    contents = [_record(message).get("content") for message in _list(messages)]
    return "\n".join(content for content in contents if isinstance(content, str))


def _fitted(body: Json) -> Json:
    """Return *body* as it goes to its model: routed, with room for an answer, and compressed."""
    name = body["model"]
    model = _known().get(name) if isinstance(name, str) else None
    if model is None or model.context_window is None:
        return body
    _check_provider(body, model)
    if body.get("tools") and model.family.mode == "completions":
        raise replace(_refused(404, NO_TOOLS), layer="api")
    prompt = body.get("prompt")
    if isinstance(prompt, str) and body.get("max_tokens") is None:
        # Unlike OpenAI, which stops after 16 tokens.
        read = tokens.count(prompt, model.family.encoding)
        room = model.context_window - read
        body["max_tokens"] = max(1, min(room, model.max_output_tokens or room))
    messages = _list(body.get("messages"))
    if messages and _compresses(body, model) and _is_plain(messages):
        limit = body.get("max_tokens")
        room = model.context_window - (limit if isinstance(limit, int) else 0)
        body["messages"] = middle_out(messages, model, room)
    return body


def _check_provider(body: Mapping[str, Any], model: Model) -> None:
    allowed = _list(_record(body.get("provider")).get("only"))
    if allowed and model.id.startswith("openai/"):
        slugs = {str(name).partition("/")[0] for name in allowed}
        if not OPENAI_SERVED_BY & slugs:
            raise _refused(404, NOT_ALLOWED)


def _compresses(body: Mapping[str, Any], model: Model) -> bool:
    stated = body.get("transforms")
    if stated is not None:
        return "middle-out" in _list(stated)
    window = model.context_window or 0
    return window <= COMPRESSED_BY_DEFAULT


def _is_plain(messages: list[Any]) -> bool:
    """Return whether all of *messages* are texts, of which any may be left out."""
    return all(isinstance(_record(message).get("content"), str) for message in messages)


def _record(value: Any) -> Json:
    """Return *value* where it is an object, and an empty one where it is something else."""
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    """Return *value* where it is an array, and an empty one where it is something else."""
    return value if isinstance(value, list) else []


# --- answers ---------------------------------------------------------------------------------


def _provider_of(answer: Answer) -> str:
    """Return the name of the provider that serves *answer*: as preferred, or the vendor's own."""
    preferences = _record(answer.request.body.get("provider"))
    vendor = answer.request.model.partition("/")[0]
    ignored = _list(preferences.get("ignore"))
    wanted: list[Any] = [
        *_list(preferences.get("only")),
        *_list(preferences.get("order")),
        vendor,
    ]
    slugs = [str(name).partition("/")[0].lower() for name in wanted]
    slug = next((slug for slug in slugs if slug not in ignored), vendor)
    if slug == vendor == "openai" and "openai" in ignored:
        slug = "azure"
    return PROVIDERS.get(slug, slug.title())


def _native(finish: str | None, answer: Answer) -> str | None:
    vendor = answer.request.model.partition("/")[0]
    if ON_RESPONSES.match(answer.request.model):
        vendor = "responses"
    return None if finish is None else NATIVE.get(vendor, {}).get(finish, finish)


def _model_name(answer: Answer) -> str:
    """Return the slug that answers; a snapshot that a scenario names is the vendor's."""
    name = answer.model_name
    vendor, slash, _ = answer.request.model.rpartition("/")
    return name if "/" in name else f"{vendor}{slash}{name}"


def _body(value: Json, answer: Answer) -> Json:
    usage = None if answer.usage is None else _usage(answer, answer.usage)
    opening = {
        "id": answer.id,
        "object": "chat.completion",
        "created": answer.created,
        "model": _model_name(answer),
        "provider": _provider_of(answer),
    }
    fingerprint = None if ON_RESPONSES.match(answer.request.model) else answer.system_fingerprint
    if answer.endpoint == "completions":
        # In the order of 2025-12 (OpenRouterTeam/typescript-sdk#101), the only one pasted.
        order = ("id", "provider", "model", "object", "created")
        return {
            **{key: opening[key] for key in order},
            "choices": [_completed(choice, answer) for choice in value["choices"]],
            "system_fingerprint": fingerprint,
            "usage": usage,
        }
    return {
        **opening,
        "system_fingerprint": fingerprint,
        "service_tier": _tier(answer),
        "choices": [
            _chosen(shown, choice, answer)
            for shown, choice in zip(value["choices"], answer.choices, strict=True)
        ],
        "usage": usage,
    }


def _tier(answer: Answer) -> str | None:
    return answer.request.service_tier if ON_RESPONSES.match(answer.request.model) else None


def _chosen(shown: Json, choice: AnsweredChoice, answer: Answer) -> Json:
    message: Json = shown["message"]
    calls = message.get("tool_calls")
    reasoning = _reasoning(answer)
    return {
        "index": choice.index,
        "logprobs": shown.get("logprobs"),
        "finish_reason": choice.finish_reason,
        "native_finish_reason": _native(choice.finish_reason, answer),
        "message": {
            "role": "assistant",
            "content": message["content"],
            "refusal": message["refusal"],
            "reasoning": reasoning,
            **({"tool_calls": [_call(n, call) for n, call in enumerate(calls)]} if calls else {}),
            **({"reasoning_details": [_detail(reasoning, answer)]} if reasoning else {}),
        },
    }


def _call(index: int, call: Json) -> Json:
    return {"type": "function", "index": index, "id": call["id"], "function": call["function"]}


def _completed(shown: Json, answer: Answer) -> Json:
    return {
        "logprobs": shown["logprobs"],
        "finish_reason": shown["finish_reason"],
        "native_finish_reason": _native(shown["finish_reason"], answer),
        "index": shown["index"],
        "text": shown["text"],
        "reasoning": _reasoning(answer),
    }


def _reasoning(answer: Answer) -> str | None:
    """Return what was thought, unless the request wants none of it."""
    body = answer.request.body
    excluded = _record(body.get("reasoning")).get("exclude")
    return None if excluded or body.get("include_reasoning") is False else answer.reasoning


def _detail(text: str | None, answer: Answer) -> Json:
    if answer.request.model.startswith("openai/"):
        kind, member, form = "reasoning.summary", "summary", "openai-responses-v1"
    else:
        kind, member, form = "reasoning.text", "text", "unknown"
    return {"type": kind, member: text, "format": form, "index": 0}


def _costs(answer: Answer, usage: Usage) -> tuple[float, float]:
    """Return what prompt and answer cost, in USD, to the last digit that prices have."""
    model = answer.model
    read = model.cost_usd(usage.prompt_tokens, 0, usage.cached_tokens)
    return round(read, 12), round(model.cost_usd(0, usage.completion_tokens), 12)


def _usage(answer: Answer, usage: Usage) -> Json:
    is_free = answer.request.model.endswith(":free")
    read, written = (0.0, 0.0) if is_free else _costs(answer, usage)
    cost = round(read + written, 12)
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens,
        "cost": _number(cost),
        "is_byok": False,
        "prompt_tokens_details": {
            "cached_tokens": usage.cached_tokens,
            "cache_write_tokens": 0,
            "audio_tokens": usage.heard_tokens,
            "video_tokens": 0,
        },
        "cost_details": {
            "upstream_inference_cost": _number(cost),
            "upstream_inference_prompt_cost": _number(read),
            "upstream_inference_completions_cost": _number(written),
        },
        "completion_tokens_details": {
            "reasoning_tokens": usage.reasoning_tokens,
            "image_tokens": 0,
            "audio_tokens": usage.audio_tokens,
        },
    }


def _number(value: float) -> float:
    """Return *value* as JavaScript would write it: a whole number has no point."""
    return int(value) if value == int(value) else value


# --- streams ---------------------------------------------------------------------------------


def _stream(stream: EventStream, answer: Answer) -> Iterator[Chunk]:
    """Yield *stream* in OpenRouter's chunks, behind what was thought; the last one has the bill."""
    opening: Json = {
        "id": answer.id,
        "object": "chat.completion.chunk",
        "created": answer.created,
        "model": _model_name(answer),
        "provider": _provider_of(answer),
    }
    on_responses = ON_RESPONSES.match(answer.request.model) is not None
    if answer.system_fingerprint is not None and not on_responses:
        opening["system_fingerprint"] = answer.system_fingerprint
    if answer.endpoint == "chat.completions" and _reasoning(answer) and answer.reasoning:
        for piece, count in answer.reasoning.pieces:
            delta = {"reasoning": piece, "reasoning_details": [_detail(piece, answer)]}
            yield Chunk(
                {**opening, "choices": [_part({"index": 0, "delta": delta}, answer)]}, count
            )
    tier = {"service_tier": _tier(answer)} if _tier(answer) else {}
    last: list[Json] = []
    for chunk in stream.chunks:
        value: Json = plain(chunk.value)
        shown = [_part(choice, answer) for choice in value["choices"]]
        if not shown:
            usage = None if answer.usage is None else _usage(answer, answer.usage)
            yield Chunk({**opening, **tier, "choices": last[:1], "usage": usage})
        elif shown[0]["finish_reason"] is not None:
            last = shown
            yield Chunk({**opening, **tier, "choices": shown}, chunk.tokens)
        else:
            yield Chunk({**opening, "choices": shown}, chunk.tokens)


def _part(choice: Json, answer: Answer) -> Json:
    """Return one choice of a chunk; each has content and role, whatever else it adds."""
    finish: str | None = choice.get("finish_reason")
    ended = {"finish_reason": finish, "native_finish_reason": _native(finish, answer)}
    told = {"logprobs": choice["logprobs"]} if choice.get("logprobs") is not None else {}
    if "text" in choice:
        return {"index": choice["index"], "text": choice["text"], **ended, **told}
    delta: Json = choice["delta"]
    content = delta.get("content", None if "tool_calls" in delta else "")
    rest = {
        key: value
        for key, value in delta.items()
        if key not in {"content", "role"} and not (key == "refusal" and value is None)
    }
    shown = {"content": content, "role": "assistant", **rest}
    return {"index": choice["index"], "delta": shown, **ended, **told}
