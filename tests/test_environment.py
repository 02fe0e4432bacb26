"""The variables by which clients find the server."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.cli import main
from mockserver.environment import variables, written

URL = "http://127.0.0.1:8089"


def test_each_provider_has_its_own_base_url() -> None:
    found = variables(URL, session="a b")
    root = f"{URL}/s/a%20b"

    assert {name: value for name, value in found.items() if value.startswith("http")} == {
        "OPENAI_BASE_URL": f"{root}/v1",
        "OPENAI_API_BASE": f"{root}/v1",
        "AZURE_OPENAI_ENDPOINT": root,
        "AZURE_API_BASE": root,
        "OPENROUTER_API_BASE": f"{root}/api/v1",
        "VERCEL_AI_GATEWAY_API_BASE": f"{root}/vercel_gateway/v1",
        "AIML_API_BASE": f"{root}/aiml/v1",
        "MOCKSERVER_URL": URL,
    }


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ("", "127.0.0.1,localhost,::1"),
        ("internal.example, localhost", "internal.example,localhost,127.0.0.1,::1"),
        ("*", "*"),
    ],
)
def test_no_proxy_is_added_to(known: str, expected: str) -> None:
    found = variables(URL, no_proxy=known)

    assert found["NO_PROXY"] == found["no_proxy"] == expected


def test_a_server_elsewhere_is_reached_without_a_proxy_too() -> None:
    assert variables("http://mock:8089")["NO_PROXY"].endswith(",mock")


def test_an_authority_to_trust_is_named_as_each_client_wants_it() -> None:
    found = variables("https://127.0.0.1:1", ca_file="/tmp/ca.pem")

    assert [name for name, value in found.items() if value == "/tmp/ca.pem"] == [
        "SSL_CERT_FILE",
        "REQUESTS_CA_BUNDLE",
        "NODE_EXTRA_CA_CERTS",
    ]


@pytest.mark.system
@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20))
def test_a_shell_reads_back_what_was_written(value: str) -> None:
    lines = written({"X_Y": value}, "shell")
    shown = subprocess.run(
        ["sh", "-c", f'{lines}\nprintf %s "$X_Y"'], capture_output=True, text=True, check=True
    )

    assert shown.stdout == value


def test_the_command_prints_each_format(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "a b")
    first_lines: list[str] = []
    last_lines: list[str] = []
    for form in ("shell", "dotenv", "github"):
        assert main(["env", "--url", URL, "--format", form]) == 0
        out = capsys.readouterr().out.splitlines()
        first_lines.append(out[0])
        last_lines.append(out[-1])

    assert first_lines == [
        f"export OPENAI_BASE_URL={URL}/v1",
        f"OPENAI_BASE_URL={URL}/v1",
        f"OPENAI_BASE_URL={URL}/v1",
    ]
    assert last_lines == [
        "export no_proxy='a b,127.0.0.1,localhost,::1'",
        'no_proxy="a b,127.0.0.1,localhost,::1"',
        "no_proxy=a b,127.0.0.1,localhost,::1",
    ]


def test_explain_tells_the_reading_rule_by_rule(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    scenario = tmp_path / "s.yaml"
    scenario.write_text(
        "version: 1\nrules:\n"
        "  - {name: other, when: {last_user: Ho}, reply: '-'}\n"
        "  - {name: hello, when: {last_user: Hi}, reply: Hello.}\n"
        "  - {name: rest, reply: '-'}\n"
    )
    request = tmp_path / "request.json"
    request.write_text('{"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}')

    assert main(["explain", str(request), "--scenario", str(scenario)]) == 0
    assert capsys.readouterr().out == (
        "rule 'hello' answers: text\n"
        "  other  differs   last_user is 'Hi', the rule wants 'Ho'\n"
        "  hello  answers\n"
        "  rest   not read\n"
    )
