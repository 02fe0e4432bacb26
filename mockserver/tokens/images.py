"""The bill for an image in a message."""

import base64
import io
import math
from typing import Any

from mockserver.models import Family
from mockserver.tokens.evidence import NO_RULE, Rule
from mockserver.tokens.schemas import as_schema

TYPICAL_SIZE = (1024, 1024)
"""The assumed size of an image whose size is unknown."""


def count_image(image: Any, family: Family) -> tuple[int, Rule]:
    """Return the tokens of *image*, an `image_url` member, and the rules they are by.

    An image whose size is unknown (the server fetches no remote image) counts as one of a
    typical size. A gateway's models may take *image* in another form, whose size is unknown.
    """
    stated = as_schema(image) or {"url": image}
    url, detail = stated.get("url"), stated.get("detail")
    size = _size(url)
    unseen = Rule.UNSEEN_IMAGES if size is None else NO_RULE
    if family.image_patch is not None:
        return _patches(size or TYPICAL_SIZE, family, detail), Rule.PATCHES | unseen
    if family.image_tiles is None:
        return 0, Rule.UNSEEN_IMAGES
    base, tile = family.image_tiles
    if detail == "low":
        return base, Rule.TILES
    return base + tile * _tiles(size or TYPICAL_SIZE), Rule.TILES | unseen


def _tiles(size: tuple[int, int]) -> int:
    """Return how many squares of 512 pixels cover the image, once it is scaled down.

    First into a square of 2048, then to 768 on the short side.
    Source: OpenAI, "Images and vision", "Calculating costs".
    """
    long, short = float(max(size)), float(min(size))
    if long > _LONGEST:
        long, short = _LONGEST, short * _LONGEST / long
    if short > _SHORTEST:
        long, short = long * _SHORTEST / short, _SHORTEST
    return math.ceil(long / 512) * math.ceil(short / 512)


def _patches(size: tuple[int, int], family: Family, detail: Any) -> int:
    """Return what the squares of 32 pixels that cover the image cost, and one.

    Each costs the family's weight. An image is scaled down into a square of 2048 pixels, and
    until no more squares cover it than the family's budget; `detail` is ignored, but for
    `original` where the budget is more than that of the first such models. There, what the
    weight adds to one token a square is billed as for the smaller image that the first models
    would have made of it (one published bill: 1600 x 1600 pixels are 2,806 tokens).
    Source: OpenAI, "Images and vision", "Calculating costs"; the one more is recorded (18 of
    28 distinct requests exact, 7 repositories).
    """
    assert family.image_patch is not None
    budget, longest = family.image_budget, _LONGEST
    if detail == "original" and budget > _FIRST_BUDGET:
        budget, longest = _ORIGINAL_BUDGET, _LONGEST_ORIGINAL
    first = _covering(size, _FIRST_BUDGET, _LONGEST)
    cost = first * family.image_patch
    if budget > _FIRST_BUDGET:
        cost += _covering(size, budget, longest) - first
    return math.ceil(cost) + 1


def _covering(size: tuple[int, int], budget: int, longest: float) -> int:
    """Return how many squares of 32 pixels cover the image, once it is scaled down."""
    shrunk = min(1.0, longest / max(size))
    width, height = size[0] * shrunk, size[1] * shrunk
    wide, high = math.ceil(width / 32), math.ceil(height / 32)
    if wide * high > budget:
        scale = math.sqrt(32 * 32 * budget / (width * height))
        columns, rows = width * scale / 32, height * scale / 32
        scale *= min(math.floor(columns) / columns, math.floor(rows) / rows)
        wide, high = math.ceil(width * scale / 32), math.ceil(height * scale / 32)
    return min(wide * high, budget)


_LONGEST, _SHORTEST = 2048.0, 768.0
_FIRST_BUDGET = 1536
_ORIGINAL_BUDGET, _LONGEST_ORIGINAL = 10_000, 6000.0


def _size(url: Any) -> tuple[int, int] | None:
    """Return (width, height) of the image in a `data:` URL; None: remote or unreadable."""
    if not isinstance(url, str) or not url.startswith("data:"):
        return None
    import imagesize  # type: ignore[import-untyped] # noqa: PLC0415 - only images need it

    try:
        content = base64.b64decode(url.partition(",")[2])
        width, height = imagesize.get(io.BytesIO(content))  # pyright: ignore[reportUnknownMemberType]
    except Exception:  # noqa: BLE001 - it reads a dozen formats, and each can be broken in its way
        return None
    return (width, height) if width > 0 and height > 0 else None
