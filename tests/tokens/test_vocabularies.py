"""The shipped vocabularies: whole, quiet, and cutting where tiktoken cuts."""

import base64
import gzip
import hashlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiktoken_ext import openai_public

from mockserver import bundled
from mockserver.errors import MockServerError
from mockserver.tokens import decode, pieces
from mockserver.tokens.vocabularies import DEFINITIONS, NAMES, vocabulary

FOLDER = bundled.folder("fixtures") / "vocabularies"


def tiktokens_own(name: str, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """Return (hash, pattern) that tiktoken states for *name*, without a download."""
    hashes: list[str] = []

    def load(_url: str, expected_hash: str) -> dict[bytes, int]:
        hashes.append(expected_hash)
        return {}

    monkeypatch.setattr(openai_public, "load_tiktoken_bpe", load)
    definition = openai_public.ENCODING_CONSTRUCTORS[name]()
    return hashes[0], definition["pat_str"]


@pytest.mark.parametrize("name", NAMES)
def test_the_tokens_and_their_ranks_are_those_of_the_file_that_tiktoken_names(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = gzip.decompress((FOLDER / f"{name}.msgpack.gz").read_bytes())
    tokens = msgspec.msgpack.decode(content, type=list[bytes])
    ranks = [rank for rank in range(len(tokens) + 1) if rank != DEFINITIONS[name].unused]
    original = b"".join(
        [
            b"%b %d\n" % (base64.b64encode(token), rank)
            for token, rank in zip(tokens, ranks, strict=False)
        ]
    )

    assert hashlib.sha256(original).hexdigest() == tiktokens_own(name, monkeypatch)[0]


@pytest.mark.parametrize("name", NAMES)
def test_text_is_split_by_the_pattern_that_tiktoken_states(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pattern = tiktokens_own(name, monkeypatch)[1]

    assert DEFINITIONS[name].split == pattern


@pytest.mark.parametrize(
    ("name", "text", "tokens"),
    [
        # OpenAI Cookbook, "How to count tokens with tiktoken", comparing encodings.
        pytest.param("r50k_base", "antidisestablishmentarianism", 5, id="r50k: a long word"),
        pytest.param("cl100k_base", "antidisestablishmentarianism", 6, id="cl100k: a long word"),
        pytest.param("o200k_base", "antidisestablishmentarianism", 6, id="o200k: a long word"),
        pytest.param("r50k_base", "2 + 2 = 4", 5, id="r50k: a sum"),
        pytest.param("cl100k_base", "2 + 2 = 4", 7, id="cl100k: a sum"),
        pytest.param("o200k_base", "2 + 2 = 4", 7, id="o200k: a sum"),
        pytest.param("r50k_base", "お誕生日おめでとう", 14, id="r50k: a birthday"),
        pytest.param("p50k_base", "お誕生日おめでとう", 14, id="p50k: a birthday"),
        pytest.param("cl100k_base", "お誕生日おめでとう", 9, id="cl100k: a birthday"),
        pytest.param("o200k_base", "お誕生日おめでとう", 8, id="o200k: a birthday"),
        pytest.param("cl100k_base", "tiktoken is great!", 6, id="cl100k: a compliment"),
    ],
)
def test_counts_are_the_published_ones(name: str, text: str, tokens: int) -> None:
    assert vocabulary(name).count(text) == tokens


def test_special_tokens_in_a_text_are_ordinary_text() -> None:
    assert pieces("<|endoftext|>", "o200k_base")[0] == ("<", 1)


texts = st.text(st.characters(codec=None, exclude_categories=())) | st.text(
    st.sampled_from("aé😀🏳️‍🌈\u0301 \n\t<|'漢\ud83d\ude00𓀀"), max_size=200
)


@pytest.mark.parametrize("name", NAMES)
@settings(derandomize=True, deadline=None)
@given(text=texts)
def test_pieces_join_to_the_text(name: str, text: str) -> None:
    assert "".join(piece for piece, _ in pieces(text, name)) == text


@pytest.mark.parametrize("name", NAMES)
@settings(derandomize=True, deadline=None)
@given(text=texts)
def test_as_many_tokens_are_streamed_as_counted(name: str, text: str) -> None:
    streamed = sum(tokens for _, tokens in pieces(text, name))

    assert streamed == vocabulary(name).count(text)


@settings(derandomize=True, deadline=None)
@given(text=texts)
def test_no_piece_is_empty(text: str) -> None:
    assert all(piece and tokens for piece, tokens in pieces(text, "o200k_base"))


def test_a_character_of_several_tokens_comes_with_the_last_of_them() -> None:
    assert pieces("𓀀!", "cl100k_base")[0][0] == "𓀀"


@pytest.mark.parametrize("name", NAMES)
@settings(derandomize=True, deadline=None)
@given(text=texts)
def test_a_piece_is_split_as_it_is_within_its_text(name: str, text: str) -> None:
    own = vocabulary(name)
    split = [token for piece, _ in own.pieces(text) for token in own.split(piece)]

    assert split == own.split(text)


def test_a_text_is_split_into_its_tokens() -> None:
    assert vocabulary("o200k_base").split("Hi \N{BLUE HEART}") == [b"Hi", b" \xf0\x9f\x92", b"\x99"]


@pytest.mark.parametrize(
    ("token", "is_held"),
    [
        pytest.param(b" world", True, id="a word"),
        pytest.param(b"\xf0\x9f\x92", True, id="a part of a character"),
        pytest.param(b" worldly things", False, id="several tokens"),
        pytest.param(b"", False, id="nothing"),
        pytest.param(b"<|endoftext|>", False, id="a special token"),
    ],
)
def test_what_is_one_token(token: bytes, is_held: bool) -> None:  # noqa: FBT001 - of the table
    assert vocabulary("o200k_base").holds(token) == is_held


@pytest.mark.parametrize("name", NAMES)
def test_the_earliest_tokens_are_single_characters_and_common_texts(name: str) -> None:
    earliest = vocabulary(name).earliest(300)

    assert len(earliest) == 300
    assert {b"a", b"!", b" t", b" the"} <= set(earliest)


def test_tokens_are_read_back_as_text() -> None:
    assert decode([9906, 1917, 0], "cl100k_base") == "Hello world!"


@pytest.mark.parametrize("name", NAMES)
def test_every_token_that_a_request_may_name_is_read_back(name: str) -> None:
    tokens = range(DEFINITIONS[name].end_of_text + 1)

    assert all(decode([token], name) for token in tokens)


@pytest.mark.parametrize(
    ("name", "token"),
    [("cl100k_base", 100_257), ("o200k_base", 199_999), ("p50k_base", 50_256)],
)
def test_the_end_of_a_text_is_read_back_as_it_is_called(name: str, token: int) -> None:
    assert decode([token], name) == "<|endoftext|>"


def test_a_rank_that_stands_for_nothing_is_read_back_as_a_replacement() -> None:
    assert decode([9906, 100_256], "cl100k_base") == "Hello\ufffd"


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        pytest.param(" " * 1_100_000 + "x", range(8_000, 9_000), id="a million blanks"),
        pytest.param(" \n" * 550_000, range(1, 600_000), id="half a million blank lines"),
        pytest.param("a" * 1_100_000, range(137_500, 137_600), id="a million letters"),
        pytest.param("^" * 1_100_000, range(137_500, 137_600), id="a million signs"),
    ],
)
def test_runs_without_end_are_counted(text: str, tokens: range) -> None:
    assert vocabulary("o200k_base").count(text) in tokens


def test_pieces_of_a_run_without_end_join_to_it() -> None:
    text = "so " + " " * 150_000 + "a" * 30_000

    assert "".join(piece for piece, _ in pieces(text, "o200k_base")) == text


def test_long_texts_of_words_are_encoded_as_a_whole() -> None:
    words = "Many words, and 1,234 numbers.\n" * 5_000

    assert vocabulary("o200k_base").count(words) == 5_000 * vocabulary("o200k_base").count(
        "Many words, and 1,234 numbers.\n"
    )


def test_an_unknown_token_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        decode([99_999_999], "cl100k_base")


@pytest.fixture
def damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return the path of a vocabulary file that the test may write."""
    (tmp_path / "vocabularies").mkdir()
    monkeypatch.setattr(bundled, "folder", lambda _name: tmp_path)
    vocabulary.cache_clear()
    yield tmp_path / "vocabularies" / "r50k_base.msgpack.gz"
    vocabulary.cache_clear()


def test_a_changed_vocabulary_is_refused(damaged: Path) -> None:
    damaged.write_bytes(gzip.compress(msgspec.msgpack.encode([b"!"])))

    with pytest.raises(MockServerError, match="r50k_base is damaged"):
        vocabulary("r50k_base")


def test_a_cut_vocabulary_is_refused(damaged: Path) -> None:
    damaged.write_bytes((FOLDER / "r50k_base.msgpack.gz").read_bytes()[:1000])

    with pytest.raises(MockServerError, match="cannot be read"):
        vocabulary("r50k_base")


def test_a_missing_vocabulary_says_what_to_do(damaged: Path) -> None:
    with pytest.raises(MockServerError, match="reinstall llm-mockserver"):
        vocabulary("r50k_base")


ALONE = """
import socket, sys
def refuse(*_): sys.exit("a connection was attempted")
socket.socket.connect = socket.getaddrinfo = refuse
from mockserver.tokens.vocabularies import NAMES, vocabulary
print(sum(vocabulary(name).count("Hello world") for name in NAMES))
"""


@pytest.mark.system
def test_counting_needs_no_network_and_leaves_nothing_behind(tmp_path: Path) -> None:
    tree = Path(bundled.__file__).parent.parent
    environment = {"HOME": str(tmp_path), "TMPDIR": str(tmp_path), "PYTHONPATH": str(tree)}

    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", ALONE],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.stdout, done.stderr, list(tmp_path.iterdir())) == ("8\n", "", [])
