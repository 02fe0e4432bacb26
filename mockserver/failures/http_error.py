"""The request is answered with an HTTP error, in the provider's own form or with any body."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from mockserver.contracts import UNSTATED, Distorted, Failure, Scene, Unstated
from mockserver.errors import BadValue
from mockserver.wire.jsontext import JsonValue, compact, to_bytes
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
        type: The error's type; null is sent.
        code: The error's code; a number goes out as one.
        metadata: What the error has besides, as OpenRouter's have: `raw`, `provider_name` and more.
        param: The parameter that the error names.
        body: Sent instead of the provider's error: a text, as it is, or any JSON.
        content_type: The content type of *body*; unless stated, that of HTML or of JSON.
        retry_after_s: How long the client should wait: seconds, or any text, sent as it is.
        headers: Added to the answer's headers.

    """

    kind = "http_error"
    never_null = frozenset({"message", "content_type"})
    moments = ("before_headers",)

    status: int
    message: str | None = None
    type: str | Unstated | None = UNSTATED
    code: str | int | None = None
    metadata: Mapping[str, Any] | None = None
    param: str | None = None
    body: JsonValue | Unstated = UNSTATED
    content_type: str | None = None
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
        members = ("message", "type", "code", "metadata", "param")
        stated = [key for key in members if getattr(self, key) not in (None, UNSTATED)]
        has_body = not isinstance(self.body, Unstated)
        if self.content_type is not None and not has_body:
            what = "'content_type' is that of a 'body', and there is none"
            raise BadValue("content_type", what, "state a 'body', or 'content-type' in 'headers'")
        if has_body and stated:
            what = f"'body' and '{stated[0]}' cannot be combined: 'body' is sent as it is"
            raise BadValue("body", what)
        wait_s = self.retry_after_s
        if wait_s is not None and not isinstance(wait_s, str) and not 0 <= wait_s < math.inf:
            what = f"'retry_after_s' must be at least 0, not {wait_s}"
            raise BadValue("retry_after_s", what, "to send a text as it is, put it in quotes")

    def distort(self, timeline: Timeline, scene: Scene) -> Distorted:  # noqa: ARG002 - it replaces the answer
        """Return the refusal instead of *timeline*."""
        headers = tuple(self.headers.items())
        page: str | None = None
        if not isinstance(self.body, Unstated):
            is_text = isinstance(self.body, str)
            page = self.body if is_text else compact(self.body)
            kind = "text/html" if is_text else "application/json"
            stated = kind if self.content_type is None else self.content_type
            headers = (("content-type", stated), *headers)
        known = scene.dialect.failed(self.status)
        error = replace(
            known,
            message=known.message if self.message is None else self.message,
            type=known.type if isinstance(self.type, Unstated) else self.type,
            param=self.param,
            code=self.code,
            is_stated=True,
            metadata=self.metadata,
            headers=headers,
            retry_after_s=self.retry_after_s,
            retry_after_scales=self.scale,
            page=None if page is None else to_bytes(page),
        )
        return Distorted(scene.refuse(error))
