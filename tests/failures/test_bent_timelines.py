"""What failures make of timelines: pauses, tokens, pieces, and what finds nothing to act on."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.inprocess import Answered, Api

from mockserver.errors import BadValue
from mockserver.failures.drip import Drip
from mockserver.failures.encode import Encode
from mockserver.failures.http_error import HttpError
from mockserver.failures.inject import Inject
from mockserver.failures.omit import Omit
from mockserver.failures.overloaded import Overloaded
from mockserver.failures.rate_limit import RateLimit
from mockserver.failures.reframe import Reframe
from mockserver.failures.repeat import Repeat
from mockserver.failures.stall import Stall
from mockserver.failures.truncate import Truncate
from mockserver.plugins import Plugins
from mockserver.wire import bodies
from mockserver.wire.timeline import (
    Abort,
    Data,
    Event,
    Forsake,
    Head,
    Hold,
    Pause,
    Raw,
    Timeline,
    body,
    data_events,
    duration_s,
)

WORDS = "One two three four five six."


def failing(*fails: str, reply: str = f'"{WORDS}"', **members: Any) -> Answered:
    """Return the answer that all of *fails* strike, in order."""
    scenario = f"rules: [{{name: bent, reply: {reply}, fail: [{', '.join(fails)}]}}]"
    return Api(scenario).chat(**members)


def whole(**members: Any) -> Answered:
    return Api(f'rules: [{{name: bent, reply: "{WORDS}"}}]').chat(**members)


def tokens(timeline: Timeline) -> int:
    return sum(event.tokens for event in data_events(timeline))


# --- Time ------------------------------------------------------------------------------------


def test_a_stall_that_ends_lets_the_whole_answer_follow() -> None:
    answered = failing("{kind: stall, after_tokens: 3, for_s: 4}", stream=True)

    assert answered.body == whole(stream=True).body
    assert duration_s(answered.timeline) == 4


def test_a_stall_before_headers_that_ends_replaces_nothing() -> None:
    answered = failing("{kind: stall, for_s: 4}")

    assert answered.timeline[0] == Pause(4)
    assert body(answered.timeline) == whole().body
    assert answered.call.usage is not None


def test_a_stall_without_an_end_before_headers_replaces_the_answer() -> None:
    answered = failing("stall")

    assert answered.timeline == (Hold("bent", releasable=False), Abort("fin"))
    assert (answered.call.status, answered.call.usage) == (None, None)


def test_a_stall_until_released_knows_the_rule_that_it_is_written_in() -> None:
    api = Api(f"""
        rules:
          - name: held
            fail: {{kind: stall, after_tokens: 2, until: released}}
          - name: answer
            replies: ["{WORDS}"]
    """)

    answered = api.chat(stream=True)

    assert [event for event in answered.timeline if isinstance(event, Hold)] == [Hold("held")]
    assert answered.call.rule == "answer"


def test_a_step_of_a_script_may_be_held() -> None:
    api = Api("""
        rules:
          - name: script
            replies: [{reply: "One.", fail: {kind: stall, at: end, until: released}}]
    """)

    assert api.chat().timeline[-1] == Hold("script")


def test_comments_come_in_a_stream_while_it_stalls() -> None:
    answered = failing(
        "{kind: stall, at: after_headers, for_s: 5, comments_every_s: 2}", stream=True
    )
    comment = Data(b": keep-alive\n\n")

    assert answered.timeline[1:6] == (Pause(2), comment, Pause(2), comment, Pause(1))


def test_empty_lines_come_in_a_body_while_it_stalls_and_leave_it_valid() -> None:
    answered = failing("{kind: stall, at: after_headers, for_s: 5, comments_every_s: 2}")

    assert answered.body.startswith(b'\n\n{\n  "id"')
    assert answered.text == WORDS


def test_nothing_is_put_into_the_text_of_a_body_that_stalls() -> None:
    answered = failing("{kind: stall, after_tokens: 3, for_s: 5, comments_every_s: 2}")

    assert answered.body == whole().body


def test_a_held_stream_says_what_keeps_it_open() -> None:
    answered = failing("{kind: stall, after_tokens: 1, comments_every_s: 2}", stream=True)

    assert answered.timeline[-2] == Hold(
        "bent", releasable=False, filler=b": keep-alive\n\n", every_s=2
    )


@pytest.mark.parametrize(
    "fail",
    [
        "{kind: stall, after_tokens: 3, for_s: 4, scale: false}",
        "{kind: drip, every_ms: 5, scale: false}",
        "{kind: disconnect, after_tokens: 3, delay_ms: 4, scale: false}",
    ],
)
def test_pauses_of_real_seconds_are_marked(fail: str) -> None:
    pauses = [e for e in failing(fail, stream=True).timeline if isinstance(e, Pause)]

    assert {pause.scales for pause in pauses} == {False}


def test_a_drip_sends_so_many_bytes_at_a_time() -> None:
    answered = failing("{kind: drip, bytes: 100, every_ms: 50, after_bytes: 50}")
    sizes = [len(event.payload) for event in data_events(answered.timeline)]

    assert sizes[0] == 50 or sum(sizes[:2]) == 50
    assert body(answered.timeline) == whole().body
    assert max(sizes) == 100
    assert duration_s(answered.timeline) == pytest.approx(
        0.05 * -(-(len(whole().body) - 50) // 100)
    )


def test_a_long_body_is_dripped_in_pieces_that_are_not_too_many() -> None:
    head = Head.of(200, ())
    dripped = Drip(bytes=1, every_ms=1).distort((head, Data(b"x" * 250_000)), NOWHERE).timeline

    assert len(list(data_events(dripped))) <= 100_000
    assert duration_s(dripped) == pytest.approx(250, rel=0.01)


# --- Composition -----------------------------------------------------------------------------


def test_each_failure_acts_on_the_result_of_the_one_before() -> None:
    answered = failing(
        "{kind: omit, parts: [role]}",
        "{kind: inject, what: comment, after_tokens: 1}",
        "{kind: stall, after_tokens: 2, for_s: 3}",
        "{kind: reframe, newline: crlf}",
        "{kind: drip, bytes: 64, every_ms: 1}",
        "{kind: disconnect, after_tokens: 4}",
        stream=True,
    )

    assert answered.call.failures == (
        "omit",
        "inject",
        "stall",
        "reframe",
        "drip",
        "disconnect",
    )
    assert b": keep-alive\r\n\r\ndata: " in answered.body
    assert b'"role"' not in answered.body
    assert answered.timeline[-1] == Abort("rst")
    assert tokens(answered.timeline) == 4


def test_a_wait_before_headers_comes_before_the_error_that_replaces_the_answer() -> None:
    answered = failing("{kind: stall, for_s: 2}", "{kind: http_error, status: 503, delay_ms: 500}")

    assert answered.timeline[:2] == (Pause(2), Pause(0.5))
    assert answered.call.failures == ("stall", "http_error")


def test_what_a_replacing_failure_leaves_nothing_to_act_on_is_pre_empted() -> None:
    answered = failing("empty", "overloaded", "{kind: drip, bytes: 1}", stream=True)

    assert answered.call.failures == ("overloaded",)
    assert answered.call.pre_empted == ("empty", "drip")


@pytest.mark.parametrize(
    ("fail", "stream"),
    [
        pytest.param("{kind: disconnect, after_tokens: 99}", False, id="a token that never comes"),
        pytest.param("{kind: stall, after_bytes: 99999}", True, id="a byte that never comes"),
        pytest.param("{kind: truncate, after_tokens: 99}", True, id="nothing to leave out"),
        pytest.param("{kind: drip, after_bytes: 99999}", False, id="nothing to drip"),
        pytest.param("{kind: omit, parts: [done]}", False, id="a body has no [DONE]"),
        pytest.param("{kind: omit, parts: [usage]}", True, id="a bill that nobody asked for"),
        pytest.param("{kind: inject, what: bad_json}", False, id="a body has no events"),
        pytest.param("{kind: inject, what: duplicate, at: after_headers}", True, id="no event yet"),
        pytest.param("{kind: reframe, newline: crlf}", False, id="a body has no lines to end"),
        pytest.param("{kind: wrong_type, send: json}", False, id="JSON was asked for"),
        pytest.param("bad_arguments", False, id="no tool is called"),
        pytest.param("unknown_tool", True, id="no tool is misspelt"),
        pytest.param("schema_violation", False, id="no JSON"),
        pytest.param("short_body, {kind: stale_connection}", False, id="it has ended already"),
    ],
)
def test_what_finds_nothing_to_act_on_is_told(fail: str, *, stream: bool) -> None:
    answered = failing(fail, stream=stream)

    assert len(answered.call.no_effect) == 1


def test_an_answer_with_failures_that_have_no_effect_is_the_answer() -> None:
    answered = failing(
        "{kind: omit, parts: [done]}", "bad_arguments", "{kind: drip, after_bytes: 99999}"
    )

    assert answered.body == whole().body


def test_a_window_opens_and_closes_in_session_time() -> None:
    now = [0.0]
    api = Api(
        """
        rules:
          - {name: outage, fail: {kind: overloaded, window_s: [10, 60]}}
          - {name: well, reply: "Hello."}
        """,
        time_source=lambda: now[0],
    )
    statuses: list[int] = []
    for moment in (0, 9.9, 10, 59.9, 60, 1_000):
        now[0] = moment
        statuses.append(api.chat(f"at {moment}").status)

    assert statuses == [200, 200, 503, 503, 200, 200]


# --- What the model says ---------------------------------------------------------------------

CALLS = '{kind: tool_calls, calls: [{name: look_up, arguments: {city: "Paris"}}]}'


def test_what_a_failure_makes_the_model_say_is_billed_as_it_is_said() -> None:
    short, long = failing("empty"), failing("{kind: repeat, repetitions: 100}")

    assert short.usage["completion_tokens"] == 0
    assert long.usage["completion_tokens"] > 100


def test_a_repetition_ends_at_the_limit_of_the_request() -> None:
    answered = failing('{kind: repeat, text: " again"}', max_tokens=50)

    assert answered.usage["completion_tokens"] == 50
    assert answered.choice["finish_reason"] == "length"
    assert answered.text.endswith(" again again")


def test_a_wrong_answer_is_the_same_streamed_or_not() -> None:
    one, two = (
        failing("bad_arguments", reply=CALLS),
        failing("bad_arguments", reply=CALLS, stream=True),
    )
    pieces = [
        call["function"]["arguments"]
        for chunk in two.chunks
        for choice in chunk["choices"]
        for call in choice["delta"].get("tool_calls", ())
    ]

    call = one.choice["message"]["tool_calls"][0]
    assert call["function"]["arguments"] == "".join(pieces) == '{"city":"P'


def test_a_misspelt_tool_is_none_that_is_offered() -> None:
    offered = ["look_up", "olok_up", "lo_okup", "lookpu_", "look_pu"]
    tools = [{"type": "function", "function": {"name": name}} for name in offered]
    answered = failing("unknown_tool", reply=CALLS, tools=tools)
    name = answered.choice["message"]["tool_calls"][0]["function"]["name"]

    assert name not in offered
    assert sorted(name) == sorted("look_up")


def test_choices_are_all_wrong() -> None:
    answered = failing("empty", n=3)

    assert [choice["message"]["content"] for choice in answered.json["choices"]] == ["", "", ""]


SCHEMA = {
    "type": "json_schema",
    "json_schema": {
        "name": "reading",
        "schema": {
            "type": "object",
            "properties": {
                "note": {"type": ["string", "null", "number"]},
                "value": {"type": "integer"},
            },
            "required": ["value"],
        },
    },
}


@pytest.mark.parametrize(
    ("how", "said"),
    [
        pytest.param("missing_member", '{"note":"hot"}', id="only what is required is missed"),
        pytest.param("wrong_type", '{"note":true,"value":3}', id="a type that is not allowed"),
        pytest.param("extra_member", '{"note": "hot", "value": 3}', id="more is allowed"),
    ],
)
def test_a_violation_is_one_by_the_schema_that_was_asked_for(how: str, said: str) -> None:
    answered = failing(
        f"{{kind: schema_violation, how: {how}}}",
        reply="""'{"note": "hot", "value": 3}'""",
        response_format=SCHEMA,
    )

    assert answered.text == said
    assert bool(answered.call.failures) == (how != "extra_member")


def test_a_legacy_answer_may_be_wrong_too() -> None:
    api = Api('rules: [{name: bent, reply: "Say it.", fail: {kind: repeat, repetitions: 3}}]')
    answered = api.complete(max_tokens=100)

    assert answered.json["choices"][0]["text"] == "Say it. it. it. it."


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("duplicate", "One two two three"),
        ("cumulative", "One twoOne two three"),
        ("empty_choices", "One two three"),
    ],
)
def test_a_legacy_stream_may_be_bent_too(what: str, text: str) -> None:
    fail = f"{{kind: inject, what: {what}, after_tokens: 2}}"
    api = Api(f'rules: [{{name: bent, reply: "One two three", fail: {fail}}}]')
    answered = api.complete(stream=True, max_tokens=100)
    texts = [choice["text"] for chunk in answered.chunks for choice in chunk["choices"]]

    assert "".join(texts) == text


# --- Refused at load -------------------------------------------------------------------------

STREAMED = ("after_headers", "after_tokens", "after_bytes")
MOMENTS_OF = {
    "disconnect": ("before_headers", *STREAMED, "end"),
    "stall": ("before_headers", *STREAMED, "end"),
    "short_body": (*STREAMED, "end"),
    "bad_chunk": (*STREAMED, "end"),
    "inject": (*STREAMED, "end"),
    "drip": STREAMED,
    "truncate": STREAMED,
    "omit": STREAMED,
    "patch": STREAMED,
    "reorder": STREAMED,
    "stale_connection": ("end",),
    **dict.fromkeys(
        ("http_error", "gateway_page", "bad_status_line"),
        ("before_headers",),
    ),
    **dict.fromkeys(
        ("rate_limit", "quota", "overloaded", "content_filter"),
        ("before_headers", "after_headers"),
    ),
    **dict.fromkeys(
        (
            "running_usage",
            "reframe",
            "encode",
            "wrong_type",
            "bad_arguments",
            "unknown_tool",
            "schema_violation",
            "repeat",
            "empty",
        ),
        (),
    ),
}
NEEDED: dict[str, dict[str, Any]] = {
    "http_error": {"status": 500},
    "omit": {"parts": ("done",)},
    "patch": {"remove": ("model",)},
    "inject": {"what": "comment"},
    "reframe": {"split": "byte"},
}


def test_every_kind_says_when_it_strikes() -> None:
    assert set(Plugins.installed().failures) == set(MOMENTS_OF)


@pytest.mark.parametrize("kind", MOMENTS_OF)
@pytest.mark.parametrize("word", ["before_headers", *STREAMED, "end"])
def test_a_moment_is_one_that_the_kind_can_have(kind: str, word: str) -> None:
    made = Plugins.installed().failures[kind]
    stated = {word: 1} if word in ("after_tokens", "after_bytes") else {"at": word}

    if word in MOMENTS_OF[kind]:
        assert made(**NEEDED.get(kind, {}), **stated).moment is not None
    else:
        with pytest.raises(BadValue):
            made(**NEEDED.get(kind, {}), **stated)


@pytest.mark.parametrize(
    ("made", "stated", "key"),
    [
        pytest.param(Stall, {"for_s": 1.0, "until": "released"}, "until", id="two ends"),
        pytest.param(Stall, {"for_s": 601.0}, "for_s", id="more than ten minutes"),
        pytest.param(Stall, {"for_s": 0.0}, "for_s", id="no time"),
        pytest.param(Stall, {"comments_every_s": 1.0}, "comments_every_s", id="before headers"),
        pytest.param(
            Stall, {"at": "end", "comments_every_s": 0.0}, "comments_every_s", id="a flood"
        ),
        pytest.param(Drip, {"bytes": 0}, "bytes", id="no bytes"),
        pytest.param(Drip, {"every_ms": -1.0}, "every_ms", id="back in time"),
        pytest.param(Omit, {"parts": ()}, "parts", id="no parts"),
        pytest.param(Omit, {"parts": ("done",), "delay_ms": 5.0}, "delay_ms", id="no moment"),
        pytest.param(Inject, {"what": "comment", "shape": "object"}, "shape", id="no shapes"),
        pytest.param(
            Inject, {"what": "empty_choices", "shape": "object"}, "shape", id="another's shape"
        ),
        pytest.param(Inject, {"what": "bad_json", "message": "x"}, "message", id="no error"),
        pytest.param(Reframe, {}, "split", id="nothing reframed"),
        pytest.param(Reframe, {"split": 0}, "split", id="pieces of nothing"),
        pytest.param(RateLimit, {"retry_after_s": -1.0}, "retry_after_s", id="a wait before now"),
        pytest.param(HttpError, {"status": 500, "retry_after_s": -1.0}, "retry_after_s", id="same"),
        pytest.param(Overloaded, {"status": 200}, "status", id="well"),
        pytest.param(Repeat, {"text": ""}, "text", id="nothing again"),
        pytest.param(Repeat, {"repetitions": 300_000}, "repetitions", id="too often"),
    ],
)
def test_nonsense_is_refused_by_its_key(made: Any, stated: dict[str, Any], key: str) -> None:
    with pytest.raises(BadValue) as refusal:
        made(**stated)

    assert refusal.value.key == key


# --- Bodies ----------------------------------------------------------------------------------


NOWHERE: Any = None
"""The scene of failures that do not look at it."""
HEAD = Head.of(200, (("content-type", "text/event-stream"),))
events: st.SearchStrategy[Event] = st.one_of(
    st.builds(
        Data,
        st.lists(st.sampled_from([b"a", b"\n", b"\n\n", b"data: x"])).map(b"".join),
        st.integers(0, 2),
    ),
    st.builds(Pause, st.just(0.5)),
)
timelines = st.lists(events, max_size=8).map(lambda tail: (HEAD, *tail))


@settings(derandomize=True)
@given(timelines, st.integers(1, 9))
def test_cutting_anew_loses_neither_bytes_nor_tokens_nor_time(
    timeline: Timeline, size: int
) -> None:
    cut = bodies.recut(timeline, lambda run: [size] * (len(run) // size))
    runs = [len(event.payload) for event in data_events(cut)]

    assert body(cut) == body(timeline)
    assert duration_s(cut) == duration_s(timeline)
    assert all(length <= size for length in runs)
    assert tokens(cut) == tokens(timeline)


@settings(derandomize=True)
@given(timelines)
def test_events_that_are_left_alone_are_the_same_bytes(timeline: Timeline) -> None:
    same = bodies.map_events(timeline, lambda event: event.text)

    assert (body(same), tokens(same)) == (body(timeline), tokens(timeline))
    assert duration_s(same) == duration_s(timeline)


@settings(derandomize=True)
@given(timelines, st.binary(max_size=30))
def test_another_body_is_exactly_that_body(timeline: Timeline, new: bytes) -> None:
    bent = bodies.with_body(timeline, new)

    assert body(bent) == new
    assert duration_s(bent) == duration_s(timeline)


@settings(derandomize=True)
@given(timelines, st.integers(0, 9))
def test_behind_an_event_means_behind_its_end(timeline: Timeline, position: int) -> None:
    before, after = timeline[: position + 1], timeline[position + 1 :]
    first, rest = bodies.at_event_end(before, after)
    sent = body(first)

    assert body((*first, *rest)) == body(timeline)
    assert tokens((*first, *rest)) == tokens(timeline)
    assert sent == body(timeline) or not sent or sent.endswith(b"\n\n")


def test_an_edited_body_keeps_the_place_of_its_tokens() -> None:
    answered = failing("{kind: omit, parts: [usage]}", "{kind: truncate, after_tokens: 2}")

    assert answered.body.endswith(b'"content": "One two')


def test_a_truncated_answer_states_its_true_length() -> None:
    stated = (Head.of(200, (), 9), Data(b"nine", 1), Data(b"bytes"))
    head = Truncate().distort(stated, NOWHERE).timeline[0]

    assert head == Head.of(200, (), 4)


def test_an_encoded_stream_can_be_read_as_it_comes() -> None:
    import zlib  # noqa: PLC0415 - the one who reads

    answered = failing("{kind: encode, as: deflate, how: whole}", stream=True)
    reader = zlib.decompressobj()
    read = [reader.decompress(event.payload) for event in data_events(answered.timeline)]

    assert b"".join(read) == whole(stream=True).body
    assert all(piece.endswith(b"\n\n") for piece in read[:-1])


def test_a_large_body_is_stored_in_several_blocks() -> None:
    stored = Encode(as_="br", how="whole").distort((HEAD, Data(b"x" * 150_000)), NOWHERE)

    assert len(body(stored.timeline)) == 150_000 + 3 * 3 + 1


def test_what_breaks_the_framing_stands_behind_the_end_of_the_body() -> None:
    answered = failing("{kind: bad_chunk, delay_ms: 500}")

    assert answered.timeline[-3:] == (Pause(0.5), Raw(b"ZZ\r\n"), Abort("fin"))


def test_a_delay_comes_before_the_connection_is_forsaken() -> None:
    answered = failing("{kind: stale_connection, delay_ms: 500}")

    assert answered.timeline[-2:] == (Pause(0.5), Forsake("rst"))


def test_a_failure_is_a_value() -> None:
    stall = Stall(for_s=2.0)

    assert replace(stall, for_s=3.0) == Stall(for_s=3.0)
