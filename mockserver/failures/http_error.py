"""The request is answered by an HTTP error: in the dialect's own shape, or by any body."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from mockserver.contracts import Distorted, Failure, Scene
from mockserver.conversation import ApiError
from mockserver.errors import BadValue
from mockserver.jsontext import to_bytes
from mockserver.timeline import Data, Head, Timeline

OPENAI_500 = (
    "The server had an error processing your request. Sorry about that! You can retry your "
    "request, or contact us through our help center at help.openai.com if you keep seeing this "
    "error."
)
OPENAI_503 = (
    "The server is currently overloaded with other requests. Sorry about that! You can retry "
    "your request, or contact us through our help center at help.openai.com if the error persists."
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
    503: OPENAI_503,
}
SERVER_ERRORS = 500
EDGE_STATUSES = frozenset({401, 403, 404, 429})
"""What providers refuse before the API itself is asked: keys, permissions, names, limits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpError(Failure):
    """Answer with *status*, and with *message*, *type*, *code* and *param* as the dialect says it.

    A *body* goes out as it is instead, under *content_type*. *headers* are added.
    """

    kind = "http_error"
    movable: ClassVar[bool] = False

    status: int
    message: str | None = None
    type: str | None = None
    code: str | None = None
    param: str | None = None
    body: str | None = None
    content_type: str = "text/html"
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        super(HttpError, self).__post_init__()
        if not 400 <= self.status <= 599:  # noqa: PLR2004 - HTTP's errors
            raise BadValue("status", f"'status' must be from 400 to 599, not {self.status}")
        stated = [key for key in ("message", "type", "code", "param") if getattr(self, key)]
        if self.body is not None and stated:
            raise BadValue("body", f"'body' goes out as it is: '{stated[0]}' has no place in it")

    def distort(self, timeline: Timeline, scene: Scene) -> Distorted:  # noqa: ARG002 - it replaces the answer
        """Return the refusal instead of *timeline*."""
        headers = tuple(self.headers.items())
        if self.body is not None:
            payload = to_bytes(self.body)
            stated = (("content-type", self.content_type), *headers)
            head = Head.of(self.status, stated, len(payload))
            return Distorted((head, Data(payload)))
        is_servers = self.status >= SERVER_ERRORS
        error = ApiError(
            self.status,
            self.message or MESSAGES.get(self.status, OPENAI_500),
            self.type or ("server_error" if is_servers else "invalid_request_error"),
            self.param,
            self.code,
            layer="edge" if self.status in EDGE_STATUSES else "api",
            headers=headers,
        )
        return Distorted(scene.dialect.render_error(error, scene.draw))
