"""What the server answers on its own: something sensible for whatever is asked.

Text for text, valid JSON where JSON is asked for, a valid tool call where a tool is forced; a
tool's result is repeated in the next answer, so that an agent's loop ends.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from mockserver import sampling, tokens
from mockserver.contracts import ChoicePlace, Reply
from mockserver.conversation import (
    Choice,
    IncomingCall,
    ModelRequest,
    Speech,
    Text,
    Tool,
    ToolCall,
    Turn,
)
from mockserver.seeding import HEX, Draw
from mockserver.wire.jsontext import compact

OF_SCHEMAS: Final = 16
"""How many characters of a text that is only sent one of a schema takes as long as."""
QUOTED: Final = 200
"""How many characters of a message an answer repeats."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Auto(Reply):
    """Answer sensibly, like a model that knows nothing but the request."""

    kind = "auto"

    def expected_length(self, call: IncomingCall) -> int:
        """Return the length of the request, and more where a value is made up by a schema in it."""
        request = call.request
        makes_up = request is not None and (
            request.format.schema is not None or _forced(request) is not None
        )
        return len(call.http.body) * (OF_SCHEMAS if makes_up else 1)

    def choice(self, call: IncomingCall, place: ChoicePlace, draw: Draw) -> Choice:
        """Return JSON, tool calls or text, as the request asks for."""
        request = call.request
        if request is None:
            return Choice((Text(""),))
        if not request.turns:
            return Choice((Text(f"\n\nA mock completion of: {_quote(place.prompt)}"),))
        results = _results(request.turns)
        forced = None if results else _forced(request)
        if forced is not None:
            return Choice((_call(forced, place, draw),))
        text = _json(request, place, draw)
        if text is None:
            text = _text(request.turns, results)
            text += f" ({place.index + 1})" if place.index else ""
        if request.speaks and request.format.kind == "text":
            key = draw.text(f"audio-{place.index}", 24, HEX)
            return Choice((Speech(text, tokens.speech_s(text), key),))
        return Choice((Text(text),))


def _results(turns: Sequence[Turn]) -> list[str]:
    """Return the results of tools that are sent back, none if a message followed them."""
    results: list[str] = []
    for turn in reversed(turns):
        if turn.role != "tool":
            break
        results.insert(0, turn.text)
    return results


def _forced(request: ModelRequest) -> Tool | None:
    """Return the tool that must be called: the one named, or the first if any will do.

    One is enough: models call several at once only for a reason. A tool that takes free text is
    not called: the request alone does not show what to write.
    """
    choice = request.tool_choice
    if choice.forced is not None:
        wanted: Sequence[str] | None = (choice.forced,)
    elif choice.mode == "required":
        wanted = choice.allowed
    else:
        return None
    tools = (tool for tool in request.tools if tool.takes_json)
    return next((tool for tool in tools if wanted is None or tool.name in wanted), None)


def _call(tool: Tool, place: ChoicePlace, draw: Draw) -> ToolCall:
    rng = draw.rng(f"arguments-{place.index}")
    return ToolCall(tool.name, compact(sampling.call_arguments(tool.schema, rng)))


def _json(request: ModelRequest, place: ChoicePlace, draw: Draw) -> str | None:
    """Return JSON if the request asks for it: valid for its schema, or an object of any kind."""
    match request.format.kind:
        case "json_schema":
            schema = request.format.schema
            fitting = True if schema is None else schema
            return compact(sampling.sample(fitting, draw.rng(f"json-{place.index}")))
        case "json_object":
            return compact({"answer": _text(request.turns, _results(request.turns))})
        case _:
            return None


def _text(turns: Sequence[Turn], results: Sequence[str]) -> str:
    if results:
        return f"The tools answered: {_quote('; '.join(results))}"
    messages = [turn.text for turn in turns if turn.role == "user"]
    return f"A mock answer to: {_quote(messages[-1] if messages else turns[-1].text)}"


def _quote(text: str) -> str:
    """Return *text* on one line, shortened."""
    line = " ".join(text.split())
    return line if len(line) <= QUOTED else line[: QUOTED - 1] + "\N{HORIZONTAL ELLIPSIS}"
