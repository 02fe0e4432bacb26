"""The layer whose refusals are in this package: it prints them in its own way."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from mockserver.conversation import ApiError

P = ParamSpec("P")
R = TypeVar("R")


def by_responses(check: Callable[P, R]) -> Callable[P, R]:
    """Return *check*, whose refusals are those of the Responses service."""

    @wraps(check)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return check(*args, **kwargs)
        except ApiError as error:
            error.layer = "responses"
            raise

    return checked
