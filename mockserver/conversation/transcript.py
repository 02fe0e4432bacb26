"""What a request tells of a conversation, as its client wrote it: for those who look back at it.

The journal keeps requests as they were sent, refused ones too. Their protocols read them again
without trusting their form, so that nobody else has to know it.
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
