"""The model calls a tool with arguments that are not JSON."""

import re
from dataclasses import dataclass, replace
from random import Random
from typing import Final, Literal

from mockserver.contracts import AnswerFailure
from mockserver.conversation import AnswerPart, Choice, ModelRequest, ToolCall


@dataclass(frozen=True, slots=True, kw_only=True)
class BadArguments(AnswerFailure):
    """Break the arguments of each tool call.

    Attributes:
        how: `truncated`: they break off in the middle; `single_quotes`: quoted as in Python;
            `trailing_comma`: a comma after the last member; `fenced`: in a Markdown fence.
        finish_reason: How the answer ends; unless stated, as if the calls were valid.

    """

    kind = "bad_arguments"
    never_null = frozenset({"finish_reason"})

    how: Literal["truncated", "single_quotes", "trailing_comma", "fenced"] = "truncated"
    finish_reason: Literal["tool_calls", "length"] | None = None

    def misanswer(self, choice: Choice, request: ModelRequest, rng: Random) -> Choice:  # noqa: ARG002 - whatever is asked
        """Return *choice* with its calls broken; no effect where there is nothing to break."""
        bent = choice.edited(self._bent)
        if bent is choice:
            return choice
        return replace(bent, finish_reason=self.finish_reason or choice.finish_reason)

    def _bent(self, part: AnswerPart) -> AnswerPart:
        if not isinstance(part, ToolCall):
            return part
        return replace(part, arguments=self._broken(part.arguments))

    def _broken(self, arguments: str) -> str:
        match self.how:
            case "truncated":
                return arguments[: _middle(arguments)]
            case "single_quotes":
                return arguments.replace('"', "'")
            case "trailing_comma":
                inner, brace, rest = arguments.rpartition("}")
                has_members = bool(inner.strip(" \t\r\n{"))
                return f"{inner},{brace}{rest}" if brace and has_members else arguments
            case "fenced":
                return f"```json\n{arguments}\n```"


def _middle(arguments: str) -> int:
    """Return where *arguments* break off: within a text of theirs, if they have one."""
    wanted = len(arguments) * 2 // 3
    texts = [found.span() for found in _TEXT.finditer(arguments)]
    inside = [at for begin, end in texts for at in range(begin + 1, end)]
    return min(inside, key=lambda at: abs(at - wanted), default=wanted)


_TEXT: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
