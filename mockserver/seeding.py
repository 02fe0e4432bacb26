"""All randomness: derived from seed, request and occurrence, never from a shared generator.

The same occurrence of the same request draws the same values in every process, in any order and
at any concurrency. Ids are drawn too.
"""

import hashlib
import random
from email.utils import formatdate
from functools import lru_cache

BASE62 = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
HEX = b"0123456789abcdef"
CROCKFORD = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""The base 32 digits of ULIDs, without any that look alike."""

CREATED_FROM = 1_767_225_600
"""2026-01-01: answers are dated within this year, derived from the request, not the clock."""
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
    """All draws of one call; each purpose has its own stream, so none affects another."""

    __slots__ = ("_key",)

    def __init__(self, seed: int, content: bytes, occurrence: int = 1) -> None:
        """Take what determines the draws of a call.

        Args:
            seed: The session's seed.
            content: The request's path (without the prefix that names the session) and body,
                or a digest of them.
            occurrence: Which occurrence of this request it is, counting from 1; values that must be
                the same each time are drawn as for the first.

        """
        self._key = hashlib.blake2b(b"%d\0%d\0%b" % (seed, occurrence, content)).digest()

    # Values that every answer needs come straight from the key, which is long enough: hashing for
    # each would cost noticeable time.

    def answer_id(self, length: int) -> str:
        """Return an id for the answer, of *length* (at most 32) characters."""
        return self._key[:length].translate(_TABLES[BASE62]).decode("ascii")

    def request_id(self) -> str:
        """Return an id for the request, of 32 hex digits."""
        return self._key[32:48].hex()

    def created(self) -> int:
        """Return the answer's creation date as Unix time; it is drawn, since clocks vary."""
        return CREATED_FROM + int.from_bytes(self._key[48:52], "big") % YEAR_S

    def milliseconds(self, least: int, most: int) -> int:
        """Return the duration that the answer states, from *least* to *most*."""
        return least + int.from_bytes(self._key[52:56], "big") % (most - least + 1)

    def text(self, purpose: str, length: int, alphabet: bytes = BASE62) -> str:
        """Return *length* characters of *alphabet* for *purpose*."""
        return self._raw(purpose, length).translate(_TABLES[alphabet]).decode("ascii")

    def rng(self, purpose: str) -> random.Random:
        """Return a generator for *purpose*: the same sequence each time."""
        return random.Random(self._raw(purpose, 16))  # noqa: S311 - tests want reproducible draws

    def _raw(self, purpose: str, size: int) -> bytes:
        """Return *size* bytes for *purpose*."""
        if size <= hashlib.blake2b.MAX_DIGEST_SIZE:
            return hashlib.blake2b(purpose.encode(), digest_size=size, key=self._key).digest()
        return hashlib.shake_128(self._key + purpose.encode()).digest(size)
