"""A call in one line: what a person and a program see of each kind of call."""

import json
import unicodedata
from dataclasses import replace
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.inprocess import Api
from support.planted import PLANTED, SECRETS

from mockserver.control.records import call_record
from mockserver.conversation import Usage
from mockserver.records.journal import Call
from mockserver.records.measured import Measured
from mockserver.records.telling import (
    COLORED,
    PLAIN,
    json_line_of,
    line_of,
    message_line_of,
    styles_of,
    visible,
)

AT_S: Final = 1_764_547_200.25
LONGEST_LINE: Final = 1_000


def told(**members: Any) -> Call:
    """Return a chat that went well, and what *members* change of it."""
    call = Call(7, 1.5, "POST", "/v1/chat/completions", "openai", "default")
    ordinary = {
        "serial": 9,
        "endpoint": "chat.completions",
        "model": "gpt-4o-mini",
        "words": "What is the weather?",
        "rule": "weather",
        "status": 200,
        "outcome": "sent",
        "usage": Usage(12, 48),
        "measured": measured(0.4, 0.4),
    }
    for name, value in {**ordinary, **members}.items():
        setattr(call, name, value)
    return call


def measured(first_ms: float | None, last_ms: float, late_ms: float = 0.0) -> Measured:
    return Measured.told(
        first_byte_ms=0.3,
        first_token_ms=first_ms,
        last_byte_ms=last_ms,
        first_late_ms=late_ms,
        last_late_ms=late_ms,
        sent_bytes=300,
    )


def shown(**members: Any) -> str:
    """Return the line of such a call without the time, one blank between two words."""
    time, _, line = line_of(told(**members), AT_S).partition(" ")
    assert len(time) == len("14:03:22")
    return " ".join(line.split())


CHAT: Final = 'gpt-4o-mini "What is the weather?"'
LOOKUP: Final = {"model": None, "words": None, "rule": None, "usage": None, "method": "GET"}
REFUSED: Final = {"model": None, "rule": None, "usage": None}
MISS: Final = ("'answered': model is 'gpt-4o', the rule wants 'gpt-4.1'",)


