"""Texts: in a format, after a pattern, or as the property's name suggests; of the right length."""

from collections.abc import Iterator
from typing import Final

from mockserver.sampling import formats, naming, regexes
from mockserver.sampling.demands import Demand
from mockserver.sampling.drawing import Drawing
from mockserver.sampling.formats import Making
from mockserver.sampling.places import Drawn, Place

_LONGEST: Final = 10_000
"""No text is longer, whatever `minLength` asks for."""
_ATTEMPTS: Final = 6


def draw_string(demand: Demand, place: Place, drawing: Drawing) -> Drawn:
    """Draw a text for *demand*."""
    shortest = min(demand.shortest, _LONGEST)
    text = ""
    for text in _candidates(demand, place, drawing, shortest):
        length_fits = shortest <= len(text) and (
            demand.longest is None or len(text) <= demand.longest
        )
        if length_fits and all(regexes.matches(pattern, text) for pattern in demand.patterns):
            return Drawn(text, ok=shortest == demand.shortest)
    return Drawn(text, ok=False)


def _candidates(demand: Demand, place: Place, drawing: Drawing, shortest: int) -> Iterator[str]:
    """Yield texts to try, the most natural first."""
    making = _making(demand, place)
    for _ in range(_ATTEMPTS):
        text = making(drawing.fake, drawing.rng)
        yield text
        if demand.format is None and not demand.patterns:
            yield _of_length(text, shortest, demand.longest, drawing)
    for pattern in demand.patterns:
        for _ in range(_ATTEMPTS if len(demand.patterns) > 1 else 1):
            made = regexes.text_for(pattern, drawing.rng, shortest=shortest, longest=demand.longest)
            if made is not None:
                yield made
    if not demand.patterns:
        yield _of_length(making(drawing.fake, drawing.rng), shortest, demand.longest, drawing)


def _making(demand: Demand, place: Place) -> Making:
    """Return what draws a text for *demand*; formats that nobody knows are taken as names."""
    if demand.format is not None:
        known = formats.FORMATS.get(demand.format.lower()) or naming.meaning(demand.format)
        if known is not None:
            return known
    return (naming.meaning(place.name) if place.name else None) or _phrase


_phrase: Making = lambda fake, rng: formats.words(fake, rng.randint(2, 4))  # noqa: E731 - typed so


def _of_length(text: str, shortest: int, longest: int | None, drawing: Drawing) -> str:
    """Return *text* cut between words, or with words added, to fit the lengths."""
    while len(text) < shortest:
        text = (
            f"{text} {formats.words(drawing.fake, 8)}" if text else formats.words(drawing.fake, 8)
        )
    if longest is not None and len(text) > longest:
        cut = text[: longest + 1].rpartition(" ")[0].rstrip(" .,")
        text = cut if len(cut) >= max(shortest, 1) else text[:longest]
    return text
