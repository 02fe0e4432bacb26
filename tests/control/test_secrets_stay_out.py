"""Twelve secrets in every place of a request: none comes out of the journal, logs or answers."""

import json
import logging
from urllib.parse import quote

import pytest
from asking import Asking
from support.planted import ANTHROPIC, GITHUB, GOOGLE, JWT, LEGACY, OPENAI, PLANTED, SECRETS
from support.wire import Serve, exchange, request

READ = ("", "/rules", "/journal", "/journal?limit=1000", "/near-misses", "/state")
KNOWN_BY_THEIR_LOOKS = (OPENAI, LEGACY, GOOGLE, GITHUB, JWT, ANTHROPIC)
SCENARIO = """
    state: {heard: nothing}
    rules:
      - {name: hears, when: {last_user: {contains: sesame}}, reply: "-"}
      - {name: echoes, when: {last_user: {present: true}, turn: 0}, reply: {kind: echo},
         set: {heard: {template: "{{ request.messages[0].content }}"}}}
"""


@pytest.mark.parametrize("strict", [False, True], ids=["answered", "refused"])
def test_no_secret_comes_out_again(
    serve: Serve, caplog: pytest.LogCaptureFixture, *, strict: bool
) -> None:
    caplog.set_level(logging.DEBUG)
    server = serve(SCENARIO, strict=strict)
    for planted in PLANTED:
        headers = dict(planted.headers)
        if "authorization" not in map(str.lower, headers):
            headers["authorization"] = "Bearer sk-test"
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head, _, body = request("POST", planted.path, planted.body).partition(b"\r\n\r\n")
        head = head.replace(b"authorization: Bearer sk-test\r\n", b"")
        exchange(server, head + b"\r\n" + lines.encode() + b"\r\n" + body)
    ours = [r.getMessage() for r in caplog.records if not r.name.startswith(("httpx", "httpcore"))]
    shown = [*ours, *(str(call) for call in server.session().journal)]
    with Asking(server.url) as ask:
        shown += [ask("GET", f"/_mock/sessions/default{path}").text for path in READ]
        for said in KNOWN_BY_THEIR_LOOKS:
            body = {"request": {"model": "gpt-4o", "messages": [{"role": "user", "content": said}]}}
            shown.append(ask("POST", "/_mock/sessions/default/explain", body).text)
            unlike = {"when": {"last_user": "another"}, "calls": 99}
            shown.append(ask("POST", "/_mock/sessions/default/verify", unlike).text)
            shown.append(ask("POST", "/_mock/sessions/default/wait", {"timeout_s": 0}).text)
            shown.append(ask("GET", f"/_mock/sessions/{quote(said, '')}").text)
            shown.append(ask("GET", f"/_mock/{quote(said, '')}").text)
            shown.append(ask("POST", "/_mock/sessions", {"name": "x", said: 1, "seed": said}).text)

    text = "\n".join(shown)
    assert [s for s in SECRETS if s in text or quote(s, "") in text or json.dumps(s) in text] == []
    assert text.count("[redacted ") > len(PLANTED)


def test_every_secret_was_sent() -> None:
    sent = b"".join(
        planted.path.encode() + planted.body + json.dumps(planted.headers).encode()
        for planted in PLANTED
    ).decode()

    assert len(SECRETS) == 12
    assert [s for s in SECRETS if s not in sent and quote(s, "") not in sent] == []
