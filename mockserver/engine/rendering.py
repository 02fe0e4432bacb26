"""Step 4, its second half: an answer in an envelope, which serves all answers like it.

What they have in common is rendered once, and what differs is poured in when the answer is sent.
"""

from collections.abc import Hashable, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from mockserver.contracts import CREATED, Answer, AnsweredText, ModelEndpoint, holed
from mockserver.engine.asked import Asked, Contents, Envelope
from mockserver.engine.memory import Memory
from mockserver.wire.forms import Form
from mockserver.wire.jsontext import WHOLE, Filling, Hole, TokenText, fill, to_bytes
from mockserver.wire.moulds import (
    BLOCK,
    NO_TEXT,
    Joined,
    Mould,
    Part,
    joined,
    padding_size,
    poured,
    poured_in_turn,
)
from mockserver.wire.rendered import EventStream
from mockserver.wire.timeline import Data, Head


def rendered(
    asked: Asked,
    endpoint: ModelEndpoint,
    answer: Answer,
    counts: Filling,
    memory: Memory,
    *,
    shares: bool,
    by_token: bool,
) -> Contents:
    """Return *answer* in its envelope; *counts* fill the holes of its bill.

    If it *shares*, others have the very same choices. With *by_token*, a frame of the body ends
    after each token.
    """
    dialect, steady = asked.route.dialect, asked.steady
    states = (
        answer.stated is not None or not isinstance(answer.id, Hole) or answer.created != CREATED
    )
    texts = () if states else _only_texts(endpoint, answer)
    if shares and sum(map(len, texts)) <= LONG_TEXT:
        texts = ()
    by = None
    if not states and (shares or texts):
        by = _alike(asked, endpoint, answer, texts, by_token=by_token)
        texts = () if by is None else texts
    make = partial(
        _envelope,
        *(asked, endpoint, answer, counts),
        is_holed=bool(texts),
        is_shared=by is not None,
        by_token=by_token,
    )
    envelope = memory.envelope(by, make)
    if len(texts) > 1:
        if sum([mould.repeats for mould in envelope.moulds]) == len(texts):
            return _in_turn(asked, envelope, answer, counts, texts)
        # A stream that does not give each token of each choice an event of its own.
        envelope, texts = make(is_holed=False, is_shared=False), ()
    text = texts[0] if texts else NO_TEXT
    size = padding_size(envelope.moulds, text) if envelope.is_stream else 0
    padding = steady.text("obfuscation", size) if size else ""
    values = dialect.particulars(answer, steady)
    values = {CREATED.mark: str(answer.dated), **counts, **values}
    if envelope.repeats_text:
        values[WHOLE.mark] = "".join(text.escaped)
    return Contents(envelope, text, padding, values)


NOTHING: Final[Filling] = {}
MANY_EVENTS: Final = 16_384
"""A stream of more events goes out in pieces of so many, of some megabytes."""
LONG_TEXT: Final = 256
"""What many answers share is in their envelope, up to so many characters: else that is too long to
be remembered, as each token of a stream takes 300."""


def _in_turn(
    asked: Asked, envelope: Envelope, answer: Answer, counts: Filling, texts: tuple[TokenText, ...]
) -> Contents:
    """Return *texts*, several, in the *envelope* of a stream in which they take turns."""
    dialect, steady = asked.route.dialect, asked.steady
    padded = [mould for mould in envelope.moulds if mould.measured is not None]
    events = sum([len(text.pieces) for text in texts]) + len(padded) - len(texts)
    padding = steady.text("obfuscation", BLOCK * events) if padded else ""
    values = dialect.particulars(answer, steady)
    values = {CREATED.mark: str(answer.dated), **counts, **values}
    return Contents(envelope, NO_TEXT, padding, values, texts)


def pour(
    asked: Asked, contents: Contents, values: dict[str, str], added: bytes
) -> tuple[Head, tuple[Data, ...]]:
    """Return head and body of what is in an envelope, with *values* in all its holes.

    *added* are further lines of the head.
    """
    envelope = contents.envelope
    status, written, length, _ = envelope.head
    if envelope.lines is not None:
        lines = envelope.lines.filled(values)
    else:
        lines = fill(written.decode("latin-1"), values)
    head = Head(status, lines.encode("latin-1", "replace") + added, length)
    is_long = envelope.is_stream and len(contents.text.pieces) > MANY_EVENTS
    if envelope.whole is not None and not is_long:
        text, tokens = envelope.whole.poured(values, contents.text, contents.padding)
        return head, (Data(to_bytes(text), tokens),)
    moulds: Sequence[Mould] = envelope.moulds
    left: Filling = values
    if any(mould.repeats or mould.has_text for mould in moulds):
        # One fills many events.
        moulds = [mould.filled(values) for mould in moulds]
        left = NOTHING
    parts: Sequence[Part]
    if contents.texts:
        parts = poured_in_turn(moulds, contents.texts, contents.padding)
    else:
        parts = poured(moulds, contents.text, contents.padding)
    if _interjects(asked, is_stream=envelope.is_stream):
        parts = asked.route.dialect.interject(parts, asked.steady)
    if not envelope.by_token:
        parts = _gathered(parts) if envelope.is_stream else (joined(parts),)
    return head, tuple([Data(to_bytes(fill(part, left)), n, marks) for part, n, marks in parts])


