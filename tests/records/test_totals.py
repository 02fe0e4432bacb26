"""What is counted of all calls, and who else hears of them."""

import pytest
from support.inprocess import Api

from mockserver.conversation import Usage
from mockserver.records.journal import Call, Outcome
from mockserver.records.measured import Measured
from mockserver.records.totals import LONGEST_NAME, MOST_KINDS, MOST_NAMES, OTHER, Rate, Totals

SCENARIO = """
    rules:
      - {name: cut, when: {last_user: cut}, reply: "One two three.", fail: {kind: disconnect}}
      - {name: limited, when: {last_user: wait}, fail: 429}
      - {name: known, when: {last_user: [a, b]}, reply: "Known."}
"""


def test_every_call_that_has_ended_is_counted_once_whatever_its_session() -> None:
    api = Api(SCENARIO)

    known = api.chat("a")
    api.chat("b", session="other")
    for said in ("wait", "cut", "unknown"):
        api.chat(said, session="other")
    totals = api.engine.totals

    assert totals.calls == 5
    assert totals.statuses == {200: 3, 429: 1, None: 1}
    assert totals.outcomes == {"sent": 5}
    assert totals.failures == {"http_error": 1, "disconnect": 1}
    assert totals.unmatched == 1
    bills = [call.usage for name in api.engine.sessions for call in _calls(api, name)]
    assert totals.prompt_tokens == sum(bill.prompt_tokens for bill in bills if bill)
    assert known.call.usage is not None


def test_what_a_session_forgets_stays_counted() -> None:
    api = Api(SCENARIO)

    api.chat("a")
    api.engine.session("default").reset()

    assert (len(_calls(api, "default")), api.engine.totals.calls) == (0, 1)


def test_a_listener_hears_of_a_call_when_all_is_known_of_it() -> None:
    api = Api(SCENARIO)
    heard: list[tuple[str, int | None, str, bool]] = []
    api.engine.totals.listeners.append(
        lambda call: heard.append(
            (call.session, call.status, call.outcome, call.ended_s is not None)
        )
    )

    api.chat("a", session="s")
    api.chat("wait")

    assert heard == [("s", 200, "sent", True), ("default", 429, "sent", True)]


def _calls(api: Api, session: str) -> list[Call]:
    return list(api.engine.session(session).journal)


# --- Calls as values ----------------------------------------------------------------------------


def ended(
    outcome: Outcome = "sent",
    *,
    session: str = "default",
    status: int | None = 200,
    measured: Measured | None = None,
    **members: object,
) -> Call:
    call = Call(1, 0, "POST", "/v1/chat/completions", "openai", session)
    call.endpoint, call.model, call.status = "chat.completions", "gpt-4o", status
    call.measured, call.outcome = measured, outcome
    for name, value in members.items():
        setattr(call, name, value)
    return call


def heard(*calls: Call) -> Totals:
    totals = Totals("default")
    for call in calls:
        totals.hear(call)
    return totals


@pytest.mark.parametrize(
    ("call", "error"),
    [
        pytest.param(ended(), None, id="nothing went wrong"),
        pytest.param(ended(status=500), "500", id="an error without a code is its status"),
        pytest.param(ended(status=429, error_code="slow_down"), "slow_down", id="a code"),
        pytest.param(ended("aborted", failures=("disconnect",)), "disconnect", id="it broke off"),
        pytest.param(ended("aborted"), "aborted", id="it broke off, and nobody knows why"),
        pytest.param(ended(is_cut=True, failures=("omit", "truncate")), "omit", id="it was cut"),
        pytest.param(ended(failures=("slow",)), None, id="a failure that takes nothing away"),
        pytest.param(ended("client_left"), "client_left", id="its client has left"),
        pytest.param(ended(status=None), "aborted", id="there was no answer"),
    ],
)
def test_what_went_wrong_is_one_word(call: Call, error: str | None) -> None:
    ((kind, count),) = heard(call).kinds()

    assert (kind.error, count) == (error, 1)


def test_sessions_are_told_apart_by_their_class_alone() -> None:
    calls = [ended(), *[ended(session=f"test-{n}") for n in range(3)], ended(session="x")]
    calls.append(ended(session="gone", is_late=True, status=410))

    found = {kind.session: count for kind, count in heard(*calls).kinds()}

    assert found == {"default": 1, "named": 4, "ended": 1}


def test_names_that_clients_and_scenarios_choose_are_bounded() -> None:
    count = MOST_NAMES + 50
    totals = heard(*[ended(model=f"model-{n}", rule=f"rule-{n}") for n in range(count)])

    models = {kind.model for kind, _ in totals.kinds()}
    assert len(models) == MOST_NAMES + 1
    assert OTHER in models
    assert (totals.calls, len(totals.flows)) == (count, MOST_NAMES + 1)

    totals.hear(ended(model="x" * 100_000, rule="model-1"))

    assert all(len(kind.model or "") <= LONGEST_NAME for kind, _ in totals.kinds())


