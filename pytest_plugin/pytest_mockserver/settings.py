"""The options of the command line and the keys of the ini file: one table, the same words.

Nearest wins: the test's marker, its scenario, the command line, the ini file, what stands here.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

PREFIX: Final = "mock_llm_"
ENV_CHOICES: Final = ("test", "session", "off")
TRUE: Final = frozenset({"true", "yes", "on", "1"})
FALSE: Final = frozenset({"false", "no", "off", "0"})


@dataclass(frozen=True)
class Option:
    """One word: a flag, and a key of the ini file."""

    name: str
    help: str
    arguments: dict[str, Any] = field(default_factory=dict[str, Any])
    more: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.arguments.update(dest=self.ini, default=None, help=self.help)

    @property
    def ini(self) -> str:
        """How the ini file calls it."""
        return f"{PREFIX}{self.name}"

    @property
    def flags(self) -> tuple[str, ...]:
        """How the command line calls it."""
        return (f"--{self.ini.replace('_', '-')}", *self.more)


def _switch(name: str, text: str) -> Option:
    return Option(name, text, {"action": "store_const", "const": "true"})


OPTIONS: Final = (
    Option("scenarios", "folder in which scenarios are found by name", {"metavar": "FOLDER"}),
    Option("seed", "of everything drawn (default: the scenario's)", {"metavar": "N"}),
    Option(
        "time_scale",
        "how long a second of a session takes: 1 is real time, 0 waits for nothing (default)",
        {"metavar": "X"},
    ),
    Option(
        "strict",
        "what fails a test, as a scenario says it: true (default), false, {unused: false}, ...",
        {"metavar": "WHAT", "nargs": "?", "const": "true"},
    ),
    Option("inherit", "whether a server's own scenario lies below the test's", {"metavar": "BOOL"}),
    Option(
        "url",
        "a server that runs already, instead of one in this process",
        {"metavar": "URL"},
    ),
    Option("token", "what the control API of that server wants", {"metavar": "TOKEN"}),
    _switch("report", "show calls, tokens, costs and verdicts of all tests at the end"),
    _switch("block_network", "stop every connection but to loopback, and name the test"),
    Option("journal_dir", "folder for the journals of failed tests", {"metavar": "FOLDER"}),
    Option(
        "env",
        "where environment variables lead SDKs to the server: in each test (default), in the whole "
        "run, for clients that are built when they are imported, or nowhere",
        {"metavar": "|".join(ENV_CHOICES)},
    ),
)
NO_STRICT: Final = "--no-mock-llm-strict"
NO_STRICT_DEST: Final = "mock_llm_no_strict"


@dataclass(frozen=True)
class Settings:
    """What the command line and the ini file say, read.

    Attributes:
        scenarios: The folder of scenarios.
        seed: Of everything drawn; None: the scenario's.
        time_scale: How long a second of a session takes.
        strict: As a scenario says it.
        inherit: Whether a server's scenario lies below.
        url: A server that runs already.
        token: What its control API wants.
        report: Whether to show a summary.
        block_network: Whether to stop connections.
        journal_dir: Where journals of failed tests go.
        env: Whether variables are patched in each test, in the whole run, or not.

    """

    scenarios: Path | None
    seed: int | None
    time_scale: float
    strict: str
    inherit: bool
    url: str | None
    token: str | None
    report: bool
    block_network: bool
    journal_dir: Path | None
    env: str

    @classmethod
    def of(cls, config: pytest.Config) -> "Settings":
        """Read what *config* holds.

        Raises:
            pytest.UsageError: A value is none.

        """
        reading = _Reading(config)
        env = reading.text("env") or "test"
        if env not in ENV_CHOICES:
            raise reading.refused("env", env, f"one of {', '.join(ENV_CHOICES)}")
        strict = "false" if config.getoption(NO_STRICT_DEST) else reading.text("strict")
        return cls(
            scenarios=reading.scenarios(),
            seed=reading.number("seed", int),
            time_scale=reading.number("time_scale", float) or 0.0,
            strict=strict or "true",
            inherit=reading.switch("inherit"),
            url=reading.text("url"),
            token=reading.text("token"),
            report=reading.switch("report"),
            block_network=reading.switch("block_network"),
            journal_dir=reading.folder("journal_dir"),
            env=env,
        )


class _Reading:
    """Reads one value after the other: of the command line first, then of the ini file."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def text(self, name: str) -> str | None:
        told = self._config.getoption(f"{PREFIX}{name}")
        if told is None:
            told = self._config.getini(f"{PREFIX}{name}")
        return str(told).strip() or None if told is not None else None

    def switch(self, name: str) -> bool:
        told = self.text(name)
        if told is None or told.lower() in FALSE:
            return False
        if told.lower() in TRUE:
            return True
        raise self.refused(name, told, "true or false")

    def number(self, name: str, kind: type[int] | type[float]) -> Any:
        told = self.text(name)
        try:
            return None if told is None else kind(told)
        except ValueError:
            wanted = "a whole number" if kind is int else "a number"
            raise self.refused(name, told, wanted) from None

    def folder(self, name: str) -> Path | None:
        if self._config.getoption(f"{PREFIX}{name}") is not None:
            return self._config.invocation_params.dir / str(self.text(name))
        told = self.text(name)
        return None if told is None else self._config.rootpath / told

    def scenarios(self) -> Path | None:
        told = self.folder("scenarios")
        if told is None:
            usual = self._config.rootpath / "scenarios"
            return usual if usual.is_dir() else None
        if not told.is_dir():
            raise self.refused("scenarios", str(told), "a folder")
        return told

    def refused(self, name: str, told: object, wanted: str) -> pytest.UsageError:
        return pytest.UsageError(f"{PREFIX}{name}: '{told}' is not {wanted}")
