"""What the tests of the language say to a server, and what they load."""

from textwrap import dedent
from typing import Any

from mockserver.scenario.loader import ScenarioText, load_scenario
from mockserver.scenario.schema import Scenario
from mockserver.sessions.options import Options

STRICT = Options(strict=True)
INSTANT = Options(time_scale=0)

Message = dict[str, Any]


class Time:
    """A source of time that the test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def scenario(text: str) -> Scenario:
    """Return what *text* says below its version."""
    return load_scenario(ScenarioText(f"version: 1\n{dedent(text)}"))


def user(text: Any) -> Message:
    return {"role": "user", "content": text}


def system(text: str) -> Message:
    return {"role": "system", "content": text}


def assistant(text: str) -> Message:
    return {"role": "assistant", "content": text}


def calls(*named: str | tuple[str, str], arguments: str = "{}") -> Message:
    """Return an assistant's message that calls tools: names, or pairs of a name and an id."""
    pairs = [one if isinstance(one, tuple) else (one, f"call_{one}") for one in named]
    return {
        "role": "assistant",
        "tool_calls": [
            {"id": id_, "type": "function", "function": {"name": name, "arguments": arguments}}
            for name, id_ in pairs
        ],
    }


def result(name: str, text: str, id_: str | None = None) -> Message:
    """Return what a tool answered to the call that `calls` makes."""
    return {"role": "tool", "tool_call_id": id_ or f"call_{name}", "content": text}


def tools(*names: str) -> list[dict[str, Any]]:
    return [{"type": "function", "function": {"name": name}} for name in names]


def schema(name: str, /, **properties: Any) -> dict[str, Any]:
    """Return a `response_format` whose schema has *properties*, all required."""
    body = {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
    return {"type": "json_schema", "json_schema": {"name": name, "schema": body}}
