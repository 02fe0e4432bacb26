"""Every form of the Vercel AI Gateway's answers, byte by byte, head and body, from a raw socket.

The bodies lie in `golden/vercel/`. Members and their order are those of recorded answers (chats:
2026-02, 2026-03 and 2026-09; the SDK's own protocol: one answer in one piece, 2026-07, and what the
published sources of `@ai-sdk/provider` and `@ai-sdk/gateway` read). docs/vercel-gateway.md says
what is known of each.
"""

from typing import Any

import pytest
from golden import FOLDER, filled, golden
from support.gateway import INSTRUCT, SMALL, VERSIONS, function, headers_of, user
from support.wire import Serve, exchange, request

HEAD = """\
HTTP/1.1 {status}
date: «date»
content-type: {content_type}
x-vercel-id: «vercel-id»
cache-control: public, max-age=0, must-revalidate
server: Vercel
strict-transport-security: max-age=63072000; includeSubDomains; preload
x-vercel-cache: MISS
"""
CHUNKED = "transfer-encoding: chunked\nconnection: close\n"
MEASURED = "content-length: {length}\nconnection: close\n"
CHAT = "/vercel_gateway/v1/chat/completions"
WEATHER = function(properties={"city": {"type": "string"}}, required=["city"])
SAID: dict[str, tuple[str, dict[str, Any]]] = {
    "text": ("Hi", {}),
    "tool-call": ("call", {"tools": [WEATHER]}),
    "thought": ("think", {"maxOutputTokens": 100, "topK": 3}),
}


def assert_on_the_wire(serve: Serve, content: bytes, status: str, name: str) -> None:
    scenario = (FOLDER / "vercel" / "scenario.yaml").read_text("utf-8").partition("\n")[2]
    actual = exchange(serve(scenario, usage_header=False), content)
    raw = (actual.head + b"\r\n\r\n" + actual.rest).decode()
    body = filled(golden(f"vercel/{name}"), raw)
    is_stream = name.endswith(".sse")
    is_generated = b"chunked" in actual.head
    head = HEAD.format(
        status=status, content_type="text/event-stream" if is_stream else "application/json"
    )
    length = len(body.encode())
    head += CHUNKED if is_generated else MEASURED.format(length=length)
    framed = f"{length:x}\r\n{body}\r\n0\r\n\r\n" if is_generated else body

    # Line by line, so that a difference is shown where it is.
    expected = filled(head, raw).replace("\n", "\r\n") + "\r\n" + framed
    assert raw.split("\n") == expected.split("\n")


def asked(said: str, specification: int, *, stream: bool, model: str = SMALL, **more: Any) -> bytes:
    return request(
        "POST",
        f"/{VERSIONS[specification]}/ai/language-model",
        {"prompt": [user(said)], **more},
        headers=headers_of(specification, model, stream=stream),
    )


@pytest.mark.parametrize("specification", VERSIONS)
@pytest.mark.parametrize("answer", SAID)
@pytest.mark.parametrize("form", ["json", "sse"])
def test_the_sdks_own_protocol(serve: Serve, specification: int, answer: str, form: str) -> None:
    said, options = SAID[answer]
    content = asked(said, specification, stream=form == "sse", **options)

    assert_on_the_wire(serve, content, "200 OK", f"{VERSIONS[specification]}-{answer}.{form}")


def test_the_call_on_the_gateways_page(serve: Serve) -> None:
    content = asked("Why is the sky blue?", 4, stream=True, model=INSTRUCT)

    assert_on_the_wire(serve, content, "200 OK", "page.sse")


@pytest.mark.parametrize(
    ("name", "said", "members"),
    [
        ("chat-text.json", "Hi", {}),
        ("chat-text.sse", "Hi", {"stream": True}),
        ("chat-thought.sse", "think", {"stream": True}),
        ("chat-call.sse", "call", {"stream": True, "tools": ["get_weather"]}),
    ],
)
def test_chats(serve: Serve, name: str, said: str, members: dict[str, Any]) -> None:
    body: dict[str, Any] = {"model": SMALL, "messages": [{"role": "user", "content": said}]}
    body |= members
    if "tools" in body:
        body["tools"] = [{"type": "function", "function": {"name": t}} for t in body["tools"]]
    if "stream" in body:
        body["stream_options"] = {"include_usage": True}

    assert_on_the_wire(serve, request("POST", CHAT, body), "200 OK", name)


@pytest.mark.parametrize(
    ("name", "content", "status"),
    [
        pytest.param(
            "unknown-model.json",
            asked("Hi", 4, stream=False, model="gpt-9"),
            "404 Not Found",
            id="an unknown model",
        ),
        pytest.param(
            "no-key.json",
            request(
                "POST", "/v4/ai/language-model", {}, headers={**headers_of(4), "authorization": ""}
            ),
            "401 Unauthorized",
            id="no key",
        ),
        pytest.param(
            "told-on.json",
            asked("Hi", 4, stream=True, temperature=3),
            "400 Bad Request",
            id="a refusal that is told on",
        ),
        pytest.param(
            "overloaded.json",
            asked("overloaded", 3, stream=True),
            "503 Service Unavailable",
            id="an overload",
        ),
        pytest.param(
            "mixed.json",
            request(
                "POST",
                "/v4/ai/language-model",
                {"prompt": [user("Hi")]},
                headers=headers_of(2),
            ),
            "400 Bad Request",
            id="another specification than the path's",
        ),
        pytest.param(
            "generation-unknown.json",
            request("GET", "/v1/generation?id=gen_x"),
            "404 Not Found",
            id="an unknown generation",
        ),
        pytest.param("credits.json", request("GET", "/v1/credits"), "200 OK", id="credits"),
    ],
)
def test_refusals_and_look_ups(serve: Serve, name: str, content: bytes, status: str) -> None:
    assert_on_the_wire(serve, content, status, name)
