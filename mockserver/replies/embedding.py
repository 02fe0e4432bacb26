"""A vector for each text, for code that retrieves: what shares words is close."""

import math
from dataclasses import dataclass
from typing import ClassVar, Final

from mockserver import sampling
from mockserver.contracts import ChoicePlace, ComputedReply, Draw
from mockserver.conversation import IncomingCall, Vector, Vectors
from mockserver.errors import BadValue

MOST_NUMBERS: Final = 16_384
GREATEST: Final = 3.4e38
"""Numbers are sent in 32 bits."""
PER_TEXT: Final = 2
PER_CHARACTER: Final = 2
"""One character of a plain answer takes as long as so many numbers, or characters of a text."""
SPACE: Final = Vectors("", 1_536, 1_536)


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedding(ComputedReply):
    """Answer with a vector of length 1 for each text: texts that share words have vectors close.

    Attributes:
        vector: The vector of each text, exactly as written, whatever length is asked for.
        near: A text that the vectors shall be close to, in place of the request's own.

    """

    kind = "embedding"
    computes: ClassVar[frozenset[str] | None] = frozenset({"embeddings"})

    vector: tuple[float, ...] = ()
    near: str | None = None

    def __post_init__(self) -> None:
        super(Embedding, self).__post_init__()
        if self.vector and self.near is not None:
            what = "'vector' and 'near' cannot be combined: 'vector' is the whole answer"
            raise BadValue("near", what)
        if len(self.vector) > MOST_NUMBERS:
            what = f"a vector has at most {MOST_NUMBERS} numbers, not {len(self.vector)}"
            raise BadValue("vector", what)
        for value in self.vector:
            if not (math.isfinite(value) and abs(value) <= GREATEST):
                raise BadValue("vector", f"the numbers of a vector fit into 32 bits, not {value}")

    def expected_length(self, call: IncomingCall) -> int:
        """Return about how long the vectors take, as so many characters."""
        request = call.request
        if request is None:
            return 0
        size = len(self.vector) or (request.vectors or SPACE).size
        read = sum(map(len, request.inputs))
        return len(request.inputs) * size // PER_TEXT + read // PER_CHARACTER

    def result(self, call: IncomingCall, place: ChoicePlace, draw: Draw) -> Vector:  # noqa: ARG002 - the same text has the same vector in every request
        """Return the vector of one text."""
        if self.vector:
            return Vector(self.vector, is_stated=True)
        space = SPACE if call.request is None else call.request.vectors or SPACE
        return Vector(
            sampling.text_vector(
                place.prompt,
                seed=place.seed,
                space=space.space,
                size=space.size,
                wanted=space.wanted,
                near=self.near,
            )
        )

    def doubts(self, call: IncomingCall) -> tuple[str, ...]:
        """Return what no model's vectors are: of another size, or of another length."""
        request = call.request
        if not self.vector or request is None or request.vectors is None:
            return ()
        found: list[str] = []
        wanted, has = request.vectors.wanted, len(self.vector)
        if has != wanted:
            found.append(f"the API's vector has {wanted} dimensions here, the scenario's has {has}")
        length = math.hypot(*self.vector)
        if abs(length - 1) > UNIT_WITHIN:
            found.append(f"the API's vectors have a length of 1, the scenario's has {length:.4g}")
        return tuple(found)


UNIT_WITHIN: Final = 0.002
"""How far from 1 rounding leads: half of it is recorded."""
