"""The request is answered by an HTTP error: in the dialect's own shape, or by any body."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from mockserver.contracts import Distorted, Failure, Scene
from mockserver.conversation import ApiError
from mockserver.errors import BadValue
from mockserver.protocols.openai.refusals import OVERLOADED
from mockserver.wire.jsontext import to_bytes
from mockserver.wire.timeline import Timeline

OPENAI_500 = (
    "The server had an error processing your request. Sorry about that! You can retry your "
    "request, or contact us through our help center at help.openai.com if you keep seeing this "
    "error."
)
MESSAGES = {
    400: "The request could not be understood.",
    401: "Incorrect API key provided.",
    403: "You are not allowed to make this request.",
    404: "The resource was not found.",
    408: "The request timed out.",
    409: "The request conflicts with another one.",
    422: "The request could not be carried out.",
    429: "Too many requests.",
    503: OVERLOADED,
}
CLIENT_ERRORS = range(400, 500)
EDGE_STATUSES = frozenset({401, 403, 404, 429})
"""What providers refuse before the API itself is asked: keys, permissions, names, limits."""
WITHOUT_BODY = frozenset({204, 205, 304})
"""What HTTP sends without a body, so that it tells of no error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpError(Failure):
    """Answer with *status*, and with *message*, *type*, *code* and *param* as the dialect says it.

    A *body* goes out as it is instead, under *content_type*. *retry_after_s* asks the client to
    wait: so many seconds, or any text. *headers* are added. A status below 400 tells of the error
    in the body of a success, as some gateways do.
    """

    kind = "http_error"
    moments = ("before_headers",)

    status: int
    message: str | None = None
    type: str | None = None
    code: str | None = None
    param: str | None = None
    body: str | None = None
    content_type: str = "text/html"
    retry_after_s: float | str | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        super(HttpError, self).__post_init__()
        if not 200 <= self.status <= 599:  # noqa: PLR2004 - HTTP's final statuses
            raise BadValue("status", f"'status' must be from 200 to 599, not {self.status}")
        if self.status in WITHOUT_BODY:
            raise BadValue("status", f"HTTP sends {self.status} without a body: it tells nothing")
        stated = [key for key in ("message", "type", "code", "param") if getattr(self, key)]
        if self.body is not None and stated:
            raise BadValue("body", f"'body' goes out as it is: '{stated[0]}' has no place in it")
        wait_s = self.retry_after_s
        if wait_s is not None and not isinstance(wait_s, str) and not 0 <= wait_s < math.inf:
            what = f"'retry_after_s' must be at least 0, not {wait_s}"
            raise BadValue("retry_after_s", what, "text goes out as it is: put it in quotes")

    def distort(self, timeline: Timeline, scene: Scene) -> Distorted:  # noqa: ARG002 - it replaces the answer
        """Return the refusal instead of *timeline*."""
        is_clients = self.status in CLIENT_ERRORS
        headers = tuple(self.headers.items())
        if self.body is not None:
            headers = (("content-type", self.content_type), *headers)
        error = ApiError(
            self.status,
            self.message or MESSAGES.get(self.status, OPENAI_500),
            self.type or ("invalid_request_error" if is_clients else "server_error"),
            self.param,
            self.code,
            layer="edge" if self.status in EDGE_STATUSES else "api",
            headers=headers,
            retry_after_s=self.retry_after_s,
            retry_after_scales=self.scale,
            page=None if self.body is None else to_bytes(self.body),
        )
        return Distorted(scene.refuse(error))
