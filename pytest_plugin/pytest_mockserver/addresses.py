"""The URLs of a session for each provider's clients, and the variables that set them."""

from collections.abc import Mapping
from typing import Final

from mockserver import environment
from mockserver.errors import UsageError, did_you_mean, shows_mistake

__tracebackhide__ = shows_mistake

REMOVED: Final = ("OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_ORGANIZATION")
"""Removed: clients would send them in headers, and they name real accounts."""
PATHS: Final[Mapping[str, str]] = {
    "openai": "/v1",
    "azure": "",
    "openrouter": "/api/v1",
    "vercel_gateway": "/vercel_gateway/v1",
    "aiml": "/aiml/v1",
}
"""The path after a session's URL, by provider. Azure's clients add their own."""


def url_for(url: str, provider: str) -> str:
    """Return the base URL for the clients of *provider*.

    Raises:
        UsageError: There is no such provider.

    """
    if provider not in PATHS:
        hint = did_you_mean(provider, PATHS) or f"known are {', '.join(PATHS)}"
        raise UsageError(f"unknown provider '{provider}': {hint}")
    return url + PATHS[provider]


def variables(server: str, session: str, key: str, known: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that point SDKs at a session.

    Args:
        server: The root URL of the server.
        session: The session's name.
        key: The API key.
        known: The variables set now: their proxy exceptions are kept, and what they say of traces
            and other things that clients do by themselves.

    """
    found = environment.variables(
        server,
        session=session,
        key=key,
        no_proxy=known.get("NO_PROXY") or known.get("no_proxy", ""),
    )
    found |= {name: known[name] for name in environment.QUIET if name in known}
    return {name: value for name, value in found.items() if name != "MOCKSERVER_URL"}
