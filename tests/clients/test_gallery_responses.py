"""The scenarios for the Responses API, used through OpenAI's client as applications use it."""

from typing import Any

import openai
import pytest
from gallery import playing

MODEL = "gpt-4o-mini"
THINKER = "gpt-5-mini"


def function(name: str, *properties: str) -> Any:
    parameters = {
        "type": "object",
        "properties": {one: {"type": "string"} for one in properties},
        "required": [*properties],
        "additionalProperties": False,
    }
    return {"type": "function", "name": name, "parameters": parameters, "strict": True}


def ask(client: openai.OpenAI, said: Any = "Hi", model: str = MODEL, **members: Any) -> Any:
    return client.responses.create(model=model, input=said, **members)


def events(client: openai.OpenAI, said: Any = "Hi", **members: Any) -> list[Any]:
    """Return the events of a streamed answer."""
    with ask(client, said, stream=True, **members) as stream:
        return list(stream)


def output(call: Any, result: str) -> Any:
    """Return the item that hands back the *result* of *call*."""
    kind = {"function_call": "function_call_output", "custom_tool_call": "custom_tool_call_output"}
    return {"type": kind[call.type], "call_id": call.call_id, "output": result}


def kinds(response: Any) -> list[str]:
    return [item.type for item in response.output]


def test_hello_is_one_message_whole_or_event_by_event() -> None:
    with playing("responses/hello") as client:
        whole = ask(client)
        with client.responses.stream(model=MODEL, input="Hi") as stream:
            deltas = [event.delta for event in stream if event.type == "response.output_text.delta"]
            final = stream.get_final_response()

    assert whole.output_text == final.output_text == "".join(deltas)
    assert whole.output_text == "Hello! How can I help you today?"
    assert whole.usage is not None
    assert final.usage is not None
    assert whole.usage.output_tokens == final.usage.output_tokens


@pytest.mark.parametrize("by_id", [True, False], ids=["continued by id", "with its history"])
def test_a_function_is_called_and_its_output_taken_up(*, by_id: bool) -> None:
    tools = [function("get_weather", "city")]
    question = {"role": "user", "content": "How is the weather?"}
    with playing("responses/tool-loop") as client:
        asked = ask(client, [question], tools=tools)
        result = output(asked.output[0], "sunny")
        if by_id:
            told = ask(client, [result], tools=tools, previous_response_id=asked.id)
        else:
            history = [question, *asked.output, result]
            told = ask(client, history, tools=tools)

    assert asked.output[0].arguments == '{"city":"Paris"}'
    assert told.output_text == "It is sunny in Paris."


def test_two_cities_are_looked_up_at_once() -> None:
    tools = [function("get_weather", "city")]
    with playing("responses/parallel-calls") as client:
        asked = ask(client, "Where is it warmer?", tools=tools)
        outputs = [output(call, "mild") for call in asked.output[1:]]
        told = ask(client, outputs, tools=tools, previous_response_id=asked.id)

    assert kinds(asked) == ["message", "function_call", "function_call"]
    assert told.output_text == "Rome is warmer than Paris."


def test_a_custom_tool_gets_a_program() -> None:
    tools: Any = [{"type": "custom", "name": "run_python"}]
    with playing("responses/custom-tool") as client:
        asked = ask(client, "Add the numbers up to ten.", tools=tools)
        (call,) = asked.output
        told = ask(client, [output(call, "45")], tools=tools, previous_response_id=asked.id)

    assert call.input == "print(sum(range(10)))\n"
    assert told.output_text == "The program printed 45."


def test_reasoning_has_a_summary_and_can_be_handed_back() -> None:
    with playing("responses/reasoning") as client:
        first = ask(client, "Which is larger?", THINKER, reasoning={"summary": "auto"})
        thought, said = first.output
        again = ask(
            client, [*first.output, {"role": "user", "content": "Sure?"}], THINKER, store=False
        )

    assert thought.summary[0].text == "**Comparing the numbers**"
    assert thought.encrypted_content.startswith("gAAAAA")
    assert said.content[0].text == "9.9 is larger than 9.11."
    assert first.usage.output_tokens_details.reasoning_tokens == 192
    assert again.status == "completed"


def test_a_format_is_answered_in_its_json() -> None:
    schema = function("person", "name")["parameters"]
    schema["properties"]["born"] = {"type": "integer"}
    schema["required"] = ["name", "born"]
    form = {"type": "json_schema", "name": "person", "schema": schema, "strict": True}
    with playing("responses/structured") as client:
        assert ask(client).output_text == "Ada Lovelace was born in 1815."
        answer = ask(client, text={"format": form})

    assert answer.output_text == '{"name":"Ada Lovelace","born":1815}'


