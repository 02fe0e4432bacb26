"""Everything in which an answer is compared with the recorded one: `judged` is the list."""

import base64
import binascii
import math
from array import array
from collections.abc import Iterator, Sequence
from typing import Any, Final

from mockserver.cassettes.recording import RecordedAnswer
from mockserver.recordings.comparing import allowances, bodies, chunks, events, heads
from mockserver.recordings.comparing.bills import bill_findings, prompt_findings
from mockserver.recordings.comparing.cases import (
    IDS,
    JUDGED,
    Case,
    error_in,
    events_in,
    final_in,
)
from mockserver.recordings.comparing.findings import Finding
from mockserver.recordings.comparing.members import Comparing, Difference, shown
from mockserver.recordings.comparing.scripting import is_key_unknown
from mockserver.recordings.comparing.sending import Answered, replaced
from mockserver.recordings.comparing.threads import Threads
from mockserver.recordings.importers.documents import as_object
from mockserver.wire.jsontext import is_object

ECHOED: Final = (
    *("object", "status", "background", "error", "incomplete_details", "instructions"),
    *("max_output_tokens", "max_tool_calls", "model", "parallel_tool_calls"),
    *("previous_response_id", "prompt", "prompt_cache_key", "prompt_cache_retention"),
    *("reasoning", "safety_identifier", "service_tier", "store", "temperature", "text"),
    *("tool_choice", "tools", "top_logprobs", "top_p", "truncation", "user", "metadata"),
    *("frequency_penalty", "presence_penalty", "conversation", "moderation"),
)
"""The members of a response object that repeat its request, or state a default."""
ERROR_MEMBERS: Final = ("type", "code", "param", "message")
PASSING: Final = frozenset({"queued", "in_progress", "cancelled"})
"""The statuses of a response that depend on when one asks."""
UNIT: Final = 0.002
"""By how much the length of an embedding may differ from 1."""


