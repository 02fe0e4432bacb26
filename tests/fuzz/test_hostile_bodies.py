"""Whatever body is sent, it is answered, or refused in the provider's JSON.

One run of all tests sends some thousand; with `MOCKSERVER_FUZZ=10` in the environment it is ten
times as many. The same ones are sent each time.
"""

import json
from typing import Any

import pytest
from fuzz_corpus import CHATS, LEGACIES, TIMES, Mutator, to_json
from fuzz_watched import Watched
from hypothesis import given, settings
from hypothesis import strategies as st
from support.wire import Raw, request

CHAT, COMPLETIONS = "/v1/chat/completions", "/v1/completions"
SHARDS = range(4 * TIMES)
SHARD = 100


def is_promised(raw: Raw) -> bool:
    """Return whether *raw* is an answer, or a refusal of the request, as a provider gives it."""
    if raw.status != 200:
        error = raw.json["error"]
        return (
            400 <= raw.status < 500
            and raw.headers["content-type"].startswith("application/json")
            and sorted(error) == ["code", "message", "param", "type"]
            and isinstance(error["message"], str)
            and all(isinstance(error[key], str | None) for key in ("type", "param", "code"))
        )
    if raw.headers["content-type"].startswith("application/json"):
        return strict_json(raw.body)["object"] in {"chat.completion", "text_completion"}
    *events, done, nothing = raw.body.split(b"\n\n")
    chunks = [strict_json(event.removeprefix(b"data: ")) for event in events]
    return (done, nothing) == (b"data: [DONE]", b"") and all(chunk["object"] for chunk in chunks)


def strict_json(text: bytes) -> Any:
    """Return what *text* says; NaN and infinities are no JSON."""
    return json.loads(text.decode(), parse_constant=pytest.fail)


def assert_promised(watched: Watched, path: str, body: bytes) -> None:
    raw = watched.ask(request("POST", path, body, close=False))
    assert is_promised(raw), f"{raw.head!r} {raw.body[:500]!r} in answer to {body[:2_000]!r}"


@pytest.mark.parametrize("seed", SHARDS)
def test_chats_with_something_wrong_are_answered_or_refused(
    each_watched: Watched, seed: int
) -> None:
    mutator = Mutator(seed)

    for _ in range(2 * SHARD):
        assert_promised(each_watched, CHAT, to_json(mutator.mutated(CHATS)))


@pytest.mark.parametrize("seed", SHARDS)
def test_completions_with_something_wrong_are_answered_or_refused(
    each_watched: Watched, seed: int
) -> None:
    mutator = Mutator(seed)

    for _ in range(SHARD):
        assert_promised(each_watched, COMPLETIONS, to_json(mutator.mutated(LEGACIES)))


@pytest.mark.parametrize("seed", SHARDS)
def test_hostile_schemas_are_kept_to_or_refused(each_watched: Watched, seed: int) -> None:
    mutator = Mutator(seed)

    for _ in range(SHARD):
        assert_promised(each_watched, CHAT, to_json(mutator.with_schemas()))


@pytest.mark.parametrize("seed", SHARDS)
def test_bytes_that_were_json_are_answered_or_refused(each_watched: Watched, seed: int) -> None:
    mutator = Mutator(seed)
    rng = mutator.rng

    for _ in range(SHARD):
        path, bodies = rng.choice([(CHAT, CHATS), (COMPLETIONS, LEGACIES)])
        body = bytearray(to_json(mutator.mutated(bodies)))
        for _ in range(rng.choice([1, 1, 2, 5])):
            at = rng.randrange(len(body))
            body[at : at + rng.randrange(3)] = rng.choice(
                [b"", b"\xff", b"\xc3", b"\0", b"}", b'"', b",", b"\\u", b"1e999", rng.randbytes(4)]
            )
        assert_promised(each_watched, path, bytes(body))


@given(
    st.sampled_from([CHAT, COMPLETIONS]),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    ),
)
@settings(derandomize=True, max_examples=100 * TIMES, deadline=None)
def test_any_json_is_refused(each_watched: Watched, path: str, body: object) -> None:
    assert_promised(each_watched, path, to_json(body))


@given(text=st.text(), where=st.integers(0, 6))
@settings(derandomize=True, max_examples=100 * TIMES, deadline=None)
def test_any_text_is_answered_or_refused(each_watched: Watched, text: str, where: int) -> None:
    said = [{"role": "user", "content": text}]
    path, body = [
        (CHAT, {"model": "gpt-4o-mini", "messages": said}),
        (CHAT, {"model": "gpt-4o-mini", "messages": said, "stream": True}),
        (CHAT, {"model": text, "messages": said}),
        (CHAT, {"model": "gpt-4o-mini", "messages": said, "stop": text, "user": text}),
        (CHAT, {"model": "gpt-4o-mini", "messages": said, text: text}),
        (COMPLETIONS, {"model": "gpt-3.5-turbo-instruct", "prompt": text, "suffix": text}),
        (COMPLETIONS, {"model": "davinci-002", "prompt": [text, text], "stream": True}),
    ][where]

    assert_promised(each_watched, path, to_json(body))


@given(body=st.binary(), kind=st.binary(max_size=20))
@settings(derandomize=True, max_examples=100 * TIMES, deadline=None)
def test_any_bytes_of_any_type_are_refused(each_watched: Watched, body: bytes, kind: bytes) -> None:
    content_type = "".join(chr(byte) for byte in kind if 32 < byte < 127)

    raw = each_watched.ask(
        request("POST", CHAT, body, headers={"content-type": content_type}, close=False)
    )

    assert raw.status == 400
    assert is_promised(raw)
