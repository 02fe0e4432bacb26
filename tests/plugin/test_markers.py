"""What the marker takes, and in how few lines it refuses everything else (T3)."""

import pytest
from plugin_runs import Runs

pytestmark = pytest.mark.system

TAKEN = """
import pytest
from pathlib import Path
from mockserver import load_scenario

HELLO = {"rules": [{"name": "hello", "reply": "Hi"}]}
DOWN = {"rules": [{"name": "down", "times": 1, "fail": 503}]}

def says(session, *expected):
    got = [ask(session.base_url) for _ in expected]
    assert [text(a) if a.status_code == 200 else a.status_code for a in got] == list(expected)

@pytest.mark.mock_llm(HELLO)
def test_mapping(mock_llm):
    says(mock_llm, "Hi")

@pytest.mark.mock_llm(DOWN, HELLO)
def test_two_mappings(mock_llm):
    says(mock_llm, 503, "Hi")

@pytest.mark.mock_llm([DOWN, HELLO])
def test_a_list(mock_llm):
    says(mock_llm, 503, "Hi")

@pytest.mark.mock_llm(DOWN, "basics/echo")
def test_a_mapping_and_a_name(mock_llm):
    says(mock_llm, 503, "Hi")

@pytest.mark.mock_llm(load_scenario(HELLO))
def test_a_scenario(mock_llm):
    says(mock_llm, "Hi")

@pytest.mark.mock_llm("version: 1\\nrules: [{reply: Text.}]\\n")
def test_a_text(mock_llm):
    says(mock_llm, "Text.")

SHOP = Path(__file__).parent / "shop"
SHOP.mkdir(exist_ok=True)
(SHOP / "a.yaml").write_text("{version: 1, rules: [{times: 1, fail: 503}]}")
(SHOP / "b.yaml").write_text("{version: 1, rules: [{reply: Hi}]}")

@pytest.mark.mock_llm(SHOP)
def test_a_folder(mock_llm):
    says(mock_llm, 503, "Hi")

def test_a_folder_that_is_loaded(mock_llm):
    mock_llm.load(str(SHOP))
    says(mock_llm, 503, "Hi")

@pytest.mark.mock_llm(seed=None, strict=None, time_scale=None, env=None, inherit=None)
def test_nothing_stated(mock_llm):
    mock_llm.load(HELLO).load("version: 1\\nrules: [{reply: Text.}]\\n")
    says(mock_llm, "Hi")
"""


def test_the_marker_takes_scenarios_of_all_forms(runs: Runs) -> None:
    runs.of(TAKEN, passed=9)  # T3


@pytest.mark.parametrize(
    ("marker", "message"),
    [
        ("seed='x'", "the marker 'mock_llm': seed='x' is not a whole number"),
        ("seed=1.5", "seed=1.5 is not a whole number"),
        ("time_scale='fast'", "time_scale='fast' is not a number"),
        ("time_scale=-1", "the time scale must be at least 0, not -1*"),
        ("time_scale=True", "time_scale=True is not a number"),
        ("env='off'", "env='off' is not True or False"),
        ("inherit='no'", "inherit='no' is not True or False"),
        ("fast_retries=3", "fast_retries=3 is not True or False"),
        ("strict=3", "strict=3: *"),
        ("strict={'unuse': True}", "strict={'unuse': True}: unknown key 'unuse' in 'strict'"),
        ("sed=1", "the marker 'mock_llm' has no keyword 'sed'"),
        ("scenario='basics/hello'", "the marker 'mock_llm' has no keyword 'scenario'"),
        ("5", "a scenario is a name, a path, a mapping or a text, not 5"),
        ("None", "a scenario is a name, a path, a mapping or a text, not None"),
        ("{'rules': [{'replay': 'x'}]}", "*rules[[]0].replay: unknown key 'replay' in a rule"),
        ("{'reply': 'x'}", "*reply: unknown key 'reply' in a scenario"),
        ("'basics/helo'", "there is no scenario 'basics/helo'"),
    ],
)
def test_the_marker_refuses_everything_else_in_a_line(
    runs: Runs, marker: str, message: str
) -> None:
    source = f"import pytest\n@pytest.mark.mock_llm({marker})\ndef test_it(mock_llm): pass\n"

    ran = runs.of(source, errors=1)

    ran.stdout.fnmatch_lines([f"*{message}"])
    start = next(n for n, line in enumerate(ran.outlines) if "ERROR at setup" in line)
    end = next(n for n, line in enumerate(ran.outlines) if "short test summary" in line)
    assert end - start <= 4  # T3: it was 60


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("mock_llm.fail('ratelimit')", "did you mean 'rate_limit'?"),
        ("mock_llm.reply('x', fail=503)", "write reply(…).fail(…)"),
        ("mock_llm.when('Hi')", "write when(last_user="),
        ("mock_llm.load('basics/helo')", "did you mean 'basics/hello'?"),
        ("mock_llm.assert_order('frist')", "unknown rule 'frist'"),
        ("mock_llm.assert_order({'last_usr': 'Hi'})", "did you mean 'last_user'?"),
        ("mock_llm.assert_order(5)", "a condition is keys or a mapping, not 5"),
        ("mock_llm.assert_called('x')", "a number of calls is a whole number, not 'x'"),
        ("mock_llm.assert_called({'last_user': 'Hi'})", "assert_called(last_user=…)"),
        ("mock_llm.wait_for(timeout=1)", "did you mean 'timeout_s'?"),
        ("mock_llm.wait_for('Hi')", "a number of calls is a whole number, not 'Hi'"),
        ("mock_llm.clock.advance('5')", "seconds='5' is not a number"),
        ("mock_llm.url_for('opnai')", "did you mean 'openai'?"),
        ("mock_llm.assert_well_behaved(allow='retry_storm')", "write allow=['retry_storm']"),
        ("mock_llm.release('rul')", "unknown rule 'rul'"),
        ("mock_llm_factory('a', provider='opnai')", "did you mean 'openai'?"),
        ("mock_llm_factory(5)", "a session's name is a text, not 5"),
    ],
)
def test_a_wrong_call_ends_at_the_line_of_the_test(runs: Runs, line: str, message: str) -> None:
    source = (
        f"def test_it(mock_llm, mock_llm_factory):\n    mock_llm.reply('x', times=None)\n    {line}"
    )

    ran = runs.of(source, failed=1)

    raised = [shown for shown in ran.outlines if shown.startswith("E  ")]
    assert message in "\n".join(raised)  # T3
    assert len(raised) <= 2
    assert [shown for shown in ran.outlines if "pytest_mockserver/" in shown] == []
