"""Blocks every connection that leaves this machine, and names the test that attempted it.

An audit hook sees what Python's sockets do, whoever uses them. It cannot be removed, so it stays
and does nothing while blocking is off. Sockets of C libraries (uvloop's, gRPC's) and of other
processes are out of its reach.
"""

import ipaddress
import socket
import sys
from typing import Any, Final, cast
from urllib.parse import urlsplit

# pytest.fail.Exception, by the name that type checkers know.
from _pytest.outcomes import Failed

WATCHED: Final = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
NAMES: Final = frozenset({"socket.getaddrinfo", "socket.gethostbyname"})
LOCAL_NAMES: Final = frozenset({"localhost", "localhost.localdomain", "ip6-localhost", ""})


class NetworkBlocked(Failed):
    """A test tried to use the network; a client's `except Exception` does not swallow this."""


class Blocker:
    """Blocks connections while it is on; remembers what it blocked."""

    def __init__(self) -> None:
        self.test: str | None = None
        self.stopped: list[str] = []
        self._is_on = False
        self._is_hooked = False
        self._allowed: tuple[str, int] | None = None
        self._addresses: set[str] = set()
        self._resolve = socket.getaddrinfo

    def turn_on(self, upstream: str | None = None) -> None:
        """Start blocking; the host and port of the URL *upstream* are let through."""
        self._is_on = True
        if upstream is not None:
            self._let_through(upstream)
        if not self._is_hooked:
            self._is_hooked = True
            sys.addaudithook(self._audit)

    def turn_off(self) -> None:
        """Stop blocking, and forget what was blocked."""
        self._is_on = False
        self.take_stopped()
        if self._allowed is not None:
            self._allowed = None
            self._addresses.clear()
            socket.getaddrinfo = self._resolve

    def _let_through(self, upstream: str) -> None:
        """Let connections to the host and port of *upstream* through: to what the host resolves to.

        An audit hook sees names before they are resolved, and not what comes of that.
        """
        try:
            parts = urlsplit(upstream)
            host, port = (
                parts.hostname or "",
                parts.port or (443 if parts.scheme == "https" else 80),
            )
        except ValueError:
            return  # whoever connects to it reports that it is no URL
        self._allowed = (host, port)
        self._addresses = {host}
        self._resolve = resolve = socket.getaddrinfo

        def resolving(name: Any, service: Any, *arguments: Any, **options: Any) -> Any:
            found = resolve(name, service, *arguments, **options)
            if self._is_upstream(name, service):
                self._addresses.update(str(address[0]) for *_, address in found)
            return found

        socket.getaddrinfo = cast(Any, resolving)

    def _is_upstream(self, name: object, service: object) -> bool:
        host = name.decode("ascii", "replace") if isinstance(name, bytes) else str(name)
        host, port = host.lower().rstrip("."), str(service)
        return self._allowed is not None and (host, port) == (
            self._allowed[0],
            str(self._allowed[1]),
        )

    def take_stopped(self) -> list[str]:
        """Return what was blocked since the last call of this."""
        stopped, self.stopped = self.stopped, []
        return stopped

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._is_on:
            return
        if event in WATCHED:
            # Unix sockets have a path instead, and connected ones no address.
            match arguments:
                case (_, (host, *rest), *_):
                    self._refuse_beyond(str(host), *map(str, rest[:1]))
                case _:
                    pass
        elif event in NAMES:
            host = arguments[0]
            name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
            if name is not None:
                self._refuse_beyond(str(name), arguments[1] if len(arguments) > 1 else "")

    def _refuse_beyond(self, host: str = "", port: object = "") -> None:
        if is_local(host) or self._is_upstream(host, port):
            return
        if self._allowed is not None and host in self._addresses and port == str(self._allowed[1]):
            return
        where = f"{host}:{port}" if port else host
        who = f"test '{self.test}'" if self.test else "code outside any test"
        allowed = "loopback"
        if self._allowed is not None:
            allowed += f" and {self._allowed[0]}:{self._allowed[1]}"
        message = (
            f"{who} tried to connect to {where}, but --mock-llm-block-network allows only "
            f"{allowed}: was a client created without the base URL of 'mock_llm'?"
        )
        self.stopped.append(message)
        raise NetworkBlocked(message, pytrace=True)


def is_local(host: str) -> bool:
    """Return whether *host* is on this machine, by its name alone."""
    if host.lower() in LOCAL_NAMES or host.lower().endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified
