"""How paths name a session: `/s/<session>/…`, or nothing for the default one."""

from typing import Final

SESSION_PREFIX: Final = "/s/"
DEFAULT_SESSION: Final = "default"


def split_session(path: str) -> tuple[str, str]:
    """Return the session that *path* names, and the path below it."""
    if not path.startswith(SESSION_PREFIX):
        return DEFAULT_SESSION, path
    name, slash, rest = path.removeprefix(SESSION_PREFIX).partition("/")
    return (name, slash + rest) if name and slash else (DEFAULT_SESSION, path)
