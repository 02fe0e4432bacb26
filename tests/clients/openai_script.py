"""What openai-python makes of the server: run by both major versions of it.

Prints one JSON object: for each function below, what it returned, or what it raised.
"""

import asyncio
import json
import sys
from collections.abc import Callable
from typing import Any

import openai
from pydantic import BaseModel

TOOLS: Any = [
    {
        "type": "function",
        "function": {"name": name, "parameters": {"type": "object", "properties": {}}},
    }
    for name in ("get_weather", "get_time")
]
CHAT = "gpt-4o-mini"
LEGACY = "gpt-3.5-turbo-instruct"


class person(BaseModel):  # noqa: N801 - it becomes the name of the schema
    """A person."""

    name: str
    born: int


def said(text: str) -> Any:
    return [{"role": "user", "content": text}]


def chat(client: openai.OpenAI, text: str = "hello", **members: Any) -> Any:
    return client.chat.completions.create(model=CHAT, messages=said(text), **members)


def usage_of(answer: Any) -> list[int]:
    usage = answer.usage
    return [usage.prompt_tokens, usage.completion_tokens, usage.total_tokens]


# --- Chat ------------------------------------------------------------------------------------


def hello(client: openai.OpenAI) -> Any:
    answer = chat(client)
    choice = answer.choices[0]
    return [choice.message.content, choice.finish_reason, answer.model, usage_of(answer)]


def hello_async(client: openai.OpenAI) -> Any:
    async def ask() -> Any:
        async with openai.AsyncOpenAI(base_url=client.base_url, api_key="sk-test") as own:
            answers = await asyncio.gather(
                *(own.chat.completions.create(model=CHAT, messages=said("hello")) for _ in range(4))
            )
        return [answer.choices[0].message.content for answer in answers]

    return asyncio.run(ask())


def stream(client: openai.OpenAI) -> Any:
    with chat(client, stream=True, stream_options={"include_usage": True}) as chunks:
        received = list(chunks)
    pieces = [c.choices[0].delta.content for c in received if c.choices]
    return [pieces, received[-2].choices[0].finish_reason, usage_of(received[-1])]


def stream_async(client: openai.OpenAI) -> Any:
    async def ask() -> Any:
        async with openai.AsyncOpenAI(base_url=client.base_url, api_key="sk-test") as own:
            chunks = await own.chat.completions.create(
                model=CHAT, messages=said("hello"), stream=True
            )
            return [c.choices[0].delta.content async for c in chunks]

    return asyncio.run(ask())


def choices(client: openai.OpenAI) -> Any:
    return [choice.message.content for choice in chat(client, "vote", n=2).choices]


def choices_streamed(client: openai.OpenAI) -> Any:
    texts = ["", ""]
    with chat(client, "vote", n=2, stream=True) as chunks:
        for chunk in chunks:
            for choice in chunk.choices:
                texts[choice.index] += choice.delta.content or ""
    return texts


def refusal(client: openai.OpenAI) -> Any:
    message = chat(client, "refuse").choices[0].message
    return [message.content, message.refusal]


def refusal_streamed(client: openai.OpenAI) -> Any:
    with chat(client, "refuse", stream=True) as chunks:
        return "".join(chunk.choices[0].delta.refusal or "" for chunk in chunks)


def parsed(client: openai.OpenAI) -> Any:
    answer = client.chat.completions.parse(
        model=CHAT, messages=said("who?"), response_format=person
    )
    found = answer.choices[0].message.parsed
    assert found is not None
    return [found.name, found.born]


# --- Tools -----------------------------------------------------------------------------------


def called(message: Any) -> Any:
    return [
        [call.function.name, json.loads(call.function.arguments)] for call in message.tool_calls
    ]


def tool_call(client: openai.OpenAI) -> Any:
    choice = chat(client, "weather", tools=TOOLS).choices[0]
    call_id = choice.message.tool_calls[0].id
    return [called(choice.message), choice.finish_reason, [call_id[:5], len(call_id)]]


def tool_calls(client: openai.OpenAI) -> Any:
    return called(chat(client, "weather and time", tools=TOOLS).choices[0].message)


def streamed_calls(client: openai.OpenAI, text: str) -> Any:
    calls: dict[int, list[str]] = {}
    with chat(client, text, tools=TOOLS, stream=True) as chunks:
        for chunk in chunks:
            for call in chunk.choices[0].delta.tool_calls or ():
                found = calls.setdefault(call.index, ["", ""])
                found[0] += call.function.name or ""
                found[1] += call.function.arguments or ""
    return [[name, json.loads(arguments)] for name, arguments in calls.values()]


