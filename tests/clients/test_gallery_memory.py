"""The shipped scenarios that remember, count or look closely: `sessions`, `retries` and others."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import openai
import pytest
from gallery import Agent, ask, complete, follow_up, pieces, playing, schema, streamed, text
from jsonschema import Draft7Validator


def chat(client: openai.OpenAI, *said: str) -> list[Any]:
    """Say one thing after the other in one conversation; return what was answered."""
    messages: list[Any] = []
    answers: list[Any] = []
    for sentence in said:
        messages.append({"role": "user", "content": sentence})
        message = follow_up(client, messages)
        messages.append({"role": "assistant", "content": message.content})
        answers.append(message.content)
    return answers


# --- Sessions --------------------------------------------------------------------------------


def test_a_name_is_remembered() -> None:
    with playing("sessions/remembers-the-name") as client:
        assert chat(client, "Hi", "My name is Ada", "Help me") == [
            "Hello! What is your name?",
            "Nice to meet you, Ada.",
            "What can I do for you, Ada?",
        ]


def test_an_order_is_taken_step_by_step_and_cancelled() -> None:
    with playing("sessions/order-desk") as client:
        assert chat(client, "Two hats", "A pizza", "Cancel that", "Pasta", "3 please", "Yes") == [
            "I did not understand that.",
            "How many times pizza?",
            "The order is cancelled. What would you like instead?",
            "How many times Pasta?",
            "3 times Pasta, is that right?",
            "Ordered: 3 times Pasta.",
        ]


def test_conversations_do_not_take_each_others_lines() -> None:
    with playing("sessions/parallel-conversations") as client, ThreadPoolExecutor(8) as pool:
        told = list(
            pool.map(lambda n: chat(client, f"I am {n}", "a", "b", "c"), range(8)),
        )

    assert told == [
        ["How old are you?", "Where do you live?", "Thank you.", "Thank you."] for _ in range(8)
    ]


def test_each_key_has_a_trial_of_its_own() -> None:
    with playing("sessions/free-trial") as client:
        other = client.with_options(api_key="sk-other")
        answers = [text(client) for _ in range(4)]

        assert answers == [
            "Answer 1 of 3.",
            "Answer 2 of 3.",
            "Answer 3 of 3.",
            "Your trial is over.",
        ]
        assert text(other) == "Answer 1 of 3."


@pytest.mark.parametrize(
    ("metadata", "answer"),
    [
        ({"user": "Ada", "plan": "gold"}, "Welcome back, Ada. Your gold line is open."),
        ({"user": "Bob"}, "Hello Bob."),
        ({}, "Who are you?"),
    ],
)
def test_the_metadata_tells_who_asks(metadata: Any, answer: str) -> None:
    with playing("sessions/knows-its-user") as client:
        assert text(client, metadata=metadata, store=True) == answer


# --- Agents that remember --------------------------------------------------------------------


def test_sub_agents_side_by_side_have_scripts_of_their_own() -> None:
    searched: list[str] = []

    def search(query: str) -> str:
        searched.append(query)
        return "found"

    with playing("agents/sub-agents") as client:

        def research(topic: str) -> str | None:
            return Agent(client, {"search": search}, "You are a researcher.").run(topic)

        with ThreadPoolExecutor(4) as pool:
            reports = list(pool.map(research, ["ants", "bees", "cats", "dogs"]))
        summary = Agent(client, {"search": search}, "You summarise.").run(str(reports))

    assert sorted(searched) == ["ants", "bees", "cats", "dogs"]
    assert reports[1] == "Three sources found on bees."
    assert summary == "In short: it depends."


def test_an_agent_asks_for_the_city_that_was_named_and_tells_what_came_back() -> None:
    with playing("agents/takes-up-the-result") as client:
        agent = Agent(client, {"get_weather": lambda city: f"hail in {city}"})

        assert agent.run("How is it?") == "In which city?"
    with playing("agents/takes-up-the-result") as client:
        agent = Agent(client, {"get_weather": lambda city: f"hail in {city}"})

        assert agent.run("How is it in Oslo?") == "The weather in Oslo: hail in Oslo"


def test_an_agent_tells_how_far_it_is() -> None:
    with playing("agents/remembers-the-plan") as client:
        agent = Agent(client, {"build": "ok", "release": "ok"})
        before = agent.run("So how far are you?")
        agent.run("Please deploy it.", most_turns=2)
        between = text(client, "And how far now?")
        agent.messages.append({"role": "user", "content": "Go on."})
        after = Agent(client, {"build": "ok", "release": "ok"})

        assert (before, between) == ("0 of 2 steps are done.", "1 of 2 steps are done.")
        assert after.run("deploy") == "Deployed."
        assert text(client, "how far?") == "2 of 2 steps are done."


def test_an_agent_comes_through_a_brown_out_with_retries() -> None:
    tools = {"get_order": "order 7", "get_policy": "30 days", "refund": "refunded"}
    with playing("agents/refund-in-a-brown-out", max_retries=8) as client:
        said = [Agent(client, tools).run(f"I want a refund, please. ({n})") for n in range(6)]

    assert said == ["Done: order 7 is refunded."] * 6


def test_a_brown_out_hits_some_calls() -> None:
    outcomes: list[int] = []
    with playing("agents/refund-in-a-brown-out") as client:
        for number in range(30):
            try:
                ask(client, f"refund {number}")
                outcomes.append(200)
            except openai.InternalServerError as error:
                outcomes.append(error.status_code)

    assert 3 <= outcomes.count(503) <= 18


# --- Retries ---------------------------------------------------------------------------------


def test_who_does_not_wait_is_answered_at_the_second_attempt() -> None:
    with playing("retries/slow-at-first", timeout=0.5, max_retries=1) as client:
        assert text(client) == "Here you are."


def test_who_starts_over_gets_the_whole_stream() -> None:
    with playing("retries/cut-then-whole") as client:
        with pytest.raises(openai.APIConnectionError):
            streamed(client, "Count.")

        assert "".join(pieces(streamed(client, "Count."))) == "One two three four five six."
        assert text(client, "Count once more.") == "One two three four five six."


@pytest.mark.parametrize(
    ("retries", "error"),
    [(0, openai.InternalServerError), (1, openai.RateLimitError)],
)
def test_too_few_retries_are_too_few(retries: int, error: type[openai.APIStatusError]) -> None:
    with (
        playing("retries/third-attempt-succeeds", max_retries=retries) as client,
        pytest.raises(error),
    ):
        ask(client)


def test_the_third_attempt_is_answered() -> None:
    with playing("retries/third-attempt-succeeds", max_retries=2) as client:
        assert str(text(client)).startswith("Answered at call")


# --- Looking closely, filling in -------------------------------------------------------------


def test_five_opinions_make_a_majority() -> None:
    with playing("basics/vote") as client:
        votes = [choice.message.content for choice in ask(client, n=5).choices]

        assert max(set(votes), key=votes.count) == text(client) == "42"


@pytest.mark.parametrize(("temperature", "word"), [(0, "blue."), (1.2, "whale"), (0.5, "mostly")])
def test_the_temperature_is_felt(temperature: float, word: str) -> None:
    with playing("basics/by-temperature") as client:
        assert word in text(client, temperature=temperature)


def test_a_mirror_shows_what_arrived() -> None:
    with playing("basics/mirror") as client:
        shown = json.loads(text(client, "Hi", "gpt-4o-mini", temperature=0.3))

    assert shown == {
        "model": "gpt-4o-mini",
        "messages": "1",
        "roles": "user",
        "tools": "",
        "temperature": "0.3",
    }


def test_people_are_made_up_the_same_for_the_same_question() -> None:
    with playing("basics/made-up-people") as client:
        people = [json.loads(text(client, f"customer {number}")) for number in range(3)]
    with playing("basics/made-up-people") as client:
        again = json.loads(text(client, "customer 0"))

    assert len({person["name"] for person in people}) == 3
    assert all("@" in person["email"] for person in people)
    assert again == people[0]


def test_a_retired_model_is_gone() -> None:
    with playing("basics/retired-model") as client:
        with pytest.raises(openai.NotFoundError):
            ask(client, model="gpt-4-32k")

        assert text(client) == "I am what came after."


# --- Structured output, legacy completions ---------------------------------------------------

PERSON = schema("person", name={"type": "string"}, born={"type": "integer"})


def test_a_repair_loop_ends_at_the_third_answer_in_each_conversation() -> None:
    validator = Draft7Validator(PERSON["json_schema"]["schema"])

    def attempts(client: openai.OpenAI, about: str) -> int:
        for attempt in range(1, 6):
            try:
                answer = json.loads(text(client, about, response_format=PERSON))
            except json.JSONDecodeError:
                continue
            if validator.is_valid(answer):
                return attempt
        return 0

    with playing("structured/repair-loop") as client:
        assert [attempts(client, about) for about in ("Ada", "Grace")] == [3, 3]


def test_overrides_stand_in_what_is_valid_for_the_schema() -> None:
    line = {"type": "object", "properties": {"item": {"type": "string"}}, "required": ["item"]}
    invoice = schema(
        "invoice",
        number={"type": "string"},
        currency={"type": "string"},
        lines={"type": "array", "items": {**line, "additionalProperties": False}},
    )
    with playing("structured/with-overrides") as client:
        answer = json.loads(text(client, response_format=invoice))

    assert answer["currency"] == "EUR"
    assert (answer["lines"][0]["item"], answer["lines"][0]["count"]) == ("Bolt", 100)
    assert isinstance(answer["number"], str)


def test_each_prompt_of_a_batch_is_answered_by_its_own_words() -> None:
    with playing("completions/batch-by-template") as client:
        batch = complete(client, ["one", "two"], max_tokens=32).choices
        single = complete(client, "one", max_tokens=32).choices

    assert [choice.text for choice in batch] == [" (0) one", " (1) two"]
    assert single[0].text == " Send more than one prompt."
