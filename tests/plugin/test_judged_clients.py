"""Each verdict, on a small client that behaves and on one that does not, over the wire.

The session is that of the plugin; time passes a thousand times as fast, so that waits are real
to the client and cost the test milliseconds.
"""

import json
import time
from collections.abc import Callable
from typing import Any

import httpx
import openai
import pytest
from pytest_mockserver import Session, call

from mockserver import RETRYABLE_FAILURES, SILENT_FAILURES
from mockserver.errors import UsageError
from mockserver.records.verdicts import KINDS, without

pytestmark = pytest.mark.mock_llm(time_scale=0.001, strict=False)

Message = dict[str, Any]
WEATHER = {"type": "function", "function": {"name": "get_weather", "parameters": {}}}


class Client:
    """Asks once, and knows nothing better."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def ask(
        self, *messages: Message, tools: bool = False, key: str = "sk-one", model: str = "gpt-4o"
    ) -> httpx.Response | None:
        body: dict[str, Any] = {"model": model, "messages": list(messages)}
        if tools:
            body["tools"] = [WEATHER]
        try:
            return httpx.post(
                f"{self._session.base_url}/chat/completions",
                json=body,
                headers={"authorization": f"Bearer {key}"},
            )
        except httpx.HTTPError:
            return None

    def ask_until(
        self, attempts: int, wait_s: Callable[[int, httpx.Response | None], float]
    ) -> None:
        """Ask up to *attempts* times, waiting between them, in session time."""
        for attempt in range(attempts):
            answer = self.ask(user("Hi"))
            if answer is not None and answer.status_code == 200:
                return
            time.sleep(wait_s(attempt, answer) * 0.001)


@pytest.fixture
def client(mock_llm: Session) -> Client:
    return Client(mock_llm)


def user(text: str) -> Message:
    return {"role": "user", "content": text}


def assistant(text: str | None, *calls: tuple[str, str, str]) -> Message:
    made = [
        {"id": identity, "type": "function", "function": {"name": name, "arguments": arguments}}
        for identity, name, arguments in calls
    ]
    return {"role": "assistant", "content": text, **({"tool_calls": made} if made else {})}


def tool(identity: str, result: str) -> Message:
    return {"role": "tool", "tool_call_id": identity, "content": result}


def kinds(session: Session) -> list[str]:
    return [verdict.kind for verdict in session.verdicts]


# --- Attempts --------------------------------------------------------------------------------


def as_told(_: int, answer: httpx.Response | None) -> float:
    """Wait as the header says, in session time: it has been scaled."""
    assert answer is not None
    return float(answer.headers["retry-after-ms"])


@pytest.mark.parametrize(
    ("wait_s", "asked_s", "verdicts"),
    [
        pytest.param(as_told, 300, [], id="waits as long as asked"),
        # Three real seconds: a busy machine must not make the client look patient.
        pytest.param(lambda *_: 1.0, 3_000, ["retry_after_ignored"] * 2, id="does not"),
    ],
)
def test_retry_after_ignored(
    mock_llm: Session, client: Client, wait_s: Any, asked_s: int, verdicts: list[str]
) -> None:
    mock_llm.fail("rate_limit", times=2, retry_after_s=asked_s)
    mock_llm.reply("At last.")
    client.ask_until(3, wait_s)

    assert kinds(mock_llm) == verdicts
    for verdict in mock_llm.verdicts:
        assert f"after a 429 that asked for {asked_s} s" in verdict.what


@pytest.mark.parametrize("failure", [400, 401, 403, 404, 422, "quota"])
def test_retried_non_retryable(mock_llm: Session, client: Client, failure: int | str) -> None:
    mock_llm.fail(failure, times=2)
    client.ask(user("Hi"))
    assert kinds(mock_llm) == []

    client.ask(user("Hi"))
    assert kinds(mock_llm) == ["retried_non_retryable"]
    assert mock_llm.verdicts[0].calls == (1, 2)


def test_another_key_is_no_retry(mock_llm: Session, client: Client) -> None:
    mock_llm.fail(401)
    mock_llm.reply("Welcome.")
    client.ask(user("Hi"), key="sk-old")
    client.ask(user("Hi"), key="sk-new")

    assert kinds(mock_llm) == []


@pytest.mark.parametrize(("attempts", "verdicts"), [(10, []), (11, ["retry_storm"])])
def test_retry_storm(mock_llm: Session, client: Client, attempts: int, verdicts: list[str]) -> None:
    mock_llm.fail("rate_limit", times=None, retry_after_s=10)
    client.ask_until(attempts, as_told)

    assert kinds(mock_llm) == verdicts


@pytest.mark.parametrize("failure", ["rate_limit", 500, "overloaded", "disconnect", 408, 409])
def test_gave_up_too_early(mock_llm: Session, client: Client, failure: str | int) -> None:
    mock_llm.fail(failure, times=2)
    client.ask(user("Hi"))
    assert kinds(mock_llm) == ["gave_up_too_early"]

    time.sleep(0.1)
    client.ask(user("Hi"))
    assert kinds(mock_llm) == []


@pytest.mark.mock_llm(time_scale=0.001)
def test_no_read_timeout(mock_llm: Session) -> None:
    def read(timeout_s: float) -> None:
        body = {"model": "gpt-4o", "messages": [user("Hi")], "stream": True}
        headers = {"authorization": "Bearer sk-test"}
        with (
            httpx.Client(timeout=timeout_s) as impatient,
            impatient.stream(
                "POST", f"{mock_llm.base_url}/chat/completions", json=body, headers=headers
            ) as answer,
        ):
            answer.read()

    mock_llm.reply("One two three.", times=2).fail("stall", after_tokens=1, for_s=400)
    with pytest.raises(httpx.ReadTimeout):
        read(0.05)
    mock_llm.wait_for(calls=1)
    assert kinds(mock_llm) == []

    read(10)
    assert kinds(mock_llm) == ["no_read_timeout"]


# --- Conversations ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("carried", "verdicts"),
    [("One two three four five.", []), ("One two", ["truncated_stream_accepted"])],
)
def test_truncated_stream_accepted(
    mock_llm: Session, client: Client, carried: str, verdicts: list[str]
) -> None:
    mock_llm.reply("One two three four five.").fail("truncate", after_tokens=2)
    mock_llm.reply("One two three four five.")
    mock_llm.reply("Six.")
    client.ask(user("Count."))
    if not verdicts:
        client.ask(user("Count."))
    client.ask(user("Count."), assistant(carried), user("Go on."))

    assert kinds(mock_llm) == verdicts


@pytest.mark.parametrize(
    ("result", "verdicts"),
    [
        ('{"error": "there is no tool drop_tables"}', []),
        ("dropped 3 tables", ["unknown_tool_executed"]),
    ],
)
def test_unknown_tool_executed(
    mock_llm: Session, client: Client, result: str, verdicts: list[str]
) -> None:
    mock_llm.reply("Well.", times=None)
    made = assistant(None, ("call_1", "drop_tables", "{}"))
    client.ask(user("Hi"), made, tool("call_1", result), tools=True)
    client.ask(user("Hi"), made, tool("call_1", result), assistant("Well."), user("?"), tools=True)

    assert kinds(mock_llm) == verdicts


@pytest.mark.parametrize(
    ("result", "verdicts"),
    [("Invalid arguments: no JSON", []), ("18 degrees", ["invalid_arguments_executed"])],
)
def test_invalid_arguments_executed(
    mock_llm: Session, client: Client, result: str, verdicts: list[str]
) -> None:
    mock_llm.reply("Well.")
    made = assistant(None, ("call_1", "get_weather", '{"city": "Pa'))
    client.ask(user("Hi"), made, tool("call_1", result), tools=True)

    assert kinds(mock_llm) == verdicts


@pytest.mark.parametrize(
    ("handed", "verdicts"),
    [(["call_1", "call_2"], []), (["call_1"], ["tool_call_not_answered"])],
)
def test_tool_call_not_answered(
    mock_llm: Session, client: Client, handed: list[str], verdicts: list[str]
) -> None:
    mock_llm.reply("Well.", times=None)
    calls = [(identity, "get_weather", "{}") for identity in ("call_1", "call_2")]
    results = [tool(identity, "18") for identity in handed]
    client.ask(user("Hi"), assistant(None, *calls), *results, tools=True)

    assert kinds(mock_llm) == verdicts


@pytest.mark.parametrize(
    ("second", "verdicts"), [("refund 1", []), ("refund 2", ["duplicate_side_effect"])]
)
def test_duplicate_side_effect(
    mock_llm: Session, client: Client, second: str, verdicts: list[str]
) -> None:
    """A tool's result is handed back again after a failure: kept, or run again."""
    mock_llm.fail(400)
    mock_llm.reply("Done.")
    made = assistant(None, ("call_1", "get_weather", "{}"))
    client.ask(user("Hi"), made, tool("call_1", "refund 1"), tools=True)
    client.ask(user("Hi"), made, tool("call_1", second), assistant("?"), user("So?"), tools=True)

    assert kinds(mock_llm) == verdicts


