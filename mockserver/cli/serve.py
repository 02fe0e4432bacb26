"""`mockserver serve`: answer requests until it is stopped."""

import argparse
import gc
from typing import Final

from mockserver.environment import DEFAULT_PORT
from mockserver.errors import UsageError

JOURNAL_CALLS: Final = 1_000
"""As in `mockserver.records.journal`, which takes long to load."""
HELP: Final = "answer requests until Ctrl-C"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes to *parser*."""
    add_serving(parser)
    parser.add_argument(
        "--upstream",
        metavar="URL",
        help="the server that requests go to which no rule answers: https, or on this machine",
    )
    parser.add_argument(
        "--cassette",
        metavar="FILE",
        help="recordings, which answer what no rule does",
    )
    parser.add_argument(
        "--record",
        choices=["none", "new", "all"],
        help="what is kept in the cassette of what the upstream server answers: none: nothing, and "
        "nothing goes there that no rule sends there; new (default, with both): what the cassette "
        "lacks; all: everything, in place of what is there",
    )
    add_recording(parser)


def add_recording(parser: argparse.ArgumentParser) -> None:
    """Add to *parser* how exchanges with the upstream server are recorded."""
    parser.add_argument(
        "--redact",
        action="append",
        default=[],
        metavar="REGEX",
        help="what is taken out of recordings besides keys, cookies and the like; repeatable",
    )
    parser.add_argument(
        "--upstream-key-env",
        metavar="NAME",
        help="the environment variable with a key that is sent to the upstream server in place of "
        "the client's",
    )


def add_serving(parser: argparse.ArgumentParser) -> None:
    """Add to *parser* how a server answers and is reached."""
    parser.add_argument(
        "--scenario",
        action="append",
        default=[],
        metavar="NAME|PATH",
        help="a scenario to answer from; repeatable: earlier ones win",
    )
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="the address to listen on (default 127.0.0.1; ::1 for IPv6 loopback)",
    )
    parser.add_argument(
        "--port",
        type=_port,
        default=DEFAULT_PORT,
        help=f"the port to listen on (default {DEFAULT_PORT}; 0 picks a free one)",
    )
    parser.add_argument(
        "--seed", type=int, help="the seed for all random choices (default: the scenario's)"
    )
    parser.add_argument(
        "--watch", action="store_true", help="reload the scenario whenever its files change"
    )
    parser.add_argument(
        "--strict", action="store_true", help="refuse requests that no rule answers"
    )
    parser.add_argument("--any-model", action="store_true", help="accept any model name")
    parser.add_argument(
        "--any-deployment",
        metavar="MODEL",
        help="answer for any deployment at Azure as this model does (a scenario may name others)",
    )
    parser.add_argument(
        "--no-usage-header",
        action="store_true",
        help="leave out headers that no provider sends: x-mockserver-usage (whether a bill is "
        "exact or estimated) and x-mockserver-hint (what is really wrong with a refused request)",
    )
    parser.add_argument(
        "--time-scale",
        type=_time_scale,
        default=1.0,
        metavar="SCALE",
        help="real seconds per second of session time: 1 (default) is real time, 0 never waits",
    )
    parser.add_argument(
        "--journal-calls",
        type=int,
        default=JOURNAL_CALLS,
        metavar="N",
        help=f"how many calls the journal of a session keeps (default {JOURNAL_CALLS})",
    )
    parser.add_argument(
        "--ready-json",
        action="store_true",
        help="once listening, print one line of JSON and nothing else on standard output",
    )
    parser.add_argument(
        "--quiet",
        action="store_true",
        help="print no line for each call on standard error",
    )
    parser.add_argument(
        "--log-format",
        choices=["text", "json"],
        default="text",
        help="how calls and messages are written on standard error: for people (default), or as "
        "one JSON object a line",
    )
    parser.add_argument(
        "--color",
        choices=["auto", "always", "never"],
        default="auto",
        help="whether these lines have colors (default auto: on a terminal, unless NO_COLOR is "
        "set)",
    )
    parser.add_argument(
        "--log-level",
        choices=["debug", "info", "warning", "error"],
        default="warning",
        help="how much the server reports about itself on standard error (default warning)",
    )
    parser.add_argument(
        "--control-token",
        metavar="TOKEN",
        help="the token that the control API requires (or set MOCKSERVER_CONTROL_TOKEN); if none "
        "is given, one is generated when the server listens beyond loopback",
    )
    parser.add_argument("--no-control", action="store_true", help="do not serve the control API")
    parser.add_argument("--no-metrics", action="store_true", help="serve no metrics at /metrics")
    parser.add_argument(
        "--cors-origin",
        metavar="ORIGIN",
        help="allow pages from this origin to call the API, but not the control API; * allows any",
    )
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="a name besides loopback's that pages in a browser may call the API by; repeatable, "
        "*.NAME allows all names below it, * any",
    )
    parser.add_argument(
        "--tls",
        action="store_true",
        help="serve HTTPS with a newly made certificate (needs the extra 'tls')",
    )


def run(options: argparse.Namespace) -> int:
    """Serve; return the exit code."""
    # Nearly all that is loaded stays: to look for garbage meanwhile takes a tenth of the time.
    gc.disable()
    from mockserver.server import command  # noqa: PLC0415 - see mockserver.cli

    return command.run(options)


def _port(text: str) -> int:
    port = int(text) if text.isascii() and text.isdigit() else -1
    if not 0 <= port <= 65_535:  # noqa: PLR2004 - TCP's ports
        raise argparse.ArgumentTypeError(f"'{text}' is not a port: give a number from 0 to 65535")
    return port


def _time_scale(text: str) -> float:
    from mockserver.traffic.clock import refuse_time_scale  # noqa: PLC0415 - see mockserver.cli

    try:
        scale = float(text)
        refuse_time_scale(scale)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number") from error
    except UsageError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return scale
