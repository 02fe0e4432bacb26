"""Connections that are cut: at every moment, by RST and by FIN, down to the byte."""

from typing import Any

import pytest
from support.inprocess import Answered, Api
from support.wire import Raw, Serve, chat, exchange, request

from mockserver.wire.timeline import Abort, Data, Head, Pause, duration_s

CHAT = "/v1/chat/completions"
WORDS = "One two three four five six"
"""Six tokens."""


def cut(serve: Serve, moment: str, **members: Any) -> Raw:
    """Return what comes of an answer that is cut at *moment*, and check that the next is whole."""
    server = serve(f"""
        rules: [{{name: once, reply: "{WORDS}", fail: {{kind: disconnect, times: 1, {moment}}}}}]
    """)
    broken = exchange(server, request("POST", CHAT, chat(**members)))
    following = exchange(server, request("POST", CHAT, chat(**members)))
    assert (following.status, following.is_whole) == (200, True)
    return broken


def asked(fail: str, **members: Any) -> Answered:
    """Return the timeline of an answer that fails as *fail* says."""
    return Api(f"""
        rules: [{{name: cut, reply: "{WORDS}", fail: {{kind: disconnect, {fail}}}}}]
    """).chat(**members)


# --- On the wire -----------------------------------------------------------------------------

HOW = pytest.mark.parametrize("how", ["rst", "fin"])
STREAM = pytest.mark.parametrize("stream", [False, True], ids=["in one piece", "streamed"])


@HOW
@STREAM
def test_before_headers_nothing_is_sent(serve: Serve, how: str, *, stream: bool) -> None:
    broken = cut(serve, f"how: {how}", stream=stream)

    assert (broken.head, broken.rest, broken.was_reset) == (b"", b"", how == "rst")


@HOW
@STREAM
def test_after_headers_the_head_is_all_that_is_sent(
    serve: Serve, how: str, *, stream: bool
) -> None:
    broken = cut(serve, f"at: after_headers, how: {how}", stream=stream)

    assert (broken.status, broken.is_chunked, broken.rest) == (200, True, b"")
    assert broken.was_reset == (how == "rst")


@HOW
def test_after_tokens_a_stream_ends_behind_the_event_of_the_last_token(
    serve: Serve, how: str
) -> None:
    broken = cut(serve, f"after_tokens: 3, how: {how}", stream=True)
    events = broken.body.decode().split("\n\n")

    assert events[-1] == ""
    assert '"delta":{"content":" three"}' in events[-2]
    assert (broken.is_whole, broken.was_reset) == (False, how == "rst")


@HOW
def test_after_tokens_a_body_ends_behind_the_byte_of_the_last_token(serve: Serve, how: str) -> None:
    broken = cut(serve, f"after_tokens: 3, how: {how}")

    assert broken.body.endswith(b'"content": "One two three')
    assert (broken.is_whole, broken.was_reset) == (False, how == "rst")


@HOW
@STREAM
def test_after_bytes_exactly_so_many_are_sent(serve: Serve, how: str, *, stream: bool) -> None:
    broken = cut(serve, f"after_bytes: 100, how: {how}", stream=stream)

    assert (len(broken.body), broken.was_reset) == (100, how == "rst")


@HOW
@STREAM
def test_at_the_end_all_is_sent_but_what_ends_it(serve: Serve, how: str, *, stream: bool) -> None:
    broken = cut(serve, f"at: end, how: {how}", stream=stream)

    assert broken.body.endswith(b"data: [DONE]\n\n" if stream else b"\n}\n")
    assert (broken.is_whole, broken.was_reset) == (False, how == "rst")


def test_a_kept_connection_is_cut_too(serve: Serve) -> None:
    server = serve("rules: [{name: cut, when: {stream: true}, fail: disconnect}]")
    whole = request("POST", CHAT, chat(), close=False)
    broken = request("POST", CHAT, chat(stream=True), close=False)

    raw = exchange(server, whole + broken)

    assert (raw.status, raw.was_reset) == (200, True)
    assert raw.rest.endswith(b"0\r\n\r\n")


# --- On the timeline -------------------------------------------------------------------------


def test_tokens_are_counted_over_all_choices_as_they_are_sent() -> None:
    answered = asked("after_tokens: 3", stream=True, n=2)
    sent = [event for event in answered.timeline if isinstance(event, Data) and event.tokens]

    assert [b'"index":1' in event.payload for event in sent] == [False, True, False]


def test_tokens_of_calls_count_too() -> None:
    answered = Api("""
        rules:
          - name: cut
            reply: {kind: tool_calls, calls: [{name: get_weather, arguments: {city: "Paris"}}]}
            fail: {kind: disconnect, after_tokens: 2}
    """).chat()

    assert answered.body.endswith(b'"arguments": "{\\"city')


@pytest.mark.parametrize(
    ("moment", "before"),
    [
        pytest.param("at: before_headers", (), id="before headers"),
        pytest.param("at: after_headers", (Head,), id="after headers"),
        pytest.param("after_tokens: 1", (Head, Data, Data), id="after a token"),
        pytest.param("after_bytes: 1", (Head, Data), id="after a byte"),
        pytest.param("at: end", (Head, *(Data,) * 9), id="at the end"),
    ],
)
def test_nothing_happens_for_the_delay_before_the_cut(
    moment: str, before: tuple[type, ...]
) -> None:
    timeline = asked(f"{moment}, delay_ms: 1500", stream=True).timeline

    assert tuple(map(type, timeline)) == (*before, Pause, Abort)
    assert duration_s(timeline) == 1.5


def test_a_cut_that_never_comes_delays_nothing() -> None:
    answered = asked("after_tokens: 99, delay_ms: 1500")

    assert duration_s(answered.timeline) == 0
    assert answered.call.no_effect == ("disconnect",)


def test_an_answer_without_tokens_is_not_cut_after_one() -> None:
    api = Api("""
        rules: [{name: cut, when: {endpoint: models}, fail: {kind: disconnect, after_tokens: 1}}]
    """)
    answered = api.get("/v1/models")

    assert (answered.status, answered.call.no_effect) == (200, ("disconnect",))


@STREAM
def test_cutting_an_answer_changes_no_byte_before_the_cut(*, stream: bool) -> None:
    whole = Api(f'rules: [{{name: whole, reply: "{WORDS}"}}]').chat(stream=stream)
    broken = asked("after_bytes: 300", stream=stream)

    assert broken.head == whole.head
    assert whole.body.startswith(broken.body)


def test_which_calls_are_cut_is_drawn_from_what_they_say_and_not_from_their_order() -> None:
    scenario = """
        rules:
          - {name: chance, fail: {kind: disconnect, probability: 0.5}}
          - {name: whole, reply: "Hello."}
    """
    said = [f"call {number}" for number in range(40)]
    forwards, backwards = Api(scenario), Api(scenario)
    first = {one: bool(forwards.chat(one).call.failures) for one in said}
    second = {one: bool(backwards.chat(one).call.failures) for one in reversed(said)}

    assert first == second
    assert set(first.values()) == {True, False}


def test_the_same_request_draws_anew_each_time_it_comes() -> None:
    api = Api("""
        rules:
          - {name: chance, fail: {kind: disconnect, probability: 0.5}}
          - {name: whole, reply: "Hello."}
    """)

    assert {bool(api.chat("again").call.failures) for _ in range(40)} == {True, False}
