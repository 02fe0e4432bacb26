"""F10 and F18: what is a secret is taken out, and what only looks like one stays.

The secrets are made up, and put together here from parts, so that no scanner takes them for real.
"""

import base64
import json
import random
import string

import pytest

from mockserver.records.redaction import mark, redact, redact_text
from mockserver.records.secret_looks import KEY_FORMS, looks_drawn

RANDOM = random.Random(14)
ALNUM = string.ascii_letters + string.digits


def drawn(length: int, alphabet: str = ALNUM) -> str:
    """Return a made-up text that looks drawn by lot: it has letters and digits."""
    while True:
        text = "".join(RANDOM.choice(alphabet) for _ in range(length))
        if looks_drawn(text):
            return text


HEX = "0123456789abcdef"
UPPER = string.ascii_uppercase + "234567"
TOKEN = ALNUM + "_-"
JWT = ".".join(
    base64.urlsafe_b64encode(part.encode()).decode().rstrip("=")
    for part in ('{"alg":"HS256"}', '{"sub":"ada","n":7}', drawn(24))
)
PEM = "\n".join(
    (
        "-----BEGIN RSA " + "PRIVATE KEY-----",
        *(drawn(64) for _ in range(3)),
        "-----END RSA " + "PRIVATE KEY-----",
    )
)

