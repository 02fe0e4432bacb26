"""Tests that answer from cassettes: which file, what lies above it, and what is reported."""

from pathlib import Path

import pytest
from plugin_runs import Runs
from support.inprocess import Api
from support.recorded import ask, asked

from mockserver import MockServer
from mockserver.cassettes import lines


def put(path: Path, *said: str) -> None:
    """Write a cassette in which each of *said* was answered by `Answer to …`."""
    recordings = [
        ask(Api(f"rules: [{{reply: Answer to {one}.}}]"), asked(one, stream=False))[1]
        for one in said
    ]
    lines.write(path, recordings)


WHERE = """
import pathlib, pytest

def test_own(mock_llm):
    cassette = mock_llm.cassette()
    assert cassette.unused == ("cassettes/test_where/test_own.jsonl:1: POST /v1/chat/completions",)
    assert text(ask(mock_llm.base_url)) == "Answer to Hi."
    assert cassette.path == pathlib.Path(__file__).parent / "cassettes/test_where/test_own.jsonl"
    assert (len(cassette.recordings), cassette.new, cassette.unused) == (1, (), ())

class TestClass:
    @pytest.mark.mock_llm(cassette=True)
    @pytest.mark.parametrize("model", ["a/b c"])
    def test_marked(self, mock_llm, model):
        assert text(ask(mock_llm.base_url)) == "Answer to Hi."

@pytest.mark.mock_llm(cassette="shared")
@pytest.mark.parametrize("number", [1, 2])
def test_named(mock_llm, number):
    assert text(ask(mock_llm.base_url)) == "Answer to Hi."

@pytest.mark.parametrize("path", ["data/tape.jsonl", pathlib.Path("data/tape.jsonl")])
def test_path(mock_llm, path):
    mock_llm.cassette(path)
    assert text(ask(mock_llm.base_url)) == "Answer to Hi."

def test_two(mock_llm, mock_llm_factory):
    for session in (mock_llm, mock_llm_factory("other")):
        session.cassette()
        assert text(ask(session.base_url)) == "Answer to Hi."
"""


def test_a_cassette_lies_beside_the_test_and_is_named_by_it(runs: Runs) -> None:
    for name in (
        *("cassettes/test_where/test_own", "cassettes/shared", "data/tape"),
        "cassettes/test_where/TestClass.test_marked[a-b-c]-d20ac3f9",
        *("cassettes/test_where/test_two", "cassettes/test_where/test_two-other"),
    ):
        put(runs.path / f"{name}.jsonl", "Hi")

    ran = runs.of(WHERE, called="test_where", passed=7)

    ran.stdout.no_fnmatch_line("*mock_llm cassettes*")  # there is nothing to report


def test_what_a_test_scripts_lies_above_its_cassette(runs: Runs) -> None:
    put(runs.path / "cassettes" / "tape.jsonl", "Hi", "Hi", "Else")
    runs.of(
        """
import pytest

@pytest.mark.mock_llm({"rules": [{"when": {"last_user": "Loaded"}, "reply": "By the marker."}]})
def test_failures_and_replies(mock_llm):
    mock_llm.cassette("tape", then="repeat_last")
    mock_llm.fail("rate_limit", retry_after_s=20)
    mock_llm.when(last_user="Else").reply("Scripted.")
    mock_llm.load({"rules": [{"when": {"last_user": "Hi"}, "fail": "truncate"}]})
    assert ask(mock_llm.base_url).status_code == 429
    said = [text(ask(mock_llm.base_url, said)) for said in ("Else", "Loaded")]
    assert said == ["Scripted.", "By the marker."]
    cut = mock_llm.rules
    assert [call.rule for call in mock_llm.calls] == ["fail-1", "when-2", "rule-1"]
    assert "kind: cassette" in mock_llm.to_yaml() and "then: repeat_last" in mock_llm.to_yaml()

def test_each_equal_request_gets_the_next_answer(mock_llm):
    mock_llm.cassette("tape")
    assert [ask(mock_llm.base_url).status_code for _ in range(2)] == [200, 200]
    assert mock_llm.calls[0].usage.prompt_tokens == 8
    mock_llm.reset()
    assert ask(mock_llm.base_url).status_code == 200
""",
        passed=2,
    )


