"""Scenario files that are read again when they change: `mockserver serve --watch`.

What is wrong is told, and changes nothing: the server goes on by what it read last.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

from mockserver.errors import MockServerError
from mockserver.scenario.schema import Scenario

EVERY_S: Final = 0.5
"""How often files are looked at."""

Stamp = tuple[int, int, int]
"""What changes when a file does: its time, its size, its number on the disk."""


class Watcher:
    """Looks whether files have changed; somebody else says when."""

    def __init__(
        self,
        read: Callable[[], Scenario],
        files: Callable[[], Iterable[Path]],
        tell: Callable[[str], None],
    ) -> None:
        """Look at the files as they are now.

        Args:
            read: Reads the scenario.
            files: Returns the files that it stands in, also where it is wrong.
            tell: Takes what a person should know.

        """
        self._read = read
        self._files = files
        self._tell = tell
        self._watched = frozenset(files())
        self._stamps = _stamps(self._watched)

    def check(self) -> Scenario | None:
        """Return the scenario, if it has changed and is right; it may run in a thread."""
        stamps = _stamps(self._watched)
        # Many editors save by putting a new file in the place of the old one: soon it is there.
        if stamps == self._stamps or len(stamps) < len(self._watched):
            return None
        self._stamps = stamps
        try:
            # Files that a wrong one no longer leads to are watched on: mending may begin there.
            self._watched |= frozenset(self._files())
            scenario = self._read()
            self._watched = frozenset(self._files())
        except MockServerError as error:
            self._tell(f"{error}\nmockserver: the scenario is not read again: it is wrong")
            return None
        finally:
            self._stamps = _stamps(self._watched)
        rules = len(scenario.rules)
        self._tell(f"mockserver: the scenario was read again: {rules} rule{'s' * (rules != 1)}")
        return scenario


def _stamps(files: Iterable[Path]) -> Mapping[Path, Stamp]:
    """Return the stamps of those of *files* that are there."""
    found: dict[Path, Stamp] = {}
    for path in files:
        try:
            status = os.stat(path)  # noqa: PTH116 - the same, without making a new path
        except OSError:
            continue
        found[path] = (status.st_mtime_ns, status.st_size, status.st_ino)
    return found
