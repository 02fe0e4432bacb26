import random

import pytest

from mockserver.sampling import formats, naming
from mockserver.sampling.fakers import lend


@pytest.mark.parametrize(
    "making",
    [*naming.TEXTS.values(), *formats.FORMATS.values()],
    ids=[*naming.TEXTS, *(f"format {name}" for name in formats.FORMATS)],
)
def test_every_name_and_format_gives_a_text_of_one_line(making: formats.Making) -> None:
    rng = random.Random(1)
    with lend(rng) as fake:
        texts = [making(fake, rng) for _ in range(3)]

    assert all(text.strip() and "\n" not in text for text in texts)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("orderID", ["order", "id"]),
        ("HTTPServerName", ["http", "server", "name"]),
        ("shipping-addresses", ["shipping", "address"]),
        ("categories", ["category"]),
        ("status", ["status"]),
        ("line2", ["line"]),
        ("", []),
    ],
)
def test_a_name_is_cut_into_words(name: str, words: list[str]) -> None:
    assert naming.split(name) == words


@pytest.mark.parametrize("name", ["", "größe", "x", "42", "__"])
def test_a_name_that_tells_nothing_has_no_meaning(name: str) -> None:
    assert naming.meaning(name) is None
