"""What went wrong with a recorded answer, as the failure of a scenario that is nearest to it."""

from typing import Final

from mockserver.cassettes.recording import RecordedAnswer, header
from mockserver.contracts import Heard
from mockserver.wire.jsontext import JsonValue, is_object
from mockserver.wire.marks import COMPLETED, DONE, FINISH, USAGE

Json = dict[str, JsonValue]

RATE_LIMITED: Final = 429
UNAVAILABLE: Final = frozenset({503, 529})
SERVER_ERRORS: Final = 500
QUOTA: Final = frozenset({"insufficient_quota", "billing_hard_limit_reached"})
FILTERED: Final = frozenset({"content_filter", "content_policy_violation"})
TELLING: Final = ("message", "type", "code", "param")
LONGEST_BODY: Final = 4_096
"""The longest body, in characters, that is written as it is."""


def failure_of(answer: RecordedAnswer) -> Json:
    """Return the `fail` entry for *answer*, a refusal."""
    body = answer.json
    error = body.get("error") if is_object(body) else None
    stated: Json = error if is_object(error) else {}
    named = {str(stated.get("code")), str(stated.get("type"))}
    if named & QUOTA:
        return {"kind": "quota"}
    if named & FILTERED and answer.status < RATE_LIMITED:
        return {"kind": "content_filter"}
    if answer.status == RATE_LIMITED:
        about = str(stated.get("message") or "")
        of = {"of": "tokens"} if "tokens per min" in about or "TPM" in about else {}
        return {"kind": "rate_limit", **of, **_wait(answer)}
    if answer.status in UNAVAILABLE and not stated.get("code"):
        own = {"status": answer.status} if answer.status != min(UNAVAILABLE) else {}
        return {"kind": "overloaded", **own, **_wait(answer)}
    told = {name: stated[name] for name in TELLING if isinstance(stated.get(name), str | int)}
    if told or not answer.body:
        if isinstance(error, dict) and "type" in stated and stated["type"] is None:
            told["type"] = None
        return {"kind": "http_error", "status": answer.status, **told, **_wait(answer)}
    if answer.content_type == "text/html" and answer.status >= SERVER_ERRORS:
        return {"kind": "gateway_page", "status": answer.status}
    text = answer.body.decode("utf-8", "replace")[:LONGEST_BODY]
    sent: JsonValue = text if body is None else body
    typed = {"content_type": answer.content_type} if answer.content_type and body is None else {}
    return {"kind": "http_error", "status": answer.status, "body": sent, **typed, **_wait(answer)}


def breaking_of(answer: RecordedAnswer, heard: Heard) -> Json | None:
    """Return the `fail` entry for what broke off *answer*, a stream; None: it came to its end.

    None, too, if it broke off before its first token, which has no such moment.
    """
    counts = [event.tokens for event in heard.events]
    error = next((n for n, event in enumerate(answer.events) if _error(event.json)), None)
    sent = sum(counts[:error])
    if not sent:
        return None
    if error is not None:
        told = _error(answer.events[error].json)
        named = {
            name: told[name]
            for name in ("message", "type", "code")
            if isinstance(told.get(name), str)
        }
        return {"kind": "inject", "what": "error_event", "after_tokens": sent, **named}
    if answer.is_cut:
        return {"kind": "disconnect", "after_tokens": sent, "how": "fin"}
    kinds = {mark.kind for event in heard.events for mark in event.marks}
    return None if kinds & ENDS else {"kind": "truncate", "after_tokens": sent}


ENDS: Final = frozenset({FINISH, USAGE, DONE, COMPLETED})
"""What a stream has that came to its end; some have no more than one of these."""


def _error(value: JsonValue) -> Json:
    """Return the error that an event of a stream reports; an empty one if it reports none."""
    if not is_object(value):
        return {}
    error = value.get("error")
    return error if is_object(error) else value if value.get("type") == "error" else {}


def _wait(answer: RecordedAnswer) -> Json:
    """Return how long the client was asked to wait, as a number if it was one."""
    stated = header(answer.headers, "retry-after")
    if stated is None:
        return {}
    try:
        seconds = float(stated)
    except ValueError:
        return {"retry_after_s": stated}
    if not 0 <= seconds < LONGEST_WAIT_S:
        return {"retry_after_s": stated}
    return {"retry_after_s": int(seconds) if seconds == int(seconds) else seconds}


LONGEST_WAIT_S: Final = 1e9
