"""Which answers take long to make, so that others are to be answered meanwhile.

An estimate, made before the answer is: nothing that goes out depends on it.
"""

from typing import Final

from mockserver.engine.asked import Asked, Matched

LONG: Final = 3_000
"""What is worth another thread, in characters of a plain text: about a millisecond of work. Many
may come at once, and all that are made in the loop wait for each other."""
LARGE_BODY: Final = 131_072
"""Requests from this size on are counted, too, when their answer is made; in bytes."""
OF_LOGPROBS: Final = 64
OF_CHOICES: Final = 8
OF_TOKENS: Final = 4
"""How many times as long it takes per character: with log-probabilities, to stream several choices
in turn, and to send each token on its own."""


def takes_long(asked: Asked, matched: Matched) -> bool:
    """Return whether the answer that is *matched* takes long to make."""
    given, incoming = matched.given, matched.incoming
    request, reply = incoming.request, given.reply
    if reply is None or request is None:
        return False
    length, is_large = reply.expected_length(incoming), len(asked.http.body) >= LARGE_BODY
    if asked.route.generates is None:
        return is_large or length > LONG
    is_single = request.n == 1 and not request.prompts and reply.written == 1
    if length * OF_LOGPROBS <= LONG and is_single and not is_large:
        return False  # as nearly all
    if request.continues is not None or asked.session.scenario.caching != "stated":
        # What the session has seen by now decides what goes out.
        return False
    if is_large:
        return True
    choices = max(request.n * (len(request.prompts) or 1), reply.written)
    work = length * choices
    if request.logprobs is not None:
        work *= OF_LOGPROBS
    elif choices > 1 and request.stream:
        work *= OF_CHOICES
    elif given.may_cut:
        work *= OF_TOKENS
    return work > LONG
