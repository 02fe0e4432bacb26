"""Verdicts on a client: what the journal says of how it behaved when something went wrong.

A verdict rests on what the client did, never on what it may have done: each names the calls
that show it. Attempts are told by what was sent, not by the counter that clients put into a
header, which stays at 0 in an application's own loop. Waits are those of session time; where
the time scale is 0 every wait is granted at once, so that nothing is said of them.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final, Literal, TypeAlias, cast, get_args

from mockserver.errors import UsageError, did_you_mean
from mockserver.journal import Call

VerdictKind: TypeAlias = Literal[
    "retry_after_ignored",
    "retried_non_retryable",
    "retry_storm",
    "no_backoff",
    "gave_up_too_early",
    "truncated_stream_accepted",
    "no_read_timeout",
    "duplicate_side_effect",
    "fallback_never_tried",
    "tool_call_not_answered",
    "unknown_tool_executed",
    "invalid_arguments_executed",
]
KINDS: Final[tuple[VerdictKind, ...]] = get_args(VerdictKind)

ERRORS: Final = 400
RETRYABLE: Final = frozenset({408, 409, 429})
"""What is worth another try, besides what the server itself did wrong."""
SERVER_ERRORS: Final = 500
MOST_ATTEMPTS: Final = 10
"""More at one request are a storm; official clients make three."""
LEAST_GAP_S: Final = 0.05
"""A client that comes back sooner has not waited."""
SAME_GAP: Final = 0.1
"""Gaps that differ by less, as a part of the first, are the same: there is no jitter in them."""
EARLY: Final = 0.05
"""So much of a wait that was asked for, and as many seconds, may be missing."""
READ_TIMEOUT_S: Final = 60.0
"""Who waits longer for the next byte has no timeout worth the name."""

# How a tool's result says that the tool was not run.
_DECLINES: Final = re.compile(
    r"error|invalid|unknown|not found|no such|not exist|unavailable|not available|unsupported"
    r"|fail|cannot|can't|could not|unable|denied|refus|reject|exception|malformed|traceback",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """One thing that the client did wrong.

    Attributes:
        kind: What it is called.
        calls: The numbers of the calls that show it.
        what: What the client did.
        advice: What it should do.

    """

    kind: VerdictKind
    calls: tuple[int, ...]
    what: str
    advice: str

    def __str__(self) -> str:
        numbers = ", ".join(map(str, self.calls))
        label = "call" if len(self.calls) == 1 else "calls"
        return f"{self.kind} ({label} {numbers}): {self.what}\n  {self.advice}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What there is to know besides the journal.

    Attributes:
        time_scale: How long a second of session time took; at 0, waits tell nothing.
        now_s: The session time, for calls that have not ended.
        fallback: Whether the client has another provider or model to turn to.
        elsewhere: The calls that went there, if they are in another journal.
        read_timeout_s: How long a client may wait for the next byte.

    """

    time_scale: float = 1.0
    now_s: float = 0.0
    fallback: bool = False
    elsewhere: Sequence[Call] = field(default=())
    read_timeout_s: float = READ_TIMEOUT_S


def judge(calls: Iterable[Call], circumstances: Circumstances | None = None) -> tuple[Verdict, ...]:
    """Return what *calls*, the journal of one session, say against the client.

    They come in the order of the calls that show it.
    """
    told = circumstances or Circumstances()
    seen = [call for call in calls if not call.is_late]
    groups = attempts(seen)
    found = [
        verdict for check in _OF_ATTEMPTS for group in groups for verdict in check(group, told)
    ]
    found += [verdict for check in _OF_JOURNALS for verdict in check(seen, told)]
    return tuple(sorted(found, key=lambda verdict: verdict.calls))


def without(verdicts: Iterable[Verdict], allow: Iterable[str]) -> tuple[Verdict, ...]:
    """Return *verdicts* but for those whose kinds are allowed.

    Raises:
        UsageError: There is no such kind.

    """
    allowed = tuple(allow)
    for kind in allowed:
        if kind not in KINDS:
            hint = did_you_mean(kind, KINDS) or f"known: {', '.join(KINDS)}"
            raise UsageError(f"there is no verdict '{kind}'\n  {hint}")
    return tuple(verdict for verdict in verdicts if verdict.kind not in allowed)


# --- Attempts --------------------------------------------------------------------------------


