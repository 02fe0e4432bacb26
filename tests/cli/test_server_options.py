"""Where commands find a running server, and the token of its control API."""

import argparse
from collections.abc import Mapping, Sequence
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.cli import main, remote
from mockserver.client.control import Control
from mockserver.control.guard import drawn_token
from mockserver.errors import UsageError

VARIABLES = ("MOCKSERVER_URL", "MOCKSERVER_CONTROL_TOKEN")
ROOT = "http://mock.test:8089"


@pytest.fixture(autouse=True)
def _no_server_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def found(arguments: Sequence[str]) -> Control:
    parser = argparse.ArgumentParser()
    remote.add_server_options(parser)
    return remote.control_of(parser.parse_args(arguments))


def token_of(control: Control) -> str:
    return control.target.headers().get("authorization", "").removeprefix("Bearer ")


@pytest.mark.parametrize(
    ("environment", "arguments", "expected"),
    [
        pytest.param({}, [], ("http://127.0.0.1:8089", ""), id="nothing is said"),
        pytest.param(
            {"MOCKSERVER_URL": ROOT, "MOCKSERVER_CONTROL_TOKEN": "of-the-shell"},
            [],
            (ROOT, "of-the-shell"),
            id="by the environment",
        ),
        pytest.param(
            {"MOCKSERVER_URL": ROOT, "MOCKSERVER_CONTROL_TOKEN": "of-the-shell"},
            ["--url", "https://other.test", "--token", "stated"],
            ("https://other.test", "stated"),
            id="options win",
        ),
        pytest.param(
            {"MOCKSERVER_CONTROL_TOKEN": "of-the-shell"},
            ["--url", ROOT],
            (ROOT, "of-the-shell"),
            id="each for itself",
        ),
        pytest.param(
            {"MOCKSERVER_URL": "", "MOCKSERVER_CONTROL_TOKEN": ""},
            [],
            ("http://127.0.0.1:8089", ""),
            id="an empty variable is not set",
        ),
    ],
)
def test_options_win_over_the_environment(
    monkeypatch: pytest.MonkeyPatch,
    environment: Mapping[str, str],
    arguments: Sequence[str],
    expected: tuple[str, str],
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    control = found(arguments)

    assert (control.url, token_of(control)) == expected


def test_the_client_itself_reads_no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOCKSERVER_URL", "http://other.test")
    monkeypatch.setenv("MOCKSERVER_CONTROL_TOKEN", "of-the-shell")

    control = Control()

    assert (control.url, token_of(control)) == ("http://127.0.0.1:8089", "")


@pytest.mark.parametrize("copied", ["", "/", "/v1", "/v1/", "/_mock", "/_mock/"])
def test_an_address_may_be_copied_with_the_path_of_an_api(
    monkeypatch: pytest.MonkeyPatch, copied: str
) -> None:
    monkeypatch.setenv("MOCKSERVER_URL", ROOT + copied)

    assert found([]).url == Control(ROOT + copied).url == ROOT


@pytest.mark.parametrize(
    ("address", "message"),
    [
        (f"{ROOT}/s/check%20out/v1", f"write {ROOT}, and name the session 'check out' separately"),
        (f"{ROOT}/s/checkout", f"write {ROOT}, and name the session 'checkout' separately"),
        (f"{ROOT}/proxy/mock", f"is not the root address of a server: write {ROOT}"),
        (f"{ROOT}/?x=1", f"is not the root address of a server: write {ROOT}"),
        ("mock.test:8089", "is not the address of a server: write it like http://127.0.0.1:8089"),
    ],
)
@pytest.mark.parametrize("named_by", ["$MOCKSERVER_URL", "--url"])
def test_an_address_that_names_another_place_is_refused_with_the_right_one(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    address: str,
    message: str,
    named_by: str,
) -> None:
    monkeypatch.setenv("MOCKSERVER_URL", address)

    code = main(["report", "--url", address] if named_by == "--url" else ["report"])

    complaint = capsys.readouterr().err
    assert code == 2
    assert complaint.startswith(f"mockserver: {named_by}: ")
    assert message in complaint


@given(st.text(max_size=40))
def test_whatever_stands_for_an_address_is_a_root_or_refused(url: str) -> None:
    with suppress(UsageError):
        root = Control(url).url
        assert Control(root).url == root


def test_the_variables_name_the_token_only_where_asked(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["env", "--format", "github"]) == 0
    without = capsys.readouterr().out
    assert main(["env", "--format", "github", "--token", "of-this-run"]) == 0
    lines = capsys.readouterr().out.splitlines()

    assert "MOCKSERVER_CONTROL_TOKEN" not in without
    assert "MOCKSERVER_CONTROL_TOKEN=of-this-run" in lines


def test_the_variables_are_those_of_the_server_that_the_environment_names(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MOCKSERVER_URL", f"{ROOT}/v1/")

    assert main(["env", "--format", "github"]) == 0
    assert f"OPENAI_BASE_URL={ROOT}/v1" in capsys.readouterr().out.splitlines()


def test_drawn_tokens_are_one_word_of_digits_and_letters() -> None:
    drawn = {drawn_token() for _ in range(1_000)}

    assert len(drawn) == 1_000
    assert all(token.isalnum() and token.isascii() and len(token) == 32 for token in drawn)
