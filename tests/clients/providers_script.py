"""What openai-python makes of other providers than OpenAI: run by both major versions of it.

Prints one JSON object: for each function below, what it returned, or what it raised.
"""

import json
import sys
from collections.abc import Callable
from typing import Any

import openai

VERSION = "2024-10-21"
PAGE_QUESTION: Any = [{"role": "user", "content": "What is the meaning of life?"}]


def said(text: str) -> Any:
    return [{"role": "user", "content": text}]


def usage_of(answer: Any) -> list[int]:
    usage = answer.usage
    return [usage.prompt_tokens, usage.completion_tokens, usage.total_tokens]


def raised(call: Callable[[], Any]) -> Any:
    """Return the class of what *call* raises, and what it tells."""
    try:
        call()
    except openai.APIStatusError as error:
        code: Any = error.code  # a number of OpenRouter's is text in the newer of the two
        return [type(error).__name__, error.status_code, None if code is None else str(code)]
    return None


# --- Azure -----------------------------------------------------------------------------------


def azure_client(url: str, **options: Any) -> openai.AzureOpenAI:
    settings = {"azure_endpoint": url, "api_key": "k", "api_version": VERSION, "max_retries": 0}
    return openai.AzureOpenAI(**{**settings, **options})


def azure(url: str) -> Any:
    answer = azure_client(url).chat.completions.create(model="my-deployment", messages=said("Hi"))
    choice = answer.choices[0]
    filters: Any = choice.model_extra
    return [
        choice.message.content,
        choice.finish_reason,
        answer.model,
        usage_of(answer),
        filters["content_filter_results"]["hate"]["severity"],
        (answer.model_extra or {})["prompt_filter_results"][0]["prompt_index"],
    ]