def attempts(calls: Iterable[Call]) -> list[list[Call]]:
    """Return *calls*, with the attempts at one request together, in the order of the first.

    An attempt follows another at the same request by the same key if that was not answered whole
    and had ended when it came: nobody tries again before knowing of a failure. What is asked
    twice at the same time is two requests.
    """
    groups: list[list[Call]] = []
    failed: dict[Any, list[list[Call]]] = {}
    for call in calls:
        content = call.content or call.body_bytes
        waiting = failed.setdefault((call.method, call.path, call.key, content), [])
        ended = [group for group in waiting if _had_ended(group[-1], call)]
        if ended and content:
            group = ended[-1]
            group.append(call)
            waiting.remove(group)
        else:
            group = [call]
            groups.append(group)
        if not is_whole(call):
            waiting.append(group)
    return groups


def is_whole(call: Call) -> bool:
    """Return whether *call* got an answer that nothing went wrong with."""
    status = call.status
    return call.outcome == "sent" and status is not None and status < ERRORS and not call.failures


def _had_ended(before: Call, call: Call) -> bool:
    return before.seen_at_end is not None and before.seen_at_end < call.number


def _failed(call: Call) -> bool:
    return call.status is None or call.status >= ERRORS


def _is_spent(call: Call) -> bool:
    """Return whether *call* was refused for want of money: no retry helps."""
    return "quota" in call.failures or call.error_code == "insufficient_quota"


def _is_retryable(call: Call) -> bool:
    if call.outcome in {"open", "client_left"} or _is_spent(call):
        return False
    if call.status is None:
        return True
    return call.status in RETRYABLE or call.status >= SERVER_ERRORS


def _told(call: Call) -> str:
    """Return what became of *call*, in words."""
    if _is_spent(call):
        return f"a {call.status} insufficient_quota"
    return "a lost connection" if call.status is None else f"a {call.status}"


def _wait(before: Call, after: Call) -> float | None:
    if after.waited_s is not None:
        return after.waited_s
    return None if before.ended_s is None else max(0.0, after.at_s - before.ended_s)


Group: TypeAlias = Sequence[Call]
Check: TypeAlias = Callable[[Group, Circumstances], Iterator[Verdict]]


def _retry_after_ignored(group: Group, told: Circumstances) -> Iterator[Verdict]:
    for before, after in pairwise(group) if told.time_scale else ():
        asked, waited = before.asked_wait_s, _wait(before, after)
        if asked is None or waited is None or not _failed(before):
            continue
        if waited < asked * (1 - EARLY) - EARLY:
            yield Verdict(
                "retry_after_ignored",
                (before.number, after.number),
                f"came back {waited:.3g} s after {_told(before)} that asked for {asked:g} s",
                "wait as long as 'retry-after' asks: whoever comes earlier is refused again",
            )


def _retried_non_retryable(group: Group, told: Circumstances) -> Iterator[Verdict]:  # noqa: ARG001 - a check
    for before in group[:-1]:
        status = before.status
        is_final = status is not None and ERRORS <= status < SERVER_ERRORS
        if _is_spent(before) or (is_final and status not in RETRYABLE):
            yield Verdict(
                "retried_non_retryable",
                tuple(call.number for call in group),
                f"tried again after {_told(before)}, which the same request will get again",
                "retry 408, 409, 429, 5xx and lost connections; tell the caller of the rest",
            )
            return


def _retry_storm(group: Group, told: Circumstances) -> Iterator[Verdict]:  # noqa: ARG001 - a check
    if len(group) > MOST_ATTEMPTS:
        yield Verdict(
            "retry_storm",
            tuple(call.number for call in group),
            f"made {len(group)} attempts at one request",
            f"stop after a few: more than {MOST_ATTEMPTS} keep an overloaded server overloaded",
        )


def _no_backoff(group: Group, told: Circumstances) -> Iterator[Verdict]:
    if not told.time_scale:
        return
    gaps = [
        gap
        for before, after in pairwise(group)
        if before.asked_wait_s is None and (gap := _wait(before, after)) is not None
    ]
    what = ""
    if len(gaps) >= 2 and max(gaps) < LEAST_GAP_S:  # noqa: PLR2004 - one retry may be at once
        what = f"tried again {len(gaps)} times without waiting"
    elif len(gaps) >= 3 and all(abs(gap - gaps[0]) < gaps[0] * SAME_GAP for gap in gaps):  # noqa: PLR2004 - two may be alike by chance
        what = f"tried again {len(gaps)} times, always {gaps[0]:.2g} s after the last"
    if what:
        yield Verdict(
            "no_backoff",
            tuple(call.number for call in group),
            what,
            "wait longer each time, by a random amount, if the server does not say how long",
        )


