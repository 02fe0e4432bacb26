"""Verdicts on a client: what the journal shows about its behaviour when something went wrong.

A verdict rests on what the client did, never on what it may have done: each names the calls
that prove it. Attempts are recognised by what was sent, not by the counter that clients put in a
header, which stays at 0 in an application's own loop. Waits are in session time; at a time scale
of 0 waits take no time, so no verdict is based on them.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, Literal, TypeAlias, get_args

from mockserver.conversation import ToolCall
from mockserver.errors import UsageError, did_you_mean, printable
from mockserver.records.attempts import SERVER_ERRORS, attempts, is_whole
from mockserver.records.chains import answers_of, whole_transcript
from mockserver.records.journal import ERRORS, Call

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

RETRYABLE: Final = frozenset({408, 409, 429})
"""Statuses worth a retry, besides 5xx."""
MOST_ATTEMPTS: Final = 10
"""More attempts at one request are a storm; official clients make three."""
LEAST_GAP_S: Final = 0.05
"""A client that retries sooner has not waited."""
SAME_GAP: Final = 0.1
"""Gaps that differ by less than this part of the first are the same: they have no jitter."""
EARLY: Final = 0.05
"""A requested wait may be short by this part of it plus this many seconds."""
READ_TIMEOUT_S: Final = 60.0
"""A client that waits longer for the next byte has no useful timeout."""

# Words in a tool's result which show that the tool was not run.
_DECLINES: Final = re.compile(
    r"error|invalid|unknown|not found|no such|not exist|unavailable|not available|unsupported"
    r"|fail|cannot|can't|could not|unable|denied|refus|reject|exception|malformed|traceback",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """One thing that the client did wrong.

    Attributes:
        kind: The kind of verdict.
        calls: The numbers of the calls that prove it.
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
        return f"{self.kind} ({label} {numbers}): {printable(self.what)}\n  {self.advice}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What to judge by besides the journal.

    Attributes:
        time_scale: Real seconds per second of session time; at 0, waits are not judged.
        now_s: The session time, for calls that have not ended.
        fallback: Whether the client has another provider or model to fall back to.
        elsewhere: The calls to that fallback, if they are in another journal.
        read_timeout_s: How long a client may wait for the next byte.

    """

    time_scale: float = 1.0
    now_s: float = 0.0
    fallback: bool = False
    elsewhere: Sequence[Call] = field(default=())
    read_timeout_s: float = READ_TIMEOUT_S


def judge(calls: Iterable[Call], circumstances: Circumstances | None = None) -> tuple[Verdict, ...]:
    """Return what the client did wrong according to *calls*, the journal of one session.

    Verdicts are in the order of the calls that prove them.
    """
    given = circumstances or Circumstances()
    seen = [call for call in calls if not call.is_late]
    groups = attempts(seen)
    found = [
        verdict for check in _OF_ATTEMPTS for group in groups for verdict in check(group, given)
    ]
    found += [verdict for check in _OF_JOURNALS for verdict in check(seen, given)]
    return tuple(sorted(found, key=lambda verdict: verdict.calls))


def without(verdicts: Iterable[Verdict], allow: Iterable[str]) -> tuple[Verdict, ...]:
    """Return *verdicts* except those whose kinds to *allow*.

    Raises:
        UsageError: A kind does not exist.

    """
    allowed = tuple(allow)
    for kind in allowed:
        if kind not in KINDS:
            hint = did_you_mean(kind, KINDS) or f"known: {', '.join(KINDS)}"
            raise UsageError(f"unknown verdict '{kind}'\n  {hint}")
    return tuple(verdict for verdict in verdicts if verdict.kind not in allowed)


# --- Attempts ------------------------------------------------------------------------------


def _failed(call: Call) -> bool:
    return call.status is None or call.status >= ERRORS


def _is_spent(call: Call) -> bool:
    """Return whether *call* was refused because the quota is spent: retrying cannot help."""
    return "quota" in call.failures or call.error_code == "insufficient_quota"


def _is_retryable(call: Call) -> bool:
    if call.outcome in {"open", "client_left"} or _is_spent(call):
        return False
    if call.status is None:
        return True
    return call.status in RETRYABLE or call.status >= SERVER_ERRORS


def _described(call: Call) -> str:
    """Describe the outcome of *call*."""
    if _is_spent(call):
        return f"a {call.status} insufficient_quota"
    return "a lost connection" if call.status is None else f"a {call.status}"


def _wait(before: Call, after: Call) -> float | None:
    if after.waited_s is not None:
        return after.waited_s
    return None if before.ended_s is None else max(0.0, after.at_s - before.ended_s)


Group: TypeAlias = Sequence[Call]
Check: TypeAlias = Callable[[Group, Circumstances], Iterator[Verdict]]


def _retry_after_ignored(group: Group, given: Circumstances) -> Iterator[Verdict]:
    for before, after in pairwise(group) if given.time_scale else ():
        asked, waited = before.asked_wait_s, _wait(before, after)
        if asked is None or waited is None or not _failed(before):
            continue
        if waited < asked * (1 - EARLY) - EARLY:
            yield Verdict(
                "retry_after_ignored",
                (before.number, after.number),
                f"retried {waited:.3g} s after {_described(before)} that asked for {asked:g} s",
                "wait as long as 'retry-after' asks: an earlier retry is refused again",
            )


def _retried_non_retryable(group: Group, given: Circumstances) -> Iterator[Verdict]:  # noqa: ARG001 - a check
    for before in group[:-1]:
        status = before.status
        is_final = status is not None and ERRORS <= status < SERVER_ERRORS
        if _is_spent(before) or (is_final and status not in RETRYABLE):
            yield Verdict(
                "retried_non_retryable",
                tuple(call.number for call in group),
                f"retried after {_described(before)}, which the same request will get again",
                "retry 408, 409, 429, 5xx and lost connections; report other errors to the caller",
            )
            return


def _retry_storm(group: Group, given: Circumstances) -> Iterator[Verdict]:  # noqa: ARG001 - a check
    if len(group) > MOST_ATTEMPTS:
        yield Verdict(
            "retry_storm",
            tuple(call.number for call in group),
            f"made {len(group)} attempts at one request",
            f"stop after a few: more than {MOST_ATTEMPTS} keep an overloaded server overloaded",
        )


def _no_backoff(group: Group, given: Circumstances) -> Iterator[Verdict]:
    if not given.time_scale:
        return
    gaps = [
        gap
        for before, after in pairwise(group)
        if before.asked_wait_s is None and (gap := _wait(before, after)) is not None
    ]
    what = ""
    if len(gaps) >= 2 and max(gaps) < LEAST_GAP_S:  # noqa: PLR2004 - one retry may be immediate
        what = f"retried {len(gaps)} times without waiting"
    elif len(gaps) >= 3 and all(abs(gap - gaps[0]) < gaps[0] * SAME_GAP for gap in gaps):  # noqa: PLR2004 - two may be alike by chance
        what = f"retried {len(gaps)} times, always after {gaps[0]:.2g} s"
    if what:
        yield Verdict(
            "no_backoff",
            tuple(call.number for call in group),
            what,
            "back off with jitter when the server does not say how long to wait",
        )


def _gave_up_too_early(group: Group, given: Circumstances) -> Iterator[Verdict]:
    (first, *rest) = group
    if rest or not _is_retryable(first) or given.fallback:
        return
    yield Verdict(
        "gave_up_too_early",
        (first.number,),
        f"did not retry after {_described(first)}",
        "such failures pass: retry twice before giving up",
    )


def _no_read_timeout(group: Group, given: Circumstances) -> Iterator[Verdict]:
    for call in group if given.time_scale else ():
        ended_s = given.now_s if call.ended_s is None else call.ended_s
        if "stall" in call.failures and call.outcome in {"open", "sent"}:
            waited = ended_s - call.at_s
            if waited >= given.read_timeout_s:
                yield Verdict(
                    "no_read_timeout",
                    (call.number,),
                    f"waited {waited:.3g} s for an answer that had stalled",
                    f"time out when nothing has come for {given.read_timeout_s:g} s, and retry",
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


def _fallback_never_tried(calls: Group, given: Circumstances) -> Iterator[Verdict]:
    if not given.fallback:
        return
    others = [*calls, *given.elsewhere]
    for group in attempts(calls):
        last = group[-1]
        if not (_is_retryable(last) or _is_spent(last)):
            continue
        if not any(_is_elsewhere(last, other, given) for other in others):
            yield Verdict(
                "fallback_never_tried",
                tuple(call.number for call in group),
                f"gave up after {_described(last)} without trying the fallback",
                "try the other provider, model or key when the first one fails",
            )


def _is_elsewhere(failed: Call, other: Call, given: Circumstances) -> bool:
    if any(other is call for call in given.elsewhere):
        return other.conversation == failed.conversation
    if other.number <= failed.number or other.conversation != failed.conversation:
        return False
    asked = [(call.provider, call.model, call.key) for call in (failed, other)]
    return asked[0] != asked[1]


def _truncated_stream_accepted(calls: Group, given: Circumstances) -> Iterator[Verdict]:  # noqa: ARG001 - a check
    for call in calls:
        if is_whole(call) or not call.text:
            continue
        for later in calls:
            if later.number <= call.number or later.conversation != call.conversation:
                continue
            texts = [turn.text for turn in later.transcript.turns if turn.role == "assistant"]
            is_continued = call.is_cut and later.continues == call.answer_id is not None
            if is_continued or any(
                part and part != call.text and call.text.startswith(part) for part in texts
            ):
                yield Verdict(
                    "truncated_stream_accepted",
                    (call.number, later.number),
                    f"continued with a truncated answer as if it were whole: {call.failures[0]}"
                    if call.failures
                    else "continued with a truncated answer as if it were whole",
                    "treat an answer without a finish_reason as failed, however much of it came",
                )
                break


@dataclass(frozen=True, slots=True)
class _Handed:
    """A tool call in a request's history, and the result that the client hands back, if any."""

    call: Call
    made: ToolCall
    result: str | None
    is_offered: bool
    takes_json: bool


