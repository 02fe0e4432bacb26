"""Step 4, its second half: an answer in bytes, but for what is drawn for each occurrence.

An answer is rendered into an envelope that serves all answers like it: what they have in common is
written once, and what differs is poured in.
"""

from collections.abc import Hashable
from dataclasses import replace
from functools import partial

from mockserver.contracts import CREATED, HOLED, Answer, ModelEndpoint
from mockserver.engine.asked import Asked, Envelope
from mockserver.engine.memory import Memory
from mockserver.wire.jsontext import Filling, TokenText, fill
from mockserver.wire.moulds import NO_TEXT, joined, padding_size, poured
from mockserver.wire.rendered import EventStream, Frame
from mockserver.wire.timeline import Head


def rendered(
    asked: Asked,
    endpoint: ModelEndpoint,
    answer: Answer,
    counts: Filling,
    memory: Memory,
    *,
    shares: bool,
    by_token: bool,
) -> tuple[Head, tuple[Frame, ...]]:
    """Return head and body of *answer*; *counts* fill the holes of its bill.

    If it *shares*, others have the very same choices. With *by_token*, a frame of the body ends
    after each token.
    """
    dialect, steady = asked.route.dialect, asked.steady
    text = _only_text(answer)
    by = None
    if shares or text is not None:
        by = _alike(asked, endpoint, answer, text, by_token=by_token)
        text = None if by is None else text
    envelope = memory.envelope(
        by,
        make=partial(_envelope, asked, endpoint, answer, holed=text is not None, by_token=by_token),
    )
    if text is None:
        text = NO_TEXT
    size = padding_size(envelope.moulds, text) if envelope.is_padded else 0
    padding = steady.text("obfuscation", size) if size else ""
    particulars = dialect.particulars(answer, steady)
    inside = (
        (CREATED.mark_bytes, b"%d" % answer.dated),
        *counts,
        *[pair for pair in particulars if pair[0] in envelope.marks],
    )
    head = envelope.head._replace(lines=fill(envelope.head.lines, particulars))
    if dialect.interjects and envelope.is_stream and asked.route.is_spelled:
        frames = dialect.interject(poured(envelope.moulds, text, padding, by_token=True), steady)
        frames = frames if by_token else (joined(frames),)
    else:
        frames = poured(envelope.moulds, text, padding, by_token=by_token)
    return head, tuple(
        [Frame(fill(written, inside), tokens, marks) for written, tokens, marks in frames]
    )


def _only_text(answer: Answer) -> TokenText | None:
    """Return the text of *answer*; None: there is none, or there is more to it."""
    if len(answer.choices) != 1 or answer.reasoning is not None:
        return None
    choice = answer.choices[0]
    # The last piece of a text that was cut may go out unlike the others.
    if len(choice.parts) != 1 or choice.finish_reason != "stop":
        return None
    return None if choice.echoed or choice.logprobs is not None else choice.text or None


def _alike(
    asked: Asked, endpoint: ModelEndpoint, answer: Answer, text: TokenText | None, *, by_token: bool
) -> Hashable:
    """Return what all answers have in common that are rendered like *answer*; None: none is.

    *text* is what they differ in, besides holes.
    """
    if not asked.route.is_spelled:
        return None
    dialect, request = asked.route.dialect, answer.request
    shown_by, spelled_by = endpoint.shown_by(request), dialect.spelled_by(answer)
    if shown_by is None or spelled_by is None:
        return None
    return (
        dialect,
        endpoint,
        by_token,
        shown_by,
        spelled_by,
        # With the name, the catalogue stands for the model: to hash that takes time.
        asked.catalogue,
        answer.model.id,
        # By identity, for the same reason: the envelope keeps them alive.
        id(answer.choices) if text is None else None,
        request.model,
        answer.model_name,
        answer.bill,
        answer.system_fingerprint,
    )


def _envelope(
    asked: Asked, endpoint: ModelEndpoint, answer: Answer, *, holed: bool, by_token: bool
) -> Envelope:
    """Return *answer* rendered; *holed*: with a hole for its text."""
    dialect, steady = asked.route.dialect, asked.steady
    written = replace(answer, choices=HOLED) if holed else answer
    body = endpoint.render(written)
    if asked.route.is_spelled:
        body = dialect.adapt(body, written, steady)
    moulds = dialect.encode(body, by_token=by_token)
    text = "".join([f"{mould.before}{mould.between}{mould.after}" for mould in moulds])
    marks = [mark for mark, _ in dialect.particulars(answer, steady)]
    return Envelope(
        answer,
        dialect.head(body, answer, steady),
        moulds,
        frozenset([mark for mark in marks if mark.decode() in text]),
        isinstance(body, EventStream),
        any(mould.measured is not None for mould in moulds),
    )
