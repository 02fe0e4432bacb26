"""Pure tests open no socket and start no process: seconds are enough to run them all.

`make check` runs those alone. A test that needs more is marked `system`, by itself or by where it
stands; one that is not marked, and does it all the same, fails and says so.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

TESTS: Final = Path(__file__).resolve().parents[1]
FOLDERS: Final = ("clients", "examples", "fuzz", "packaging", "plugin", "server")
"""Folders whose tests are all about sockets or other programs."""
FIXTURES: Final = frozenset({"auto_server", "pytester", "serve", "server"})
"""What is a server, or a process."""
BEYOND_PYTHON: Final = frozenset(
    {"os.exec", "os.fork", "os.posix_spawn", "os.system", "socket.bind", "socket.connect"}
    | {"socket.getaddrinfo", "subprocess.Popen"}
)
"""Audit events: https://docs.python.org/3/library/audit_events.html."""


def is_beyond_python(path: Path) -> bool:
    """Return whether all tests at *path* are marked `system` by where they are."""
    return TESTS in path.parents and path.relative_to(TESTS).parts[0] in FOLDERS


def mark(item: pytest.Item) -> None:
    """Mark *item* as `system` if its folder or its fixtures say so."""
    if is_beyond_python(item.path) or FIXTURES.intersection(getattr(item, "fixturenames", ())):
        item.add_marker("system")


class _Guard:
    """Which test runs, if it is one that must be pure."""

    test: str | None = None

    def hear(self, event: str, _arguments: tuple[Any, ...]) -> None:
        if self.test is not None and event in BEYOND_PYTHON:
            what = f"{self.test} does {event}: mark it with `@pytest.mark.system`"
            raise AssertionError(what)


_GUARD: Final = _Guard()
sys.addaudithook(_GUARD.hear)


@contextmanager
def guarded(item: pytest.Item) -> Iterator[None]:
    """Let *item* open no socket and start no process, unless it is marked."""
    _GUARD.test = None if item.get_closest_marker("system") else item.nodeid
    try:
        yield
    finally:
        _GUARD.test = None
