"""Where everything drawn comes from: seed, request and occurrence, never a shared generator.

The same request, sent for the same time, draws the same values in every process, in any
order and at any concurrency. Ids are drawn too.
"""

import hashlib
import random
from email.utils import formatdate
from functools import lru_cache

BASE62 = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
HEX = b"0123456789abcdef"
CROCKFORD = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""The digits of base 32 as ULIDs have them: none that look alike."""

CREATED_FROM = 1_767_225_600
"""2026-01-01: answers are dated within this year, by what is asked and not by the clock."""
YEAR_S = 31_536_000
DAY_S = 86_400

_TABLES = {
    alphabet: bytes(alphabet[i % len(alphabet)] for i in range(256))
    for alphabet in (BASE62, HEX, CROCKFORD)
}


def digest(content: bytes) -> bytes:
    """Return a 16-byte fingerprint of *content*, the same on every machine."""
    return hashlib.blake2b(content, digest_size=16).digest()


_SIXTY = tuple(f"{number:02}" for number in range(60))


@lru_cache(maxsize=1_024)
def _date(day: int) -> str:
    return formatdate(day * DAY_S, usegmt=True)[:16]


def http_date(moment: int) -> str:
    """Return *moment* (Unix time) as HTTP writes it: `Tue, 15 Dec 2026 13:09:32 GMT`."""
    day, seconds = divmod(moment, DAY_S)
    hours, minutes = seconds // 3600, seconds // 60 % 60
    return f"{_date(day)} {_SIXTY[hours]}:{_SIXTY[minutes]}:{_SIXTY[seconds % 60]} GMT"


class Draw:
    """All draws of one call; each purpose has a stream of its own, so none shifts another."""

    __slots__ = ("_key",)

    def __init__(self, seed: int, content: bytes, occurrence: int = 1) -> None:
        """Take what decides the draws of a call.

        Args:
            seed: The session's seed.
            content: The request's path (without the prefix that names the session) and body,
                or a digest of them.
            occurrence: How often this very request has come, from 1; what is to be the same
                each time is drawn as for the first.

        """
        self._key = hashlib.blake2b(b"%d\0%d\0%b" % (seed, occurrence, content)).digest()

    # What every answer needs comes straight from the key, which is twice as long as that: a
    # hash for each would be felt.

    def answer_id(self, length: int) -> str:
        """Return *length* (at most 32) characters that tell answers apart."""
        return self._key[:length].translate(_TABLES[BASE62]).decode("ascii")

    def request_id(self) -> str:
        """Return 32 hex digits that tell requests apart."""
        return self._key[32:48].hex()

    def created(self) -> int:
        """Return when the answer says it was made: Unix time, drawn, since clocks vary."""
        return CREATED_FROM + int.from_bytes(self._key[48:52], "big") % YEAR_S

    def milliseconds(self, least: int, most: int) -> int:
        """Return how long the answer says it took, from *least* to *most*."""
        return least + int.from_bytes(self._key[52:56], "big") % (most - least + 1)

    def text(self, purpose: str, length: int, alphabet: bytes = BASE62) -> str:
        """Return *length* characters of *alphabet* for *purpose*."""
        return self._raw(purpose, length).translate(_TABLES[alphabet]).decode("ascii")

    def rng(self, purpose: str) -> random.Random:
        """Return a generator for *purpose*: the same sequence each time it is asked for."""
        return random.Random(self._raw(purpose, 16))  # noqa: S311 - tests want reproducible draws

    def _raw(self, purpose: str, size: int) -> bytes:
        """Return *size* bytes for *purpose*."""
        if size <= hashlib.blake2b.MAX_DIGEST_SIZE:
            return hashlib.blake2b(purpose.encode(), digest_size=size, key=self._key).digest()
        return hashlib.shake_128(self._key + purpose.encode()).digest(size)
