"""curl, as the providers' pages show it and as people try things out."""

import json
import subprocess
from pathlib import Path

import pytest
from support import machine
from support.wire import Serve

from mockserver import MockServer


def curl(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*machine.programs("curl"), "--silent", "--show-error", "--max-time", "10", *arguments],
        capture_output=True,
        check=False,
    )


def posted(path: str, body: object, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    headers = ["-H", "Content-Type: application/json", "-H", "Authorization: Bearer sk-test"]
    return curl(*headers, "-d", json.dumps(body), *arguments, path)


HELLO = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}


def test_a_request_as_the_pages_show_it_is_answered(auto_server: MockServer) -> None:
    done = posted(f"{auto_server.base_url}/chat/completions", HELLO)

    assert json.loads(done.stdout)["choices"][0]["message"]["content"] == "A mock answer to: Hi"


def test_a_stream_is_shown_event_by_event(auto_server: MockServer) -> None:
    done = posted(f"{auto_server.base_url}/chat/completions", {**HELLO, "stream": True}, "-N")

    assert done.stdout.startswith(b"data: {")
    assert done.stdout.endswith(b"\n\ndata: [DONE]\n\n")


def test_the_key_may_not_come_by_basic_authentication(auto_server: MockServer) -> None:
    done = curl("-u", ":sk-test", "-w", "%{http_code}", f"{auto_server.base_url}/models")

    assert done.stdout.endswith(b"401")


def test_a_long_body_is_sent_once_the_server_says_so(
    auto_server: MockServer, tmp_path: Path
) -> None:
    body = tmp_path / "body.json"
    body.write_text(json.dumps(HELLO) + " " * 2_000_000)
    headers = ["-H", "Content-Type: application/json", "-H", "Authorization: Bearer sk-test"]
    url = f"{auto_server.base_url}/chat/completions"
    done = curl(*headers, "-H", "Expect: 100-continue", "--data-binary", f"@{body}", "-v", url)

    assert b"< HTTP/1.1 100 Continue" in done.stderr
    assert b"A mock answer to: Hi" in done.stdout


@pytest.mark.parametrize(
    ("fail", "code"),
    [
        pytest.param("disconnect", 56, id="reset before headers: failure in receiving"),
        pytest.param("{kind: disconnect, how: fin}", 52, id="an end before headers: empty reply"),
        pytest.param(
            "{kind: disconnect, at: after_headers, how: fin}", 18, id="an end in the body: partial"
        ),
        pytest.param("{kind: disconnect, after_tokens: 1}", 56, id="a reset in the body"),
        pytest.param("503", 22, id="an HTTP error, with --fail"),
    ],
)
def test_the_exit_code_tells_what_went_wrong(serve: Serve, fail: str, code: int) -> None:
    server = serve(f"rules: [{{name: broken, reply: 'Hello there.', fail: {fail}}}]")

    assert posted(f"{server.base_url}/chat/completions", HELLO, "--fail").returncode == code


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["--http1.0"], id="HTTP/1.0"),
        pytest.param(["--http2-prior-knowledge"], id="HTTP/2, which the server does not speak"),
        pytest.param(["--compressed"], id="compression offered"),
        pytest.param(["-H", "Transfer-Encoding: chunked"], id="a body in chunks"),
    ],
)
def test_other_ways_of_asking(auto_server: MockServer, arguments: list[str]) -> None:
    done = posted(f"{auto_server.base_url}/chat/completions", HELLO, *arguments)

    spoken = "--http2-prior-knowledge" not in arguments
    assert (done.returncode == 0, b"A mock answer to: Hi" in done.stdout) == (spoken, spoken)
