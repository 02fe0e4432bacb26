"""What is refused for its length: an input that has no room in the model's context."""

from mockserver.models import Model
from mockserver.protocols.openai.validation.values import Body


def check_context(body: Body, model: Model, input_tokens: int) -> None:
    """Refuse a valid *body* whose *input_tokens* exceed the context of *model*.

    Raises:
        ApiError: There is no room for the input.

    """
    del body, model, input_tokens
