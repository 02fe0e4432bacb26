"""The shipped vocabularies: text to tokens and back, with tiktoken's core and without its network.

A vocabulary is loaded when the first text needs it, from `fixtures/vocabularies/`, and is
checked against its hash; a test compares its tokens with the hash that tiktoken publishes.
Nothing is downloaded, nothing is written.
Text is always ordinary text: `<|endoftext|>` in a message is seven tokens, not one.
"""

import gzip
import hashlib
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import chain, count

import msgspec
import tiktoken

from mockserver import bundled
from mockserver.caching import SizedCache
from mockserver.errors import MockServerError
from mockserver.wire.jsontext import Pieces, tokens_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """What is not in the file of a vocabulary: how text is split first, and the file's hash.

    *end_of_text* is the rank of `<|endoftext|>`, which is no text of the file. *unused* is the one
    rank, if any, that the file skips; else a token's place is its rank.
    Source: tiktoken_ext.openai_public (tiktoken 0.14.0); a test compares.
    """

    sha256: str
    split: str
    end_of_text: int
    unused: int | None = None


_SPLIT_2019 = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s"
_SPLIT_2023 = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+"
    r"|\s++$|\s*[\r\n]|\s+(?!\S)|\s"
)
_LOWER = r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
_UPPER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"
_CONTRACTION = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
_SPLIT_2024 = (
    rf"[^\r\n\p{{L}}\p{{N}}]?{_UPPER}*{_LOWER}+{_CONTRACTION}"
    rf"|[^\r\n\p{{L}}\p{{N}}]?{_UPPER}+{_LOWER}*{_CONTRACTION}"
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)

DEFINITIONS = {
    "cl100k_base": Definition(
        sha256="ed0816e2b705c3b6474af6314071f4fdeebd9b5862af1ff3d3f9136711a8a00c",
        split=_SPLIT_2023,
        end_of_text=100_257,
    ),
    "o200k_base": Definition(
        sha256="21be86ee43e53a592c4dc0621c2eca9af6bc4c29df3c9a2161e452e4ecccab5d",
        split=_SPLIT_2024,
        end_of_text=199_999,
    ),
    "p50k_base": Definition(
        sha256="eb5607156111f3c12eeba41caa7723b296ed290547eea1c83b15e53f49d70cd6",
        split=_SPLIT_2019,
        end_of_text=50_256,
        unused=50_256,
    ),
    "r50k_base": Definition(
        sha256="f8187fd43540522f9e3170603c8abe87d0ab0a84539dc0fe7502d184222edbe4",
        split=_SPLIT_2019,
        end_of_text=50_256,
    ),
}

NAMES = tuple(DEFINITIONS)


