"""The environment variables by which the SDKs of providers find a server and a key.

Only values: who patches them, and for how long, is the plugin's business.
"""

from collections.abc import Mapping
from typing import Final

LOOPBACK: Final = "127.0.0.1,localhost,::1"
REMOVED: Final = ("OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_ORGANIZATION")
"""They would go into headers, and name what is nobody's business here."""
PATHS: Final[Mapping[str, str]] = {
    "openai": "/v1",
    "azure": "/azure",
    "openrouter": "/openrouter/api/v1",
    "vercel_gateway": "/vercel_gateway/v1",
    "aiml": "/aiml/v1",
}
"""What stands behind a session's URL, by provider. Azure's clients add a path of their own."""


def url_for(url: str, provider: str) -> str:
    """Return what the clients of *provider* take as their base URL."""
    return url + PATHS[provider]


def variables(url: str, key: str, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that lead SDKs to *url*, the root of a session's paths.

    Args:
        url: Without a slash at its end.
        key: The API key.
        environment: What is set already: a proxy's exceptions are added to.

    """
    openai, openrouter = url_for(url, "openai"), url_for(url, "openrouter")
    azure, gateway = url_for(url, "azure"), url_for(url, "vercel_gateway")
    return {
        # openai, and what is built on it; LiteLLM and LangChain read the second name too.
        "OPENAI_BASE_URL": openai,
        "OPENAI_API_BASE": openai,
        "OPENAI_API_KEY": key,
        "AZURE_OPENAI_ENDPOINT": azure,
        "AZURE_OPENAI_API_KEY": key,
        "OPENAI_API_VERSION": environment.get("OPENAI_API_VERSION", "2024-10-21"),
        "AZURE_API_BASE": azure,
        "AZURE_API_KEY": key,
        "AZURE_API_VERSION": environment.get("AZURE_API_VERSION", "2024-10-21"),
        "OPENROUTER_API_BASE": openrouter,
        "OPENROUTER_BASE_URL": openrouter,
        "OPENROUTER_API_KEY": key,
        "VERCEL_AI_GATEWAY_API_BASE": gateway,
        "VERCEL_AI_GATEWAY_API_KEY": key,
        "AI_GATEWAY_API_KEY": key,
        # A proxy would be asked for loopback addresses too.
        **{name: _without_proxy(environment.get(name)) for name in ("NO_PROXY", "no_proxy")},
    }


def _without_proxy(stated: str | None) -> str:
    """Return the exceptions of a proxy with loopback among them."""
    if not stated:
        return LOOPBACK
    return stated if stated.strip() == "*" else f"{stated},{LOOPBACK}"
