"""What the journal keeps of an answer that has gone out: its timeline, without secrets.

Nearly all answers are made here from a scenario and a request in which no secret was found: they
have none either, and are kept as they are. That costs a few comparisons. All others, and those of
other servers, are searched as recordings are (`mockserver.cassettes.scrubbing`), and what cannot
be searched is not kept.

Where a scenario or a command names further secrets, by regular expressions (`redact`), these are
taken out of requests and of all answers, too.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Final

from mockserver.cassettes.finding import Finder, Unsearchable, compiled
from mockserver.cassettes.recording import (
    Piece,
    RecordedAnswer,
    RecordedRequest,
    Recording,
    header,
)
from mockserver.cassettes.scrubbing import Scrubber, SecretLeftError, secrets_of_heads
from mockserver.contracts import RecordedReply
from mockserver.engine.asked import Asked
from mockserver.engine.forwarding import finder
from mockserver.records.journal import ERRORS, MOST_BODY_BYTES, NOTHING, Call
from mockserver.records.redaction import (
    MARK,
    SECRET_HEADERS,
    is_secret_header,
    mark,
    redact_text,
    taken_out,
    without,
)
from mockserver.records.secret_looks import find_secrets, has_sign
from mockserver.scenario.compiled import Compiled
from mockserver.sessions.rules import Given
from mockserver.sessions.session import Session
from mockserver.wire.timeline import Data, Event, Head, Raw, Timeline

TOO_LARGE: Final = "the answer of {} bytes is too large to keep"
UNSEARCHED: Final = "the answer is not kept: it may hold a secret that cannot be taken out"
UNNAMED: Final = "the {} not kept: what is to be redacted cannot be searched for in time"
REMEMBERED: Final = 64
"""Expressions that name secrets, of so many scenarios, are remembered."""
_QUOTED: Final = re.compile(r"['\"]([a-z0-9_.-]{1,100})['\"]")
"""What may be the name of a header in a rule that is spelled out."""
COOKIE: Final = b"cookie"
"""Headers with this in their name hold secrets, whatever they look like."""


def is_own(asked: Asked, given: Given) -> bool:
    """Return whether what is *given* says nothing but what the scenario and the request say.

    Answers of other servers, recorded or not, may say anything, and so may what earlier requests
    left: stored answers, captures and state.
    """
    if asked.route.lookup is not None or isinstance(given.reply, RecordedReply):
        return False
    scope = given.scope
    return scope is None or not (scope.captured or scope.state)


def keep(asked: Asked, call: Call, timeline: Timeline, *, own: bool, whole: bool) -> None:
    """Enter *timeline*, the answer to *call*, which has ended; *own* as `is_own` returned it.

    *whole*: all of it has gone out.
    """
    measured = call.measured
    if whole and measured is not None:
        size = measured.sent_bytes
    else:
        size = sum([len(e.payload) for e in timeline if isinstance(e, Data | Raw)])
    kept: Timeline | None = timeline
    if size > MOST_BODY_BYTES:
        call.notes += (TOO_LARGE.format(size),)
        kept = None
    elif not (own and _is_clean(asked, call, timeline)):
        kept = without_secrets(asked, timeline)
        if kept is None:
            call.notes += (UNSEARCHED,)
    asked.session.journal.keep_sent(call, kept, size if kept is not None else 0)


# --- A cheap look --------------------------------------------------------------------------------


def _is_clean(asked: Asked, call: Call, timeline: Timeline) -> bool:
    """Return whether it is plain that *timeline*, made here, holds no secret."""
    http, session, text, model = asked.http, asked.session, call.text, call.model
    if (
        call.content != http.body
        or call.path != http.path
        or call.query != http.query
        or call.continues is not None
        or (text is not None and MARK in text)
        or (model is not None and MARK in model)
        or session.redact
        or _tells_secrets(session.compiled, call.rule)
    ):
        return False
    if call.tool_calls and any(
        MARK in one.arguments or MARK in one.name for one in call.tool_calls
    ):
        return False
    if call.status is None or call.status >= ERRORS or call.failures:
        return _is_free(asked, timeline)
    for event in timeline:
        if type(event) is Head:
            lines = event.lines
            return not [secret for secret in asked.secrets if secret in lines]
    return False


def _is_free(asked: Asked, timeline: Timeline) -> bool:
    """Return whether *timeline*, a refusal or a failure, has nothing that may be a secret."""
    heads = [event for event in timeline if isinstance(event, Head)]
    # Whose account it is says the dialect itself, which invents it.
    plain = [(n, v) for head in heads for n, v in head.headers if not is_secret_header(n.lower())]
    lines = Head.of(0, tuple(plain)).lines
    content = b"".join([e.payload for e in timeline if isinstance(e, Data | Raw)])
    known = tuple([secret.decode("utf-8", "surrogatepass") for secret in asked.secrets])
    return (
        not any(COOKIE in head.lines.lower() for head in heads)
        and not any(secret in lines for secret in asked.secrets)
        and not has_sign(lines)
        and finder(known).is_clean_json(content)
    )


def _tells_secrets(compiled: Compiled, rule: str | None) -> bool:
    """Return whether what looks like a secret is written in *rule*, or for all rules."""
    tells = compiled.tells_secrets.get(rule)
    if tells is None:
        texts = [repr(one) for one in compiled.scenario.rules if one.name == rule]
        text = "\n".join([*texts, repr(compiled.scenario.defaults)])
        lower = text.lower()
        is_told = (
            any(name in lower for name in SECRET_HEADERS)
            or any(map(is_secret_header, _QUOTED.findall(lower)))
            or bool(find_secrets(text))
        )
        tells = compiled.tells_secrets[rule] = is_told
    return tells


# --- What a person names as secret ---------------------------------------------------------------


@lru_cache(maxsize=REMEMBERED)
def _finder(named: tuple[str, ...]) -> Finder:
    return Finder(compiled(named), ())


def hide_named_in_request(session: Session, call: Call) -> None:
    """Take what *session* names as secret out of what *call* keeps of its request."""
    if not session.redact:
        return
    call.words = ""
    searching = _finder(session.redact)
    try:
        call.path, call.query = _hidden(call.path, searching), _hidden(call.query, searching)
        call.headers = _hidden_values(call.headers, searching)
        call.content = taken_out(call.content, searching.find, members=True)
    except Unsearchable:
        call.content, call.headers, call.query = b"", NOTHING, ""
        call.notes += (UNNAMED.format("request is"),)


def hide_named_in_answer(session: Session, call: Call) -> None:
    """Take what *session* names as secret out of what the answer to *call* says."""
    if not session.redact:
        return
    searching = _finder(session.redact)
    try:
        call.text = None if call.text is None else _hidden(call.text, searching)
        call.tool_calls = tuple(
            [
                replace(
                    made,
                    name=_hidden(made.name, searching),
                    arguments=_hidden(made.arguments, searching),
                )
                for made in call.tool_calls
            ]
        )
    except Unsearchable:
        call.text, call.tool_calls = None, ()
        call.notes += (UNNAMED.format("words of the answer are"),)


def _hidden(text: str, searching: Finder) -> str:
    return without(text, searching.find(text))


def _hidden_values(headers: Mapping[str, str], searching: Finder) -> Mapping[str, str]:
    return {name: _hidden(value, searching) for name, value in headers.items()}


# --- Taking secrets out --------------------------------------------------------------------------


@lru_cache(maxsize=REMEMBERED)
def _scrubber(named: tuple[str, ...]) -> Scrubber:
    return Scrubber(named)


def without_secrets(asked: Asked, timeline: Timeline) -> Timeline | None:
    """Return *timeline*, the answer to *asked*, without secrets; None: it cannot be searched.

    A secret may be split over several events of a stream: the mark is in the first of them.
    """
    http = asked.http
    headers = next((event.headers for event in timeline if isinstance(event, Head)), ())
    encoding = (header(headers, "content-encoding") or "identity").strip().lower()
    if encoding != "identity":
        return None
    known = secrets_of_heads(tuple(http.headers.items()), http.query, headers)
    secrets = (*known, *(one.decode("utf-8", "surrogatepass") for one in asked.secrets))
    named = asked.session.redact
    payloads = [
        (number, event.payload)
        for number, event in enumerate(timeline)
        if isinstance(event, Data | Raw)
    ]
    recording = Recording(
        request=RecordedRequest(http.method, "/"),
        answer=RecordedAnswer(
            _status(timeline),
            tuple([pair for pair in headers if pair[0].lower() == "content-type"]),
            b"".join([payload for _, payload in payloads]),
            tuple([Piece(number, len(payload)) for number, payload in payloads]),
        ),
    )
    try:
        answer = _scrubber(named).scrubbed(recording, secrets).answer
    except SecretLeftError:
        return None
    searching = Finder(compiled(named), secrets) if named else finder(secrets)
    sizes = {int(piece.at_ms): piece.size for piece in answer.pieces}
    found: list[Event] = []
    at = 0
    for number, event in enumerate(timeline):
        match event:
            case Head():
                found.append(_marked(event, searching))
            case Data() | Raw():
                size = sizes.get(number, 0)
                found.append(event._replace(payload=answer.body[at : at + size]))
                at += size
            case _:
                found.append(event)
    return tuple(found)


def _status(timeline: Timeline) -> int:
    """Return the status that *timeline* sends; 0: it sends none."""
    return next((event.status for event in timeline if isinstance(event, Head)), 0)


def _marked(head: Head, searching: Finder) -> Head:
    """Return *head* with marks in place of secrets."""
    kept: list[tuple[str, str]] = []
    for name, value in head.headers:
        if is_secret_header(name.lower()):
            shown = value if value.startswith(MARK) else mark(value)
        else:
            shown = redact_text(without(value, searching.find(value)))
        kept.append((name, shown))
    return head._replace(lines=Head.of(head.status, tuple(kept)).lines)
