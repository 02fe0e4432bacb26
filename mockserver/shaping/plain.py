"""A text on which nothing acts, as most are: it need not go through what shapes all others.

Nothing comes out differently: what a text costs is what is written before it, and its tokens.
"""

from collections.abc import Sequence

from mockserver import tokens
from mockserver.contracts import AnsweredChoice, AnsweredText
from mockserver.conversation import Choice, StatedUsage, Text
from mockserver.shaping.terms import Terms
from mockserver.tokens import BilledChoice, Count
from mockserver.wire.jsontext import TokenText


def plain_text(terms: Terms, written: Sequence[Choice]) -> str | None:
    """Return the text that is all that a reply has *written*, if nothing but a limit acts on it."""
    if len(written) != 1 or len(written[0].parts) != 1 or written[0].finish_reason is not None:
        return None
    part, request, reply = written[0].parts[0], terms.request, terms.reply
    if not isinstance(part, Text) or part.phase is not None or part.annotations:
        return None
    asks = request.stop or request.echo or request.logprobs is not None
    states = reply.finish_reason or reply.reasoning or isinstance(reply.usage, StatedUsage)
    if asks or states or request.n != 1 or request.candidates != 1:
        return None
    return part.text


def opening(terms: Terms) -> Count:
    """Return what is billed before a text: the same for all requests that are shaped alike."""
    return terms.endpoint.bill_answer(
        terms.request,
        [BilledChoice(text="")],
        terms.model,
        end_of_turn=terms.bills_end_of_turn,
    )


def spoken(terms: Terms, text: str) -> AnsweredChoice:
    """Return the only choice of an answer, which is a *text* that ended by itself."""
    pieces = tokens.pieces(text, terms.model.family.encoding)
    return AnsweredChoice(
        index=0, parts=(AnsweredText(TokenText(pieces, text)),), finish_reason="stop"
    )
