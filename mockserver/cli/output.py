"""What commands print: results on standard output, everything else on standard error."""

import sys

from mockserver.errors import printable


def show(result: object, *, flush: bool = False) -> None:
    """Print a *result* for whoever reads standard output, a person or a program.

    *flush*: at once, since who reads it waits for it.
    """
    encoding = sys.stdout.encoding or "utf-8"
    # Files and requests may hold what an output has no way to say, such as half a surrogate pair.
    sayable = str(result).encode(encoding, "backslashreplace").decode(encoding)
    print(sayable, flush=flush)  # noqa: T201 - this is the output


def complain(message: str) -> None:
    """Print a *message* for the person who runs the command, whatever it quotes."""
    text = "\n".join(map(printable, message.split("\n")))
    print(text, file=sys.stderr)  # noqa: T201 - for people
