"""An API to ask without a socket: the engine, and what it says as values."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from textwrap import dedent
from typing import Any

from mockserver.engine.engine import Engine, Exchange
from mockserver.plugins import Plugins
from mockserver.records.journal import Call
from mockserver.scenario.loader import ScenarioText, Source, load_scenario
from mockserver.sessions.options import Options
from mockserver.wire.http_request import HttpRequest
from mockserver.wire.timeline import Head, Timeline
from mockserver.wire.timeline import body as body_of

KEY = "sk-test"


def standing_still() -> float:
    """Tell the time to a session whose time does not pass."""
    return 0.0


@dataclass(frozen=True)
class Answered:
    """What one request got, and what the journal says of it."""

    timeline: Timeline
    call: Call

    @property
    def head(self) -> Head:
        head = next((event for event in self.timeline if isinstance(event, Head)), None)
        assert head is not None
        return head

    @property
    def status(self) -> int:
        return self.head.status

    @property
    def headers(self) -> dict[str, str]:
        return dict(self.head.headers)

    @property
    def body(self) -> bytes:
        return body_of(self.timeline)

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def chunks(self) -> list[Any]:
        """The JSON of a stream's events, without the final `[DONE]`."""
        events = self.body.decode().split("\n\n")
        assert events[-2:] == ["data: [DONE]", ""]
        return [json.loads(event.removeprefix("data: ")) for event in events[:-2]]

    @property
    def choice(self) -> Any:
        (choice,) = self.json["choices"]
        return choice

    @property
    def text(self) -> Any:
        choice = self.choice
        return choice["message"]["content"] if "message" in choice else choice["text"]

    @property
    def usage(self) -> Any:
        return self.json["usage"]

    @property
    def error(self) -> Any:
        return self.json["error"]


class Api:
    """A server's engine; *scenario* is what a file says below its version, or *sources* say it."""

    def __init__(
        self,
        scenario: str = "",
        *,
        options: Options | None = None,
        time_source: Callable[[], float] = standing_still,
        plugins: Plugins | None = None,
        sources: Sequence[Source] = (),
    ) -> None:
        plugins = plugins or Plugins.installed()
        text = ScenarioText(f"version: 1\n{dedent(scenario)}")
        loaded = load_scenario(*(sources or [text]), plugins=plugins)
        self.engine = Engine(loaded, plugins, time_source, options)

    def send(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        key: str | None = KEY,
        headers: dict[str, str] | None = None,
    ) -> Answered:
        credentials = {} if key is None else {"authorization": f"Bearer {key}"}
        sent = {"content-type": "application/json", **credentials, **(headers or {})}
        path, _, query = path.partition("?")
        exchange = self.engine.answer(HttpRequest(method, path, sent, body, query))
        assert isinstance(exchange, Exchange)
        self.engine.close(exchange, "sent")
        return Answered(exchange.timeline, exchange.call)

    def post(self, path: str, body: dict[str, Any], **more: Any) -> Answered:
        return self.send("POST", path, json.dumps(body).encode(), **more)

    def get(self, path: str, **more: Any) -> Answered:
        return self.send("GET", path, **more)

    def chat(
        self, said: str | list[dict[str, Any]] = "Hi", *, session: str = "", **members: Any
    ) -> Answered:
        """Send a chat request: one user message, or the *messages* as they are."""
        messages = [{"role": "user", "content": said}] if isinstance(said, str) else said
        body = {"model": "gpt-4o-mini", "messages": messages, **members}
        return self.post(f"{_prefix(session)}/v1/chat/completions", body)

    def complete(self, prompt: Any = "Say", *, session: str = "", **members: Any) -> Answered:
        """Send a legacy request."""
        body = {"model": "gpt-3.5-turbo-instruct", "prompt": prompt, **members}
        return self.post(f"{_prefix(session)}/v1/completions", body)

    def texts(self, count: int) -> list[str]:
        """Return the texts of *count* chats, or `failed <status>` and `cut` where there is none."""
        return [_outcome(self.chat(f"call {number}")) for number in range(1, count + 1)]


def _prefix(session: str) -> str:
    return f"/s/{session}" if session else ""


def _outcome(answered: Answered) -> str:
    if not any(isinstance(event, Head) for event in answered.timeline):
        return "cut"
    if answered.status != 200:
        return f"failed {answered.status}"
    return str(answered.text)
