"""The model calls a tool that was not offered."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from random import Random

from mockserver.contracts import AnswerFailure
from mockserver.conversation import AnswerPart, Choice, ModelRequest, ToolCall


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownTool(AnswerFailure):
    """Call each tool by *name*, or unless stated, by a misspelling of its own name."""

    kind = "unknown_tool"
    never_null = frozenset({"name"})

    name: str | None = None

    def misanswer(self, choice: Choice, request: ModelRequest, rng: Random) -> Choice:
        """Return *choice* with other names; no effect on an answer without tool calls."""
        offered = [tool.name for tool in request.tools]

        def renamed(part: AnswerPart) -> AnswerPart:
            if not isinstance(part, ToolCall):
                return part
            return replace(
                part, name=_misspelt(part.name, offered, rng) if self.name is None else self.name
            )

        return choice.edited(renamed)


def _misspelt(name: str, offered: Collection[str], rng: Random) -> str:
    """Return *name* with two letters swapped, or one too many: a name that is not offered."""
    swapped = [
        name[:i] + name[i + 1] + name[i] + name[i + 2 :]
        for i in range(len(name) - 1)
        if name[i].isalpha() and name[i + 1].isalpha() and name[i] != name[i + 1]
    ]
    rng.shuffle(swapped)
    taken = {name, *offered}
    wrong = next((one for one in swapped if one not in taken), name)
    while wrong in taken:
        wrong += "s"
    return wrong
