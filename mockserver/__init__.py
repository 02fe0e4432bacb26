"""A local stand-in for LLM providers, for tests: exact on the wire and in the bill.

The names below are loaded when they are first used, so that importing the package is cheap.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mockserver.cassettes.lines import BadLineError
    from mockserver.cassettes.scrubbing import SecretLeftError
    from mockserver.client.async_control import AsyncControl, AsyncSessionControl
    from mockserver.client.control import Control, SessionControl
    from mockserver.control.operations import ControlError
    from mockserver.errors import MockServerError, Place, Problem, ScenarioError, UsageError
    from mockserver.records.journal import Call
    from mockserver.records.redaction import fingerprint
    from mockserver.scenario.failure_lists import (
        BROKEN_STREAMS,
        RETRYABLE_FAILURES,
        SILENT_FAILURES,
        KnownFailure,
    )
    from mockserver.scenario.loader import ScenarioText, load_scenario
    from mockserver.scenario.schema import Scenario, Strict
    from mockserver.scenario.scripting import ScriptError, call, step
    from mockserver.server.runner import MockServer
    from mockserver.sessions.session import Session
    from mockserver.tokens.report import TokenReport, token_report

from mockserver.version import __version__

__all__ = [
    "BROKEN_STREAMS",
    "RETRYABLE_FAILURES",
    "SILENT_FAILURES",
    "AsyncControl",
    "AsyncSessionControl",
    "BadLineError",
    "Call",
    "Control",
    "ControlError",
    "KnownFailure",
    "MockServer",
    "MockServerError",
    "Place",
    "Problem",
    "Scenario",
    "ScenarioError",
    "ScenarioText",
    "ScriptError",
    "SecretLeftError",
    "Session",
    "SessionControl",
    "Strict",
    "TokenReport",
    "UsageError",
    "__version__",
    "call",
    "fingerprint",
    "load_scenario",
    "step",
    "token_report",
]

_HOMES = {
    "BadLineError": "mockserver.cassettes.lines",
    "SecretLeftError": "mockserver.cassettes.scrubbing",
    "AsyncControl": "mockserver.client.async_control",
    "AsyncSessionControl": "mockserver.client.async_control",
    "Control": "mockserver.client.control",
    "SessionControl": "mockserver.client.control",
    "ControlError": "mockserver.control.operations",
    "MockServerError": "mockserver.errors",
    "Place": "mockserver.errors",
    "Problem": "mockserver.errors",
    "ScenarioError": "mockserver.errors",
    "UsageError": "mockserver.errors",
    "Call": "mockserver.records.journal",
    "fingerprint": "mockserver.records.redaction",
    "BROKEN_STREAMS": "mockserver.scenario.failure_lists",
    "KnownFailure": "mockserver.scenario.failure_lists",
    "RETRYABLE_FAILURES": "mockserver.scenario.failure_lists",
    "SILENT_FAILURES": "mockserver.scenario.failure_lists",
    "ScenarioText": "mockserver.scenario.loader",
    "load_scenario": "mockserver.scenario.loader",
    "Scenario": "mockserver.scenario.schema",
    "Strict": "mockserver.scenario.schema",
    "ScriptError": "mockserver.scenario.scripting",
    "call": "mockserver.scenario.scripting",
    "step": "mockserver.scenario.scripting",
    "MockServer": "mockserver.server.runner",
    "Session": "mockserver.sessions.session",
    "TokenReport": "mockserver.tokens.report",
    "token_report": "mockserver.tokens.report",
}
# Of PyPI's `mockserver-client`, which installs a package of this name too.
_THEIRS = frozenset(
    {
        "AsyncMockServerClient",
        "Expectation",
        "HttpForward",
        "HttpRequest",
        "HttpResponse",
        "MockServerClient",
    }
)


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise _missing(name)
    import importlib  # noqa: PLC0415 - see the docstring

    return getattr(importlib.import_module(home), name)


def _missing(name: str) -> Exception:
    """Return the error for a *name* that the package does not have."""
    if name in _THEIRS:
        # As an ImportError it is shown as it is by `from mockserver import …`, too.
        return ImportError(
            f"'{name}' belongs to PyPI's 'mockserver-client', and this 'mockserver' is that of"
            " 'llm-mockserver': install the two in separate environments"
        )
    from mockserver.errors import did_you_mean  # noqa: PLC0415 - see the docstring

    what = f"module 'mockserver' has no attribute '{name}'"
    hint = None if name.startswith("_") else did_you_mean(name, __all__)
    return AttributeError(f"{what}: {hint}" if hint else what)
