"""The calls of all sessions as they come: each end is read once, and what is missed is told."""

import json
from dataclasses import dataclass, field
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.inprocess import Api

from mockserver.control.feed import Feed
from mockserver.control.problems import Refused
from mockserver.control.routes import BY_NAME
from mockserver.control.service import Asked, Service
from mockserver.control.shapes import Calls, CallsQuery
from mockserver.plugins import Plugins
from mockserver.records.journal import Archive, Call, Journal
from mockserver.wire.http_request import HttpRequest

SCENARIO: Final = """
    rules:
      - {name: greets, when: {last_user: Hi}, reply: Hello.}
      - {name: fails, when: {last_user: Fail}, fail: {kind: http_error, status: 503}}
"""


# --- A reader of an archive, whenever it reads ------------------------------------------------


@dataclass
class Calling:
    """An archive with some journals, in which calls come and end."""

    archive: Archive = field(default_factory=lambda: Archive(calls=9, changes=1_000))
    running: list[Call] = field(default_factory=list[Call])
    ended: dict[int, str] = field(default_factory=dict[int, str])
    cleared: set[int] = field(default_factory=set[int])

    def __post_init__(self) -> None:
        self.journals = [Journal(self.archive, f"s{number}", capacity=4) for number in range(3)]

    def do(self, step: int, which: int) -> None:
        """Take a *step*: a call comes, one ends, or a journal is cleared."""
        journal = self.journals[which % 3]
        if step == 0:
            self.cleared |= {call.serial for call in journal}
            journal.clear()
        elif step < 5:
            call = journal.open(0, "POST", "/", "openai")
            journal.keep(call, HttpRequest("POST", "/", {}, b"{}"), b"")
            self.running.append(call)
        elif self.running:
            call = self.running.pop(which % len(self.running))
            call.finish("client_left" if which % 2 else "sent")
            self.archive.hear(call)
            self.ended[call.serial] = call.outcome


STEPS: Final = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 11), st.booleans()))


def read(archive: Archive, **query: Any) -> Calls:
    return Feed(archive, CallsQuery(**query)).read().answer()


@settings(max_examples=400)
@given(STEPS, st.integers(1, 5))
def test_whenever_one_reads_each_end_comes_once_or_is_told_to_be_lost(
    steps: list[tuple[int, int, bool]], limit: int
) -> None:
    calling = Calling()
    after = calling.archive.changes
    ended: list[tuple[int, str]] = []
    has_lost = False
    for step, which, reads in steps:
        calling.do(step, which)
        if reads:
            answer = read(calling.archive, after=after, limit=limit, running=False)
            after, has_lost = answer.next, has_lost or answer.has_lost
            ended += [(call.serial, call.outcome) for call in answer.calls]
    while (answer := read(calling.archive, after=after, limit=limit, running=False)).calls:
        after, has_lost = answer.next, has_lost or answer.has_lost
        ended += [(call.serial, call.outcome) for call in answer.calls]

    has_lost = has_lost or answer.has_lost
    assert len(ended) == len(dict(ended))
    assert dict(ended).items() <= calling.ended.items()
    missed = calling.ended.keys() - dict(ended).keys() - calling.cleared
    assert has_lost or not missed
    assert answer.running == len(calling.running)


@settings(max_examples=400)
@given(STEPS)
def test_a_list_that_is_kept_up_to_date_is_what_one_reads_anew(
    steps: list[tuple[int, int, bool]],
) -> None:
    calling = Calling()
    shown: dict[int, str] = {}
    after: int | None = None
    for step, which, reads in [*steps, (9, 0, True)]:
        calling.do(step, which)
        if not reads:
            continue
        answer = read(calling.archive, after=after)
        if answer.is_gap:
            shown, answer = {}, read(calling.archive)
        after = answer.next
        shown |= {call.serial: call.outcome for call in answer.calls}

        anew = {call.serial: call.outcome for call in read(calling.archive).calls}
        assert anew.items() <= shown.items()
        assert not shown.keys() & calling.cleared


@given(STEPS, st.integers(1, 4))
def test_one_reads_back_to_the_first_call_that_is_kept(
    steps: list[tuple[int, int, bool]], limit: int
) -> None:
    calling = Calling()
    for step, which, _ in steps:
        calling.do(step, which)

    found: list[int] = []
    before = None
    while page := read(calling.archive, before=before, limit=limit).calls:
        found = [call.serial for call in page] + found
        before = page[0].serial

    assert found == sorted(call.serial for journal in calling.journals for call in journal)


def test_a_call_that_ends_after_it_was_dropped_is_told_without_its_texts() -> None:
    calling = Calling()
    for _ in range(5):
        calling.do(1, 0)
    oldest = calling.running[0]
    oldest.text = "Hello."
    after = read(calling.archive).next

    calling.do(9, 0)
    (ended,) = read(calling.archive, after=after).calls

    assert (ended.serial, ended.outcome, ended.text) == (oldest.serial, "sent", None)
    assert read(calling.archive).kept == 4
    assert oldest.text == "Hello."


