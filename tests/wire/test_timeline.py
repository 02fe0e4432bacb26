"""Timelines: how long they take and what they carry."""

from mockserver.wire.timeline import Abort, Data, Head, Pause, body, data_events, duration_s

TIMELINE = (
    Pause(0.5),
    Head.of(200, ()),
    Data(b"one ", tokens=1),
    Pause(0.25),
    Data(b"two", tokens=1),
    Abort("rst"),
)


def test_headers_are_read_back_as_they_were_written() -> None:
    headers = (("x-odd", "a\x85b\x0cc"), ("x-plain", "d"))

    assert Head.of(200, headers).headers == headers


def test_a_timeline_takes_as_long_as_its_pauses() -> None:
    assert duration_s(TIMELINE) == 0.75


def test_the_data_of_a_timeline_come_in_order() -> None:
    assert list(data_events(TIMELINE)) == [Data(b"one ", 1), Data(b"two", 1)]


def test_the_body_of_a_timeline_is_its_data_joined() -> None:
    assert body(TIMELINE) == b"one two"
