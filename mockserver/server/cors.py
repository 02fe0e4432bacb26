"""Pages in a browser that call the API: only those from the origin that the server allows.

The control API takes no part in this: no page may use it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, cast
from urllib.parse import urlsplit

from aiohttp import web

from mockserver.errors import UsageError
from mockserver.wire.timeline import Head, Headers, Timeline

MAX_AGE_S: Final = "600"
METHODS: Final = "GET, POST, DELETE, HEAD"
CORS: Final = "access-control-"
SIMPLE_HEADERS: Final = "authorization, content-type"


def is_preflight(request: web.BaseRequest) -> bool:
    """Return whether *request* is a browser's preflight for another request."""
    asked = "access-control-request-method" in request.headers
    return request.method == "OPTIONS" and asked and "origin" in request.headers


@dataclass(frozen=True, slots=True)
class Cors:
    """Which pages browsers let call the server: those from *origin*, or all if it is `*`."""

    origin: str

    def __post_init__(self) -> None:
        if self.origin == "*":
            return
        parts = urlsplit(self.origin)
        if parts.scheme not in {"http", "https"} or not parts.netloc or parts.path or parts.query:
            what = f"'{self.origin}' is not an origin"
            raise UsageError(f"{what}: write 'http://localhost:3000', or '*' for any")

    def preflight(self, request: web.BaseRequest) -> Timeline:
        """Return the answer to the preflight *request*."""
        allowed: Headers = ()
        if self._allows(request):
            wanted = cast(Mapping[str, str], request.headers).get(
                "access-control-request-headers", SIMPLE_HEADERS
            )
            allowed = (
                *self._allowing(),
                ("access-control-allow-methods", METHODS),
                ("access-control-allow-headers", wanted),
                ("access-control-max-age", MAX_AGE_S),
            )
            if "access-control-request-private-network" in request.headers:
                # Chrome asks this before a page on the internet may reach a private network.
                allowed = (*allowed, ("access-control-allow-private-network", "true"))
        return (Head.of(200, allowed, 0),)

    def exposed(self, timeline: Timeline, request: web.BaseRequest) -> Timeline:
        """Return *timeline* with the headers that let the page read it."""
        if not self._allows(request):
            return timeline
        return tuple(
            self.exposed_head(event, request) if isinstance(event, Head) else event
            for event in timeline
        )

    def exposed_head(self, head: Head, request: web.BaseRequest) -> Head:
        """Return *head* with the headers that let the page read the answer."""
        if not self._allows(request):
            return head
        # What another server allows its own pages is not for this one's.
        kept = [pair for pair in head.headers if not pair[0].lower().startswith(CORS)]
        allowed = (*kept, *self._allowing(), ("access-control-expose-headers", "*"))
        return head._replace(lines=Head.of(head.status, allowed).lines)

    def _allows(self, request: web.BaseRequest) -> bool:
        origin = request.headers.get("origin")
        return origin is not None and self.origin in {"*", origin}

    def _allowing(self) -> Headers:
        if self.origin == "*":
            return (("access-control-allow-origin", "*"),)
        return (("access-control-allow-origin", self.origin), ("vary", "origin"))
