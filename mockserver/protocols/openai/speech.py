"""Spoken answers as chat answers have them: ids, and sound in the format that was asked for.

The sound is a quiet tone, as long as the speech (a minute at most): always the same bytes. WAV,
PCM and MP3 can be played; the other formats begin as they should, and nothing more is true of them.

Source:
    Recorded answers of gpt-audio-mini (2026-07) and gpt-audio-1.5 (2026-06).
"""

import base64
import struct
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from mockserver.contracts import Answer, AnsweredSpeech
from mockserver.protocols.openai.requests import as_openai

RATE: Final = 24_000
"""Samples of 16 bits in a second, one channel."""
PERIOD: Final = 120
"""Samples of one wave of the tone: 200 Hz."""
LOUDNESS: Final = 1_000
CHUNK_S: Final = 0.4
"""How much sound a chunk of a stream has, at most."""
MOST_SOUND_S: Final = 60
"""The longest sound that is made here: a longer speech ends early, unless its sound is stated."""
LIVES_S: Final = 3_600
"""How long a sound may be referred to."""
SILENT_FRAME: Final = b"\xff\xf3\x84\xc4" + bytes(188)
"""A frame of MP3 (MPEG-2, layer III, 64 kbit/s, 24 kHz, mono) without any sound: 24 ms."""
FRAME_S: Final = 0.024
MAGIC: Final = {"flac": b"fLaC", "opus": b"OggS", "aac": b"\xff\xf1"}


def audio_id(speech: AnsweredSpeech, answer: Answer) -> str:
    """Return the id of *speech*, which begins with when *answer* was created."""
    spoken = speech.speech
    return f"audio_{answer.dated:08x}{spoken.key}" if spoken.id is None else spoken.id


def expires_at(speech: AnsweredSpeech, answer: Answer) -> int:
    """Return until when *speech* may be referred to, as Unix time."""
    stated = speech.speech.expires_at
    return answer.dated + LIVES_S if stated is None else stated


def sound_of(speech: AnsweredSpeech, answer: Answer) -> str:
    """Return the sound of *speech* in base64, in the format that the request asks for."""
    if speech.speech.data is not None:
        return speech.speech.data
    asked: Mapping[str, Any] = as_openai(answer.request).body.get("audio") or {}
    seconds = min(speech.speech.seconds, MOST_SOUND_S)
    return _encoded(asked.get("format") or "wav", round(seconds, 3))


def sound_chunks(speech: AnsweredSpeech, answer: Answer) -> list[tuple[str, float]]:
    """Return the sound in the pieces in which it is streamed, with how long each is."""
    sound, seconds = sound_of(speech, answer), speech.speech.seconds
    count = max(1, round(seconds / CHUNK_S))
    # A piece of base64 that stands alone has a multiple of four characters.
    size = max(4, -(-len(sound) // count) // 4 * 4)
    pieces = [sound[at : at + size] for at in range(0, len(sound), size)]
    return [(piece, seconds * len(piece) / len(sound)) for piece in pieces]


@lru_cache(maxsize=64)
def _encoded(form: str, seconds: float) -> str:
    return base64.b64encode(_sound(form, seconds)).decode()


def _sound(form: str, seconds: float) -> bytes:
    """Return *seconds* of sound in the format *form*."""
    if form == "mp3":
        return SILENT_FRAME * round(seconds / FRAME_S)
    samples = _tone(round(seconds * RATE))
    match form:
        case "pcm16":
            return samples
        case "wav":
            form_chunk = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, RATE, RATE * 2, 2, 16)
            body = form_chunk + struct.pack("<4sI", b"data", len(samples)) + samples
            return struct.pack("<4sI4s", b"RIFF", 4 + len(body), b"WAVE") + body
        case _:
            return MAGIC.get(form, b"") + samples[: len(samples) // 6]


def _tone(count: int) -> bytes:
    """Return so many samples of a triangle wave."""
    quarter = PERIOD // 4
    wave = [LOUDNESS * (quarter - abs(quarter * 2 - n)) // quarter for n in range(PERIOD)]
    once = struct.pack(f"<{PERIOD}h", *wave)
    return (once * (count // PERIOD + 1))[: count * 2]
