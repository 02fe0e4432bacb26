"""The conversation in a request, as its client wrote it: for verdicts, reports and recordings.

The journal keeps requests as they were sent, including refused ones. Their protocols read them
again without trusting their form, so that no other code needs to know it.
"""

from typing import Final, NamedTuple

from mockserver.conversation.request import Tool, Turn


class Transcript(NamedTuple):
    """What a request asks, as far as it can be read: turns, tools offered, prompts, or inputs."""

    turns: tuple[Turn, ...] = ()
    tools: tuple[Tool, ...] = ()
    prompts: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()

    @property
    def since_last_turn(self) -> tuple[Turn, ...]:
        """The turns after the last one of the model."""
        turns = self.turns
        spoken = [index for index, turn in enumerate(turns) if turn.role == "assistant"]
        return turns[spoken[-1] + 1 :] if spoken else turns


EMPTY_TRANSCRIPT: Final = Transcript()
