"""Texts: in a format, after a pattern, or as the property's name suggests; of the right length."""

from random import Random
from typing import TYPE_CHECKING, Final

from mockserver.sampling import formats, naming, regexes
from mockserver.sampling.demands import Demand
from mockserver.sampling.drawing import Drawing
from mockserver.sampling.formats import Making
from mockserver.sampling.places import Drawn, Place

if TYPE_CHECKING:
    from faker import Faker

_LONGEST: Final = 10_000
"""No text is longer, whatever `minLength` demands."""
_ATTEMPTS: Final = 6
_LETTERS_PER_ATTEMPT: Final = 4
"""What it takes to see whether a text happens to fit a pattern."""


def draw_string(demand: Demand, place: Place, drawing: Drawing) -> Drawn:
    """Draw a text for *demand*."""
    making = _making(demand, place)
    shortest = min(demand.shortest, _LONGEST)
    for _ in range(_ATTEMPTS):
        if demand.patterns and not drawing.letters.spend(_LETTERS_PER_ATTEMPT):
            break
        text = making(drawing.fake, drawing.rng)
        if _length_fits(text, demand) and all(
            regexes.found(pattern, text) for pattern in demand.patterns
        ):
            return Drawn(text, ok=True)
    for pattern in demand.patterns * (_ATTEMPTS if len(demand.patterns) > 1 else 1):
        made = regexes.text_for(
            pattern, drawing.rng, drawing.letters, shortest=shortest, longest=demand.longest
        )
        if made is not None and all(regexes.matches(other, made) for other in demand.patterns):
            return Drawn(made, ok=_length_fits(made, demand))
    text = _of_length(making(drawing.fake, drawing.rng), shortest, demand.longest, drawing)
    return Drawn(text, ok=not demand.patterns and _length_fits(text, demand))


def _length_fits(text: str, demand: Demand) -> bool:
    return demand.shortest <= len(text) and (demand.longest is None or len(text) <= demand.longest)


def _making(demand: Demand, place: Place) -> Making:
    """Return what draws a text for *demand*; unknown formats are taken as names."""
    if demand.format is not None:
        known = formats.FORMATS.get(demand.format.lower()) or naming.meaning(demand.format)
        if known is not None:
            return known
    return (naming.meaning(place.name) if place.name else None) or _phrase


def _phrase(fake: "Faker", rng: Random) -> str:
    return formats.words(fake, rng.randint(2, 4))


def _of_length(text: str, shortest: int, longest: int | None, drawing: Drawing) -> str:
    """Return *text* cut between words, or with words added, to fit the lengths."""
    missing = shortest - len(text)
    if missing > 0 and drawing.letters.spend(missing):
        parts = [text] if text else []
        while sum(map(len, parts)) + len(parts) - 1 < shortest:
            parts.append(formats.words(drawing.fake, 8))
        text = " ".join(parts)
    if longest is not None and len(text) > longest:
        cut = text[: longest + 1].rpartition(" ")[0].rstrip(" .,")
        text = cut if len(cut) >= max(shortest, 1) else text[:longest]
    return text
