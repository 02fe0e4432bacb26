"""What tests need of the machine besides Python: programs, environments, Node projects.

A test leaves out what this machine lacks, and the end of the run lists it. With
MOCKSERVER_DEMAND_ALL=1, as in CI, it fails instead.
"""

import os
import shutil
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, NoReturn

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]
DEMAND_ALL: Final = "MOCKSERVER_DEMAND_ALL"
LACKING: Final = "this machine lacks "


def lack(what: str) -> NoReturn:
    """Skip the test for want of *what*, or fail it where everything is demanded."""
    if os.environ.get(DEMAND_ALL) == "1":
        pytest.fail(f"{LACKING}{what}, and {DEMAND_ALL}=1 demands it")
    pytest.skip(f"{LACKING}{what}")


def programs(*names: str) -> tuple[str, ...]:
    """Return where the programs of these *names* are."""
    found = {name: shutil.which(name) for name in names}
    missing = [name for name, path in found.items() if path is None]
    if missing:
        lack(" and ".join(missing))
    return tuple(path for path in found.values() if path is not None)


def environment(name: str) -> Path:
    """Return the Python of the environment `.venv-<name>`, which `make` sets up."""
    folder = ROOT / f".venv-{name}"
    if not (folder / ".complete").exists():
        lack(f".venv-{name} (make .venv-{name}/.complete)")
    return folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def node_project(folder: Path) -> str:
    """Return where Node is, once the project in *folder* is set up, which `make` does."""
    (node,) = programs("node")
    if not (folder / "node_modules").exists():
        place = folder.relative_to(ROOT)
        lack(f"{place}/node_modules (make {place}/node_modules)")
    return node


def left_out(reasons: Iterable[Any]) -> Iterator[str]:
    """Yield a line for each thing that is lacking, of all the *reasons* that tests were skipped."""
    texts = [reason[2] if isinstance(reason, tuple) else str(reason) for reason in reasons]
    counted = Counter(text.partition(LACKING)[2] for text in texts if LACKING in text)
    for what, count in sorted(counted.items()):
        yield f"{LACKING}{what}: {count} {'test' if count == 1 else 'tests'} left out"
