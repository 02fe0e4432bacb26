"""Step 4, its second half: an answer in an envelope, which serves all answers like it.

What they have in common is rendered once, and what differs is poured in when the answer is sent.
"""

from collections.abc import Hashable, Sequence
from dataclasses import replace
from functools import partial

from mockserver.contracts import CREATED, HOLED, Answer, ModelEndpoint
from mockserver.engine.asked import Asked, Contents, Envelope
from mockserver.engine.memory import Memory
from mockserver.wire.forms import Form
from mockserver.wire.jsontext import Filling, Hole, TokenText, fill, to_bytes
from mockserver.wire.moulds import NO_TEXT, Joined, Part, joined, padding_size, poured
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
    text = None if shares or states else _only_text(answer)
    by = None
    if not states and (shares or text is not None):
        by = _alike(asked, endpoint, answer, text, by_token=by_token)
        text = None if by is None else text
    make = partial(
        _envelope,
        *(asked, endpoint, answer, counts),
        is_holed=text is not None,
        is_shared=by is not None,
        by_token=by_token,
    )
    envelope = memory.envelope(by, make)
    if text is None:
        text = NO_TEXT
    size = padding_size(envelope.moulds, text) if envelope.is_stream else 0
    padding = steady.text("obfuscation", size) if size else ""
    values = dialect.particulars(answer, steady)
    values = {CREATED.mark: str(answer.dated), **counts, **values}
    return Contents(envelope, text, padding, values)


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
    if envelope.whole is not None:
        text, tokens = envelope.whole.poured(values, contents.text, contents.padding)
        return head, (Data(to_bytes(text), tokens),)
    parts: Sequence[Part] = poured(envelope.moulds, contents.text, contents.padding)
    if _interjects(asked, is_stream=envelope.is_stream):
        parts = asked.route.dialect.interject(parts, asked.steady)
    parts = parts if envelope.by_token else (joined(parts),)
    return head, tuple([Data(to_bytes(fill(part, values)), n, marks) for part, n, marks in parts])


def _interjects(asked: Asked, *, is_stream: bool) -> bool:
    """Return whether something comes between the events of a stream."""
    return is_stream and asked.route.is_spelled and asked.route.dialect.interjects


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
        # The catalogue and a name identify the model, which itself takes long to hash.
        asked.catalogue,
        answer.model.id,
        # By identity, for the same reason: the envelope keeps the choices alive.
        id(answer.choices) if text is None else None,
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
    dialect, written = route.dialect, replace(answer, choices=HOLED) if is_holed else answer
    body = endpoint.render(written)
    if route.is_spelled:
        body = dialect.adapt(body, written, steady)
    if answer.stated is not None:
        body = endpoint.stated(body, answer)
    is_stream = isinstance(body, EventStream)
    moulds, head = dialect.encode(body, by_token=by_token), dialect.head(body, answer, steady)
    if not is_shared:
        return Envelope(written.choices, head, moulds, by_token, is_stream)
    calls = [call.id for choice in answer.choices for call in choice.tool_calls]
    ids = [identity.mark for identity in calls if isinstance(identity, Hole)]
    assert isinstance(answer.id, Hole)
    drawn = (answer.id.mark, *ids, *dialect.stamps(steady))
    marks = (CREATED.mark, *counts, *dialect.particulars(answer, steady), *drawn)
    at_once = not (by_token or _interjects(asked, is_stream=is_stream))
    lines = Form(head.lines.decode("latin-1"), marks)
    whole = Joined(moulds, marks) if at_once else None
    return Envelope(written.choices, head, moulds, by_token, is_stream, lines, whole, drawn)