@pytest.mark.parametrize(
    ("members", "line"),
    [
        pytest.param({}, f"{CHAT} 200 12+48 tok 0.4ms weather", id="answered by a rule"),
        pytest.param({"rule": None}, f"{CHAT} 200 12+48 tok 0.4ms auto", id="without rules"),
        pytest.param(
            {"stream": True, "measured": measured(312, 1_240)},
            f"{CHAT} 200 12+48 tok 312ms 1.24s weather",
            id="a stream",
        ),
        pytest.param(
            {"usage": Usage(12, 48, exact=False)},
            f"{CHAT} 200 ~12+48 tok 0.4ms weather",
            id="an estimated bill",
        ),
        pytest.param(
            {"session": "test_retry"},
            f"test_retry {CHAT} 200 12+48 tok 0.4ms weather",
            id="a session of its own",
        ),
        pytest.param(
            {"rule": None, "is_unmatched": True, "near_misses": MISS},
            f"{CHAT} 200 12+48 tok 0.4ms no rule: {MISS[0]}",
            id="no rule matches",
        ),
        pytest.param(
            {"rule": None, "is_unmatched": True, "near_misses": ("a" * 101,)},
            f"{CHAT} 200 12+48 tok 0.4ms no rule: {'a' * 99}…",
            id="a long reason shows that it is cut",
        ),
        pytest.param(
            {"rule": None, "is_unmatched": True},
            f"{CHAT} 200 12+48 tok 0.4ms no rule",
            id="no rule, and none is near",
        ),
        pytest.param(
            {
                "status": 429,
                "usage": None,
                "failures": ("rate_limit",),
                "error_code": "rate_limit_exceeded",
                "attempt": 2,
            },
            f"{CHAT} 429 0.4ms weather, rate_limit_exceeded, failure: rate_limit, attempt 2",
            id="a failure",
        ),
        pytest.param(
            {"failures": tuple("abcdef"), "no_effect": ("cut",)},
            f"{CHAT} 200 12+48 tok 0.4ms weather, failure: a, b, c, d, 2 more, no effect: cut",
            id="many failures",
        ),
        pytest.param(
            {"outcome": "client_left", "client_left_after_tokens": 1},
            f"{CHAT} 200 12+48 tok 0.4ms weather, client left after 1 token",
            id="the client left in the middle",
        ),
        pytest.param(
            {"outcome": "client_left", "measured": None, "status": 200, "planned_ms": 6_000.0},
            f"{CHAT} --- 12+48 tok weather, client left before the answer, planned for 6s",
            id="the client left before the answer",
        ),
        pytest.param(
            {"outcome": "aborted", "failures": ("disconnect",)},
            f"{CHAT} 200 12+48 tok 0.4ms weather, failure: disconnect",
            id="the failure that ended the connection",
        ),
        pytest.param(
            {"outcome": "open"},
            f"{CHAT} 200 12+48 tok 0.4ms weather, running",
            id="a call that runs",
        ),
        pytest.param(
            {**LOOKUP, "path": "/v1/models", "endpoint": "models"},
            "GET /v1/models 200 0.4ms auto",
            id="a look-up",
        ),
        pytest.param(
            {**REFUSED, "status": 401, "error_code": "invalid_api_key"},
            'POST /v1/chat/completions "What is the weather?" 401 0.4ms refused, invalid_api_key',
            id="a refused key",
        ),
        pytest.param(
            {**REFUSED, "status": 400, "words": None, "error_code": None},
            "POST /v1/chat/completions 400 0.4ms refused",
            id="a body that is no JSON",
        ),
        pytest.param(
            {**REFUSED, "status": 410, "is_late": True, "error_code": "session_ended"},
            'POST /v1/chat/completions "What is the weather?" 410 0.4ms '
            "late: the session has ended",
            id="after the end of its session",
        ),
        pytest.param(
            {
                **REFUSED,
                "status": 404,
                "path": "/v1/threads",
                "words": None,
                "is_unsupported": True,
                "is_unmatched": True,
            },
            "POST /v1/threads 404 0.4ms no such endpoint",
            id="an unsupported endpoint",
        ),
        pytest.param(
            {"model": "text-embedding-3-small", "words": "hello", "usage": Usage(1, 0)},
            'text-embedding-3-small "hello" 200 1+0 tok 0.4ms weather',
            id="embeddings",
        ),
        pytest.param(
            {"rule": None, "forwarded": "recorded"},
            f"{CHAT} 200 12+48 tok 0.4ms recorded",
            id="recorded",
        ),
        pytest.param(
            {"rule": "live", "forwarded": "not kept: the client left"},
            f"{CHAT} 200 12+48 tok 0.4ms live, not kept: the client left",
            id="passed on, and not kept",
        ),
        pytest.param(
            {"unoffered": ("f",), "off_schema": ("g",)},
            f"{CHAT} 200 12+48 tok 0.4ms weather, calls a tool that was not offered, "
            "not valid for the schema",
            id="scripted tool calls that no model would make",
        ),
        pytest.param(
            {"stream": True, "measured": measured(50, 302), "planned_ms": 300.0},
            f"{CHAT} 200 12+48 tok 50ms 302ms weather",
            id="as planned",
        ),
        pytest.param(
            {
                "stream": True,
                "measured": measured(250, 500),
                "planned_ttft_ms": 50.0,
                "planned_ms": 300.0,
            },
            f"{CHAT} 200 12+48 tok 250ms 500ms weather, planned 50ms 300ms",
            id="later than planned",
        ),
        pytest.param(
            {"measured": measured(0.5, 0.5), "planned_ttft_ms": 50.0, "planned_ms": 90_000.0},
            f"{CHAT} 200 12+48 tok 0.5ms weather, planned 90s",
            id="time that does not pass",
        ),
    ],
)
def test_a_line_shows_what_became_of_a_call(members: dict[str, Any], line: str) -> None:
    assert shown(**members) == line
    record = call_record(told(**members), bodies=False)
    assert line_of(record, AT_S) == line_of(told(**members), AT_S)
    assert json_line_of(record, AT_S) == json_line_of(told(**members), AT_S)


