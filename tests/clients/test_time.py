"""Latency, limits and waits as openai-python meets them; and the scenarios that ship with them.

Where nothing is to be waited for, the time scale is 0. No test asserts on the wall's clock but
those that hold an upper bound far away.
"""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import openai
import pytest
from support.wire import Serve

from mockserver import MockServer
from mockserver.records.journal import Call


class Played:
    """A shipped scenario that is served, and a client of it."""

    def __init__(self, server: MockServer, client: openai.OpenAI) -> None:
        self.server = server
        self.client = client

    def ask(self, said: str = "Hi", **members: Any) -> Any:
        messages: Any = [{"role": "user", "content": said}]
        return self.client.chat.completions.create(model="gpt-4o", messages=messages, **members)

    def outcome(self, said: str = "Hi") -> Any:
        """Return the answer's text, or the status of the refusal."""
        try:
            return self.ask(said).choices[0].message.content
        except openai.APIStatusError as error:
            return error.status_code

    @property
    def calls(self) -> list[Call]:
        return list(self.server.session().journal)


@contextmanager
def playing(scenario: str, *, key: str = "sk-test", **options: Any) -> Iterator[Played]:
    """Serve *scenario* at a time scale of 0, for a client that retries nothing unless told so."""
    with (
        MockServer(scenario, time_scale=0) as server,
        openai.OpenAI(
            base_url=server.base_url, api_key=key, **{"max_retries": 0, **options}
        ) as client,
    ):
        yield Played(server, client)


# --- Waits -----------------------------------------------------------------------------------


def test_an_unmodified_client_lives_through_a_minute_of_waits_at_once(serve: Serve) -> None:
    scenario = """
        rules:
          - {times: 3, fail: {kind: http_error, status: 429, headers: {retry-after: "20"}}}
          - reply: "Hello again."
    """
    server = serve(scenario, time_scale=0)
    messages: Any = [{"role": "user", "content": "Hi"}]
    with openai.OpenAI(base_url=server.base_url, api_key="sk-test", max_retries=3) as client:
        client.models.list()  # what the first request of a process costs is not the question
        began = time.perf_counter()
        answer = client.chat.completions.create(model="gpt-4o", messages=messages)
        took_s = time.perf_counter() - began

    assert answer.choices[0].message.content == "Hello again."
    assert took_s < 10, "three waits of 20 s each were not waited for"
    calls = [call for call in server.session().journal if call.endpoint == "chat.completions"]
    assert [call.asked_wait_s for call in calls] == [20, 20, 20, None]
    assert [call.waited_s for call in calls] == [None, 20, 20, 20]
    assert [call.at_s for call in calls] == [0, 20, 40, 60]


def test_a_client_does_not_back_off_by_itself_at_scale_zero(serve: Serve) -> None:
    scenario = 'rules: [{times: 2, fail: 503}, {reply: "Hello again."}]'
    server = serve(scenario, time_scale=0)
    messages: Any = [{"role": "user", "content": "Hi"}]
    with openai.OpenAI(base_url=server.base_url, api_key="sk-test") as client:
        answer = client.chat.completions.create(model="gpt-4o", messages=messages)

    assert answer.choices[0].message.content == "Hello again."
    assert [call.status for call in server.session().journal] == [503, 503, 200]


# --- Pauses on the wire ----------------------------------------------------------------------


def test_pauses_pass_between_the_pieces_of_a_stream(serve: Serve) -> None:
    scenario = """
        rules:
          - {reply: "One two three four.", latency: {ttft_ms: 40, per_token_ms: 20}}
    """
    server = serve(scenario)
    messages: Any = [{"role": "user", "content": "Hi"}]
    with openai.OpenAI(base_url=server.base_url, api_key="sk-test") as client:
        began = time.perf_counter()
        chunks = client.chat.completions.create(model="gpt-4o", messages=messages, stream=True)
        came = [(time.perf_counter() - began, chunk.choices[0].delta.content) for chunk in chunks]

    # However busy the machine is: nothing comes before its time.
    texts = [(at_s, text) for at_s, text in came if text]
    assert "".join(text for _, text in texts) == "One two three four."
    assert all(at_s >= 0.04 + 0.02 * number for number, (at_s, _) in enumerate(texts))


def test_a_moved_clock_ends_the_pause_of_an_answer_that_waits(serve: Serve) -> None:
    server = serve('rules: [{reply: "At last.", latency: {ttft_ms: 600000}}]')
    messages: Any = [{"role": "user", "content": "Hi"}]
    with openai.OpenAI(base_url=server.base_url, api_key="sk-test") as client:
        chunks = client.chat.completions.create(model="gpt-4o", messages=messages, stream=True)
        server.session().clock.advance(600)  # the headers are here, the first token is not
        texts = [chunk.choices[0].delta.content or "" for chunk in chunks]

    assert "".join(texts) == "At last."


def test_parallel_answers_at_scale_zero_overlap_and_the_clock_stands_where_the_last_ends(
    serve: Serve,
) -> None:
    server = serve('rules: [{reply: "One.", latency: {ttft_ms: 5000}}]', time_scale=0)
    messages: Any = [{"role": "user", "content": "Hi"}]

    async def ask_all() -> None:
        async with openai.AsyncOpenAI(base_url=server.base_url, api_key="sk-test") as client:
            create = client.chat.completions.create
            await asyncio.gather(*(create(model="gpt-4o", messages=messages) for _ in range(4)))

    asyncio.run(ask_all())

    calls = list(server.session().journal)
    ends = [call.at_s + (call.planned_ms or 0) / 1_000 for call in calls]
    assert server.session().clock.now_s() == pytest.approx(max(ends))


