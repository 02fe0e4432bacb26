"""The conversation in a request, as its client wrote it: for verdicts, reports and recordings.

The journal keeps requests as they were sent, including refused ones. Their protocols read them
again without trusting their form, so that no other code needs to know it.
"""

from typing import Final, NamedTuple

from mockserver.conversation.request import Tool, Turn


class Transcript(NamedTuple):
    """The turns, the tools offered and the prompts of a request, as far as they can be read."""

    turns: tuple[Turn, ...] = ()
    tools: tuple[Tool, ...] = ()
    prompts: tuple[str, ...] = ()

    @property
    def since_last_turn(self) -> tuple[Turn, ...]:
        """The turns after the last one of the model."""
        turns = self.turns
        spoken = [index for index, turn in enumerate(turns) if turn.role == "assistant"]
        return turns[spoken[-1] + 1 :] if spoken else turns


EMPTY_TRANSCRIPT: Final = Transcript()
