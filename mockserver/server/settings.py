"""How a server is reached, apart from what it answers: control API, browsers, encryption, files."""

import ssl
from collections.abc import Callable
from dataclasses import dataclass

from mockserver.control.guard import Access
from mockserver.control.service import Service
from mockserver.engine.engine import Engine
from mockserver.errors import UsageError
from mockserver.plugins import Plugins
from mockserver.scenario.schema import Scenario
from mockserver.server.control import ControlPlane
from mockserver.server.cors import Cors
from mockserver.server.gate import Gate
from mockserver.server.upstream import Upstream
from mockserver.server.watching import Watcher
from mockserver.version import __version__


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a server is reached.

    Attributes:
        control: Whether there is a control API.
        token: What the control API wants to be sent; None: beyond loopback one is drawn, on
            loopback none is needed.
        cors: Whose pages may call the API (not the control API) from a browser; None: nobody's.
        tls: The context to encrypt by; None: plain HTTP.
        reload: Reads the server's scenario anew; None: it stands in no file.
        watcher: Looks whether that has changed; None: nobody looks.
        upstream: The server that requests may be forwarded to; None: there is none.

    """

    control: bool = True
    token: str | None = None
    cors: Cors | None = None
    tls: ssl.SSLContext | None = None
    reload: Callable[[], Scenario] | None = None
    watcher: Watcher | None = None
    upstream: Upstream | None = None

    def __post_init__(self) -> None:
        if self.token is not None and not self.control:
            raise UsageError("a control token is of no use without the control API")

    def control_plane(
        self, engine: Engine, plugins: Plugins, host: str, gate: Gate
    ) -> ControlPlane | None:
        """Return the control API of the server that listens on *host*, if it is to have one.

        It releases what is held at *gate*.

        Raises:
            UsageError: The token is none.

        """
        if not self.control:
            return None
        service = Service(engine, plugins, __version__, release=gate.release, reload=self.reload)
        return ControlPlane(service, Access.of(host, self.token))
