"""What is counted of all calls, and who else hears of them."""

from support.inprocess import Api

from mockserver.records.journal import Call

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
