"""The bill for what a model speaks.

Source:
    Two recorded answers of gpt-audio-mini and gpt-audio-1.5, of 2026: 0.95 s of sound are 19 audio
    tokens, and its one token of transcript 5 text tokens; 9 of transcript are 17, with 51 audio
    tokens. A token of spoken sound lasts 50 ms (OpenAI, guide "Managing costs" of the Realtime
    API). What is around a transcript is a guess that fits both.
"""

from typing import Final

TOKENS_A_SECOND: Final = 20
OPENING: Final = 4
"""What is billed as text before a transcript."""


def sound_tokens(seconds: float) -> int:
    """Return how many audio tokens so many *seconds* of speech are."""
    return round(seconds * TOKENS_A_SECOND)


def tokens_around(transcript_tokens: int) -> int:
    """Return what is billed as text besides the tokens of a transcript."""
    return OPENING + max(0, transcript_tokens - 1) // 2


def speech_s(transcript: str) -> float:
    """Return about how long it takes to say *transcript*, as both recorded answers do."""
    return round((0.65 + 0.06 * len(transcript)) * TOKENS_A_SECOND) / TOKENS_A_SECOND