BY_PREFIX = [
    "sk" + "-" + drawn(48),
    "sk" + "-proj-" + drawn(60, TOKEN),
    "sk" + "-svcacct-" + drawn(60, TOKEN),
    "sk" + "-admin-" + drawn(40, TOKEN),
    "sk" + "-ant-api03-" + drawn(60, TOKEN),
    "sk" + "-ant-oat01-" + drawn(60, TOKEN),
    "sk" + "-or-v1-" + drawn(64, HEX),
    "sk" + "-lf-" + "-".join((drawn(8, HEX), "4f1b", "41d2", "a716", drawn(12, HEX))),
    "gsk" + "_" + drawn(52),
    "AI" + "za" + drawn(35),
    "hf" + "_" + drawn(34),
    "r8" + "_" + drawn(37),
    "nvapi" + "-" + drawn(64, TOKEN),
    "pplx" + "-" + drawn(48),
    "csk" + "-" + drawn(48),
    "xai" + "-" + drawn(80),
    "jina" + "_" + drawn(60),
    "pcsk" + "_" + drawn(40) + "_" + drawn(20),
    "fw" + "_" + drawn(24),
    "tgp" + "_v1_" + drawn(43),
    "vck" + "_" + drawn(24),
    "tvly" + "-" + drawn(32),
    "lsv2" + "_pt_" + drawn(32, HEX) + "_" + drawn(10, HEX),
    "lsv2" + "_sk_" + drawn(32, HEX),
    "ghp" + "_" + drawn(36),
    "gho" + "_" + drawn(36),
    "ghs" + "_" + drawn(36),
    "github" + "_pat_" + drawn(22) + "_" + drawn(59),
    "glpat" + "-" + drawn(20, TOKEN),
    "pypi" + "-" + "AgEIcHlwaS5vcmc" + drawn(70),
    "npm" + "_" + drawn(36),
    "dckr" + "_pat_" + drawn(27),
    "AK" + "IA" + drawn(16, UPPER),
    "AS" + "IA" + drawn(16, UPPER),
    "ya" + "29." + drawn(60, TOKEN),
    "GOCSPX" + "-" + drawn(28),
    "dop" + "_v1_" + drawn(64, HEX),
    "shpat" + "_" + drawn(32, HEX),
    "SG" + "." + drawn(22) + "." + drawn(43),
    "sk" + "_live_" + drawn(24),
    "rk" + "_live_" + drawn(24),
    "whsec" + "_" + drawn(32),
    "xoxb" + "-" + "-".join(("123456789012", drawn(24))),
    "xapp" + "-1-A01-" + drawn(40),
    "hvs" + "." + drawn(24),
    "glsa" + "_" + drawn(32) + "_" + drawn(8, HEX),
    "sntrys" + "_" + drawn(60),
    "lin" + "_api_" + drawn(40),
    "figd" + "_" + drawn(40),
    "ntn" + "_" + drawn(46),
    "PMAK" + "-" + drawn(24, HEX) + "-" + drawn(34, HEX),
    "dapi" + drawn(32, HEX),
    "SK" + drawn(32, HEX),
    "tskey" + "-auth-" + drawn(24),
    "sbp" + "_" + drawn(40, HEX),
    JWT,
    # Keys as people make them up for tests.
    "sk" + "-1234567890abcdef1234567890abcdef",
    "hf" + "_abcdefghijklmnopqrstuvwxyz0123456789",
]
AZURE = drawn(44) + "=="
HIDDEN = drawn(32, HEX)
AWS = "wJalrXUtnFEMI/" + "K7MDENG/bPxRfiCYzzzzzzzzKEY"
IN_CONTEXT = [
    pytest.param(
        f"AccountKey={AZURE};EndpointSuffix=core.windows.net", AZURE, id="storage account"
    ),
    pytest.param(f"SharedAccessKey={AZURE}", AZURE, id="service bus"),
    pytest.param("postgres://ada:lovelace-1815@db.example.com/x", "lovelace-1815", id="postgres"),
    pytest.param("redis://:s3cr3t@localhost:6379/0", "s3cr3t", id="no user name"),
    pytest.param("https://ada:correct%20horse@example.com/", "correct%20horse", id="https"),
    pytest.param("mongodb+srv://u:p4ss,word!@c.example.net", "p4ss,word!", id="mongodb"),
    pytest.param(f"https://example.com/v1?key={HIDDEN}&q=1", HIDDEN, id="key in a query"),
    pytest.param(f"https://x.blob.core.windows.net/c?sv=2024&sig={HIDDEN}", HIDDEN, id="sig"),
    pytest.param(f"OPENAI_API_KEY={HIDDEN}", HIDDEN, id="a variable"),
    pytest.param(f"export ANTHROPIC_API_KEY='{HIDDEN}'", HIDDEN, id="a variable in quotes"),
    pytest.param(f'api_key = "{HIDDEN}"', HIDDEN, id="an assignment"),
    pytest.param(f"curl -H 'api-key: {HIDDEN}' https://example.com", HIDDEN, id="curl"),
    pytest.param(f"x-api-key: {HIDDEN}", HIDDEN, id="a header"),
    pytest.param(f"Authorization: Bearer {HIDDEN}", HIDDEN, id="bearer"),
    pytest.param(
        "Authorization: Basic " + base64.b64encode(b"ada:lovelace").decode(),
        base64.b64encode(b"ada:lovelace").decode(),
        id="basic",
    ),
    pytest.param("the token is Bearer q7Zt2/x9+Lm4==", "q7Zt2/x9+Lm4==", id="a short bearer"),
    pytest.param("DB_PASSWORD=hunter2", "hunter2", id="a short password"),
    pytest.param("password: Tr0ub4dor&3", "Tr0ub4dor&3", id="a password with a sign"),
    pytest.param("PGPASSWORD=s3cr3t-pw psql", "s3cr3t-pw", id="a password before a command"),
    pytest.param("{'password': 'hunter2'}", "hunter2", id="a dict of Python"),
    pytest.param('{"password": "hun', "hun", id="cut JSON"),
    pytest.param('{"user": "ada", "api_key": "abc', "abc", id="cut JSON, a key"),
    pytest.param('{"a": "{\\"client_secret\\": \\"hush\\"}"}', "hush", id="JSON in JSON"),
    pytest.param(f"AWS_SECRET_ACCESS_KEY={AWS}", AWS, id="secret access key"),
    pytest.param(
        "api_key: 550e8400-e29b-41d4-a716-446655440000",
        "550e8400-e29b-41d4-a716-446655440000",
        id="a UUID for a key",
    ),
    pytest.param(f"refresh_token={drawn(40)}&grant_type=refresh", "", id="a form"),
    pytest.param(f"client_secret: {drawn(32)}", "", id="a client's secret"),
]