class Judging:
    """Compares answers; *is_live*: they are a provider's, whose texts are others each time."""

    def __init__(self, known: Threads, *, is_live: bool = False) -> None:
        self._known = known
        self._is_live = is_live

    def judged(self, answered: Answered) -> Iterator[Finding]:
        """Yield in which respects an answer was compared, and how it differs."""
        case, got, _ = answered
        if case.answer.is_refusal:
            yield from self._refusal(answered)
            return
        accepted = self._accepted(case, got)
        yield accepted
        if not accepted.is_same or not self._knows(case):
            return
        yield from self._heads(case, got)
        if self._is_live:
            yield from prompt_findings(case, got)
        else:
            yield from bill_findings(case, got, self._known)
        if _is_passing(case, got):
            return
        yield from self._shape(case, got)
        if got.is_stream and case.events:
            yield from self._stream(case, got)
        if not self._is_live:
            yield from self._echo(answered)
            yield from self._body(case, got)

    def _accepted(self, case: Case, got: RecordedAnswer) -> Finding:
        fault = ""
        if got.is_refusal:
            error = error_in(got)
            fault = str(error.get("code") or error.get("message") or "no error object")
            what = f"{got.status} {shown(error)}"
        elif got.is_stream != case.answer.is_stream:
            fault = what = "streamed" if got.is_stream else "not streamed"
        elif not got.is_stream and got.body and got.json is None:
            fault = what = "the body is not JSON"
        else:
            what = ""
        return Finding("accepted", case.about, not fault, f"{got.status} {fault}"[:60], what)

    def _refusal(self, answered: Answered) -> Iterator[Finding]:
        case, got, _ = answered
        if not self._knows(case) or _is_unrepeatable(case):
            return
        about = f"{case.answer.status} {case.about}"
        yield _finding("error", about, _error_differs(answered))
        yield from self._heads(case, got)
        if not self._is_live:
            yield from self._body(case, got)

    def _heads(self, case: Case, got: RecordedAnswer) -> Iterator[Finding]:
        yield _finding("headers", case.about, heads.heads_differ(got, case.answer))

    def _knows(self, case: Case) -> bool:
        """Return whether more is compared than whether a request is accepted."""
        return self._is_live or case.group in JUDGED

    # --- Members -------------------------------------------------------------------------

    def _moment(self, case: Case, *, is_azure_late: bool = False) -> float | None:
        """Return from when on members are newer than a recording, so that they may be there.

        Azure gets them at unknown later times. What a live provider sends now is compared with
        what it sent then: nothing may be there.
        """
        if self._is_live:
            return None
        return 0 if is_azure_late and case.group == "azure" else case.created

    def _has_shape_of_today(self, case: Case) -> bool:
        if self._is_live:
            return True
        if case.group != "openai":
            return False
        if _is_chat(case):
            return case.is_known_model and (case.created or 0) >= allowances.CHATS_SINCE
        if case.created is None:
            return case.endpoint in ("embeddings", "moderations")
        return case.created >= allowances.SHAPE_SINCE

    def _shape(self, case: Case, got: RecordedAnswer) -> Iterator[Finding]:
        want = as_object(case.answer.json)
        if got.is_stream or not want or not self._has_shape_of_today(case):
            return
        if allowances.is_dumped(want):
            return
        is_chat = _is_chat(case)
        if case.order_is_lost and not is_chat:
            return
        found = self._shape_differs(case, got.json, want)
        yield _finding("shape", case.about, found)
        if case.endpoint == "embeddings" and is_object(got.json):
            yield _finding("shape", "unit vectors", _unit_differs(got.json))

    def _shape_differs(self, case: Case, got: Any, want: dict[str, Any]) -> Difference | None:
        def differs(*, ordered: bool) -> Difference | None:
            comparing = Comparing(self._moment(case), ordered=ordered, loosely=self._is_live)
            return comparing.difference(got, want)

        found = differs(ordered=not case.order_is_lost)
        in_numbers = case.sent.get("encoding_format") != "base64"
        if found is not None and case.endpoint == "embeddings" and in_numbers:
            # Two generations of servers answer in numbers, each with an order of its own.
            return differs(ordered=False) or _vector_order(got)
        return found

    # --- Streams -------------------------------------------------------------------------

    def _stream(self, case: Case, got: RecordedAnswer) -> Iterator[Finding]:
        have = events_in(got)
        if _is_chat(case):
            if self._has_shape_of_today(case) and chunks.is_untouched(case):
                found = chunks.order_differs(have, case, loosely=self._is_live)
                yield _finding("stream-order", case.about, found)
            return
        if case.final is None or case.final.get("status") == "in_progress":
            return
        at = math.inf if self._is_live else case.created or 0
        if at >= allowances.BILL_SINCE:
            found = events.order_differs(have, case.events, loosely=self._is_live)
            yield _finding("stream-order", case.about, found)
        if at >= allowances.MEMBERS_SINCE and not case.is_shuffled:
            moment = self._moment(case, is_azure_late=True)
            comparing = Comparing(moment, loosely=self._is_live)
            found = events.members_differ(have, case.events, comparing)
            yield _finding("stream-members", case.about, found)
        if self._is_live:
            return
        again = not case.generates_response
        first = events.steady(case.events)[0].get("sequence_number") if again else 0
        yield _finding("stream-numbers", case.about, events.numbers_differ(have, first))
        if at >= allowances.OBFUSCATED_SINCE:
            yield _finding("stream-padding", case.about, events.padding_differs(have, case))
        if not again:
            yield _finding("stream-ids", case.about, events.ids_differ(have))

    # --- Echo and style ------------------------------------------------------------------

    def _echo(self, answered: Answered) -> Iterator[Finding]:
        case, got, ids = answered
        final = case.final
        if final is None or not case.generates_response or "prompt" in case.sent:
            return
        if (case.created or 0) < allowances.ECHO_SINCE or allowances.is_dumped(case.answer.json):
            return
        at = self._moment(case, is_azure_late=True)
        found = _echo_differs(case, final_in(got) or {}, final, ids, at)
        yield _finding("echo", _topic(case), found)

    def _body(self, case: Case, got: RecordedAnswer) -> Iterator[Finding]:
        expected = bodies.expected_styles(case)
        if not expected:
            return
        about = "stream" if got.is_stream else "refusals" if got.is_refusal else case.about
        yield _finding("body", about, bodies.style_differs(got, expected))
        if "/responses" in case.about:
            yield _finding("body", "escapes", bodies.escapes_differ(got))


def _finding(kind: str, about: str, found: Difference | None) -> Finding:
    if found is None:
        return Finding(kind, about)
    return Finding(kind, about, is_same=False, place=found.place, what=found.what)


