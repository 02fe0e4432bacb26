"""`GET /api/v1/models`: the catalogue as OpenRouter lists it, with prices, without a key.

Source:
    The openrouter Python package 1.3.84 (names and types of members).
"""

from typing import Any, Final

from mockserver.contracts import Lookup, LookupEndpoint
from mockserver.conversation import ApiError
from mockserver.models import Model
from mockserver.wire.rendered import JsonBody

Json = dict[str, Any]

ALL: Final = "/models"
COUNT: Final = "/models/count"
ONE: Final = "/models/{author}/{slug}/endpoints"
PARAMETERS: Final = (
    "frequency_penalty",
    "logit_bias",
    "max_tokens",
    "presence_penalty",
    "response_format",
    "seed",
    "stop",
    "temperature",
    "top_p",
)
CHAT_PARAMETERS: Final = ("tool_choice", "tools")


class OpenRouterModels(LookupEndpoint):
    """The catalogue: whole, its size, or the endpoints of one model."""

    kind = "openrouter.models"
    routes = (("GET", ALL), ("GET", COUNT), ("GET", ONE))
    dialects = frozenset({"openrouter"})

    def look_up(self, lookup: Lookup) -> JsonBody:
        """Return all models, how many there are, or the endpoints of the named one."""
        models = lookup.catalogue.listed()
        match lookup.route:
            case ("GET", path) if path == ALL:
                data: Any = [_entry(model) for model in models]
                page: Json = {"total_count": len(models), "links": {"next": None}}
                return JsonBody({"data": data, **page}, "models")
            case ("GET", path) if path == COUNT:
                return JsonBody({"data": {"count": len(models)}}, "models")
            case _:
                name = f"{lookup.parameters['author']}/{lookup.parameters['slug']}"
                model = lookup.catalogue.described(name)
                if model is None:
                    raise ApiError(404, f"No endpoints found for {name}.", type=None)
                return JsonBody({"data": _endpoints(model)}, "models")


def _usd(per_million: float | None) -> str:
    """Return a price per token as OpenRouter writes it: a decimal in a string."""
    text = f"{(per_million or 0.0) / 1_000_000:.12f}".rstrip("0").rstrip(".")
    return text or "0"


def _pricing(model: Model) -> Json:
    cached = model.usd_per_million_cached_in
    return {
        "prompt": _usd(model.usd_per_million_in),
        "completion": _usd(model.usd_per_million_out),
        "request": "0",
        "image": "0",
        "web_search": "0",
        "internal_reasoning": "0",
        **({} if cached is None else {"input_cache_read": _usd(cached)}),
    }


def _architecture(model: Model) -> Json:
    sees = model.family.image_tiles is not None or model.family.image_patch is not None
    inputs = ["text", "image"] if sees else ["text"]
    return {
        "modality": f"{'+'.join(inputs)}->text",
        "input_modalities": inputs,
        "output_modalities": ["text"],
        "tokenizer": "GPT",
        "instruct_type": "chatml" if model.family.mode == "completions" else None,
    }


def _parameters(model: Model) -> list[str]:
    is_chat = model.family.mode == "chat"
    return sorted((*PARAMETERS, *(CHAT_PARAMETERS if is_chat else ())))


def _entry(model: Model) -> Json:
    vendor, _, name = model.id.rpartition("/")
    return {
        "id": model.id,
        "canonical_slug": model.answers_as,
        "hugging_face_id": "",
        "name": f"{'OpenAI' if vendor == 'openai' else vendor}: {name}" if vendor else name,
        "created": model.created,
        "description": "",
        "context_length": model.context_window,
        "architecture": _architecture(model),
        "pricing": _pricing(model),
        "top_provider": {
            "context_length": model.context_window,
            "max_completion_tokens": model.max_output_tokens,
            "is_moderated": vendor == "openai",
        },
        "per_request_limits": None,
        "supported_parameters": _parameters(model),
        "default_parameters": {},
        "expiration_date": model.shutdown_date.isoformat() if model.shutdown_date else None,
        "knowledge_cutoff": None,
        "links": {"details": f"/api/v1/models/{model.answers_as}/endpoints"},
    }


def _endpoints(model: Model) -> Json:
    entry = _entry(model)
    served: Json = {
        "name": f"OpenAI | {model.answers_as}",
        "model_name": entry["name"],
        "context_length": model.context_window,
        "pricing": entry["pricing"],
        "provider_name": "OpenAI",
        "tag": "openai",
        "quantization": None,
        "max_completion_tokens": model.max_output_tokens,
        "max_prompt_tokens": None,
        "supported_parameters": entry["supported_parameters"],
        "status": 0,
        "uptime_last_30m": 100,
        "supports_implicit_caching": model.usd_per_million_cached_in is not None,
    }
    kept = ("id", "name", "created", "description", "architecture")
    return {**{key: entry[key] for key in kept}, "endpoints": [served]}
