"""The bill for parts of a message that are not text: images, audio, files."""

import base64
import io
import wave
from collections.abc import Mapping, Sequence
from typing import Any

from mockserver.models import Family
from mockserver.tokens.evidence import NO_RULE, Rule
from mockserver.tokens.images import count_image

TEXT_PARTS = frozenset({"text", "refusal"})

AUDIO_MARKS = 4
"""What an audio part costs besides its sound (8 of 8 distinct requests, 6 repositories)."""
TYPICAL_FILE = 254
"""The estimate for a file: what a page of PDF costs in some recordings (gpt-4.1, gpt-5-nano)."""


def count_attachments(content: Sequence[Mapping[str, Any]], family: Family) -> tuple[int, Rule]:
    """Return the cost of the parts of *content* that are not text, and the rules it is by."""
    tokens, used = 0, NO_RULE
    for part in content:
        if part.get("type") not in TEXT_PARTS:
            count, by = _count(part, family)
            tokens += count
            used |= by
    return tokens, used


def count_sound(messages: Sequence[Mapping[str, Any]]) -> int:
    """Return how many tokens of *messages* are audio; the marks around it are text."""
    return sum(
        count_audio(part.get("input_audio"))[0] - AUDIO_MARKS
        for message in messages
        if isinstance(message.get("content"), list)
        for part in message["content"]
        if part.get("type") == "input_audio"
    )


def _count(part: Mapping[str, Any], family: Family) -> tuple[int, Rule]:
    match part.get("type"):
        case "image_url":
            return count_image(part.get("image_url"), family)
        case "input_audio":
            return count_audio(part.get("input_audio"))
        case _:
            return TYPICAL_FILE, Rule.FILES


def count_audio(audio: Any) -> tuple[int, Rule]:
    """Return the cost of an `input_audio` member, and the rules it is by."""
    seconds = _duration_s(audio)
    used = Rule.SOUND if seconds is not None else Rule.UNSEEN_SOUND
    return AUDIO_MARKS + int((seconds or 1) * 10), used


def _duration_s(audio: Any) -> float | None:
    """Return how long a WAV lasts; None: it is not a WAV, or a damaged one.

    A second of audio is ten tokens (5 of 5 distinct requests with WAV, 4 repositories).
    """
    try:
        with wave.open(io.BytesIO(base64.b64decode(audio["data"]))) as sound:
            duration_s: float = sound.getnframes() / sound.getframerate()
    except (LookupError, TypeError, ValueError, wave.Error, EOFError, ZeroDivisionError):
        return None
    return duration_s