def _is_chat(case: Case) -> bool:
    return case.endpoint in ("chat.completions", "completions")


def _is_passing(case: Case, got: RecordedAnswer) -> bool:
    """Return whether a response was recorded, or is here, in a status that does not stay."""
    have = final_in(got)
    if case.final is None or have is None or case.final.get("status") not in PASSING:
        return False
    return have.get("status") != case.final.get("status")


def _topic(case: Case) -> str:
    tools: list[Any] = case.sent.get("tools") or []
    if tools:
        are_functions = all(tool.get("type") == "function" for tool in tools)
        return "tools" if are_functions else "built-in tools"
    text: Any = case.sent.get("text")
    form: Any = text.get("format") if is_object(text) else None
    if is_object(form) and form.get("type") not in (None, "text"):
        return "format"
    return "reasoning" if case.sent.get("reasoning") else "plain"


def _echo_differs(
    case: Case, got: dict[str, Any], want: dict[str, Any], ids: Any, at: float | None
) -> Difference | None:
    recorded = {new: old for old, new in ids.items()}
    comparing = Comparing(at, values=True, ordered=not case.is_shuffled)
    for name in ECHOED:
        if name not in want:
            continue
        if name not in got:
            return Difference(name, "missing")
        if name == "prompt_cache_retention" and (at or 0) < allowances.ONE_PROMPT_CACHE:
            continue
        if name == "store" and case.sent.get(name) is None and want[name] is False:
            continue  # not to store by default is a setting of an organisation
        found = comparing.difference(replaced(got[name], recorded), want[name], name)
        if found is not None:
            return found
    return None


def _is_unrepeatable(case: Case) -> bool:
    """Return whether the reason of a refusal is not in the request.

    It may be a download, an earlier upload, a key that the recording hides, or a limit.
    """
    error = error_in(case.answer)
    message = str(error.get("message") or "")
    return (
        not error
        or case.answer.status not in allowances.REFUSED_ALIKE
        or b"[cut from" in case.recording.request.body
        or message.startswith(allowances.ELSEWHERE)
        or allowances.EARLIER_UPLOAD in message
        or is_key_unknown(case)
    )


def _error_differs(answered: Answered) -> Difference | None:
    case, got, ids = answered
    recorded = {new: old for old, new in ids.items()}
    have = {
        name: IDS.sub(lambda found: recorded.get(found[0], found[0]), value)
        if isinstance(value, str)
        else value
        for name, value in error_in(got).items()
    }
    want = error_in(case.answer)
    if got.status != case.answer.status:
        what = f"{got.status} {shown(have)} instead of {case.answer.status} {shown(want)}"
        return Difference("status", what)
    for name in ERROR_MEMBERS:
        a, b = _without_grown_list(have.get(name)), _without_grown_list(want.get(name))
        if a != b or (name in have) != (name in want):
            stated = [shown(value[name]) if name in value else "absent" for value in (have, want)]
            return Difference(name, f"{stated[0]} instead of {stated[1]}")
    return None


def _without_grown_list(value: Any) -> Any:
    mark, begins = allowances.GROWN_LIST
    return value.partition(begins)[0] if isinstance(value, str) and mark in value else value


def _vector_order(body: Any) -> Difference | None:
    """Return whether the order of members is that of neither generation of servers."""
    orders = {tuple(one) for one in body["data"]}
    known = {("object", "index", "embedding"), ("object", "embedding", "index")}
    if [*body] == ["object", "data", "model", "usage"] and len(orders) == 1 and orders <= known:
        return None
    return Difference("data", f"order {', '.join(body)}; {orders}")


def _unit_differs(body: dict[str, Any]) -> Difference | None:
    """Return which vector is not of length 1."""
    for number, one in enumerate(body.get("data") or []):
        vector: Any = one.get("embedding")
        if isinstance(vector, str):
            try:
                raw = base64.b64decode(vector)
            except binascii.Error:
                return Difference("embedding", f"vector {number} is not base64")
            vector = array("f", raw[: len(raw) // 4 * 4])
        numbers: Sequence[float] = vector or []
        size = math.sqrt(sum([number * number for number in numbers]))
        if abs(size - 1) > UNIT:
            return Difference("embedding", f"vector {number} has length {size:.4f}")
    return None
