"""Tool calls, one or several at once, with or without a text."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from mockserver.contracts import ChoicePlace, OneOrMore, Reply, WrittenCall, json_length
from mockserver.conversation import Choice, IncomingCall, Text, ToolCall
from mockserver.errors import BadValue
from mockserver.seeding import Draw
from mockserver.wire.jsontext import JsonValue, compact


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCalls(Reply):
    """Call tools; for legacy `functions`, as a `function_call`.

    Attributes:
        calls: The tool calls, in order.
        text: A text before the calls.

    """

    kind = "tool_calls"
    indifferent: ClassVar[bool] = True

    calls: OneOrMore[WrittenCall]
    text: str | None = None

    def __post_init__(self) -> None:
        super(ToolCalls, self).__post_init__()
        if not self.calls:
            raise BadValue("calls", "'calls' must hold at least one call")

    def expected_length(self, call: IncomingCall) -> int:
        """Return the length of all calls, and that of the request if it is looked into."""
        own = len(self.text or "") + sum([json_length(one.arguments) for one in self.calls])
        return own + (len(call.http.body) if self.template else 0)

    def choice(self, call: IncomingCall, place: ChoicePlace, draw: Draw) -> Choice:  # noqa: ARG002 - ids are drawn when the answer is sent
        """Return the calls."""
        several = len(self.calls) > 1
        write = _spaced if several else compact
        text = () if self.text is None else (Text(self.text),)
        calls = [
            ToolCall(
                written.name,
                written.arguments
                if isinstance(written.arguments, str)
                else write(written.arguments),
                written.id,
                spaced=several and not isinstance(written.arguments, str),
            )
            for written in self.calls
        ]
        return Choice((*text, *calls))


def _spaced(arguments: Mapping[str, JsonValue]) -> str:
    # Models write the arguments of several calls with spaces (124 of 124 recorded answers), those
    # of one call without (534 of 545).
    return json.dumps(dict(arguments), ensure_ascii=False)
