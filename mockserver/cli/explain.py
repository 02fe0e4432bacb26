"""`mockserver explain`: how a scenario reads a request, rule by rule."""

import argparse
from typing import Final

from mockserver.cli.documents import requests
from mockserver.cli.output import show

HELP: Final = "show, rule by rule, how a scenario reads a request"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes to *parser*."""
    parser.add_argument("file", metavar="FILE|-", help="the request's JSON; - reads standard input")
    parser.add_argument(
        "--scenario",
        action="append",
        required=True,
        metavar="NAME|PATH",
        help="repeatable",
    )
    parser.add_argument(
        "--path",
        default="/v1/chat/completions",
        help="the path that it is sent to (default /v1/chat/completions)",
    )


def run(options: argparse.Namespace) -> int:
    """Print how the request would be answered, and the outcome of each rule."""
    from mockserver.engine.explaining import explained  # noqa: PLC0415 - see mockserver.cli

    for _, request in requests(options.file):
        show(explained(request, options.scenario, path=options.path))
    return 0
