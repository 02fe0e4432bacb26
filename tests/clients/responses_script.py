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


# --- What is stored --------------------------------------------------------------------------


def stored(client: openai.OpenAI) -> Any:
    """Return what is read of a stored response, and what reading it comes to once it is gone."""
    made = ask(client)
    again = client.responses.retrieve(made.id)
    items = [item.content[0].text for item in client.responses.input_items.list(made.id)]  # type: ignore[union-attr]
    client.responses.delete(made.id)
    gone = raised(lambda: client.responses.retrieve(made.id))
    return [again.output_text, again.id == made.id, items, gone]


def background(client: openai.OpenAI) -> Any:
    response = ask(client, background=True)
    statuses = [response.status]
    while response.status in {"queued", "in_progress"}:
        response = client.responses.retrieve(response.id)
        statuses.append(response.status)
    return [list(dict.fromkeys(statuses)), response.output_text]


def background_cancelled(client: openai.OpenAI) -> Any:
    made = ask(client, background=True)
    cancelled = client.responses.cancel(made.id)
    return [cancelled.status, client.responses.retrieve(made.id).status]


def background_resumed(client: openai.OpenAI) -> Any:
    """Return what is read of a stream, part of which was missed."""
    with ask(client, background=True, stream=True) as events:
        seen = [next(events), next(events)]
    last = seen[-1].sequence_number
    create = client.responses.retrieve
    with create(seen[0].response.id, stream=True, starting_after=last) as events:
        seen += events
    return [
        [event.sequence_number for event in seen] == list(range(len(seen))),
        seen[-1].type,
        seen[-1].response.output_text,
    ]


def conversation(client: openai.OpenAI) -> Any:
    items: Any = [{"type": "message", "role": "user", "content": "hello"}]
    made = client.conversations.create(items=items, metadata={"topic": "demo"})
    answer = ask(client, "again", conversation=made.id).output_text
    listed = client.conversations.items.list(made.id, order="asc")
    texts = [item.content[0].text for item in listed]  # type: ignore[union-attr]
    topic: Any = client.conversations.retrieve(made.id).metadata
    deleted = client.conversations.delete(made.id).deleted
    return [answer, texts, topic, deleted]


def input_tokens(client: openai.OpenAI) -> Any:
    return client.responses.input_tokens.count(model=MODEL, input="hello").input_tokens


def compacted(client: openai.OpenAI) -> Any:
    """Return the kinds of items that a compacted history has, and how one goes on from it."""
    made = client.responses.compact(model=MODEL, input=[{"role": "user", "content": "hello"}])
    # Messages of users are among them, for which the client's types of output have no place.
    kept = [item.to_dict(warnings=False) for item in made.output]
    history = [*kept, {"role": "user", "content": "again"}]
    return [[item.type for item in made.output], ask(client, history).output_text]


# --- Vectors and moderation ------------------------------------------------------------------

EMBEDDER = "text-embedding-3-small"
PASSAGES = [
    "Refunds are paid within fourteen days.",
    "Parcels to islands take a week longer.",
    "The warranty covers the battery.",
]


def product(one: list[float], other: list[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


def embeddings(client: openai.OpenAI) -> Any:
    """Return how many vectors of which length come, and which passage is nearest to a question."""
    answer = client.embeddings.create(model=EMBEDDER, input=PASSAGES)
    vectors = [row.embedding for row in answer.data]
    question = client.embeddings.create(model=EMBEDDER, input="When are refunds paid?")
    asked = question.data[0].embedding
    nearest = max(range(3), key=lambda place: product(asked, vectors[place]))
    return [len(vectors), len(asked), nearest, answer.usage.prompt_tokens]


def embeddings_as_floats(client: openai.OpenAI) -> Any:
    members: Any = {"encoding_format": "float", "dimensions": 256}
    answer = client.embeddings.create(model=EMBEDDER, input="hello", **members)
    vector = answer.data[0].embedding
    return [len(vector), round(product(vector, vector), 2)]


def moderation(client: openai.OpenAI) -> Any:
    answer = client.moderations.create(input=["hello", "good-bye"])
    return [answer.model, [result.flagged for result in answer.results]]


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
    stored,
    background,
    background_cancelled,
    background_resumed,
    conversation,
    input_tokens,
    compacted,
    embeddings,
    embeddings_as_floats,
    moderation,
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