def _gathered(parts: Sequence[Part]) -> Sequence[Part]:
    """Return *parts* joined into one; many of them into several.

    A single long text would be copied in steps of Python during which nothing else goes on.
    """
    if len(parts) <= MANY_EVENTS:
        return (joined(parts),)
    return [
        joined(parts[begin : begin + MANY_EVENTS]) for begin in range(0, len(parts), MANY_EVENTS)
    ]


def _interjects(asked: Asked, *, is_stream: bool) -> bool:
    """Return whether something comes between the events of a stream."""
    return is_stream and asked.route.is_spelled and asked.route.dialect.interjects


def _only_texts(endpoint: ModelEndpoint, answer: Answer) -> tuple[TokenText, ...]:
    """Return the texts of *answer*; empty: it has none, or there is more to it.

    Several are looked at only in a stream, where each of their tokens is an event.
    """
    choices = answer.choices
    if not choices or answer.reasoning is not None:
        return ()
    if len(choices) > 1 and not answer.request.stream:
        return ()
    texts: list[TokenText] = []
    for choice in choices:
        if len(choice.parts) != 1 or choice.finish_reason not in endpoint.ends_apart:
            return ()
        if choice.echoed or choice.logprobs is not None or not choice.text:
            return ()
        part = choice.parts[0]
        if not isinstance(part, AnsweredText) or part.phase or part.annotations:
            return ()
        texts.append(choice.text)
    return tuple(texts)


def _alike(
    asked: Asked,
    endpoint: ModelEndpoint,
    answer: Answer,
    texts: tuple[TokenText, ...],
    *,
    by_token: bool,
) -> Hashable:
    """Return what all answers have in common that are rendered like *answer*; None: none is.

    *texts* are what they differ in, besides holes.
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
        # The catalogue and a name identify the model, which itself takes long to hash.
        asked.catalogue,
        answer.model.id,
        # By identity, for the same reason: the envelope keeps the choices alive.
        tuple([c.finish_reason for c in answer.choices]) if texts else id(answer.choices),
        request.model,
        answer.model_name,
        answer.bill,
        answer.system_fingerprint,
    )


def _envelope(
    asked: Asked,
    endpoint: ModelEndpoint,
    answer: Answer,
    counts: Filling,
    *,
    is_holed: bool,
    is_shared: bool,
    by_token: bool,
) -> Envelope:
    """Return *answer* rendered; if it *is_holed*, with a hole for its text."""
    route, steady = asked.route, asked.steady
    dialect, written = route.dialect, answer
    if is_holed:
        reasons = tuple([choice.finish_reason for choice in answer.choices])
        written = replace(answer, choices=holed(reasons))
    body = endpoint.render(written)
    if route.is_spelled:
        body = dialect.adapt(body, written, steady)
    if answer.stated is not None:
        body = endpoint.stated(body, answer)
    is_stream = isinstance(body, EventStream)
    moulds, head = dialect.encode(body, by_token=by_token), dialect.head(body, answer, steady)
    repeats_text = is_holed and any(WHOLE.mark in mould.whole for mould in moulds)
    if not is_shared:
        return Envelope(
            written.choices, head, moulds, by_token, is_stream, repeats_text=repeats_text
        )
    calls = [call.id for choice in answer.choices for call in choice.tool_calls]
    ids = [identity.mark for identity in calls if isinstance(identity, Hole)]
    assert isinstance(answer.id, Hole)
    identity = endpoint.answer_id(answer, steady)
    others = endpoint.drawn(answer, identity, steady)
    drawn = (answer.id.mark, *ids, *others, *dialect.stamps(steady))
    marks = (CREATED.mark, *counts, *dialect.particulars(answer, steady), *drawn)
    if repeats_text:
        marks = (*marks, WHOLE.mark)
    in_turn = is_holed and len(written.choices) > 1
    at_once = not (by_token or in_turn or _interjects(asked, is_stream=is_stream))
    lines = Form(head.lines.decode("latin-1"), marks)
    whole = Joined(moulds, marks) if at_once else None
    return Envelope(
        *(written.choices, head, moulds, by_token, is_stream, lines, whole, drawn),
        repeats_text=repeats_text,
    )