def test_what_a_cassette_lacks_fails_the_test_and_says_how_to_record_it(runs: Runs) -> None:
    put(runs.path / "cassettes" / "tape.jsonl", "Hi")
    ran = runs.of(
        """
import pytest

def test_another(mock_llm):
    mock_llm.cassette("tape")
    assert ask(mock_llm.base_url, "Hello").status_code == 404

def test_one_that_is_refused_here(mock_llm):
    mock_llm.cassette("tape")
    assert ask(mock_llm.base_url, model="my-own").json()["error"]["code"] == "model_not_found"

def test_once_more(mock_llm):
    mock_llm.cassette("tape")
    assert [ask(mock_llm.base_url).status_code for _ in range(2)] == [200, 404]

@pytest.mark.parametrize("key", ["-".join(["sk", "proj", "abcdefghijklmnopqrstuvwx0123456789"])])
def test_no_file(mock_llm, key):
    mock_llm.cassette()

@pytest.mark.mock_llm(cassette="tap")
def test_no_file_by_marker(mock_llm):
    pass

def test_required(mock_llm):
    mock_llm.cassette("tape", required=True)

def test_not_required(mock_llm):
    mock_llm.cassette("tape")
""",
        passed=1,
        failed=5,
        errors=1,
    )

    ran.stdout.fnmatch_lines(
        [
            "there is no cassette 'cassettes/tap.jsonl'",
            (
                "  to record it: pytest *::test_no_file_by_marker --mock-llm-record=new "
                "--mock-llm-upstream=https://api.openai.com/v1"
            ),
            "*_ test_another _*",
            "call 1: no rule matches POST /v1/chat/completions gpt-4o-mini",
            (
                "  nearest: 'cassette': no recording of this request; the nearest "
                "(cassettes/tape.jsonl:1) differs in 'messages[[]0].content': "
                'recorded "Hi", sent "Hello"'
            ),
            "  to record what the cassette lacks: pytest *::test_another --mock-llm-record=new *",
            "cassette cassettes/tape.jsonl: 1 recording, 1 not asked for",
            "  not asked for: cassettes/tape.jsonl:1: POST /v1/chat/completions",
            "*_ test_one_that_is_refused_here _*",
            "call 1: no rule matches POST /v1/chat/completions",
            "  nearest: 'cassette': *differs in 'model': recorded \"gpt-4o-mini\", sent \"my-own\"",
            "*_ test_once_more _*",
            "  nearest: 'cassette': the one recorded answer to this request is used up",
            "*_ test_no_file* _*",
            "E  *there is no cassette 'cassettes/*/test_no_file[[]*redacted*.jsonl'",
            "*_ test_required _*",
            "rule 'cassette' never gave cassettes/tape.jsonl:1: POST /v1/chat/completions",
        ]
    )
    raised = [line for line in ran.outlines if line.startswith("E  ")]
    assert "abcdefghijklmnopqrstuvwx" not in "\n".join(raised)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("cassette(timing='record')", "did you mean 'recorded'?"),
        ("cassette(then='cyclic')", "did you mean 'cycle'?"),
        ("cassette(ignore=['a['])", "cassette(…): *'a['"),
        ("cassette(ignore=[5])", "ignore=[5] is not a list of texts"),
        ("cassette(redact='(')", "'(' is not a regular expression"),
        ("cassette(5)", "a cassette has a name or a path, not 5"),
        ("cassette('')", "is neither the name nor the path of a cassette"),
        ("cassette('cassettes.d')", "and '*' is a folder"),
        ("cassette('tape').path; mock_llm.cassette()", "already has the cassette"),
        ("cassette('bad')", "cassettes/bad.jsonl:1: this line is not JSON"),
    ],
)
def test_a_wrong_cassette_ends_at_the_line_of_the_test(runs: Runs, call: str, message: str) -> None:
    put(runs.path / "cassettes" / "tape.jsonl", "Hi")
    (runs.path / "cassettes" / "bad.jsonl").write_text("what\n")
    (runs.path / "cassettes.d").mkdir()

    ran = runs.of(f"def test_it(mock_llm):\n    mock_llm.{call}\n", failed=1)

    raised = "\n".join(line for line in ran.outlines if line.startswith("E  "))
    before, _, after = message.partition("*")
    assert before in raised
    assert after in raised
    assert "pytest_mockserver/" not in ran.stdout.str()


