"""Vectors and findings of moderation that this server did not make, read."""

import base64
import binascii
import math
import struct
from typing import Final

from mockserver.contracts import Heard
from mockserver.conversation import Findings, Vector
from mockserver.protocols.openai.hearing import amount, bill, in_order, member, objects, words
from mockserver.wire.jsontext import JsonValue, is_list, is_object
from mockserver.wire.marks import Marks

DIGITS: Final = range(6, 10)
"""How many digits state a number of 32 bits: nine always do."""


def vectors_heard(body: JsonValue, marks: Marks) -> Heard:
    """Return the vectors that *body* has, as numbers or in base64; *marks* are on its bill."""
    found = [_vector(member(one, "embedding")) for one in in_order(objects(body, "data"))]
    usage = bill(member(body, "usage"))
    return Heard(
        id=words(body, "id"),
        model=words(body, "model"),
        results=tuple([vector for vector in found if vector is not None]),
        usage=usage,
        marks=() if usage is None else marks,
    )


def _vector(embedding: JsonValue) -> Vector | None:
    if isinstance(embedding, str):
        return _decoded(embedding)
    if not is_list(embedding):
        return None
    numbers = [one for one in embedding if isinstance(one, int | float)]
    if len(numbers) < len(embedding) or not all(map(math.isfinite, numbers)):
        return None
    return Vector(tuple(numbers), is_stated=True)


def _decoded(text: str) -> Vector | None:
    try:
        content = base64.b64decode(text, validate=True)
        numbers = struct.unpack(f"<{len(content) // 4}f", content)
    except (binascii.Error, ValueError, struct.error):
        return None
    if not all(map(math.isfinite, numbers)):
        return None
    return Vector(tuple(map(_shortest, numbers)), is_stated=True)


def _shortest(number: float) -> float:
    """Return the number of fewest digits that has the same 32 bits as *number*."""
    bits = struct.pack("<f", number)
    texts = (f"{number:.{digits}g}" for digits in DIGITS)
    return next(
        (
            float(text)
            for text in texts
            if abs(float(text)) <= GREATEST and struct.pack("<f", float(text)) == bits
        ),
        number,
    )


GREATEST: Final = 3.4028234e38
"""The greatest number of 32 bits, nearly."""


def findings_heard(body: JsonValue) -> Heard:
    """Return the scores and categories that *body* has, a result for each text."""
    return Heard(
        id=words(body, "id"),
        model=words(body, "model"),
        results=tuple(map(_findings, objects(body, "results"))),
    )


def _findings(result: JsonValue) -> Findings:
    stated = member(result, "category_scores")
    names = list(stated) if is_object(stated) else []
    scores = {name: score for name in names if (score := amount(stated, name)) is not None}
    categories = member(result, "categories")
    flagged = (
        [name for name, is_so in categories.items() if is_so is True]
        if is_object(categories)
        else []
    )
    return Findings(scores, frozenset(flagged), frozenset(scores))
