"""`mockserver scenarios`: those that ship with the server."""

import argparse
from typing import Final

from mockserver.cli.output import show

HELP: Final = "list the scenarios that ship with the server"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add nothing to *parser*: the command takes no options."""


def run(options: argparse.Namespace) -> int:  # noqa: ARG001 - it takes none
    """Print the name and the description of each."""
    from mockserver.scenario.loader import bundled_scenarios  # noqa: PLC0415 - see mockserver.cli

    listed = bundled_scenarios()
    width = max((len(name) for name, _ in listed), default=0)
    for name, description in listed:
        show(f"{name:{width}}  {description}")
    return 0
