"""What a test says of its session: its markers, the nearest first, over what the run says."""

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
    """How the session of one test is to be.

    Attributes:
        scenarios: What it answers by, named in the nearest marker that names any.
        seed: Of everything drawn; None: the scenario's.
        strict: As the markers state it.
        env: Whether environment variables lead to it; None: as the run says.
        time_scale: How long a second takes.
        inherit: Whether the server's scenario lies below.
        fast_retries: Whether the openai client retries without the waits of its own.

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
            UsageError: A marker says what nobody knows.

        """
        told: dict[str, Any] = {}
        scenarios: tuple[Any, ...] = ()
        strict = Strict()
        for marker in node.iter_markers(NAME):
            for word, value in marker.kwargs.items():
                if word not in WORDS:
                    hint = did_you_mean(word, WORDS) or f"known: {', '.join(WORDS)}"
                    raise UsageError(f"the marker '{NAME}' does not know '{word}'\n  {hint}")
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
    """Return what *value* says, as under the key `strict` of a file.

    Raises:
        UsageError: It is wrong.

    """
    text = f"version: 1\nstrict: {value}\n" if isinstance(value, str) else None
    try:
        written = text or as_json({"version": 1, "strict": plain(value, "strict")})
        return load_scenario(ScenarioText(written, "strict")).strict
    except MockServerError as error:
        raise UsageError(f"strict={value!r}: {error}") from None


class Scenarios:
    """The scenarios that markers name, each read once."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], Scenario] = {}

    def read(self, sources: tuple[str | Path, ...], folder: Path | None) -> Scenario:
        """Return *sources* as one; names are those of *folder*, or shipped."""
        if not sources:
            return Scenario()
        key = (*sources, folder)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = load_scenario(*sources, folders=folders(folder))
        return known


def folders(folder: Path | None) -> list[Path] | None:
    """Return where names are looked up, the project's *folder* first."""
    return None if folder is None else [folder, bundled.folder("scenarios")]
