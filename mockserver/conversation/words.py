"""What a request asks, in the words that say it best: what came last.

The journal and the lines of the log show their beginning, so that a person knows a call again.
"""

from collections.abc import Sequence

from mockserver.conversation.parts import Attachment
from mockserver.conversation.request import Turn


def words_of(turns: Sequence[Turn], prompts: Sequence[str], inputs: Sequence[str]) -> str:
    """Return what is asked by *turns*, by *prompts* or of *inputs*; empty if nothing is.

    Of turns, it is the last one of the user, or the results of tools that came after it. Whatever
    else a request has instead of words is named: `[image]`.
    """
    for texts in (prompts, inputs):
        if texts:
            return texts[0]
    results: list[Turn] = []
    for turn in reversed(turns):
        if turn.role == "user" and not results:
            return turn.text or _attached(turn)
        if turn.role == "tool":
            results.append(turn)
        elif results:
            break
    if results:
        count = f"{len(results)} tool results" if len(results) > 1 else "tool result"
        return f"[{count}] {results[-1].text}"
    return turns[-1].text if turns else ""


def _attached(turn: Turn) -> str:
    kinds = [part.kind for part in turn.parts if isinstance(part, Attachment)]
    return " ".join([f"[{kind}]" for kind in kinds[:3]])
