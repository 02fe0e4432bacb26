"""What all tests have: servers with scenarios of their own, and the line around pure tests."""

from collections.abc import Generator, Iterator
from contextlib import ExitStack
from textwrap import dedent
from typing import Any

import pytest
from support import machine, purity
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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that need more than Python."""
    for item in items:
        purity.mark(item)


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
