"""What a failed test shows and keeps, what all used, and what a test writes down."""

import json
from pathlib import Path

import pytest
from plugin_runs import Runs
from pytest_mockserver import Session, call
from pytest_mockserver.timeline import MOST_BYTES, timeline
from support.inprocess import Api

from mockserver.scenario.loader import check


def test_a_failed_test_shows_its_conversation(runs: Runs) -> None:
    ran = runs.of(
        """
import pytest

def test_that_fails(mock_llm):
    mock_llm.fail("rate_limit", retry_after_s=20)
    mock_llm.reply("Sunny.")
    ask(mock_llm.base_url, "How is the weather?")
    assert text(ask(mock_llm.base_url, "How is the weather?")) == "Rainy."

@pytest.fixture
def broken(mock_llm):
    mock_llm.reply("Sunny.")
    ask(mock_llm.base_url, key="-".join(["sk", "very", "secret", "key", "123456"]))
    raise RuntimeError("in a fixture")

def test_whose_fixture_fails(broken):
    pass

def test_that_passes(mock_llm):
    mock_llm.reply("Not shown.")
    ask(mock_llm.base_url)
""",
        "--mock-llm-journal-dir=kept",
        passed=1,
        failed=1,
        errors=1,
    )

    ran.stdout.fnmatch_lines(
        [
            "*- mock_llm -*",
            "session 'test_whose_fixture_fails-*' at http://127.0.0.1:*: 1 call, 8+2 tokens, *",
            "*- mock_llm -*",
            "session 'test_that_fails-1' at http://*: 2 calls, 12+2 tokens, session time 20 s",
            (
                "  1     0.00 s  POST /v1/chat/completions  gpt-4o-mini  -> 429 (rate_limit)  "
                "rule 'fail-1'  asked to wait 20 s"
            ),
            "      > user: How is the weather[?]",
            (
                "  2    20.00 s  attempt 2  gpt-4o-mini  -> 200  rule 'reply-2'  12+2 tokens  "
                "had waited 20 s"
            ),
            "      < 'Sunny.' [[]stop]",
        ]
    )
    ran.stdout.no_fnmatch_line("*Not shown.*")
    kept = {path.name: path.read_text() for path in (runs.path / "kept").iterdir()}
    assert len(kept) == 2
    told = json.loads(next(text for name, text in kept.items() if "test_that_fails" in name))
    (session,) = told["sessions"]
    assert [one["status"] for one in session["calls"]] == [429, 200]
    assert session["calls"][1]["body"]["messages"][0]["content"] == "How is the weather?"
    assert session["script"].startswith("version: 1\nrules:\n  - name: fail-1\n")
    assert "sk-very-secret" not in "".join(kept.values()) + ran.stdout.str()


def test_the_section_of_a_report_stays_short(mock_llm: Session) -> None:
    import httpx  # noqa: PLC0415 - of this test alone

    mock_llm.reply("Long. " * 50, times=None)
    with httpx.Client(base_url=mock_llm.base_url, headers={"authorization": "Bearer k"}) as client:
        for number in range(40):
            said = f"{number} " + "word " * 50
            body = {"model": "gpt-4o", "messages": [{"role": "user", "content": said}]}
            client.post("/chat/completions", json=body)
    told = timeline(mock_llm.calls)

    assert len(told.encode()) < MOST_BYTES + 40
    assert told.splitlines()[0].endswith(" earlier calls")
    assert " 40 " in told.splitlines()[-3]


def test_a_run_sums_up_what_its_tests_used(runs: Runs) -> None:
    ran = runs.of(
        """
import pytest

@pytest.mark.parametrize("model", ["gpt-4o", "gpt-4o", "gpt-4o-mini"])
def test_asks(mock_llm, model):
    mock_llm.reply("Hello there.")
    ask(mock_llm.base_url, model=model)

def test_misbehaves(mock_llm):
    mock_llm.fail(500)
    ask(mock_llm.base_url)

def test_nothing():
    pass
""",
        "--mock-llm-report",
        passed=5,
    )

    ran.stdout.fnmatch_lines(
        [
            "*= mock_llm report =*",
            "model*calls *prompt *completion *US dollars",
            "gpt-4o * 2 * 16 * 6 * 0.000100",
            "gpt-4o-mini * 2 * 8 * 3 * 0.000003",
            "4 tests * 4 * 24 * 9 * 0.000103",
            "verdicts: *::test_misbehaves: gave_up_too_early",
        ]
    )


def test_a_recorded_conversation_is_a_scenario_that_answers_alike(runs: Runs) -> None:
    source = """
import httpx, pathlib, pytest

ASKED = "Weather on 2026-11-25, trace 0b0b0b0b-1111-4222-8333-444444444444?"
HEADERS = {"authorization": "Bearer k"}
TOOLS = [{"type": "function", "function": {"name": "get_weather", "parameters": {}}}]

def talk(base_url):
    answers = []
    messages = [{"role": "user", "content": ASKED}]
    for _ in range(4):
        body = {"model": "gpt-4o", "messages": messages, "tools": TOOLS}
        answer = httpx.post(base_url + "/chat/completions", json=body, headers=HEADERS)
        answers.append(answer.status_code)
        if answer.status_code != 200:
            continue
        said = answer.json()["choices"][0]["message"]
        answers.append(said["content"] or said["tool_calls"][0]["function"]["arguments"])
        messages = [*messages, said]
        for call in said.get("tool_calls", []):
            messages.append({"role": "tool", "tool_call_id": call["id"], "content": "18"})
        if not said.get("tool_calls"):
            messages.append({"role": "user", "content": "Thanks, and tomorrow?"})
    return answers
"""
    runs.of(
        source
        + """
from pytest_mockserver import call

def test_as_scripted(mock_llm):
    mock_llm.fail("rate_limit", retry_after_s=20)
    mock_llm.reply("Let me see.", tool_calls=[call("get_weather", city="Paris")])
    mock_llm.reply("18 degrees: mild.")
    mock_llm.reply("on")
    pathlib.Path("said").write_text(repr(talk(mock_llm.base_url)))
    mock_llm.record("scenarios/recorded.yaml")
""",
        passed=1,
    )
    recorded = runs.path / "scenarios" / "recorded.yaml"
    assert check([recorded]) == []
    text = recorded.read_text()
    assert "Weather on" in text
    assert "0b0b0b0b" not in text
    runs.of(
        source.replace("2026-11-25", "2027-01-01").replace("0b0b0b0b-", "0c0c0c0c-")
        + """
@pytest.mark.mock_llm("recorded")
def test_as_recorded(mock_llm):
    assert repr(talk(mock_llm.base_url)) == pathlib.Path("said").read_text()
    assert mock_llm.calls[0].asked_wait_s == 20
""",
        passed=1,
    )


