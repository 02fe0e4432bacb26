"""Twelve secrets, each planted where a secret can be, and requests that carry them.

Recordings have twelve of their own (`EXCHANGES`), since an answer can hold one, too.
"""

import base64
import json
import re
from dataclasses import dataclass, field
from urllib.parse import quote, unquote_plus

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


# --- In exchanges with a provider --------------------------------------------------------------

PROJECT = "proj_Yw3bN8vK5rT2mQ7xJ4zL9pHd"
CUSTOMER = "customer 4711-0815"
"""No look of its own: what a person names by `--redact`."""
REDACT = r"customer (\d{4}-\d{4})"
AWS = "AKIA" + "Q7ZT2X9LM4BV8NC5"
ANSWER_COOKIE = "c4f8b1e07d2a9356"
SLACK = "xoxb" + "-123456789012-Vn5Rt1Yb8Zc4Mf6Hg0PsAuEi"
MODEL = "gpt-4o-mini"


@dataclass(frozen=True, kw_only=True)
class PlantedExchange:
    """An exchange with one of twelve secrets in it; what is not stated is plain.

    Attributes:
        where: Where the secret is.
        secret: The secret.
        query: Of the request.
        headers: Of the request, besides its key.
        asked: The request's body, as JSON.
        status: Of the answer.
        answer_headers: Of the answer, besides its content type.
        answer: The answer's body; a list: the data of the events of a stream.
        patterns: What is to be redacted besides.

    """

    where: str
    secret: str
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    asked: object = field(default_factory=lambda: asked_for("Hi"))
    status: int = 200
    answer_headers: tuple[tuple[str, str], ...] = ()
    answer: dict[str, object] | list[object] = field(default_factory=lambda: answered("Hello."))
    patterns: tuple[str, ...] = ()

    @property
    def request_body(self) -> bytes:
        """The request's body as it is sent."""
        return json.dumps(self.asked).encode()

    @property
    def events(self) -> tuple[bytes, ...]:
        """The events of the answer, if it is a stream."""
        if not isinstance(self.answer, list):
            return ()
        events = [f"data: {json.dumps(data)}\n\n".encode() for data in self.answer]
        return (*events, b"data: [DONE]\n\n")

    @property
    def answer_body(self) -> bytes:
        """The answer's body as it is sent."""
        return b"".join(self.events) or json.dumps(self.answer).encode()

    @property
    def content_type(self) -> str:
        """Of the answer."""
        return "text/event-stream" if self.events else "application/json"


def asked_for(said: str, **members: object) -> dict[str, object]:
    """Return a chat request that says *said*."""
    return {"model": MODEL, "messages": [{"role": "user", "content": said}], **members}


def answered(said: str) -> dict[str, object]:
    """Return a chat answer that says *said*."""
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": said},
        "finish_reason": "stop",
    }
    return {"id": "chatcmpl-1", "object": "chat.completion", "model": MODEL, "choices": [choice]}


def refused(message: str) -> dict[str, object]:
    """Return the body of a refusal that says *message*."""
    return {"error": {"message": message, "type": "invalid_request_error", "code": None}}


def called_in_pieces(*pieces: str) -> list[object]:
    """Return the events of a stream that calls a tool, its arguments in *pieces*."""
    started = {"index": 0, "id": "call_1", "type": "function"}
    calls: list[dict[str, object]] = [
        {**(started if number == 0 else {"index": 0}), "function": {"arguments": piece}}
        for number, piece in enumerate(pieces)
    ]
    return [
        {"id": "chatcmpl-1", "choices": [{"index": 0, "delta": {"tool_calls": [call]}}]}
        for call in calls
    ]


