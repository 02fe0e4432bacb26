"""The scenarios about providers, and the providers' own pages, through unmodified clients."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import httpx
import openai
import pytest

from mockserver import MockServer

FALLBACK = "Another provider answers."


@contextmanager
def playing(scenario: str) -> Iterator[MockServer]:
    """Serve *scenario*."""
    with MockServer(scenario) as server:
        yield server


def said(text: str = "Hi") -> Any:
    return [{"role": "user", "content": text}]


_OPENED: Final[list[openai.OpenAI]] = []


@pytest.fixture(autouse=True)
def _clients_are_closed() -> Iterator[None]:
    """Close what `azure` and `at` made: a socket left open warns in a later test."""
    yield
    while _OPENED:
        _OPENED.pop().close()


def azure(server: MockServer, **options: Any) -> openai.AzureOpenAI:
    client = openai.AzureOpenAI(
        azure_endpoint=server.url,
        api_key="k",
        api_version="2024-10-21",
        **{"max_retries": 0, **options},
    )
    _OPENED.append(client)
    return client


def at(server: MockServer, path: str, **options: Any) -> openai.OpenAI:
    settings = {"api_key": "sk-or-v1-test", "max_retries": 0, **options}
    _OPENED.append(openai.OpenAI(base_url=server.url + path, **settings))
    return _OPENED[-1]


def ask(client: openai.OpenAI, model: str, text: str = "Hi", **members: Any) -> Any:
    return client.chat.completions.create(model=model, messages=said(text), **members)


def texts(stream: Any) -> Iterator[str]:
    return (chunk.choices[0].delta.content for chunk in stream)


def test_an_application_falls_back_from_azure_to_openrouter() -> None:
    with playing("providers/azure-down-openrouter-well") as server:
        with pytest.raises(openai.InternalServerError) as refused:
            ask(azure(server), "gpt-4o")
        answer = ask(at(server, "/api/v1"), "openai/gpt-4o")
        calls = [(call.provider, call.status) for call in server.session().journal]

    assert refused.value.code == "ServiceUnavailable"
    assert answer.choices[0].message.content == FALLBACK
    assert calls == [("azure", 503), ("openrouter", 200)]


def test_azures_filters_refuse_a_prompt_and_cut_an_answer() -> None:
    with playing("providers/azure-content-filter") as server:
        client = azure(server)
        with pytest.raises(openai.BadRequestError) as refused:
            ask(client, "gpt-4o", "How do I build a bomb?")
        filtered = ask(client, "gpt-4o", "Write about a fight.").choices[0]
        text = ask(client, "gpt-4o", "Write about bread.").choices[0].message.content

    assert refused.value.code == "content_filter"
    assert (filtered.finish_reason, filtered.message.content) == (
        "content_filter",
        "He raised his fist and",
    )
    assert text == "Gladly."


def test_openrouter_asks_the_third_model_where_two_are_down() -> None:
    with playing("providers/openrouter-fallback-models") as server:
        client = at(server, "/api/v1")
        with pytest.raises(openai.RateLimitError):
            ask(client, "openai/gpt-4.1")
        models = ["openai/gpt-4.1", "openai/gpt-4o"]
        answer = ask(client, "openai/gpt-5", extra_body={"models": models})

    assert (answer.model, answer.choices[0].message.content) == (
        "openai/gpt-4o",
        "The third model answers.",
    )


def test_a_key_without_credits_is_told_so_at_once() -> None:
    with playing("providers/openrouter-out-of-credits") as server:
        empty = at(server, "/api/v1", api_key="sk-or-v1-empty", max_retries=2)
        with pytest.raises(openai.APIStatusError) as refused:
            ask(empty, "openai/gpt-4o")
        answer = ask(at(server, "/api/v1"), "openai/gpt-4o")
        asked = len(list(server.session().journal))

    assert (refused.value.status_code, asked) == (402, 2)
    assert answer.choices[0].message.content == "This was paid for."


def test_an_error_in_a_stream_is_raised_and_the_next_stream_is_whole() -> None:
    with playing("providers/openrouter-error-in-stream") as server:
        client = at(server, "/api/v1")
        pieces: list[str] = []
        with pytest.raises(openai.APIError) as broken:
            pieces.extend(texts(ask(client, "openai/gpt-4o", stream=True)))
        whole = list(ask(client, "openai/gpt-4o", stream=True))

    assert "".join(pieces) == "The answer breaks"
    assert str(broken.value.code) == "500"
    assert whole[-1].choices[0].finish_reason == "stop"


def test_a_relay_that_is_saturated_is_asked_again() -> None:
    with playing("providers/relay-without-a-channel") as server:
        answer = ask(at(server, "/new_api/v1", max_retries=2), "gpt-4o")
        statuses = [call.status for call in server.session().journal]

    assert answer.choices[0].message.content == "The relay found somebody."
    assert statuses == [429, 429, 200]


# --- The providers' own pages, unchanged but for the base URL and the key --------------------


@pytest.mark.parametrize("model", ["openai/gpt-3.5-turbo-instruct", "openai/gpt-3.5-turbo"])
def test_the_openrouter_pages_call_gets_openrouters_answer(model: str) -> None:
    with (
        playing("pages/meaning-of-life") as server,
        openai.OpenAI(base_url=f"{server.url}/api/v1", api_key="sk-or-v1-test") as client,
    ):
        completion = client.chat.completions.create(
            extra_headers={"HTTP-Referer": "https://example.org", "X-Title": "Example"},
            extra_body={},
            model=model,
            messages=[{"role": "user", "content": "What is the meaning of life?"}],
        )

    told: Any = completion.model_extra
    assert completion.choices[0].message.content == (
        "The meaning of life is what you make of it. Some say it is 42."
    )
    assert (completion.model, told["provider"]) == (model, "OpenAI")


def test_the_aiml_pages_call_gets_its_answer_and_bill() -> None:
    with playing("pages/hello-with-stated-usage") as server:
        response = httpx.post(
            f"{server.url}/aiml/v1/chat/completions",
            headers={"Content-Type": "application/json", "Authorization": "Bearer k"},
            json={"model": "gpt-3.5-turbo", "messages": [{"role": "user", "content": "Hello"}]},
        )
    answer = response.json()
    usage = answer["usage"]

    assert answer["model"] == "gpt-3.5-turbo-0125"
    assert answer["choices"][0]["message"] == {
        "role": "assistant",
        "content": "Hello! How can I assist you today?",
        "refusal": None,
        "annotations": [],
    }
    assert (usage["prompt_tokens"], usage["completion_tokens"], usage["total_tokens"]) == (
        50,
        126,
        176,
    )
    assert answer["system_fingerprint"] is None


def test_the_resellers_pages_call_gets_the_answer_that_is_printed_there() -> None:
    with playing("pages/say-this-is-a-test") as server:
        response = httpx.post(
            f"{server.url}/cometapi/v1/completions",
            headers={"Authorization": "Bearer k"},
            json={
                "model": "gpt-3.5-turbo-instruct",
                "prompt": "Say this is a test",
                "max_tokens": 7,
                "temperature": 0,
            },
        )
    answer = response.json()
    identity, fingerprint = answer.pop("id"), answer.pop("system_fingerprint")

    assert (identity[:5], fingerprint[:3]) == ("cmpl-", "fp_")
    assert answer.pop("created") > 0
    assert answer == {
        "object": "text_completion",
        "model": "gpt-3.5-turbo-instruct",
        "choices": [
            {
                "text": "\n\nThis is indeed a test",
                "index": 0,
                "logprobs": None,
                "finish_reason": "length",
            }
        ],
        "usage": {"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12},
    }


def test_s7_azure_filters_later_or_not_at_all() -> None:
    with playing("providers/azure-asynchronous-filter") as server:
        client = azure(server)
        with client.chat.completions.create(model="gpt-4o", messages=said(), stream=True) as chunks:
            later: Any = [choice for chunk in chunks for choice in chunk.choices]
        unread: Any = client.chat.completions.create(model="gpt-4o", messages=said("unfiltered"))

    (offsets,) = [choice for choice in later if choice.delta is None]
    assert offsets.content_filter_offsets["end_offset"] == 62
    assert sum(hasattr(choice, "content_filter_results") for choice in later) == 1
    found = unread.choices[0].content_filter_result
    assert found["error"]["code"] == "content_filter_error"
