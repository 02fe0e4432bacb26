"""Faker, imported only when something is drawn, and lent to one sampling at a time.

Faker takes a tenth of a second to import. What it draws comes from the generator that the
borrower brings; Faker's own shared generator is never touched. Its dates count from today,
so they are not used.
"""

from collections.abc import Generator
from contextlib import contextmanager
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import faker

_idle: "list[tuple[faker.Faker, faker.Generator]]" = []


@contextmanager
def lend(rng: Random) -> "Generator[faker.Faker]":
    """Lend a Faker that draws from *rng*.

    Samplings in several threads get one each: a list's pop and append are atomic.
    """
    try:
        fake, generator = _idle.pop()
    except IndexError:
        import faker  # noqa: PLC0415 - slow to import, and many servers never need it

        generator = faker.Generator()
        fake = faker.Faker("en_US", generator=generator)
    generator.random = rng
    try:
        yield fake
    finally:
        _idle.append((fake, generator))
