"""When the pieces of an answer really went out, beside when they were to go out."""

from array import array
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from time import perf_counter
from typing import Final, Self

MOST_MOMENTS: Final = 4_096
"""More moments of one answer are not kept: every second one is left out, again and again."""


class Measured:
    """What the server took for an answer, from when the request had come whole.

    A piece has gone out when it was handed to the connection. What it was to wait for is no
    lateness: a turn, pauses as the session's clock made them, and what a test held.

    Attributes:
        out: How many tokens of the answer have gone out.
        sent_bytes: How many bytes have gone out, with their framing.

    """

    __slots__ = (
        "_began_s",
        "_clock",
        "_due",
        "_due_s",
        "_first_due_s",
        "_first_late_s",
        "_first_s",
        "_first_token_s",
        "_first_tokens",
        "_first_written_due_s",
        "_last_late_s",
        "_last_s",
        "_moments_s",
        "_tokens",
        "out",
        "sent_bytes",
    )

    # One is made for each request: what most answers never need is set when it is.
    def __init__(self, clock: Callable[[], float] = perf_counter) -> None:
        """Begin now: the request has come whole; *clock* tells real seconds."""
        self._clock = clock
        self._began_s = clock()
        self._due_s = 0.0
        self._first_due_s: float | None = None
        self.out = 0
        self.sent_bytes = 0
        self._moments_s: array[float] | None = None

    @classmethod
    def told(
        cls,
        *,
        first_byte_ms: float,
        first_token_ms: float | None,
        last_byte_ms: float,
        first_late_ms: float,
        last_late_ms: float,
        sent_bytes: int,
    ) -> Self:
        """Return what another server measured."""
        found = cls()
        found._first_s, found._last_s = first_byte_ms / 1_000, last_byte_ms / 1_000
        found._first_token_s = None if first_token_ms is None else first_token_ms / 1_000
        found._first_late_s, found._last_late_s = first_late_ms / 1_000, last_late_ms / 1_000
        found.sent_bytes = sent_bytes
        return found

    # --- While it goes out ---

    def passed_s(self) -> float:
        """Return how many real seconds have passed since the request had come."""
        return self._clock() - self._began_s

    def waited(self, seconds: float) -> None:
        """Note that the answer was to wait *seconds*, and has; a moved clock ends that earlier."""
        self._due_s = min(self._due_s + seconds, self.passed_s())

    def ready(self) -> None:
        """Note that the first token is due: it may go out with later ones, to catch up."""
        self._first_due_s = self._due_s

    def note(self, tokens: int, size: int) -> None:
        """Note that *size* more bytes are out, which makes *tokens* in all."""
        now_s = self._last_s = self._clock() - self._began_s
        late_s = self._last_late_s = now_s - self._due_s
        if not self.sent_bytes:
            self._first_s, self._first_late_s = now_s, late_s
            self._first_token_s: float | None = None
        self.sent_bytes += size
        if tokens != self.out:
            self.out = tokens
            if self._first_token_s is None:
                due_s = self._due_s if self._first_due_s is None else self._first_due_s
                self._first_token_s, self._first_late_s = now_s, now_s - due_s
                self._first_tokens, self._first_written_due_s = tokens, self._due_s
            else:
                self._note_moment(self._first_token_s, now_s, tokens)

    def _note_moment(self, first_s: float, now_s: float, tokens: int) -> None:
        if self._moments_s is None:
            self._moments_s = array("d", (first_s,))
            self._tokens = array("L", (self._first_tokens,))
            self._due = array("d", (self._first_written_due_s,))
        elif len(self._moments_s) >= MOST_MOMENTS:
            del self._moments_s[1::2]
            del self._tokens[1::2]
            del self._due[1::2]
        self._moments_s.append(now_s)
        self._tokens.append(tokens)
        self._due.append(self._due_s)

    def count(self, tokens: Sequence[int]) -> None:
        """Take what was noted as tokens for pieces, in which so many *tokens* were complete.

        If there are other pieces than were noted, it stays unknown when tokens went out.
        """
        pieces, moments_s = self._noted()
        self.out, self._moments_s = 0, None
        if not self.sent_bytes:
            return
        self._first_token_s = None
        if not pieces or pieces[-1] > len(tokens):
            return
        after = list(accumulate(tokens))
        for count, at_s in zip(pieces, moments_s, strict=True):
            out = after[count - 1]
            if out == self.out:
                continue
            self.out = out
            if self._first_token_s is None:
                self._first_token_s, self._first_tokens = at_s, out
            else:
                self._note_moment(self._first_token_s, at_s, out)

    def _noted(self) -> tuple[Sequence[int], Sequence[float]]:
        """Return how many tokens were out when, as far as it was noted."""
        if self._moments_s is not None:
            return self._tokens, self._moments_s
        if not self.sent_bytes or self._first_token_s is None:
            return (), ()
        return (self._first_tokens,), (self._first_token_s,)

    # --- When it has ---

    @property
    def began_s(self) -> float:
        """When the request had come whole, in seconds of the process's own clock."""
        return self._began_s

    @property
    def first_byte_ms(self) -> float:
        """When the head went out, in real milliseconds."""
        return self._first_s * 1_000

    @property
    def first_token_ms(self) -> float | None:
        """When the first token of the answer did; None: none did, or it is not known."""
        return None if self._first_token_s is None else self._first_token_s * 1_000

    @property
    def last_byte_ms(self) -> float:
        """When the last byte did, or what went out before the connection ended."""
        return self._last_s * 1_000

    @property
    def first_late_ms(self) -> float:
        """How late the first token was; without one, the head."""
        return max(0.0, self._first_late_s * 1_000)

    @property
    def last_late_ms(self) -> float:
        """How late the last byte was."""
        return max(0.0, self._last_late_s * 1_000)

    @property
    def moments(self) -> Sequence[float]:
        """When each write went out that completed tokens, in milliseconds, if several did."""
        return [at_s * 1_000 for at_s in self._moments_s or ()]

    @property
    def tokens(self) -> Sequence[int]:
        """How many tokens of the answer were out after each of the moments."""
        return self._tokens if self._moments_s is not None else ()

    def gaps(self) -> Iterator[tuple[float, int]]:
        """Yield how many milliseconds each token after the first write took, for how many."""
        if self._moments_s is not None:
            yield from self._gaps(self._moments_s)

    def planned_gaps(self) -> Iterator[tuple[float, int]]:
        """Yield how many milliseconds each of these tokens was to take, for how many."""
        if self._moments_s is not None:
            yield from self._gaps(self._due)

    def _gaps(self, at_s: Sequence[float]) -> Iterator[tuple[float, int]]:
        tokens = self._tokens
        for number in range(1, len(at_s)):
            count = tokens[number] - tokens[number - 1]
            yield (at_s[number] - at_s[number - 1]) / count * 1_000, count

    @property
    def size(self) -> int:
        """About how many bytes it takes to keep it."""
        return 24 * len(self._moments_s or ())
