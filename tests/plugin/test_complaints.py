"""What fails a test that has passed by itself, when, and in which words."""

import pytest
from plugin_runs import Runs


def test_strictness_fails_tests_where_they_are_called_and_says_why(runs: Runs) -> None:
    ran = runs.of(
        """
import pytest

def test_unmatched(mock_llm):
    mock_llm.when(model="gpt-4o*", last_user={"contains": "weather"}).reply("Sunny.")
    ask(mock_llm.base_url, "What time is it?")

def test_nothing_is_scripted(mock_llm):
    ask(mock_llm.base_url)

def test_unused(mock_llm):
    mock_llm.reply("Used.")
    mock_llm.fail(500, times=2)
    mock_llm.when(model="gpt-4o").replies("A", "B").named("script")
    assert text(ask(mock_llm.base_url)) == "Used."

def test_no_effect(mock_llm):
    mock_llm.reply("Short.").fail("truncate", after_tokens=50)
    ask(mock_llm.base_url, stream=True)

def test_unsaid(mock_llm):
    mock_llm.when(model="gpt-4o")

def test_that_fails_by_itself(mock_llm):
    mock_llm.reply("Never asked for.")
    assert 1 == 2
""",
        failed=6,
    )

    ran.stdout.fnmatch_lines(
        [
            "*_ test_unmatched _*",
            "call 1: no rule matches POST /v1/chat/completions gpt-4o-mini",
            "  asked: user: What time is it[?]",
            "  nearest: 'when-1': last_user is 'What time is it[?]', the rule wants *",
            "*_ test_nothing_is_scripted _*",
            "call 1: no rule matches POST /v1/chat/completions gpt-4o-mini",
            "  nothing is scripted: mock_llm.reply('…') answers the next call, and *",
            "*_ test_unused _*",
            "rule 'fail-2' was never used",
            "rule 'script' was never used",
            "*_ test_no_effect _*",
            "call 1: the failure 'truncate' had no effect: it found nothing to act on",
            "*_ test_unsaid _*",
            "rule 'when-1' does nothing: give it a .reply(…), .fail(…) or .latency(…)",
            "*_ test_that_fails_by_itself _*",
            "E  *assert 1 == 2",
        ]
    )
    ran.stdout.no_fnmatch_line("*ERROR*")


def test_strictness_is_switched_by_test_module_scenario_and_run(runs: Runs) -> None:
    (runs.path / "scenarios").mkdir()
    (runs.path / "scenarios" / "lenient.yaml").write_text(
        "version: 1\nstrict: {unused: false}\nrules: [{times: 9, reply: Nine.}]"
    )
    source = """
import pytest

pytestmark = pytest.mark.mock_llm(strict={"unused": False})

def leave(mock_llm):
    mock_llm.reply("Never asked for.")

def test_as_the_module_says(mock_llm):
    leave(mock_llm)

@pytest.mark.mock_llm(strict=True)
def test_as_the_test_says(mock_llm):
    leave(mock_llm)

@pytest.mark.mock_llm(strict=False)
def test_unmatched_is_answered(mock_llm):
    assert text(ask(mock_llm.base_url)) == "A mock answer to: Hi"

def test_unmatched_is_not_what_the_module_allows(mock_llm):
    ask(mock_llm.base_url)
"""
    runs.of(source, passed=2, failed=2)
    runs.of(
        """
import pytest

@pytest.mark.mock_llm("lenient")
def test_as_the_scenario_says(mock_llm):
    assert text(ask(mock_llm.base_url)) == "Nine."

@pytest.mark.mock_llm("lenient", strict=True)
def test_the_marker_is_nearer(mock_llm):
    pass
""",
        passed=1,
        failed=1,
    )
    leaving = "def test_leaves(mock_llm):\n    mock_llm.reply('Never asked for.')\n"
    runs.of(leaving, failed=1)
    runs.again("--no-mock-llm-strict", passed=1)
    runs.again("--mock-llm-strict", "{unused: false}", passed=1)
    runs.again("-o", "mock_llm_strict={unused: false}", passed=1)
    runs.again("-o", "mock_llm_strict=false", "--mock-llm-strict", failed=1)


def test_a_client_that_outlives_its_test_is_told_of_in_the_next(runs: Runs) -> None:
    ran = runs.of(
        """
kept = []

def test_that_leaves_a_client(mock_llm):
    kept.append(mock_llm.base_url)

def test_that_sees_it(mock_llm):
    assert ask(kept[0]).status_code == 410

def test_that_does_not(mock_llm):
    pass
""",
        passed=2,
        failed=1,
    )

    ran.stdout.fnmatch_lines(
        [
            "*_ test_that_sees_it _*",
            "1 call came after the end of test '*::test_that_leaves_a_client'",
            "  POST /v1/chat/completions*",
        ]
    )


def test_late_calls_after_the_last_test_fail_the_run(runs: Runs) -> None:
    ran = runs.of(
        """
import pytest

kept = []

@pytest.fixture(scope="session", autouse=True)
def at_the_end(mock_llm_server):
    yield
    ask(kept[0])

def test_that_leaves_a_client(mock_llm):
    kept.append(mock_llm.base_url)
""",
        passed=1,
    )

    assert ran.ret == pytest.ExitCode.TESTS_FAILED
    ran.stdout.fnmatch_lines(["1 call came after the end of test *"])


