"""What all tests have: servers with scenarios of their own, and the line around pure tests."""

import gc
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from support import machine, properties, purity
from support.wire import Serve

from mockserver import MockServer, load_scenario
from mockserver.scenario.loader import ScenarioText


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start servers: `serve(scenario)`, where *scenario* is what a file says below its version."""
    with ExitStack() as stack:

        def start(scenario: str = "", **options: Any) -> MockServer:
            text = ScenarioText(f"version: 1\n{dedent(scenario)}")
            return stack.enter_context(MockServer(load_scenario(text), **options))

        yield start


@pytest.fixture(scope="module")
def auto_server() -> Iterator[MockServer]:
    """Return a server without a scenario, for all tests of a module that leave no trace in it."""
    with MockServer() as server:
        yield server


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Where pure tests alone are asked for, do not even import modules without any."""
    pure = config.option.markexpr == "not system"
    return True if pure and purity.is_beyond_python(collection_path) else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that need more than Python, and state how often properties are tried."""
    for item in items:
        purity.mark(item)
    properties.thin_out(items)


def pytest_collection_finish() -> None:
    """Leave the modules and items of this run to themselves: no collection looks at them again."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Hold a test that is not marked to being pure."""
    with purity.guarded(item):
        return (yield)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List what this machine lacks."""
    skipped = terminalreporter.stats.get("skipped", [])
    terminalreporter.ensure_newline()
    for line in machine.left_out(report.longrepr for report in skipped):
        terminalreporter.write_line(line)
