"""The memory of results: it keeps what is asked for, and it does not grow."""

from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.tokens.caching import SizedCache


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
