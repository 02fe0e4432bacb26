"""`mockserver report`: what an application did wrong, according to a server's journal."""

import argparse
from typing import Final

from mockserver.cli import remote
from mockserver.cli.output import complain, show

HELP: Final = "report what an application did wrong (exit code 1 if anything)"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes to *parser*."""
    remote.add_server_options(parser)
    parser.add_argument(
        "--session", default="default", help="the session to judge (default: default)"
    )
    parser.add_argument(
        "--allow",
        action="append",
        default=[],
        metavar="VERDICT",
        help="a verdict to ignore; repeatable",
    )
    parser.add_argument(
        "--fallback",
        action="store_true",
        help="the application has another provider, model or key to fall back to",
    )


def run(options: argparse.Namespace) -> int:
    """Print each verdict; return 1 if there are any."""
    from mockserver.records.verdicts import Verdict, without  # noqa: PLC0415 - see mockserver.cli

    session = remote.control_of(options).session(options.session)
    verdicts = session.verdicts(fallback=options.fallback)
    found = without(
        [Verdict(one.kind, one.calls, one.what, one.advice) for one in verdicts], options.allow
    )
    for verdict in found:
        show(verdict)
    calls = session.read().calls
    complain(f"{_counted(calls, 'call')}, {_counted(len(found), 'verdict')}")
    return 1 if found else 0


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' * (count != 1)}"
