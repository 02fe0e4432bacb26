"""What commands print: results on standard output, everything else on standard error."""

import sys


def show(result: object, *, flush: bool = False) -> None:
    """Print a *result* for whoever reads standard output, a person or a program.

    *flush*: at once, since who reads it waits for it.
    """
    encoding = sys.stdout.encoding or "utf-8"
    # Files and requests may hold what an output has no way to say, such as half a surrogate pair.
    sayable = str(result).encode(encoding, "backslashreplace").decode(encoding)
    print(sayable, flush=flush)  # noqa: T201 - this is the output


def printable(line: str) -> str:
    """Return *line* with nothing that a terminal would obey: such characters as escapes."""
    if line.isprintable():
        return line
    return "".join(
        [one if one.isprintable() else one.encode("unicode_escape").decode() for one in line]
    )


def complain(message: str) -> None:
    """Print a *message* for the person who runs the command."""
    print(message, file=sys.stderr)  # noqa: T201 - for people
