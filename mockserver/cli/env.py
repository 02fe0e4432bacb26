"""`mockserver env`: the environment variables that point clients at a server."""

import argparse
import os
from typing import Final

from mockserver import environment
from mockserver.cli import remote
from mockserver.cli.output import show
from mockserver.environment import TOKEN_VARIABLE

HELP: Final = "print the environment variables that point clients at a server"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes to *parser*."""
    remote.add_url_option(parser)
    parser.add_argument(
        "--token",
        help=f"the token that the control API requires: adds {TOKEN_VARIABLE}, which is printed "
        "only if it is given here, since the program under test has no use for it",
    )
    parser.add_argument(
        "--session", default="default", metavar="NAME", help="the session to point them at"
    )
    parser.add_argument("--ca-file", metavar="FILE", help="the CA file that 'serve --tls' printed")
    parser.add_argument(
        "--format",
        choices=["shell", "dotenv", "github"],
        default="shell",
        help="for a shell to evaluate (default), for .env, or for $GITHUB_ENV",
    )


def run(options: argparse.Namespace) -> int:
    """Print the variables."""
    found = environment.variables(
        remote.url_of(options),
        session=options.session,
        ca_file=options.ca_file,
        token=options.token,
        no_proxy=os.environ.get("NO_PROXY") or os.environ.get("no_proxy") or "",
    )
    show(environment.written(found, options.format))
    return 0
