"""The order in which two faults of one body are reported, as measured on gpt-5.6-terra."""

from typing import Any

import pytest

TERRA = "gpt-5.6-terra"
WRONG = {"probe": "wrong type"}


@pytest.mark.parametrize(
    ("members", "param"),
    [
        pytest.param(
            {"messages": ..., "zzz_unknown": 1}, "messages", id="no messages, unknown member"
        ),
        pytest.param({"zzz_unknown": 1, "n": "abc"}, "zzz_unknown", id="unknown member, type"),
        pytest.param(
            {"zzz_unknown": 1, "messages": []}, "zzz_unknown", id="unknown member, no messages"
        ),
        pytest.param({"zzz_unknown": 1, "stop": ["Z"]}, "zzz_unknown", id="unknown, unsupported"),
        pytest.param({"n": "abc", "stop": ["Z"]}, "n", id="a type, an unsupported member"),
        pytest.param({"n": 0, "stop": ["Z"]}, "n", id="a range, an unsupported member"),
        pytest.param({"n": "abc", "temperature": 0.5}, "n", id="a type, a refused value"),
        pytest.param({"stop": ["Z"], "temperature": 0.5}, "stop", id="unsupported, refused value"),
        pytest.param({"service_tier": "bogus", "seed": 1.5}, "seed", id="seed, service tier"),
        pytest.param({"metadata": {"k": 7}, "n": 0}, "n", id="n, metadata"),
        pytest.param({"moderation": {}, "n": 0}, "n", id="n, moderation"),
        pytest.param({"tools": "x", "top_logprobs": -1}, "tools", id="tools, top_logprobs"),
        pytest.param({"function_call": {}, "functions": "x"}, "functions", id="functions, call"),
        pytest.param(
            {"prompt_cache_key": 7, "prompt_cache_options": "x"},
            "prompt_cache_options",
            id="cache options, cache key",
        ),
        pytest.param({"store": "x", "max_tokens": 32}, "max_tokens", id="max_tokens, store"),
        pytest.param({"stream_options": "x", "stop": ["Z"]}, "stop", id="stop, stream options"),
        pytest.param(
            {"prediction": {"type": "content", "content": "p"}, "metadata": "x"},
            "metadata",
            id="metadata, prediction",
        ),
        pytest.param(
            {"verbosity": "bogus", "logit_bias": {"1": 1}}, "logit_bias", id="bias, verbosity"
        ),
        pytest.param({"temperature": 0.5, "metadata": "x"}, "metadata", id="metadata, value"),
        pytest.param({"logprobs": True, "verbosity": "bogus"}, "verbosity", id="word, ability"),
        pytest.param(
            {"messages": [{"role": "user"}], "temperature": 0.5},
            "temperature",
            id="a refused value, missing content",
        ),
        pytest.param(
            {"messages": [{"role": "user"}], "temperature": 1},
            "messages.[0].content",
            id="missing content by itself",
        ),
        pytest.param(
            {"messages": [{"role": "user"}, {"role": "user", "content": 7}]},
            "messages[1].content",
            id="a later content's type, an earlier missing content",
        ),
        pytest.param(
            {"messages": [{"role": "user"}, {"role": "bogus", "content": "a"}]},
            "messages[1].role",
            id="a later role, an earlier missing content",
        ),
        pytest.param(
            {"messages": [{"role": "assistant", "content": 7, "tool_calls": []}]},
            "messages[0].content",
            id="content, calls of one message",
        ),
        pytest.param(
            {
                "messages": [{"role": "assistant", "content": "x", "tool_calls": []}],
                "temperature": 0.5,
            },
            "messages[0].tool_calls",
            id="no calls, a refused value",
        ),
        pytest.param(
            {"messages": [{"role": "tool", "tool_call_id": "c", "content": None}]},
            "messages.[0].content",
            id="missing content, an answer to nobody",
        ),
    ],
)
def test_of_two_faults_the_first_is_reported(
    chat_fault: Any, members: dict[str, Any], param: str
) -> None:
    assert chat_fault(TERRA, **members)[0] == param


MEASURED = [
    "messages",
    "functions",
    "tools",
    "parallel_tool_calls",
    "max_completion_tokens",
    "n",
    "temperature",
    "top_p",
    "presence_penalty",
    "frequency_penalty",
    "logprobs",
    "top_logprobs",
    "user",
    "seed",
    "safety_identifier",
    "prompt_cache_key",
    "prompt_cache_retention",
    "service_tier",
    "stream",
    "store",
    "metadata",
    "verbosity",
]


@pytest.mark.parametrize("place", range(len(MEASURED) - 1), ids=lambda place: MEASURED[place])
def test_a_member_is_reported_before_the_next(chat_fault: Any, place: int) -> None:
    first, second = MEASURED[place : place + 2]
    wrong = {
        key: ["wrong type"] if key in {"messages", "metadata"} else WRONG for key in (second, first)
    }
    found = chat_fault(TERRA, **wrong)[0]

    assert found.partition("[")[0] == first


def test_a_fault_does_not_depend_on_the_order_of_the_body(chat_fault: Any) -> None:
    one = chat_fault(user=7, seed="x", n=0)
    other = chat_fault(n=0, seed="x", user=7)

    assert one == other