def test_kinds_of_calls_are_bounded_even_where_each_name_alone_is_not_too_many() -> None:
    names = [(f"m{n % 97}", f"r{n // 97}") for n in range(97 * 60)]
    totals = heard(*[ended(model=model, rule=rule) for model, rule in names])

    assert (len(list(totals.kinds())), totals.calls) == (MOST_KINDS + 1, len(names))


def test_limits_and_scripted_refusals_are_told_apart() -> None:
    totals = heard(
        ended(status=429, limited_by="tokens"),
        ended(status=503, limited_by="concurrency"),
        ended(status=429, failures=("rate_limit",)),
        ended(status=500),
    )

    assert totals.refusals == {"tokens": 1, "concurrency": 1, "scripted": 1}


def test_limits_note_for_what_they_refused() -> None:
    api = Api('limits: {"*": {requests_per_minute: 1}}')

    api.chat()
    refused = api.chat("again")

    assert (refused.status, refused.call.limited_by) == (429, "requests")
    assert api.engine.totals.refusals == {"requests": 1}


def test_tokens_are_summed_by_type() -> None:
    bills = [Usage(100, 20, cached_tokens=64, reasoning_tokens=8), Usage(3, 1)]
    totals = heard(*[ended(usage=bill) for bill in bills])

    flow = totals.all_flows()
    assert (totals.prompt_tokens, totals.completion_tokens) == (103, 21)
    assert (flow.cached_tokens, flow.reasoning_tokens) == (64, 8)
    assert list(flow.tokens_in.up_to((1, 4, 256))) == [0, 1, 2]


def streamed() -> Measured:
    """Return an answer whose first token is planned after 200 ms, one each 20 ms after that."""
    now_s = 50.0
    measured = Measured(lambda: now_s)
    for at_s, due_s, tokens in ((0.001, 0, 0), (0.203, 0.2, 1), (0.223, 0.02, 2), (0.264, 0.04, 4)):
        now_s = 50.0 + at_s
        measured.waited(due_s)
        measured.note(tokens, 225)
    return measured


STREAMED = streamed()


def test_of_a_stream_all_times_are_counted_as_measured_and_as_planned() -> None:
    totals = heard(ended(stream=True, measured=STREAMED))
    flow, durations = totals.all_flows(), totals.all_durations()

    assert flow.first_token.measured.sum == pytest.approx(0.203)
    assert flow.first_token.planned.sum == pytest.approx(0.2)
    assert (flow.between_tokens.measured.count, flow.between_tokens.planned.count) == (3, 3)
    assert flow.between_tokens.measured.sum == pytest.approx(0.061)
    assert flow.between_tokens.planned.sum == pytest.approx(0.06)
    assert flow.per_token.sum == pytest.approx(0.061 / 3)
    assert (durations.measured.sum, durations.planned.sum) == pytest.approx((0.264, 0.26))
    assert totals.late_first_token.sum == pytest.approx(0.003)
    assert totals.late_last_byte.sum == pytest.approx(0.004)


@pytest.mark.parametrize(
    ("call", "durations"),
    [
        pytest.param(ended(measured=STREAMED), 1, id="not a stream"),
        pytest.param(ended(stream=True, measured=STREAMED, status=500), 1, id="an error"),
        pytest.param(ended("client_left", stream=True), 0, id="nothing went out"),
    ],
)
def test_only_streams_that_began_well_have_a_first_token(call: Call, durations: int) -> None:
    totals = heard(call)

    assert totals.all_flows().first_token.measured.count == 0
    assert totals.all_durations().measured.count == durations


def test_the_rate_is_from_the_first_arrival_to_the_last_end() -> None:
    rate = Rate()
    rate.note([100.0, 100.2, 100.1], [100.5, 100.9, 102.1])
    rate.note([103.0], [104.0])

    assert (rate.calls, rate.span_s, rate.per_s, rate.busiest) == (4, 4, 1, 2)


def test_the_latest_rate_forgets_what_is_long_ago() -> None:
    rate = Rate()
    for number in range(600):
        rate.note([100 + number], [100 + number])
    for number in range(120):
        rate.note([10_000 + number / 2], [10_000 + number / 2])

    assert rate.recent_per_s == pytest.approx(2)
    assert rate.per_s == pytest.approx(720 / rate.span_s)


def test_a_single_moment_has_no_rate() -> None:
    rate = Rate()
    assert (rate.per_s, rate.recent_per_s) == (None, None)

    rate.note([5], [5])

    assert (rate.per_s, rate.recent_per_s) == (None, None)
