"""The request is answered with an HTTP error, in the provider's own form or with any body."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from mockserver.contracts import Distorted, Failure, Scene
from mockserver.errors import BadValue
from mockserver.wire.jsontext import to_bytes
from mockserver.wire.timeline import Timeline

WITHOUT_BODY = frozenset({204, 205, 304})
"""What HTTP sends without a body, so that there is no place for an error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpError(Failure):
    """Answer with an HTTP error in the provider's own form.

    A status below 400 puts the error into the body of a success, as some gateways do.

    Attributes:
        status: From 200 to 599.
        message: The error's message.
        type: The error's type.
        code: The error's code.
        param: The parameter that the error names.
        body: Sent as it is, instead of the provider's error.
        content_type: The content type of *body*.
        retry_after_s: How long the client should wait: seconds, or any text, sent as it is.
        headers: Added to the answer's headers.

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
            raise BadValue(
                "status", f"status {self.status} has no body, so it cannot carry an error"
            )
        stated = [key for key in ("message", "type", "code", "param") if getattr(self, key)]
        if self.body is not None and stated:
            what = f"'body' and '{stated[0]}' cannot be combined: 'body' is sent as it is"
            raise BadValue("body", what)
        wait_s = self.retry_after_s
        if wait_s is not None and not isinstance(wait_s, str) and not 0 <= wait_s < math.inf:
            what = f"'retry_after_s' must be at least 0, not {wait_s}"
            raise BadValue("retry_after_s", what, "to send a text as it is, put it in quotes")

    def distort(self, timeline: Timeline, scene: Scene) -> Distorted:  # noqa: ARG002 - it replaces the answer
        """Return the refusal instead of *timeline*."""
        headers = tuple(self.headers.items())
        if self.body is not None:
            headers = (("content-type", self.content_type), *headers)
        known = scene.dialect.failed(self.status)
        error = replace(
            known,
            message=self.message or known.message,
            type=self.type or known.type,
            param=self.param,
            code=self.code,
            headers=headers,
            retry_after_s=self.retry_after_s,
            retry_after_scales=self.scale,
            page=None if self.body is None else to_bytes(self.body),
        )
        return Distorted(scene.refuse(error))
