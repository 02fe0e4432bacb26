"""What the server answers by itself: something sensible for whatever is asked.

Text for text, valid JSON where JSON is asked for, a valid tool call where a tool is forced; a
tool's result is taken up in the next answer, so that the loop of an agent ends.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from mockserver import sampling
from mockserver.contracts import ChoicePlace, Reply
from mockserver.conversation import Choice, CompletionRequest, IncomingCall, Message, ToolCall
from mockserver.seeding import Draw
from mockserver.wire.jsontext import compact

QUOTED: Final = 200
"""How many characters of what was said an answer repeats."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Auto(Reply):
    """Answer sensibly, as a model might that knows only the request."""

    kind = "auto"

    def choice(self, call: IncomingCall, place: ChoicePlace, draw: Draw) -> Choice:
        """Return JSON, tool calls or text, as the request asks for."""
        request = call.completion
        if request is None:
            return Choice(text="")
        if not request.messages:
            return Choice(text=f"\n\nA mock completion of: {_quote(place.prompt)}")
        results = _results(request.messages)
        forced = () if results else _forced(request)
        if forced:
            return Choice(tool_calls=tuple(_call(tool, place, draw) for tool in forced))
        text = _json(request, place, draw)
        if text is None:
            text = _text(request.messages, results)
            text += f" ({place.index + 1})" if place.index else ""
        return Choice(text=text)


def _results(messages: Sequence[Message]) -> list[str]:
    """Return the results of tools that are handed back, none if something was said since."""
    results: list[str] = []
    for message in reversed(messages):
        if message.role not in {"tool", "function"}:
            break
        results.insert(0, message.text)
    return results


def _forced(request: CompletionRequest) -> list[Mapping[str, Any]]:
    """Return the tool that must be called: the one named, or the first where any will do.

    One is enough: models call several at once only where there is reason to.
    """
    body = request.body
    tools = [tool for tool in body.get("tools") or () if tool.get("type") == "function"]
    specs: list[Mapping[str, Any]] = [tool["function"] for tool in tools]
    specs += body.get("functions") or ()
    if request.forced_tool is not None:
        return [spec for spec in specs if spec["name"] == request.forced_tool][:1]
    names = _required(body.get("tool_choice"), specs)
    return [spec for spec in specs if spec["name"] in names][:1]


def _required(choice: Any, specs: Sequence[Mapping[str, Any]]) -> list[Any]:
    """Return the names of the tools of which *choice* demands one, none if it demands nothing.

    Unlike other choices, `allowed_tools` is not validated.
    """
    if choice == "required":
        return [spec["name"] for spec in specs]
    allowed = _member(choice, "allowed_tools")
    if _member(allowed, "mode") != "required":
        return []
    tools = _member(allowed, "tools")
    if not isinstance(tools, list):
        return []
    return [_member(_member(tool, "function"), "name") for tool in cast(Sequence[Any], tools)]


def _member(value: Any, key: str) -> Any:
    """Return the member *key* of *value*, None if that is no object which has one."""
    return cast(Mapping[str, Any], value).get(key) if isinstance(value, Mapping) else None


def _call(spec: Mapping[str, Any], place: ChoicePlace, draw: Draw) -> ToolCall:
    rng = draw.rng(f"arguments-{place.index}")
    return ToolCall(spec["name"], compact(sampling.call_arguments(spec.get("parameters"), rng)))


def _json(request: CompletionRequest, place: ChoicePlace, draw: Draw) -> str | None:
    """Return JSON if the request asks for it: valid for its schema, or an object of any kind."""
    wanted: Mapping[str, Any] = request.body.get("response_format") or {}
    match wanted.get("type"):
        case "json_schema":
            schema: Any = wanted["json_schema"].get("schema", True)
            return compact(sampling.sample(schema, draw.rng(f"json-{place.index}")))
        case "json_object":
            return compact({"answer": _text(request.messages, _results(request.messages))})
        case _:
            return None


def _text(messages: Sequence[Message], results: Sequence[str]) -> str:
    if results:
        return f"The tools answered: {_quote('; '.join(results))}"
    said = [message.text for message in messages if message.role == "user"]
    return f"A mock answer to: {_quote(said[-1] if said else messages[-1].text)}"


def _quote(text: str) -> str:
    """Return *text* on one line, shortened."""
    line = " ".join(text.split())
    return line if len(line) <= QUOTED else line[: QUOTED - 1] + "\N{HORIZONTAL ELLIPSIS}"
