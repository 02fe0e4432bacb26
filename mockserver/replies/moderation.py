"""Scores for what is not wanted, for code that asks a moderation model before it goes on."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import ClassVar, Final

from mockserver.contracts import ChoicePlace, ComputedReply, Draw
from mockserver.conversation import Findings, IncomingCall
from mockserver.errors import BadValue, did_you_mean

HARMLESS: Final[Mapping[str, tuple[float, float]]] = {
    "harassment": (1e-5, 1e-4),
    "harassment/threatening": (1e-6, 1e-5),
    "sexual": (3e-6, 3e-4),
    "hate": (1e-6, 2.5e-5),
    "hate/threatening": (2e-7, 8e-7),
    "illicit": (5e-6, 4e-5),
    "illicit/violent": (1.5e-6, 1.5e-5),
    "self-harm/intent": (2e-6, 2.2e-4),
    "self-harm/instructions": (2e-7, 4e-6),
    "self-harm": (1e-5, 4.8e-4),
    "sexual/minors": (5e-7, 3e-5),
    "violence": (1e-5, 6e-4),
    "violence/graphic": (1e-6, 1.5e-5),
}
"""The categories, with what harmless texts score (recorded of 14 texts, 2024 to 2026)."""
FLAGGED_FROM: Final = 0.5
"""From this score on, a text falls into a category. The API's own thresholds are not published."""
OF_NO_OTHER: Final = "violence"
"""The category of a text that is flagged, and of which no more is stated."""
FLAGGED: Final = (0.6, 0.98)
FOR_TEXT: Final = 100
"""How long the scores of one text take, as so many characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moderation(ComputedReply):
    """Answer with scores; unless some are stated, a text is harmless.

    Attributes:
        flagged: Whether each text is flagged. If no score of `categories` is 0.5 or more, the
            highest of them is why, or else `violence`.
        categories: Scores from 0 to 1, by category; from 0.5 on, a text falls into it. All others
            are harmless.

    """

    kind = "moderation"
    computes: ClassVar[frozenset[str] | None] = frozenset({"moderations"})

    flagged: bool | None = None
    categories: Mapping[str, float] = field(default_factory=dict[str, float])

    def __post_init__(self) -> None:
        super(Moderation, self).__post_init__()
        for name, score in self.categories.items():
            if name not in HARMLESS:
                hint = did_you_mean(name, [*HARMLESS])
                what = f"'{name}' is not a category of moderation models"
                raise BadValue("categories", what, hint)
            if not (math.isfinite(score) and 0 <= score <= 1):
                what = f"the score of '{name}' must be from 0 to 1, not {score}"
                raise BadValue("categories", what)
            if self.flagged is False and score >= FLAGGED_FROM:
                what = f"'flagged: false' contradicts the score of '{name}', {score}"
                raise BadValue("flagged", what, f"a text is flagged from {FLAGGED_FROM} on")

    def expected_length(self, call: IncomingCall) -> int:
        """Return about how long the scores take, as so many characters."""
        return 0 if call.request is None else FOR_TEXT * len(call.request.inputs)

    def result(self, call: IncomingCall, place: ChoicePlace, draw: Draw) -> Findings:  # noqa: ARG002 - the same text has the same scores in every request
        """Return the scores of one text."""
        rng = Draw(place.seed, place.prompt.encode("utf-8", "surrogatepass")).rng("moderation")
        scores = {name: _between(*harmless, rng) for name, harmless in HARMLESS.items()}
        stated = self.categories
        flagged = [name for name, score in stated.items() if score >= FLAGGED_FROM]
        if self.flagged and not flagged:
            flagged = [max(stated, key=stated.__getitem__, default=OF_NO_OTHER)]
            scores[flagged[0]] = _between(*FLAGGED, rng)
        return Findings({**scores, **stated}, frozenset(flagged), frozenset((*stated, *flagged)))


def _between(least: float, most: float, rng: Random) -> float:
    """Return a score between two others, nearer the lower one more often.

    By plain arithmetic, which has the same result on any machine.
    """
    drawn = rng.random()
    return least + (most - least) * drawn * drawn
