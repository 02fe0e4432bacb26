"""What a session has seen: bounded, and without secrets."""

import dataclasses
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.inprocess import KEY, Api
from support.planted import OPENAI, PLANTED, SECRETS, Planted
from support.wire import chat

from mockserver.records.journal import (
    CAPACITY,
    CAPACITY_BYTES,
    MOST_BODY_BYTES,
    Archive,
    Call,
    Journal,
)
from mockserver.records.redaction import fingerprint, mark
from mockserver.sessions.options import Options
from mockserver.wire.http_request import HttpRequest

CHAT = "/v1/chat/completions"


def shown(call: Call) -> str:
    """Return all that *call* holds, as text."""
    return str([getattr(call, field.name) for field in dataclasses.fields(call)])


def test_calls_are_numbered_from_one() -> None:
    journal = Journal()

    assert [journal.open(0, "GET", "/", "openai").number for _ in range(3)] == [1, 2, 3]


def test_only_the_newest_calls_are_kept_and_the_others_counted() -> None:
    journal = Journal()
    for _ in range(CAPACITY + 5):
        journal.open(0, "GET", "/", "openai")

    assert (len(journal), journal.dropped) == (CAPACITY, 5)
    assert [call.number for call in journal][:2] == [6, 7]


def test_keys_are_told_apart_by_fingerprints() -> None:
    assert fingerprint("sk-a") != fingerprint("sk-b")
    assert len(fingerprint("sk-a")) == 8


def test_an_entry_tells_what_was_asked() -> None:
    call = Api().chat("Hi", stream=True).call

    assert (call.method, call.path, call.provider, call.endpoint, call.model, call.stream) == (
        "POST",
        "/v1/chat/completions",
        "openai",
        "chat.completions",
        "gpt-4o-mini",
        True,
    )


def test_an_entry_holds_the_bill() -> None:
    usage = Api().complete("Say", max_tokens=4).call.usage

    assert usage is not None
    assert (usage.prompt_tokens, usage.completion_tokens) == (1, 4)


def test_a_refused_request_is_an_entry_too() -> None:
    call = Api().get("/v1/nothing").call

    assert (call.status, call.endpoint, call.rule) == (404, None, None)


@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: planted.where)
def test_no_entry_holds_a_secret_wherever_it_was(planted: Planted) -> None:
    api = Api("rules: [{name: hears, when: {last_user: nothing}, reply: '-'}]")

    key = None if "authorization" in map(str.lower, planted.headers) else KEY

    call = api.send("POST", planted.path, planted.body, headers=planted.headers, key=key).call

    text = shown(call)
    assert [secret for secret in SECRETS if secret in text or quote(secret, "") in text] == []
    assert any(fingerprint(secret) in text for secret in planted.secrets)


def test_a_key_that_looks_like_nothing_is_found_in_the_body_too() -> None:
    call = Api().post(CHAT, chat("I am 'my-azure-key'"), headers={"api-key": "my-azure-key"}).call

    assert call.messages[0]["content"] == f"I am '{mark('my-azure-key')}'"


def test_an_echoed_secret_is_kept_neither_in_the_answer_nor_in_its_refusal() -> None:
    api = Api("rules: [{name: echo, reply: {kind: echo}}]", options=Options(strict=True))
    refusing = Api(
        "rules: [{name: other, when: {last_user: Hi}, reply: '-'}]", options=Options(strict=True)
    )

    assert OPENAI in api.chat(f"say {OPENAI}").text
    assert OPENAI not in shown(api.chat(f"say {OPENAI}").call)
    refused = refusing.chat(f"say {OPENAI}")
    assert OPENAI not in shown(refused.call)
    assert OPENAI not in refused.error["message"]


def test_an_entry_holds_what_was_sent_and_what_was_answered() -> None:
    api = Api("rules: [{name: hello, reply: Hello.}]")
    call = api.post(CHAT, chat("Hi"), headers={"X-Run": "7"}).call

    assert call.body == chat("Hi")
    assert call.messages == [{"role": "user", "content": "Hi"}]
    assert (call.headers["x-run"], call.body_bytes) == ("7", len(call.content))
    assert (call.text, call.finish_reason, call.tools, call.prompt) == ("Hello.", "stop", [], None)