@pytest.mark.mock_llm(strict=False)
def test_prompts_are_told_without_what_differs_each_time(mock_llm: Session) -> None:
    import openai  # noqa: PLC0415 - of this test alone

    with openai.OpenAI() as client:
        client.chat.completions.create(
            model="gpt-4o",
            messages=[
                {"role": "system", "content": "Today is 2026-11-25, 14:05:33. Port 1234:5678."},
                {"role": "user", "content": "Order 0b0b0b0b-1111-4222-8333-444444444444 at 9:30?"},
            ],
        )

    assert mock_llm.prompts() == (
        "=== chat.completions gpt-4o\n"
        "[system] Today is <date>, <time>. Port 1234:5678.\n"
        "[user] Order <uuid> at 9:30?\n"
    )


def test_assertions_show_the_journal_when_they_fail(mock_llm: Session) -> None:
    import openai  # noqa: PLC0415 - of this test alone

    mock_llm.reply("Hello.").named("first")
    mock_llm.reply(tool_calls=[call("f", x=1)]).named("second")
    with openai.OpenAI() as client:
        for said in ("Hi", "Ho"):
            client.chat.completions.create(
                model="gpt-4o", messages=[{"role": "user", "content": said}]
            )

    mock_llm.assert_called(2)
    mock_llm.assert_called(1, last_user="Hi")
    mock_llm.assert_called(at_least=1, at_most=2, model="gpt-4*")
    mock_llm.assert_order("first", "second")
    mock_llm.assert_usage(prompt_tokens=16)
    mock_llm.assert_cost(at_most=0.01)
    for failing, message in (
        (lambda: mock_llm.assert_called(3), "expected 3 calls, found 2"),
        (lambda: mock_llm.assert_called(0, model="gpt-4o"), "found 2"),
        (lambda: mock_llm.assert_called(last_user="He"), "last_user is 'Hi'"),
        (
            lambda: mock_llm.assert_order("second", "first"),
            "'first' in this order, but 'first' did not come after call 2 .only as call 1.",
        ),
        (lambda: mock_llm.assert_usage(prompt_tokens=17), "expected 17 prompt_tokens"),
        (lambda: mock_llm.assert_cost(at_most=0.00001), "at most [$]1e-05"),
        (lambda: mock_llm.assert_waited(at_least_s=1), "nothing was retried"),
        (lambda: mock_llm.wait_for(calls=3, timeout_s=0), "expected 3 calls within 0 s, got 2"),
    ):
        with pytest.raises(AssertionError, match=message) as caught:
            failing()
        assert "session 'test_assertions_show" in str(caught.value)
        assert "      > user: Ho" in str(caught.value)
    with pytest.raises(Exception, match="unknown rule 'frist'"):
        mock_llm.assert_order("frist")
    with pytest.raises(Exception, match="did you mean 'last_user'"):
        mock_llm.assert_called(last_usr="x")  # type: ignore[call-arg]


def test_a_session_can_be_acted_on_while_the_test_runs(mock_llm: Session, tmp_path: Path) -> None:
    import openai  # noqa: PLC0415 - of this test alone

    def say() -> str | None:
        message = {"role": "user", "content": "Hi"}
        with openai.OpenAI() as client:
            answer = client.chat.completions.create(model="gpt-4o", messages=[message])  # type: ignore[list-item]
        return answer.choices[0].message.content

    (tmp_path / "below.yaml").write_text('version: 1\nrules: [{name: below, reply: "Below."}]')
    mock_llm.load(tmp_path / "below.yaml")
    mock_llm.state(step="new")
    mock_llm.when(state={"step": "new"}).reply("New.").set(step="known")
    assert [say(), say()] == ["New.", "Below."]
    assert mock_llm.current_state == {"step": "known"}
    mock_llm.state(step=None, more=1)
    assert mock_llm.current_state == {"more": 1}
    mock_llm.clock.advance(90)
    assert mock_llm.clock.now_s == 90
    mock_llm.reset()
    assert mock_llm.calls == []
    assert mock_llm.current_state == {"step": "new", "more": 1}
    mock_llm.reply("Later.")
    assert [say(), say()] == ["New.", "Later."]
    assert len(mock_llm.conversations) == 1


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("/v1/chat/completions", "OpenRouter answers at /api/v1"),
        ("/chat/completions", "The client's base URL should end in /v1"),
    ],
)
def test_a_hint_is_shown_once(path: str, hint: str) -> None:
    refused = Api().post(path, {"model": "openai/gpt-4o", "messages": []}).call

    (line,) = [line for line in timeline([refused]).splitlines() if hint in line]
    assert line.startswith("      hint: ")
