"""Where the clients of each provider find a session, and the variables that tell them."""

from collections.abc import Mapping
from typing import Final

from mockserver import environment

REMOVED: Final = ("OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_ORGANIZATION")
"""They would go into headers, and name what is nobody's business here."""
PATHS: Final[Mapping[str, str]] = {
    "openai": "/v1",
    "azure": "",
    "openrouter": "/api/v1",
    "vercel_gateway": "/vercel_gateway/v1",
    "aiml": "/aiml/v1",
}
"""What stands behind a session's URL, by provider. Azure's clients add a path of their own."""


def url_for(url: str, provider: str) -> str:
    """Return what the clients of *provider* take as their base URL."""
    return url + PATHS[provider]


def variables(server: str, session: str, key: str, known: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that lead SDKs to a session.

    Args:
        server: The root of the server's paths.
        session: The session's name.
        key: The API key.
        known: What is set already: a proxy's exceptions are added to.

    """
    found = environment.variables(
        server,
        session=session,
        key=key,
        no_proxy=known.get("NO_PROXY") or known.get("no_proxy", ""),
    )
    return {name: value for name, value in found.items() if name != "MOCKSERVER_URL"}
