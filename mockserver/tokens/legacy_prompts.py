"""The bill for the input of a legacy completion."""

from collections.abc import Mapping
from typing import Any

from mockserver.tokens.bill import Part
from mockserver.tokens.evidence import Rule
from mockserver.tokens.vocabularies import Vocabulary


def legacy_prompt_parts(body: Mapping[str, Any], vocabulary: Vocabulary) -> list[Part]:
    """Return the cost of each prompt: its tokens and nothing else.

    `prompt` is a text, several texts, tokens, or several lists of tokens (160 of 170 distinct
    requests exact; the others are of 2022, or of models whose vocabulary is uncertain).
    """
    prompt = body.get("prompt")
    if prompt is None:
        # It defaults to <|endoftext|>, which is one token (OpenAI API reference).
        parts = [Part("prompt", 1, place=0)]
    elif isinstance(prompt, str):
        parts = [Part("prompt", vocabulary.count(prompt), place=0)]
    elif prompt and isinstance(prompt[0], int):
        parts = [Part("prompt", len(prompt), place=0)]
    else:
        parts = [
            Part("prompt", vocabulary.count(one) if isinstance(one, str) else len(one), place=place)
            for place, one in enumerate(prompt)
        ]
    if body.get("suffix"):
        # The marks around what the model fills in are not billed: the one recorded request
        # (envoy ai-gateway, 2025-09) cost 7 more, which are the tokens of its suffix.
        parts.append(Part("prompt", vocabulary.count(body["suffix"]), Rule.SUFFIX))
    return parts
