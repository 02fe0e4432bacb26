"""Twelve secrets, each planted where a secret can be, and requests that carry them."""

import base64
import json
from dataclasses import dataclass, field
from urllib.parse import quote

OPENAI = "sk-proj-Zq3vT9xW1mB7nL5kR2pD8sF4gH6jC0aE"
LEGACY = "sk-9fK2mX7qLw4TzB1vN8cR5yHdG3pJ6sAe"
AZURE = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
GOOGLE = "AIzaSyD4k9Xw2mN7qP1rT6vB3cZ8yL5hJ0gF_eU"
GITHUB = "ghp_k3J9dLx2Qw7Vn5Rt1Yb8Zc4Mf6Hg0PsAuEiO"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEiLCJuIjo3fQ.q1W2e3R4t5Y6u7I8o9P0aSdFgHjK"
COOKIE = "session=9d8f7a6b5c4e3210fedc"
BASIC = base64.b64encode(b"ada:lovelace-1815").decode()
PASSWORD = "correct horse battery staple"
BEARER = "q7Zt2/x9+Lm4=="
ORGANIZATION = "org-Ab3dEf6hIj9kLm2n"
ANTHROPIC = "sk-ant-api03-W8k2Jd7Qm4Xv1Zt9Rb5Yc3Lp6Hs0Ng-AA"

SECRETS = (
    *(OPENAI, LEGACY, AZURE, GOOGLE, GITHUB, JWT, COOKIE, BASIC, PASSWORD, BEARER),
    *(ORGANIZATION, ANTHROPIC),
)


@dataclass(frozen=True)
class Planted:
    """A request with secrets in it, somewhere."""

    where: str
    secrets: tuple[str, ...]
    path: str = "/v1/chat/completions"
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict[str, str])


def asking(said: object, **members: object) -> bytes:
    """Return the body of a chat request."""
    content = {"model": "gpt-4o", "messages": [{"role": "user", "content": said}], **members}
    return json.dumps(content).encode()


def called_with(arguments: str) -> bytes:
    """Return a chat request whose history has a tool call with *arguments*, and its result."""
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": arguments}}
    history = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": json.dumps({"client_secret": PASSWORD})},
    ]
    return json.dumps({"model": "gpt-4o", "messages": history}).encode()


PLANTED = (
    Planted("authorization", (OPENAI,), headers={"Authorization": f"Bearer {OPENAI}"}),
    Planted("authorization in odd case", (LEGACY,), headers={"AUTHORIZATION": f"bearer {LEGACY}"}),
    Planted("authorization, basic", (BASIC,), headers={"authorization": f"Basic {BASIC}"}),
    Planted("api-key", (AZURE,), headers={"Api-Key": AZURE}),
    Planted("x-api-key", (ANTHROPIC,), headers={"X-API-Key": ANTHROPIC}),
    Planted("cookie", (COOKIE,), headers={"Cookie": COOKIE}),
    Planted("proxy", (BASIC,), headers={"proxy-authorization": f"Basic {BASIC}"}),
    Planted("organization", (ORGANIZATION,), headers={"OpenAI-Organization": ORGANIZATION}),
    Planted("a header of one's own", (AZURE,), headers={"x-acme-token": AZURE}),
    Planted("a header that is no secret's", (GITHUB,), headers={"x-note": f"by {GITHUB}, ok"}),
    Planted("query", (AZURE,), path=f"/v1/chat/completions?api-version=1&api-key={AZURE}"),
    Planted("query, short", (GOOGLE,), path=f"/v1/models?key={GOOGLE}"),
    Planted("query, escaped", (BEARER,), path=f"/v1/models?access_token={quote(BEARER, '')}"),
    Planted("query, by its looks", (OPENAI,), path=f"/v1/models?q={quote(OPENAI)}%20"),
    Planted("path", (OPENAI,), path=f"/v1/models/{OPENAI}"),
    Planted("model", (LEGACY,), body=asking("Hi").replace(b"gpt-4o", LEGACY.encode())),
    Planted("text", (OPENAI, JWT), body=asking(f"My key is {OPENAI}.\nAnd\n{JWT}")),
    Planted(
        "text, its own key",
        (AZURE,),
        body=asking(f"I am {AZURE}"),
        headers={"api-key": AZURE},
    ),
    Planted("parts", (GOOGLE,), body=asking([{"type": "text", "text": f"see {GOOGLE}!"}])),
    Planted(
        "nested JSON",
        (PASSWORD, AZURE),
        body=asking("Hi", metadata={"password": PASSWORD, "x": {"Api_Key": AZURE}}),
    ),
    Planted("tool arguments", (PASSWORD,), body=called_with(json.dumps({"password": PASSWORD}))),
    Planted(
        "text that is JSON in JSON in JSON",
        (PASSWORD,),
        body=called_with(json.dumps({"inner": json.dumps({"apiKey": PASSWORD})})),
    ),
    Planted("curl", (AZURE,), body=asking(f"curl -H 'api-key: {AZURE}' https://example.com")),
    Planted("bearer, slashes escaped", (BEARER,), body=asking(f"Bearer {BEARER}")
            .replace(b"/x9+", rb"\/x9\u002B")),
    Planted(
        "attribution",
        (GOOGLE, GITHUB),
        path="/api/v1/chat/completions",
        body=asking("Hi", models=[LEGACY, "openai/gpt-4o"]).replace(b"gpt-4o", b"openai/gpt-4o", 1),
        headers={"http-referer": f"https://example.com/?key={GOOGLE}", "x-title": f"by {GITHUB}"},
    ),
    Planted("no JSON", (GITHUB,), body=f"not json {GITHUB}".encode()),
)  # fmt: skip
