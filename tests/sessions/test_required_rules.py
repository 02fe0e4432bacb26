"""Rules that must act, and rules that nobody misses."""

import pytest
from support.inprocess import Api

from mockserver.errors import ScenarioError


def left(scenario: str, *said: str) -> list[str]:
    """Return what is left of *scenario* when each of *said* was asked."""
    api = Api(scenario)
    for one in said:
        api.chat(one)
    return list(api.engine.session("default").unused())


@pytest.mark.parametrize(
    ("rule", "said", "missed"),
    [
        ("required: true, reply: a", (), ["rule 'one' was never used"]),
        ("required: true, reply: a", ("Hi",), []),
        ("reply: a", (), []),
        ("required: true, fail: 503", ("Hi",), []),
        ("required: true, latency: {ttft_ms: 1}", (), ["rule 'one' was never used"]),
        ("required: true, when: {last_user: x}, reply: a", ("Hi",), ["rule 'one' was never used"]),
        ("required: true, times: 2, reply: a", ("Hi",), ["rule 'one' was used 1 of 2 times"]),
        ("required: true, replies: [a, b]", ("Hi",), ["rule 'one' gave 1 of its 2 replies"]),
        ("optional: true, times: 2, reply: a", (), []),
        ("optional: true, replies: [a, b]", ("Hi",), []),
    ],
)
def test_what_is_missed(rule: str, said: tuple[str, ...], missed: list[str]) -> None:
    assert left(f"rules: [{{name: one, {rule}}}]", *said) == missed


def test_a_rule_is_not_both() -> None:
    with pytest.raises(ScenarioError, match="'required' or 'optional', not both"):
        Api("rules: [{required: true, optional: true, reply: a}]")