def azure_stream(url: str) -> Any:
    chunks = list(
        azure_client(url).chat.completions.create(
            model="my-deployment",
            messages=said("Hi"),
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    pieces = [c.choices[0].delta.content for c in chunks if c.choices]
    return [len(chunks[0].choices), chunks[0].id, pieces, usage_of(chunks[-1])]


def azure_tools(url: str) -> Any:
    tool: Any = {"type": "function", "function": {"name": "get_weather", "parameters": {}}}
    client = azure_client(url)
    messages = said("weather")
    message = (
        client.chat.completions.create(model="my-deployment", messages=messages, tools=[tool])
        .choices[0]
        .message
    )
    call: Any = (message.tool_calls or [])[0]
    messages += [message, {"role": "tool", "tool_call_id": call.id, "content": "sunny"}]
    last = client.chat.completions.create(model="my-deployment", messages=messages, tools=[tool])
    return [
        call.function.name,
        json.loads(call.function.arguments),
        last.choices[0].message.content,
    ]


def azure_legacy(url: str) -> Any:
    answer = azure_client(url).completions.create(
        model="gpt-35-turbo-instruct", prompt="Say this is a test"
    )
    return [answer.choices[0].text, answer.model]


def azure_with_a_token(url: str) -> Any:
    client = azure_client(url, api_key=None, azure_ad_token="token")
    return client.chat.completions.create(model="gpt-4o", messages=said("Hi")).model


def azure_v1(url: str) -> Any:
    client = openai.OpenAI(base_url=f"{url}/openai/v1", api_key="k")
    return client.chat.completions.create(model="my-deployment", messages=said("Hi")).model


def azure_models(url: str) -> Any:
    return "gpt-4o" in {model.id for model in azure_client(url).models.list()}


def azure_retries(url: str) -> Any:
    client = azure_client(url, max_retries=1)
    answer = client.chat.completions.create(model="my-deployment", messages=said("limited"))
    return answer.choices[0].message.content


def azure_refused_prompt(url: str) -> Any:
    try:
        azure_client(url).chat.completions.create(model="my-deployment", messages=said("refused"))
    except openai.BadRequestError as error:
        body: Any = error.body
        found = body["innererror"]["content_filter_result"]
        return [error.code, error.param, body["innererror"]["code"], found["violence"]["filtered"]]
    return None


def azure_filtered_answer(url: str) -> Any:
    choice = (
        azure_client(url)
        .chat.completions.create(model="my-deployment", messages=said("filtered"))
        .choices[0]
    )
    return [choice.finish_reason, getattr(choice, "message", None)]


def azure_refusals(url: str) -> Any:
    def ask(model: str = "my-deployment", **options: Any) -> Callable[[], Any]:
        client = azure_client(url, **options)
        return lambda: client.chat.completions.create(model=model, messages=said("Hi"))

    return [raised(ask("no-such")), raised(ask(api_version="2020-01-01"))]


# --- OpenRouter ------------------------------------------------------------------------------


def openrouter_client(url: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{url}/api/v1", api_key="sk-or-v1-test", max_retries=0)


def openrouter(url: str) -> Any:
    answers = [
        openrouter_client(url).chat.completions.create(
            extra_headers={"HTTP-Referer": "https://example.org", "X-Title": "Example"},
            extra_body={},
            model=model,
            messages=PAGE_QUESTION,
        )
        for model in ("openai/gpt-3.5-turbo-instruct", "openai/gpt-3.5-turbo")
    ]
    return [
        [
            answer.choices[0].message.content,
            answer.model,
            answer.id[:4],
            (answer.model_extra or {})["provider"],
            (answer.choices[0].model_extra or {})["native_finish_reason"],
            (answer.usage.model_extra or {})["cost"] > 0,  # type: ignore[union-attr]
        ]
        for answer in answers
    ]


def openrouter_stream(url: str) -> Any:
    chunks = list(
        openrouter_client(url).chat.completions.create(
            model="openai/gpt-4o-mini", messages=said("Hi"), stream=True
        )
    )
    text = "".join(c.choices[0].delta.content or "" for c in chunks)
    usage: Any = chunks[-1].usage
    return [text, {c.choices[0].delta.role for c in chunks} == {"assistant"}, usage.cost > 0]


def openrouter_reasoning(url: str) -> Any:
    answer = openrouter_client(url).chat.completions.create(
        model="openai/gpt-5", messages=said("think"), extra_body={"reasoning": {"effort": "high"}}
    )
    message: Any = answer.choices[0].message
    return [message.reasoning, message.content]


def openrouter_fallback(url: str) -> Any:
    answer = openrouter_client(url).chat.completions.create(
        model="openai/gpt-4.1",
        messages=said("Hi"),
        extra_body={"models": ["openai/gpt-4o-mini"]},
    )
    return [answer.model, answer.choices[0].message.content]


def openrouter_completion(url: str) -> Any:
    answer = openrouter_client(url).completions.create(
        model="openai/gpt-3.5-turbo-instruct", prompt="Say this is a test"
    )
    return [answer.choices[0].text, answer.object]


def openrouter_models(url: str) -> Any:
    found = {model.id: model for model in openrouter_client(url).models.list()}
    model: Any = found["openai/gpt-3.5-turbo-instruct"]
    return [model.context_length, model.pricing["prompt"], model.pricing["completion"]]


def openrouter_generation(url: str) -> Any:
    client = openrouter_client(url)
    answer = client.chat.completions.create(model="openai/gpt-4o", messages=said("Hi"))
    told: Any = client.get(f"/generation?id={answer.id}", cast_to=object)
    usage: Any = answer.usage
    return [told["data"]["id"] == answer.id, told["data"]["total_cost"] == usage.cost]


def openrouter_refusals(url: str) -> Any:
    client = openrouter_client(url)

    def ask(model: str) -> Callable[[], Any]:
        return lambda: client.chat.completions.create(model=model, messages=said("Hi"))

    return [raised(ask("none")), raised(ask("openai/gpt-4.1"))]


# --- AI/ML API, and relays -------------------------------------------------------------------


def aiml(url: str) -> Any:
    client = openai.OpenAI(base_url=f"{url}/aiml/v1", api_key="k")
    answer = client.chat.completions.create(model="gpt-3.5-turbo", messages=said("Hello"))
    paid: Any = answer.model_extra
    return [
        answer.choices[0].message.content,
        answer.model,
        usage_of(answer),
        paid["meta"]["usage"]["credits_used"] > 0,
    ]


def aiml_refusal(url: str) -> Any:
    client = openai.OpenAI(base_url=f"{url}/aiml/v1", api_key="k", max_retries=0)
    try:
        client.chat.completions.create(model="none", messages=said("Hello"))
    except openai.BadRequestError as error:
        return ["Body validation error" in str(error), error.body["statusCode"]]  # type: ignore[index]
    return None


def relay(url: str) -> Any:
    client = openai.OpenAI(base_url=f"{url}/cometapi/v1", api_key="k")
    answer = client.completions.create(
        model="gpt-3.5-turbo-instruct", prompt="Say this is a test", max_tokens=7, temperature=0
    )
    choice = answer.choices[0]
    fingerprint: Any = answer.system_fingerprint
    return [choice.text, choice.finish_reason, answer.model, fingerprint[:3], usage_of(answer)]


def relay_refusal(url: str) -> Any:
    client = openai.OpenAI(base_url=f"{url}/new_api/v1", api_key="k", max_retries=0)
    return raised(lambda: client.chat.completions.create(model="none", messages=said("Hi")))


def relay_wrong_path(url: str) -> Any:
    # A page with status 200: the client finds nothing wrong with it.
    client = openai.OpenAI(base_url=f"{url}/cometapi/v1/v1", api_key="k")
    answer: Any = client.chat.completions.create(model="gpt-4o", messages=said("Hi"))
    return type(answer).__name__


PROMISES = (
    azure,
    azure_stream,
    azure_tools,
    azure_legacy,
    azure_with_a_token,
    azure_v1,
    azure_models,
    azure_retries,
    azure_refused_prompt,
    azure_filtered_answer,
    azure_refusals,
    openrouter,
    openrouter_stream,
    openrouter_reasoning,
    openrouter_fallback,
    openrouter_completion,
    openrouter_models,
    openrouter_generation,
    openrouter_refusals,
    aiml,
    aiml_refusal,
    relay,
    relay_refusal,
    relay_wrong_path,
)


def main(url: str, session: str) -> None:
    found: dict[str, Any] = {}
    for promise in PROMISES:
        try:
            found[promise.__name__] = promise(f"{url}/s/{session}-{promise.__name__}")
        except Exception as error:  # noqa: BLE001 - reported as what this promise came to
            found[promise.__name__] = {"raised": f"{type(error).__name__}: {error}"}
    print(json.dumps(found))  # noqa: T201 - the result


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
