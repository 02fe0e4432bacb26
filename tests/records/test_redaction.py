"""No secret is kept, and nothing else is lost."""

import json
import re
import string
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.planted import AZURE, BASIC, JWT, OPENAI, PASSWORD, SECRETS

from mockserver.records.redaction import (
    beginning,
    fingerprint,
    mark,
    redact,
    redact_headers,
    redact_known,
    redact_query,
    redact_text,
)
from mockserver.records.secret_looks import SLICE, is_placeholder

KEY_LETTERS = string.ascii_letters + string.digits
drawn_keys = st.text(KEY_LETTERS, min_size=24, max_size=60).filter(
    lambda text: re.search("[0-9]", text) is not None
)
prefixes = st.sampled_from(
    [
        "sk-",
        "sk-proj-",
        "sk-ant-api03-",
        "sk-or-v1-",
        "xai-",
        "pplx-",
        "ghp_",
        "hf_",
        "gsk_",
        "vck_",
    ]
)
surroundings = st.text().filter(lambda text: not re.search(r"[A-Za-z0-9_\\-]\Z", text))
followers = st.text().filter(lambda text: not re.match(r"[A-Za-z0-9_-]", text))


@given(prefixes, drawn_keys, surroundings, followers)
def test_a_key_is_taken_out_of_any_json(prefix: str, rest: str, before: str, after: str) -> None:
    body = json.dumps({"text": f"{before}{prefix}{rest}{after}"}).encode()

    redacted = redact(body)

    assert rest.encode() not in redacted
    assert mark(prefix + rest) in json.loads(redacted)["text"]


@given(
    st.text(alphabet=st.characters(exclude_characters="\0"), min_size=1).filter(
        lambda value: not is_placeholder(value)
    )
)
def test_the_value_of_a_secret_member_is_taken_out_and_json_stays_json(value: str) -> None:
    inner = json.dumps({"password": value, "kept": 1})
    body = json.dumps({"api_key": value, "arguments": inner, "kept": [2]}).encode()

    read = json.loads(redact(body))

    assert read["kept"] == [2]
    assert read["api_key"].startswith("[redacted ")
    assert read["arguments"].count("[redacted ") == 1


@given(st.binary())
@example(b"\0\0\x80")
@example(b"\0\0\0\0")
def test_any_bytes_can_be_looked_through(content: bytes) -> None:
    assert redact(redact(content)) == redact(content)


@pytest.mark.parametrize(
    "text",
    [
        "A task-based, risk-free approach to disk-image handling and ask-me-anything",
        "sk-learn-contrib is a package; so is scikit-learn",
        "The bearer of this letter; bearer capabilities in general",
        "monkey: keyboard = turkey; the secret: perseverance",
        '{"max_tokens": 1234567890, "tokens": [1, 2], "key": "value", "token": "abc"}',
        '{"type":"object","properties":{"api_key":{"type":"string"}},"required":["api_key"]}',
        "see docs/get_current_weather_and_more.md and gpt-4o-mini-2024-07-18",
        "550e8400-e29b-41d4-a716-446655440000 chatcmpl-AbCdEfGhIjKlMnOpQrStUvWxYz012",
        "https://example.com/?q=key&page=2",
        "eyJ alone is no token, nor is eyJhbGciOiJIUzI1NiJ9",
    ],
)
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert redact_text(text) == text


def test_what_has_no_secret_is_the_same_object() -> None:
    body = b'{"model": "gpt-4o", "messages": []}'

    assert redact(body) is body


def test_a_mark_tells_secrets_apart_and_finds_the_same_again() -> None:
    first, again = redact_text(f"a {OPENAI} b"), redact_text(f"{OPENAI}!")

    assert fingerprint(OPENAI) in first
    assert fingerprint(OPENAI) in again
    assert fingerprint(OPENAI) != fingerprint(OPENAI[:-1])


def test_headers_keep_their_scheme_and_lose_their_secret() -> None:
    kept, secrets = redact_headers([("Authorization", f"Bearer {AZURE}"), ("X-Plain", "yes")])

    assert kept == {"authorization": f"Bearer {mark(AZURE)}", "x-plain": "yes"}
    assert secrets == (AZURE.encode(),)


def test_of_two_headers_of_a_name_both_secrets_are_known() -> None:
    kept, secrets = redact_headers([("api-key", "first-one"), ("Api-Key", "second-one")])

    assert kept == {"api-key": mark("first-one")}
    assert secrets == (b"first-one", b"second-one")


def test_a_query_keeps_what_is_no_secret_as_it_was_sent() -> None:
    query, secrets = redact_query(f"api-version=2024-10-21&api-key={AZURE}&empty&x=%20")

    assert query == f"api-version=2024-10-21&api-key={mark(AZURE)}&empty&x=%20"
    assert secrets == (AZURE.encode(),)


@pytest.mark.parametrize("secret", SECRETS)
def test_no_planted_secret_stays_in_a_query_whatever_its_spelling(secret: str) -> None:
    query, _ = redact_query(f"key={quote(secret, '')}")

    assert secret not in query
    assert quote(secret, "") not in query


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"Authorization: Basic {BASIC}", id="basic"),
        pytest.param(f"password={PASSWORD.replace(' ', '-')}-1", id="a variable"),
        pytest.param(f"token {JWT}", id="a JSON Web Token"),
        pytest.param(
            "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA\n-----END RSA PRIVATE KEY-----",
            id="a private key",
        ),
    ],
)
def test_secrets_in_running_text_are_taken_out(text: str) -> None:
    redacted = redact_text(text)

    assert "[redacted " in redacted
    assert text.rsplit(maxsplit=1)[-1] not in redacted