class Vocabulary:
    """One vocabulary, in memory: counts tokens, splits text where they end, decodes them."""

    __slots__ = (
        *("_ascii_piece", "_count_short", "_counts", "_encoding", "_end_of_text", "_pieces"),
    )

    # Short texts are many and alike (roles, names, system prompts): they are remembered by
    # number, in a faster cache than one that weighs what it holds.
    _SHORT = 256
    _REMEMBERED_SHORT_TEXTS = 8_192
    _REMEMBERED_TOKENS = 8_192
    _REMEMBERED_CHARACTERS = 2_000_000
    _REMEMBERED_PIECES = 32_000

    def __init__(self, name: str, definition: Definition, ranks: dict[bytes, int]) -> None:
        """Take *ranks*, the rank of each token, and leave them empty.

        The core makes tables of its own; without these, the server is up to 27 MB smaller.
        """
        self._encoding = tiktoken.Encoding(
            name, pat_str=definition.split, mergeable_ranks=ranks, special_tokens={}
        )
        self._end_of_text = definition.end_of_text
        ranks.clear()
        self._count_short = lru_cache(self._REMEMBERED_SHORT_TEXTS)(self._count)
        self._ascii_piece = lru_cache(self._REMEMBERED_TOKENS)(self._piece_of)
        self._counts: SizedCache[str, int] = SizedCache(self._REMEMBERED_CHARACTERS)
        self._pieces: SizedCache[str, Pieces] = SizedCache(self._REMEMBERED_PIECES)

    def count(self, text: str) -> int:
        """Return the number of tokens in *text*."""
        if len(text) < self._SHORT:
            return self._count_short(text)
        tokens = self._counts.get(text)
        if tokens is None:
            tokens = self._count(text)
            self._counts.put(text, tokens, len(text) + _ENTRY)
        return tokens

    def count_all(self, texts: Sequence[str]) -> int:
        """Return the number of tokens in all *texts* together."""
        if max(map(len, texts), default=0) < self._SHORT:
            return sum(map(self._count_short, texts))
        return sum(map(self.count, texts))

    def _count(self, text: str) -> int:
        return len(self._encode(text))

    def count_answered(self, text: str) -> int:
        """Return what `count` does of *text*, which has been cut into its pieces before."""
        pieces = self._pieces.get(text)
        return self.count(text) if pieces is None else tokens_of(pieces)

    def pieces(self, text: str) -> Pieces:
        """Split *text* where its tokens end, without splitting a character."""
        pieces = self._pieces.get(text)
        if pieces is None:
            pieces = self._cut(text)
            self._pieces.put(text, pieces, len(pieces))
        return pieces

    def split(self, text: str) -> list[bytes]:
        """Return the tokens of *text*; a character may be shared by several of them."""
        return self._encoding.decode_tokens_bytes(self._encode(text))

    def holds(self, token: bytes) -> bool:
        """Return whether *token* is one token of the vocabulary."""
        try:
            self._encoding.encode_single_token(token)
        except KeyError:
            return False
        return True

    def earliest(self, count: int) -> list[bytes]:
        """Return the first *count* tokens, which were made of the commonest texts."""
        return self._encoding.decode_tokens_bytes(range(count))

    def text_of(self, tokens: Sequence[int]) -> str:
        """Return the text of *tokens*; what is not text, or not UTF-8, becomes U+FFFD.

        Raises:
            KeyError: A token is beyond the vocabulary.

        """
        try:
            contents = self._encoding.decode_tokens_bytes(tokens)
        except KeyError:
            contents = [self._content(token) for token in tokens]
        return b"".join(contents).decode("utf-8", "replace")

    def _content(self, token: int) -> bytes:
        """Return what *token* stands for; a few ranks stand for nothing, and one for no text."""
        if token == self._end_of_text:
            return b"<|endoftext|>"
        try:
            return self._encoding.decode_single_token_bytes(token)
        except KeyError:
            if token > self._end_of_text:
                raise
            return "\ufffd".encode()

    def _encode(self, text: str) -> list[int]:
        if not text.isascii():
            # tiktoken would make one character of a pair, and the counts of bytes would not fit.
            text = _SURROGATE.sub("\ufffd", text)
        if len(text) <= _LONG or not _may_have_long_runs(text):
            return self._encoding.encode_ordinary(text)
        parts = map(self._encoding.encode_ordinary, _cut_runs(text))
        return list(chain.from_iterable(parts))

    def _cut(self, text: str) -> Pieces:
        tokens = self._encode(text)
        if text.isascii():
            return tuple(map(self._ascii_piece, tokens))
        return self._cut_by_characters(text, self._encoding.decode_tokens_bytes(tokens))

    def _piece_of(self, token: int) -> tuple[str, int]:
        return self._encoding.decode_single_token_bytes(token).decode("ascii"), 1

    @staticmethod
    def _cut_by_characters(text: str, ends: Sequence[bytes]) -> Pieces:
        # A lone surrogate takes three bytes here, and so does the U+FFFD it is encoded as.
        content = text.encode("utf-8", "surrogatepass")
        pieces: list[tuple[str, int]] = []
        start = end = tokens = 0
        for token in ends:
            end += len(token)
            tokens += 1
            if end == len(content) or content[end] not in _CONTINUATION:
                pieces.append((content[start:end].decode("utf-8", "surrogatepass"), tokens))
                start, tokens = end, 0
        return tuple(pieces)


_ENTRY = 64
"""Approximate cost of caching a text, besides its characters."""

_LONG = 100_000
"""Texts up to this many characters are encoded whole."""
_LONGEST_RUN = 25_000
"""The longest run of letters, of blanks or of signs that is encoded as a whole.

Far from what anybody writes. The core gives up on a million blanks in a row (it panics), and
takes ten times as long for a million letters as for as many in words. A token that would lie
across a cut becomes two.
"""
_RUN = re.compile(r"\s+|[^\W\d_]+|[\d_]+|[^\w\s]+")


def _may_have_long_runs(text: str) -> bool:
    """Return whether a run may be longer than the longest; fast, since it may be wrong."""
    words = text.split()
    blanks = len(text) - sum(map(len, words))
    return blanks - len(words) > _LONGEST_RUN or max(map(len, words), default=0) > _LONGEST_RUN


def _cut_runs(text: str) -> Iterator[str]:
    """Yield *text* in parts, with a cut after each longest run."""
    start = 0
    for run in _RUN.finditer(text):
        for cut in range(run.start() + _LONGEST_RUN, run.end(), _LONGEST_RUN):
            yield text[start:cut]
            start = cut
    yield text[start:]


_CONTINUATION = range(0x80, 0xC0)
"""The bytes of UTF-8 that no character begins with."""
_SURROGATE = re.compile("[\ud800-\udfff]")


@cache
def vocabulary(name: str) -> Vocabulary:
    """Return the vocabulary called *name*, loaded on first use.

    Raises:
        MockServerError: Its file is missing or damaged.

    """
    path = bundled.folder("fixtures") / "vocabularies" / f"{name}.msgpack.gz"
    try:
        content = gzip.decompress(path.read_bytes())
    except (OSError, EOFError, zlib.error) as error:
        raise MockServerError(f"{path}: cannot be read: {error}\n  {_REINSTALL}") from error
    definition = DEFINITIONS[name]
    found = hashlib.sha256(content).hexdigest()
    if found != definition.sha256:
        raise MockServerError(
            f"the vocabulary {name} is damaged: its SHA-256 is {found}, not {definition.sha256}\n"
            f"  {_REINSTALL}"
        )
    # The ranks are counted instead of read; the file's hash vouches for them.
    unused = definition.unused
    ranks = count() if unused is None else chain(range(unused), count(unused + 1))
    tokens = msgspec.msgpack.decode(content, type=list[bytes])
    del content
    return Vocabulary(name, definition, dict(zip(tokens, ranks, strict=False)))


_REINSTALL = "reinstall llm-mockserver: its vocabularies ship with it and are never downloaded"
