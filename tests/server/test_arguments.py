"""What `MockServer`, its sessions, and the names of the package take, and how they refuse (T3)."""

import importlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import mockserver
from mockserver import (
    Control,
    MockServer,
    MockServerError,
    ScenarioError,
    UsageError,
    load_scenario,
    token_report,
)

HELLO = {"rules": [{"name": "hello", "reply": "Hi"}]}
DOWN = {"rules": [{"name": "down", "fail": 503}]}


def rules(server: MockServer, session: str = "default") -> list[str]:
    return [rule.name for rule in server.session(session).scenario.rules]


@pytest.mark.parametrize(
    ("scenarios", "expected"),
    [
        pytest.param((HELLO,), ["hello"], id="T3 a mapping"),
        pytest.param((DOWN, HELLO), ["down", "hello"], id="T3 two mappings"),
        pytest.param((DOWN, load_scenario(HELLO)), ["down", "hello"], id="and a scenario"),
        pytest.param(("version: 1\nrules: [{name: a, reply: x}]\n",), ["a"], id="T3 a file's text"),
        pytest.param((), [], id="nothing"),
    ],
)
def test_a_server_takes_scenarios_of_all_forms(scenarios: Any, expected: list[str]) -> None:
    assert rules(MockServer(*scenarios)) == expected


def test_a_session_takes_scenarios_of_its_own() -> None:
    server = MockServer(DOWN)

    session = server.session("a", HELLO, inherit=True, strict={"unmatched": True}, seed=3)

    assert [rule.name for rule in session.scenario.rules] == ["hello", "down"]  # T3
    assert (session.strict.unmatched, session.strict.late, session.seed) == (True, False, 3)
    assert server.session("a") is session
    assert rules(server, "other") == ["down"]
    with pytest.raises(UsageError, match="session 'a' already exists"):
        server.session("a", HELLO)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"port": "8000"}, "port='8000' is not a whole number"),
        ({"port": True}, "port=True is not a whole number"),
        ({"seed": "a"}, "seed='a' is not a whole number"),
        ({"time_scale": "0"}, "time_scale='0' is not a number"),
        ({"time_scale": -1}, "the time scale must be at least 0, not -1"),
        ({"host": None}, "host=None is not text"),
        ({"tls": True}, "tls=True is not a path"),
        ({"strict": "yes"}, "strict='yes': "),
        ({"strict": {"unmatch": True}}, "did you mean 'unmatched'?"),
        ({"scenario": HELLO}, "scenarios come first, without a name"),
        ({"rules": []}, "scenarios come first, without a name"),
        (
            {"timescale": 0},
            "MockServer(…) has no argument 'timescale'\n  did you mean 'time_scale'?",
        ),
        ({"frobnicate": 0}, "known: host, port, seed"),
    ],
)
def test_a_server_refuses_arguments_in_a_line(arguments: Any, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        MockServer(**arguments)

    assert message in str(caught.value)  # T3


def test_a_folder_that_does_not_exist_is_told(tmp_path: Path) -> None:
    pytest.importorskip("trustme")

    with pytest.raises(UsageError, match="the authority cannot be written to"):
        MockServer(tls=str(tmp_path / "nowhere"))


@pytest.mark.parametrize("url", [5, None, "localhost", "http://127.0.0.1:x", "ftp://a", ""])
def test_what_is_no_address_is_refused_as_such(url: Any) -> None:
    with pytest.raises(UsageError, match="is not the address of a server: write it like"):
        Control(url)


@pytest.mark.parametrize("document", ["Hi", [{"role": "user", "content": "Hi"}], None])
def test_what_is_no_request_has_no_bill(document: Any) -> None:
    with pytest.raises(ValueError, match="a request or an exchange is a mapping"):
        token_report(document)


def errors_of_the_product() -> list[type[BaseException]]:
    for name in ("mockserver.scenario.scripting", "mockserver.control.operations"):
        importlib.import_module(name)
    found: list[type[BaseException]] = []
    left: list[type[BaseException]] = [MockServerError]
    while left:
        found.append(left.pop())
        left += found[-1].__subclasses__()
    return [error for error in found if error.__module__.startswith("mockserver.")]


@pytest.mark.parametrize("error", errors_of_the_product(), ids=lambda error: error.__name__)
def test_every_error_of_the_product_is_imported_from_the_package(error: Any) -> None:
    if error.__name__ != "Refused":  # of the server's side of the control API alone
        assert getattr(mockserver, error.__name__) is error  # T3


def test_an_error_that_is_caught_holds_its_problems() -> None:
    with pytest.raises(ScenarioError) as caught:
        MockServer({"rules": [{"name": "a", "replay": "x"}]})

    (problem,) = caught.value.problems
    assert isinstance(problem, mockserver.Problem)
    assert (problem.place.path, problem.hint) == ("rules[0].replay", "did you mean 'reply'?")


def test_a_name_that_the_package_lacks_gets_the_nearest() -> None:
    with pytest.raises(AttributeError, match="'Mockserver': did you mean 'MockServer'"):
        _ = mockserver.Mockserver


@pytest.mark.parametrize("name", ["MockServerClient", "HttpRequest"])
def test_a_name_of_the_package_that_is_called_alike_is_told_apart(name: str) -> None:
    with pytest.raises(ImportError, match="belongs to PyPI's 'mockserver-client'"):
        exec(f"from mockserver import {name}")  # T6


@pytest.mark.system
def test_importing_the_package_stays_cheap() -> None:
    code = "import sys, mockserver; print(*sorted(m for m in sys.modules if m[:4] == 'mock'))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert ran.stdout.strip() == "mockserver mockserver.version"


@pytest.mark.system
def test_starting_twice_is_starting_once() -> None:
    with MockServer(HELLO).start() as server:
        url = server.url
        assert server.start().url == url


@pytest.mark.system
def test_a_session_of_a_running_server_has_a_base_url() -> None:
    with MockServer() as server:
        server.session("a", HELLO)

        assert server.base_url_of("a") == f"{server.url}/s/a/v1"
        assert server.base_url_of("default") == server.base_url