def tool_call_streamed(client: openai.OpenAI) -> Any:
    return streamed_calls(client, "weather")


def tool_calls_streamed(client: openai.OpenAI) -> Any:
    return streamed_calls(client, "weather and time")


def tool_loop(client: openai.OpenAI) -> Any:
    messages = said("weather")
    turns = []
    for _ in range(4):
        message = (
            client.chat.completions.create(model=CHAT, messages=messages, tools=TOOLS)
            .choices[0]
            .message
        )
        turns.append("calls" if message.tool_calls else message.content)
        if not message.tool_calls:
            break
        messages.append(message)
        messages += [
            {"role": "tool", "tool_call_id": call.id, "content": "sunny"}
            for call in message.tool_calls
        ]
    return turns


def function_call(client: openai.OpenAI) -> Any:
    functions = [tool["function"] for tool in TOOLS]
    choice = chat(client, "weather", functions=functions).choices[0]
    call = choice.message.function_call
    return [call.name, json.loads(call.arguments), choice.finish_reason]


def function_call_streamed(client: openai.OpenAI) -> Any:
    functions = [tool["function"] for tool in TOOLS]
    with chat(client, "weather", functions=functions, stream=True) as chunks:
        pieces = [chunk.choices[0].delta.function_call for chunk in chunks]
    name = "".join(piece.name or "" for piece in pieces if piece)
    return [name, json.loads("".join(piece.arguments or "" for piece in pieces if piece))]


# --- Log-probabilities -----------------------------------------------------------------------


def logprobs(client: openai.OpenAI) -> Any:
    told = chat(client, logprobs=True, top_logprobs=2).choices[0].logprobs
    entries = [
        [entry.token, bytes(entry.bytes).decode(), len(entry.top_logprobs)]
        for entry in told.content
    ]
    return [entries, told.refusal, all(entry.logprob <= 0 for entry in told.content)]


def logprobs_streamed(client: openai.OpenAI) -> Any:
    with chat(client, logprobs=True, stream=True) as chunks:
        told = [chunk.choices[0].logprobs for chunk in chunks]
    return [None if one is None else [entry.token for entry in one.content] for one in told]


def logprobs_of_a_refusal(client: openai.OpenAI) -> Any:
    told = chat(client, "refuse", logprobs=True).choices[0].logprobs
    return [told.content, [entry.token for entry in told.refusal]]


def completion_logprobs(client: openai.OpenAI) -> Any:
    told = complete(client, "Tell me a story", logprobs=2).choices[0].logprobs
    return [told.tokens, told.text_offset, len(told.token_logprobs), len(told.top_logprobs)]


# --- Legacy completions ----------------------------------------------------------------------


def complete(client: openai.OpenAI, prompt: Any, **members: Any) -> Any:
    return client.completions.create(model=LEGACY, prompt=prompt, **members)


def completion(client: openai.OpenAI) -> Any:
    answer = complete(client, "Tell me a story")
    choice = answer.choices[0]
    return [choice.text, choice.finish_reason, answer.model, usage_of(answer)]


def completion_streamed(client: openai.OpenAI) -> Any:
    with complete(client, "Tell me a story", stream=True, max_tokens=3) as chunks:
        received = list(chunks)
    text = "".join(chunk.choices[0].text for chunk in received)
    return [text, received[-1].choices[0].finish_reason]


def completion_of_nothing(client: openai.OpenAI) -> Any:
    answer = complete(client, "Tell me a story", stop="\n")
    return [answer.choices[0].text, answer.usage.completion_tokens]


def completion_of_texts(client: openai.OpenAI) -> Any:
    answer = complete(client, ["one", "two"], n=2)
    return [[choice.index, choice.text] for choice in answer.choices]


def completion_echoed(client: openai.OpenAI) -> Any:
    answer = complete(client, "Tell me a story", echo=True, max_tokens=0)
    return [answer.choices[0].text, answer.choices[0].finish_reason]


def completion_of_tokens(client: openai.OpenAI) -> Any:
    return complete(client, [9906, 1917]).choices[0].text


def completion_of_lists_of_tokens(client: openai.OpenAI) -> Any:
    return [choice.text for choice in complete(client, [[9906], [1917]]).choices]


# --- Models ----------------------------------------------------------------------------------


def models(client: openai.OpenAI) -> Any:
    found = [model.id for model in client.models.list()]
    return [len(found) == len(set(found)), {"gpt-4o", "gpt-3.5-turbo-instruct"} <= set(found)]


def models_page(client: openai.OpenAI) -> Any:
    page = client.models.list()
    return [page.object, page.has_next_page()]


