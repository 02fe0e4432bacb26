"""A local stand-in for LLM providers, for tests: exact on the wire and in the bill.

The names below are loaded when they are first used, so that importing the package is cheap.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mockserver.client.async_control import AsyncControl
    from mockserver.client.control import Control
    from mockserver.control.operations import ControlError
    from mockserver.scenario.failure_lists import (
        BROKEN_STREAMS,
        RETRYABLE_FAILURES,
        SILENT_FAILURES,
        KnownFailure,
    )
    from mockserver.scenario.loader import load_scenario
    from mockserver.server.runner import MockServer
    from mockserver.sessions.session import Session
    from mockserver.tokens.report import TokenReport, token_report

from mockserver.version import __version__

__all__ = [
    "BROKEN_STREAMS",
    "RETRYABLE_FAILURES",
    "SILENT_FAILURES",
    "AsyncControl",
    "Control",
    "ControlError",
    "KnownFailure",
    "MockServer",
    "Session",
    "TokenReport",
    "__version__",
    "load_scenario",
    "token_report",
]

_HOMES = {
    "AsyncControl": "mockserver.client.async_control",
    "Control": "mockserver.client.control",
    "ControlError": "mockserver.control.operations",
    "BROKEN_STREAMS": "mockserver.scenario.failure_lists",
    "KnownFailure": "mockserver.scenario.failure_lists",
    "RETRYABLE_FAILURES": "mockserver.scenario.failure_lists",
    "SILENT_FAILURES": "mockserver.scenario.failure_lists",
    "MockServer": "mockserver.server.runner",
    "Session": "mockserver.sessions.session",
    "TokenReport": "mockserver.tokens.report",
    "load_scenario": "mockserver.scenario.loader",
    "token_report": "mockserver.tokens.report",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'mockserver' has no attribute '{name}'")
    import importlib  # noqa: PLC0415 - see the docstring

    return getattr(importlib.import_module(home), name)
