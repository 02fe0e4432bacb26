"""Where everything drawn comes from: seed, request and occurrence, never a shared generator.

The same request, sent for the same time, draws the same values in every process, in any
order and at any concurrency. Ids are drawn too.
"""

import hashlib
import random
from dataclasses import dataclass

BASE62 = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
HEX = b"0123456789abcdef"

CREATED_FROM = 1_767_225_600
"""2026-01-01: answers are dated within this year, by what is asked and not by the clock."""
YEAR_S = 31_536_000

_TABLES = {
    alphabet: bytes(alphabet[i % len(alphabet)] for i in range(256)) for alphabet in (BASE62, HEX)
}


def digest(content: bytes) -> bytes:
    """Return a 16-byte fingerprint of *content*, the same on every machine."""
    return hashlib.blake2b(content, digest_size=16).digest()


@dataclass(frozen=True, slots=True)
class Draw:
    """All draws of one call; each purpose has a stream of its own, so none shifts another."""

    key: bytes

    @classmethod
    def of(cls, seed: int, path: str, body: bytes, occurrence: int) -> "Draw":
        """Return the draws for the *occurrence*-th time (from 1) that *body* came to *path*.

        Args:
            seed: The session's seed.
            path: The request's path without the prefix that names the session.
            body: The request's body, or a `digest` of it.
            occurrence: How often this very request has come, from 1.

        """
        content = b"%d\0%b\0%d\0%b" % (seed, path.encode("utf-8", "replace"), occurrence, body)
        return cls(digest(content))

    def raw(self, purpose: str, size: int) -> bytes:
        """Return *size* bytes for *purpose*."""
        if size <= hashlib.blake2b.MAX_DIGEST_SIZE:
            return hashlib.blake2b(purpose.encode(), digest_size=size, key=self.key).digest()
        return hashlib.shake_128(self.key + purpose.encode()).digest(size)

    def text(self, purpose: str, length: int, alphabet: bytes = BASE62) -> str:
        """Return *length* characters of *alphabet* for *purpose*."""
        return self.raw(purpose, length).translate(_TABLES[alphabet]).decode("ascii")

    def created(self) -> int:
        """Return when the answer says it was made: Unix time, drawn, since clocks vary."""
        return CREATED_FROM + self.below("created", YEAR_S)

    def below(self, purpose: str, bound: int) -> int:
        """Return an integer of at least 0 and less than *bound* for *purpose*."""
        return int.from_bytes(self.raw(purpose, 8), "big") % bound

    def rng(self, purpose: str) -> random.Random:
        """Return a generator for *purpose*: the same sequence each time it is asked for."""
        return random.Random(self.raw(purpose, 16))  # noqa: S311 - tests want reproducible draws
