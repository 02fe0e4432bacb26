"""The bill for an image in a message."""

import base64
import io
import math
from typing import Any

from mockserver.models import Family
from mockserver.tokens.schemas import as_schema

TYPICAL_SIZE = (1024, 1024)
"""The assumed size of an image whose size is unknown."""


def count_image(image: Any, family: Family) -> tuple[int, bool]:
    """Return the tokens of *image*, an `image_url` member, and whether they are certain.

    They are not where its size is unknown (the server fetches no remote image), and not in
    models that count patches: recorded bills differ by one either way. A gateway's models may
    take *image* in another form, which is then one of unknown size.
    """
    stated = as_schema(image) or {"url": image}
    url, detail = stated.get("url"), stated.get("detail")
    size = _size(url)
    if family.image_patch is not None:
        return _patches(size or TYPICAL_SIZE, family.image_patch), False
    if family.image_tiles is None:
        return 0, False
    base, tile = family.image_tiles
    if detail == "low":
        return base, True
    return base + tile * _tiles(size or TYPICAL_SIZE), size is not None


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


def _patches(size: tuple[int, int], weight: float) -> int:
    """Return *weight* tokens for each square of 32 pixels that covers the image, and one.

    An image of more than 1536 squares is scaled down until a whole number of them fits.
    Source: OpenAI, "Images and vision", "Calculating costs"; the one more is recorded (18 of
    28 distinct requests exact, 7 repositories).
    """
    width, height = size
    wide, high = math.ceil(width / 32), math.ceil(height / 32)
    if wide * high > _MOST_PATCHES:
        scale = math.sqrt(32 * 32 * _MOST_PATCHES / (width * height))
        columns, rows = width * scale / 32, height * scale / 32
        scale *= min(math.floor(columns) / columns, math.floor(rows) / rows)
        wide, high = math.ceil(width * scale / 32), math.ceil(height * scale / 32)
    return math.ceil(min(wide * high, _MOST_PATCHES) * weight) + 1


_LONGEST, _SHORTEST = 2048.0, 768.0
_MOST_PATCHES = 1536


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