EXCHANGES = (
    PlantedExchange(
        where="the request's key, which a refusal repeats",
        secret=OPENAI,
        headers=(("Authorization", f"Bearer {OPENAI}"),),
        status=401,
        answer=refused(f"Incorrect API key provided: {OPENAI}. You can find yours at …"),
    ),
    PlantedExchange(
        where="a key without any look, in base64 and escaped for a URL",
        secret=AZURE,
        headers=(("api-key", AZURE),),
        answer=answered(
            f"see https://example.com/?next=%2Fa%3Fk={quote(AZURE)} and "
            + base64.b64encode(f"me:{AZURE}:you".encode()).decode()
        ),
    ),
    PlantedExchange(
        where="a parameter of the query",
        secret=GOOGLE,
        query=f"alt=sse&key={GOOGLE}",
    ),
    PlantedExchange(
        where="what was asked",
        secret=GITHUB,
        asked=asked_for(f"Why does {GITHUB} not work?", metadata={"note": f"by {GITHUB}"}),
    ),
    PlantedExchange(
        where="arguments of a tool call, in pieces of a stream",
        secret=PASSWORD,
        answer=called_in_pieces(
            *('{"user": "ada", "pass', 'word": "corr', "ect horse", f'{PASSWORD[13:]}"', "}")
        ),
    ),
    PlantedExchange(
        where="text, token by token",
        secret=ANTHROPIC,
        answer=[
            {"id": "chatcmpl-1", "choices": [{"index": 0, "delta": {"content": piece}}]}
            for piece in ("It is ", *re.findall(".{1,3}", ANTHROPIC), ".")
        ],
    ),
    PlantedExchange(
        where="a URL with base64",
        secret=SLACK,
        asked=asked_for(
            "see data:application/json;base64,"
            + base64.b64encode(json.dumps({"note": "the bot", "bot": SLACK}).encode()).decode()
        ),
    ),
    PlantedExchange(
        where="a cookie of the request",
        secret=COOKIE.partition("=")[2],
        headers=(("Cookie", f"theme=dark; {COOKIE}"),),
        answer=answered(f"Your session is {COOKIE.partition('=')[2]}."),
    ),
    PlantedExchange(
        where="a cookie of the answer",
        secret=ANSWER_COOKIE,
        answer_headers=(("Set-Cookie", f"__cf_bm={ANSWER_COOKIE}; path=/; HttpOnly"),),
    ),
    PlantedExchange(
        where="the organization, in headers and in a refusal",
        secret=ORGANIZATION,
        headers=(("OpenAI-Organization", ORGANIZATION),),
        status=429,
        answer_headers=(("openai-organization", ORGANIZATION),),
        answer=refused(f"Rate limit reached for {MODEL} in organization {ORGANIZATION} on RPM"),
    ),
    PlantedExchange(
        where="the project, in headers and in a refusal",
        secret=PROJECT,
        headers=(("OpenAI-Project", PROJECT),),
        status=403,
        answer_headers=(("openai-project", PROJECT),),
        answer=refused(f"Project `{PROJECT}` does not have access to model `{MODEL}`"),
    ),
    PlantedExchange(
        where="what a person names",
        secret=CUSTOMER.partition(" ")[2],
        asked=asked_for(f"Write to {CUSTOMER}, please"),
        answer=[
            {"id": "chatcmpl-1", "choices": [{"index": 0, "delta": {"content": piece}}]}
            for piece in ("Dear cust", "omer 47", "11-08", "15!")
        ],
        patterns=(REDACT,),
    ),
)  # fmt: skip
"""An exchange for each of the twelve secrets of recordings."""


def planted_in(text: str) -> list[str]:
    """Return which of the twelve secrets of `EXCHANGES` are in *text*, in any spelling.

    Looked at are the text; without escapes of JSON, of URLs and of both; the base64 in it, at any
    place; and the texts of streams, joined.
    """
    views = [text]
    for _ in range(4):
        views.append(_unescaped(views[-1]))
    views += [_unescaped("".join(_PIECES.findall(view))) for view in views]
    views += [_unescaped(view) for view in views]
    views += [unquote_plus(view) for view in views]
    views += [decoded for view in views[:] for decoded in _decoded(view)]
    return [one.secret for one in EXCHANGES if any(one.secret in view for view in views)]


_PIECES = re.compile(
    r'"(?:content|arguments|text|delta|partial_json)": ?"((?:[^"\\]|\\.)*)"', re.DOTALL
)


def _unescaped(text: str) -> str:
    text = re.sub(r"\\u00([0-7][0-9a-f])", lambda found: chr(int(found[1], 16)), text)
    return re.sub(r"\\(.)", r"\1", text)


def _decoded(text: str) -> list[str]:
    runs = re.findall(r"[A-Za-z0-9+/_-]{16,}", text)
    plain = [run.replace("-", "+").replace("_", "/")[shift:] for run in runs for shift in range(4)]
    return [base64.b64decode(run[: len(run) // 4 * 4]).decode("latin-1") for run in plain]