@pytest.mark.parametrize(
    "unit",
    [
        *("\\", "eyJ", '\\"api_key\\":\\"', '"api_key":"', "sk-", "-----BEGIN PRIVATE KEY-----"),
        *("password='", "bearer ", "_a", '\\"api_key', "-eyJaaaaa", "secret", "key = ", "%20"),
    ],
)
def test_no_text_takes_more_than_its_length_in_time(unit: str) -> None:
    # Were the time quadratic, this would take hours.
    redact((unit * (500_000 // len(unit))).encode())


# --- F2: the structure stays ------------------------------------------------------------------

PRIVATE = "-----BEGIN " + "PRIVATE KEY-----"
KEYED = json.dumps({"messages": [{"content": OPENAI}, {"content": "and on"}], "n": 12345678})


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(f'{{"a": "{PRIVATE}", "b": "x", "c": [1, "y"]}}', id="F2 a mentioned header"),
        pytest.param(
            json.dumps({"arguments": '{"user": "ada", "password": "hun', "next": {"a": "b"}}),
            id="F2 cut arguments",
        ),
        pytest.param(json.dumps({"a": '"password": "', "b": "kept"}), id="F2 a cut member"),
        pytest.param(json.dumps(['api_key="', 'x"', "end"]), id="F2 a quote at the end"),
        pytest.param(json.dumps({"password": {"type": "string"}, "api_key": 5}), id="F2 no texts"),
        pytest.param(json.dumps({"password": ["a", None]}), id="F2 a list"),
        pytest.param('{"password": "a\\u0022b", "b": 1e999, "c": "\\ud800"}', id="F2 odd JSON"),
        pytest.param('{"password": "x", "password": "y", "n": NaN}', id="F2 names that come twice"),
        pytest.param(json.dumps({f"{OPENAI}": 1, "b": 2}), id="F2 a secret for a name"),
        pytest.param(f' [\n"{OPENAI}" , true ] \n', id="F2 white space"),
        pytest.param(json.dumps("Authorization: Bearer abc12345defg"), id="F2 a text alone"),
    ],
)
def test_redaction_keeps_the_structure_that_was_sent(body: str) -> None:
    def without_texts(content: str) -> str:
        return re.sub(r'"(\\.|[^"\\])*"', '""', content)

    redacted = redact(body.encode())

    json.loads(redacted)
    assert without_texts(redacted.decode()) == without_texts(body)


@pytest.mark.parametrize(
    "secret",
    [
        "12345678",
        "messages",
        "assistant",
        "content",
        '"content":',
        "}, {",
        "null, 12",
        'sk-a/b\\c"d9',
    ],
)
def test_a_secret_of_the_headers_is_looked_for_in_texts_alone(secret: str) -> None:
    """F2: a key that is equal to a number, to a name, or to what stands between texts."""
    value = {"messages": [{"role": "assistant", "content": f"see {secret}"}], "seed": 12345678}
    redacted = json.loads(redact_known(json.dumps(value).encode(), [secret.encode()]))

    assert redacted["seed"] == 12345678
    assert redacted["messages"][0]["role"] == "assistant"
    shown = secret if secret.isalpha() or len(secret) < 8 else mark(secret)
    assert redacted["messages"][0]["content"] == f"see {shown}"


@pytest.mark.parametrize(
    "body", [b"password=hunter2&a=b", b'not json "password": "hunter2', b"\xff\xfe and more"]
)
def test_a_body_that_is_no_json_keeps_the_rest(body: bytes) -> None:
    redacted = redact(body)

    assert b"hunter2" not in redacted
    assert redacted[:8] == body[:8]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32-be"])
def test_json_in_a_wide_encoding_is_searched_too(encoding: str) -> None:
    assert json.loads(redact(KEYED.encode(encoding))) == json.loads(redact(KEYED.encode()))
    assert OPENAI not in redact(KEYED.encode(encoding)).decode()


# --- F3: first redacted, then cut -------------------------------------------------------------


def test_a_text_is_redacted_before_it_is_cut() -> None:
    for length in range(len(OPENAI) + 20):
        assert OPENAI[:12] not in beginning(f"my key: {OPENAI} and on", length)


def test_the_beginning_of_a_known_secret_is_known_where_a_text_was_cut() -> None:
    for length in range(8, len(AZURE)):
        for end in ("", "…"):
            assert redact_text(f"key {AZURE[:length]}{end}", [AZURE.encode()]).startswith(
                "key [red"
            )
    assert redact_text(f"key {AZURE[:8]}, and on", [AZURE.encode()]) == f"key {AZURE[:8]}, and on"


# --- F14: in slices ---------------------------------------------------------------------------


@pytest.mark.parametrize("secret", [OPENAI, JWT, "password=hunter2", f"Bearer {AZURE}"])
def test_a_secret_between_two_slices_is_found(secret: str) -> None:
    """F14: long texts are searched slice by slice, so that no search holds the interpreter."""
    for shift in range(-len(secret) - 2, 3):
        start = SLICE + shift
        text = "a b " * (start // 4) + " " * (start % 4) + secret + " the end" + " c d" * SLICE

        assert redact_text(text).count("[redacted ") == 1