def _handed(call: Call, answers: Mapping[str, Call]) -> Iterator[_Handed]:
    """Yield the tool calls in the history of *call*, each with its result."""
    turns, tools, *_ = whole_transcript(call, answers)
    takes_json = {tool.name: tool.takes_json for tool in tools}
    results = {result.id: result.text for turn in reversed(turns) for result in turn.tool_results}
    for turn in turns:
        for made in turn.tool_calls:
            is_offered = not tools or made.name in takes_json
            takes = takes_json.get(made.name, True)
            yield _Handed(call, made, results.get(made.id), is_offered, takes)


def _tool_call_not_answered(calls: Group, given: Circumstances) -> Iterator[Verdict]:  # noqa: ARG001 - a check
    known: set[str | None] = set()
    answers = answers_of(calls)
    for call in calls:
        turns = call.transcript.turns
        if not turns or turns[-1].role == "assistant":
            continue
        unanswered = [one.made for one in _handed(call, answers) if one.result is None]
        missing = [made for made in unanswered if made.id not in known]
        if missing:
            known.update(made.id for made in missing)
            names = ", ".join(f"'{made.name}'" for made in missing)
            yield Verdict(
                "tool_call_not_answered",
                (call.number,),
                f"continued without the result of {names}",
                "return a result for each tool call, even if only to report that it failed",
            )


