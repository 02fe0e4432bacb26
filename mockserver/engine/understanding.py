"""Step 2: what a request means, as the provider would read it: its key, its body, its limits."""

from dataclasses import replace
from functools import partial
from typing import Final

from mockserver.contracts import Attempt, ModelEndpoint
from mockserver.conversation import Allowance, ApiError, IncomingCall, ModelRequest, words_of
from mockserver.engine.asked import Asked, Meaning, Understood
from mockserver.engine.memory import Memory
from mockserver.engine.refusing import refuse_key, unsupported
from mockserver.engine.routing import Route
from mockserver.engine.timing import admit
from mockserver.models import Catalogue
from mockserver.records.journal import LONGEST_WORDS, Call
from mockserver.records.redaction import LONGEST_READ, fingerprint, redact_text
from mockserver.seeding import digest
from mockserver.sessions.session import Session
from mockserver.traffic import limits
from mockserver.wire.http_request import HttpRequest

ATTRIBUTION_SHOWN: Final = 200
"""How many characters are kept of each header that says who asks."""


def content_of(route: Route, http: HttpRequest) -> bytes:
    """Return a digest of all that *http* asks: its path, its body, and headers that ask too."""
    if not route.asked_in:
        return digest(route.content + http.body)
    stated = [http.headers.get(name, "") for name in route.asked_in]
    asked_in_headers = "\0".join((*stated, "")).encode("utf-8", "replace")
    return digest(route.content + asked_in_headers + http.body)


def understand(
    asked: Asked, call: Call, memory: Memory, known: Meaning | None
) -> tuple[IncomingCall, Understood | None]:
    """Return what *asked* means; *known* is what it was found to mean before.

    Where no model answers, only the path counts: None is returned for the meaning.

    Raises:
        ApiError: The provider would refuse it.

    """
    http, route = asked.http, asked.route
    dialect, endpoint = route.dialect, route.asks
    key = dialect.authenticate(http)
    call.key = fingerprint(key)
    standing = asked.session.compiled.standing
    if standing is not None:
        refuse_key(asked, key, standing(key))
    dialect.admit(http)
    if route.model is not None and (named := asked.catalogue.get(route.model)) is not None:
        dialect.admit_to(http, named)
    attribution = dialect.attribution(http)
    if attribution:
        call.attribution = {
            name: redact_text(value, asked.secrets)[:ATTRIBUTION_SHOWN]
            for name, value in attribution.items()
        }
    if endpoint is None:
        if route.lookup is not None:
            call.endpoint = route.lookup.kind
            return IncomingCall(http, dialect.kind, call.endpoint, key, attempt=call.attempt), None
        if route.allowed:
            raise dialect.wrong_method(http, route.allowed)
        raise unsupported(asked, call)
    call.endpoint = endpoint.kind
    try:
        if isinstance(known, ApiError):
            raise known
        understood = known or memory.understood(
            asked, make=partial(meaning, http, route, endpoint, asked.catalogue)
        )
        call.continues = understood.request.continues
        if call.continues is not None or understood.request.recalls:
            understood = continued(understood, endpoint, asked.session)
    except ApiError as error:
        raise _charged(asked, call, key, endpoint, error) from None
    request = understood.request
    call.conversation = understood.conversation
    call.model, call.stream = understood.model, request.stream
    _enter_words(asked, call, request)
    left = admit(asked, call, key, request.model, request.charge)
    incoming = IncomingCall(
        http,
        dialect.kind,
        call.endpoint,
        key,
        request.model,
        request,
        call.attempt,
        left,
        route.generates is None,
        held=memory.held(asked, understood),
    )
    return incoming, understood


def meaning(
    http: HttpRequest, route: Route, endpoint: ModelEndpoint, known: Catalogue
) -> Understood:
    """Return what *http* asks, in the first of its attempts that the provider does not refuse.

    Raises:
        ApiError: It would refuse them all. A refusal of the API states what is left of limits.

    """
    dialect = route.dialect
    understood: list[Understood] = []
    refused: ApiError | None = None
    try:
        attempts = dialect.translate(http, endpoint.kind) if route.is_spelled else [Attempt(http)]
        for attempt in attempts:
            try:
                understood.append(_attempted(attempt, route, endpoint, known))
            except ApiError as error:
                refused = error
    except ApiError as error:
        refused = error
    if understood:
        first, *others = understood
        return replace(first, fallbacks=tuple(others)) if others else first
    assert refused is not None
    if refused.layer == "api":
        refused = replace(refused, allowances=_allowances(http, route, endpoint, known))
    if not route.is_spelled:
        raise refused from None
    reworded = dialect.reword(refused, http)
    if reworded.unknown_model is None and refused.unknown_model is not None:
        reworded = replace(reworded, unknown_model=refused.unknown_model)
    raise reworded from None


def continued(understood: Understood, endpoint: ModelEndpoint, session: Session) -> Understood:
    """Return what was *understood* with all that it continues or refers to in its place.

    Nothing is remembered of it: what it means depends on the session.

    Raises:
        ApiError: The session keeps nothing by that id.

    """
    request = endpoint.continued(understood.request, session.stored)
    conversation = _conversation_id(request)
    return Understood(request, understood.model, conversation, understood.fallbacks)


def _conversation_id(request: ModelRequest) -> str:
    opening = request.conversation.encode("utf-8", "surrogatepass")
    return digest(opening).hex()[:8]


def _attempted(
    attempt: Attempt, route: Route, endpoint: ModelEndpoint, known: Catalogue
) -> Understood:
    """Return what one attempt asks."""
    request = endpoint.parse(attempt.http, route.model, known)
    if attempt.sent is not None:
        request.sent = attempt.sent
    if request.charge is None:
        request.charge = endpoint.charge(attempt.http)
    request.bills_end_of_turn = route.dialect.bills_end_of_turn
    return Understood(request, redact_text(request.model), _conversation_id(request))


def _enter_words(asked: Asked, call: Call, request: ModelRequest) -> None:
    """Enter the beginning of what *request* asks, without secrets."""
    if call.asked_words is not None:
        return
    if request.turns and not asked.session.notes_words and call.can_be_read_again:
        return
    words = words_of(request.turns, request.prompts, request.inputs)
    # Where the body holds no secret, its turns hold none: this is done for each request. Prompts
    # and inputs may be spelled as tokens, and what is continued or referred to is elsewhere.
    is_clean = call.content == asked.http.body and call.continues is None and not request.recalls
    if is_clean and request.turns:
        call.words = words[:LONGEST_WORDS]
    else:
        redacted = redact_text(words[: LONGEST_WORDS + LONGEST_READ], asked.secrets)
        call.words = redacted[:LONGEST_WORDS]


def _allowances(
    http: HttpRequest, route: Route, endpoint: ModelEndpoint, known: Catalogue
) -> tuple[Allowance, ...]:
    """Return what a request leaves that the API refuses; nothing if it names no model."""
    charge = endpoint.charge(http)
    name = route.model or (charge.model if charge else None)
    model = known.get(name) if name else None
    return limits.allowances(model, charge) if model else ()


def _charged(
    asked: Asked, call: Call, key: str, endpoint: ModelEndpoint, error: ApiError
) -> ApiError:
    """Return *error* with what it leaves: limits count what the API refuses, too."""
    if not error.allowances or not asked.session.compiled.limits:
        return error
    charge = endpoint.charge(asked.http)
    name = asked.route.model or (charge.model if charge else None)
    if name is None:
        return error
    left = admit(asked, call, key, name, charge)
    return error if left is None else replace(error, allowances=left)