def test_a_hint_stands_below_its_line() -> None:
    line, hint = line_of(told(hint="OpenRouter answers\nat /api/v1"), AT_S).split("\n")

    assert line == line_of(told(), AT_S)
    assert hint == "         hint: OpenRouter answers at /api/v1"


def test_ordinary_lines_are_aligned_and_fit_into_120_columns() -> None:
    calls = [
        told(),
        told(words="天気はどうですか、教えてください今日の東京の天気はどうですか"),
        told(words="word " * 20, usage=Usage(128_000, 16_384, exact=False)),
        told(**LOOKUP),
        told(model=None),
    ]
    lines = [line_of(call, AT_S) for call in calls]
    widths = [
        sum(2 if unicodedata.east_asian_width(one) in "FW" else 1 for one in line.split(" 200 ")[0])
        for line in lines
    ]

    assert widths[1:] == widths[:-1]
    assert max(map(len, lines)) <= 120


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ("a\x1b[31mb", r"a\x1b[31mb"),
        ("a\x9b31mb", r"a\x9b31mb"),
        ("a\r\n\t b", "a b"),
        ("\u202eabc\u2066", r"\u202eabc\u2066"),
        ("a\u200bb\ufeff\u2060", r"a\u200bb\ufeff\u2060"),
        ("a\u3164\U000e0041\ufe0f", r"a\u3164\U000e0041\ufe0f"),
        ("a\ud800", r"a\ud800"),
        ("e\u0301" + "\u0301" * 50, "e\u0301\u0301"),
        ("x" * 50, "x" * 29 + "…"),
        ("天" * 50, "天" * 14 + "…"),
    ],
)
def test_a_terminal_sees_nothing_that_it_obeys(written: str, seen: str) -> None:
    assert visible(written, 30) == seen


HOSTILE: Final = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from("\x00\x07\x08\x1b\x7f\x85\x9b\r\n\u2028\u202e\u2066\u200b\u3164\ufe0f"),
    ),
    max_size=600,
)


NAMES: Final = ("session", "model", "words", "rule", "error_code", "hint", "forwarded")


@given(
    st.fixed_dictionaries(
        dict.fromkeys(
            ("session", "model", "words", "rule", "error_code", "hint", "forwarded"), HOSTILE
        )
    ),
    HOSTILE,
    st.lists(HOSTILE, max_size=8).map(tuple),
)
def test_whatever_a_call_holds_its_line_is_short_and_harmless(
    members: dict[str, Any], path: str, listed: tuple[str, ...]
) -> None:
    many = {"failures": listed, "no_effect": listed, "near_misses": listed, "notes": listed}
    call = told(**members, **many, path=path, method=path, attempt=2)
    unruled = told(**{**members, **many, "rule": None, "forwarded": None, "is_unmatched": True})

    for one in (call, unruled):
        text = line_of(one, AT_S)
        first, *rest = text.split("\n")
        assert len(rest) == 1
        for line in (first, *rest):
            assert line.isprintable()
            assert len(line) <= LONGEST_LINE
        written = json_line_of(one, AT_S)
        assert written.isascii()
        assert written.isprintable()
        json.loads(written)


def test_colors_change_nothing_but_the_looks() -> None:
    call = told(hint="Look.", rule=None, is_unmatched=True, failures=("cut",), status=500)
    colored = line_of(call, AT_S, COLORED)
    for code in (COLORED.faint, COLORED.name, COLORED.bad, COLORED.warning, COLORED.hint):
        assert code in colored
        colored = colored.replace(code, "")

    assert colored.replace(COLORED.end, "") == line_of(call, AT_S, PLAIN)


class Stream:
    """Something that is a terminal, or is not."""

    def __init__(self, *, is_terminal: bool) -> None:
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal


@pytest.mark.parametrize(
    ("choice", "environ", "colored"),
    [
        pytest.param("auto", {}, (True, False), id="a terminal"),
        pytest.param("auto", {"NO_COLOR": "1"}, (False, False), id="NO_COLOR"),
        pytest.param("auto", {"NO_COLOR": ""}, (True, False), id="NO_COLOR, empty"),
        pytest.param("auto", {"FORCE_COLOR": "1"}, (True, True), id="FORCE_COLOR"),
        pytest.param("auto", {"FORCE_COLOR": "0"}, (False, False), id="FORCE_COLOR=0"),
        pytest.param("auto", {"CLICOLOR_FORCE": "1"}, (True, True), id="CLICOLOR_FORCE"),
        pytest.param("auto", {"CLICOLOR": "0"}, (False, False), id="CLICOLOR=0"),
        pytest.param("auto", {"TERM": "dumb"}, (False, False), id="a dumb terminal"),
        pytest.param("auto", {"NO_COLOR": "1", "FORCE_COLOR": "1"}, (False, False), id="both"),
        pytest.param("always", {"NO_COLOR": "1"}, (True, True), id="always"),
        pytest.param("never", {"FORCE_COLOR": "1"}, (False, False), id="never"),
    ],
)
def test_colors_are_for_terminals_and_for_who_wants_them(
    choice: Any, environ: dict[str, str], colored: tuple[bool, bool]
) -> None:
    for is_terminal, wanted in zip((True, False), colored, strict=True):
        styles = styles_of(choice, Stream(is_terminal=is_terminal), environ)
        assert styles == (COLORED if wanted else PLAIN)


# --- JSON ----------------------------------------------------------------------------------------


def test_a_program_reads_each_member_of_a_call() -> None:
    call = told(stream=True, measured=measured(312.5, 1_240, late_ms=3.25), planned_ms=1_200.0)
    call.failures, call.notes, call.hint = ("disconnect",), ("Look.",), "Look."

    assert json.loads(json_line_of(call, AT_S)) == {
        "time": "2025-12-01T00:00:00.250Z",
        "session": "default",
        "number": 7,
        "serial": 9,
        "method": "POST",
        "path": "/v1/chat/completions",
        "provider": "openai",
        "endpoint": "chat.completions",
        "model": "gpt-4o-mini",
        "stream": True,
        "words": "What is the weather?",
        "rule": "weather",
        "status": 200,
        "error_code": None,
        "outcome": "sent",
        "prompt_tokens": 12,
        "completion_tokens": 48,
        "exact": True,
        "first_token_ms": 312.5,
        "total_ms": 1_240,
        "late_ms": 3.25,
        "planned_first_token_ms": None,
        "planned_ms": 1_200,
        "failures": ["disconnect"],
        "no_effect": [],
        "attempt": 1,
        "client_left_after_tokens": None,
        "forwarded": None,
        "is_unmatched": False,
        "is_unsupported": False,
        "is_late": False,
        "near_misses": [],
        "unoffered": [],
        "off_schema": [],
        "hint": "Look.",
        "notes": ["Look."],
    }


def test_all_members_are_there_when_nothing_is_known() -> None:
    bare = Call(1, 0.0, "GET", "/", "openai")

    assert json.loads(json_line_of(bare, 0)).keys() == json.loads(json_line_of(told(), 0)).keys()


def test_a_message_is_a_line_of_json_too() -> None:
    line = message_line_of("ERROR", "two\nlines \x7f", AT_S)

    assert line.isprintable()
    assert json.loads(line) == {
        "time": "2025-12-01T00:00:00.250Z",
        "level": "error",
        "message": "two\nlines \x7f",
    }


# --- What was asked ------------------------------------------------------------------------------


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


CALLING: Final = {
    "role": "assistant",
    "content": None,
    "tool_calls": [
        {"id": name, "type": "function", "function": {"name": "f", "arguments": "{}"}}
        for name in "ab"
    ],
}
RESULTS: Final = [
    {"role": "tool", "tool_call_id": name, "content": f"result {name}"} for name in "ab"
]
IMAGE: Final = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
CHATS: Final = "/v1/chat/completions"


