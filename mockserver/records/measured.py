"""When the pieces of an answer really went out, beside when they were to go out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

MOST_MOMENTS: Final = 4_096
"""More moments of one answer are not kept: every second one is left out, again and again."""


@dataclass(slots=True, eq=False)
class Measured:
    """What the server took for an answer, in real milliseconds since the request had come whole.

    A piece has gone out when it was handed to the connection. What it was to wait for is no
    lateness: a turn, pauses as the session's clock made them, and what a test held.

    Attributes:
        first_byte_ms: When the head went out.
        first_token_ms: When the first token of the answer did; None: none did, or it is not known.
        last_byte_ms: When the last byte did, or what went out before the connection ended.
        first_late_ms: How late the first token was; without one, the head.
        last_late_ms: How late the last byte was.
        sent_bytes: How many bytes went out, with their framing.
        moments: When each write went out that completed tokens, if there were several.
        tokens: How many tokens of the answer were out after each of *moments*.

    """

    first_byte_ms: float
    first_token_ms: float | None
    last_byte_ms: float
    first_late_ms: float
    last_late_ms: float
    sent_bytes: int
    moments: Sequence[float] = ()
    tokens: Sequence[int] = ()

    def gaps(self) -> Iterator[tuple[float, int]]:
        """Yield how many milliseconds each token after the first write took, for how many."""
        for number in range(1, len(self.moments)):
            count = self.tokens[number] - self.tokens[number - 1]
            yield (self.moments[number] - self.moments[number - 1]) / count, count

    @property
    def size(self) -> int:
        """About how many bytes it takes to keep it."""
        return 16 * len(self.moments)
