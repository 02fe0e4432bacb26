"""What a property's name implies about its value: `customer_email` is an address, `age` is years.

Names are read from the right, as English compounds are: the last words decide.
"""

import re
from collections.abc import Mapping
from random import Random
from typing import TYPE_CHECKING, Final

from mockserver.sampling import formats
from mockserver.sampling.formats import Making, words

if TYPE_CHECKING:
    from faker import Faker


def meaning(name: str) -> Making | None:
    """Return what draws a text for a property called *name*; None if the name implies nothing."""
    parts = split(name)
    if len(parts) > 1 and parts[-1] == "name":
        return _name_of(parts)
    for length in (2, 1):
        known = TEXTS.get(" ".join(parts[-length:]))
        if known is not None:
            return known
    if len(parts) > 1 and parts[-1] in {"at", "on"}:
        return formats.date_time
    return next((TEXTS[part] for part in reversed(parts) if part in TEXTS), None)


def split(name: str) -> list[str]:
    """Cut `orderID`, `order_id` and `order-ids` into their words, singular and in lower case."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name[:200])
    return [_singular(part) for part in re.findall(r"[a-z]+", spaced.lower())]


def _singular(word: str) -> str:
    """Return what a list of *word* holds, as far as the tables below need it."""
    if word in {"address", "status", "sms", "gps", "dns", "always", "class", "business", "notes"}:
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2]
    return word.removesuffix("s") if not word.endswith("ss") else word


def _name_of(parts: list[str]) -> Making:
    """Read `file_name`, `first_name`, `event_name`."""
    known = _NAMES.get(parts[-2])
    if known is not None:
        return known
    return TEXTS.get(parts[-2], _title)


def _title(fake: "Faker", rng: Random) -> str:
    return words(fake, rng.randint(2, 4)).capitalize()


def _sentence(fake: "Faker", rng: Random) -> str:
    return fake.sentence(rng.randint(6, 12))


def _paragraph(fake: "Faker", rng: Random) -> str:
    return " ".join(fake.sentence(rng.randint(6, 12)) for _ in range(rng.randint(2, 3)))


def _word(fake: "Faker", _rng: Random) -> str:
    return words(fake, 1)


def _person(fake: "Faker", _rng: Random) -> str:
    return fake.name()


def _code(fake: "Faker", _rng: Random) -> str:
    return fake.bothify("???-####").upper()


def _identifier(fake: "Faker", _rng: Random) -> str:
    return fake.bothify("????_########").lower()


def _digest(_fake: "Faker", rng: Random) -> str:
    return f"{rng.getrandbits(160):040x}"


def _any_of(*choices: str) -> Making:
    """Make one of *choices*."""

    def choose(_fake: "Faker", rng: Random) -> str:
        return rng.choice(choices)

    return choose


_NAMES: Final[Mapping[str, Making]] = {
    "first": lambda fake, _: fake.first_name(),
    "given": lambda fake, _: fake.first_name(),
    "middle": lambda fake, _: fake.first_name(),
    "last": lambda fake, _: fake.last_name(),
    "family": lambda fake, _: fake.last_name(),
    "user": lambda fake, _: fake.user_name(),
    "full": _person,
    "display": _person,
    "file": lambda fake, _: fake.file_name(),
    "host": formats.host,
    "domain": lambda _, rng: rng.choice(("example.com", "example.net", "example.org")),
    "street": lambda fake, _: fake.street_name(),
}

TEXTS: Final[Mapping[str, Making]] = {
    # People
    **dict.fromkeys(
        (
            "name",
            "person",
            "author",
            "customer",
            "employee",
            "contact",
            "recipient",
            "sender",
            "assignee",
            "attendee",
            "participant",
            "owner",
            "speaker",
            "manager",
            "patient",
        ),
        _person,
    ),
    "firstname": _NAMES["first"],
    "lastname": _NAMES["last"],
    "surname": _NAMES["last"],
    "username": _NAMES["user"],
    "login": _NAMES["user"],
    "nickname": _NAMES["first"],
    "email": formats.email,
    "email address": formats.email,
    "phone": formats.telephone,
    "mobile": formats.telephone,
    "fax": formats.telephone,
    "phone number": formats.telephone,
    "job": lambda fake, _: fake.job(),
    "job title": lambda fake, _: fake.job(),
    "occupation": lambda fake, _: fake.job(),
    "profession": lambda fake, _: fake.job(),
    "role": _any_of("admin", "editor", "member", "viewer"),
    "gender": _any_of("female", "male", "non-binary"),
    "nationality": lambda fake, _: fake.country(),
    "company": lambda fake, _: fake.company(),
    "organization": lambda fake, _: fake.company(),
    "employer": lambda fake, _: fake.company(),
    "vendor": lambda fake, _: fake.company(),
    "merchant": lambda fake, _: fake.company(),
    "brand": lambda fake, _: fake.company(),
    "department": _any_of("Engineering", "Finance", "Legal", "Marketing", "Sales", "Support"),
    # Places
    **dict.fromkeys(
        ("city", "town", "location", "destination", "origin", "place", "capital"),
        lambda fake, _: fake.city(),
    ),
    "country": lambda fake, _: fake.country(),
    "country code": lambda fake, _: fake.country_code(),
    "state": lambda fake, _: fake.state(),
    "province": lambda fake, _: fake.state(),
    "region": lambda fake, _: fake.state(),
    "street": lambda fake, _: fake.street_address(),
    "address": lambda fake, _: fake.address().replace("\n", ", "),
    "street address": lambda fake, _: fake.street_address(),
    "zip": lambda fake, _: fake.postcode(),
    "zip code": lambda fake, _: fake.postcode(),
    "zipcode": lambda fake, _: fake.postcode(),
    "postcode": lambda fake, _: fake.postcode(),
    "postal code": lambda fake, _: fake.postcode(),
    "latitude": lambda fake, _: str(fake.latitude()),
    "longitude": lambda fake, _: str(fake.longitude()),
    # Time
    **dict.fromkeys(
        ("date", "day", "birthday", "birthdate", "dob", "deadline", "checkin", "checkout"),
        formats.date,
    ),
    "time": lambda _, rng: formats.moment(rng).strftime("%H:%M"),
    "timestamp": formats.date_time,
    "datetime": formats.date_time,
    "date time": formats.date_time,
    "start time": formats.date_time,
    "end time": formats.date_time,
    "timezone": lambda fake, _: fake.timezone(),
    "time zone": lambda fake, _: fake.timezone(),
    "month": lambda _, rng: formats.moment(rng).strftime("%B"),
    "weekday": lambda _, rng: formats.moment(rng).strftime("%A"),
    "year": lambda _, rng: formats.moment(rng).strftime("%Y"),
    # Machines
    "url": formats.url,
    "uri": formats.url,
    "link": formats.url,
    "href": formats.url,
    "website": formats.url,
    "homepage": formats.url,
    "image": lambda fake, rng: f"https://{formats.host(fake, rng)}/{words(fake, 1)}.png",
    "photo": lambda fake, rng: f"https://{formats.host(fake, rng)}/{words(fake, 1)}.jpg",
    "avatar": lambda fake, rng: f"https://{formats.host(fake, rng)}/{words(fake, 1)}.png",
    "host": formats.host,
    "hostname": formats.host,
    "domain": _NAMES["domain"],
    "ip": formats.ipv4,
    "ip address": formats.ipv4,
    "uuid": formats.uuid,
    "guid": formats.uuid,
    "id": _identifier,
    "identifier": _identifier,
    "key": _identifier,
    "token": _identifier,
    "slug": lambda fake, _: "-".join(fake.words(3)).lower(),
    "hash": _digest,
    "sha": _digest,
    "checksum": _digest,
    "commit": _digest,
    "version": lambda _, rng: f"{rng.randint(0, 4)}.{rng.randint(0, 20)}.{rng.randint(0, 9)}",
    "path": lambda fake, _: fake.file_path(),
    "file": lambda fake, _: fake.file_path(),
    "filename": _NAMES["file"],
    "directory": lambda fake, _: f"/{fake.uri_path()}",
    "folder": lambda fake, _: f"/{fake.uri_path()}",
    "extension": lambda fake, _: fake.file_extension(),
    "mime": lambda fake, _: fake.mime_type(),
    "mime type": lambda fake, _: fake.mime_type(),
    "password": lambda _, rng: f"{rng.getrandbits(60):015x}",
    "code": _code,
    "sku": _code,
    "reference": _code,
    "serial": _code,
    "isbn": lambda fake, _: fake.isbn13(),
    "command": lambda fake, _: f"ls /{fake.uri_path()}",
    # Things and money
    "currency": lambda fake, _: fake.currency_code(),
    "currency code": lambda fake, _: fake.currency_code(),
    "price": lambda _, rng: f"{rng.randint(199, 19_999) / 100:.2f}",
    "amount": lambda _, rng: f"{rng.randint(199, 19_999) / 100:.2f}",
    "symbol": _any_of("AAPL", "AMZN", "GOOG", "MSFT", "NVDA"),
    "ticker": _any_of("AAPL", "AMZN", "GOOG", "MSFT", "NVDA"),
    "unit": _any_of("kg", "km", "l", "m", "pcs"),
    "color": lambda fake, _: fake.color_name(),
    "colour": lambda fake, _: fake.color_name(),
    "hex": lambda fake, _: fake.hex_color(),
    "language": lambda fake, _: fake.language_name(),
    "language code": lambda fake, _: fake.language_code(),
    "locale": lambda fake, _: fake.locale(),
    "status": _any_of("active", "completed", "failed", "pending"),
    "priority": _any_of("high", "low", "medium"),
    "severity": _any_of("critical", "high", "low", "medium"),
    "sentiment": _any_of("negative", "neutral", "positive"),
    "size": _any_of("large", "medium", "small"),
    # Prose
    **dict.fromkeys(
        (
            "tag",
            "label",
            "keyword",
            "category",
            "topic",
            "genre",
            "type",
            "kind",
            "group",
            "skill",
            "ingredient",
            "word",
        ),
        _word,
    ),
    **dict.fromkeys(("title", "headline", "subject", "heading", "product", "item"), _title),
    **dict.fromkeys(
        ("query", "search", "phrase", "term"),
        lambda fake, rng: words(fake, rng.randint(2, 4)),
    ),
    "question": lambda fake, rng: _sentence(fake, rng).rstrip(".") + "?",
    **dict.fromkeys(
        (
            "description",
            "summary",
            "comment",
            "note",
            "notes",
            "reason",
            "reasoning",
            "rationale",
            "explanation",
            "thought",
            "answer",
            "message",
            "text",
            "instruction",
            "feedback",
            "step",
            "detail",
            "prompt",
            "task",
            "sentence",
            "quote",
            "snippet",
            "output",
            "response",
        ),
        _sentence,
    ),
    **dict.fromkeys(
        ("content", "body", "paragraph", "article", "essay", "biography", "bio", "review"),
        _paragraph,
    ),
}
