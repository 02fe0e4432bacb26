"""The address of a server, as people copy it from a shell, a log or a client's settings."""

from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from mockserver.environment import DEFAULT_URL
from mockserver.errors import UsageError
from mockserver.sessions.naming import DEFAULT_SESSION, split_session

BELOW_ROOT: Final = frozenset({"", "/v1", "/_mock"})
"""What is copied along: paths of `base_url` and `control_url` in the server's ready line."""


def root_of(url: str) -> SplitResult:
    """Return the root of the server at *url*: scheme and host, without `/v1`, `/_mock` or a slash.

    Raises:
        UsageError: *url* is not the address of a server, or names another place on one, such as
            a session.

    """
    try:
        parts = urlsplit(url)
        scheme, host, _ = parts.scheme, parts.hostname, parts.port
    except (ValueError, AttributeError, TypeError):  # a port of letters, or no text at all
        parts, scheme, host = urlsplit(""), "", None
    if scheme not in {"http", "https"} or host is None:
        what = f"'{url}' is not the address of a server"
        raise UsageError(f"{what}: write it like {DEFAULT_URL}")
    root = SplitResult(scheme, parts.netloc, "", "", "")
    if parts.path.rstrip("/") in BELOW_ROOT and not (parts.query or parts.fragment):
        return root
    what = f"'{url}' is not the root address of a server: write {root.geturl()}"
    session, _ = split_session(f"{parts.path}/")
    if session != DEFAULT_SESSION:
        what += f", and name the session '{unquote(session)}' separately"
    raise UsageError(what)
