"""Which dialect and endpoint a request is for, by its method and path.

Every dialect answers under `/<dialect>/<its own path>`, and without the prefix where the
path alone identifies the provider. A prefix `/s/<session>` names a session.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from typing import Final

from mockserver.contracts import (
    ComputingEndpoint,
    Dialect,
    Endpoint,
    GeneratingEndpoint,
    LookupEndpoint,
    ModelEndpoint,
    Reply,
)
from mockserver.engine import astray
from mockserver.errors import MockServerError

SHARED_ROOT: Final = "/v1/"
PATHS_KEPT: Final = 4_096


@dataclass(frozen=True, slots=True)
class Route:
    """Where a request leads.

    *asks* or *lookup* is the endpoint, *own* the one of its routes that fits. Neither is
    there where the path is the provider's but leads nowhere, or where it knows other methods
    only: those are *allowed*.
    """

    dialect: Dialect
    asks: ModelEndpoint | None = None
    lookup: LookupEndpoint | None = None
    own: tuple[str, str] = ("", "")
    model: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict[str, str])
    content: bytes = b""
    """The path, as a part of what decides the draws of a call."""
    allowed: tuple[str, ...] = ()
    is_spelled: bool = True
    """Whether the dialect spells what is asked in its own way."""
    generates: GeneratingEndpoint | None = None
    """*asks*, if something is generated there; None: something is computed."""
    asked_in: tuple[str, ...] = ()
    """The headers that ask something, too."""
    id_size: int = 0
    """How long the ids of its answers are."""
    default: Reply | None = None
    """What answers where no rule does; None: nothing is to answer, or it is looked up."""
    missing: str = ""
    """Why there is no endpoint, where there is none."""

    @property
    def endpoint(self) -> ModelEndpoint | LookupEndpoint | None:
        """What is asked."""
        return self.asks or self.lookup


class Routes:
    """The paths of all dialects and endpoints."""

    def __init__(
        self,
        dialects: Mapping[str, Dialect],
        endpoints: Sequence[Endpoint],
        defaults: Mapping[str, Reply],
        provider: str,
    ) -> None:
        """Take the *provider*'s dialect first where a path fits several.

        *defaults* are the replies that answer where no rule does, by the kind of endpoint.
        """
        self._defaults = defaults
        self.dialects = dialects
        self._ordered = [
            dialects[provider],
            *(
                dialect
                for kind, dialect in dialects.items()
                if kind != provider and not dialect.shares_paths
            ),
        ]
        self._endpoints = {
            kind: _endpoints_of(dialect, endpoints) for kind, dialect in dialects.items()
        }
        self.find = lru_cache(maxsize=PATHS_KEPT)(self._find)

    def _find(self, method: str, path: str) -> Route:
        """Return where *method* on *path* leads (the path without its session)."""
        route = self._route(method, path)
        missing = ""
        if route.endpoint is None and not route.allowed:
            missing = astray.missing(self, route.dialect, method, path)
        return replace(route, content=path.encode("utf-8", "replace") + b"\0", missing=missing)

    def of(self, dialect: Dialect) -> list[tuple[str, str]]:
        """Return method and path, below its root, of all that *dialect* answers."""
        return [route for one in self._endpoints[dialect.kind] for route in one.routes]

    def leading(self, method: str, path: str) -> Dialect | None:
        """Return whose endpoint *method* on *path* leads to; None: nobody's."""
        route = self._route(method, path)
        return None if route.endpoint is None else route.dialect

    def _route(self, method: str, path: str) -> Route:
        kind, slash, rest = path[1:].partition("/")
        named = self.dialects.get(kind) if slash else None
        # A provider's own path goes before a prefix: `/openai/v1/...` is Azure's.
        places = [(dialect, path) for dialect in self._ordered]
        if named is not None:
            places.append((named, "/" + rest))
        nowhere: Route | None = None
        if path.startswith(SHARED_ROOT) and self._ordered[0].locate(path) is None:
            # Clients of any provider may be pointed to `/v1`: there it is the scenario's.
            below = path.removeprefix(SHARED_ROOT[:-1])
            nowhere = self._find_endpoint(self._ordered[0], method, below, None)
            if nowhere.endpoint is not None or nowhere.allowed:
                return nowhere
        for dialect, place in places:
            located = dialect.locate(place)
            if located is None:
                continue
            route = self._find_endpoint(dialect, method, located.path, located.model)
            endpoint = route.endpoint
            if nowhere is None and (endpoint is not None or route.allowed):
                return route
            # Below a root that providers share, each may have endpoints that only it has.
            if endpoint is not None and dialect.kind in endpoint.dialects:
                return route
            nowhere = nowhere or route
        return nowhere or Route(named or self._ordered[0])

    def _find_endpoint(self, dialect: Dialect, method: str, path: str, model: str | None) -> Route:
        wanted = "GET" if method == "HEAD" else method
        allowed: list[str] = []
        for endpoint in self._endpoints[dialect.kind]:
            for own in endpoint.routes:
                own_method, own_path = own
                parameters = _match(own_path, path)
                if parameters is None:
                    continue
                if own_method == wanted:
                    found = Route(dialect, own=own, model=model, parameters=parameters)
                    return self._leading_to(endpoint, found)
                allowed.append(own_method)
        return Route(dialect, allowed=tuple(dict.fromkeys(allowed)))

    def _leading_to(self, endpoint: Endpoint, route: Route) -> Route:
        """Return *route* with *endpoint*, and all that follows from it."""
        if isinstance(endpoint, LookupEndpoint):
            return replace(route, lookup=endpoint)
        if not isinstance(endpoint, ModelEndpoint):
            return route
        dialect, is_spelled = route.dialect, route.dialect.spells(endpoint)
        return replace(
            route,
            asks=endpoint,
            generates=endpoint if isinstance(endpoint, GeneratingEndpoint) else None,
            is_spelled=is_spelled,
            asked_in=endpoint.asked_in,
            id_size=dialect.id_size(endpoint) if is_spelled else endpoint.id_size,
            default=self._defaults[endpoint.kind],
        )


