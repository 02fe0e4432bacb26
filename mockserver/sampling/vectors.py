"""Vectors of texts: alike where texts share words, at right angles where they share nothing.

Each word is a mixture of directions drawn for what it consists of: the word itself, its stem and
its groups of three letters, so that `cat` and `cats` are close. A text is the sum of its words;
words that all texts have weigh little. Nothing is learned, so what means the same in other words
is not close.

Directions are drawn from a seed and the name of the space alone. All of it is arithmetic on whole
numbers: 16 bits for each dimension, side by side in one long integer, which Python adds in a
fraction of the time of a loop.
"""

import hashlib
import math
import re
import sys
import unicodedata
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import repeat
from operator import mul
from typing import Final
from zlib import crc32

from mockserver.caching import SizedCache

_LANE_BYTES: Final = 2
_LANE: Final = 8 * _LANE_BYTES
_CENTRE: Final = 128
"""Where directions are 0: their numbers are from 1 to 255, and as often below it as above."""
_SHARES: Final = 16
"""What the directions of a word are mixed in, so that a mixture stays below 256."""
_SHIFT: Final = 4
_MOST_WORDS: Final = 255
"""How many words fit into the 16 bits of a dimension."""

_BANK: Final = 64
"""Directions are drawn so often; all others are these, turned around by any number of places."""
_LETTERS: Final = 256
"""Groups of letters share so many directions among them: that two have the same costs little."""
_SPACES: Final = 8
_REMEMBERED_BYTES: Final = 16_000_000
"""What words are remembered in: some thousands, as long as vectors are of usual sizes."""

_LONGEST_WORD: Final = 32
"""Longer runs of letters are words of this length, one after another."""
_MOST_GROUPS: Final = 10
"""Of a word's groups of letters, so many count: all of them up to ten letters."""
_STEM_SHARE: Final = 5
_STOP_SHARE: Final = 2
_OWN_SHARE: Final = 2
"""How many of 16 shares a word counts that all texts have, and what is the text's alone: the
latter, so that no two texts have the same vector."""
_LONG: Final = 4_096.0
_NEARNESS: Final = 4.0
"""How many times as much a vector that is to be near another is of that one as of its own text."""

_WORD: Final = re.compile(r"[^\W_]+")
_UNSPACED: Final = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]+")
"""Writing without spaces between words: each pair of characters is taken for one."""
_IN_ALL_TEXTS: Final = (
    "a about after all also am an and any are as at be because been before being but by can "
    "could d did do does doing down each else every few for from had has have having he her "
    "here hers him his how i if in into is it its itself just ll m me more most my no nor "
    "not now of off on once one only or other our out over own re s same she should so some "
    "such t than that the their them then there these they this those through to too under "
    "until up upon us ve very was we were what when where which while who whom whose why "
    "will with would you your yours please tell"
)
_STOP_WORDS: Final = frozenset(_IN_ALL_TEXTS.split())


def text_vector(
    text: str, *, seed: int, space: str, size: int, wanted: int, near: str | None = None
) -> "array[float]":
    """Return the vector of *text*, of length 1 and in 32-bit numbers.

    Args:
        text: Any text; one without words has a vector, too.
        seed: Decides, with *space*, which way anything points.
        space: The name of the space; vectors of two spaces have nothing to do with each other.
        size: How many dimensions the space has.
        wanted: How many of them the vector has: the first ones, and again of length 1.
        near: A text that the vector shall be close to.

    """
    directions = _space(seed, space, size)
    numbers = directions.text(text)[:wanted]
    if near is None:
        return _scaled(numbers)
    target = directions.text(near)[:wanted]
    # Both as long as some thousands, like the sums that vectors are made of.
    share = _NEARNESS * _LONG / (_length(target) or 1.0)
    own = _LONG / (_length(numbers) or 1.0)
    return _scaled([x * share + y * own for x, y in zip(target, numbers, strict=True)])


