"""Where a session's requests go that nothing here answers."""

from pathlib import Path
from typing import Final, NamedTuple


class Passing(NamedTuple):
    """What becomes of a request that no rule answers.

    Attributes:
        passes_on: It goes to the upstream server, whatever this server would say of it; otherwise
            it is answered here, or refused.
        cassette: Where the exchanges with the upstream server are kept; None: nowhere.

    """

    passes_on: bool = False
    cassette: Path | None = None


STAYS: Final = Passing()
"""Nothing is passed on."""
