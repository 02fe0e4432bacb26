"""`keys`: which API keys a scenario calls good, and what the others get."""

from collections.abc import Callable

import pytest
from support.inprocess import Answered, Api

from mockserver.scenario.keys import Keys, Standing
from mockserver.scenario.schema import Scenario

Load = Callable[..., Scenario]
ProblemsOf = Callable[[str], list[str]]

ALL_THREE = """
    keys:
      valid: ["sk-*", extra-key]
      invalid: ["sk-revoked-*"]
      quota_exhausted: [sk-poor, sk-revoked-poor]
    rules: [{name: hello, reply: "Hello."}]
"""


def standing(scenario: Scenario, key: str) -> Standing:
    return scenario.keys.standing(key)


# --- Reading ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "key", "expected"),
    [
        pytest.param("{}", "anything", "valid", id="nothing stated"),
        pytest.param("{valid: [sk-a]}", "sk-a", "valid", id="listed"),
        pytest.param("{valid: [sk-a]}", "sk-b", "invalid", id="not listed"),
        pytest.param("{valid: sk-a}", "sk-a", "valid", id="a list of one without its brackets"),
        pytest.param("{valid: ['sk-*']}", "sk-b", "valid", id="a glob"),
        pytest.param("{valid: ['sk-?']}", "sk-bc", "invalid", id="the whole key must fit"),
        pytest.param("{valid: [SK-A]}", "sk-a", "invalid", id="case is seen"),
        pytest.param("{invalid: ['sk-old*']}", "sk-older", "invalid", id="refused"),
        pytest.param("{invalid: ['sk-old*']}", "sk-new", "valid", id="all others are good"),
        pytest.param("{quota_exhausted: [sk-p]}", "sk-p", "quota_exhausted", id="exhausted"),
        pytest.param(
            "{valid: [sk-a], quota_exhausted: [sk-p]}",
            "sk-p",
            "quota_exhausted",
            id="who is exhausted is known",
        ),
        pytest.param(
            "{valid: ['sk-*'], quota_exhausted: ['sk-p*'], invalid: [sk-pp]}",
            "sk-pp",
            "invalid",
            id="of several lists, the worst",
        ),
    ],
)
def test_what_a_key_is(keys: str, key: str, expected: Standing, load: Load) -> None:
    assert standing(load(f"version: 1\nkeys: {keys}\nrules: []"), key) == expected


def test_of_several_files_the_first_word_on_a_glob_counts(load: Load) -> None:
    scenario = load(
        "{version: 1, keys: {valid: [sk-a], invalid: ['x-*']}}",
        "{version: 1, keys: {invalid: [sk-a, sk-b], quota_exhausted: [sk-c]}}",
    )

    assert scenario.keys == Keys(
        valid=("sk-a",), invalid=("x-*", "sk-b"), quota_exhausted=("sk-c",)
    )


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        pytest.param(
            "{version: 1, keys: {valid: [sk-a], invalid: [sk-a]}}",
            ["a.yaml:1:36: 'sk-a' is already listed under 'valid'"],
            id="a glob in two lists",
        ),
        pytest.param(
            "{version: 1, keys: {exhausted: [sk-a]}}",
            [
                "a.yaml:1:21: unknown key 'exhausted' in 'keys'",
                "  did you mean 'quota_exhausted'?",
            ],
            id="an unknown list",
        ),
        pytest.param(
            "{version: 1, keys: {valid: []}}",
            ["a.yaml:1:28: the list is empty"],
            id="an empty list, which no key would fit",
        ),
        pytest.param(
            "{version: 1, keys: {valid: [7]}}",
            ["a.yaml:1:29: expected text, got the number 7: put it in quotes"],
            id="a key that is no text",
        ),
        pytest.param(
            "{version: 1, keys: [sk-a]}",
            ["a.yaml:1:20: expected a mapping, got a list"],
            id="no lists",
        ),
    ],
)
def test_keys_that_make_no_sense_are_refused(
    text: str, problems: list[str], problems_of: ProblemsOf
) -> None:
    assert problems_of(text) == problems


# --- Answering -------------------------------------------------------------------------------


def ask(api: Api, key: str | None) -> Answered:
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}
    return api.post("/v1/chat/completions", body, key=key)


@pytest.mark.parametrize(
    ("key", "status", "code"),
    [
        pytest.param("sk-fine", 200, None, id="a valid key"),
        pytest.param("extra-key", 200, None, id="another one"),
        pytest.param("other", 401, "invalid_api_key", id="a key that is not listed"),
        pytest.param("sk-revoked-1", 401, "invalid_api_key", id="an invalid key"),
        pytest.param("sk-revoked-poor", 401, "invalid_api_key", id="a key that is both"),
        pytest.param("sk-poor", 429, "insufficient_quota", id="an exhausted key"),
        pytest.param(None, 401, None, id="no key"),
    ],
)
def test_who_is_answered(key: str | None, status: int, code: str | None) -> None:
    answered = ask(Api(ALL_THREE), key)

    assert answered.status == status
    assert status == 200 or answered.error["code"] == code


def test_every_key_is_good_where_nothing_is_said_of_keys() -> None:
    assert ask(Api(), "whatever").status == 200


def test_a_refused_key_meets_no_rule() -> None:
    api = Api("""
        keys: {invalid: [bad]}
        rules: [{name: once, times: 1, reply: "Hello."}]
    """)
    ask(api, "bad")

    assert ask(api, "good").text == "Hello."


def test_the_journal_says_why_a_key_was_refused() -> None:
    call = ask(Api(ALL_THREE), "sk-poor").call

    assert call.notes == ("the scenario's 'keys' list this key as quota_exhausted",)
    assert (call.status, call.endpoint, call.rule) == (429, None, None)


def test_who_has_nothing_to_spend_may_still_look_things_up() -> None:
    assert Api(ALL_THREE).get("/v1/models", key="sk-poor").status == 200


def test_an_invalid_key_finds_nothing_at_all() -> None:
    api = Api(ALL_THREE)

    assert api.get("/v1/models", key="other").status == 401
    assert api.get("/v1/nothing", key="other").status == 401


def test_the_key_comes_before_the_body() -> None:
    assert Api(ALL_THREE).send("POST", "/v1/chat/completions", b"{", key="other").status == 401
