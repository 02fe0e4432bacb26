"""Clients of the control API, for tests in Python: one blocking, one asynchronous."""

from typing import Any


def __getattr__(name: str) -> Any:
    if name == "MockServerClient":
        # Asked for by the package `mockserver` of PyPI's `mockserver-client`, which has a module
        # of this name, where both have been installed into one environment.
        raise ImportError(
            "the files of PyPI's 'mockserver-client' and of 'llm-mockserver' are mixed, since both"
            " have a package 'mockserver': install the two in separate environments, or 'pip"
            " uninstall mockserver-client' and then 'pip install --force-reinstall llm-mockserver'"
        )
    raise AttributeError(f"module 'mockserver.client' has no attribute '{name}'")