def _gave_up_too_early(group: Group, told: Circumstances) -> Iterator[Verdict]:
    (first, *rest) = group
    if rest or not _is_retryable(first) or told.fallback:
        return
    yield Verdict(
        "gave_up_too_early",
        (first.number,),
        f"did not try again after {_told(first)}",
        "such failures pass: try twice more before you give up",
    )


def _no_read_timeout(group: Group, told: Circumstances) -> Iterator[Verdict]:
    for call in group if told.time_scale else ():
        ended_s = told.now_s if call.ended_s is None else call.ended_s
        if "stall" in call.failures and call.outcome in {"open", "sent"}:
            waited = ended_s - call.at_s
            if waited >= told.read_timeout_s:
                yield Verdict(
                    "no_read_timeout",
                    (call.number,),
                    f"waited {waited:.3g} s for an answer that had stopped",
                    f"give up when nothing has come for {told.read_timeout_s:g} s, and try again",
                )


_OF_ATTEMPTS: Final[tuple[Check, ...]] = (
    _retry_after_ignored,
    _retried_non_retryable,
    _retry_storm,
    _no_backoff,
    _gave_up_too_early,
    _no_read_timeout,
)


# --- Conversations ---------------------------------------------------------------------------


def _fallback_never_tried(calls: Group, told: Circumstances) -> Iterator[Verdict]:
    if not told.fallback:
        return
    others = [*calls, *told.elsewhere]
    for group in attempts(calls):
        last = group[-1]
        if not (_is_retryable(last) or _is_spent(last)):
            continue
        if not any(_is_elsewhere(last, other, told) for other in others):
            yield Verdict(
                "fallback_never_tried",
                tuple(call.number for call in group),
                f"gave up after {_told(last)}, and asked nobody else",
                "ask the other provider, model or key when the first one does not answer",
            )


def _is_elsewhere(failed: Call, other: Call, told: Circumstances) -> bool:
    if any(other is call for call in told.elsewhere):
        return other.conversation == failed.conversation
    if other.number <= failed.number or other.conversation != failed.conversation:
        return False
    asked = [(call.provider, call.model, call.key) for call in (failed, other)]
    return asked[0] != asked[1]


def _truncated_stream_accepted(calls: Group, told: Circumstances) -> Iterator[Verdict]:  # noqa: ARG001 - a check
    for call in calls:
        if is_whole(call) or not call.text:
            continue
        for later in calls:
            if later.number <= call.number or later.conversation != call.conversation:
                continue
            said = [_text(message) for message in later.messages if _is_of(message, "assistant")]
            if any(part and part != call.text and call.text.startswith(part) for part in said):
                yield Verdict(
                    "truncated_stream_accepted",
                    (call.number, later.number),
                    f"took half an answer for a whole one, and went on with it: {call.failures[0]}"
                    if call.failures
                    else "took half an answer for a whole one, and went on with it",
                    "an answer without a finish_reason is none, whatever came before its end",
                )
                break


@dataclass(frozen=True, slots=True)
class _Handed:
    """A tool call as the client tells of it, and the result that it hands back, if any."""

    call: Call
    id: str
    name: str
    arguments: Any
    result: str | None
    is_offered: bool


def _handed(call: Call) -> Iterator[_Handed]:
    """Yield the tool calls that *call* tells of, each with its result."""
    offered = {_name_of(tool) for tool in call.tools}
    results: dict[str, str] = {}
    for message in call.messages:
        if _is_of(message, "tool"):
            results.setdefault(str(message.get("tool_call_id")), _text(message))
    for message in call.messages:
        made = message.get("tool_calls") if _is_of(message, "assistant") else None
        for tool_call in cast(list[Any], made) if isinstance(made, list) else []:
            told = cast(dict[str, Any], tool_call) if isinstance(tool_call, dict) else {}
            name, identity = _name_of(told), str(told.get("id"))
            function = told.get("function")
            arguments = (
                cast(dict[str, Any], function).get("arguments")
                if isinstance(function, dict)
                else None
            )
            is_offered = not offered or name in offered
            yield _Handed(call, identity, name, arguments, results.get(identity), is_offered)


