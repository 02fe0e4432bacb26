"""Which dialect and endpoint a request is for, by its method and path.

Every dialect answers under `/<dialect>/<its own path>`, and without the prefix where the
path alone says which provider is meant. A prefix `/s/<session>` names a session.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from mockserver.contracts import Dialect, Endpoint, GeneratingEndpoint, LookupEndpoint

SESSION_PREFIX: Final = "/s/"
DEFAULT_SESSION: Final = "default"
PATHS_KEPT: Final = 4_096


@dataclass(frozen=True, slots=True)
class Route:
    """Where a request leads.

    *generating* or *lookup* is the endpoint. Neither is there where the path is the provider's
    but leads nowhere, or where it knows other methods only: those are *allowed*.
    """

    dialect: Dialect
    generating: GeneratingEndpoint | None = None
    lookup: LookupEndpoint | None = None
    model: str | None = None
    parameters: Mapping[str, str] | None = None
    content: bytes = b""
    """The path, as a part of what decides the draws of a call."""
    allowed: tuple[str, ...] = ()


def split_session(path: str) -> tuple[str, str]:
    """Return the session that *path* names, and the path below it."""
    if not path.startswith(SESSION_PREFIX):
        return DEFAULT_SESSION, path
    name, slash, rest = path.removeprefix(SESSION_PREFIX).partition("/")
    return (name, slash + rest) if name and slash else (DEFAULT_SESSION, path)


class Routes:
    """The paths of all dialects and endpoints."""

    def __init__(
        self, dialects: Mapping[str, Dialect], endpoints: Sequence[Endpoint], provider: str
    ) -> None:
        """Take the *provider*'s dialect first where a path fits several."""
        self._prefixed = dialects
        self._dialects = [
            dialects[provider],
            *(dialect for kind, dialect in dialects.items() if kind != provider),
        ]
        self._endpoints = endpoints
        self.find = lru_cache(maxsize=PATHS_KEPT)(self._find)

    def _find(self, method: str, path: str) -> Route:
        """Return where *method* on *path* leads (the path without its session)."""
        return replace(self._route(method, path), content=path.encode("utf-8", "replace") + b"\0")

    def _route(self, method: str, path: str) -> Route:
        kind, slash, rest = path[1:].partition("/")
        named = self._prefixed.get(kind) if slash else None
        for dialect in self._dialects:
            located = dialect.locate(path)
            if located is None and dialect is named:
                located = dialect.locate("/" + rest)
            if located is not None:
                return self._find_endpoint(dialect, method, located.path, located.model)
        return Route(named or self._dialects[0])

    def _find_endpoint(self, dialect: Dialect, method: str, path: str, model: str | None) -> Route:
        allowed: list[str] = []
        for endpoint in self._endpoints:
            for own_method, own_path in endpoint.routes:
                parameters = _match(own_path, path)
                if parameters is None:
                    continue
                if own_method == method:
                    return Route(
                        dialect,
                        endpoint if isinstance(endpoint, GeneratingEndpoint) else None,
                        endpoint if isinstance(endpoint, LookupEndpoint) else None,
                        model,
                        parameters,
                    )
                allowed.append(own_method)
        return Route(dialect, allowed=tuple(dict.fromkeys(allowed)))


def _match(pattern: str, path: str) -> dict[str, str] | None:
    """Return the parameters of *path* by *pattern*, or None; `{name}` takes the rest."""
    if "{" not in pattern:
        return {} if path == pattern else None
    start, _, name = pattern.partition("{")
    rest = path.removeprefix(start)
    return {name.removesuffix("}"): rest} if path.startswith(start) and rest else None
