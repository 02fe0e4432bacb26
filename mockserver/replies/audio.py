"""A spoken answer: a transcript, and the sound."""

import base64
import binascii
import math
from dataclasses import dataclass
from typing import ClassVar, Final

from mockserver import tokens
from mockserver.contracts import BadValue, ChoicePlace, Reply
from mockserver.conversation import Choice, IncomingCall, Speech
from mockserver.seeding import HEX, Draw

MOST_SECONDS: Final = 600
"""The longest speech; its sound is made here, unless it is stated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audio(Reply):
    """Speak *transcript*, as gpt-audio does; elsewhere it is sent as a text.

    Attributes:
        transcript: What is said.
        data: The sound, in base64; unless stated, a tone as long as the speech.
        seconds: How long the speech is, which decides its bill; unless stated, as long as the
            transcript takes.
        audio_id: The id of the sound; drawn unless stated.
        expires_at: Until when it may be referred to, as Unix time; unless stated, for an hour.

    """

    kind = "audio"
    never_null = frozenset({"data", "seconds", "audio_id", "expires_at"})
    constant: ClassVar[bool] = False

    transcript: str
    data: str | None = None
    seconds: float | None = None
    audio_id: str | None = None
    expires_at: int | None = None

    def __post_init__(self) -> None:
        super(Audio, self).__post_init__()
        if self.seconds is not None and not 0 <= self.seconds <= MOST_SECONDS:
            what = f"need 0 <= seconds <= {MOST_SECONDS}, got {self.seconds}"
            raise BadValue("seconds", what)
        if self.data is not None and not self.template:
            try:
                base64.b64decode(self.data, validate=True)
            except (binascii.Error, ValueError):
                raise BadValue("data", "'data' is not base64") from None

    def choice(self, call: IncomingCall, place: ChoicePlace, draw: Draw) -> Choice:
        """Return the speech."""
        del call
        seconds = self.seconds
        if seconds is None:
            seconds = min(tokens.speech_s(self.transcript), MOST_SECONDS)
        return Choice(
            (
                Speech(
                    self.transcript,
                    math.ceil(seconds * tokens.TOKENS_A_SECOND) / tokens.TOKENS_A_SECOND,
                    draw.text(f"audio-{place.index}", 24, HEX),
                    self.data,
                    self.audio_id,
                    self.expires_at,
                ),
            )
        )
