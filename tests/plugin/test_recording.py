"""Tests that record cassettes: what leaves the machine, what is kept, and what comes of it."""

import contextlib
import re
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from plugin_runs import Runs
from pytest_mockserver.blocking import Blocker, NetworkBlocked
from test_cassettes import put, summary

from mockserver import MockServer
from mockserver.cassettes import lines

pytestmark = pytest.mark.system

DOCUMENT = Path(__file__).parents[2] / "docs" / "pytest.md"
REAL_KEY = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCD"
PROVIDER = {
    "keys": {"invalid": ["sk-mock-*", "sk-test"]},
    "rules": [
        {"when": {"last_user": "secret"}, "reply": f"Your key is {REAL_KEY}, customer 4711."},
        {"when": {"last_user": "limited"}, "fail": {"kind": "rate_limit", "retry_after_s": 1}},
        {
            "reply": {
                "kind": "template",
                "text": "Live answer to {{ request.messages[-1].content }}.",
            }
        },
    ],
}


@pytest.fixture
def upstream() -> Iterator[MockServer]:
    """Yield a provider that knows only the key of the environment."""
    with MockServer(PROVIDER) as server:
        yield server


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the key as people have it in their environment."""
    monkeypatch.setenv("OPENAI_API_KEY", REAL_KEY)


def recording(server: MockServer, mode: str = "new") -> tuple[str, str]:
    return f"--mock-llm-record={mode}", f"--mock-llm-upstream={server.base_url}"


def said(path: Path) -> list[str]:
    """Return the last message of each request that is recorded at *path*."""
    return [one.request.sent["messages"][-1]["content"] for one in lines.read(path)]


CHAT = """
import pytest

ASKED = ["Hi", "Hi", "Ho"]

def test_chat(mock_llm):
    cassette = mock_llm.cassette()
    answers = [text(ask(mock_llm.base_url, said)) for said in ASKED]
    assert answers == [f"Live answer to {said}." for said in ASKED]
    assert len(cassette.recordings) + len(cassette.new) == len(ASKED)
    assert [call.rule for call in mock_llm.calls] in (["cassette"] * 3, [None] * 3)
"""


def test_what_was_recorded_once_answers_without_the_provider(
    runs: Runs, upstream: MockServer
) -> None:
    cassette = runs.path / "cassettes" / "test_chat" / "test_chat.jsonl"
    first = runs.of(CHAT, *recording(upstream), called="test_chat", passed=1)
    recorded = cassette.read_bytes()
    runs.again(passed=1)
    runs.again(*recording(upstream), passed=1)

    assert summary(first) == ["3 new recordings in cassettes/test_chat/test_chat.jsonl"]
    assert said(cassette) == ["Hi", "Hi", "Ho"]
    assert cassette.read_bytes() == recorded
    assert len(upstream.engine.session("default").journal) == 3
    assert REAL_KEY.encode() not in recorded


@pytest.mark.parametrize("more", [(), ("--mock-llm-env=session",)], ids=["test", "session"])
def test_the_example_of_the_documentation_records_and_replays(
    runs: Runs, more: tuple[str, ...]
) -> None:
    section = DOCUMENT.read_text().partition("\n## Cassettes\n")[2]
    example = re.search(r"```python\n# (\w+)\.py\n(.*?)```", section, re.DOTALL)
    assert example is not None
    named, source = example.groups()
    runs.pytester.makepyfile(**{named: source})
    with MockServer({"keys": {"invalid": "sk-mock-*"}, "rules": [{"reply": "Paris."}]}) as server:
        first = runs.again(*recording(server), *more, passed=2)
    runs.again(*more, "--mock-llm-block-network", passed=2)

    names = ["test_answers", "test_survives_a_rate_limit"]
    files = [f"cassettes/{named}/{name}.jsonl" for name in names]
    assert summary(first) == [f"1 new recording in {file}" for file in files]


def test_a_test_that_asks_for_nothing_has_an_empty_cassette(
    runs: Runs, upstream: MockServer
) -> None:
    source = """
import pytest

@pytest.mark.mock_llm(cassette=True)
def test_it(mock_llm, mock_llm_factory):
    mock_llm_factory("other")
    mock_llm.reply("Scripted.")
    assert text(ask(mock_llm.base_url)) == "Scripted."
"""
    runs.of(source, *recording(upstream), called="test_it", passed=1)
    ran = runs.again(passed=1)

    files = {path.name: path.read_bytes() for path in runs.path.rglob("*.jsonl")}
    assert files == {"test_it.jsonl": b"", "test_it-other.jsonl": b""}
    ran.stdout.no_fnmatch_line("*mock_llm cassettes*")


def test_new_adds_what_is_lacking_and_all_begins_anew(runs: Runs, upstream: MockServer) -> None:
    cassette = runs.path / "cassettes" / "test_it" / "test_it.jsonl"
    put(cassette, "Hi", "Old")
    source = """
