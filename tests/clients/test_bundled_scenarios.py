"""The scenarios that ship, used through a real client; and the shelf that they stand on.

More of them are used by the `test_gallery_…` files beside this one.
"""

import json
import re
from pathlib import Path
from typing import Any

import openai
import pytest
from gallery import ask, complete, follow_up, playing, text

from mockserver import bundled
from mockserver.scenario.loader import bundled_scenarios, check

TOOLS: Any = [
    {
        "type": "function",
        "function": {"name": name, "parameters": {"type": "object", "properties": {}}},
    }
    for name in ("get_weather", "get_time")
]
FUNCTIONS: Any = [tool["function"] for tool in TOOLS]


def handed_back(message: Any, results: dict[str, str]) -> list[Any]:
    """Return a conversation in which the tools that *message* calls have their *results*."""
    return [
        {"role": "user", "content": "How is the weather?"},
        message.model_dump(exclude_none=True),
        *(
            {"role": "tool", "tool_call_id": call.id, "content": results[call.function.name]}
            for call in message.tool_calls
        ),
    ]


# --- Basics ----------------------------------------------------------------------------------


def test_hello_is_said_whatever_is_asked() -> None:
    with playing("basics/hello") as client:
        assert text(client, "What?") == "Hello! How can I help you today?"


def test_an_echo_says_it_again() -> None:
    with playing("basics/echo") as client:
        assert text(client, "Héllo \N{FLAMINGO}") == "Héllo \N{FLAMINGO}"


def test_prose_is_about_so_long_and_never_the_same() -> None:
    with playing("basics/lorem") as client:
        answers = [ask(client) for _ in range(3)]

    assert len({answer.choices[0].message.content for answer in answers}) == 3
    assert all(20 < answer.usage.completion_tokens <= 400 for answer in answers)


def test_a_refusal_has_its_own_place() -> None:
    with playing("basics/refusal") as client:
        message = ask(client, "How do I pick a lock?").choices[0].message

        assert (message.content, message.refusal) == (None, "I'm sorry, I can't assist with that.")
        assert text(client, "How do I bake bread?") == "Gladly."


def test_several_choices_differ() -> None:
    with playing("basics/several-choices") as client:
        yes, refused, cut = ask(client, n=3).choices

    assert (yes.message.content, refused.message.refusal) == ("Yes.", "I cannot say.")
    assert (cut.message.content, cut.finish_reason) == ("That depends on", "length")


@pytest.mark.parametrize(
    ("model", "answer"),
    [
        ("gpt-4o-mini", "A small model answers."),
        ("gpt-5", "A reasoning model answers."),
        ("gpt-4.1", "A large model answers."),
    ],
)
def test_each_family_of_models_has_its_own_answer(model: str, answer: str) -> None:
    with playing("basics/by-model") as client:
        assert text(client, model=model) == answer


def test_a_reasoning_model_bills_its_thoughts() -> None:
    with playing("basics/by-model") as client:
        usage = ask(client, model="gpt-5").usage

    assert usage.completion_tokens_details.reasoning_tokens == 64
    assert usage.completion_tokens > 64


def test_a_conversation_goes_on_turn_by_turn() -> None:
    messages: list[Any] = []
    answers: list[Any] = []
    with playing("basics/three-turns") as client:
        for said in ("Hi", "Ada", "Paris"):
            messages.append({"role": "user", "content": said})
            message = follow_up(client, messages)
            messages.append(message)
            answers.append(message.content)

    assert answers == [
        "Hello, what is your name?",
        "And where do you live?",
        "Thank you, that is all.",
    ]


# --- Tools -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("result", "answer"),
    [
        pytest.param("sunny", "It is sunny in Paris.", id="one result"),
        pytest.param("rain", "It is not sunny in Paris.", id="another result"),
    ],
)
def test_a_tool_is_called_and_its_result_taken_up(result: str, answer: str) -> None:
    with playing("tools/one-call") as client:
        message = ask(client, "How is the weather?", tools=TOOLS).choices[0].message
        (call,) = message.tool_calls
        messages = handed_back(message, {"get_weather": result})

        assert json.loads(call.function.arguments) == {"city": "Paris"}
        assert follow_up(client, messages, tools=TOOLS).content == answer


def test_two_tools_are_called_at_once_and_both_results_taken_up() -> None:
    with playing("tools/parallel-calls") as client:
        message = ask(client, "Weather and time?", tools=TOOLS).choices[0].message
        messages = handed_back(message, {"get_weather": "sunny", "get_time": "12:00"})

        assert [call.function.name for call in message.tool_calls] == ["get_weather", "get_time"]
        assert follow_up(client, messages, tools=TOOLS).content == "It is sunny in Paris, at noon."


