"""The bill of the Responses API: which recorded ones can be foreseen, and whether ours are so."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from mockserver.cassettes.recording import RecordedAnswer, header
from mockserver.recordings.comparing import allowances
from mockserver.recordings.comparing.cases import Case, final_in, objects_in
from mockserver.recordings.comparing.counts import CATALOGUE, USAGE_HEADER, equal, exactness
from mockserver.recordings.comparing.findings import Finding
from mockserver.recordings.comparing.threads import Threads
from mockserver.recordings.importers.documents import as_list, as_object
from mockserver.wire.jsontext import is_list, is_object

_BILLED_ITEMS: Final = frozenset(
    {"message", "function_call", "function_call_output", "reasoning", "item_reference"}
)
_BILLED_PARTS: Final = frozenset({"input_text", "output_text", "refusal", "text"})
_BILLED_OUTPUT: Final = frozenset({"message", "function_call", "reasoning"})


def response_findings(case: Case, got: RecordedAnswer, known: Threads) -> Iterator[Finding]:
    """Yield whether the bill of a response is the recorded one, as far as it can be foreseen."""
    final = case.final or {}
    want: dict[str, Any] | None = final.get("usage")
    if not want or final.get("status") not in ("completed", "incomplete"):
        return
    about = about_items(case, known)
    if about is None or _was_billed_low(case):
        return
    have = as_object((final_in(got) or {}).get("usage"))
    finding = equal("prompt-tokens", about, have, want, "input_tokens")
    yield finding
    output = objects_in(final.get("output"))
    is_whole = all(allowances.length_before_the_cut(text) is None for text in _texts(output))
    if not {item.get("type") for item in output} <= _BILLED_OUTPUT or not is_whole:
        return
    is_right = finding.is_same
    if allowances.ROUNDED.match(case.model) and final.get("status") == "completed":
        missing = (want.get("output_tokens") or 0) - (have.get("output_tokens") or 0)
        is_near = 0 <= missing <= allowances.MOST_HIDDEN
        what = f"{have.get('output_tokens')} instead of {want.get('output_tokens')}"
        kind = "completion-tokens-within-63"
        yield Finding(kind, about, is_near, about, "" if is_near else what)
        total = (have.get("input_tokens") or 0) + (have.get("output_tokens") or 0)
        is_sum = have.get("total_tokens") == total
        what = "" if is_sum else f"{have.get('total_tokens')} is not the sum"
        yield Finding("total-tokens", about, is_sum, about, what)
        return
    finding = equal("completion-tokens", about, have, want, "output_tokens")
    yield finding
    yield equal("total-tokens", about, have, want, "total_tokens")
    says = header(got.headers, USAGE_HEADER)
    if says is not None:
        yield exactness(says, about, is_right=is_right and finding.is_same)


def _texts(value: Any) -> Iterator[str]:
    """Yield all texts in *value*, apart from ciphertexts, which are billed otherwise."""
    if is_object(value):
        for name, held in as_object(value).items():
            if name != "encrypted_content":
                yield from _texts(held)
    elif is_list(value):
        for held in as_list(value):
            yield from _texts(held)
    elif isinstance(value, str):
        yield value


def _is_countable(name: str) -> bool:
    is_generating = CATALOGUE.resolve(name).mode in ("chat", "responses")
    return is_generating and not allowances.UNCOUNTED.search(name)


def about_items(case: Case, known: Threads) -> str | None:
    """Return what a request holds, in words; None if its bill cannot be foreseen."""
    if not _can_be_foreseen(case, known):
        return None
    sent, items = case.sent, case.items
    before = [i for b in known.before(case) for i in objects_in((b.final or {}).get("output"))]
    is_stored = sent.get("previous_response_id") or sent.get("conversation")
    has_calls = any(item.get("type") == "function_call" for item in (*items, *before))
    form = as_object(as_object(sent.get("text")).get("format"))
    holds = {
        "images": any(part.get("type") == "input_image" for part in _parts_of_items(items)),
        "stored history": is_stored or any(i.get("type") == "item_reference" for i in items),
        "calls": has_calls,
        "tools": sent.get("tools") and not has_calls,
        "schema": form.get("type") == "json_schema",
    }
    words = " + ".join([word for word, holds_it in holds.items() if holds_it]) or "text"
    return words + (", reasoning model" if _thinks(case) else "")


def _thinks(case: Case) -> bool:
    return CATALOGUE.resolve(case.model).family.reasoning


def _can_be_foreseen(case: Case, known: Threads) -> bool:
    """Return whether the bill of a prompt follows from what can be seen from outside."""
    sent = case.sent
    names = (case.model, str(sent.get("model") or ""))
    is_early = case.created is not None and case.created < allowances.BILL_SINCE
    is_pro = as_object(sent.get("reasoning")).get("mode") == "pro"
    if not any(map(_is_countable, names)) or is_early or is_pro or "prompt" in sent:
        return False
    if not _are_functions(as_list(sent.get("tools"))):
        return False
    kinds = {item.get("type") or "message" for item in case.items}
    if not kinds <= _BILLED_ITEMS or not all(map(_is_seen, _parts_of_items(case.items))):
        return False
    # Without reasoning, a stored call costs three tokens more or less, by its answer.
    calls = (item.get("id") for item in case.items if item.get("type") == "function_call")
    is_foreign = not _thinks(case) and not known.foreign(case).isdisjoint(calls)
    return not is_foreign and _are_thoughts_known(case, known)


def _is_seen(part: Mapping[str, Any]) -> bool:
    """Return whether a part of an item is all there."""
    if part.get("type") != "input_image":
        return part.get("type") in _BILLED_PARTS
    url = part.get("image_url")
    is_here = isinstance(url, str) and url.startswith("data:")
    return is_here and allowances.length_before_the_cut(url) is None


def _are_functions(tools: Sequence[Any]) -> bool:
    return all(tool.get("type") == "function" for tool in tools if is_object(tool))


def _parts_of_items(items: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for item in items:
        yield from objects_in(item.get("content"))
        yield from objects_in(item.get("output"))


def _are_thoughts_known(case: Case, known: Threads) -> bool:
    """Return whether the reasoning that a request hands back is free, or of a known size."""
    sent, items, chain = case.sent, case.items, known.before(case)
    if sent.get("conversation"):
        return False
    if any(not _are_functions(maker.sent.get("tools") or []) for maker in chain):
        return False
    context = as_object(sent.get("reasoning")).get("context")
    answered = str((case.final or {}).get("reasoning"))
    reads_all = context == "all_turns" or "all_turns" in answered
    asked = max((n for n, item in enumerate(items) if item.get("role") == "user"), default=-1)
    handed = [
        item.get("id")
        for number, item in enumerate(items)
        if item.get("type") == "reasoning" and (reads_all or number > asked)
    ]
    goes_on = is_list(sent.get("input")) and asked < 0
    if sent.get("previous_response_id") and (reads_all or goes_on):
        output = [i for maker in chain for i in objects_in((maker.final or {}).get("output"))]
        handed += [item.get("id") for item in output if item.get("type") == "reasoning"]
    named = known.named_by(case)
    for id_ in handed:
        maker = named.get(str(id_)) or next((b for b in chain if id_ in b.made), None)
        if maker is None or not _tells_its_thoughts(maker):
            return False
    return True


def _tells_its_thoughts(maker: Case) -> bool:
    """Return whether the one thought of a response has the size that its bill states."""
    final = maker.final or {}
    thoughts = [i for i in objects_in(final.get("output")) if i.get("type") == "reasoning"]
    details = as_object(as_object(final.get("usage")).get("output_tokens_details"))
    billed = bool(details.get("reasoning_tokens"))
    is_rounded = allowances.ROUNDED.match(str(final.get("model") or "")) is not None
    return len(thoughts) == 1 and not (billed and is_rounded)


def _was_billed_low(case: Case) -> bool:
    since, until = allowances.PARALLEL_CALLS_BILLED_LOW
    if not since <= (case.created or 0) < until:
        return False
    output = objects_in((case.final or {}).get("output"))
    return any(
        len([item for item in held if item.get("type") == "function_call"]) > 1
        for held in (output, case.items)
    )
