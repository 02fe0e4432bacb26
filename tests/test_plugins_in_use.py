"""Plug-ins: one file, or one entry point of another distribution, and nothing else."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.distributions import install
from support.subprocesses import SOURCES, Subprocess, served
from support.wire import exchange, request

from mockserver.plugins import Plugins

pytestmark = pytest.mark.system

SHOUT = '''
"""The last user message, in capitals."""

from dataclasses import dataclass

from mockserver.contracts import ChoicePlace, Reply
from mockserver.conversation import Choice, IncomingCall, Text
from mockserver.seeding import Draw


@dataclass(frozen=True, slots=True, kw_only=True)
class Shout(Reply):
    """Answer in capitals, with as many exclamation marks as 'marks' says."""

    kind = "shout"

    marks: int = 1

    def choice(self, call: IncomingCall, place: ChoicePlace, draw: Draw) -> Choice:
        return Choice((Text(call.request.turns[-1].text.upper() + "!" * self.marks),))
'''
UPSIDE_DOWN = '''
"""The body comes from its end to its beginning."""

from dataclasses import dataclass

from mockserver.contracts import Distorted, Failure, Scene
from mockserver.wire.timeline import Data, Timeline


@dataclass(frozen=True, slots=True, kw_only=True)
class UpsideDown(Failure):
    """Turn every piece of the body around."""

    kind = "upside_down"
    default_moment = None

    def distort(self, timeline: Timeline, scene: Scene) -> Distorted:
        return Distorted(tuple(
            event._replace(payload=event.payload[::-1]) if isinstance(event, Data) else event
            for event in timeline
        ))
'''
MOTD = '''
"""The message of the day."""

from mockserver.contracts import JsonBody, LookupEndpoint


class Motd(LookupEndpoint):
    kind = "motd"
    routes = (("GET", "/motd"),)
    dialects = frozenset({"openai"})

    def look_up(self, lookup):
        return JsonBody({"message": "Be kind."})
'''
ACME = '''
"""Another provider, which is like OpenAI but for its paths and ids."""

from mockserver.contracts import Located
from mockserver.providers.openai import OpenAI


class Acme(OpenAI):
    kind = "acme"
    id_prefix = "acme-"

    def locate(self, path):
        return Located(path.removeprefix("/acme-api")) if path.startswith("/acme-api/") else None
'''
SCENARIO = """
version: 1
rules:
  - name: only-at-acme
    when: {provider: acme, last_user: "who"}
    reply: "Acme."
  - name: another-motd
    when: {endpoint: motd, headers: {x-broken: "1"}}
    fail: 503
  - {name: broken, when: {last_user: "turn"}, reply: "abc", fail: upside_down}
  - {name: shouted, reply: {kind: shout, marks: 2}}
"""

# --- Another distribution --------------------------------------------------------------------


@dataclass(frozen=True)
class Extended:
    """Where a distribution is installed, and a scenario that uses what it adds."""

    path: str
    scenario: Path


@pytest.fixture(scope="module")
def extension(tmp_path_factory: pytest.TempPathFactory) -> Extended:
    """Install a distribution that adds one plug-in of each kind."""
    folder = tmp_path_factory.mktemp("site")
    for name, text in {"shout": SHOUT, "upside": UPSIDE_DOWN, "motd": MOTD, "acme": ACME}.items():
        (folder / f"acme_{name}.py").write_text(text, "utf-8")
    entry_points = """
        [mockserver.replies]
        shout = acme_shout:Shout
        [mockserver.failures]
        upside_down = acme_upside:UpsideDown
        [mockserver.endpoints]
        motd = acme_motd:Motd
        [mockserver.dialects]
        acme = acme_acme:Acme
    """
    install(folder, "acme-mock", entry_points)
    scenario = folder / "scenario.yaml"
    scenario.write_text(SCENARIO, "utf-8")
    return Extended(f"{SOURCES}:{folder}", scenario)


@pytest.fixture(scope="module")
def extended(extension: Extended) -> Iterator[Subprocess]:
    """Serve with that distribution installed."""
    environment = {"PYTHONPATH": extension.path}
    with served("--scenario", str(extension.scenario), environment=environment) as server:
        yield server


def run(extension: Extended, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run a command of the command line with that distribution installed."""
    return subprocess.run(
        [sys.executable, "-m", "mockserver", *arguments],
        env={"PYTHONPATH": extension.path},
        capture_output=True,
        text=True,
        check=False,
    )


def asked(path: str, said: str) -> bytes:
    messages = [{"role": "user", "content": said}]
    return request("POST", path, {"model": "gpt-4o", "messages": messages})


def test_a_reply_of_another_distribution_is_written_in_yaml(extended: Subprocess) -> None:
    answered = exchange(extended, asked("/v1/chat/completions", "hello"))

    assert answered.json["choices"][0]["message"]["content"] == "HELLO!!"


def test_a_failure_of_another_distribution_is_written_in_yaml(extended: Subprocess) -> None:
    answered = exchange(extended, asked("/v1/chat/completions", "turn"))

    assert b'cba" :"tnetnoc"' in answered.body


def test_an_endpoint_of_another_distribution_has_its_own_path(extended: Subprocess) -> None:
    answered = exchange(extended, request("GET", "/v1/motd"))

    assert answered.json == {"message": "Be kind."}


def test_a_dialect_of_another_distribution_has_its_own_paths(extended: Subprocess) -> None:
    answered = exchange(extended, asked("/acme-api/chat/completions", "hello"))

    assert answered.json["id"].startswith("acme-")


def test_a_rule_may_be_about_a_dialect_of_another_distribution(extended: Subprocess) -> None:
    by_acme = exchange(extended, asked("/acme-api/chat/completions", "who"))
    by_openai = exchange(extended, asked("/v1/chat/completions", "who"))

    assert by_acme.json["choices"][0]["message"]["content"] == "Acme."
    assert by_openai.json["choices"][0]["message"]["content"] == "WHO!!"


def test_a_rule_may_be_about_an_endpoint_of_another_distribution(extended: Subprocess) -> None:
    failed = exchange(extended, request("GET", "/v1/motd", headers={"x-broken": "1"}))

    assert failed.status == 503


def test_a_scenario_with_words_of_another_distribution_is_checked(
    extension: Extended, tmp_path: Path
) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("version: 1\nrules:\n  - reply: {kind: shout, markz: 2}\n", "utf-8")

    assert run(extension, "check", str(extension.scenario)).returncode == 0
    assert run(extension, "check", str(wrong)).stderr == (
        f"{wrong}:3:26: unknown key 'markz' in reply kind 'shout'\n  did you mean 'marks'?\n"
    )


def test_the_schema_knows_the_words_of_another_distribution(extension: Extended) -> None:
    schema = json.loads(run(extension, "schema").stdout)
    marks = schema["definitions"]["Shout"]["properties"]["marks"]

    assert marks == {
        "description": "Answer in capitals, with as many exclamation marks as 'marks' says.",
        "type": "integer",
        "default": 1,
    }
    assert "UpsideDown" in schema["definitions"]
    assert {"acme", "openai"} <= set(schema["properties"]["provider"]["enum"])
    assert "motd" in schema["definitions"]["EndpointTest"]["anyOf"][0]["enum"]


@pytest.mark.parametrize("socket", ["dialects", "endpoints", "replies", "failures"])
def test_every_shipped_plug_in_explains_itself(socket: str) -> None:
    plugins = getattr(Plugins.installed(), socket)

    assert plugins
    assert all(plugin.__doc__ for plugin in plugins.values())
