"""`mockserver record`: pass requests on to a provider, and keep what it answers."""

import argparse
from typing import Final

from mockserver.cli import serve

HELP: Final = "record what a provider answers in a cassette"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes to *parser*."""
    parser.add_argument(
        "--upstream",
        required=True,
        metavar="URL",
        help="the provider to record, such as https://api.openai.com/v1: https, or on this machine",
    )
    parser.add_argument(
        "--cassette",
        required=True,
        metavar="FILE",
        help="the file to record to, a line for each exchange",
    )
    parser.add_argument(
        "--record",
        choices=["new", "all"],
        default="new",
        help="what is kept: new (default): what the cassette lacks, which answers the rest; all: "
        "everything, in place of what is there",
    )
    serve.add_recording(parser)
    serve.add_serving(parser)


def run(options: argparse.Namespace) -> int:
    """Serve and record; return the exit code: 1 if something could not be recorded."""
    return serve.run(options)
