"""Faker, imported only when something is drawn, and lent to one sampling at a time.

Faker takes a tenth of a second to import. What it draws comes from the generator that the
borrower brings; Faker's own shared generator is never touched. Its dates count from today,
so they are not used.
"""

from collections.abc import Generator
from contextlib import contextmanager
from random import Random
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import faker

FAKERS: Final = (
    *("address", "bs", "catch_phrase", "city", "color_name", "company", "company_email"),
    *("country", "country_code", "currency_code", "domain_name", "email", "file_name"),
    *("first_name", "free_email", "hex_color", "iban", "image_url", "ipv4", "ipv6", "isbn13"),
    *("job", "language_name", "last_name", "latitude", "license_plate", "longitude"),
    *("mac_address", "mime_type", "name", "paragraph", "phone_number", "postcode"),
    *("random_digit", "random_int", "safe_email", "sentence", "slug", "state", "state_abbr"),
    *("street_address", "street_name", "text", "uri", "url", "user_name"),
    *("uuid4", "word"),
)
"""What a scenario may have made up: nothing that takes arguments, opens files or knows the date."""

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


def fake(provider: str, rng: Random) -> str | int | float:
    """Return what *provider*, one of `FAKERS`, makes up by *rng*; numbers as JSON has them."""
    with lend(rng) as lent:
        made = getattr(lent, provider)()
    return made if isinstance(made, str | int) else float(made)
