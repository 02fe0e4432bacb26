"""The bill for embeddings."""

from collections.abc import Mapping
from typing import Any

from mockserver.tokens.bill import Part
from mockserver.tokens.vocabularies import Vocabulary


def embedding_parts(body: Mapping[str, Any], vocabulary: Vocabulary) -> list[Part]:
    """Return the cost of each input: its tokens and nothing else; an empty text is one token.

    `input` is a text, several texts, tokens, or several lists of tokens (411 of 414 distinct
    requests exact; two of the others are recordings with edited texts).
    """
    given = body["input"]
    inputs = [given] if isinstance(given, str) or (given and isinstance(given[0], int)) else given
    return [
        Part("input", _tokens(one, vocabulary), place=place) for place, one in enumerate(inputs)
    ]


def _tokens(one: Any, vocabulary: Vocabulary) -> int:
    return max(1, vocabulary.count(one)) if isinstance(one, str) else len(one)
