"""The memory of results: it keeps what is asked for, and it does not grow."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mockserver
from mockserver.caching import BoundedTable, SizedCache

ROOT = Path(mockserver.__file__).parent


def test_what_was_put_is_found() -> None:
    cache: SizedCache[str, int] = SizedCache(100)
    cache.put("a", 1, 10)

    assert cache.get("a") == 1


def test_what_was_never_put_is_none() -> None:
    assert SizedCache[str, int](100).get("a") is None


def test_what_weighs_more_than_half_the_capacity_is_not_kept() -> None:
    cache: SizedCache[str, int] = SizedCache(100)
    cache.put("a", 1, 51)

    assert cache.get("a") is None


def test_what_is_asked_for_outlives_what_is_not() -> None:
    cache: SizedCache[str, int] = SizedCache(100)
    cache.put("asked for", 7, 10)
    for number in range(100):
        cache.put(f"unique {number}", number, 10)
        cache.get("asked for")

    assert (cache.get("asked for"), cache.get("unique 1")) == (7, None)


@settings(derandomize=True, deadline=None)
@given(weights=st.lists(st.integers(1, 60), max_size=200))
def test_no_more_is_kept_than_the_capacity(weights: list[int]) -> None:
    cache: SizedCache[int, int] = SizedCache(100)
    for number, weight in enumerate(weights):
        cache.put(number, weight, weight)

    kept = [cache.get(number) for number in range(len(weights))]

    assert sum(weight for weight in kept if weight) <= 100


def test_f21_a_table_forgets_first_what_came_first() -> None:
    table: BoundedTable[int, str] = BoundedTable(2)

    table.put(1, "one")
    table.put(2, "two")
    table.put(1, "again")
    table.put(3, "three")

    assert dict(table) == {2: "two", 3: "three"}


def test_f21_forgetting_takes_no_longer_the_more_was_forgotten() -> None:
    # The first of a plain dict is searched for behind all that were removed: 100,000 later, a
    # million removals took half a minute. An ordered dict keeps its first at hand.
    table: BoundedTable[int, int] = BoundedTable(1_000)

    for number in range(300_000):
        table.put(number, number)

    assert list(table) == list(range(299_000, 300_000))


@pytest.mark.parametrize("module", sorted(ROOT.rglob("*.py")), ids=lambda path: path.name)
def test_f21_no_table_is_bounded_by_searching_for_its_first_key(module: Path) -> None:
    assert not re.search(r"(del|pop|remove)\W.*next\(iter\(", module.read_text("utf-8"))
