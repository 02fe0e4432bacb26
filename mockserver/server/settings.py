"""How a server is reached, not what it answers: control API, browsers, encryption, files."""

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from mockserver.control.guard import Access
from mockserver.control.service import Service
from mockserver.engine.engine import Engine
from mockserver.errors import UsageError
from mockserver.plugins import Plugins
from mockserver.recordings.hearing import Hearing
from mockserver.recordings.scenarios import scenario_of_one
from mockserver.scenario.schema import Scenario
from mockserver.server.changes import Changes
from mockserver.server.control import ControlPlane
from mockserver.server.cors import Cors
from mockserver.server.gate import Gate
from mockserver.server.hosts import Hosts
from mockserver.server.log import Log
from mockserver.server.recorder import Recorder
from mockserver.server.upstream import Upstream
from mockserver.server.watching import Watcher
from mockserver.server.working import Worker
from mockserver.version import __version__


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a server is reached.

    Attributes:
        control: Whether there is a control API.
        token: The token that the control API requires; None: one is generated beyond loopback,
            and none is needed on loopback.
        cors: The origin whose pages may call the API (not the control API); None: no origin.
        allow_hosts: Names besides loopback's that pages may call the server by.
        tls: The TLS context; None: plain HTTP.
        reload: Reads the server's scenario again; None: it did not come from files.
        watcher: Checks whether those files have changed; None: nothing is watched.
        upstream: The server that requests may be forwarded to; None: there is none.
        recorder: Keeps what is forwarded; None: nobody does.
        log: Where lines about calls and messages are written; None: nowhere.
        metrics: Whether there are metrics to scrape.

    """

    control: bool = True
    token: str | None = None
    cors: Cors | None = None
    allow_hosts: tuple[str, ...] = ()
    tls: ssl.SSLContext | None = None
    reload: Callable[[], Scenario] | None = None
    watcher: Watcher | None = None
    upstream: Upstream | None = None
    recorder: Recorder | None = None
    log: Log | None = None
    metrics: bool = True

    def __post_init__(self) -> None:
        if self.token is not None and not self.control:
            raise UsageError("a control token has no effect without the control API")

    def hosts(self, host: str) -> Hosts:
        """Return the names by which browsers may call the server that listens on *host*.

        Raises:
            UsageError: One of them is not a name.

        """
        return Hosts((host, *self.allow_hosts), self.cors)

    def control_plane(
        self, engine: Engine, plugins: Plugins, host: str, gate: Gate, worker: Worker
    ) -> ControlPlane | None:
        """Return the control API for the server that listens on *host*; None if it is off.

        It releases answers that *gate* holds; what takes long is for the *worker*.

        Raises:
            UsageError: The token is not a valid one.

        """
        if not self.control:
            return None
        service = Service(
            engine,
            plugins,
            __version__,
            release=gate.release,
            rule_of=partial(scenario_of_one, hearing=Hearing(plugins)),
            reload=self.reload,
        )
        changes = Changes(engine.sessions.archive)
        return ControlPlane(service, Access.of(host, self.token), worker, changes)
