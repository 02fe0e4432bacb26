"""Some of the language as OpenAI's client meets it, over sockets, several at once."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import openai
import pytest
from saying import scenario, tools

from mockserver import MockServer

SEARCH: Any = tools("search")


@pytest.fixture
def serve() -> Iterator[Any]:
    """Return what serves a scenario to a client, which retries as it does unless told otherwise."""
    opened: list[Any] = []

    def serve(text: str, **options: Any) -> openai.OpenAI:
        server = MockServer(scenario(text), time_scale=0)
        opened.append(server.__enter__())
        client = openai.OpenAI(base_url=server.base_url, api_key="sk-test", **options)
        opened.append(client.__enter__())
        return client

    yield serve
    for one in reversed(opened):
        one.__exit__(None, None, None)


def ask(client: openai.OpenAI, messages: Any, **members: Any) -> Any:
    said = [{"role": "user", "content": messages}] if isinstance(messages, str) else messages
    return client.chat.completions.create(model="gpt-4o-mini", messages=said, **members)


def test_every_first_attempt_fails_and_every_retry_succeeds_however_many_run_at_once(
    serve: Any,
) -> None:
    client = serve("""
        rules:
          - {name: first-attempt, when: {attempt: 1}, fail: overloaded}
          - {name: answer, reply: {kind: echo}}
    """)
    asked = [f"question {number}" for number in range(32)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda said: ask(client, said), asked))

    assert [answer.choices[0].message.content for answer in answers] == asked


def test_sub_agents_in_parallel_each_get_their_own_script(serve: Any) -> None:
    client = serve("""
        rules:
          - name: researchers
            per: conversation
            replies:
              - kind: tool_calls
                template: true
                calls: [{name: search, arguments: {q: "{{ request.messages[0].content }}"}}]
              - {kind: template, text: "Found {{ request.messages[-1].content }}."}
    """)

    def agent(topic: str) -> tuple[Any, Any]:
        said: list[Any] = [{"role": "user", "content": topic}]
        message = ask(client, said, tools=SEARCH).choices[0].message
        (call,) = message.tool_calls
        said.append(message)
        said.append({"role": "tool", "tool_call_id": call.id, "content": f"about {topic}"})
        return json.loads(call.function.arguments), ask(client, said).choices[0].message.content

    topics = [f"topic {number}" for number in range(16)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(agent, topics))

    assert found == [({"q": topic}, f"Found about {topic}.") for topic in topics]


def test_a_loop_is_not_retried_and_says_what_it_is(serve: Any) -> None:
    client = serve("""
        strict: true
        rules: [{name: searches, reply: {kind: tool_calls, calls: [{name: search}]}}]
    """)
    for _ in range(20):
        ask(client, "Find it.", tools=SEARCH)

    with pytest.raises(openai.NotFoundError, match="rule 'searches' answered this conversation 20"):
        ask(client, "Find it.", tools=SEARCH)


def test_what_no_rule_answers_is_not_retried_and_tells_why(serve: Any) -> None:
    client = serve("""
        strict: true
        rules: [{name: weather, when: {last_user: {contains: weather}}, reply: "Sunny."}]
    """)

    with pytest.raises(openai.NotFoundError, match="nearest: 'weather': last_user is 'Hi'"):
        ask(client, "Hi")


def test_a_chat_with_a_memory_over_several_requests(serve: Any) -> None:
    client = serve("""
        state: {step: new}
        rules:
          - name: name-given
            when: {state: {step: new}, last_user: {regex: "my name is"}}
            capture: {name: {last_user: {regex: "my name is (\\\\w+)"}}}
            set: {step: known}
            reply: {kind: template, text: "Hello {{ captured.name }}."}
          - {name: later, when: {state: {step: known}}, reply: {kind: template, text: "Yes?"}}
    """)

    texts = [ask(client, f"my name is Ada, {n}").choices[0].message.content for n in (1, 2)]
    assert texts == ["Hello Ada.", "Yes?"]


def test_a_templates_stream_is_put_together_by_the_client(serve: Any) -> None:
    client = serve("""
        rules: [{reply: {kind: template, text: "{{ request.user }} has asked {{ call }} times."}}]
    """)
    with ask(client, "Hi", stream=True, user="Ada") as chunks:
        text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)

    assert text == "Ada has asked 1 times."
