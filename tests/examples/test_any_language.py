"""The examples for other languages work, side by side with fifty others on one server."""

import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from support import machine
from support.wire import exchange, request

from mockserver import Control, MockServer

FOLDER = Path(__file__).parent / "any_language"
SCENARIO = json.loads((FOLDER / "trip.json").read_text())
TOOLS = {"get_weather": "sunny, 18 degrees", "book_trip": "booked"}
OTHERS = 50
PATIENCE_S = 120


def converse(server: MockServer, name: str) -> str:
    """Hold the conversation of the examples in Python; return what came of it."""
    with Control(server.url).new_session(name, SCENARIO, strict=True) as session:
        messages: list[dict[str, Any]] = [{"role": "user", "content": "Book me a trip to Paris."}]
        while True:
            body = {"model": "gpt-4o", "messages": messages, "tools": _tools()}
            raw = exchange(server, request("POST", f"/s/{name}/v1/chat/completions", body))
            answer = raw.json["choices"][0]["message"]
            if "tool_calls" not in answer:
                break
            (call,) = answer["tool_calls"]
            result = TOOLS[call["function"]["name"]]
            messages += [answer, {"role": "tool", "tool_call_id": call["id"], "content": result}]
        session.assert_called({"after_tool": "book_trip"}, calls=1)
        ended = session.end()
    assert (answer["content"], ended.calls, ended.unused) == ("Booked: Paris on Friday.", 3, ())
    return f"{name}: booked"


def _tools() -> list[dict[str, Any]]:
    return [{"type": "function", "function": {"name": name}} for name in TOOLS]


def run(server: MockServer, command: list[str], name: str) -> str:
    environment = {"PATH": os.environ["PATH"], "MOCKSERVER_URL": server.url}
    done = subprocess.run(
        [*command, name],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("command", "needs"),
    [
        pytest.param(["sh", str(FOLDER / "agent.sh")], ["curl", "jq"], id="curl and jq"),
        pytest.param(["node", str(FOLDER / "agent.mjs")], ["node"], id="node"),
    ],
)
def test_an_example_runs_beside_fifty_other_conversations(
    command: list[str], needs: list[str]
) -> None:
    machine.programs(*needs)
    with MockServer() as server, ThreadPoolExecutor(OTHERS + 2) as pool:
        examples = [pool.submit(run, server, command, f"example-{n}") for n in (1, 2)]
        others = [pool.submit(converse, server, f"other-{n}") for n in range(OTHERS)]
        said = [future.result(PATIENCE_S) for future in (*examples, *others)]
        left = Control(server.url).sessions().total

    assert said[:2] == ["example-1: booked", "example-2: booked"]
    assert (len(said), left) == (OTHERS + 2, 0)


def test_an_example_fails_where_the_server_says_something_else() -> None:
    machine.programs("curl", "jq")
    with MockServer() as server:
        Control(server.url).new_session("taken")
        environment = {"PATH": os.environ["PATH"], "MOCKSERVER_URL": server.url}
        done = subprocess.run(
            ["sh", str(FOLDER / "agent.sh"), "taken"],
            capture_output=True,
            check=False,
            timeout=PATIENCE_S,
            env=environment,
        )

    assert done.returncode != 0
