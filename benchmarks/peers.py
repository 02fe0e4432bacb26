"""Other mock servers, measured where they are installed: none of them is a dependency.

Each answers every chat with the text that ours does.
"""

import contextlib
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cases import ANSWER
from servers import Server, free_port, listening


@dataclass(frozen=True)
class Peer:
    """A mock server: its command, and how it is started."""

    name: str
    command: str
    file: str
    """What its configuration is called."""
    configuration: object
    arguments: Callable[[Path, int], list[str]]
    """Arguments, from the configuration's path and the port."""


PEERS = (
    Peer(
        "aimock",
        "llmock",
        "aimock.json",
        {"fixtures": [{"match": {}, "response": {"content": ANSWER}}]},
        lambda file, port: ["-p", f"{port}", "-f", f"{file}", "--log-level", "silent"],
    ),
    Peer(
        "openai-mock-api",
        "openai-mock-api",
        "openai-mock-api.yaml",
        {
            "apiKey": "sk-bench",
            "responses": [
                {
                    "id": "answer",
                    "messages": [
                        {"role": "system", "matcher": "any"},
                        {"role": "user", "matcher": "any"},
                        {"role": "assistant", "content": ANSWER},
                    ],
                }
            ],
        },
        lambda file, port: ["--config", f"{file}", "--port", f"{port}"],
    ),
    Peer(
        "fakellm",
        "fakellm",
        "fakellm.yaml",
        {
            "version": 1,
            "rules": [{"name": "answer", "when": {}, "respond": {"content": ANSWER}}],
        },
        lambda file, port: ["serve", "--config", f"{file}", "--port", f"{port}"],
    ),
)


def find(folders: list[Path]) -> tuple[list[tuple[Peer, str]], list[str]]:
    """Return the peers that are installed, with their programs, and the names of the others.

    A peer is looked for in the search path, and in *folders*: Node projects and environments.
    """
    below = [str(folder / place) for folder in folders for place in ("node_modules/.bin", "bin")]
    found: list[tuple[Peer, str]] = []
    missing: list[str] = []
    for peer in PEERS:
        places = (shutil.which(peer.command, path=path) for path in [*below, None])
        program = next((place for place in places if place), None)
        if program:
            found.append((peer, program))
        else:
            missing.append(peer.name)
    return found, missing


@contextlib.contextmanager
def started(peer: Peer, program: str, folder: Path) -> Iterator[Server]:
    """Start *peer*, with its configuration in *folder*."""
    file = folder / peer.file
    file.write_text(json.dumps(peer.configuration))  # which is YAML, too
    port = free_port()
    command = [str(Path(program).absolute()), *peer.arguments(file, port)]
    with listening(peer.name, command, port) as server:
        yield server
