"""The environment variables that point clients at a server: base URLs and keys, by any name.

The names come from the sources of openai-python, openai-node, the Agents SDK, litellm, the AI SDK
and httpx. If two names mean the same, both are set: some clients read one, some the other.
"""

import shlex
from collections.abc import Mapping
from typing import Final, Literal, TypeAlias
from urllib.parse import quote, urlsplit

DEFAULT_PORT: Final = 8089
DEFAULT_URL: Final = f"http://127.0.0.1:{DEFAULT_PORT}"
"""Where a server listens by default."""
URL_VARIABLE: Final = "MOCKSERVER_URL"
"""Names a running server's address, for commands that talk to one."""
TOKEN_VARIABLE: Final = "MOCKSERVER_CONTROL_TOKEN"  # noqa: S105 - the name of a variable
"""Keeps the token of the control API out of lists of processes."""
KEY: Final = "sk-mock"
"""Any other key works as well."""
LOCAL: Final = ("127.0.0.1", "localhost", "::1")
AZURE_API_VERSION: Final = "2025-04-01-preview"
"""The newest preview by date: older ones lack the Responses API (recorded)."""
QUIET: Final[Mapping[str, str]] = {
    "OPENAI_AGENTS_DISABLE_TRACING": "1",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
}
"""Keeps clients from what no base URL redirects: the Agents SDK sends traces to api.openai.com,
with the API key; litellm reads prices from GitHub when it is imported."""

Format: TypeAlias = Literal["shell", "dotenv", "github"]


def variables(
    url: str,
    *,
    session: str = "default",
    key: str = KEY,
    ca_file: str | None = None,
    no_proxy: str = "",
    token: str | None = None,
) -> dict[str, str]:
    """Return the variables by name.

    Args:
        url: The root URL of the server.
        session: The session to point at.
        key: The API key.
        ca_file: The certificate authority to trust, if the server speaks HTTPS.
        no_proxy: The current `NO_PROXY`, to extend: proxies must not be used for loopback.
        token: The token of the control API, if the commands are to have it too.

    """
    root = url.rstrip("/")
    server = root
    if session != "default":
        root += f"/s/{quote(session, safe='')}"
    found = {
        "OPENAI_BASE_URL": f"{root}/v1",
        "OPENAI_API_BASE": f"{root}/v1",
        "OPENAI_API_KEY": key,
        "AZURE_OPENAI_ENDPOINT": root,
        "AZURE_OPENAI_API_KEY": key,
        "OPENAI_API_VERSION": AZURE_API_VERSION,
        "AZURE_API_BASE": root,
        "AZURE_API_KEY": key,
        "AZURE_API_VERSION": AZURE_API_VERSION,
        "OPENROUTER_API_BASE": f"{root}/api/v1",
        "OPENROUTER_API_KEY": key,
        "VERCEL_AI_GATEWAY_API_BASE": f"{root}/vercel_gateway/v1",
        "VERCEL_AI_GATEWAY_API_KEY": key,
        "AI_GATEWAY_API_KEY": key,
        "AIML_API_BASE": f"{root}/aiml/v1",
        "AIML_API_KEY": key,
        **QUIET,
        URL_VARIABLE: server,
    }
    if token is not None:
        found[TOKEN_VARIABLE] = token
    if ca_file is not None:
        found |= dict.fromkeys(
            ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"), ca_file
        )
    hosts = _without_proxy(no_proxy, urlsplit(url).hostname or "")
    return {**found, "NO_PROXY": hosts, "no_proxy": hosts}


def _without_proxy(known: str, host: str) -> str:
    """Return *known* with loopback and *host* added."""
    hosts = [part.strip() for part in known.split(",") if part.strip()]
    if "*" in hosts:
        return known
    return ",".join(dict.fromkeys([*hosts, *LOCAL, *([host] if host else [])]))


def written(found: Mapping[str, str], form: Format) -> str:
    """Return *found* as lines: for a shell to evaluate, for `.env`, or for `$GITHUB_ENV`."""
    match form:
        case "shell":
            lines = [f"export {name}={shlex.quote(value)}" for name, value in found.items()]
        case "dotenv":
            lines = [f"{name}={_quoted(value)}" for name, value in found.items()]
        case "github":
            lines = [f"{name}={value}" for name, value in found.items()]
    return "\n".join(lines)


def _quoted(value: str) -> str:
    """Return *value* as in `.env` files: quoted if it has special characters."""
    if value and not set(value) & set(" #\"'\\$`\n"):
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")
    return f'"{escaped}"'
