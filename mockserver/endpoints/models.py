"""`GET /v1/models` and `GET /v1/models/{id}`: what the server knows."""

from collections.abc import Mapping

from mockserver.contracts import JsonBody, LookupEndpoint
from mockserver.conversation import ApiError
from mockserver.jsontext import JsonValue
from mockserver.models import Catalogue, Model


class Models(LookupEndpoint):
    """The catalogue, whole or one by one."""

    kind = "models"
    routes = (("GET", "/models"), ("GET", "/models/{id}"))

    def look_up(self, parameters: Mapping[str, str], catalogue: Catalogue) -> JsonBody:
        """Return all models, or the one that *parameters* name."""
        name = parameters.get("id")
        if name is None:
            return JsonBody(
                {"object": "list", "data": [_entry(model) for model in catalogue.listed()]}
            )
        model = catalogue.get(name)
        if model is None:
            # Single quotes and no full stop, unlike the same refusal on the other endpoints:
            # recorded answer of DELETE /v1/models/{id}.
            raise ApiError(
                404, f"The model '{name}' does not exist", param="model", code="model_not_found"
            )
        return JsonBody(_entry(model))


def _entry(model: Model) -> dict[str, JsonValue]:
    return {
        "id": model.id,
        "object": "model",
        "created": model.created,
        "owned_by": model.owned_by,
        "shutdown_date": model.shutdown_date.isoformat() if model.shutdown_date else None,
    }
