"""Whose API a recorded request was sent to, by its address."""

import re
from typing import Any, Final, NamedTuple
from urllib.parse import unquote, urlsplit

from mockserver.wire.jsontext import is_object

HOSTS: Final = tuple(
    [
        (provider, re.compile(pattern))
        for provider, pattern in (
            ("openai", r"(?:[a-z0-9-]+\.)?api\.openai\.com"),
            ("azure", r"[a-z0-9-]+\.(?:openai|cognitiveservices|services\.ai)\.azure\.(?:com|us)"),
            ("openrouter", r"(?:[a-z0-9-]+\.)?openrouter\.ai"),
            ("vercel_gateway", r"ai-gateway\.vercel\.sh"),
            ("aiml", r"api\.aimlapi\.com"),
            ("cometapi", r"api\.cometapi\.com"),
        )
    ]
)
"""Whose hosts these are, by the kind of the dialect."""

COMPATIBLE: Final = re.compile(
    r"(?P<root>.*?)(?P<below>/(?:chat/completions|completions|embeddings|moderations|responses))/?"
)
"""Paths of OpenAI's API behind any root."""
DEPLOYMENT: Final = re.compile(r".*?(?P<path>/openai/deployments/[^/]+/.+)")
ASKING: Final = frozenset({"model", "messages", "prompt", "input"})
"""What a request at an unknown host must have one of, to be one of OpenAI's API."""
OTHER_APIS: Final = (
    ("Anthropic's API", re.compile(r"api\.anthropic\.com|.*\.anthropic\.com")),
    ("Google's API", re.compile(r".*\.googleapis\.com")),
    ("Bedrock's API", re.compile(r"bedrock.*\.amazonaws\.com")),
)


class Placed(NamedTuple):
    """Where a request goes: the dialect's kind, the decoded path, the query as it was sent.

    *host* is there if the host is unknown and its API is taken for one compatible with OpenAI's.
    """

    provider: str
    path: str
    query: str
    host: str = ""


def placed(method: str, url: str, sent: Any) -> Placed | str:
    """Return where a request to *url* with the JSON *sent* goes, or why it goes nowhere here."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
    except ValueError:
        return "its address is not a URL"
    if parts.scheme in ("ws", "wss"):
        return "a web socket is not an exchange of one request and one answer"
    path = unquote(parts.path) or "/"
    if host in ("", "testserver") and not path.startswith("/"):
        return "its address is not a URL"
    for provider, pattern in HOSTS:
        if pattern.fullmatch(host):
            return Placed(provider, path, parts.query)
    is_asking = method == "POST" and is_object(sent) and not ASKING.isdisjoint(sent)
    deployment = DEPLOYMENT.fullmatch(path)
    if deployment and is_asking:
        return Placed("azure", deployment["path"], parts.query, host)
    found = COMPATIBLE.fullmatch(path)
    if found and is_asking:
        return Placed("openai", f"/v1{found['below']}", parts.query, host)
    api = next((name for name, pattern in OTHER_APIS if pattern.fullmatch(host)), "")
    what = f"'{host}' is not a provider that this version knows"
    return f"{what}: {api} is not among its protocols" if api else what
