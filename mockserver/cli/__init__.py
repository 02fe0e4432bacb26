"""The command line: `mockserver COMMAND`, a module for each command.

Mistakes are reported in one clear message, with exit code 2. A command imports what takes long to
load only when it runs, so that `--help` costs nothing.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Any, Final, NoReturn

from mockserver.cli import (
    cassette,
    check,
    compare,
    env,
    explain,
    import_,
    journal,
    record,
    report,
    scenarios,
    schema,
    serve,
    tail,
    tokens,
)
from mockserver.cli.output import complain
from mockserver.errors import MockServerError, printable
from mockserver.version import __version__

COMMANDS: Final = {
    "serve": serve,
    "record": record,
    "import": import_,
    "compare": compare,
    "cassette": cassette,
    "check": check,
    "env": env,
    "explain": explain,
    "tail": tail,
    "journal": journal,
    "report": report,
    "tokens": tokens,
    "scenarios": scenarios,
    "schema": schema,
}
MISUSE: Final = 2
"""The exit code for everything that the caller can fix."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    options = _parser().parse_args(arguments)
    code = 0
    try:
        code = options.run(options)
        sys.stdout.flush()
    except MockServerError as error:
        complain(f"mockserver: {error}" if "\n" not in str(error) else str(error))
        return MISUSE
    except BrokenPipeError:
        # The reader has left (`| head`): what remains must not be written at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code


class _Parser(argparse.ArgumentParser):
    """Reports a mistake in one line, without the usage in front of it."""

    def __init__(self, **options: Any) -> None:
        # An abbreviation that works today means something else once another option is added.
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        self.exit(MISUSE, f"mockserver: {printable(message)} (see '{self.prog} --help')\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="mockserver",
        description="A local stand-in for LLM providers, for tests.",
    )
    parser.add_argument("--version", action="version", version=f"mockserver {__version__}")
    added = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for name, command in COMMANDS.items():
        own = added.add_parser(name, help=command.HELP)
        own.set_defaults(run=command.run)
        command.add_options(own)
    return parser
