"""What a request's parameters do to an answer, and what the result is billed as.

A choice comes in as the scenario wrote it; it leaves cut at `stop` and `max_tokens`, in
tokens, with its finish reason. docs/scenarios.md says which parameters act.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from mockserver import tokens
from mockserver.contracts import (
    Answer,
    AnsweredCall,
    AnsweredChoice,
    AnsweredPart,
    AnsweredRefusal,
    AnsweredText,
    AnsweredThought,
    Reply,
    Unstated,
)
from mockserver.contracts.answer import joined
from mockserver.conversation import (
    AnswerPart,
    Choice,
    ModelRequest,
    Refusal,
    StatedUsage,
    Text,
    Thought,
    ToolCall,
    Usage,
)
from mockserver.models import Model
from mockserver.records.stored import StoredCompletion
from mockserver.seeding import Draw
from mockserver.shaping.cutting import Shaped, Shaper
from mockserver.wire.jsontext import Filling, Hole, TokenText


def shape(request: ModelRequest, written: Sequence[Choice], reply: Reply, model: Model) -> Shaped:
    """Return the choices that *reply* has *written*, in the tokens of *model*, ended by `stop`.

    They may be too long for *request*: `limited` cuts them.
    """
    return Shaper(request, reply, model, None).shape(written)


def limits_of(request: ModelRequest) -> Hashable:
    """Return all of *request* that `shape` looks at."""
    return (
        request.stop,
        getattr(request, "legacy_functions", False),
        request.tool_choice.forced is None,
        bool(request.turns),
    )


def limited(
    shaped: Shaped, request: ModelRequest, reply: Reply, model: Model
) -> tuple[Shaped, tokens.Count]:
    """Return *shaped* within the limit of *request*, and what is generated for it.

    The limit is one for each choice. All that *model* generates counts: what it thinks and
    what it writes around texts and calls, as the bill does.
    """
    generated = _generated(shaped, request, reply, model)
    limit = request.max_tokens
    if limit is None or reply.exact or generated.tokens < limit:
        return shaped, generated
    shaped = _cut(shaped, Shaper(request, reply, model, limit))
    return shaped, _generated(shaped, request, reply, model)


def _cut(shaped: Shaped, shaper: Shaper) -> Shaped:
    """Return *shaped* within the limit of *shaper*; what is cut alike is the same value."""
    if any(choice.refusal is not None or choice.tool_calls for choice in shaped.written):
        return shaper.shape(shaped.written)
    key = (shaper.limit, shaper.cost(tokens.BilledChoice(text="")))
    cut = shaped.cuts.get(key)
    if cut is None:
        cut = shaper.shape(shaped.written)
        if len(shaped.cuts) < MOST_CUTS:
            shaped.cuts[key] = cut
    return cut


MOST_CUTS: Final = 64
"""So many limits of an answer are remembered."""


def bill(
    shaped: Shaped,
    generated: tokens.Count,
    request: ModelRequest,
    reply: Reply,
    model: Model,
) -> Usage | None:
    """Return what the answer to *request* is billed as by *model*; None if null is stated."""
    stated = reply.usage
    if stated is None:
        return None
    if isinstance(stated, Unstated):
        stated = NOTHING_STATED
    hears = model.family.modality_tokens and bool(request.turns)
    prompt = tokens.Count(request.prompt_tokens, request.prompt_exact)
    if request.family is not model.family:
        prompt = tokens.count_prompt(request.body, model)
    return Usage(
        prompt_tokens=_first(stated.prompt_tokens, prompt.tokens),
        completion_tokens=_first(stated.completion_tokens, generated.tokens),
        cached_tokens=stated.cached_tokens or 0,
        reasoning_tokens=shaped.reasoning_tokens + shaped.cut_reasoning_tokens,
        audio_tokens=stated.audio_tokens or 0,
        accepted_prediction_tokens=stated.accepted_prediction_tokens or 0,
        rejected_prediction_tokens=stated.rejected_prediction_tokens or 0,
        exact=prompt.exact and generated.exact,
        heard_tokens=tokens.count_sound(request.body["messages"]) if hears else 0,
    )


def to_store(
    answer: Answer, filling: Filling, *, request_id: str, draw: Draw, size: int
) -> StoredCompletion:
    """Return *answer* as it is kept for look-ups, its holes filled by *filling*.

    Args:
        answer: What was answered to a request that says `store`.
        filling: The ids that went out.
        request_id: What told the request apart.
        draw: Of the `seed`, where the request states none: the API makes one up.
        size: Of request and answer on the wire, in bytes.

    """
    ids = {mark: value.decode() for mark, value in filling}
    body = answer.request.body
    seed = body.get("seed")
    return StoredCompletion(
        id=ids[answer.id.mark_bytes],
        request_id=request_id,
        request=answer.request,
        model_name=answer.model_name,
        created=answer.created,
        seed=draw.rng("seed").getrandbits(64) - 2**63 if seed is None else seed,
        choices=tuple(_to_keep(choice, ids) for choice in answer.choices),
        usage=answer.usage,
        system_fingerprint=answer.system_fingerprint,
        metadata=body.get("metadata") or {},
        size=size,
    )


def _to_keep(choice: AnsweredChoice, ids: Mapping[bytes, str]) -> Choice:
    return Choice(tuple([_part_to_keep(part, ids) for part in choice.parts]), choice.finish_reason)


def _part_to_keep(part: AnsweredPart, ids: Mapping[bytes, str]) -> AnswerPart:
    match part:
        case AnsweredText(text):
            return Text(str(text))
        case AnsweredRefusal(text):
            return Refusal(str(text))
        case AnsweredThought(text):
            return Thought(str(text))
        case AnsweredCall(identity, name, arguments):
            known = ids[identity.mark_bytes] if isinstance(identity, Hole) else identity
            return ToolCall(name, str(arguments), known)


def thought_aloud(shaped: Shaped, reply: Reply, model: Model) -> TokenText | None:
    """Return the words of what was thought before *shaped*, as far as it came; None: no words."""
    if not reply.reasoning:
        first = shaped.choices[0].parts if shaped.choices else ()
        return joined([part.text for part in first if isinstance(part, AnsweredThought)])
    left = shaped.reasoning_tokens + shaped.cut_reasoning_tokens
    pieces: list[tuple[str, int]] = []
    for piece, count in tokens.pieces(reply.reasoning, model.family.encoding):
        if count > left:
            break
        left -= count
        pieces.append((piece, count))
    return TokenText(tuple(pieces))


NOTHING_STATED: Final = StatedUsage()


def _first(stated: int | None, counted: int) -> int:
    return counted if stated is None else stated


def with_echo(
    choices: Sequence[AnsweredChoice], prompts: Sequence[str]
) -> tuple[AnsweredChoice, ...]:
    """Return *choices* with their prompts in front of them: so many for each of *prompts*."""
    per_prompt = len(choices) // len(prompts)
    return tuple(
        [replace(choice, echoed=prompts[choice.index // per_prompt]) for choice in choices]
    )


def _generated(shaped: Shaped, request: ModelRequest, reply: Reply, model: Model) -> tokens.Count:
    """Return what *model* is billed to have generated."""
    body, cut_tokens = request.body, shaped.cut_tokens
    if request.candidates > request.n:
        if reply.exact:
            body = {**body, "best_of": None}
        else:
            # The candidates that are not returned are taken to be as long as those that are.
            cut_tokens = cut_tokens * request.candidates // request.n
    ended = tokens.count_completion(
        body,
        shaped.billed,
        model,
        reasoning_tokens=shaped.reasoning_tokens,
        end_of_turn=request.bills_end_of_turn,
    )
    return tokens.Count(ended.tokens + cut_tokens, ended.exact)