def test_the_marker_refuses_what_names_no_cassette(runs: Runs) -> None:
    ran = runs.of(
        "import pytest\n@pytest.mark.mock_llm(cassette=5)\ndef test_it(mock_llm): pass", errors=1
    )

    ran.stdout.fnmatch_lines(["*cassette=5 is not True, a name or a path"])


LEFT = """
import pytest

def test_a(mock_llm):
    mock_llm.cassette("shared")
    ask(mock_llm.base_url, "One")

def test_b(mock_llm):
    mock_llm.cassette("shared")
    ask(mock_llm.base_url, "Two")

def test_own(mock_llm):
    mock_llm.cassette()

@pytest.mark.skip
def test_skipped(mock_llm):
    mock_llm.cassette()

def test_that_fails(mock_llm):
    assert 0
    mock_llm.cassette()
"""


@pytest.mark.parametrize("workers", [(), ("-p", "xdist.plugin", "-n", "2")], ids=["one", "xdist"])
def test_what_no_test_used_is_reported_at_the_end(runs: Runs, workers: tuple[str, ...]) -> None:
    if workers:
        pytest.importorskip("xdist")
    put(runs.path / "cassettes" / "shared.jsonl", "One", "Two", "Three")
    for name in ("test_left/test_own", "test_left/test_skipped", "test_left/test_that_fails"):
        put(runs.path / "cassettes" / f"{name}.jsonl", "Hi")
    for name in ("test_left/test_gone", "gone"):
        put(runs.path / "cassettes" / f"{name}.jsonl", "Hi")

    ran = runs.of(
        LEFT, *workers, called="test_left", in_process=False, passed=3, failed=1, skipped=1
    )
    part = runs.again("-k", "test_a or test_own", *workers, in_process=False, passed=2)

    assert summary(ran) == [
        "no test asked for 1 of 3 recordings in cassettes/shared.jsonl:",
        "  cassettes/shared.jsonl:3: POST /v1/chat/completions",
        "no test asked for 1 of 1 recording in cassettes/test_left/test_own.jsonl:",
        "  cassettes/test_left/test_own.jsonl:1: POST /v1/chat/completions",
        "no test used cassettes/gone.jsonl",
        "no test used cassettes/test_left/test_gone.jsonl",
    ]
    assert summary(part) == [
        "no test asked for 1 of 1 recording in cassettes/test_left/test_own.jsonl:",
        "  cassettes/test_left/test_own.jsonl:1: POST /v1/chat/completions",
    ]


def summary(ran: pytest.RunResult) -> list[str]:
    """Return the lines on cassettes at the end of a run."""
    start = next(n for n, line in enumerate(ran.outlines) if "= mock_llm cassettes =" in line)
    rest = ran.outlines[start + 1 :]
    end = next(n for n, line in enumerate(rest) if line.startswith("==="))
    return [line for line in rest[:end] if line]


def test_a_server_elsewhere_refuses_cassettes(runs: Runs) -> None:
    put(runs.path / "cassettes" / "tape.jsonl", "Hi")
    with MockServer() as server:
        ran = runs.of(
            "def test_it(mock_llm):\n    mock_llm.cassette('tape')\n",
            f"--mock-llm-url={server.url}",
            failed=1,
        )

    ran.stdout.fnmatch_lines(["E  *a server that runs elsewhere cannot answer from the cassette*"])
