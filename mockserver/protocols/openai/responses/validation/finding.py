"""Which model a request names, and whether it answers here."""

from mockserver.models import Catalogue, Model
from mockserver.protocols.openai import validation
from mockserver.protocols.openai.validation.values import Body


def find_model(body: Body, catalogue: Catalogue, model_in_path: str | None = None) -> Model:
    """Return the model that *body* names, or the one in the path, which takes precedence.

    Raises:
        ApiError: There is none, or it does not answer here.

    """
    return validation.find_model(body, catalogue, "chat", model_in_path)
