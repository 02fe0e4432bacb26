"""Scenario files are reloaded when they change: `mockserver serve --watch`.

A scenario with errors is reported and changes nothing: the server keeps the last good one.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

from mockserver.errors import MockServerError
from mockserver.scenario.schema import Scenario

EVERY_S: Final = 0.5
"""How often files are checked."""

Stamp = tuple[int, int, int]
"""What changes when a file does: its time, its size, its inode."""


class Watcher:
    """Checks whether files have changed, whenever it is asked to."""

    def __init__(
        self,
        read: Callable[[], Scenario],
        files: Callable[[], Iterable[Path]],
        report: Callable[[str], None],
    ) -> None:
        """Look at the files as they are now.

        Args:
            read: Reads the scenario.
            files: Returns the files that it consists of, even if it has errors.
            report: Takes messages for the person at the terminal.

        """
        self._read = read
        self._files = files
        self._report = report
        self._watched = frozenset(files())
        self._stamps = _stamps(self._watched)

    def check(self) -> Scenario | None:
        """Return the scenario if it has changed and has no errors; may run in a thread."""
        stamps = _stamps(self._watched)
        # Many editors save by replacing the file: the new one will be there soon.
        if stamps == self._stamps or len(stamps) < len(self._watched):
            return None
        self._stamps = stamps
        try:
            # Files that a broken one no longer includes stay watched: the fix may be there.
            self._watched |= frozenset(self._files())
            scenario = self._read()
            self._watched = frozenset(self._files())
        except MockServerError as error:
            self._report(f"{error}\nmockserver: the scenario has errors and was not reloaded")
            return None
        finally:
            self._stamps = _stamps(self._watched)
        rules = len(scenario.rules)
        self._report(f"mockserver: the scenario was reloaded: {rules} rule{'s' * (rules != 1)}")
        return scenario


def _stamps(files: Iterable[Path]) -> Mapping[Path, Stamp]:
    """Return the stamps of those *files* that exist."""
    found: dict[Path, Stamp] = {}
    for path in files:
        try:
            status = os.stat(path)  # noqa: PTH116 - the same, without making a new path
        except OSError:
            continue
        found[path] = (status.st_mtime_ns, status.st_size, status.st_ino)
    return found