def test_an_entry_holds_the_tool_calls_with_the_ids_that_went_out() -> None:
    api = Api("""
        rules: [{reply: {kind: tool_calls, calls: [{name: f, arguments: {a: 1}}]}}]
    """)
    tools = [{"type": "function", "function": {"name": "f"}}]
    answered = api.chat("Hi", tools=tools)

    (sent,) = answered.choice["message"]["tool_calls"]
    (kept,) = answered.call.tool_calls
    assert (kept.id, kept.name, kept.arguments) == (sent["id"], "f", '{"a":1}')
    assert answered.call.tools == tools


@pytest.mark.parametrize("body", [b"", b"no JSON", b"[1]", b"{" * 100_000, b'{"messages": 1}'])
def test_a_body_of_any_kind_can_be_read_back(body: bytes) -> None:
    call = Api().send("POST", "/v1/chat/completions", body).call

    assert (call.content, call.messages, call.prompt) == (body, [], None)


def test_a_body_that_is_too_large_is_not_kept_and_that_is_said() -> None:
    asked = b'{"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}'
    spaces = b" " * MOST_BODY_BYTES

    call = Api().send("POST", "/v1/chat/completions", spaces + asked).call

    assert (call.content, call.body) == (b"", None)
    assert call.notes == (f"the body of {call.body_bytes} bytes is too large to keep",)


def asked(journal: Journal, body: bytes = b"") -> Call:
    call = journal.open(0, "POST", "/", "openai")
    journal.keep(call, HttpRequest("POST", "/", {}, body), body[:16])
    return call


def test_what_a_session_keeps_is_bounded_in_bytes() -> None:
    journal = Journal()
    for _ in range(6):
        journal.tell(asked(journal, b"x" * MOST_BODY_BYTES), "", None)

    assert (len(journal), journal.dropped) == (CAPACITY_BYTES // MOST_BODY_BYTES, 2)


def test_answers_count_towards_the_bytes_that_are_kept() -> None:
    journal = Journal()
    for _ in range(3):
        journal.tell(asked(journal), "x" * (CAPACITY_BYTES // 2), "stop")

    assert (len(journal), journal.dropped) == (2, 1)


def test_what_all_sessions_keep_together_is_bounded_in_calls_and_the_oldest_go_first() -> None:
    archive = Archive(calls=5)
    journals = [Journal(archive) for _ in range(3)]
    for journal in (*journals, *journals):
        asked(journal)

    assert [len(journal) for journal in journals] == [1, 2, 2]
    assert [journal.dropped for journal in journals] == [1, 0, 0]


def test_what_all_sessions_keep_together_is_bounded_in_bytes() -> None:
    archive = Archive(size=2_500)
    first, second = Journal(archive), Journal(archive)
    for journal in (first, second, second):
        asked(journal, b"x" * 1_000)

    assert (len(first), len(second), len(archive)) == (0, 2, 2)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 400), st.integers(0, 9))))
def test_an_archive_counts_exactly_what_its_journals_keep(
    steps: list[tuple[int, int, int]],
) -> None:
    archive = Archive(calls=7, size=1_000)
    journals = [Journal(archive) for _ in range(4)]
    for which, size, answer in steps:
        journal = journals[which]
        if answer == 0:
            journal.clear()
            continue
        call = asked(journal, b"x" * size)
        journal.tell(call, "y" * answer, "stop")

    assert len(archive) == sum(map(len, journals)) <= 7
    kept = sum(call.body_bytes + len(call.text or "") for j in journals for call in j)
    assert archive.size == sum(journal.size for journal in journals) == kept


def test_a_cleared_journal_goes_on_counting_where_it_was() -> None:
    journal = Journal()
    asked(journal)

    assert journal.clear() == 1
    assert (len(journal), asked(journal).number) == (0, 2)


def test_who_watches_hears_of_each_call_that_comes_and_ends_until_it_stops() -> None:
    journal = Journal()
    heard: list[tuple[int, bool]] = []

    def watch() -> None:
        heard.append((journal.seen, all(call.is_finished for call in journal)))

    journal.watchers.add(watch)
    call = asked(journal)
    call.announce()
    call.finish("sent")
    journal.watchers.discard(watch)
    asked(journal).announce()

    assert heard == [(1, False), (1, True)]
