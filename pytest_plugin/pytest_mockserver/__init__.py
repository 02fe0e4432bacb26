"""The pytest plugin: a running mock of LLM providers, scripted, watched and judged in each test.

`pytest_mockserver.plugin` has the options, the fixtures and the hooks, and is all that every run
of pytest imports. The names below, for annotations and scripts, are loaded when first used.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mockserver.records.journal import Call
    from mockserver.records.verdicts import Verdict
    from mockserver.scenario.scripting import ScriptedRule, call, step
    from pytest_mockserver.cassettes import Cassette
    from pytest_mockserver.factory import Factory
    from pytest_mockserver.session import Session

pytest_plugins = ("pytest_mockserver.plugin",)

__all__ = ["Call", "Cassette", "Factory", "ScriptedRule", "Session", "Verdict", "call", "step"]

_HOMES = {
    "Call": "mockserver.records.journal",
    "Cassette": "pytest_mockserver.cassettes",
    "Factory": "pytest_mockserver.factory",
    "ScriptedRule": "mockserver.scenario.scripting",
    "Session": "pytest_mockserver.session",
    "Verdict": "mockserver.records.verdicts",
    "call": "mockserver.scenario.scripting",
    "step": "mockserver.scenario.scripting",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'pytest_mockserver' has no attribute '{name}'")
    import importlib  # noqa: PLC0415 - see the docstring

    return getattr(importlib.import_module(home), name)
