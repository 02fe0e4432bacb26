"""Who may use the control API: no web page, and beyond loopback nobody without the token.

A page that a developer visits can make the browser send requests to servers on the same
machine. It cannot choose the `Host` (which reveals DNS rebinding), it cannot hide its `Origin`,
and it cannot send `application/json` without a preflight, which is not answered here.
"""

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from mockserver.control.problems import Refused
from mockserver.control.routes import Route
from mockserver.errors import UsageError
from mockserver.records.redaction import beginning

TOKEN_HEADER: Final = "x-mock-token"  # noqa: S105 - the name of a header
TOKEN_LENGTH: Final = 8
"""The least length of a chosen token: a shorter one can be guessed."""


def is_loopback(host: str) -> bool:
    """Return whether *host*, a name or an address, is this machine itself."""
    host = host.strip("[]").lower()
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def drawn_token() -> str:
    """Return a new token of 128 bits, in hexadecimal digits.

    So it can be an option's value, which must not begin with `-`, and a double click selects all
    of it.
    """
    return secrets.token_hex(16)


def refuse_token(token: str | None) -> None:
    """Refuse a *token* that cannot be one; None is none.

    Raises:
        UsageError: It is too short, or cannot stand in a header.

    """
    if token is None:
        return
    if not (len(token) >= TOKEN_LENGTH and token.isascii()):
        raise UsageError(f"a control token needs at least {TOKEN_LENGTH} characters, all ASCII")
    if not token.isprintable() or " " in token:
        raise UsageError("a control token must not contain spaces or unprintable characters")


@dataclass(frozen=True, slots=True)
class Access:
    """Who may use the control API: only loopback or not, with a *token* or without."""

    only_loopback: bool = True
    token: str | None = None

    @classmethod
    def of(cls, host: str, token: str | None) -> "Access":
        """Return the access for a server on *host*; beyond loopback there is always a token.

        Raises:
            UsageError: *token* is too short, or cannot stand in a header.

        """
        refuse_token(token)
        if is_loopback(host):
            return cls(only_loopback=True, token=token)
        return cls(only_loopback=False, token=token or drawn_token())

    def check(
        self,
        route: Route | None,
        headers: Mapping[str, str],
        port: int,
        *,
        has_body: bool,
        is_page: bool = False,
    ) -> None:
        """Let a request pass or refuse it, before its body is read.

        Args:
            route: The route; None: there is no such route, which only authorised clients learn.
            headers: Its headers, looked up by lower-case name.
            port: Where the server listens.
            has_body: Whether a body comes with it.
            is_page: Whether it asks for a file of the inspector: they hold nothing, and a browser
                asks for them before it knows the token.

        Raises:
            Refused: It does not pass.

        """
        if self.only_loopback:
            _check_host(headers.get("host", ""), port)
        _check_origin(headers.get("origin"))
        is_open = is_page or (route is not None and route.name == "health")
        if self.token is not None and not is_open:
            self._check_token(headers)
        if has_body or (route is not None and route.changes):
            _check_content_type(headers.get("content-type", ""))

    def _check_token(self, headers: Mapping[str, str]) -> None:
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            given = headers.get(TOKEN_HEADER, "")
        wanted = (self.token or "").encode()
        if not hmac.compare_digest(given.strip().encode("utf-8", "surrogatepass"), wanted):
            hint = f"send 'authorization: Bearer TOKEN' or '{TOKEN_HEADER}: TOKEN'"
            what = "the control API requires the token that the server printed when it started"
            raise Refused(401, "token", what, hint)


def _check_host(host: str, port: int) -> None:
    try:
        parts = urlsplit(f"//{host}")
        named, given = parts.hostname or "", parts.port
    except ValueError:
        named, given = "", None
    if not (is_loopback(named) and given == port):
        what = f"the control API answers only to localhost:{port}, not to '{beginning(host, 80)}'"
        raise Refused(403, "host", what, "use 'localhost' or '127.0.0.1'")


def _check_origin(origin: str | None) -> None:
    if origin is None:
        return
    try:
        named = urlsplit(origin).hostname or ""
    except ValueError:
        named = ""
    if not is_loopback(named):
        raise Refused(
            403, "origin", f"the control API refuses pages from '{beginning(origin, 80)}'"
        )


def _check_content_type(content_type: str) -> None:
    if content_type.partition(";")[0].strip().lower() != "application/json":
        what = "a request that changes something or has a body must be 'application/json'"
        raise Refused(415, "content-type", what, "add 'content-type: application/json'")