def test_markers_say_what_the_session_answers_by_and_how(runs: Runs) -> None:
    ran = runs.of(
        """
import pytest

@pytest.mark.mock_llm("failures/rate-limited-once", time_scale=0)
def test_shipped(mock_llm):
    assert ask(mock_llm.base_url).status_code == 429
    assert ask(mock_llm.base_url).status_code == 200

def draw(mock_llm):
    mock_llm.reply(kind="lorem", tokens=20, times=2)
    return text(ask(mock_llm.base_url))

drawn = {}

@pytest.mark.mock_llm(seed=1, strict={"unused": False})
@pytest.mark.parametrize("number", [1, 2])
def test_same_seed(mock_llm, number):
    drawn[number] = draw(mock_llm)

@pytest.mark.mock_llm(seed=2, strict={"unused": False})
def test_another_seed(mock_llm):
    assert draw(mock_llm) != drawn[1] == drawn[2]

@pytest.mark.mock_llm(sed=1)
def test_unknown_word(mock_llm): pass

@pytest.mark.mock_llm("failures/rate-limited-onc")
def test_unknown_scenario(mock_llm): pass

@pytest.mark.mock_llm(strict={"unuse": True})
def test_unknown_strictness(mock_llm): pass
""",
        passed=4,
        errors=3,
    )

    ran.stdout.fnmatch_lines(
        [
            "the marker 'mock_llm' has no keyword 'sed'",
            "  did you mean 'seed'[?]",
            "there is no scenario 'failures/rate-limited-onc'",
            "  did you mean 'failures/rate-limited-once'[?]",
            "*unknown key 'unuse' in 'strict'*",
            "  did you mean 'unused'[?]",
        ]
    )


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--mock-llm-seed=x", "mock_llm_seed: 'x' is not a whole number"),
        ("--mock-llm-env=sometimes", "mock_llm_env: 'sometimes' is not one of test, session, off"),
        ("--mock-llm-scenarios=nowhere", "mock_llm_scenarios: '*nowhere' is not a folder"),
        ("-omock_llm_inherit=maybe", "mock_llm_inherit: 'maybe' is not true or false"),
    ],
)
def test_options_that_are_wrong_are_refused_at_once(runs: Runs, option: str, message: str) -> None:
    runs.pytester.makepyfile("def test_nothing(): pass")
    ran = runs.pytester.runpytest_inprocess(option)

    assert ran.ret == pytest.ExitCode.USAGE_ERROR
    ran.stderr.fnmatch_lines([f"ERROR: {message}"])


def test_an_endpoint_that_is_lacked_fails_the_test_and_says_why(runs: Runs) -> None:
    ran = runs.of(
        """
import pytest

def post(session):
    httpx.post(session.base_url + "/audio/speech", json={}, headers={"authorization": "Bearer x"})

def test_lacked(mock_llm):
    post(mock_llm)

@pytest.mark.mock_llm(strict={"unsupported": False})
def test_allowed(mock_llm):
    post(mock_llm)

def test_that_fails_by_itself(mock_llm):
    post(mock_llm)
    assert 1 == 2
""",
        passed=1,
        failed=2,
    )

    ran.stdout.fnmatch_lines(
        [
            "*_ test_lacked _*",
            "call 1: 'openai' has POST /v1/audio/speech, and this version * does not support it*",
            "*-> 404 NO SUCH ENDPOINT",
        ]
    )  # T7


def test_what_the_request_did_not_offer_or_allow_fails_the_test(runs: Runs) -> None:
    ran = runs.of(
        """
import pytest
from pytest_mockserver import call

CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
FORMAT = {"type": "json_schema", "json_schema": {"name": "place", "schema": CITY}}

def post(session, **more):
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}], **more}
    headers = {"authorization": "Bearer x"}
    httpx.post(session.base_url + "/chat/completions", json=body, headers=headers)

@pytest.mark.mock_llm(strict=True)
def test_unoffered(mock_llm):
    mock_llm.reply(tool_calls=[call("f", x=1)])
    post(mock_llm)

@pytest.mark.mock_llm(strict={"off_schema": True})
def test_off_schema(mock_llm):
    mock_llm.reply(kind="json", value={"town": 1})
    post(mock_llm, response_format=FORMAT)

@pytest.mark.mock_llm(strict=True)
def test_exact(mock_llm):
    mock_llm.reply(kind="json", value={"town": 1}, exact=True)
    post(mock_llm, response_format=FORMAT)

def test_allowed(mock_llm):
    mock_llm.reply(tool_calls=[call("f", x=1)])
    mock_llm.reply(kind="json", value={"town": 1})
    post(mock_llm)
    post(mock_llm, response_format=FORMAT)
""",
        passed=2,
        failed=2,
    )

    ran.stdout.fnmatch_lines(
        [
            "call 1: the answer calls 'f', which the request does not offer",
            "call 1: the answer is not valid for the schema 'place' of the request",
        ]
    )
