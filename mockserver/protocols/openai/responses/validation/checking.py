"""What is refused on `POST /v1/responses`, in the order in which it is reported."""

from mockserver.models import Model
from mockserver.protocols.openai.validation.values import Body


def check_responses(body: Body, model: Model, sent: bytes | None = None) -> None:
    """Refuse a *body* that the provider would refuse of *model*, whatever it is billed.

    *sent* is the same as JSON, where it was read from JSON: that can be looked at faster. Calls
    and their outputs are paired unless the body refers to anything that is stored; then only
    `check_pairs` of the whole history can tell.

    Raises:
        ApiError: The first fault, in the provider's order.

    """
    del body, model, sent
