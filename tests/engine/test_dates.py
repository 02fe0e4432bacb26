"""S8, the clock rule: `date` is session time, `created` is drawn; neither moves the other."""

from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from support.inprocess import Answered, Api

from mockserver.plugins import Plugins
from mockserver.sessions.options import Options
from mockserver.wire.timeline import DATE, Head

STARTED = 1_796_050_800
"""2026-11-30 15:00 UTC: a moment at which a server starts."""
OPENAI = "/v1/chat/completions"
CHATS = {
    "openai": OPENAI,
    "azure": "/openai/deployments/gpt-4o-mini/chat/completions?api-version=2024-10-21",
    "openrouter": "/api/v1/chat/completions",
    "vercel_gateway": "/vercel_gateway/v1/chat/completions",
    "aiml": "/aiml/v1/chat/completions",
    "one_api": "/one_api/v1/chat/completions",
}


class Clocked:
    """A server that started at a known time of day, and whose time the test moves."""

    def __init__(self, scenario: str = "rules: [{reply: Yes.}]", *, time_scale: float = 1) -> None:
        self.now_s = 500.0
        options = Options(unix_start_s=STARTED, time_scale=time_scale)
        self.api = Api(scenario, options=options, time_source=lambda: self.now_s)

    def ask(self, path: str = OPENAI, **members: Any) -> Answered:
        body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hi"}]}
        return self.api.post(path, body | members)


def second(answered: Answered) -> int:
    """Return how many seconds after the start an answer is dated."""
    return int(parsedate_to_datetime(answered.headers["date"]).timestamp()) - STARTED


@pytest.mark.parametrize("path", CHATS.values(), ids=[f"S8 {kind}" for kind in CHATS])
def test_the_date_is_when_the_server_started_plus_session_time(path: str) -> None:
    clocked = Clocked()

    first = clocked.ask(path)
    clocked.now_s += 90
    later = clocked.ask(path)

    assert [second(first), second(later)] == [0, 90]


def test_s8_every_head_of_every_dialect_is_dated() -> None:
    kinds = Plugins.installed().dialects
    clocked = Clocked()
    for kind in kinds:
        refused = clocked.api.post(f"/{kind}/nowhere", {})
        assert DATE.mark not in str(refused.timeline), kind


@pytest.mark.parametrize(
    "scenario",
    [
        pytest.param("rules: [{fail: 503}]", id="S8 a refusal"),
        pytest.param("rules: [{fail: rate_limit}]", id="S8 a limit"),
        pytest.param("rules: [{fail: gateway_page}]", id="S8 a page"),
    ],
)
def test_refusals_are_dated_alike(scenario: str) -> None:
    clocked = Clocked(scenario)
    clocked.now_s += 61

    assert second(clocked.ask()) == 61


def test_s8_what_is_looked_up_is_dated_alike() -> None:
    clocked = Clocked()
    clocked.now_s += 61

    assert second(clocked.api.get("/v1/models")) == 61


def test_s8_an_answer_that_comes_late_is_dated_when_it_is_sent() -> None:
    slow = "rules: [{reply: Yes., latency: {ttft_ms: 3000}}]"

    assert second(Clocked(slow).ask()) == 3


def test_s8_a_session_that_never_waits_is_dated_by_the_time_it_was_moved() -> None:
    clocked = Clocked(time_scale=0)
    clock = clocked.api.engine.session("default").clock
    clocked.now_s += 1_000
    clock.advance(7)

    assert second(clocked.ask()) == 7


def test_s8_a_session_that_begins_later_is_dated_by_the_time_of_day() -> None:
    clocked = Clocked()
    clocked.ask()
    clocked.now_s += 3_600

    assert second(clocked.ask("/s/late/v1/chat/completions")) == 3_600


def test_s8_a_date_that_a_scenario_states_stands() -> None:
    stated = Clocked('rules: [{reply: {kind: text, text: a, headers: {date: "yesterday"}}}]').ask()

    assert stated.headers["date"] == "yesterday"


def test_s8_nothing_but_the_date_differs_when_a_request_comes_again_elsewhere() -> None:
    early, late = Clocked(), Clocked()
    late.now_s += 86_400
    heads = [
        [event for event in clocked.ask().timeline if isinstance(event, Head)]
        for clocked in (early, late)
    ]
    (one,), (other,) = heads

    assert [header for header in one.headers if header[0] != "date"] == [
        header for header in other.headers if header[0] != "date"
    ]


# --- created ---------------------------------------------------------------------------------


def test_created_is_drawn_from_the_content_whatever_the_time() -> None:
    clocked = Clocked()
    first = clocked.ask().json["created"]
    clocked.now_s += 1_000

    assert clocked.ask().json["created"] == first
    assert clocked.ask(user="u").json["created"] != first
