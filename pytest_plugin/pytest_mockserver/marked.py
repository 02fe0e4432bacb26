"""The settings of a test's session: its markers, the nearest first, then those of the run."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from mockserver import bundled
from mockserver.errors import MockServerError, UsageError, did_you_mean
from mockserver.scenario.loader import ScenarioText, load_scenario
from mockserver.scenario.schema import Scenario, Strict
from mockserver.scenario.syntax.written import as_json, plain
from pytest_mockserver.settings import Settings

NAME: Final = "mock_llm"
WORDS: Final = ("seed", "strict", "env", "time_scale", "inherit", "fast_retries")
DEFAULT_STRICT: Final = Strict.of(stated=True)


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

    """

    scenarios: tuple[str | Path, ...]
    seed: int | None
    strict: Strict
    env: bool | None
    time_scale: float
    inherit: bool
    fast_retries: bool

    @classmethod
    def of(cls, node: pytest.Item, settings: Settings) -> "Marked":
        """Read the markers of *node*.

        Raises:
            UsageError: A marker has an unknown keyword.

        """
        told: dict[str, Any] = {}
        scenarios: tuple[Any, ...] = ()
        strict = Strict()
        for marker in node.iter_markers(NAME):
            for word, value in marker.kwargs.items():
                if word not in WORDS:
                    hint = did_you_mean(word, WORDS) or f"known: {', '.join(WORDS)}"
                    raise UsageError(f"the marker '{NAME}' has no keyword '{word}'\n  {hint}")
                told.setdefault(word, value)
            scenarios = scenarios or marker.args
            if "strict" in marker.kwargs:
                strict = strict.or_else(read_strict(marker.kwargs["strict"]))
        return cls(
            scenarios=scenarios,
            seed=told.get("seed", settings.seed),
            strict=strict,
            env=told.get("env"),
            time_scale=told.get("time_scale", settings.time_scale),
            inherit=told.get("inherit", settings.inherit),
            fast_retries=told.get("fast_retries", False),
        )


def read_strict(value: Any) -> Strict:
    """Return *value* as the key `strict` of a scenario file.

    Raises:
        UsageError: It is not valid.

    """
    text = f"version: 1\nstrict: {value}\n" if isinstance(value, str) else None
    try:
        written = text or as_json({"version": 1, "strict": plain(value, "strict")})
        return load_scenario(ScenarioText(written, "strict")).strict
    except MockServerError as error:
        raise UsageError(f"strict={value!r}: {error}") from None


class Scenarios:
    """The scenarios that markers name, each loaded once."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], Scenario] = {}

    def read(self, sources: tuple[str | Path, ...], folder: Path | None) -> Scenario:
        """Return *sources* as one scenario; names are looked up in *folder*, then bundled."""
        if not sources:
            return Scenario()
        key = (*sources, folder)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = load_scenario(*sources, folders=folders(folder))
        return known


def folders(folder: Path | None) -> list[Path] | None:
    """Return the folders where names are looked up, the project's *folder* first."""
    return None if folder is None else [folder, bundled.folder("scenarios")]
