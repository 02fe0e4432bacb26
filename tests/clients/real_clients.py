"""Real clients: openai-python's two majors, openai-node, and three majors of the AI SDK.

They are installed where they are missing.
"""

import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, NoReturn

import pytest

FOLDER = Path(__file__).parent
OPENAI_2_FOLDER = FOLDER.parent.parent / ".venv-openai2"

Run = Callable[[str], dict[str, Any]]
"""Returns what the client of that name found, promise by promise."""


Command = list[str]


@dataclass(frozen=True)
class Missing:
    """A client that cannot be had here, and the environment variable that demands it."""

    reason: str
    demanded_by: str

    def give_up(self) -> NoReturn:
        """Skip the test, or fail it where the client is demanded."""
        if os.environ.get(self.demanded_by) == "1":
            pytest.fail(f"{self.reason}, and {self.demanded_by}=1 demands it")
        pytest.skip(f"{self.reason} ({self.demanded_by}=1 makes this a failure)")


def _openai_3() -> Command | Missing:
    """Return the command of this Python, whose openai is 3.x."""
    return [sys.executable, "-W", "error", str(FOLDER / "openai_script.py")]


def _openai_2() -> Command | Missing:
    """Return the command of a Python with openai 2.x, in an environment made once."""
    python = OPENAI_2_FOLDER / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = OPENAI_2_FOLDER / "complete"
    if not stamp.exists():
        venv.create(OPENAI_2_FOLDER, clear=True, with_pip=True)
        install = [python, "-m", "pip", "install", "--disable-pip-version-check", "openai>=2,<3"]
        if subprocess.run(install, capture_output=True, check=False).returncode:
            return Missing("openai 2.x cannot be installed", "MOCKSERVER_DEMAND_OPENAI2")
        stamp.touch()
    return [str(python), "-W", "error", str(FOLDER / "openai_script.py")]


def _of_node(folder: str, package: str, script: str) -> Command | Missing:
    """Return the command of Node.js with what *folder* asks for, installed once."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return Missing("Node.js is not installed", "MOCKSERVER_DEMAND_NODE")
    project = FOLDER / folder
    if not (project / "node_modules" / package / "package.json").exists():
        install = [npm, "install", "--no-audit", "--no-fund", "--no-package-lock"]
        if subprocess.run(install, cwd=project, capture_output=True, check=False).returncode:
            why = f"{package} for Node.js (tests/clients/{folder}) cannot be installed"
            return Missing(why, "MOCKSERVER_DEMAND_NODE")
    return [node, str(project / script)]


_CLIENTS: dict[str, Callable[[], Command | Missing]] = {
    "openai-python-3": _openai_3,
    "openai-python-2": _openai_2,
    "openai-node": partial(_of_node, "node", "openai", "openai_script.mjs"),
    "ai-5": partial(_of_node, "ai5", "ai", "script.mjs"),
    "ai-6": partial(_of_node, "ai6", "ai", "script.mjs"),
    "ai-7": partial(_of_node, "ai7", "ai", "script.mjs"),
}


OPENAI_CLIENTS = ("openai-python-3", "openai-python-2", "openai-node")
"""OpenAI's own."""


@cache
def _found(client: str) -> Command | Missing:
    return _CLIENTS[client]()


def command(client: str, script: str | None = None) -> Command | Missing:
    """Return the command that runs *script* by *client*, or why there is none; looked for once.

    Without a *script*, it is the client's own, which keeps the promises of the tests.
    """
    found = _found(client)
    if isinstance(found, Missing) or script is None:
        return found
    *words, path = found
    return [*words, str(Path(path).with_stem(script))]
