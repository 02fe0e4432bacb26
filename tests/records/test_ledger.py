"""What a session remembers of its answers, and of what they cost."""

from typing import Any

from mockserver.records.ledger import MOST_KEPT, Entry, Ledger


def entry(identity: str, **facts: Any) -> Entry:
    defaults: dict[str, Any] = {
        "provider": "p",
        "endpoint": "chat.completions",
        "model": "m",
        "asked": "m",
        "created": 0,
        "streamed": False,
        "finish_reason": "stop",
        "usage": None,
        "cost_usd": 0.1,
    }
    return Entry(id=identity, **{**defaults, **facts})


def test_an_answer_is_found_by_its_id() -> None:
    ledger = Ledger()
    ledger.add(entry("a"), "key")

    assert (ledger.get("a"), ledger.get("b")) == (entry("a"), None)


def test_what_was_spent_adds_up_by_provider_and_key() -> None:
    ledger = Ledger()
    for number in range(3):
        ledger.add(entry(f"a{number}"), "one")
    ledger.add(entry("b"), "two")
    ledger.add(entry("c", provider="q"), "one")

    assert [ledger.spent_usd("p"), ledger.spent_usd("p", "one"), ledger.spent_usd("q")] == [
        0.4,
        0.3,
        0.1,
    ]


def test_the_oldest_are_forgotten_but_not_what_they_cost() -> None:
    ledger = Ledger()
    for number in range(MOST_KEPT + 1):
        ledger.add(entry(str(number), cost_usd=1.0), "key")

    assert len(list(ledger)) == MOST_KEPT
    assert ledger.get("0") is None
    assert ledger.spent_usd("p") == MOST_KEPT + 1
