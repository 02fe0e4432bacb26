"""Turns a request to OpenRouter into attempts: one for each model that may answer it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, TypeGuard, cast

from mockserver import tokens
from mockserver.conversation import ApiError
from mockserver.models import Model
from mockserver.protocols.openai import validation
from mockserver.providers.openrouter.middle_out import middle_out
from mockserver.providers.openrouter.models import AUTO, known_models, slug_of

Json = dict[str, Any]

INPUT_REQUIRED: Final = 'Input required: specify "prompt" or "messages"'
NO_TOOLS: Final = (
    "No endpoints found that support tool use. To learn more about provider routing, visit: "
    "https://openrouter.ai/docs/guides/routing/provider-selection"
)
NOT_ALLOWED: Final = "No allowed providers are available for the selected model."
COMPRESSED_BY_DEFAULT: Final = 8_192
"""Prompts of models with at most this context are compressed by default."""

OPENAI_SERVED_BY: Final = frozenset({"openai", "azure"})


def refused(status: int, message: str) -> ApiError:
    """Return a refusal in OpenRouter's short form."""
    return ApiError(status, message, type=None, layer="edge")


def attempts(body: Mapping[str, Any], endpoint: str) -> list[Json]:
    """Return *body* for each model that may answer, with input in the form of *endpoint*.

    Raises:
        ApiError: OpenRouter would refuse it for any model.

    """
    check_routing(body)
    if endpoint == "embeddings":
        made = {key: body[key] for key in body if key in validation.EMBEDDING_MEMBERS}
        return [{**made, "model": name} for name in models_of(body)]
    made = _with_input(body, endpoint)
    options: Any = body.get("stream_options") or {}
    if body.get("stream") is True and isinstance(options, dict):
        # Usage is always sent, at the end of a stream too.
        made["stream_options"] = {**record(options), "include_usage": True}
    return [_fitted({**made, "model": name}) for name in models_of(made)]


def check_routing(body: Mapping[str, Any]) -> None:
    """Refuse invalid values of OpenRouter's own parameters."""
    models = body.get("models")
    names = items(models)
    if models is not None and (not names or not all(isinstance(name, str) for name in names)):
        raise refused(400, "models: Expected a non-empty array of strings")
    preferences = body.get("provider")
    if preferences is not None and not isinstance(preferences, dict):
        raise refused(400, f"provider: Expected object, received {type(preferences).__name__}")


def models_of(body: Mapping[str, Any]) -> list[Any]:
    """Return the models that may answer, in the order in which they are asked."""
    asked: Any = body.get("model")
    if asked is not None and not isinstance(asked, str):
        return [asked]
    named = list(dict.fromkeys(name for name in (asked, *items(body.get("models"))) if name))
    return named or [AUTO]


def _with_input(body: Mapping[str, Any], endpoint: str) -> Json:
    """Return *body* with the input that *endpoint* reads: both accept either kind."""
    made = dict(body)
    messages, prompt = body.get("messages"), body.get("prompt")
    if messages is None and prompt is None:
        raise replace(refused(400, INPUT_REQUIRED), layer="api")
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
    contents = [record(message).get("content") for message in items(messages)]
    return "\n".join(content for content in contents if isinstance(content, str))


def _fitted(body: Json) -> Json:
    """Return *body* as sent to its model: routed, with room for an answer, and compressed."""
    name = body["model"]
    model = known_models().get(slug_of(name)) if isinstance(name, str) else None
    if model is None or model.context_window is None:
        return body
    _check_provider(body, model)
    if body.get("tools") and model.family.mode == "completions":
        raise replace(refused(404, NO_TOOLS), layer="api")
    prompt = body.get("prompt")
    if isinstance(prompt, str) and body.get("max_tokens") is None:
        # Unlike OpenAI, which stops after 16 tokens.
        read = tokens.count(prompt, model.family.encoding)
        room = model.context_window - read
        body["max_tokens"] = max(1, min(room, model.max_output_tokens or room))
    messages = items(body.get("messages"))
    if messages and _compresses(body, model) and _is_plain(messages):
        limit = body.get("max_tokens")
        room = model.context_window - (limit if isinstance(limit, int) else 0)
        body["messages"] = middle_out(messages, model, room)
    return body


def _check_provider(body: Mapping[str, Any], model: Model) -> None:
    allowed = items(record(body.get("provider")).get("only"))
    if allowed and model.id.startswith("openai/"):
        slugs = {str(name).partition("/")[0] for name in allowed}
        if not OPENAI_SERVED_BY & slugs:
            raise refused(404, NOT_ALLOWED)


def _compresses(body: Mapping[str, Any], model: Model) -> bool:
    stated = body.get("transforms")
    if stated is not None:
        return "middle-out" in items(stated)
    window = model.context_window or 0
    return window <= COMPRESSED_BY_DEFAULT


def _is_plain(messages: list[Any]) -> bool:
    """Return whether all of *messages* are texts, so that any may be left out."""
    return all(isinstance(record(message).get("content"), str) for message in messages)


def record(value: Any) -> Json:
    """Return *value* if it is an object, otherwise an empty one."""
    return cast(Json, value) if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    """Return *value* if it is an array, otherwise an empty one."""
    return value if _is_array(value) else []


def _is_array(value: Any) -> TypeGuard[list[Any]]:
    return isinstance(value, list)