def test_it(mock_llm):
    cassette = mock_llm.cassette()
    for said in ("Hi", "Hi", "More"):
        ask(mock_llm.base_url, said)
    assert mock_llm.backend.time_scale == 0
"""
    ran = runs.of(source, *recording(upstream, "new"), called="test_it", passed=1)

    assert said(cassette) == ["Hi", "Old", "Hi", "More"]
    assert summary(ran) == [
        "2 new recordings in cassettes/test_it/test_it.jsonl",
        "no test asked for 1 of 2 recordings in cassettes/test_it/test_it.jsonl:",
        "  cassettes/test_it/test_it.jsonl:2: POST /v1/chat/completions",
    ]

    runs.again(*recording(upstream, "all"), passed=1)
    assert said(cassette) == ["Hi", "Hi", "More"]
    runs.of(
        "def test_it(mock_llm):\n    mock_llm.cassette()\n",
        *recording(upstream, "all"),
        called="test_it",
        passed=1,
    )
    assert said(cassette) == ["Hi", "Hi", "More"]  # nothing came to replace it


def test_failures_lie_over_live_answers_and_rules_go_before_them(
    runs: Runs, upstream: MockServer
) -> None:
    source = """
@pytest.mark.mock_llm(cassette="tape")
def test_it(mock_llm):
    mock_llm.fail(503)
    mock_llm.when(last_user="Mine").reply("Scripted.")
    assert ask(mock_llm.base_url).status_code == 503
    assert text(ask(mock_llm.base_url, "Mine")) == "Scripted."
    assert text(ask(mock_llm.base_url)) == "Live answer to Hi."

def test_without_a_cassette_nothing_leaves(mock_llm):
    assert ask(mock_llm.base_url).status_code == 404

def test_nor_by_another_path(mock_llm):
    mock_llm.reply("x")
    ask(mock_llm.base_url)
    assert "A mock answer" in text(ask(mock_llm.server_url + "/v1", "Bare"))
"""
    runs.of("import pytest\n" + source, *recording(upstream), passed=2, failed=1)

    assert said(runs.path / "cassettes" / "tape.jsonl") == ["Hi"]
    assert len(upstream.engine.session("default").journal) == 1


def test_no_secret_is_recorded_and_what_could_not_be_fails_the_test(
    runs: Runs, upstream: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs.pytester.makeini(
        "[pytest]\naddopts = -p pytest_mockserver\nmock_llm_record = new\n"
        f"mock_llm_upstream = {upstream.base_url}\nmock_llm_upstream_key_env = MY_KEY\n"
        "mock_llm_redact =\n    customer ([0-9]+)\n    never {1}matches\n"
    )
    (runs.path / "cassettes").mkdir()
    (runs.path / "cassettes" / "afile").write_text("")
    monkeypatch.setenv("MY_KEY", "another-key-of-mine-0815")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-unused")
    ran = runs.of(
        """
import os

def test_secret(mock_llm):
    mock_llm.cassette("tape", redact=["Your"])
    assert "customer 4711" in text(ask(mock_llm.base_url, "secret", key="sk-client-0123456789"))
    assert os.environ["OPENAI_BASE_URL"] == mock_llm.base_url

def test_unwritable(mock_llm):
    mock_llm.cassette("afile/tape")
    ask(mock_llm.base_url)
""",
        "--mock-llm-journal-dir=kept",
        passed=1,
        failed=1,
    )
    ran.stdout.fnmatch_lines(
        ["POST /v1/chat/completions was not written to '*afile/tape.jsonl': *"]
    )
    files = [path for path in runs.path.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    kept = [path.read_text() for path in files]
    told = ran.stdout.str() + ran.stderr.str()
    (tape,) = lines.read(runs.path / "cassettes" / "tape.jsonl")
    assert tape.answer.json["choices"][0]["message"]["content"].count("[redacted ") == 3
    for secret in (REAL_KEY, "another-key-of-mine-0815", "sk-client-0123456789"):
        assert secret not in "".join(text for text in kept if "def test_secret" not in text) + told
    assert len({call.key for call in upstream.engine.session("default").journal}) == 1


@pytest.mark.parametrize("mode", ["new", "all"])
def test_workers_record_to_one_cassette_at_once(
    runs: Runs, upstream: MockServer, mode: str
) -> None:
    pytest.importorskip("xdist")
    cassette = runs.path / "cassettes" / "shared.jsonl"
    put(cassette, "Old")
    ran = runs.of(
        """
import pytest

@pytest.mark.parametrize("number", range(12))
def test_one(mock_llm, mock_llm_factory, number):
    mock_llm.cassette("shared")
    assert text(ask(mock_llm.base_url, f"Number {number}")) == f"Live answer to Number {number}."
    if number > 9:
        own = mock_llm_factory("own", own_port=True)
        own.cassette()
        assert text(ask(own.base_url)) == "Live answer to Hi."
