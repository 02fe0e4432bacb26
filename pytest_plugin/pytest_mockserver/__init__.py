"""The pytest plugin: a running mock of LLM providers, scripted, watched and judged in each test.

`pytest_mockserver.plugin` has the options, the fixtures and the hooks, and is all that every run
of pytest imports. The names below, for annotations and scripts, are loaded when first used.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mockserver.journal import Call
    from mockserver.scripting import ScriptedRule, call, step
    from mockserver.verdicts import Verdict
    from pytest_mockserver.factory import Factory
    from pytest_mockserver.session import Session

pytest_plugins = ("pytest_mockserver.plugin",)

__all__ = ["Call", "Factory", "ScriptedRule", "Session", "Verdict", "call", "step"]

_HOMES = {
    "Call": "mockserver.journal",
    "Factory": "pytest_mockserver.factory",
    "ScriptedRule": "mockserver.scripting",
    "Session": "pytest_mockserver.session",
    "Verdict": "mockserver.verdicts",
    "call": "mockserver.scripting",
    "step": "mockserver.scripting",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'pytest_mockserver' has no attribute '{name}'")
    import importlib  # noqa: PLC0415 - see the docstring

    return getattr(importlib.import_module(home), name)
