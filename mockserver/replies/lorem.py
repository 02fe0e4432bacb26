"""Seeded prose of a given length in tokens, for tests of load, layout and limits."""

from dataclasses import dataclass
from typing import ClassVar

from mockserver import sampling, tokens
from mockserver.contracts import MOST_TOKENS, ChoicePlace, Reply
from mockserver.conversation import Choice, IncomingCall, Text
from mockserver.errors import BadValue
from mockserver.models import family_of
from mockserver.seeding import Draw
from mockserver.traffic.distributions import Distribution, drawn

TAIL = 4
"""How many times the median few lengths exceed."""
LENGTH = 16
"""How long a token is, in characters of a text that is only sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lorem(Reply):
    """Answer with *tokens* tokens of prose, different each time and for each choice."""

    kind = "lorem"
    constant: ClassVar[bool] = False

    tokens: int | Distribution

    def __post_init__(self) -> None:
        super(Lorem, self).__post_init__()
        if isinstance(self.tokens, int) and not 0 <= self.tokens <= MOST_TOKENS:
            what = f"'tokens' must be from 0 to {MOST_TOKENS}, not {self.tokens}"
            raise BadValue("tokens", what)

    def expected_length(self, call: IncomingCall) -> int:  # noqa: ARG002 - it is in no request
        """Return several characters for each token: to make up words takes longer than to send."""
        tokens = self.tokens
        if isinstance(tokens, Distribution):
            tokens = round(min(tokens.max or MOST_TOKENS, tokens.p99 or TAIL * tokens.median))
        return min(tokens, MOST_TOKENS) * LENGTH

    def choice(self, call: IncomingCall, place: ChoicePlace, draw: Draw) -> Choice:
        """Return prose whose length and words are drawn for this choice."""
        rng = draw.rng(f"lorem-{place.index}")
        length = min(round(drawn(self.tokens, rng)), place.most_tokens)
        encoding = family_of(self.model or call.model or "").encoding
        text = sampling.prose(rng, length, lambda text: tokens.count(text, encoding))
        return Choice((Text(text),))
