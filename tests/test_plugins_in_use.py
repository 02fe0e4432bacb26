"""Plug-ins: one file, or one entry point of another distribution, and nothing else."""

from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest
from subprocesses import SOURCES, Subprocess, served
from wire import exchange, request

from mockserver.contracts import Dialect, Endpoint, Failure, Reply
from mockserver.plugins import collect

SHOUT = '''
"""The last user message, in capitals."""

from dataclasses import dataclass

from mockserver.contracts import ChoicePlace, Reply
from mockserver.conversation import Choice, IncomingCall
from mockserver.seeding import Draw


@dataclass(frozen=True, slots=True, kw_only=True)
class Shout(Reply):
    """Answer in capitals, with as many exclamation marks as *marks* says."""

    kind = "shout"

    marks: int = 1

    def choice(self, call: IncomingCall, place: ChoicePlace, draw: Draw) -> Choice:
        return Choice(text=call.completion.messages[-1].text.upper() + "!" * self.marks)
'''
UPSIDE_DOWN = '''
"""The body comes from its end to its beginning."""

from dataclasses import dataclass

from mockserver.contracts import Distorted, Failure, Scene
from mockserver.timeline import Data, Timeline


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

    def look_up(self, lookup):
        return JsonBody({"message": "Be kind."})
'''
ACME = '''
"""Another provider, which is like OpenAI but for its paths and ids."""

from mockserver.contracts import Located
from mockserver.dialects.openai import OpenAI


class Acme(OpenAI):
    kind = "acme"
    id_prefixes = {"chat.completions": "acme-", "completions": "acme-"}

    def locate(self, path):
        return Located(path.removeprefix("/acme-api")) if path.startswith("/acme-api/") else None
'''
SCENARIO = """
version: 1
rules:
  - {name: broken, when: {last_user: "turn"}, reply: "abc", fail: upside_down}
  - {name: shouted, reply: {kind: shout, marks: 2}}
"""

# --- Another distribution --------------------------------------------------------------------


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Subprocess]:
    """Serve with a distribution installed that adds one plug-in of each kind."""
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
    path = f"{SOURCES}:{folder}"
    with served("--scenario", str(scenario), environment={"PYTHONPATH": path}) as server:
        yield server


def install(folder: Path, name: str, entry_points: str) -> None:
    """Lay the metadata of a distribution into *folder*, as an installer does."""
    metadata = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(dedent(entry_points), "utf-8")


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


@pytest.mark.parametrize(
    ("package_name", "socket"),
    [
        pytest.param("mockserver.dialects", Dialect, id="dialects"),
        pytest.param("mockserver.endpoints", Endpoint, id="endpoints"),
        pytest.param("mockserver.replies", Reply, id="replies"),
        pytest.param("mockserver.failures", Failure, id="failures"),
    ],
)
def test_every_shipped_plug_in_explains_itself(package_name: str, socket: type[object]) -> None:
    assert all(plugin.__doc__ for plugin in collect(package_name, socket).values())
