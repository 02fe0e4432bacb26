"""The model cannot stop: it repeats itself until its limit ends it."""

from dataclasses import dataclass, replace
from random import Random

from mockserver.contracts import AnswerFailure
from mockserver.conversation import Choice, ModelRequest, Text, ToolCall
from mockserver.errors import BadValue

USUAL_TIMES = 1_000
MOST_TIMES = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat(AnswerFailure):
    """After the answer, repeat its last word again and again; the finish reason is `length`.

    Attributes:
        text: What to repeat, instead of the last word.
        repetitions: How often; unless stated, up to the request's limit, or 1,000 times.

    """

    kind = "repeat"
    never_null = frozenset({"text", "repetitions"})

    text: str | None = None
    repetitions: int | None = None

    def __post_init__(self) -> None:
        super(Repeat, self).__post_init__()
        if self.text == "":
            raise BadValue("text", "'text' is empty: there is nothing to repeat")
        if self.repetitions is not None and not 1 <= self.repetitions <= MOST_TIMES:
            what = f"'repetitions' must be from 1 to {MOST_TIMES}, not {self.repetitions}"
            raise BadValue("repetitions", what)

    def misanswer(self, choice: Choice, request: ModelRequest, rng: Random) -> Choice:  # noqa: ARG002 - nothing is drawn
        """Return *choice* with its end repeated; no effect on an answer without a text."""
        if choice.text is None:
            return choice
        text = choice.text.rstrip()
        words = text.split()
        again = self.text or (" " + words[-1] if words else " the")
        # No token is shorter than a character, so that this is enough to reach the limit.
        times = self.repetitions or min(request.max_tokens or USUAL_TIMES, MOST_TIMES)
        kept = [part for part in choice.parts if not isinstance(part, Text | ToolCall)]
        return replace(choice, parts=(*kept, Text(text + again * times)), finish_reason="length")
