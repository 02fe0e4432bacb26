"""The body is declared compressed, but it is not, or not correctly."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

from mockserver.contracts import Distorted, Failure, MomentWord, Scene
from mockserver.wire.bodies import with_head, with_true_length
from mockserver.wire.moments import Moment
from mockserver.wire.timeline import Data, Event, Timeline, data_events

GZIP = 31
DEFLATE = 15
"""What zlib calls the formats that HTTP calls gzip and deflate."""
LOST = 20
"""How many bytes are cut off: the checksums, and some of what they check."""
STORED_MOST = 0x10000
"""The most bytes that a block of brotli holds here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Encode(Failure):
    """Send `content-encoding`, whatever the client accepts.

    Attributes:
        as_: The encoding.
        how: `plain`: the body is not encoded; `truncated`: its end is missing; `corrupt`: it is
            damaged; `whole`: it is valid, though the client may not have asked for it.

    """

    kind = "encode"
    default_moment: ClassVar[Moment | None] = None
    moments: ClassVar[tuple[MomentWord, ...]] = ()

    as_: Literal["gzip", "deflate", "br"] = "gzip"
    how: Literal["plain", "truncated", "corrupt", "whole"] = "plain"

    def distort(self, timeline: Timeline, scene: Scene) -> Distorted:  # noqa: ARG002 - the same for everyone
        """Return *timeline* under the encoding; no effect if it has no body."""
        if not any(event.payload for event in data_events(timeline)):
            return Distorted(timeline, had_effect=False)
        stated = (("content-encoding", self.as_),)
        bent = with_head(timeline, lambda head: head.with_headers(stated))
        if self.how == "plain":
            return Distorted(bent)
        match self.as_:
            case "gzip":
                bent = _deflated(bent, GZIP)
            case "deflate":
                bent = _deflated(bent, DEFLATE)
            case "br":
                bent = _stored_as_brotli(bent)
        match self.how:
            case "truncated":
                bent = _without_end(bent, LOST)
            case "corrupt":
                bent = _each(bent, lambda data: data._replace(payload=_garbled(data.payload)))
            case "whole":
                pass
        return Distorted(with_true_length(bent))


def _each(timeline: Timeline, edit: Callable[[Data], Data]) -> Timeline:
    return tuple([edit(event) if isinstance(event, Data) else event for event in timeline])


def _deflated(timeline: Timeline, form: int) -> Timeline:
    """Return *timeline* compressed, each piece so that it can be read when it has come."""
    packer = zlib.compressobj(wbits=form)
    bent = _each(
        timeline,
        lambda data: Data(
            packer.compress(data.payload) + packer.flush(zlib.Z_SYNC_FLUSH), data.tokens
        ),
    )
    return _with_last(bent, packer.flush())


def _stored_as_brotli(timeline: Timeline) -> Timeline:
    """Return *timeline* in brotli's blocks of bytes stored as they are (RFC 7932, 9.2)."""
    opened = False

    def stored(data: Data) -> Data:
        nonlocal opened
        blocks: list[bytes] = []
        for at in range(0, len(data.payload), STORED_MOST):
            part = data.payload[at : at + STORED_MOST]
            # Bits from the lowest: of the stream, once, a window of 64 KiB ("0"); then not the
            # last block (0), four nibbles of length (00), the length less one, stored (1).
            length = (len(part) - 1) << 3 | 1 << 19
            header = (length << (0 if opened else 1)).to_bytes(3, "little")
            opened = True
            blocks.append(header + part)
        return Data(b"".join(blocks), data.tokens)

    return _with_last(_each(timeline, stored), b"\x03")


def _with_last(timeline: Timeline, rest: bytes) -> Timeline:
    """Return *timeline* with *rest* after the last of its body."""
    out: list[Event] = list(timeline)
    last = max(i for i, event in enumerate(out) if isinstance(event, Data))
    out.insert(last + 1, Data(rest))
    return tuple(out)


def _without_end(timeline: Timeline, size: int) -> Timeline:
    """Return *timeline* without the last *size* bytes of its body."""
    out: list[Event] = []
    for event in reversed(timeline):
        if isinstance(event, Data) and size:
            kept = max(0, len(event.payload) - size)
            size -= len(event.payload) - kept
            out.append(Data(event.payload[:kept], event.tokens))
        else:
            out.append(event)
    return tuple(reversed(out))


def _garbled(payload: bytes) -> bytes:
    """Return *payload* with every bit of its second half turned over."""
    half = len(payload) // 2
    return payload[:half] + bytes(byte ^ 0xFF for byte in payload[half:])
