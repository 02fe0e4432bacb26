"""The gateway's models: `/v4/ai/config` for the `ai` package, `/v1/models` for everybody.

Source:
    The schemas by which `@ai-sdk/gateway` 2, 3 and 4 read `config`; entries of `/v1/models`
    fetched in 2026-07 and 2026-09; the page of gpt-3.5-turbo-instruct (8K of context).
"""

from typing import Any, ClassVar, Final

from mockserver.contracts import Lookup, LookupEndpoint
from mockserver.models import Model
from mockserver.providers.vercel_gateway.refusals import model_not_found
from mockserver.providers.vercel_gateway.routing import per_token
from mockserver.providers.vercel_gateway.specifications import PATHS, path_version
from mockserver.providers.vercel_gateway.upstream import maker_of
from mockserver.wire.jsontext import JsonValue
from mockserver.wire.rendered import JsonBody

ALL: Final = "/models"
ONE: Final = "/models/{id...}"
TYPES: Final = {"embeddings": "embedding"}
"""The types of models by their modes; all others are `language`."""

SAID_OF_CONTEXT: Final = {"gpt-3.5-turbo-instruct": 8_192}
"""Context windows that the gateway lists differently from the maker, whose own limit applies."""


class GatewayConfig(LookupEndpoint):
    """The models, each with its specification."""

    kind = "gateway.config"
    routes = (("GET", "/ai/config"),)
    dialects: ClassVar[frozenset[str]] = frozenset({"vercel_gateway"})

    def look_up(self, lookup: Lookup) -> JsonBody:
        """Return all models, in the form of the version in the path."""
        specification = f"v{PATHS[path_version(lookup.http)][0]}"
        return JsonBody(
            {"models": [_configured(model, specification) for model in lookup.catalogue.listed()]}
        )


class GatewayModels(LookupEndpoint):
    """The models, listed as by OpenAI-compatible providers, with prices."""

    kind = "gateway.models"
    routes = (("GET", ALL), ("GET", ONE))
    dialects: ClassVar[frozenset[str]] = frozenset({"vercel_gateway"})

    def look_up(self, lookup: Lookup) -> JsonBody:
        """Return all models, or the one that *lookup* names."""
        if lookup.route == ("GET", ALL):
            entries = [_listed(model) for model in lookup.catalogue.listed()]
            return JsonBody({"object": "list", "data": entries})
        name = lookup.parameters["id"]
        model = lookup.catalogue.described(name)
        if model is None:
            raise model_not_found(name)
        return JsonBody(_listed(model))


def _bare(model: Model) -> str:
    return model.id.rpartition("/")[2]


def _pricing(model: Model) -> dict[str, JsonValue]:
    """Return the prices of a token; cached tokens may have their own."""
    cached = model.usd_per_million_cached_in
    return {
        "input": per_token(model.usd_per_million_in),
        "output": per_token(model.usd_per_million_out),
        **({} if cached is None else {"input_cache_read": per_token(cached)}),
    }


def _configured(model: Model, specification: str) -> dict[str, JsonValue]:
    return {
        "id": model.id,
        "name": _bare(model),
        "pricing": _pricing(model),
        "specification": {
            "specificationVersion": specification,
            "provider": maker_of(model.id),
            "modelId": model.id,
        },
        "modelType": TYPES.get(model.family.mode, "language"),
    }


def _listed(model: Model) -> dict[str, Any]:
    window = SAID_OF_CONTEXT.get(_bare(model), model.context_window)
    uses_tools = model.family.mode == "chat"
    tags = [*(["tool-use"] * uses_tools), *(["reasoning"] * model.family.reasoning)]
    return {
        "id": model.id,
        "object": "model",
        "created": model.created,
        "released": model.created,
        "owned_by": maker_of(model.id),
        "name": _bare(model),
        "description": "",
        "context_window": window or 0,
        "max_tokens": model.max_output_tokens or 0,
        "type": TYPES.get(model.family.mode, "language"),
        "tags": tags,
        "pricing": _pricing(model),
    }
