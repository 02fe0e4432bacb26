"""`mockserver check`: what is wrong with scenario files."""

import argparse
from typing import Final

from mockserver.cli.output import complain, show

HELP: Final = "report what is wrong with scenario files"
WRONG: Final = 2
"""The exit code if a scenario cannot be used."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes to *parser*."""
    parser.add_argument("files", nargs="+", metavar="FILE", help="a scenario, by path or name")


def run(options: argparse.Namespace) -> int:
    """Print each problem with its place; return 2 if one of them is an error."""
    from mockserver.scenario.loader import check  # noqa: PLC0415 - see mockserver.cli

    problems = check(options.files)
    for problem in problems:
        complain(str(problem))
    if any(problem.severity == "error" for problem in problems):
        return WRONG
    count = len(options.files)
    show(f"{count} scenario{'s' if count > 1 else ''} checked: no errors")
    return 0