HARMLESS = [
    "use hf_hub_download_parallel_v2 here",
    "npm_package_config_registry_url2",
    "sk-learn-is-a-library-1",
    "xai-company-product-launch-2025",
    "pk-2024-inventory-list-1",
    "authorization: bearer credentials",
    "bearer AuthenticationMiddlewareFactory",
    "apikey = config.get_api_key_v1()",
    "passwd=/etc/passwd1",
    "sk-SK-locale-2024-01-01",
    "refresh_token: rotated-every-24-hours",
    "password: string",
    "password: str = Field(min_length=12)",
    'password = os.environ["DB_PASSWORD_1"]',
    "password = getpass()",
    "api_key=${OPENAI_API_KEY_2}",
    "api_key: <your-key-1>",
    "OPENAI_API_KEY=your-api-key-here-1",
    "password=********",
    "api_key = settings.openai.api_key_v2",
    "token = tokenizer.encode(text2)",
    "A task-based, risk-free approach to disk-image-handling-2024",
    "sk-learn-contrib",
    "scikit-learn",
    "The bearer of this letter; bearer capabilities in general",
    "bearer token2 or bearer tokens",
    "monkey: keyboard1 = turkey; the secret: perseverance",
    "the key=value pairs of step 12",
    '{"max_tokens": 1234567890, "tokens": [1, 2], "key": "value", "token": "abc"}',
    '{"type":"object","properties":{"api_key":{"type":"string"}},"required":["api_key"]}',
    '{"password": "string", "api_key": "string"}',
    '{"password": {"type": "string", "minLength": 8}}',
    "see docs/get_current_weather_and_more.md and gpt-4o-mini-2024-07-18",
    "text-embedding-3-large",
    "550e8400-e29b-41d4-a716-446655440000",
    "chatcmpl-AbCdEfGhIjKlMnOpQrStUvWxYz012",
    "commit a641718f0c9d6a1d2b5e8f7c3a4b9d0e1f2a3b4c",
    "sha256:" + "9f86d081884c7d659a2feaa0c55ad015" * 2,
    "https://example.com/?q=key&page=2",
    "eyJ alone is no token, nor is eyJhbGciOiJIUzI1NiJ9",
    "http://localhost:8080/@ada/posts",
    "git@github.com:org/repo.git",
    "mailto:ada@example.com",
    "postgres://user:password@localhost/db",
    "postgres://user:<password>@host/db",
    "https://user:${PW}@host",
    "which files hold -----BEGIN PRIVATE KEY----- lines?",
    "-----BEGIN CERTIFICATE-----",
    "between -----BEGIN PRIVATE KEY----- and -----END PRIVATE KEY-----",
    "AKIA is how they begin",
    "ghp_ and gho_ are prefixes",
    "hf_transfer and hf_xet",
    "sk_buff_alloc_skb_with_frags_2",
    "r8_unorm_srgb_2",
    "fw_update_manager_v2_final",
    "npm_config_user_agent",
    "glsa_config_loader_reads_files",
    "key-value-store-2",
    "call_abcdefghijklmnop123456",
    "toolu_01A09q90qw90lq917835lq9",
    "fn_get_current_weather_v2_metric",
    "req_011CSHoEeqs5C35K2UUqR7Fy",
    "SGML.and.other.languages.of.the.nineties",
    "SG.Com and ya29",
    "data:image/png;base64," + base64.b64encode(bytes(range(256)) * 8).decode(),
    base64.b64encode(b"a perfectly harmless sentence about the weather").decode(),
    "src/components/AuthenticationProvider/useAccessToken.test.tsx",
    "C:\\Users\\ada\\secrets2\\key1.txt",
    "password_reset_token_expiry_hours: 24",
    "the private key: never share it",
    "the api key: see page 12",
    "pa-system-and-other-long-hyphenated-words-of-2024",
    "fc-barcelona-2024-season-review-part-2",
    "secret_santa_gift_exchange_2024_list",
    "jina_embeddings_v3_small_en",
    "xoxo-and-many-hugs-2024",
    "session_token: issued-per-login",
    "AuthorizationCodeGrantWithPKCEAndRefreshTokens",
    "v1.2.3-beta.4",
    "C3PO and R2D2 met BB8 in 2024",
    "i18n-l10n-a11y-k8s",
    "utf8mb4_unicode_ci and x86_64-v3",
    "sk-ipping-over-lazy-dogs-4-fun",
    "cios and precious social audacious words",
    "dapiatory",
    "access_token: 3600 seconds",
    "the id_token: a JWT",
    "auth token: see RFC6750",
    "bearer: 2 of 3",
]