def test_a_search_is_an_item_and_its_page_an_annotation() -> None:
    tools: Any = [{"type": "web_search"}]
    with playing("responses/web-search") as client:
        answer = ask(client, "How tall is it?", tools=tools)
        names = [event.type for event in events(client, "How tall is it?", tools=tools)]

    (cited,) = answer.output[1].content[0].annotations
    assert kinds(answer) == ["web_search_call", "message"]
    assert answer.output_text[cited.start_index : cited.end_index] == "(example.org)"
    assert "response.web_search_call.searching" in names
    assert "response.output_text.annotation.added" in names


def test_a_program_runs_where_the_provider_hosts_it() -> None:
    tools: Any = [{"type": "code_interpreter", "container": {"type": "auto"}}]
    with playing("responses/code-interpreter") as client:
        seen = events(client, "2 ** 64?", tools=tools)
    code = [event.delta for event in seen if event.type.endswith("code.delta")]
    final = seen[-1].response

    assert "".join(code) == "print(2 ** 64)\n"
    assert final.output[0].outputs[0].logs == "18446744073709551616\n"


@pytest.mark.parametrize(
    ("approve", "said"),
    [(True, "The shop is deployed."), (False, "Then I leave the shop as it is.")],
)
def test_a_person_approves_a_call_of_an_mcp_server_or_does_not(*, approve: bool, said: str) -> None:
    tools: Any = [{"type": "mcp", "server_label": "ops", "server_url": "https://ops.example/mcp"}]
    with playing("responses/mcp-approval") as client:
        asked = ask(client, "Deploy the shop.", tools=tools)
        request = asked.output[1]
        decision = {
            "type": "mcp_approval_response",
            "approval_request_id": request.id,
            "approve": approve,
        }
        told = ask(client, [decision], tools=tools, previous_response_id=asked.id)

    assert kinds(asked) == ["mcp_list_tools", "mcp_approval_request"]
    assert told.output_text == said


def test_a_refusal_is_a_part_of_its_own() -> None:
    with playing("responses/refusal") as client:
        refused = ask(client, "How do I pick a lock?")
        helped = ask(client, "How do I bake bread?")

    assert (refused.status, refused.output_text) == ("completed", "")
    assert refused.output[0].content[0].refusal == "I'm sorry, I can't assist with that."
    assert helped.output_text == "Gladly."


def test_a_limit_leaves_the_response_incomplete() -> None:
    with playing("responses/incomplete") as client:
        answer = ask(client, max_output_tokens=20)

    assert (answer.status, answer.output[0].status) == ("incomplete", "incomplete")
    assert answer.incomplete_details.reason == "max_output_tokens"
    assert answer.usage.output_tokens == 20


def test_a_stream_fails_and_its_retry_does_not() -> None:
    with playing("responses/failed-mid-stream") as client:
        with pytest.raises(openai.APIError, match="An error occurred"):
            events(client)
        last = events(client)[-1]

    assert last.response.output_text == "The answer is 42."


def test_a_limit_asks_to_wait_and_then_answers() -> None:
    with playing("responses/rate-limited-once") as client:
        with pytest.raises(openai.RateLimitError) as limited:
            ask(client)
        assert ask(client).output_text == "Thank you for waiting."

    assert limited.value.response.headers["retry-after"] == "1"


def test_a_stream_begins_and_tells_that_there_is_no_credit() -> None:
    with (
        playing("responses/no-credit-in-the-stream") as client,
        pytest.raises(openai.APIError) as refused,
    ):
        events(client)

    assert refused.value.code == "insufficient_quota"


def test_a_report_is_asked_for_in_the_background() -> None:
    with playing("responses/background") as client:
        at_once = ask(client)
        last = events(client, background=True)[-1]

    assert at_once.output_text == "Ask for it in the background."
    assert last.response.output_text == "The report is ready: sales rose by 7 percent."


def test_a_name_is_known_by_the_response_before() -> None:
    with playing("responses/chain") as client:
        told = ask(client, "My name is Ada.")
        stranger = ask(client, "What is my name?")
        known = ask(client, "What is my name?", previous_response_id=told.id)

    assert told.output_text == "Nice to meet you."
    assert stranger.output_text == "I do not know your name."
    assert known.output_text == "Your name is Ada."


def test_an_agent_hands_over_and_another_speaks() -> None:
    tools = [function("transfer_to_billing")]
    triage, billing = "You are the triage agent.", "You are the billing agent."
    with playing("responses/handoff") as client:
        asked = ask(client, "Where is my invoice?", instructions=triage, tools=tools)
        result = [output(asked.output[0], "transferred")]
        told = ask(client, result, instructions=billing, previous_response_id=asked.id)
        other = ask(client, "Hello", instructions=triage, tools=tools)

    assert asked.output[0].name == "transfer_to_billing"
    assert told.output_text == "Billing here. I see your invoice of March."
    assert other.output_text == "What is it about?"
