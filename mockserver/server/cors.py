"""Pages in a browser that call the API: only those of the origin that the server was told of.

The control API knows nothing of this: no page may use it.
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
SIMPLE_HEADERS: Final = "authorization, content-type"


def is_preflight(request: web.BaseRequest) -> bool:
    """Return whether *request* is a browser's question whether a page may send another one."""
    asked = "access-control-request-method" in request.headers
    return request.method == "OPTIONS" and asked and "origin" in request.headers


@dataclass(frozen=True, slots=True)
class Cors:
    """What is told to browsers; *origin* is whose pages may call, `*` all."""

    origin: str

    def __post_init__(self) -> None:
        if self.origin == "*":
            return
        parts = urlsplit(self.origin)
        if parts.scheme not in {"http", "https"} or not parts.netloc or parts.path or parts.query:
            what = f"'{self.origin}' is no origin"
            raise UsageError(f"{what}: write one as 'http://localhost:3000', or '*' for all")

    def preflight(self, request: web.BaseRequest) -> Timeline:
        """Return what answers the question that *request* is."""
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
                # Chrome asks so before a page of the internet reaches a machine's own network.
                allowed = (*allowed, ("access-control-allow-private-network", "true"))
        return (Head.of(200, allowed, 0),)

    def exposed(self, timeline: Timeline, request: web.BaseRequest) -> Timeline:
        """Return *timeline*, with what lets the page that asked read it."""
        if not self._allows(request):
            return timeline
        lines = Head.of(200, (*self._allowing(), ("access-control-expose-headers", "*"))).lines
        return tuple(
            event._replace(lines=event.lines + lines) if isinstance(event, Head) else event
            for event in timeline
        )

    def _allows(self, request: web.BaseRequest) -> bool:
        origin = request.headers.get("origin")
        return origin is not None and self.origin in {"*", origin}

    def _allowing(self) -> Headers:
        if self.origin == "*":
            return (("access-control-allow-origin", "*"),)
        return (("access-control-allow-origin", self.origin), ("vary", "origin"))