@pytest.mark.parametrize(
    ("path", "asked", "words"),
    [
        pytest.param(CHATS, [user("Hi"), user("And?")], "And?", id="the last user turn"),
        pytest.param(
            CHATS,
            [user("Hi"), {"role": "assistant", "content": "Well"}],
            "Hi",
            id="a turn that the model goes on with",
        ),
        pytest.param(
            CHATS, [user("Hi"), CALLING, *RESULTS], "[2 tool results] result a", id="tools"
        ),
        pytest.param(CHATS, [user([IMAGE])], "[image]", id="an image alone"),
        pytest.param(CHATS, [{"role": "system", "content": "Be."}], "Be.", id="no user"),
        pytest.param(CHATS, [user("x" * 200)], "x" * 80, id="a long one"),
        pytest.param("/v1/responses", "Tell me", "Tell me", id="a response"),
        pytest.param("/v1/completions", "Once", "Once", id="a prompt"),
        pytest.param("/v1/embeddings", ["one", "two"], "one", id="embeddings"),
        pytest.param("/v1/moderations", "bad", "bad", id="moderations"),
    ],
)
@pytest.mark.parametrize("fate", ["answered", "refused"])
def test_the_words_of_a_call_are_what_was_asked_last(
    path: str, asked: Any, words: str, fate: str
) -> None:
    models = {
        "/v1/completions": "gpt-3.5-turbo-instruct",
        "/v1/embeddings": "text-embedding-3-small",
        "/v1/moderations": "omni-moderation-latest",
    }
    name = {CHATS: "messages", "/v1/completions": "prompt"}.get(path, "input")
    model = "no-such-model" if fate == "refused" else models.get(path, "gpt-4o-mini")
    answered = Api().post(path, {"model": model, name: asked})

    assert (answered.status >= 400) == (fate == "refused")
    assert answered.call.words == words
    assert call_record(answered.call, bodies=False).words == words


def test_a_refused_key_leaves_the_words_of_its_request() -> None:
    body = {"model": "gpt-4o-mini", "messages": [user("Hi")]}

    assert Api().post(CHATS, body, key=None).call.words == "Hi"


@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/none", "/v1/threads"])
def test_a_call_that_asks_no_model_has_no_words(path: str) -> None:
    assert Api().get(path).call.words is None


def test_a_large_body_that_was_refused_is_not_read_again() -> None:
    body = {"model": "no-such-model", "messages": [user("x" * 300_000)]}

    assert Api().post(CHATS, body).call.words is None


def test_what_a_scenario_names_as_secret_is_not_shown() -> None:
    api = Api("redact: ['customer [0-9]+']\nrules: [{reply: Hi}]")

    assert api.chat("I am customer 4711").call.words is None
    assert api.chat("I am customer 4711", temperature=9).call.words is None


def test_words_that_are_spelled_as_tokens_are_redacted_too() -> None:
    # cl100k_base has a token for each visible character of ASCII, in their order.
    coded = [ord(character) - ord("!") for character in f"Key:{SECRETS[0]}"]
    body = {"model": "text-embedding-3-small", "input": [coded]}
    words = Api().post("/v1/embeddings", body).call.words

    assert words is not None
    assert words.startswith("Key:[redacted ")


@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: planted.where)
@pytest.mark.parametrize("spelling", ["plain", "escaped"])
def test_no_secret_is_in_the_line_of_a_call(planted: Any, spelling: str) -> None:
    body = planted.body
    if spelling == "escaped" and body.startswith(b"{"):
        spelled = json.dumps(json.loads(body))
        for secret in planted.secrets:
            spelled = spelled.replace(secret, "".join(rf"\u{ord(one):04x}" for one in secret))
        body = spelled.encode()
    sent = replace(planted, body=body)
    call = Api().send("POST", sent.path, sent.body, headers=sent.headers).call
    lines = line_of(call, AT_S) + json_line_of(call, AT_S)

    assert [secret for secret in planted.secrets if secret in lines] == []