def _name_of(tool: Any) -> str:
    for key in ("function", "custom"):
        inner = cast(dict[str, Any], tool).get(key) if isinstance(tool, dict) else None
        if isinstance(inner, dict):
            return str(cast(dict[str, Any], inner).get("name"))
    return ""


def _is_of(message: Any, role: str) -> bool:
    return isinstance(message, dict) and cast(dict[str, Any], message).get("role") == role


def _text(message: dict[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, str):
        return content
    parts = cast(list[Any], content) if isinstance(content, list) else []
    texts = [cast(dict[str, Any], part).get("text") for part in parts if isinstance(part, dict)]
    return "\n".join(text for text in texts if isinstance(text, str))


def _tool_call_not_answered(calls: Group, told: Circumstances) -> Iterator[Verdict]:  # noqa: ARG001 - a check
    known: set[str] = set()
    for call in calls:
        if not call.messages or _is_of(call.messages[-1], "assistant"):
            continue
        missing = [h for h in _handed(call) if h.result is None and h.id not in known]
        if missing:
            known.update(handed.id for handed in missing)
            names = ", ".join(f"'{handed.name}'" for handed in missing)
            yield Verdict(
                "tool_call_not_answered",
                (call.number,),
                f"went on without the result of {names}",
                "hand back a result for each tool call, if only to say that it failed",
            )


def _executed_amiss(calls: Group, told: Circumstances) -> Iterator[Verdict]:  # noqa: ARG001 - a check
    known: set[str] = set()
    for handed in (handed for call in calls for handed in _handed(call)):
        if handed.id in known or handed.result is None:
            continue
        known.add(handed.id)
        if _DECLINES.search(handed.result):
            continue
        if not handed.is_offered:
            yield Verdict(
                "unknown_tool_executed",
                (handed.call.number,),
                f"handed back a result of '{handed.name}', a tool that was never offered",
                "look a tool up before it is run, and say that there is none as its result",
            )
        elif not _is_json(handed.arguments):
            yield Verdict(
                "invalid_arguments_executed",
                (handed.call.number,),
                f"ran '{handed.name}' with arguments that are no JSON: {handed.arguments!s:.40}",
                "read the arguments first, and say what is wrong with them as the tool's result",
            )


def _is_json(arguments: Any) -> bool:
    if not isinstance(arguments, str):
        return arguments is None
    try:
        return isinstance(json.loads(arguments), dict)
    except (ValueError, RecursionError):
        return False


def _duplicate_side_effect(calls: Group, told: Circumstances) -> Iterator[Verdict]:  # noqa: ARG001 - a check
    results: dict[str, tuple[int, str]] = {}
    executed: dict[str, int] = {}
    for call in calls:
        once: set[str] = set()
        for message in call.messages:
            if not _is_of(message, "tool"):
                continue
            identity, text = str(message.get("tool_call_id")), _text(message)
            number, before = results.setdefault(identity, (call.number, text))
            executed.setdefault(identity, call.number)
            if identity in once or text != before:
                results[identity] = (call.number, text)
                yield _duplicate((number, call.number), f"'{identity}' has two results")
            once.add(identity)
    for group in attempts(calls):
        # Of the attempts at one request one answer counts, and so do its calls alone.
        ran = [
            (made, executed[made.id])
            for call in group
            for made in call.tool_calls
            if made.id is not None and made.id in executed
        ]
        seen: dict[tuple[str, str], int] = {}
        for made, number in ran:
            first = seen.setdefault((made.name, made.arguments), number)
            if first != number:
                what = f"'{made.name}' was run for an answer that was lost, and for its retry"
                yield _duplicate((first, number), what)


def _duplicate(calls: tuple[int, int], what: str) -> Verdict:
    return Verdict(
        "duplicate_side_effect",
        tuple(sorted(set(calls))),
        f"a tool was run twice for one call: {what}",
        "keep the result of a tool by the id of its call, and hand that back when you try again",
    )


_OF_JOURNALS: Final[tuple[Check, ...]] = (
    _fallback_never_tried,
    _truncated_stream_accepted,
    _tool_call_not_answered,
    _executed_amiss,
    _duplicate_side_effect,
)
