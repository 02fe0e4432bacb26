"""The provider's refusal of a JSON Schema, remembered: clients send the same tools each time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from mockserver.protocols.openai.validation import strict_schema
from mockserver.protocols.openai.validation.strict_schema import Use

_MOST_CHARACTERS: Final = 16_384
"""The longest schema that is remembered; the longest of all are sent once, by fuzzers."""


def refusal(schema: Mapping[str, Any], *, strict: bool, use: Use) -> str | None:
    """Return why *schema* is refused, or None; see `strict_schema.refusal`."""
    # Writing a schema takes a tenth of the time of checking one.
    text = repr(schema)
    if len(text) > _MOST_CHARACTERS:
        return strict_schema.refusal(schema, strict=strict, use=use)
    return _remembered(_Written(text, schema), strict, use)


@dataclass(frozen=True, slots=True)
class _Written:
    """A schema that is known by its text."""

    text: str
    schema: Mapping[str, Any] = field(compare=False)


@lru_cache(maxsize=1024)
def _remembered(written: _Written, strict: bool, use: Use) -> str | None:  # noqa: FBT001 - a cache's key
    return strict_schema.refusal(written.schema, strict=strict, use=use)