def test_a_legacy_function_is_called_and_its_result_taken_up() -> None:
    with playing("tools/legacy-function") as client:
        choice = ask(client, "How is the weather?", functions=FUNCTIONS).choices[0]
        call = choice.message.function_call
        messages = [
            {"role": "user", "content": "How is the weather?"},
            choice.message.model_dump(exclude_none=True),
            {"role": "function", "name": call.name, "content": "sunny"},
        ]

        assert choice.finish_reason == "function_call"
        assert follow_up(client, messages, functions=FUNCTIONS).content == "It is sunny in Paris."


# --- Structured output -----------------------------------------------------------------------


def test_a_person_is_json_that_parses() -> None:
    with playing("structured/person") as client:
        assert json.loads(text(client)) == {
            "name": "Ada Lovelace",
            "born": 1815,
            "fields": ["mathematics", "computing"],
        }


def test_a_repair_loop_needs_a_second_answer() -> None:
    with playing("structured/invalid-then-valid") as client:
        with pytest.raises(json.JSONDecodeError):
            json.loads(text(client))

        assert json.loads(text(client)) == {"name": "Ada Lovelace", "born": 1815}


# --- Legacy completions ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prompt", "continued"),
    [
        ("Review: I loved it.\nSentiment:", " positive"),
        ("Tell me a story.", "\n\nOnce upon a time"),
    ],
)
def test_examples_are_continued_by_a_label(prompt: str, continued: str) -> None:
    with playing("completions/few-shot") as client:
        assert complete(client, prompt).choices[0].text == continued


def test_each_prompt_of_a_batch_is_echoed() -> None:
    with playing("completions/echo-of-each-prompt") as client:
        assert [c.text for c in complete(client, ["one", "two"]).choices] == ["one", "two"]


# --- Failures --------------------------------------------------------------------------------


def test_who_is_rate_limited_once_is_told_when_to_come_back() -> None:
    with playing("failures/rate-limited-once") as client:
        with pytest.raises(openai.RateLimitError) as limited:
            ask(client)

        assert limited.value.code == "rate_limit_exceeded"
        assert limited.value.response.headers["retry-after"] == "1"
        assert text(client) == "Hello again."


def test_a_client_comes_back_by_itself_after_a_rate_limit() -> None:
    with playing("failures/rate-limited-once", max_retries=1) as client:
        assert text(client) == "Hello again."


def test_after_a_server_error_all_is_well_again() -> None:
    with playing("failures/server-error-then-ok") as client:
        with pytest.raises(openai.InternalServerError):
            ask(client)

        assert text(client) == "All is well again."


def test_a_stream_is_cut_and_an_answer_in_one_piece_is_not() -> None:
    pieces: list[str] = []
    with playing("failures/disconnect-mid-stream") as client:
        with pytest.raises(openai.APIConnectionError), ask(client, stream=True) as chunks:
            pieces.extend(chunk.choices[0].delta.content for chunk in chunks)

        assert "".join(pieces) == "One two three"
        assert text(client) == "One two three four five six."


def test_a_gateways_page_is_no_json_and_is_retried() -> None:
    with playing("failures/html-502") as client:
        with pytest.raises(openai.InternalServerError) as bad:
            ask(client)

        assert bad.value.response.headers["content-type"] == "text/html"
        assert text(client) == "Back again."


def test_about_three_in_ten_calls_find_the_server_overloaded() -> None:
    outcomes: list[int] = []
    with playing("failures/brown-out") as client:
        for number in range(60):
            try:
                ask(client, f"call {number}")
                outcomes.append(200)
            except openai.InternalServerError as error:
                outcomes.append(error.status_code)

    assert set(outcomes) == {200, 503}
    assert 8 <= outcomes.count(503) <= 30


# --- The providers' pages --------------------------------------------------------------------


def test_the_completions_page_gets_its_printed_answer() -> None:
    with playing("pages/say-this-is-a-test") as client:
        answer = complete(client, "Say this is a test", max_tokens=7, temperature=0)
    choice = answer.choices[0]

    assert (choice.text, choice.index, choice.logprobs, choice.finish_reason) == (
        "\n\nThis is indeed a test",
        0,
        None,
        "length",
    )
    assert (answer.object, answer.id[:5]) == ("text_completion", "cmpl-")
    assert totals(answer) == (5, 7, 12)


def test_the_aiml_page_gets_its_printed_answer_and_bill() -> None:
    with playing("pages/hello-with-stated-usage") as client:
        answer = ask(client, "Hello", "gpt-3.5-turbo")
    message = answer.choices[0].message

    assert (message.content, message.refusal, message.annotations) == (
        "Hello! How can I assist you today?",
        None,
        [],
    )
    assert (answer.model, answer.system_fingerprint) == ("gpt-3.5-turbo-0125", None)
    assert totals(answer) == (50, 126, 176)
    assert answer.usage.completion_tokens_details.reasoning_tokens == 0


BLUE = "The sky is blue because air scatters blue light more than red light."


