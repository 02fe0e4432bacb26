"""What commands print: results on standard output, everything else on standard error."""

import sys


def show(result: object) -> None:
    """Print a *result* for whoever reads standard output, a person or a program."""
    encoding = sys.stdout.encoding or "utf-8"
    # Files and requests may hold what an output has no way to say, such as half a surrogate pair.
    sayable = str(result).encode(encoding, "backslashreplace").decode(encoding)
    print(sayable)  # noqa: T201 - this is the output


def complain(message: str) -> None:
    """Print a *message* for the person who runs the command."""
    print(message, file=sys.stderr)  # noqa: T201 - for people
