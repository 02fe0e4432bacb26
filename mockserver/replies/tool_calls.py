"""Tool calls, one or several at once, with or without a text beside them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from mockserver.contracts import ChoicePlace, Reply
from mockserver.conversation import Choice, IncomingCall, ToolCall
from mockserver.errors import BadValue
from mockserver.jsontext import JsonValue, compact
from mockserver.seeding import Draw


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenCall:
    """One call: *arguments* as an object, or as a string that goes out unchanged."""

    name: str
    arguments: str | Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCalls(Reply):
    """Call tools. Ids are made unless stated; legacy `functions` get a `function_call`."""

    kind = "tool_calls"
    indifferent: ClassVar[bool] = True

    calls: tuple[WrittenCall, ...]
    text: str | None = None

    def __post_init__(self) -> None:
        super(ToolCalls, self).__post_init__()
        if not self.calls:
            raise BadValue("calls", "'calls' must hold at least one call")

    def choice(self, call: IncomingCall, place: ChoicePlace, draw: Draw) -> Choice:  # noqa: ARG002 - ids are drawn when the answer is sent
        """Return the calls."""
        return Choice(
            text=self.text,
            tool_calls=tuple(
                ToolCall(written.name, _as_text(written.arguments), written.id)
                for written in self.calls
            ),
        )


def _as_text(arguments: str | Mapping[str, JsonValue]) -> str:
    # Models write the arguments of a single call without spaces (recorded streams).
    return arguments if isinstance(arguments, str) else compact(arguments)