def test_the_tables_are_long_enough() -> None:
    assert len(BY_PREFIX) + len(IN_CONTEXT) >= 80
    assert len(HARMLESS) >= 60


@pytest.mark.parametrize("key", BY_PREFIX, ids=lambda key: f"F10 {key[:8]}")
@pytest.mark.parametrize(
    "around",
    ["{}", "my key: {}.", '{{"k": "{}"}}', "a={}&b", "line\n{}\nline", "({})", "key\\n{}\\n"],
)
def test_a_key_is_known_by_its_makers_prefix(key: str, around: str) -> None:
    text = around.format(key)

    assert redact_text(text) == around.format(mark(key))
    assert json.loads(redact(json.dumps([text]).encode())) == [around.format(mark(key))]


@pytest.mark.parametrize("key", BY_PREFIX, ids=lambda key: f"F10 {key[:8]}")
def test_a_key_is_known_in_base64_and_behind_escapes(key: str) -> None:
    escaped = "".join(f"\\u{ord(char):04x}" for char in key)
    body = f'{{"content": "it is {escaped}, really"}}'.encode()
    nested = json.dumps({"arguments": f'{{"k": "{escaped}"}}'}).encode()
    encoded = base64.b64encode(f"key {key}".encode()).decode()

    assert json.loads(redact(body)) == {"content": f"it is {mark(key)}, really"}
    assert json.loads(redact(nested)) == {"arguments": f'{{"k": "{mark(key)}"}}'}
    assert encoded.rstrip("=") not in redact_text(f"see {encoded}!")
    assert redact_text(f"see {encoded}!").startswith("see [redacted ")


@pytest.mark.parametrize(("text", "secret"), IN_CONTEXT)
def test_a_secret_is_known_by_what_stands_in_front_of_it(text: str, secret: str) -> None:
    redacted = redact_text(text)

    assert "[redacted " in redacted
    assert not secret or redacted == text.replace(secret, mark(secret))


def test_a_private_key_is_taken_out_whole_and_cut() -> None:
    for text in (PEM, PEM[:150], PEM.replace("\n", "\\n"), json.dumps(PEM), f"a {PEM} b"):
        redacted = redact_text(text)

        assert redacted.count("[redacted ") == 1
        assert PEM[40:70] not in redacted
    assert redact_text(f"a {PEM} b") == f"a {mark(PEM)} b"


@pytest.mark.parametrize("text", HARMLESS, ids=lambda text: f"F18 {text[:40]}")
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact_text(text) == text
    assert json.loads(redact(json.dumps({"content": text}).encode())) == {"content": text}


def test_each_form_of_a_key_has_a_source_and_finds_its_keys() -> None:
    alphabets = {"alnum": ALNUM, "hex": HEX, "upper": UPPER, "word": ALNUM, "token": ALNUM}
    for form in KEY_FORMS:
        key = form.prefix + drawn(
            form.exactly or max(form.least, 24), alphabets.get(form.of, ALNUM)
        )

        assert "." in form.source, form
        assert redact_text(f"use {key} now") == f"use {mark(key)} now", form
