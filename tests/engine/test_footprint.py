"""F24: what requests that never repeat leave behind, besides what is bounded and full by then."""

import gc
import tracemalloc

from support.inprocess import Api

REQUESTS = 1_500
MOST_BYTES = 1_024
"""For each request, while tables grow: its count and its text, known again by their hashes. They
are bounded (docs/speed.md), and `benchmarks/soak.py` shows the whole over 100,000 requests."""


def ask(api: Api, numbers: range) -> None:
    for number in numbers:
        assert api.chat(f"Question {number}", stream=number % 4 == 0).status == 200


def test_f24_a_request_that_is_not_repeated_leaves_little_behind() -> None:
    api = Api("rules: [{name: any, reply: Hello.}]")
    ask(api, range(1_000))  # the journal is full

    tracemalloc.start()
    try:
        ask(api, range(1_000, 2_000))  # and has only entries that are counted
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()
        ask(api, range(2_000, 2_000 + REQUESTS))
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert (after - before) / REQUESTS < MOST_BYTES
