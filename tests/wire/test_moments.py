"""Where timelines are cut, for every moment at which a failure can strike."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.wire.moments import (
    AfterBytes,
    AfterHeaders,
    AfterTokens,
    BeforeHeaders,
    End,
    Moment,
    split,
)
from mockserver.wire.timeline import Abort, Data, Event, Head, Pause, Timeline, body, data_events

HEAD = Head.of(200, ())
ROLE = Data(b"role ")
ONE = Data(b"one ", tokens=1)
TWO = Data(b"two ", tokens=2)
LAST = Data(b"end")
TIMELINE: Timeline = (HEAD, ROLE, ONE, TWO, LAST)


@pytest.mark.parametrize(
    ("moment", "before"),
    [
        pytest.param(BeforeHeaders(), (), id="before anything"),
        pytest.param(AfterHeaders(), (HEAD,), id="behind the head"),
        pytest.param(AfterTokens(1), (HEAD, ROLE, ONE), id="behind the event of the token"),
        pytest.param(AfterTokens(2), (HEAD, ROLE, ONE, TWO), id="an event of two tokens is whole"),
        pytest.param(AfterTokens(3), (HEAD, ROLE, ONE, TWO), id="behind the last token"),
        pytest.param(AfterBytes(5), (HEAD, ROLE), id="behind the last byte of an event"),
        pytest.param(AfterBytes(1), (HEAD, Data(b"r")), id="within an event"),
        pytest.param(AfterBytes(16), TIMELINE, id="behind the last byte of all"),
        pytest.param(End(), TIMELINE, id="at the end"),
    ],
)
def test_what_comes_before_a_moment(moment: Moment, before: Timeline) -> None:
    parts = split(TIMELINE, moment)

    assert parts is not None
    assert parts[0] == before


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param(AfterTokens(4), id="a token that never comes"),
        pytest.param(AfterBytes(17), id="a byte that never comes"),
    ],
)
def test_a_moment_that_never_comes_cuts_nothing(moment: Moment) -> None:
    assert split(TIMELINE, moment) is None


def test_a_timeline_without_a_head_has_no_moment_behind_it() -> None:
    assert split((Abort("rst"),), AfterHeaders()) is None


def test_a_token_is_complete_only_with_the_last_byte_of_its_event() -> None:
    parts = split(TIMELINE, AfterBytes(7))

    assert parts is not None
    assert [event.tokens for event in data_events(parts[0])] == [0, 0]
    assert [event.tokens for event in data_events(parts[1])] == [1, 2, 0]


def test_an_abort_stands_behind_the_end_of_the_body() -> None:
    assert split((HEAD, LAST, Abort("fin")), End()) == ((HEAD, LAST), (Abort("fin"),))


events: st.SearchStrategy[Event] = st.one_of(
    st.builds(Data, st.binary(max_size=8), st.integers(0, 2)),
    st.builds(Pause, st.just(0.5)),
)
timelines = st.lists(events, max_size=8).map(lambda tail: (HEAD, *tail))


@settings(derandomize=True)
@given(timelines, st.integers(1, 20))
def test_cutting_behind_a_byte_leaves_exactly_so_many_before(
    timeline: Timeline, count: int
) -> None:
    parts = split(timeline, AfterBytes(count))

    if len(body(timeline)) < count:
        assert parts is None
    else:
        assert parts is not None
        assert (len(body(parts[0])), body(parts[0] + parts[1])) == (count, body(timeline))


@settings(derandomize=True)
@given(timelines, st.integers(1, 8))
def test_cutting_neither_loses_nor_adds_a_token(timeline: Timeline, count: int) -> None:
    parts = split(timeline, AfterTokens(count))

    if parts is not None:
        assert parts[0] + parts[1] == timeline
        assert sum(event.tokens for event in data_events(parts[0])) >= count