def test_the_vercel_pages_question_is_answered_in_a_chat() -> None:
    with playing("pages/why-is-the-sky-blue") as client:
        assert text(client, "Why is the sky blue?", "gpt-3.5-turbo") == BLUE


def test_the_vercel_pages_call_is_answered_as_the_sdk_makes_it() -> None:
    with playing("pages/why-is-the-sky-blue") as client:
        url = str(client.base_url).replace("/v1/", "/v4/ai/language-model")
        prompt = [{"role": "user", "content": [{"type": "text", "text": "Why is the sky blue?"}]}]
        answer: Any = client.post(
            url,
            cast_to=object,
            body={"toolChoice": {"type": "auto"}, "prompt": prompt, "includeRawChunks": False},
            options={
                "headers": {
                    "ai-language-model-id": "openai/gpt-3.5-turbo-instruct",
                    "ai-language-model-specification-version": "4",
                    "ai-language-model-streaming": "false",
                }
            },
        )

    assert answer["content"] == [{"type": "text", "text": BLUE}]


def test_the_vercel_pages_question_is_answered_as_the_prompt_that_the_sdk_makes_of_it() -> None:
    prompt = "user:\nWhy is the sky blue?\n\nassistant:\n"
    with playing("pages/why-is-the-sky-blue") as client:
        answer = complete(client, prompt, max_tokens=64, stop=["\nuser:"])

    assert answer.choices[0].text == BLUE


def totals(answer: Any) -> tuple[int, int, int]:
    usage = answer.usage
    return usage.prompt_tokens, usage.completion_tokens, usage.total_tokens


# --- The Vercel AI Gateway -------------------------------------------------------------------

GATEWAYS = "openai/gpt-4o"


def test_an_agent_behind_the_gateway_thinks_aloud_and_calls_a_tool() -> None:
    with playing("vercel/agent-loop") as client:
        message = ask(client, "How is the weather?", GATEWAYS, tools=TOOLS).choices[0].message
        results = handed_back(message, {"get_weather": "sunny"})
        answer: Any = client.chat.completions.create(model=GATEWAYS, messages=results, tools=TOOLS)

    assert message.reasoning.startswith("The weather is asked for")
    assert message.provider_metadata["gateway"]["routing"]["finalProvider"] == "openai"
    assert answer.choices[0].message.content == "It is sunny in Paris."


def test_there_is_no_credit_left_at_the_gateway_after_two_calls() -> None:
    with playing("vercel/out-of-credit", max_retries=2) as client:
        assert [text(client, model=GATEWAYS) for _ in range(2)] == ["This was paid for."] * 2
        with pytest.raises(openai.APIStatusError) as refused:
            text(client, model=GATEWAYS)

    assert refused.value.status_code == 402
    assert refused.value.type == "insufficient_funds"


def test_another_model_steps_in_where_one_is_overloaded_behind_the_gateway() -> None:
    with playing("vercel/model-fallback") as client:
        with pytest.raises(openai.InternalServerError):
            text(client, model=GATEWAYS)
        others = {"models": ["openai/gpt-4o-mini"]}
        answer = ask(client, model=GATEWAYS, extra_body=others)

    assert answer.model == "openai/gpt-4o-mini"
    assert answer.choices[0].message.content == "Another model answers."


def test_the_gateway_limits_the_first_call_and_answers_the_retry() -> None:
    with playing("vercel/rate-limited-once", max_retries=1) as client:
        assert text(client, model=GATEWAYS) == "You got through."


# --- The shelf -------------------------------------------------------------------------------

FOLDER = bundled.folder("scenarios")
SHIPPED = bundled_scenarios()


def test_every_scenario_that_ships_is_used_through_a_client() -> None:
    tests = [path.read_text("utf-8") for path in Path(__file__).parent.glob("test_*.py")]
    used = set(re.findall(r'\b(?:playing|serving)\(\s*"([^"]+)"', "\n".join(tests)))

    assert used == {name for name, _ in SHIPPED}


@pytest.mark.parametrize("name", [name for name, _ in SHIPPED])
def test_a_scenario_that_ships_gives_no_cause_for_doubt(name: str) -> None:
    assert check([name]) == []


@pytest.mark.parametrize(("name", "description"), SHIPPED)
def test_a_scenario_is_named_in_kebab_case_and_described_in_a_sentence(
    name: str, description: str
) -> None:
    assert re.fullmatch(r"[a-z0-9-]+/[a-z0-9]+(-[a-z0-9]+)*", name)
    assert re.fullmatch(r"[A-Z].*[^.]\.", description)


def test_the_table_of_the_readme_is_in_step_with_the_files() -> None:
    readme = (FOLDER / "README.md").read_text("utf-8")
    rows = re.findall(r"^\| `([^`]+)` \| (.+) \|$", readme, re.MULTILINE)

    assert rows == SHIPPED
