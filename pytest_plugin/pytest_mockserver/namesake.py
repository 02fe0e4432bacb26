"""The other package called `mockserver`: recognised and named, so that nobody wonders.

PyPI's `mockserver-client`, the client of a Java product, installs a package `mockserver` and a
pytest plugin `mockserver`. In one environment with llm-mockserver, whichever was installed last has
overwritten files of the other. Nothing here needs either package.
"""

import importlib
import sys
from importlib import metadata
from typing import Any, Final

OURS: Final = "load_scenario"
"""A name that only our package has."""
THEIRS: Final = "mockserver-client"
APART: Final = (
    "install the two in separate environments, or 'pip uninstall mockserver-client' and then"
    " 'pip install --force-reinstall llm-mockserver'"
)


def found_instead() -> str | None:
    """Return what `import mockserver` finds in the place of our package, and what to do.

    None: it finds ours.
    """
    try:
        package: Any = importlib.import_module("mockserver")
    except ImportError:
        # Files of one of them that need others of their own, which the other has overwritten.
        package = None
    if OURS in getattr(package, "__all__", ()):
        return None
    places = [*getattr(package, "__path__", ())]
    where = f" in {places[0]}" if places else ""
    whose = f"that of PyPI's {their_name()}" if their_name() else "not the one of llm-mockserver"
    return f"the package 'mockserver'{where} is {whose}\n  {APART}"


def their_name() -> str:
    """Return the other distribution with its version; empty if it is not installed."""
    try:
        return f"'{THEIRS}' {metadata.version(THEIRS)}"
    except metadata.PackageNotFoundError:
        return ""


def main() -> int:
    """Run the command `mockserver`, unless another package stands in its place."""
    instead = found_instead()
    if instead is not None:
        sys.stderr.write(f"{instead}\n")
        return 2
    run: Any = importlib.import_module("mockserver.cli").main
    code: int = run()
    return code
