"""By which names the server is called: a page of another site must not read what it keeps.

A page can have its own name lead to this machine (DNS rebinding): to the browser, the server is
then of that page's origin. What the page cannot choose is the `Host` that the browser sends.
Programs pass, since tests map a provider's name to this server. A browser says that it is one by
`Origin` or `Sec-Fetch-Site`, except for GET and HEAD without TLS (Fetch, 3.2; Fetch Metadata, 2):
these pass only for names that no stranger's page can have.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from mockserver.control.guard import is_loopback
from mockserver.errors import UsageError
from mockserver.records.redaction import beginning
from mockserver.server.cors import Cors

READING: Final = frozenset({"GET", "HEAD"})
RESERVED: Final = (".localhost", ".local", ".internal", ".test", ".example", ".invalid", ".arpa")
"""Ends of names that nobody can register (RFC 2606, 6761, 6762, 8375; ICANN on `internal`)."""
PROVIDERS: Final = (
    *("openai.com", "openai.azure.com", "cognitiveservices.azure.com", "services.ai.azure.com"),
    *("anthropic.com", "openrouter.ai", "vercel.sh", "vercel.com", "aimlapi.com", "googleapis.com"),
    *("groq.com", "together.xyz", "together.ai", "fireworks.ai", "deepseek.com", "mistral.ai"),
    *("x.ai", "perplexity.ai", "cerebras.ai", "nvidia.com", "cohere.com", "cohere.ai"),
    *("huggingface.co", "replicate.com", "deepinfra.com", "sambanova.ai", "hyperbolic.xyz"),
    *("amazonaws.com", "databricks.com", "jina.ai", "voyageai.com", "nebius.com", "novita.ai"),
)
"""Domains of providers, whose names tests map to this server: their pages are not a stranger's."""


@dataclass(frozen=True, slots=True)
class Hosts:
    """The names that browsers may call the server by: loopback's, and those *named*.

    Attributes:
        named: Names or addresses; `*.example.com` names all below it, `*` any.
        cors: The origin whose pages may call it by any name.

    """

    named: tuple[str, ...] = ()
    cors: Cors | None = None
    _named: frozenset[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        for name in self.named:
            if not name.strip() or "/" in name or any(char.isspace() for char in name):
                what = f"'{name}' is not the name of a host"
                raise UsageError(f"{what}: write 'mock.example.com', '*.example.com' or '*'")
        object.__setattr__(self, "_named", frozenset(map(host_of, self.named)))

    def refusal(self, method: str, headers: Mapping[str, str]) -> str | None:
        """Return why a request with *headers* is refused; None: it is not."""
        stated = headers.get("host", "")
        host = _stranger(stated)
        if host is None or self._is_named(host):
            return None
        origin = headers.get("origin")
        if self.cors is not None and self.cors.origin in {"*", origin}:
            return None
        is_browser = origin is not None or "sec-fetch-site" in headers
        if not is_browser and (method not in READING or _is_safe(host)):
            return None
        what = f"this server does not answer pages that call it '{beginning(stated, 80)}'"
        return f"{what}: --allow-host {beginning(host, 80)} allows that name"

    def _is_named(self, host: str) -> bool:
        if host in self._named or "*" in self._named:
            return True
        return any(name[:1] == "*" and host.endswith(name[1:]) for name in self._named)


@lru_cache(maxsize=256)
def _stranger(stated: str) -> str | None:
    """Return the name in a `Host`; None: there is none, or it is this machine's, as nearly all."""
    host = host_of(stated)
    return None if not host or is_loopback(host) else host


def host_of(stated: str) -> str:
    """Return the name or address in a `Host`, in lower case, without port and brackets."""
    if stated.count(":") > 1 and not stated.startswith("["):
        return stated.lower()  # an address of IPv6, as an option states it
    try:
        return (urlsplit(f"//{stated}").hostname or "").rstrip(".")
    except ValueError:
        return stated.lower()


def _is_safe(host: str) -> bool:
    """Return whether no page of a stranger can be at *host*: an address, or a name like that."""
    try:
        ip_address(host)
    except ValueError:
        below = f".{host}"
        return "." not in host or below.endswith((*RESERVED, *_BELOW_PROVIDERS))
    return True


_BELOW_PROVIDERS: Final = tuple(f".{domain}" for domain in PROVIDERS)
