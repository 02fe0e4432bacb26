"""What a model's responses say where the request says nothing: `fixtures/responses.yaml`."""

from dataclasses import dataclass

from mockserver.models import Model


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """How the models of one row answer on the Responses API.

    Attributes:
        temperature: The temperature that is repeated where none was requested.
        top_p: The share of probability that is repeated where none was requested.
        effort: The reasoning effort; None: the model does not reason.
        context: Which thoughts of earlier turns are read; None: the model does not reason.
        mode: How it reasons; None: the model does not reason, and the member is left out.
        retention: For how long prompts are cached; None: null.
        phase: Messages say whether they are commentary or the final answer.
        always_encrypted: Thoughts carry their encrypted content even if nobody asked for it.

    """

    temperature: float = 1.0
    top_p: float = 1.0
    effort: str | None = None
    context: str | None = None
    mode: str | None = None
    retention: str | None = "in_memory"
    phase: bool = False
    always_encrypted: bool = False


def defaults_of(model: Model) -> Defaults:
    """Return how *model* answers."""
    del model
    return Defaults()