def _length(numbers: Sequence[float]) -> float:
    # Rounded, since versions of Python differ in the last bit.
    return float(f"{math.hypot(*numbers):.9e}")


def _scaled(numbers: Sequence[float]) -> "array[float]":
    """Return *numbers* divided by their length; if all are 0, the first dimension."""
    length = _length(numbers)
    if not length:
        return array("f", [1.0, *repeat(0.0, len(numbers) - 1)])
    return array("f", [*map(mul, repeat(1.0 / length), numbers)])


# --- words ------------------------------------------------------------------------------------


def _words(text: str) -> list[str]:
    """Return the words of *text*, without case and accents."""
    text = text.casefold()
    if text.isascii():
        words = _WORD.findall(text)
    else:
        marked = unicodedata.normalize("NFKD", text)
        text = "".join([letter for letter in marked if not unicodedata.combining(letter)])
        words = [*_spaced(_WORD.findall(unicodedata.normalize("NFC", text)))]
    if max(map(len, words), default=0) <= _LONGEST_WORD:
        return words
    return [piece for word in words for piece in _pieces(word, _LONGEST_WORD)]


def _pieces(word: str, most: int) -> list[str]:
    return [word[begin : begin + most] for begin in range(0, len(word), most)]


def _spaced(words: Iterable[str]) -> Iterator[str]:
    """Yield *words*, each pair of characters of those that are written without spaces."""
    for word in words:
        end = 0
        for run in _UNSPACED.finditer(word):
            if run.start() > end:
                yield word[end : run.start()]
            end, characters = run.end(), run[0]
            yield from (characters[at : at + 2] for at in range(max(1, len(characters) - 1)))
        if end < len(word):
            yield word[end:]


_UNDOUBLED: Final = re.compile(r"([bdgmnprt])\1$")


def _stem(word: str) -> str:
    """Return what *word* has in common with its plural and with forms of its verb, roughly."""
    size = len(word)
    if size > 4 and word.endswith("ies"):  # noqa: PLR2004 - it leaves more than an ending
        return word[:-3] + "y"
    if size > 4 and word.endswith(("sses", "shes", "ches", "xes", "zes")):  # noqa: PLR2004 - as above
        return word[:-2]
    if size > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):  # noqa: PLR2004 - as above
        word = word[:-1]
    for ending in ("ing", "ed", "ly"):
        if word.endswith(ending) and len(word) > len(ending) + 2:
            return _UNDOUBLED.sub(r"\1", word.removesuffix(ending)).removesuffix("e")
    return word.removesuffix("e") if len(word) > 4 else word  # noqa: PLR2004 - as above


# --- directions -------------------------------------------------------------------------------


_BALANCED: Final = bytes([_CENTRE, *range(1, 256)])
"""Bytes as numbers that are 128 on average: 0 would draw them down."""


