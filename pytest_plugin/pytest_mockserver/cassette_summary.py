"""What the cassettes of a run were used for, at its end: what is new in them, what is unused."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple, cast

import pytest

from pytest_mockserver.cassettes import FOLDER, SHOWN, SUFFIX, own_path
from pytest_mockserver.plugin import CASSETTES
from pytest_mockserver.session import Session
from pytest_mockserver.timeline import counted

SPARED: Final = "mock_llm_cassette"
"""The report property of a test that may not have come to use its own cassette."""


def used(sessions: Iterable[Session]) -> list[dict[str, Any]]:
    """Return the cassettes of the *sessions* of one test."""
    return [
        {
            "file": one.shown,
            "own": one.is_own,
            "count": len(one.recordings),
            "new": len(one.new),
            "unused": list(one.unused),
        }
        for session in sessions
        if (one := session.used_cassette) is not None
    ]


def spared(item: pytest.Item) -> Path | None:
    """Return the cassette that only the test *item* may use; None: there is none."""
    path = own_path(item)
    return path if path.is_file() else None


class _Used(NamedTuple):
    """A cassette as one test used it."""

    entry: Mapping[str, Any]
    passed: bool


def summary(reports: Iterable[pytest.TestReport], root: Path, *, is_whole: bool) -> Iterator[str]:
    """Yield the lines of the summary; none if there is nothing to report.

    Args:
        reports: The reports of all tests.
        root: What paths are relative to.
        is_whole: Whether all tests ran, so that what none of them used is of no use.

    """
    uses, excused = _gathered(reports)
    for file, times in sorted(uses.items()):
        new = sum(one.entry["new"] for one in times)
        if new:
            yield f"{counted(new, 'new recording')} in {file}"
    for file, times in sorted(uses.items()):
        if all(one.passed for one in times) and (is_whole or all(o.entry["own"] for o in times)):
            yield from _unused(file, times)
    if is_whole:
        yield from _unused_files({root / file for file in uses}, excused, root)


def _gathered(
    reports: Iterable[pytest.TestReport],
) -> tuple[dict[str, list[_Used]], set[Path]]:
    """Return the cassettes that were used, and those that may not be missed."""
    uses: dict[str, list[_Used]] = {}
    excused: set[Path] = set()
    for report in reports:
        for name, value in report.user_properties:
            if name == SPARED:
                excused.add(Path(str(value)))
            elif name == CASSETTES:
                for entry in cast(Iterable[Mapping[str, Any]], value):
                    uses.setdefault(entry["file"], []).append(_Used(entry, report.passed))
    return uses, excused


def _unused(file: str, times: list[_Used]) -> Iterator[str]:
    left = set[str](times[0].entry["unused"]).intersection(*(o.entry["unused"] for o in times))
    if not left:
        return
    count = max(one.entry["count"] for one in times)
    yield f"no test asked for {len(left)} of {counted(count, 'recording')} in {file}:"
    kept = [one for one in times[0].entry["unused"] if one in left]
    yield from (f"  {one}" for one in kept[:SHOWN])
    if len(kept) > SHOWN:
        yield f"  … and {len(kept) - SHOWN} more"


def _unused_files(files: set[Path], excused: set[Path], root: Path) -> Iterator[str]:
    folders = {folder for file in files for folder in file.parents[:2] if folder.name == FOLDER}
    for folder in sorted(folders):
        for path in sorted(folder.rglob(f"*{SUFFIX}")):
            if path not in files and path not in excused:
                shown = path.relative_to(root).as_posix() if path.is_relative_to(root) else path
                yield f"no test used {shown}"