def model(client: openai.OpenAI) -> Any:
    found = client.models.retrieve("gpt-4o")
    return [found.id, found.object, found.created, found.owned_by]


def model_unknown(client: openai.OpenAI) -> Any:
    return raised(lambda: client.models.retrieve("gpt-9"))


# --- Errors and retries ----------------------------------------------------------------------


def raised(call: Callable[[], Any]) -> Any:
    """Return the names of what *call* raises: the class, and what the API says."""
    try:
        call()
    except openai.APIStatusError as error:
        return [type(error).__name__, error.status_code, error.code, error.param]
    except Exception as error:  # noqa: BLE001 - which one is the question
        return [type(error).__name__]
    return None


def errors(client: openai.OpenAI) -> Any:
    own = client.with_options(max_retries=0)
    statuses = (400, 401, 403, 404, 409, 422, 429, 500)
    return [raised(lambda s=status: chat(own, f"status {s}"))[:2] for status in statuses]  # type: ignore[misc]


def error_members(client: openai.OpenAI) -> Any:
    return raised(lambda: chat(client, "status 400"))


def error_message(client: openai.OpenAI) -> Any:
    try:
        client.chat.completions.create(model="gpt-9", messages=said("hello"))
    except openai.NotFoundError as error:
        body: Any = error.body
        return [body["message"], error.request_id is not None]


def error_in_stream(client: openai.OpenAI) -> Any:
    own = client.with_options(max_retries=0)
    return raised(lambda: list(chat(own, "status 500", stream=True)))


def error_of_a_page(client: openai.OpenAI) -> Any:
    return raised(lambda: chat(client.with_options(max_retries=0), "html"))


def retried_once(client: openai.OpenAI) -> Any:
    return chat(client, "limited once").choices[0].message.content


def retried_twice(client: openai.OpenAI) -> Any:
    return chat(client, "overloaded twice").choices[0].message.content


def retried_in_vain(client: openai.OpenAI) -> Any:
    return raised(lambda: chat(client, "overloaded"))


def retried_as_often_as_told(client: openai.OpenAI) -> Any:
    return raised(lambda: chat(client.with_options(max_retries=5), "overloaded"))


def never_retried(client: openai.OpenAI) -> Any:
    return raised(lambda: chat(client, "not to be retried"))


# --- Connections -----------------------------------------------------------------------------


def dropped(client: openai.OpenAI) -> Any:
    return raised(lambda: chat(client.with_options(max_retries=0), "dropped"))


def cut_in_mid_stream(client: openai.OpenAI) -> Any:
    pieces: list[str] = []

    def read() -> None:
        with chat(client, "cut", stream=True) as chunks:
            pieces.extend(chunk.choices[0].delta.content for chunk in chunks)

    return [raised(read), pieces]


def request_id(client: openai.OpenAI) -> Any:
    own: str = chat(client)._request_id  # noqa: SLF001 - documented under this name
    return [own[:4], len(own)]


def raw_headers(client: openai.OpenAI) -> Any:
    raw = client.chat.completions.with_raw_response.create(model=CHAT, messages=said("hello"))
    headers = raw.headers
    return [
        headers["content-type"],
        headers["openai-version"],
        headers["x-request-id"][:4],
        raw.parse().choices[0].message.content,
    ]


def streaming_response(client: openai.OpenAI) -> Any:
    create = client.chat.completions.with_streaming_response.create
    with create(model=CHAT, messages=said("hello"), stream=True) as response:
        lines = [line for line in response.iter_lines() if line]
        return [response.headers["content-type"], len(lines), lines[-1]]


PROMISES = (
    hello,
    hello_async,
    stream,
    stream_async,
    choices,
    choices_streamed,
    refusal,
    refusal_streamed,
    parsed,
    logprobs,
    logprobs_streamed,
    logprobs_of_a_refusal,
    tool_call,
    tool_calls,
    tool_call_streamed,
    tool_calls_streamed,
    tool_loop,
    function_call,
    function_call_streamed,
    completion,
    completion_streamed,
    completion_of_nothing,
    completion_of_texts,
    completion_echoed,
    completion_logprobs,
    completion_of_tokens,
    completion_of_lists_of_tokens,
    models,
    models_page,
    model,
    model_unknown,
    errors,
    error_members,
    error_message,
    error_in_stream,
    error_of_a_page,
    retried_once,
    retried_twice,
    retried_in_vain,
    retried_as_often_as_told,
    never_retried,
    dropped,
    cut_in_mid_stream,
    request_id,
    raw_headers,
    streaming_response,
)


def main(url: str, session: str) -> None:
    found: dict[str, Any] = {"version": openai.__version__}
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