class _Space:
    """The directions of one space."""

    __slots__ = (
        *("_bank", "_bytes", "_centre", "_half", "_key", "_letters", "_ones", "_size", "_whole"),
        "_words",
    )

    def __init__(self, seed: int, name: str, size: int) -> None:
        self._size = size
        self._key = f"{seed}\0{name}\0"
        self._whole = (1 << size * _LANE) - 1
        self._ones = int.from_bytes(b"\1\0" * size, "little")
        self._bytes = self._ones * 0xFF
        self._half = self._ones * (_SHARES // 2)
        self._centre = self._ones * _CENTRE
        # Each of the bank stands twice in a row: turning it around is a shift.
        once = [self._drawn(f"bank {number}") for number in range(_BANK)]
        self._bank = [numbers | numbers << size * _LANE for numbers in once]
        self._letters = [self._drawn(f"letters {number}") for number in range(_LETTERS)]
        self._words: SizedCache[str, int] = SizedCache(_REMEMBERED_BYTES)

    def _drawn(self, name: str) -> int:
        """Return a direction of its own for *name*."""
        drawn = hashlib.shake_128(f"{self._key}{name}".encode()).digest(self._size)
        lanes = bytearray(self._size * _LANE_BYTES)
        lanes[::_LANE_BYTES] = drawn.translate(_BALANCED)
        return int.from_bytes(lanes, "little")

    def _direction(self, feature: str) -> int:
        """Return the direction of *feature*."""
        content = feature.encode("utf-8", "surrogatepass")
        drawn = int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "little")
        turn, number = divmod(drawn, _BANK)
        return self._bank[number] >> turn % self._size * _LANE & self._whole

    def _mixed(self, *shares: tuple[str, int], letters: Sequence[str] = ()) -> int:
        """Return the mixture of features by their *shares*, of sixteen, and of *letters*.

        A group of letters has one share. What is left is 0.
        """
        left = _SHARES - len(letters) - sum([share for _, share in shares])
        # Half of the divisor rounds to the nearest.
        mixed = self._centre * left + self._half
        for feature, share in shares:
            mixed += self._direction(feature) * share
        for group in letters:
            mixed += self._letters[crc32(group.encode("utf-8", "surrogatepass")) % _LETTERS]
        return mixed >> _SHIFT & self._bytes

    def _word(self, word: str) -> int:
        known = self._words.get(word)
        if known is None:
            known = self._made(word)
            self._words.put(word, known, self._size * _LANE_BYTES)
        return known

    def _made(self, word: str) -> int:
        if word in _STOP_WORDS or (len(word) == 1 and word.isascii()):
            return self._mixed((f"word {word}", _STOP_SHARE))
        framed = f"<{word}>"
        groups = [framed[at : at + 3] for at in range(min(_MOST_GROUPS, len(framed) - 2))]
        return self._mixed(
            (f"word {word}", 1), (f"stem {_stem(word)}", _STEM_SHARE), letters=groups
        )

    def text(self, text: str) -> list[int]:
        """Return the numbers of *text* in all dimensions, as they add up."""
        counts = Counter(_words(text))
        own = self._mixed((f"text {text}", _OWN_SHARE))
        # A word that comes often counts for more, and not for as much more.
        parts = [(self._word(word), count.bit_length()) for word, count in counts.items()]
        if sum([times for _, times in parts]) < _MOST_WORDS:
            total = own
            for numbers, times in parts:
                total += numbers if times == 1 else numbers * times
            return self._signed(total, 1 + sum([times for _, times in parts]))
        return self._summed([(own, 1), *parts])

    def _summed(self, parts: Iterable[tuple[int, int]]) -> list[int]:
        """Return the sum of more *parts* than 16 bits hold."""
        sums: list[int] = [0] * self._size
        total = words = 0
        for numbers, times in parts:
            if words + times > _MOST_WORDS:
                sums = [*map(int.__add__, sums, self._signed(total, words))]
                total = words = 0
            total += numbers * times
            words += times
        return [*map(int.__add__, sums, self._signed(total, words))]

    def _signed(self, total: int, words: int) -> list[int]:
        """Return the numbers of *total*, the sum of so many *words*, around 0."""
        # 16 bits with a sign are read: what is added has no carry, and the last bit is turned.
        centred = total + self._ones * ((1 << _LANE - 1) - _CENTRE * words)
        turned = centred ^ self._ones << _LANE - 1
        lanes = turned.to_bytes(self._size * _LANE_BYTES, "little")
        return [*memoryview(_native(lanes)).cast("h")]


def _native(lanes: bytes) -> bytes:
    """Return *lanes* of 16 bits, lower bytes first, in the order of this machine."""
    if sys.byteorder == "little":
        return lanes
    numbers = array("H", lanes)
    numbers.byteswap()
    return numbers.tobytes()


@lru_cache(maxsize=_SPACES)
def _space(seed: int, name: str, size: int) -> _Space:
    return _Space(seed, name, size)