def test_another_servers_changes_are_a_gap_and_all_is_read_from_the_first_call() -> None:
    calling = Calling()
    calling.do(1, 0)

    for after in (0, 999, 5_000):
        answer = read(calling.archive, after=after)
        assert (answer.is_gap, answer.has_lost, len(answer.calls)) == (True, False, 1)


# --- What is asked for -----------------------------------------------------------------------


@pytest.fixture
def api() -> Api:
    api = Api(SCENARIO)
    api.chat("Hi")
    api.chat("Ho", session="a")
    api.chat("Fail", session="a")
    api.chat("Hi", session="b", model="gpt-4o")
    api.get("/v1/models")
    return api


def asked(api: Api, **query: Any) -> Calls:
    service = Service(
        api.engine, Plugins.installed(), "0", release=lambda *_: 0, rule_of=lambda _: None
    )
    feed = service.act(Asked(route=BY_NAME["calls"], query=CallsQuery(**query)))
    assert isinstance(feed, Feed)
    return feed.read().answer()


@pytest.mark.parametrize(
    ("query", "serials"),
    [
        pytest.param({}, [1, 2, 3, 4, 5], id="all, oldest first"),
        pytest.param({"limit": 2}, [4, 5], id="the newest"),
        pytest.param({"limit": 2, "before": 4}, [2, 3], id="those before"),
        pytest.param({"session": "a"}, [2, 3], id="of a session"),
        pytest.param({"session": "a", "limit": 1}, [3], id="the newest of a session"),
        pytest.param({"session": "none"}, [], id="of no session"),
        pytest.param({"rule": "greets"}, [1, 4], id="by rule"),
        pytest.param({"model": "gpt-4o"}, [4], id="by model"),
        pytest.param({"endpoint": "models"}, [5], id="by endpoint"),
        pytest.param({"provider": "azure"}, [], id="by provider"),
        pytest.param({"status": (503, 404)}, [3], id="by any of some statuses"),
        pytest.param({"failed": True}, [3], id="that failed"),
        pytest.param({"unmatched": True}, [2], id="that no rule answered"),
        pytest.param({"running": True}, [], id="that run"),
        pytest.param({"outcome": "sent", "failed": False}, [1, 2, 4, 5], id="that were sent"),
        pytest.param({"when": '{"last_user": "Hi"}'}, [1, 4], id="that fit a condition"),
        pytest.param(
            {"when": '[{"last_user": "Ho"}, {"model": "gpt-4o"}]', "limit": 1}, [4], id="the newest"
        ),
        pytest.param({"when": "{}"}, [1, 2, 3, 4], id="all that ask a model"),
        pytest.param(
            {"when": '{"last_user": "Hi"}', "session": "b"}, [4], id="that fit all that is asked"
        ),
    ],
)
def test_calls_are_chosen_by_all_that_a_query_states(
    api: Api, query: dict[str, Any], serials: list[int]
) -> None:
    assert [call.serial for call in asked(api, **query).calls] == serials


@pytest.mark.parametrize(
    ("when", "status", "what"),
    [
        pytest.param("{", 400, "when: the condition is not valid JSON", id="no JSON"),
        pytest.param("[" * 30_000, 400, "when: the condition is not valid JSON", id="too deep"),
        pytest.param("7", 400, "when: expected", id="no condition"),
        pytest.param("[7]", 400, "when[0]: expected an object", id="a list of others"),
        pytest.param('{"modle": "x"}', 422, "when.modle: unknown key", id="an unknown key"),
        pytest.param('{"call": 1}', 422, "'call' counts only", id="what no journal holds"),
    ],
)
def test_a_condition_that_is_wrong_is_refused_with_its_place(
    api: Api, when: str, status: int, what: str
) -> None:
    with pytest.raises(Refused) as refused:
        asked(api, when=when)

    problem = refused.value.problem
    assert (problem.status, problem.detail[: len(what)]) == (status, what)


def test_what_was_reset_is_gone_and_its_numbers_among_all_calls_never_come_again(api: Api) -> None:
    after = asked(api).next
    session = api.engine.session("a")

    session.reset()
    api.chat("Hi", session="a")
    answer = asked(api, after=after)

    assert answer.is_gap
    assert [(call.session, call.number, call.serial) for call in asked(api).calls] == [
        ("default", 1, 1),
        ("b", 1, 4),
        ("default", 2, 5),
        ("a", 1, 6),
    ]


def test_an_ended_session_keeps_its_calls_until_another_takes_its_name(api: Api) -> None:
    api.engine.sessions.end("a")
    assert len(asked(api, session="a").calls) == 2

    api.engine.sessions.create("a")

    assert asked(api, session="a").calls == ()


def test_records_hold_neither_bodies_nor_what_would_not_be_json(api: Api) -> None:
    (call,) = asked(api, limit=1, session="b").calls

    assert (call.body, call.session, call.outcome) == (None, "b", "sent")
    assert json.loads(json.dumps(call.came_unix_s)) > 0
