"""What the parts of a sampling share: the generator, Faker, the judge, and the way back in."""

from abc import ABC, abstractmethod
from random import Random
from typing import TYPE_CHECKING, Final

from mockserver.sampling.judging import Judge
from mockserver.sampling.places import Budget, Drawn, Place
from mockserver.wire.jsontext import JsonValue

if TYPE_CHECKING:
    from faker import Faker


_LETTERS: Final = 400_000


class Drawing(ABC):
    """One sampling. Objects and arrays draw their members and items through it.

    *letters* are what may still be made of texts that must be long, or follow a pattern.
    """

    def __init__(self, rng: Random, fake: "Faker", judge: Judge) -> None:
        self.rng = rng
        self.fake = fake
        self.judge = judge
        self.letters = Budget(_LETTERS)

    @abstractmethod
    def draw(self, schema: JsonValue, place: Place) -> Drawn:
        """Draw a value for *schema* at *place*."""