# --- Turns -----------------------------------------------------------------------------------


def test_who_waits_for_a_turn_is_answered_when_it_has_come_and_the_others_are_refused(
    serve: Serve,
) -> None:
    scenario = """
        limits: {"*": {concurrency: 1, queue: 1}}
        rules: [{reply: "At last.", latency: {ttft_ms: 600000}}]
    """
    server = serve(scenario)
    messages: Any = [{"role": "user", "content": "Hi"}]

    async def ask() -> list[str]:
        options: Any = {"base_url": server.base_url, "api_key": "sk-test", "max_retries": 0}
        async with openai.AsyncOpenAI(**options) as client:

            async def text() -> str:
                try:
                    answer = await client.chat.completions.create(model="gpt-4o", messages=messages)
                except openai.APIStatusError as error:
                    return str(error.status_code)
                return answer.choices[0].message.content or ""

            async def asked(number: int) -> "asyncio.Task[str]":
                task = asyncio.create_task(text())
                while len(server.session().journal) < number:  # noqa: ASYNC110 - it is another thread's
                    await asyncio.sleep(0.001)
                return task

            tasks = [await asked(number) for number in (1, 2, 3)]
            refused = await tasks[2]
            while not tasks[1].done():
                server.session().clock.advance(600)
                await asyncio.sleep(0.001)
            return [await tasks[0], await tasks[1], refused]

    assert asyncio.run(ask()) == ["At last.", "At last.", "503"]
    _, waited, _ = server.session().journal
    assert waited.queued_s >= 600


def test_a_client_that_leaves_makes_room(serve: Serve) -> None:
    scenario = """
        limits: {"*": {concurrency: 1}}
        rules:
          - {times: 1, reply: "Never.", latency: {ttft_ms: 600000}}
          - reply: "You are next."
    """
    server = serve(scenario)
    messages: Any = [{"role": "user", "content": "Hi"}]
    with openai.OpenAI(base_url=server.base_url, api_key="sk-test", max_retries=40) as client:
        create = client.chat.completions.create
        create(model="gpt-4o", messages=messages, stream=True).close()
        # Until the server has noticed, the place is taken: the client tries again.
        answer = create(model="gpt-4o", messages=messages)

    assert answer.choices[0].message.content == "You are next."


# --- The scenarios that ship -----------------------------------------------------------------


def test_the_first_token_of_a_slow_model_comes_a_minute_after_the_headers() -> None:
    with playing("latency/slow-first-token") as played:
        assert played.outcome() == "Here it is, at last."
        (call,) = played.calls

    assert call.planned_ttft_ms == pytest.approx(60_000)


def test_a_flagship_model_writes_about_seventy_tokens_a_second() -> None:
    with playing("latency/flagship") as played:
        for number in range(20):
            played.ask(f"Write {number}")
        calls = played.calls

    tokens = sum(call.usage.completion_tokens for call in calls if call.usage)
    writing_s = sum((c.planned_ms or 0) - (c.planned_ttft_ms or 0) for c in calls) / 1_000
    assert tokens / writing_s == pytest.approx(71, rel=0.1)


def test_tokens_in_bursts_take_as_long_as_one_by_one() -> None:
    with playing("latency/in-bursts") as played:
        played.ask()
        (call,) = played.calls

    assert call.planned_ms == pytest.approx(300 + 119 * 10, rel=0.1)


def test_one_call_in_five_meets_a_cold_start() -> None:
    with playing("latency/cold-start") as played:
        for number in range(60):
            played.ask(f"Call {number}")
        cold = [call for call in played.calls if (call.planned_ttft_ms or 0) > 2_000]

    assert 5 <= len(cold) <= 20


def test_a_call_alone_is_not_slowed_down() -> None:
    with playing("latency/under-load") as played:
        played.ask()
        played.ask()

    assert all((call.planned_ttft_ms or 0) < 400 for call in played.calls)


def test_a_long_prompt_takes_its_time() -> None:
    with playing("latency/long-prompt") as played:
        played.ask("word " * 10_000)
        (call,) = played.calls

    assert call.planned_ttft_ms == pytest.approx(1_300, rel=0.02)


def test_three_calls_a_minute_and_a_client_that_returns_as_told() -> None:
    with playing("limits/three-a-minute", max_retries=1) as played:
        texts = [played.outcome(f"Call {number}") for number in range(5)]

    assert texts == ["You were in time."] * 5
    assert [call.status for call in played.calls] == [200, 200, 200, 429, 200, 429, 200]
    assert [call.waited_s for call in played.calls] == [None, None, None, None, 20, None, 20]


def test_long_prompts_find_the_minutes_tokens_used_up() -> None:
    with playing("limits/tokens-per-minute") as played:
        outcomes = [played.outcome("x" * size) for size in (6_000, 6_004, 1_000, 8_000)]

    assert outcomes == ["That was short enough.", 429, "That was short enough.", 429]


@pytest.mark.parametrize(("key", "answered"), [("sk-free-7", 2), ("sk-paid", 4)])
def test_free_keys_are_answered_twice_a_minute(key: str, answered: int) -> None:
    with playing("limits/free-and-paid-keys", key=key) as played:
        outcomes = [played.outcome(f"Call {number}") for number in range(4)]

    assert outcomes == ["At your service."] * answered + [429] * (4 - answered)


def test_one_call_after_the_other_finds_its_turn() -> None:
    with playing("limits/two-at-once") as played:
        assert [played.outcome() for _ in range(6)] == ["It is your turn now."] * 6
