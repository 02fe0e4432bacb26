"""Texts in the formats that JSON Schema names, and some that OpenAPI adds.

Hosts, addresses and telephone numbers are those set aside for examples (RFC 2606, 3849, 5737;
555-01xx), so that a test that uses one by mistake reaches no one.
"""

import base64
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Final, Protocol
from uuid import UUID

if TYPE_CHECKING:
    from faker import Faker


class Making(Protocol):
    """Draws a text."""

    def __call__(self, fake: "Faker", rng: Random, /) -> str:
        """Return a text that *fake* and *rng* decide."""
        ...


_FIRST_DAY: Final = datetime(2024, 1, 1, tzinfo=UTC)
_DAYS: Final = 1_000


def moment(rng: Random) -> datetime:
    """Return a point in time in the years from 2024 to 2026, whenever it is drawn."""
    return _FIRST_DAY + timedelta(
        days=rng.randrange(_DAYS), hours=rng.randrange(24), minutes=rng.randrange(60)
    )


def date(_fake: "Faker", rng: Random) -> str:
    """Return a day."""
    return moment(rng).strftime("%Y-%m-%d")


def time_of_day(_fake: "Faker", rng: Random) -> str:
    """Return a time of day with its offset, which RFC 3339 asks for."""
    return moment(rng).strftime("%H:%M:%SZ")


def date_time(_fake: "Faker", rng: Random) -> str:
    """Return a day and time in UTC."""
    return moment(rng).strftime("%Y-%m-%dT%H:%M:%SZ")


def email(fake: "Faker", _rng: Random) -> str:
    """Return an address at an example domain."""
    return fake.email(safe=True)


def host(fake: "Faker", rng: Random) -> str:
    """Return a name below an example domain."""
    return f"{fake.domain_word()}.example.{rng.choice(('com', 'net', 'org'))}"


def url(fake: "Faker", rng: Random) -> str:
    """Return the address of a page."""
    return f"https://{host(fake, rng)}/{fake.uri_path()}"


def uuid(_fake: "Faker", rng: Random) -> str:
    """Return a random UUID (version 4)."""
    return str(UUID(int=rng.getrandbits(128), version=4))


def ipv4(_fake: "Faker", rng: Random) -> str:
    """Return an address of a documentation network."""
    return f"{rng.choice(('192.0.2', '198.51.100', '203.0.113'))}.{rng.randint(1, 254)}"


def ipv6(_fake: "Faker", rng: Random) -> str:
    """Return an address of the documentation network."""
    return f"2001:db8::{rng.randint(1, 0xFFFF):x}:{rng.randint(1, 0xFFFF):x}"


def telephone(_fake: "Faker", rng: Random) -> str:
    """Return a number of the range that is kept for fiction."""
    return f"+1-{rng.randint(201, 989)}-555-01{rng.randrange(100):02}"


def words(fake: "Faker", count: int) -> str:
    """Return *count* words in lower case."""
    return " ".join(fake.words(count)).lower()


def encoded(fake: "Faker", _rng: Random) -> str:
    """Return some words in base64."""
    return base64.b64encode(words(fake, 3).encode()).decode("ascii")


FORMATS: Final[Mapping[str, Making]] = {
    "date": date,
    "time": time_of_day,
    "date-time": date_time,
    "datetime": date_time,
    "duration": lambda _, rng: rng.choice(("P{}D", "PT{}H", "PT{}M", "P{}W")).format(
        rng.randint(1, 30)
    ),
    "email": email,
    "idn-email": email,
    "hostname": host,
    "idn-hostname": host,
    "ipv4": ipv4,
    "ipv6": ipv6,
    "ip": ipv4,
    "uri": url,
    "url": url,
    "iri": url,
    "uri-reference": lambda fake, _: f"/{fake.uri_path()}",
    "iri-reference": lambda fake, _: f"/{fake.uri_path()}",
    "uri-template": lambda fake, rng: f"https://{host(fake, rng)}/{{id}}",
    "uuid": uuid,
    "json-pointer": lambda fake, rng: f"/{words(fake, 1)}/{rng.randrange(10)}",
    "relative-json-pointer": lambda fake, rng: f"{rng.randrange(4)}/{words(fake, 1)}",
    "regex": lambda _, rng: rng.choice(("^[a-z]+$", "^[0-9]{4}$", "^[A-Z][a-z]*$")),
    "byte": encoded,
    "base64": encoded,
}
