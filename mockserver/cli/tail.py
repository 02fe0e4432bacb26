"""`mockserver tail`: each call of a running server in a line, live, until Ctrl-C."""

import argparse
import time
from typing import TYPE_CHECKING, Final

from mockserver.cli import calls, remote
from mockserver.cli.output import complain, show

if TYPE_CHECKING:
    from mockserver.client.control import Control
    from mockserver.control.following import Follower
    from mockserver.control.shapes import Calls

HELP: Final = "show each call of a running server in a line, live"
INTERRUPTED: Final = 130
"""The exit code of Ctrl-C: 128 and the number of SIGINT, as shells count."""
AGAIN_S: Final = 0.5
"""How soon a server is asked again that does not answer."""
MOST: Final = 1_000


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes to *parser*."""
    remote.add_server_options(parser)
    calls.add_filters(parser)
    parser.add_argument(
        "-n",
        "--newest",
        type=_newest,
        default=10,
        metavar="N",
        help="with how many of the calls so far to begin (default 10)",
    )
    calls.add_looks(parser)


def run(options: argparse.Namespace) -> int:
    """Show calls as they end; return the exit code once Ctrl-C ends it."""
    from mockserver.control.following import Follower  # noqa: PLC0415 - see mockserver.cli

    control = remote.control_of(options)
    line = calls.line_maker(options)
    follower = Follower(calls.query_of(options), options.newest)
    is_first = True
    try:
        while True:
            answer, is_back = _asked(control, follower, is_first=is_first)
            if answer.has_lost and not is_first:
                complain("(calls have ended that the server does not keep any more)")
            elif is_back:
                complain("(the server answers again)")
            for call in follower.take(answer):
                show(line(call), flush=True)
            is_first = False
    except KeyboardInterrupt:
        return INTERRUPTED


def _asked(control: "Control", follower: "Follower", *, is_first: bool) -> "tuple[Calls, bool]":
    """Return what the server answers, once it does, and whether it did not at first.

    Raises:
        ControlError: It refuses the request, or does not answer the first one.

    """
    from mockserver.control import operations as ops  # noqa: PLC0415 - see mockserver.cli

    is_gone = False
    while True:
        try:
            return control.send(ops.calls(follower.query())), is_gone
        except ops.ControlError as error:
            if is_first or error.problem.status:
                raise
        if not is_gone:
            complain(f"({control.url} does not answer: waiting until it does)")
            is_gone = True
        time.sleep(AGAIN_S)


def _newest(text: str) -> int:
    found = calls.count(text)
    if found > MOST:
        what = f"it begins with at most {MOST} calls: 'mockserver journal -n {found}' lists more"
        raise argparse.ArgumentTypeError(what)
    return found