def test_duplicate_side_effect_of_a_lost_answer_and_its_retry(
    mock_llm: Session, client: Client
) -> None:
    made = call("get_weather", city="Paris")
    mock_llm.reply(tool_calls=[{**made, "id": "call_lost"}]).fail("disconnect", at="end")
    mock_llm.reply(tool_calls=[{**made, "id": "call_again"}])
    mock_llm.reply("18 degrees.", times=2)
    client.ask(user("Hi"), tools=True)
    client.ask(user("Hi"), tools=True)
    for identity in ("call_lost", "call_again"):
        arguments = json.dumps({"city": "Paris"})
        called = assistant(None, (identity, "get_weather", arguments))
        client.ask(user("Hi"), called, tool(identity, "18"), tools=True)

    assert "duplicate_side_effect" in kinds(mock_llm)


def test_fallback_never_tried(mock_llm: Session, mock_llm_factory: Any, client: Client) -> None:
    other = mock_llm_factory("fallback")
    other.reply("From the other.")
    mock_llm.fail("overloaded", times=None)
    client.ask(user("Hi"))
    assert kinds(mock_llm) == ["fallback_never_tried"]
    with pytest.raises(AssertionError, match="without trying the fallback"):
        mock_llm.assert_well_behaved()

    Client(other).ask(user("Hi"))
    assert kinds(mock_llm) == []
    mock_llm.assert_well_behaved()


