"""How much of a call is shown: long texts are cut, and say by how much."""

from typing import Final

from mockserver.records.redaction import redact_text

LONGEST_TEXT: Final = 65_536
"""Characters of one text."""
LONGEST_MEDIA: Final = 262_144
"""Characters of a `data:` URL: a longer one is left out, since half an image is none."""
MOST_CHARACTERS: Final = 2_000_000
"""Characters of all texts of one call together."""
MOST_PARTS: Final = 2_000
"""Parts of a conversation, events of an answer, rules: more are counted and left out."""


class Budget:
    """What may still be shown of one call."""

    def __init__(self, characters: int = MOST_CHARACTERS) -> None:
        self._left = characters

    def text(self, text: str) -> tuple[str, int]:
        """Return *text* without secrets as far as it may be shown, and how much was cut."""
        return self._cut(redact_text(text), LONGEST_TEXT)

    def media(self, url: str) -> tuple[str | None, int]:
        """Return *url* if all of it may be shown, and how much was cut."""
        if len(url) > min(LONGEST_MEDIA, self._left):
            return None, len(url)
        self._left -= len(url)
        return url, 0

    def _cut(self, text: str, longest: int) -> tuple[str, int]:
        shown = text[: min(longest, self._left)]
        self._left -= len(shown)
        return shown, len(text) - len(shown)
