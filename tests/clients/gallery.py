"""How the shipped scenarios are used: a server, OpenAI's client, and an agent of twenty lines."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import openai

from mockserver import MockServer

Tool = str | Callable[..., str]
"""What a tool does with its arguments, or the result that it always has."""


@contextmanager
def playing(scenario: str, *, key: str = "sk-test", **options: Any) -> Iterator[openai.OpenAI]:
    """Serve *scenario* and yield a client; it retries nothing unless *options* say otherwise."""
    with (
        MockServer(scenario) as server,
        openai.OpenAI(
            base_url=server.base_url, api_key=key, **{"max_retries": 0, **options}
        ) as client,
    ):
        yield client


def ask(client: openai.OpenAI, said: Any = "Hi", model: str = "gpt-4o", **members: Any) -> Any:
    messages: Any = [{"role": "user", "content": said}]
    return client.chat.completions.create(model=model, messages=messages, **members)


def text(client: openai.OpenAI, said: Any = "Hi", model: str = "gpt-4o", **members: Any) -> Any:
    return ask(client, said, model, **members).choices[0].message.content


def told(client: openai.OpenAI, system: str, said: str = "Hi") -> Any:
    """Return the text of an answer to *said* under a *system* prompt."""
    messages: Any = [{"role": "system", "content": system}, {"role": "user", "content": said}]
    return follow_up(client, messages).content


def follow_up(client: openai.OpenAI, messages: list[Any], **members: Any) -> Any:
    answer = client.chat.completions.create(model="gpt-4o", messages=messages, **members)
    return answer.choices[0].message


def complete(client: openai.OpenAI, prompt: Any, **members: Any) -> Any:
    model = members.pop("model", "gpt-3.5-turbo-instruct")
    return client.completions.create(model=model, prompt=prompt, **members)


def streamed(client: openai.OpenAI, said: str = "Hi", **members: Any) -> list[Any]:
    """Return the chunks of a streamed answer."""
    with ask(client, said, stream=True, **members) as chunks:
        return list(chunks)


def pieces(chunks: list[Any]) -> list[str]:
    """Return the pieces of text in *chunks*."""
    deltas = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices]
    return [delta for delta in deltas if delta]


def offered(*names: str) -> Any:
    """Return tools by their *names*, to be offered in a request."""
    parameters = {"type": "object", "properties": {}}
    return [
        {"type": "function", "function": {"name": name, "parameters": parameters}} for name in names
    ]


def schema(name: str, /, **properties: Any) -> Any:
    """Return the `response_format` for the schema *name*."""
    wanted = {
        "type": "object",
        "properties": properties,
        "required": [*properties],
        "additionalProperties": False,
    }
    json_schema = {"name": name, "strict": True, "schema": wanted}
    return {"type": "json_schema", "json_schema": json_schema}


class Agent:
    """A loop that calls the *tools* until the model asks for none; *log* is what was called."""

    def __init__(
        self, client: openai.OpenAI, tools: Mapping[str, Tool], system: str | None = None
    ) -> None:
        self.log: list[str] = []
        self.messages: list[Any] = [{"role": "system", "content": system}] if system else []
        self._client = client
        self._tools = tools

    def run(self, said: str, most_turns: int = 8) -> str | None:
        """Return the model's last word on what was *said*, None if it never came to one."""
        self.messages.append({"role": "user", "content": said})
        for _ in range(most_turns):
            message = follow_up(self._client, self.messages, tools=offered(*self._tools))
            self.messages.append(message.model_dump(exclude_none=True))
            if not message.tool_calls:
                content: str | None = message.content
                return content
            for call in message.tool_calls:
                result = self._call(call.function.name, call.function.arguments)
                self.messages.append({"role": "tool", "tool_call_id": call.id, "content": result})
        return None

    def _call(self, name: str, arguments: str) -> str:
        self.log.append(name)
        if name not in self._tools:
            return f"unknown tool {name}"
        tool = self._tools[name]
        try:
            given = json.loads(arguments)
            return tool if isinstance(tool, str) else tool(**given)
        except (json.JSONDecodeError, TypeError) as error:
            return f"error: {error}"
