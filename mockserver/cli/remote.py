"""What all commands share that talk to a running server: where it is, and its control API's token.

Options win over the environment. That is read here and nowhere else: `mockserver.Control` takes
what it is given, so that a token never goes to a server that a test names itself.
"""

import argparse
import os
from typing import TYPE_CHECKING

from mockserver.environment import DEFAULT_URL, TOKEN_VARIABLE, URL_VARIABLE
from mockserver.errors import UsageError

if TYPE_CHECKING:
    from mockserver.client.control import Control


def add_server_options(parser: argparse.ArgumentParser) -> None:
    """Add `--url`, `--token` and `--ca-file` to *parser*, for `control_of`."""
    add_url_option(parser)
    parser.add_argument(
        "--token", help=f"the token that the control API requires (default: ${TOKEN_VARIABLE})"
    )
    parser.add_argument("--ca-file", metavar="FILE", help="the CA file that 'serve --tls' printed")


def add_url_option(parser: argparse.ArgumentParser) -> None:
    """Add `--url` to *parser*, for `url_of`."""
    parser.add_argument(
        "--url", help=f"the server's address (default: ${URL_VARIABLE}, or else {DEFAULT_URL})"
    )


def url_of(options: argparse.Namespace) -> str:
    """Return the root URL of the server that *options* or the environment name.

    A variable that is empty counts as not set.

    Raises:
        UsageError: What they name is not the address of a server.

    """
    from mockserver.client.address import root_of  # noqa: PLC0415 - see mockserver.cli

    stated: str | None = options.url
    named = os.environ.get(URL_VARIABLE, "") if stated is None else ""
    try:
        return root_of(stated if stated is not None else named or DEFAULT_URL).geturl()
    except UsageError as error:
        raise UsageError(f"{'$' + URL_VARIABLE if named else '--url'}: {error}") from error


def control_of(options: argparse.Namespace) -> "Control":
    """Return the control API that *options* or the environment name; nothing is sent yet.

    Raises:
        UsageError: What they name is not the address of a server.

    """
    from mockserver.client.control import Control  # noqa: PLC0415 - see mockserver.cli

    token: str | None = options.token
    if token is None:
        token = os.environ.get(TOKEN_VARIABLE)
    return Control(url_of(options), token=token, ca_file=options.ca_file)
