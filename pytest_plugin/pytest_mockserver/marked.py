"""The settings of a test's session: its markers, the nearest first, then those of the run."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, cast

import pytest

from mockserver import bundled
from mockserver.errors import UsageError, did_you_mean
from mockserver.scenario.loader import Source, load_scenario, read_strict
from mockserver.scenario.schema import Scenario, Strict
from mockserver.traffic.clock import refuse_time_scale
from pytest_mockserver.settings import Settings

NAME: Final = "mock_llm"
WORDS: Final = ("seed", "strict", "env", "time_scale", "inherit", "fast_retries", "cassette")
OF_SCENARIOS: Final = ("scenario", "scenarios", "name", "path", "rules")
"""What one may take for the keyword of the scenarios, which have none."""
DEFAULT_STRICT: Final = replace(Strict.of(stated=True), unoffered=False, off_schema=False)
"""All but two parts: what an application does with an answer that does not fit is what many tests
are about. `strict: true` states these, too."""


@dataclass(frozen=True, slots=True)
class Marked:
    """The settings of one test's session.

    Attributes:
        scenarios: The scenarios of the nearest marker that names any.
        seed: The seed for all random choices; None: the scenario's.
        strict: What fails the test, as the markers state it.
        env: Whether environment variables point at it; None: as the run's options state.
        time_scale: Real seconds per second of session time.
        inherit: Whether the server's scenario applies below.
        fast_retries: Whether the openai client retries without its own waits.
        cassette: The name of the cassette that the sessions answer from; True: the test's own;
            False: none.

    """

    scenarios: tuple[Source, ...]
    seed: int | None
    strict: Strict
    env: bool | None
    time_scale: float
    inherit: bool
    fast_retries: bool
    cassette: str | Path | bool

    @classmethod
    def of(cls, node: pytest.Item, settings: Settings) -> "Marked":
        """Read the markers of *node*.

        Raises:
            UsageError: A marker has an unknown keyword, or a value of another type.

        """
        told: dict[str, Any] = {}
        scenarios: tuple[Any, ...] = ()
        strict = Strict()
        for marker in node.iter_markers(NAME):
            for word, value in marker.kwargs.items():
                _refuse_keyword(word, value)
                if value is not None:  # None is what the marker has unless stated
                    told.setdefault(word, value)
            scenarios = scenarios or _each(marker.args)
            if marker.kwargs.get("strict") is not None:
                strict = strict.or_else(read_strict(marker.kwargs["strict"]))
        return cls(
            scenarios=scenarios,
            seed=told.get("seed", settings.seed),
            strict=strict,
            env=told.get("env"),
            time_scale=told.get("time_scale", settings.time_scale),
            inherit=told.get("inherit", settings.inherit),
            fast_retries=told.get("fast_retries", False),
            cassette=told.get("cassette", False),
        )


def _refuse_keyword(word: str, value: object) -> None:
    """Refuse a keyword of the marker that does not exist, or whose *value* is of another type.

    Raises:
        UsageError: It is such a one.

    """
    if word in OF_SCENARIOS:
        hint = "scenarios come first, without a keyword: mock_llm('basics/hello', {'rules': [...]})"
        raise UsageError(f"the marker '{NAME}' has no keyword '{word}'\n  {hint}")
    if word not in WORDS:
        hint = did_you_mean(word, WORDS) or f"known: {', '.join(WORDS)}"
        raise UsageError(f"the marker '{NAME}' has no keyword '{word}'\n  {hint}")
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    match word:
        case "seed":
            wanted, fits = "a whole number", value is None or (is_number and isinstance(value, int))
        case "time_scale":
            wanted, fits = "a number", value is None or is_number
        case "strict":
            wanted, fits = "", True  # it is read as the key of a file
        case "cassette":
            wanted = "True, a name or a path"
            fits = value is None or isinstance(value, bool | str | Path)
        case "env" | "inherit":
            wanted, fits = "True or False", value is None or isinstance(value, bool)
        case _:
            wanted, fits = "True or False", isinstance(value, bool)
    if not fits:
        raise UsageError(f"the marker '{NAME}': {word}={value!r:.60} is not {wanted}")
    if word == "time_scale" and isinstance(value, int | float):
        refuse_time_scale(value)


def _each(scenarios: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the *scenarios* of a marker; a list of them stands for its items."""
    if len(scenarios) == 1 and isinstance(scenarios[0], list | tuple):
        return tuple(cast(Sequence[Any], scenarios[0]))
    return scenarios


class Scenarios:
    """The scenarios that markers name, each loaded once."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], Scenario] = {}

    def read(self, sources: tuple[Source, ...], folder: Path | None) -> Scenario:
        """Return *sources* as one scenario; names are looked up in *folder*, then bundled."""
        if not sources:
            return Scenario()
        if not all(isinstance(source, str | Path) for source in sources):
            return load_scenario(*sources, folders=folders(folder))
        key = (*sources, folder)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = load_scenario(*sources, folders=folders(folder))
        return known


def folders(folder: Path | None) -> list[Path] | None:
    """Return the folders where names are looked up, the project's *folder* first."""
    return None if folder is None else [folder, bundled.folder("scenarios")]
