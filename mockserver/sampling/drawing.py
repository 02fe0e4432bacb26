"""What the parts of a sampling share: the generator, Faker, the judge, and the way back in."""

from abc import ABC, abstractmethod
from random import Random
from typing import TYPE_CHECKING

from mockserver.effort import Budget
from mockserver.sampling.judging import Judge
from mockserver.sampling.places import Drawn, Place
from mockserver.wire.jsontext import JsonValue

if TYPE_CHECKING:
    from faker import Faker


class Drawing(ABC):
    """One sampling. Objects and arrays draw their members and items through it.

    *letters* are what may still be made of texts that must be long, or follow a pattern.
    """

    def __init__(self, rng: Random, fake: "Faker", judge: Judge, letters: Budget) -> None:
        self.rng = rng
        self.fake = fake
        self.judge = judge
        self.letters = letters

    @property
    @abstractmethod
    def is_exhausted(self) -> bool:
        """Whether no steps are left."""

    @abstractmethod
    def draw(self, schema: JsonValue, place: Place) -> Drawn:
        """Draw a value for *schema* at *place*."""
