"""The journal in a failed test's report: one line for each call."""

from collections.abc import Iterable, Sequence
from typing import Final

from mockserver.records.journal import Call

MOST_BYTES: Final = 4_096
"""The size limit of a report's section."""
TEXT_SHOWN: Final = 60


def counted(count: int, noun: str) -> str:
    """Return *count* and *noun*, in the plural unless there is one."""
    return f"{count} {noun}{'s' * (count != 1)}"


def shorten(text: str, length: int = TEXT_SHOWN) -> str:
    """Return *text* in one line, at most *length* characters long."""
    line = " ".join(text.split())
    return line if len(line) <= length else f"{line[: length - 1]}…"


def timeline(calls: Sequence[Call], most_bytes: int = MOST_BYTES) -> str:
    """Return a line for each of *calls* and one for its text; only the last ones if too long."""
    entries = ["\n".join(_lines(call, shows_attempt=call.attempt > 1)) for call in calls]
    kept: list[str] = []
    left = most_bytes
    for entry in reversed(entries):
        left -= len(entry.encode()) + 1
        if left < 0 and kept:
            kept.append(f"… {counted(len(entries) - len(kept), 'earlier call')}")
            break
        kept.append(entry)
    return "\n".join(reversed(kept)) if kept else "no calls"


def _lines(call: Call, *, shows_attempt: bool) -> Iterable[str]:
    yield "  ".join(part for part in _parts(call, shows_attempt=shows_attempt) if part)
    asked, answered = _asked(call), _answered(call)
    if asked:
        yield f"      > {asked}"
    if answered:
        yield f"      < {answered}"
    for near_miss in call.near_misses:
        if near_miss != call.hint:
            yield f"      nearest: {near_miss}"
    for note in call.notes:
        yield f"      {'hint' if note == call.hint else 'note'}: {note}"


def _parts(call: Call, *, shows_attempt: bool) -> Iterable[str]:
    yield f"{call.number:3}"
    yield f"{call.at_s:7.2f} s"
    yield f"attempt {call.attempt}" if shows_attempt else f"{call.method} {call.path}"
    yield call.model or ""
    yield "stream" if call.stream else ""
    yield f"-> {_outcome(call)}"
    yield f"rule '{call.rule}'" if call.rule else ""
    yield f"no effect: {', '.join(call.no_effect)}" if call.no_effect else ""
    usage = call.usage
    yield f"{usage.prompt_tokens}+{usage.completion_tokens} tokens" if usage else ""
    if call.planned_ttft_ms is not None:
        yield f"first token {call.planned_ttft_ms:.0f} ms, all {call.planned_ms or 0:.0f} ms"
    yield f"asked to wait {call.asked_wait_s:g} s" if call.asked_wait_s is not None else ""
    yield f"had waited {call.waited_s:.3g} s" if call.waited_s is not None else ""
    yield "LATE" if call.is_late else ""


def _outcome(call: Call) -> str:
    status = str(call.status) if call.status is not None else "no status"
    if call.failures:
        status += f" ({', '.join(call.failures)})"
    if call.is_unsupported:
        status += " NO SUCH ENDPOINT"
    elif call.is_unmatched:
        status += " NO RULE"
    if call.outcome == "client_left":
        after = call.client_left_after_tokens
        status += " client left" + (f" after {after} tokens" if after is not None else "")
    elif call.outcome in {"open", "aborted"}:
        status += f" {call.outcome}"
    return status


def _asked(call: Call) -> str:
    if call.attempt > 1:
        return ""
    return last_said(call)


def last_said(call: Call) -> str:
    """Return the last turn of the request, or its prompt, shortened."""
    asked = call.transcript
    if not asked.turns:
        return shorten(asked.prompts[0]) if len(asked.prompts) == 1 else ""
    last = asked.turns[-1]
    return f"{last.role}: {shorten(last.text) or '…'}"


def _answered(call: Call) -> str:
    made = [f"{made.name}({shorten(made.arguments, 40)})" for made in call.tool_calls]
    said = [repr(shorten(call.text))] if call.text else []
    if not (made or said):
        return ""
    return ", ".join([*said, *made]) + (f" [{call.finish_reason}]" if call.finish_reason else "")
