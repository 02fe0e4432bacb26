"""What openai-python makes of the Responses API and its neighbours, by its defaults.

Prints one JSON object: for each function below, what it returned, or what it raised.
"""

import asyncio
import json
import sys
from collections.abc import Callable
from typing import Any

import openai
from pydantic import BaseModel

MODEL = "gpt-4o-mini"
WEATHER: Any = {
    "type": "function",
    "name": "get_weather",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
}


class person(BaseModel):  # noqa: N801 - it becomes the name of the schema
    """A person."""

    name: str
    born: int


def ask(client: openai.OpenAI, text: Any = "hello", **members: Any) -> Any:
    return client.responses.create(**{"model": MODEL, "input": text, **members})


def usage_of(response: Any) -> list[int]:
    usage = response.usage
    return [usage.input_tokens, usage.output_tokens, usage.total_tokens]


def raised(call: Callable[[], Any]) -> Any:
    """Return the names of what *call* raises: the class, and what the API says."""
    try:
        call()
    except openai.APIStatusError as error:
        return [type(error).__name__, error.status_code, error.code, error.param]
    except Exception as error:  # noqa: BLE001 - which one is the question
        return [type(error).__name__]
    return None


# --- Answers ---------------------------------------------------------------------------------


def create(client: openai.OpenAI) -> Any:
    response = ask(client)
    return [
        response.output_text,
        response.status,
        response.model,
        response.id[:5],
        usage_of(response),
    ]


def create_async(client: openai.OpenAI) -> Any:
    async def together() -> Any:
        async with openai.AsyncOpenAI(base_url=client.base_url, api_key="sk-test") as own:
            return await asyncio.gather(
                *(own.responses.create(model=MODEL, input="hello") for _ in range(4))
            )

    return [response.output_text for response in asyncio.run(together())]


def stream(client: openai.OpenAI) -> Any:
    with ask(client, stream=True) as events:
        received = list(events)
    kinds = list(dict.fromkeys(event.type for event in received))
    pieces = [event.delta for event in received if event.type == "response.output_text.delta"]
    return [pieces, kinds, received[-1].response.output_text]


def stream_helper(client: openai.OpenAI) -> Any:
    with client.responses.stream(model=MODEL, input="hello") as events:
        snapshots = [event.snapshot for event in events if event.type.endswith("text.delta")]
        final = events.get_final_response()
    return [snapshots, final.output_text, usage_of(final)]


def stream_parsed(client: openai.OpenAI) -> Any:
    with client.responses.stream(model=MODEL, input="who?", text_format=person) as events:
        events.until_done()
        found = events.get_final_response().output_parsed
    assert found is not None
    return [found.name, found.born]


def parsed(client: openai.OpenAI) -> Any:
    found = client.responses.parse(model=MODEL, input="who?", text_format=person).output_parsed
    assert found is not None
    return [found.name, found.born]


def refusal(client: openai.OpenAI) -> Any:
    part = ask(client, "refuse").output[0].content[0]
    return [part.type, part.refusal]


def refusal_streamed(client: openai.OpenAI) -> Any:
    with ask(client, "refuse", stream=True) as events:
        return "".join(event.delta for event in events if event.type == "response.refusal.delta")


def reasoning(client: openai.OpenAI) -> Any:
    response = ask(client, "think", model="gpt-5", reasoning={"summary": "auto"})
    thought, _message = response.output
    return [thought.summary[0].text, response.output_text]


def reasoning_streamed(client: openai.OpenAI) -> Any:
    texts = {"reasoning_summary_text": "", "output_text": ""}
    members: Any = {"model": "gpt-5", "reasoning": {"summary": "auto"}}
    with ask(client, "think", stream=True, **members) as events:
        for event in events:
            if event.type.endswith(".delta"):
                texts[event.type.split(".")[1]] += event.delta
    return list(texts.values())


def incomplete(client: openai.OpenAI) -> Any:
    response = ask(client, "long", max_output_tokens=16)
    return [response.status, response.incomplete_details.reason, response.usage.output_tokens]


# --- Tools -----------------------------------------------------------------------------------


def called(response: Any) -> Any:
    (call,) = response.output
    return [call.name, json.loads(call.arguments)]


def tool_call(client: openai.OpenAI) -> Any:
    return called(ask(client, "weather", tools=[WEATHER]))


def tool_call_streamed(client: openai.OpenAI) -> Any:
    with client.responses.stream(model=MODEL, input="weather", tools=[WEATHER]) as events:
        return called(events.get_final_response())


def tool_parsed(client: openai.OpenAI) -> Any:
    tools: Any = [openai.pydantic_function_tool(person)]
    parse = client.responses.parse
    (call,) = parse(model=MODEL, input="call", tools=tools, tool_choice="required").output
    return [call.type, type(call.parsed_arguments).__name__]  # type: ignore[union-attr]


def result_of(call: Any) -> Any:
    return {"type": "function_call_output", "call_id": call.call_id, "output": "sunny"}


def tool_loop(client: openai.OpenAI) -> Any:
    """Return what comes of a result that is sent with the whole history."""
    history: list[Any] = [{"role": "user", "content": "weather"}]
    first = ask(client, history, tools=[WEATHER])
    history += [*first.output, result_of(first.output[0])]
    return ask(client, history, tools=[WEATHER]).output_text


def tool_loop_continued(client: openai.OpenAI) -> Any:
    """Return what comes of a result that is sent alone, after a stored response."""
    first = ask(client, "weather", tools=[WEATHER])
    results = [result_of(first.output[0])]
    second = ask(client, results, tools=[WEATHER], previous_response_id=first.id)
    return [second.output_text, second.previous_response_id == first.id]


def continued(client: openai.OpenAI) -> Any:
    first = ask(client)
    return ask(client, "again", previous_response_id=first.id).output_text


# --- Errors ----------------------------------------------------------------------------------


def error(client: openai.OpenAI) -> Any:
    return raised(lambda: ask(client, model="gpt-9"))


def error_in_stream(client: openai.OpenAI) -> Any:
    pieces: list[str] = []

    def read() -> None:
        with ask(client, "broken", stream=True) as events:
            pieces.extend(e.delta for e in events if e.type == "response.output_text.delta")

    return [raised(read), pieces]


def cut(client: openai.OpenAI) -> Any:
    return raised(lambda: list(ask(client, "cut", stream=True))) is not None


def retried_once(client: openai.OpenAI) -> Any:
    return ask(client, "limited once").output_text


PROMISES = (
    create,
    create_async,
    stream,
    stream_helper,
    stream_parsed,
    parsed,
    refusal,
    refusal_streamed,
    reasoning,
    reasoning_streamed,
    incomplete,
    tool_call,
    tool_call_streamed,
    tool_parsed,
    tool_loop,
    tool_loop_continued,
    continued,
    error,
    error_in_stream,
    cut,
    retried_once,
)


def main(url: str, session: str) -> None:
    found: dict[str, Any] = {}
    for promise in PROMISES:
        # Each has a session of its own, so that the journal tells how often it asked.
        base_url = f"{url}/s/{session}-{promise.__name__}/v1"
        with openai.OpenAI(base_url=base_url, api_key="sk-test") as client:
            try:
                found[promise.__name__] = promise(client)
            except Exception as error:  # noqa: BLE001 - reported as what this promise came to
                found[promise.__name__] = {"raised": f"{type(error).__name__}: {error}"}
    print(json.dumps(found))  # noqa: T201 - the result


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
