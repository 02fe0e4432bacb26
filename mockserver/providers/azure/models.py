"""`GET /openai/models`: the models that an Azure resource can deploy, as Azure describes them.

Source:
    The reference of Azure's data plane, 2024-10-21; no recorded answers.
"""

from datetime import UTC, datetime
from typing import Final

from mockserver.contracts import Lookup, LookupEndpoint
from mockserver.conversation import ApiError
from mockserver.models import Model
from mockserver.wire.jsontext import JsonValue
from mockserver.wire.rendered import JsonBody

ALL: Final = "/models"
ONE: Final = "/models/{id...}"
NEVER: Final = 1_893_456_000
"""2030-01-01: the end of inference for models without a known date."""


class AzureModels(LookupEndpoint):
    """The catalogue, whole or one by one."""

    kind = "azure.models"
    routes = (("GET", ALL), ("GET", ONE))
    dialects = frozenset({"azure"})

    def look_up(self, lookup: Lookup) -> JsonBody:
        """Return all models, or the one that *lookup* names."""
        if lookup.route == ("GET", ALL):
            entries = [_entry(model) for model in lookup.catalogue.listed()]
            return JsonBody({"data": entries, "object": "list"}, "models")
        model = lookup.catalogue.get(lookup.parameters["id"])
        if model is None:
            said = "The specified model could not be found."
            raise ApiError(
                404,
                said,
                type=None,
                code="ModelNotFound",
                layer="edge",
                unknown_model=lookup.parameters["id"],
            )
        return JsonBody(_entry(model), "models")


def _entry(model: Model) -> dict[str, JsonValue]:
    ends = NEVER
    if model.shutdown_date is not None:
        day = model.shutdown_date
        ends = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
    return {
        "capabilities": {
            "chat_completion": model.mode in ("chat", "any"),
            "completion": model.mode in ("completions", "any"),
            "embeddings": model.mode == "embeddings",
            "fine_tune": False,
            "inference": True,
        },
        "created_at": model.created,
        "deprecation": {"inference": ends},
        "id": model.id,
        "lifecycle_status": "generally-available",
        "object": "model",
        "status": "succeeded",
        "updated_at": model.created,
    }
