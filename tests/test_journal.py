"""What a session has seen: bounded, and without secrets."""

import dataclasses

from inprocess import Api

from mockserver.journal import CAPACITY, Journal, fingerprint


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


def test_no_entry_holds_a_key_or_what_was_said() -> None:
    call = Api().chat("my secret", headers={"x-secret": "hidden"}).call
    text = str([getattr(call, field.name) for field in dataclasses.fields(call)])

    assert not any(word in text for word in ("sk-test", "my secret", "hidden"))
