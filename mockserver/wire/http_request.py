"""An HTTP request as a value: all that the engine sees of a connection.

Not frozen, since it is made for each request; never change it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

from mockserver.wire.nodes import has_too_many_nodes


@dataclass(slots=True, eq=False)
class Connection:
    """A client's connection, as its requests have it in common.

    Attributes:
        requests: How many requests have come on it.
        is_closed: It has ended.
        is_reset: Its client ended it without reading all that was sent.

    """

    requests: int = 0
    is_closed: bool = False
    is_reset: bool = False


@dataclass(slots=True, eq=False)
class HttpRequest:
    """One HTTP request, complete.

    *path* is percent-decoded and has no query; *query* is the raw text after the ``?``.
    *headers* are looked up by lower-case name (aiohttp's mapping does so for any case).
    *connection* is what it came on; None: on none, as in a dry run.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""
    query: str = ""
    connection: Connection | None = None

    @property
    def is_readable(self) -> bool:
        """Whether there is a body, and reading it takes a bounded amount of memory."""
        return bool(self.body) and not has_too_many_nodes(self.body)

    @property
    def json(self) -> Mapping[str, Any]:
        """The JSON object in the body; an empty one if there is none that can be read."""
        try:
            value = json.loads(self.body) if self.is_readable else None
        except (ValueError, RecursionError):
            value = None
        return cast(Mapping[str, Any], value) if isinstance(value, dict) else {}


def bearer_token(http: HttpRequest) -> str:
    """Return the token of the `Authorization` header of *http*; empty if it holds none."""
    return _bearer(http.headers.get("authorization", ""))


@lru_cache(maxsize=1_024)
def _bearer(authorization: str) -> str:
    scheme, _, key = authorization.partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""
