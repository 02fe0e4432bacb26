"""What commands print: results on standard output, everything else on standard error."""

import sys


def show(result: object) -> None:
    """Print a *result* for whoever reads standard output, a person or a program."""
    print(result)  # noqa: T201 - this is the output


def complain(message: str) -> None:
    """Print a *message* for the person who runs the command."""
    print(message, file=sys.stderr)  # noqa: T201 - for people
