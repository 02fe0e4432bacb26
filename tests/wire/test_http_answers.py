"""Answers of HTTP/1.1, read from the bytes of a connection in whatever parts they come."""

import pytest

from mockserver.wire.http_answers import (
    MOST_ANNOUNCEMENTS,
    MOST_HEAD_BYTES,
    MOST_HELD,
    AnswerReader,
    NotHttpError,
)

CHUNKED = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    b'6\r\ndata: \r\n4;x="y"\r\n{}\n\n\r\n000A \r\n: comment\n\r\n0\r\n\r\n'
)
SIZED = b"HTTP/1.1 429 Too Many Requests\r\nretry-after:  7 \r\ncontent-length: 5\r\n\r\nhello"


def read(data: bytes, cuts: list[int], method: str = "POST") -> tuple[AnswerReader, list[bytes]]:
    reader = AnswerReader(method)
    pieces: list[bytes] = []
    for begin, end in zip([0, *cuts], [*cuts, len(data)], strict=True):
        pieces += reader.feed(data[begin:end])
    return reader, pieces


@pytest.mark.parametrize("at", range(1, len(CHUNKED)))
def test_chunks_are_those_that_were_sent_wherever_they_are_cut(at: int) -> None:
    reader, pieces = read(CHUNKED, [at])

    assert pieces == [b"data: ", b"{}\n\n", b": comment\n"]
    assert reader.has_ended
    assert not reader.has_more
    assert reader.head is not None
    assert reader.head.headers[0] == ("Content-Type", "text/event-stream")
    assert (reader.head.is_chunked, reader.head.keeps_open) == (True, True)


def test_chunks_come_byte_by_byte() -> None:
    reader, pieces = read(CHUNKED, list(range(1, len(CHUNKED))))

    assert (pieces, reader.has_ended) == ([b"data: ", b"{}\n\n", b": comment\n"], True)


@pytest.mark.parametrize("at", range(1, len(SIZED)))
def test_a_body_of_stated_size_comes_in_the_parts_of_the_network(at: int) -> None:
    reader, pieces = read(SIZED, [at])

    assert b"".join(pieces) == b"hello"
    assert reader.has_ended
    assert reader.head is not None
    assert (reader.head.status, reader.head.content_length) == (429, 5)
    assert reader.head.headers[0] == ("retry-after", "7")


def test_a_large_chunk_is_handed_on_before_it_is_whole() -> None:
    body = bytes(range(256)) * 24_000
    data = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (
        len(body),
        body,
    )
    reader, pieces = read(data, list(range(500_000, len(data), 500_000)))

    assert (b"".join(pieces), reader.has_ended) == (body, True)
    assert all(len(piece) < MOST_HELD + 500_000 for piece in pieces)


@pytest.mark.parametrize(
    ("head", "method", "ends"),
    [
        pytest.param("204 No Content\r\nx: y", "POST", True, id="no content"),
        pytest.param("304 Not Modified\r\ncontent-length: 9", "GET", True, id="not modified"),
        pytest.param("200 OK\r\ncontent-length: 9", "HEAD", True, id="HEAD"),
        pytest.param("200 OK\r\ntransfer-encoding: chunked", "HEAD", True, id="HEAD, chunked"),
        pytest.param("200 OK\r\ncontent-length: 0", "POST", True, id="empty"),
        pytest.param("200 OK\r\ncontent-length: 9", "POST", False, id="a body follows"),
        pytest.param("200 OK\r\nx: y", "POST", False, id="until the end of the connection"),
    ],
)
def test_which_answers_have_a_body(head: str, method: str, ends: bool) -> None:  # noqa: FBT001 - a case
    reader, _ = read(f"HTTP/1.1 {head}\r\n\r\n".encode(), [], method)

    assert reader.has_ended is ends


@pytest.mark.parametrize(
    ("head", "keeps"),
    [
        ("HTTP/1.1 200 OK\r\ncontent-length: 2", True),
        ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\nConnection: Close", False),
        ("HTTP/1.0 200 OK\r\ncontent-length: 2", False),
        ("HTTP/1.0 200 OK\r\ncontent-length: 2\r\nconnection: keep-alive", True),
        ("HTTP/1.1 200 OK", False),
    ],
)
def test_which_connections_take_another_request(head: str, keeps: bool) -> None:  # noqa: FBT001 - a case
    reader, _ = read(f"{head}\r\n\r\nok".encode(), [])

    assert reader.head is not None
    assert reader.head.keeps_open is keeps


def test_a_body_without_a_size_ends_with_its_connection() -> None:
    reader, pieces = read(b"HTTP/1.1 200\r\n\r\nab", [16])
    before = reader.has_ended

    assert ([*pieces, *reader.end()], before, reader.has_ended) == ([b"ab"], False, True)


@pytest.mark.parametrize("end", [CHUNKED.index(b"comment"), len(CHUNKED) - 2])
def test_a_chunked_body_that_breaks_off_is_handed_on_as_far_as_it_came(end: int) -> None:
    reader, pieces = read(CHUNKED[:end], [])
    pieces += reader.end()

    assert CHUNKED[:end].endswith(pieces[-1]) or pieces[-1] == b": comment\n"
    assert b"".join(pieces).startswith(b"data: {}\n\n: ")
    assert not reader.has_ended


def test_announcements_and_trailers_are_left_out() -> None:
    data = (
        b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nx: y\r\nz: 1\r\n\r\n"
    )
    reader, pieces = read(data, list(range(1, len(data))))

    assert (pieces, reader.has_ended, reader.has_more) == ([b"ok"], True, False)
    assert reader.head is not None
    assert reader.head.headers == (("transfer-encoding", "chunked"),)


@pytest.mark.parametrize("surplus", [CHUNKED + b"HTTP", SIZED + b"!"])
def test_what_comes_after_the_answer_is_noticed(surplus: bytes) -> None:
    reader, pieces = read(surplus, [])

    assert (reader.has_ended, reader.has_more) == (True, True)
    assert b"".join(pieces) in {b"data: {}\n\n: comment\n", b"hello"}


@pytest.mark.parametrize(
    "data",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nname : x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\na: b\r\n folded\r\n\r\n",
        b"HTTP/1.1 200 OK\r\na: b\nc: d\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx: " + b"y" * MOST_HEAD_BYTES,
        b"HTTP/1.1 100 Continue\r\n\r\n" * (MOST_ANNOUNCEMENTS + 1),
    ],
)
def test_what_is_not_an_answer_is_refused(data: bytes) -> None:
    with pytest.raises(NotHttpError):
        read(data, [])


@pytest.mark.parametrize("rest", [b"0x4\r\nabcd\r\n", b"-1\r\n", b"4\r\nabcdefgh", b"z" * 5_000])
def test_what_came_before_a_bad_chunk_is_there(rest: bytes) -> None:
    with pytest.raises(NotHttpError) as raised:
        read(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n" + rest, [])

    assert b"".join(raised.value.pieces) == b"ok"
