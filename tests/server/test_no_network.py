"""The server reaches nothing: no host, no file in anybody's home."""

from pathlib import Path

from support.subprocesses import served
from support.wire import chat, exchange, request

GUARD = """
import os, sys

def guard(event, arguments):
    if event in {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname"}:
        print(event, arguments, file=sys.stderr, flush=True)
        os._exit(70)

sys.addaudithook(guard)
from mockserver.cli import main
sys.exit(main())
"""
SCHEMA = {"type": "object", "properties": {"email": {"type": "string", "format": "email"}}}
FORMAT = {"type": "json_schema", "json_schema": {"name": "person", "schema": SCHEMA}}


def test_the_server_answers_without_a_network_in_an_empty_home(tmp_path: Path) -> None:
    home, temporary = tmp_path / "home", tmp_path / "tmp"
    home.mkdir()
    temporary.mkdir()
    asked = [
        *(chat(model=model) for model in ("gpt-4o", "gpt-4", "gpt-5-mini")),
        chat(response_format=FORMAT),
    ]
    legacy = [
        {"model": model, "prompt": "Hi"}
        for model in ("gpt-3.5-turbo-instruct", "davinci-002", "text-davinci-003", "davinci")
    ]
    environment = {"HOME": str(home), "TMPDIR": str(temporary)}
    with served("--any-model", program=("-c", GUARD), environment=environment) as server:
        statuses = [
            *(exchange(server, request("POST", "/v1/chat/completions", b)).status for b in asked),
            *(exchange(server, request("POST", "/v1/completions", b)).status for b in legacy),
            exchange(server, request("GET", "/v1/models")).status,
        ]

    assert set(statuses) == {200}
    assert ([*home.iterdir()], [*temporary.iterdir()]) == ([], [])