""",
        *recording(upstream, mode),
        *("-p", "xdist.plugin", "-n", "3"),
        called="test_shared",
        in_process=False,
        passed=12,
    )

    numbers = [f"Number {number}" for number in range(12)]
    assert sorted(said(cassette)) == sorted(numbers + (["Old"] if mode == "new" else []))
    assert "12 new recordings in cassettes/shared.jsonl" in summary(ran)
    assert len([*(cassette.parent / "test_shared").iterdir()]) == 2
    runs.again(passed=12)


@pytest.mark.parametrize(
    ("options", "unset", "message"),
    [
        (["--mock-llm-record=new"], (), "mock_llm_record: 'new' needs mock_llm_upstream: *"),
        (["--mock-llm-record=nwe"], (), "mock_llm_record: 'nwe' is not one of none, new, all"),
        (
            ["--mock-llm-record=new", "--mock-llm-upstream=http://example.com"],
            (),
            "'http://example.com' is neither https nor on this machine*",
        ),
        (
            ["--mock-llm-record=new", "--mock-llm-upstream=https://api.openai.com/v1"],
            ("OPENAI_API_KEY",),
            "mock_llm_record: the environment variable 'OPENAI_API_KEY' is not set",
        ),
        (
            [
                *("--mock-llm-record=new", "--mock-llm-upstream=http://127.0.0.1:1/v1"),
                "--mock-llm-upstream-key-env=NOT_SET",
            ],
            (),
            "mock_llm_record: the environment variable 'NOT_SET' is not set",
        ),
        (
            [
                *("--mock-llm-record=all", "--mock-llm-upstream=http://127.0.0.1:1/v1"),
                "--mock-llm-url=http://127.0.0.1:1",
            ],
            (),
            "mock_llm_record: only a server in this process records: leave out mock_llm_url",
        ),
    ],
)
def test_what_cannot_be_recorded_is_refused_at_once(
    runs: Runs,
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    unset: tuple[str, ...],
    message: str,
) -> None:
    for name in unset:
        monkeypatch.delenv(name)
    runs.pytester.makepyfile("def test_nothing(): pass")
    ran = runs.pytester.runpytest_inprocess(*options)

    assert ran.ret == pytest.ExitCode.USAGE_ERROR
    ran.stderr.fnmatch_lines([f"ERROR: {message}"])


def test_a_server_of_the_projects_own_needs_an_upstream_server(
    runs: Runs, upstream: MockServer
) -> None:
    ran = runs.of(
        """
import pytest
from mockserver import MockServer

@pytest.fixture(scope="session")
def mock_llm_server():
    with MockServer() as server:
        yield server

def test_it(mock_llm):
    mock_llm.cassette("tape")
""",
        *recording(upstream),
        failed=1,
    )

    ran.stdout.fnmatch_lines(["E  *the server of 'mock_llm_server' has no upstream server"])


# --- The network -----------------------------------------------------------------------------

BLOCKED = """
import socket

def test_records(mock_llm):
    mock_llm.cassette()
    assert text(ask(mock_llm.base_url)) == "Live answer to Hi."

def test_elsewhere():
    socket.create_connection(("192.0.2.1", 443), timeout=1)
"""


def test_the_network_stays_blocked_while_recording(runs: Runs, upstream: MockServer) -> None:
    ran = runs.of(
        BLOCKED,
        *recording(upstream),
        "--mock-llm-block-network",
        passed=1,
        failed=1,
    )
    runs.again("--mock-llm-block-network", passed=1, failed=1)

    ran.stdout.fnmatch_lines(
        ["*connect to 192.0.2.1:443, but *allows only loopback and 127.0.0.1:*"]
    )


def test_only_the_upstream_servers_host_and_port_are_let_through(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    addresses = {"api.example.com": "203.0.113.7", "cdn.example.com": "203.0.113.8"}

    def resolve(host: str, port: int, *_: object, **__: object) -> list[object]:
        sys.audit("socket.getaddrinfo", host, port, 0, 0, 0)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (addresses[host], port))]

    def is_let_through(event: str, *arguments: object) -> bool:
        with contextlib.suppress(NetworkBlocked):
            sys.audit(event, *arguments)
            return True
        return False

    def connects(host: str, port: int) -> bool:
        return is_let_through("socket.connect", None, (host, port))

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    blocker = Blocker()
    blocker.turn_on("https://API.example.com/v1")
    try:
        before = connects("203.0.113.7", 443)
        socket.getaddrinfo("api.example.com", 443)
        assert [before, connects("203.0.113.7", 443)] == [False, True]
        assert not connects("203.0.113.7", 80)
        assert not connects("203.0.113.8", 443)
        assert not is_let_through("socket.getaddrinfo", "api.example.com", 80)
        assert not is_let_through("socket.getaddrinfo", "cdn.example.com", 443)
        assert not is_let_through("socket.sendto", None, ("192.0.2.1", 53))
        blocker.turn_on()
    finally:
        blocker.turn_off()
    assert socket.getaddrinfo is resolve
    assert connects("203.0.113.8", 443)
