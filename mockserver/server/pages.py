"""The inspector's files over HTTP: a page that reads the control API, and where browsers find it.

The files hold nothing of what the server has seen, so that a browser may load them before it has
the token. What the page may do is in `POLICY`: it runs its own script, and asks this server alone.
"""

from collections.abc import Mapping
from functools import cache
from typing import Final
from urllib.parse import quote

from aiohttp import web

from mockserver import bundled
from mockserver.control import routes
from mockserver.sessions.naming import DEFAULT_SESSION, SESSION_PREFIX

ROOT: Final = routes.ROOT
INDEX: Final = f"{ROOT}/"
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "media-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
HEADERS: Final = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
SCRIPTS: Final = (
    "api",
    "calls",
    "detail",
    "dom",
    "feed",
    "filter",
    "inspector",
    "places",
    "stream",
)
"""The page's modules; `inspector` is where it starts."""
_FILES: Final = {
    INDEX: ("index.html", "text/html"),
    f"{ROOT}/inspector.css": ("inspector.css", "text/css"),
    **{f"{ROOT}/{name}.js": (f"{name}.js", "text/javascript") for name in SCRIPTS},
}
PATHS: Final = frozenset({ROOT, *_FILES})
"""The paths of the inspector."""


def page(path: str) -> web.Response:
    """Return the file of the inspector at *path*, which is one of `PATHS`."""
    if path == ROOT:
        return _redirect(INDEX)
    name, content_type = _FILES[path]
    return web.Response(
        body=_content(name), content_type=content_type, charset="utf-8", headers=HEADERS
    )


@cache
def _content(name: str) -> bytes:
    return (bundled.folder("fixtures") / "inspector" / name).read_bytes()


def instead_of(path: str, headers: Mapping[str, str]) -> web.Response | None:
    """Return where a browser goes that asks for the front *path* of a session; None: as asked.

    Any other client gets what the provider answers there. *headers* are looked up by lower-case
    name.
    """
    session = _session_of(path)
    if session is None or "text/html" not in headers.get("accept", "").lower():
        return None
    chosen = "" if session == DEFAULT_SESSION else f"#session={quote(session, safe='')}"
    return _redirect(INDEX + chosen)


def _session_of(path: str) -> str | None:
    """Return the session whose front *path* is; None: there is more to it."""
    if path == "/":
        return DEFAULT_SESSION
    if not path.startswith(SESSION_PREFIX):
        return None
    name, _, rest = path.removeprefix(SESSION_PREFIX).partition("/")
    return name if name and not rest else None


def _redirect(location: str) -> web.Response:
    return web.Response(status=303, headers={**HEADERS, "location": location, "vary": "accept"})
