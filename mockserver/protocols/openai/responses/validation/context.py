"""What is refused for its length: an input that has no room in the model's context."""

from typing import Final

from mockserver.models import Model
from mockserver.protocols.openai.responses.validation.layer import by_responses
from mockserver.protocols.openai.validation import faults
from mockserver.protocols.openai.validation.restrictions import restrictions_of
from mockserver.protocols.openai.validation.values import Body

# Recorded, 2026-08, of gpt-5-nano.
_TOO_LONG: Final = (
    "Your input exceeds the context window of this model. Please adjust your input and try again."
)


@by_responses
def check_context(body: Body, model: Model, input_tokens: int) -> None:
    """Refuse a valid *body* whose *input_tokens* exceed the context of *model*.

    With `truncation: auto` the oldest items are dropped, so nothing is too long.

    Raises:
        ApiError: There is no room for the input.

    """
    window = restrictions_of(model.behaves_as).most_input or model.context_window
    if window is None or input_tokens <= window or body.get("truncation") == "auto":
        return
    raise faults.said(_TOO_LONG, "input", "context_length_exceeded")
