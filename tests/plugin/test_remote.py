"""The same tests against a server that runs elsewhere, by its control API."""

from plugin_runs import Runs

from mockserver import MockServer

SOURCE = """
import pathlib, pytest
from pytest_mockserver import Session

def test_scripted(mock_llm):
    mock_llm.state(step="new")
    mock_llm.when(state={"step": "new"}).reply("New.").set(step="known").times(1)
    mock_llm.fail("rate_limit", retry_after_s=20)
    mock_llm.reply("At last.")
    assert text(ask(mock_llm.base_url)) == "New."
    assert mock_llm.current_state == {"step": "known"}
    assert ask(mock_llm.base_url, "Again").status_code == 429
    assert text(ask(mock_llm.base_url, "Again")) == "At last."
    assert [call.status for call in mock_llm.calls] == [200, 429, 200]
    assert [len(group) for group in mock_llm.attempts] == [1, 2]
    assert mock_llm.calls[2].usage.prompt_tokens == 8
    assert mock_llm.clock.now_s == 20
    mock_llm.assert_waited(at_least_s=20)
    mock_llm.assert_called(3, model="gpt-4o-mini")
    mock_llm.assert_well_behaved()
    assert len(mock_llm.wait_for(calls=2, last_user="Again")) == 2
    with pytest.raises(AssertionError, match="expected 9 calls"):
        mock_llm.wait_for(calls=9, timeout_s=0)
    with pytest.raises(AssertionError, match="expected 1 call, found 3"):
        mock_llm.assert_called(1)
    mock_llm.record("recorded.yaml")
    assert "kind: rate_limit" in pathlib.Path("recorded.yaml").read_text()
    mock_llm.clock.advance(5)
    assert mock_llm.clock.now_s == 25

@pytest.mark.mock_llm("failures/rate-limited-once")
def test_a_scenario_of_this_side(mock_llm):
    assert ask(mock_llm.base_url).status_code == 429
    assert ask(mock_llm.base_url).status_code == 200

def test_misbehaves(mock_llm):
    mock_llm.fail(500)
    mock_llm.load({"rules": [{"reply": "Below."}]})
    ask(mock_llm.base_url)
    with pytest.raises(AssertionError, match="gave_up_too_early"):
        mock_llm.assert_well_behaved()
    assert text(ask(mock_llm.base_url, "Else")) == "Below."

def test_strict(mock_llm):
    mock_llm.reply("Never asked for.")
    mock_llm.when(model="nobody").reply("x")
    ask(mock_llm.base_url, model="gpt-4o")
    ask(mock_llm.base_url, model="gpt-4o")
"""


def test_tests_run_against_a_server_elsewhere(runs: Runs) -> None:
    with MockServer(control_token="of-this-test") as server:
        ran = runs.of(
            SOURCE,
            f"--mock-llm-url={server.url}",
            "--mock-llm-token=of-this-test",
            passed=3,
            failed=1,
        )

    ran.stdout.fnmatch_lines(["call 2: no rule matches POST /v1/chat/completions gpt-4o"])


def test_a_server_that_is_not_there_is_told_of(runs: Runs) -> None:
    ran = runs.of("def test_any(mock_llm): pass", "--mock-llm-url=http://127.0.0.1:9", errors=1)

    ran.stdout.fnmatch_lines(["*127.0.0.1:9*"])
