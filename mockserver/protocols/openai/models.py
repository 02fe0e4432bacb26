"""`/v1/models`: the catalogue, and deleting a fine-tuned model."""

from typing import Final

from mockserver.contracts import Lookup, LookupEndpoint
from mockserver.conversation import ApiError
from mockserver.models import Model
from mockserver.wire.jsontext import JsonValue
from mockserver.wire.rendered import JsonBody

ALL: Final = "/models"
ONE: Final = "/models/{id...}"

FINE_TUNE: Final = "ft:"

MAY_NOT_DELETE: Final = (
    "You have insufficient permissions for this operation. Missing scopes: api.delete. Check that "
    "you have the correct role in your organization (Reader, Writer, Owner), and if you're using a "
    "restricted API key, that it has the necessary scopes."
)
"""The refusal in a public test that deleted whisper-1, up to the second full stop; the rest is the
refusal for other missing scopes."""


class Models(LookupEndpoint):
    """The catalogue, whole or one by one."""

    kind = "models"
    routes = (("GET", ALL), ("GET", ONE), ("DELETE", ONE))

    def look_up(self, lookup: Lookup) -> JsonBody:
        """Return all models, or the one that *lookup* names; for a deleted one, its name."""
        catalogue = lookup.catalogue
        if lookup.route == ("GET", ALL):
            entries = [_entry(model) for model in catalogue.listed()]
            return JsonBody({"object": "list", "data": entries}, "models")
        name = lookup.parameters["id"]
        model = catalogue.get(name)
        is_deletion = lookup.route == ("DELETE", ONE)
        if model is None:
            # Single quotes and no full stop, unlike the same refusal on the other endpoints.
            raise ApiError(
                404,
                f"The model '{name}' does not exist",
                param="model",
                code="model_not_found",
                layer="api" if is_deletion else "models",
                unknown_model=name,
            )
        if not is_deletion:
            return JsonBody(_entry(model), "models")
        if not name.startswith(FINE_TUNE):
            raise ApiError(403, MAY_NOT_DELETE, layer="edge")
        return JsonBody({"id": name, "object": "model", "deleted": True})


def _entry(model: Model) -> dict[str, JsonValue]:
    return {
        "id": model.id,
        "object": "model",
        "created": model.created,
        "owned_by": model.owned_by,
        "shutdown_date": model.shutdown_date.isoformat() if model.shutdown_date else None,
    }
