"""Step 4, its first half: what is generated or computed for a request, and what it costs."""

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import repeat

from mockserver.contracts import MOST_TOKENS, ChoicePlace, ComputedReply, Reply
from mockserver.conversation import Choice, IncomingCall, ModelRequest
from mockserver.engine.asked import Asked, Made
from mockserver.engine.failing import Bending
from mockserver.engine.memory import Memory, shares_choices
from mockserver.sessions.rules import Given
from mockserver.shaping.billing import (
    clipped,
    count_generated,
    cut,
    is_capped,
    limit,
    shape,
    thought_aloud,
    with_echo,
)
from mockserver.shaping.cutting import Shaped
from mockserver.shaping.logprobs import with_logprobs
from mockserver.shaping.plain import opening, plain_text, spoken
from mockserver.shaping.plausibility import doubts
from mockserver.shaping.terms import Terms
from mockserver.tokens import Count


def generated(
    asked: Asked,
    incoming: IncomingCall,
    terms: Terms,
    given: Given,
    bending: Bending,
    *,
    memory: Memory,
) -> Made:
    """Return what the reply writes, within the limits of the request: cut and counted."""
    write = partial(_written, asked, incoming, terms, given, bending)
    made = memory.made(
        by=_made_by(asked, terms, given) if shares_choices(given) else None,
        make=partial(_uncut, asked, terms, given, memory, write),
    )
    most = limit(terms, made.generated)
    if most is not None:
        whole = made.shaped or shape(terms, made.written)
        is_too_long = is_capped(terms, made.generated)
        made = _shaped(asked, terms, given, cut(terms, whole, most))
        if is_too_long:
            made = replace(made, doubts=(*made.doubts, _capped(terms)))
    return made


def _capped(terms: Terms) -> str:
    return (
        f"cut: an answer has at most {terms.most_tokens:,} tokens here, so each of its"
        f" {terms.choices} choices has at most {terms.share:,}"
    )


def computed(asked: Asked, incoming: IncomingCall, request: ModelRequest, given: Given) -> Made:
    """Return a result for each input of *request*."""
    reply = given.reply
    assert isinstance(reply, ComputedReply)
    draw = asked.draw if reply.varies else asked.steady
    places = [
        ChoicePlace(index=index, prompt=text, scope=given.scope, seed=asked.session.seed)
        for index, text in enumerate(request.inputs)
    ]
    results = tuple([reply.computed(incoming, place, draw) for place in places])
    return Made(results=results, doubts=reply.doubts(incoming))


def _made_by(asked: Asked, terms: Terms, given: Given) -> Hashable:
    """Return all that decides what is generated where all requests get the same choices."""
    request, billed_by = terms.request, _billed_by(asked, terms)
    if billed_by is None or request.echo or request.logprobs is not None:
        return None
    return (
        # By identity, as a reply is long to hash; what is made of it keeps it alive.
        id(given.reply),
        billed_by,
        request.n,
        len(request.prompts),
        request.stop,
        request.candidates,
        request.tool_choice,
        request.parallel_calls,
        request.format.kind,
        tuple([tool.name for tool in request.tools]) if request.tools else (),
    )


def _billed_by(asked: Asked, terms: Terms) -> Hashable:
    """Return all that decides what a choice costs, besides the choice; None: too much to say."""
    shaped_by = terms.endpoint.shaped_by(terms.request)
    if shaped_by is None:
        return None
    end_of_turn = terms.bills_end_of_turn
    # The catalogue and a name identify the model, which itself takes long to hash.
    return terms.endpoint, asked.catalogue, terms.model.id, shaped_by, end_of_turn


def _uncut(
    asked: Asked, terms: Terms, given: Given, memory: Memory, write: Callable[[], Sequence[Choice]]
) -> Made:
    """Return what there is to *write*, whatever the request's limit."""
    written = write()
    text, billed_by = plain_text(terms, written), _billed_by(asked, terms)
    if text is None or billed_by is None:
        return _shaped(asked, terms, given, shape(terms, written))
    before = memory.opening(billed_by, make=partial(opening, terms))
    choice = spoken(terms, text)
    tokens = choice.text.tokens if choice.text else 0
    return Made(
        reply=given.reply,
        written=written,
        choices=(choice,),
        generated=Count(before.tokens + tokens, before.exact),
        doubts=doubts((choice,), written, terms.request, terms.endpoint),
    )


def _shaped(asked: Asked, terms: Terms, given: Given, shaped: Shaped) -> Made:
    request, choices = terms.request, shaped.choices
    if request.echo and not terms.reply.exact:
        choices = with_echo(choices, request.prompts)
    if request.logprobs is not None:
        choices = with_logprobs(choices, shaped.logprobs, request, terms.model, asked.steady)
    return Made(
        reply=given.reply,
        shaped=shaped,
        choices=choices,
        generated=count_generated(terms, shaped),
        thought=thought_aloud(terms, shaped),
        thought_tokens=shaped.reasoning_tokens + shaped.cut_reasoning_tokens,
        drawn_calls=shaped.drawn_calls,
        calls_tools=any(choice.tool_calls for choice in choices),
        doubts=doubts(choices, shaped.written, request, terms.endpoint),
    )


def _written(
    asked: Asked, incoming: IncomingCall, terms: Terms, given: Given, bending: Bending
) -> Sequence[Choice]:
    """Return the choices as the reply writes them, or as it goes wrong."""
    reply, scope = given.reply, given.scope
    assert reply is not None
    draw = asked.draw if reply.varies else asked.steady
    # One more than a choice may have shows that it is cut.
    most = min(MOST_TOKENS, terms.share + 1)
    written: Sequence[Choice] = [
        reply.given(
            incoming,
            ChoicePlace(index=index, prompt=prompt, scope=scope, most_tokens=most),
            draw,
        )
        for index, prompt in enumerate(_prompts(terms.request, reply))
    ]
    written = clipped(terms, written)
    return bending.misanswer(asked, written, terms.request) if bending else written


def _prompts(request: ModelRequest, reply: Reply) -> Iterator[str]:
    """Yield the prompt of each choice: `n` for each, or as many in all as are written."""
    prompts = request.prompts or ("",)
    if reply.exact:
        for index in range(reply.written):
            yield prompts[index * len(prompts) // reply.written]
    else:
        for prompt in prompts:
            yield from repeat(prompt, request.n)
