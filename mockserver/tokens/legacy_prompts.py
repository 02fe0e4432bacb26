"""What the input of a legacy completion is billed as."""

from collections.abc import Mapping
from typing import Any

from mockserver.tokens.bill import Count
from mockserver.tokens.vocabularies import Vocabulary


def count_legacy_prompt(body: Mapping[str, Any], vocabulary: Vocabulary) -> Count:
    """Return the tokens of `prompt`: a text, texts, tokens, or lists of tokens, summed."""
    prompt = body.get("prompt")
    if prompt is None:
        # The default prompt is <|endoftext|>, one token (OpenAI API reference, Completions).
        return Count(1)
    if isinstance(prompt, str):
        return Count(vocabulary.count(prompt))
    if prompt and isinstance(prompt[0], int):
        return Count(len(prompt))
    return Count(sum(vocabulary.count(one) if isinstance(one, str) else len(one) for one in prompt))
