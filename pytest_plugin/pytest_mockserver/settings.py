"""The options of the command line and the keys of the ini file, in one table.

Precedence: the test's marker, its scenario, the command line, the ini file, the defaults here.
"""

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import pytest

PREFIX: Final = "mock_llm_"
ENV_CHOICES: Final = ("test", "session", "off")
RECORD_CHOICES: Final = ("none", "new", "all")
KEY_VARIABLE: Final = "OPENAI_API_KEY"
TRUE: Final = frozenset({"true", "yes", "on", "1"})
FALSE: Final = frozenset({"false", "no", "off", "0"})


@dataclass(frozen=True)
class Option:
    """One option: a flag, and a key of the ini file."""

    name: str
    help: str
    arguments: dict[str, Any] = field(default_factory=dict[str, Any])
    more: tuple[str, ...] = ()
    ini_type: Literal["string", "linelist"] = "string"

    def __post_init__(self) -> None:
        self.arguments.update(dest=self.ini, default=None, help=self.help)

    @property
    def ini(self) -> str:
        """Its key in the ini file."""
        return f"{PREFIX}{self.name}"

    @property
    def flags(self) -> tuple[str, ...]:
        """Its flags on the command line."""
        return (f"--{self.ini.replace('_', '-')}", *self.more)


def _switch(name: str, text: str) -> Option:
    return Option(name, text, {"action": "store_const", "const": "true"})


OPTIONS: Final = (
    Option("scenarios", "folder where scenario names are looked up", {"metavar": "FOLDER"}),
    Option("seed", "seed for all random choices (default: the scenario's)", {"metavar": "N"}),
    Option(
        "time_scale",
        "real seconds per second of session time: 1 is real time, 0 never waits (default)",
        {"metavar": "X"},
    ),
    Option(
        "strict",
        "what fails a test, as in a scenario: true (default), false, {unused: false}, ...",
        {"metavar": "WHAT", "nargs": "?", "const": "true"},
    ),
    Option(
        "inherit", "whether the server's scenario applies below the test's", {"metavar": "BOOL"}
    ),
    Option(
        "url",
        "a server that is already running, instead of one in this process",
        {"metavar": "URL"},
    ),
    Option("token", "the token that the control API of that server requires", {"metavar": "TOKEN"}),
    _switch("report", "show calls, tokens, costs and verdicts of all tests at the end"),
    _switch("block_network", "block every connection except to loopback, and name the test"),
    Option("journal_dir", "folder for the journals of failed tests", {"metavar": "FOLDER"}),
    Option(
        "env",
        "when environment variables point SDKs at the server: in each test (default), in the whole "
        "session, for clients that are created on import, or never (off)",
        {"metavar": "|".join(ENV_CHOICES)},
    ),
    Option(
        "record",
        "what is recorded in cassettes: none (default), and nothing leaves this machine; new, what "
        "they lack; all, everything, in place of what is there",
        {"metavar": "|".join(RECORD_CHOICES)},
    ),
    Option(
        "upstream",
        "the provider that is recorded, such as https://api.openai.com/v1: https, or on this "
        "machine",
        {"metavar": "URL"},
    ),
    Option(
        "upstream_key_env",
        f"the environment variable with the key for it (default: {KEY_VARIABLE})",
        {"metavar": "NAME"},
    ),
    Option(
        "redact",
        "what is taken out of recordings besides keys, cookies and the like; repeatable, in the "
        "ini file one on each line",
        {"metavar": "REGEX", "action": "append"},
        ini_type="linelist",
    ),
)
NO_STRICT: Final = "--no-mock-llm-strict"
NO_STRICT_DEST: Final = "mock_llm_no_strict"


@dataclass(frozen=True)
class Settings:
    """The values from the command line and the ini file.

    Attributes:
        scenarios: The folder of scenarios.
        seed: The seed for all random choices; None: the scenario's.
        time_scale: Real seconds per second of session time.
        strict: What fails a test, as in a scenario.
        inherit: Whether the server's scenario applies below the test's.
        url: The URL of a server that is already running.
        token: The token that its control API requires.
        report: Whether to show a summary.
        block_network: Whether to block connections beyond loopback.
        journal_dir: Where journals of failed tests go.
        env: Whether variables are patched in each test, in the whole run, or not.
        record: What is recorded in cassettes: `none`, `new` or `all`.
        upstream: The root URL of the provider that is recorded.
        upstream_key_env: The environment variable with the key for it; None: the usual one.
        redact: Regular expressions of what is taken out of all recordings.

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
    record: str
    upstream: str | None
    upstream_key_env: str | None
    redact: tuple[str, ...]

    @classmethod
    def of(cls, config: pytest.Config) -> "Settings":
        """Read what *config* holds.

        Raises:
            pytest.UsageError: A value is not valid.

        """
        reading = _Reading(config)
        env = reading.text("env") or "test"
        if env not in ENV_CHOICES:
            raise reading.refused("env", env, f"one of {', '.join(ENV_CHOICES)}")
        record, upstream, url = reading.record(), reading.text("upstream"), reading.text("url")
        if record != "none" and upstream is None:
            hint = "the provider that is recorded, such as https://api.openai.com/v1"
            raise pytest.UsageError(f"{PREFIX}record: '{record}' needs {PREFIX}upstream: {hint}")
        if record != "none" and url is not None:
            what = "only a server in this process records: leave out"
            raise pytest.UsageError(f"{PREFIX}record: {what} {PREFIX}url")
        strict = "false" if config.getoption(NO_STRICT_DEST) else reading.text("strict")
        return cls(
            scenarios=reading.scenarios(),
            seed=reading.number("seed", int),
            time_scale=reading.number("time_scale", float) or 0.0,
            strict=strict or "{}",
            inherit=reading.switch("inherit"),
            url=url,
            token=reading.text("token"),
            report=reading.switch("report"),
            block_network=reading.switch("block_network"),
            journal_dir=reading.writable("journal_dir"),
            env=env,
            record=record,
            upstream=upstream,
            upstream_key_env=reading.text("upstream_key_env"),
            redact=reading.texts("redact"),
        )


class _Reading:
    """Reads each value from the command line, or else from the ini file."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def text(self, name: str) -> str | None:
        told = self._config.getoption(f"{PREFIX}{name}")
        if told is None:
            told = self._config.getini(f"{PREFIX}{name}")
        return str(told).strip() or None if told is not None else None

    def texts(self, name: str) -> tuple[str, ...]:
        told = self._config.getoption(f"{PREFIX}{name}")
        return tuple(self._config.getini(f"{PREFIX}{name}") or () if told is None else told)

    def record(self) -> str:
        told = self.text("record") or "none"
        if told not in RECORD_CHOICES:
            raise self.refused("record", told, f"one of {', '.join(RECORD_CHOICES)}")
        return told

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
            stated = self.text(name)
            if stated is None:
                raise self.refused(name, "", "a folder")
            return self._config.invocation_params.dir / stated
        told = self.text(name)
        return None if told is None else self._config.rootpath / told

    def writable(self, name: str) -> Path | None:
        """Return the folder that *name* states; it is made, and must take files."""
        told = self.folder(name)
        if told is None:
            return None
        try:
            told.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=told):
                pass
        except OSError as error:
            why = f"a folder that can be written to ({error.strerror or error})"
            raise self.refused(name, str(told), why) from None
        return told

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
