"""How paths name a session: `/s/<session>/…`, or nothing for the default one."""

from typing import Final
from urllib.parse import unquote

from mockserver.records.redaction import beginning

SESSION_PREFIX: Final = "/s/"
DEFAULT_SESSION: Final = "default"
LONGEST_NAME: Final = 200
FOLDED: Final = frozenset({".", ".."})
"""Names that clients take out of a path before they send it (RFC 3986, 5.2.4)."""


def split_session(path: str) -> tuple[str, str]:
    """Return the session that *path* names, and the path below it."""
    if not path.startswith(SESSION_PREFIX):
        return DEFAULT_SESSION, path
    name, slash, rest = path.removeprefix(SESSION_PREFIX).partition("/")
    return (name, slash + rest) if name and slash else (DEFAULT_SESSION, path)


def fault_of(name: str) -> str | None:
    """Return why *name* cannot be the name of a session; None: it can."""
    named = f"'{beginning(name, 40)}' is not a valid session name"
    if unquote(name) in FOLDED:
        return f"{named}: clients take it out of a path, and would ask another session"
    if not name.strip() or "/" in name or not name.isprintable() or len(name) > LONGEST_NAME:
        return f"{named}: use 1 to {LONGEST_NAME} printable characters, without a slash"
    return None
