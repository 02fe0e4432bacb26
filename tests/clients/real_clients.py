"""Real clients: openai-python's two majors, openai-node, the AI SDK's three, the Agents SDK.

`make` sets them up from their lock files; a test leaves out what it cannot find.
"""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from support import machine

FOLDER = Path(__file__).parent

Run = Callable[[str], dict[str, Any]]
"""Returns what the client of that name found, promise by promise."""

Command = list[str]


def _openai_3() -> Command:
    """Return the command of this Python, whose openai is 3.x."""
    return [sys.executable, "-W", "error", str(FOLDER / "openai_script.py")]


def _openai_2() -> Command:
    """Return the command of a Python with openai 2.x."""
    return [str(machine.environment("openai2")), "-W", "error", str(FOLDER / "openai_script.py")]


def _of_node(folder: str, script: str) -> Command:
    """Return the command of Node.js with what *folder* asks for."""
    return [machine.node_project(FOLDER / folder), str(FOLDER / folder / script)]


_CLIENTS: dict[str, Callable[[], Command]] = {
    "openai-python-3": _openai_3,
    "openai-python-2": _openai_2,
    "openai-node": partial(_of_node, "node", "openai_script.mjs"),
    "ai-5": partial(_of_node, "ai5", "script.mjs"),
    "ai-6": partial(_of_node, "ai6", "script.mjs"),
    "ai-7": partial(_of_node, "ai7", "script.mjs"),
    "agents-node": partial(_of_node, "agents", "script.mjs"),
}
OPENAI_CLIENTS = ("openai-python-3", "openai-python-2", "openai-node")
"""OpenAI's own."""


def command(client: str, script: str | None = None) -> Command:
    """Return the command that runs *script* by *client*; the test is left out if there is none.

    Without a *script*, it is the client's own, which keeps the promises of the tests.
    """
    *words, path = _CLIENTS[client]()
    return [*words, path if script is None else str(Path(path).with_stem(script))]