def default_replies(
    endpoints: Iterable[Endpoint], replies: Mapping[str, type[Reply]]
) -> dict[str, Reply]:
    """Return what answers each of *endpoints* where no rule does, by its kind.

    Raises:
        MockServerError: An endpoint names one that does not exist or cannot answer it.

    """
    found: dict[str, Reply] = {}
    for endpoint in endpoints:
        if not isinstance(endpoint, ModelEndpoint):
            continue
        kind: str = getattr(endpoint, "default_reply", "")
        if kind not in replies:
            raise MockServerError(
                f"the endpoint '{endpoint.kind}' names the default reply '{kind}', which is not"
                " installed"
            )
        reply = found[endpoint.kind] = replies[kind]()
        if not reply.can_answer(endpoint.kind, computes=isinstance(endpoint, ComputingEndpoint)):
            raise MockServerError(
                f"the endpoint '{endpoint.kind}' names the default reply '{kind}', which cannot"
                " answer it"
            )
    return found


def _endpoints_of(dialect: Dialect, endpoints: Sequence[Endpoint]) -> list[Endpoint]:
    """Return the endpoints that *dialect* has, its own before those that many have."""
    own = [endpoint for endpoint in endpoints if dialect.kind in endpoint.dialects]
    had = [endpoint for endpoint in endpoints if endpoint.kind in dialect.has]
    return [*own, *(endpoint for endpoint in had if endpoint not in own)]


def _match(pattern: str, path: str) -> dict[str, str] | None:
    """Return what the parameters of *pattern* take of *path*, or None if it does not fit."""
    expression, names = _compiled(pattern)
    found = expression.fullmatch(path)
    return dict(zip(names, found.groups(), strict=True)) if found else None


@cache
def _compiled(pattern: str) -> tuple[re.Pattern[str], tuple[str, ...]]:
    """Return *pattern* as a regular expression, and the names of its groups.

    `{name}` takes one segment, `{name...}` the rest of the path; neither may be empty.
    """
    names: list[str] = []
    expression = ""
    for piece in re.split(r"(\{\w+(?:\.\.\.)?\})", pattern):
        if piece.startswith("{"):
            names.append(piece[1:-1].removesuffix("..."))
            expression += "(.+)" if piece.endswith("...}") else "([^/]+)"
        else:
            expression += re.escape(piece)
    return re.compile(expression, re.DOTALL), tuple(names)
