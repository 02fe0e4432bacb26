"""Where a session's requests go that nothing here answers."""

from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from mockserver.cassettes.recording import Recording


class Passing(NamedTuple):
    """What becomes of a request that no rule answers.

    Attributes:
        passes_on: It goes to the upstream server, whatever this server would say of it; otherwise
            it is answered here, or refused.
        cassette: Where the exchanges with the upstream server are kept; None: nowhere.
        redact: Regular expressions of what is taken out of them, besides keys, cookies and the
            like.
        replaces_before_s: A cassette that was last written before then, in Unix time, is replaced;
            None: all are added to.
        note: Takes each exchange that was written, without its secrets, or why it was not. It is
            called in the thread that writes.

    """

    passes_on: bool = False
    cassette: Path | None = None
    redact: tuple[str, ...] = ()
    replaces_before_s: float | None = None
    note: Callable[[Recording | str], None] | None = None


STAYS: Final = Passing()
"""Nothing is passed on."""