def _executed_amiss(calls: Group, given: Circumstances) -> Iterator[Verdict]:  # noqa: ARG001 - a check
    known: set[str | None] = set()
    answers = answers_of(calls)
    for handed in (handed for call in calls for handed in _handed(call, answers)):
        made = handed.made
        if made.id in known or handed.result is None:
            continue
        known.add(made.id)
        if _DECLINES.search(handed.result):
            continue
        if not handed.is_offered:
            yield Verdict(
                "unknown_tool_executed",
                (handed.call.number,),
                f"returned a result of '{made.name}', a tool that was never offered",
                "check that a tool exists before running it; if not, return that as its result",
            )
        elif handed.takes_json and not _is_json(made.arguments):
            yield Verdict(
                "invalid_arguments_executed",
                (handed.call.number,),
                f"ran '{made.name}' with arguments that are not JSON: {made.arguments:.40}",
                "parse the arguments first; if they are invalid, return that as the tool's result",
            )


def _is_json(arguments: str) -> bool:
    try:
        return isinstance(json.loads(arguments), dict)
    except (ValueError, RecursionError):
        return False


def _duplicate_side_effect(calls: Group, given: Circumstances) -> Iterator[Verdict]:  # noqa: ARG001 - a check
    results: dict[str | None, tuple[int, str]] = {}
    executed: dict[str | None, int] = {}
    for call in calls:
        once: set[str | None] = set()
        for handed in (result for turn in call.transcript.turns for result in turn.tool_results):
            identity, result = handed.id, handed.text
            number, before = results.setdefault(identity, (call.number, result))
            executed.setdefault(identity, call.number)
            if identity in once or result != before:
                results[identity] = (call.number, result)
                yield _duplicate((number, call.number), f"'{identity}' has two results")
            once.add(identity)
    for group in attempts(calls):
        # Of the attempts at one request only one answer counts, and only its tool calls do.
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
                what = f"'{made.name}' was run for a lost answer and again for its retry"
                yield _duplicate((first, number), what)


def _duplicate(calls: tuple[int, int], what: str) -> Verdict:
    return Verdict(
        "duplicate_side_effect",
        tuple(sorted(set(calls))),
        f"a tool was run twice for one tool call: {what}",
        "store results by tool call id, and return the stored result on a retry",
    )


_OF_JOURNALS: Final[tuple[Check, ...]] = (
    _fallback_never_tried,
    _truncated_stream_accepted,
    _tool_call_not_answered,
    _executed_amiss,
    _duplicate_side_effect,
)