def test_a_fallback_may_be_another_model_or_key_of_the_same_session(
    mock_llm: Session, client: Client
) -> None:
    mock_llm.when(model="gpt-4o").fail("overloaded")
    mock_llm.when(model="gpt-4o-mini").reply("From the small one.")
    client.ask(user("Hi"))
    with pytest.raises(AssertionError, match="fallback_never_tried"):
        mock_llm.assert_well_behaved(fallback=True)

    client.ask(user("Hi"), model="gpt-4o-mini")
    mock_llm.assert_well_behaved(fallback=True)


# --- What is done with them ------------------------------------------------------------------


def test_kinds_may_be_allowed_and_unknown_ones_are_refused(
    mock_llm: Session, client: Client
) -> None:
    mock_llm.fail(500)
    client.ask(user("Hi"))
    with pytest.raises(AssertionError, match=r"gave_up_too_early \(call 1\): did not retry"):
        mock_llm.assert_well_behaved()

    mock_llm.assert_well_behaved(allow=["gave_up_too_early"])
    with pytest.raises(UsageError, match="did you mean 'retry_storm'"):
        without([], ["retry_strom"])
    assert len(set(KINDS)) == 12


@pytest.mark.mock_llm(time_scale=0)
@pytest.mark.parametrize("failure", RETRYABLE_FAILURES, ids=str)
@pytest.mark.mock_llm(fast_retries=True)
def test_the_openai_client_behaves_well_by_default(mock_llm: Session, failure: Any) -> None:
    mock_llm.fail(failure)
    mock_llm.reply("At last.")
    with openai.OpenAI() as client:
        client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "?"}])

    # It tries a spent quota again, which no retry can help: that is what the verdict is for.
    expected = ["retried_non_retryable"] if str(failure) == "quota" else []
    assert kinds(mock_llm) == expected


@pytest.mark.parametrize("failure", [f for f in SILENT_FAILURES if not f.tools], ids=str)
def test_nothing_is_said_of_a_client_that_does_nothing_with_a_silent_failure(
    mock_llm: Session, failure: Any
) -> None:
    mock_llm.reply("One two three four five six.").fail(failure)
    Client(mock_llm).ask(user("Hi"))

    assert kinds(mock_llm) == []
