"""Blocks every connection that leaves this machine, and names the test that attempted it.

An audit hook sees what Python's sockets do, whoever uses them. It cannot be removed, so it stays
and does nothing while blocking is off. Sockets of C libraries (uvloop's, gRPC's) and of other
processes are out of its reach.
"""

import ipaddress
import sys
from typing import Any, Final

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

    def turn_on(self) -> None:
        """Start blocking."""
        self._is_on = True
        if not self._is_hooked:
            self._is_hooked = True
            sys.addaudithook(self._audit)

    def turn_off(self) -> None:
        """Stop blocking."""
        self._is_on = False

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
        if is_local(host):
            return
        where = f"{host}:{port}" if port else host
        who = f"test '{self.test}'" if self.test else "code outside any test"
        message = (
            f"{who} tried to connect to {where}, but --mock-llm-block-network allows only "
            "loopback: was a client created without the base URL of 'mock_llm'?"
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
