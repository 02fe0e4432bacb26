"""The bill: which recorded ones can be foreseen, and whether ours are equal."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mockserver import tokens
from mockserver.cassettes.recording import RecordedAnswer, header
from mockserver.recordings.comparing.cases import Case, objects_in, usage_in
from mockserver.recordings.comparing.counts import CATALOGUE, USAGE_HEADER, equal, exactness
from mockserver.recordings.comparing.findings import Finding
from mockserver.recordings.comparing.item_bills import about_items, response_findings
from mockserver.recordings.comparing.members import shown
from mockserver.recordings.comparing.threads import Threads
from mockserver.recordings.importers.documents import as_object, as_text
from mockserver.tokens.evidence import Rule
from mockserver.tokens.images import count_image
from mockserver.wire.jsontext import is_object


def bill_findings(case: Case, got: RecordedAnswer, known: Threads) -> Iterator[Finding]:
    """Yield whether the bill of *got* is the recorded one, as far as that can be foreseen."""
    if case.lacks_secrets:
        return
    match case.endpoint:
        case "embeddings":
            yield from _embeddings(case, got)
        case "responses.input_tokens":
            about = about_items(case, known)
            if about is not None and is_object(case.answer.json):
                have: Any = got.json
                yield equal(
                    "prompt-tokens", f"{about} (counted)", have, case.answer.json, "input_tokens"
                )
        case "responses":
            yield from response_findings(case, got, known)
        case "chat.completions" | "completions":
            yield from _chat(case, got)
        case _:
            return


def prompt_findings(case: Case, got: RecordedAnswer) -> Iterator[Finding]:
    """Yield whether *got*, a provider's answer of today, bills the prompt as it was billed."""
    have, want = usage_in(got), usage_in(case.answer)
    kind = "embedding-tokens" if case.endpoint == "embeddings" else "prompt-tokens"
    for name in ("prompt_tokens", "input_tokens"):
        if name in have and name in want:
            yield equal(kind, case.about, have, want, name)


def _embeddings(case: Case, got: RecordedAnswer) -> Iterator[Finding]:
    have, want = usage_in(got), usage_in(case.answer)
    if want:
        names = ("prompt_tokens", "total_tokens")
        is_same = all(have.get(name) == want.get(name) for name in names)
        what = "" if is_same else f"{shown(have)} instead of {shown(want)}"
        yield Finding("embedding-tokens", case.about, is_same, case.about, what)


# --- Chats and legacy completions ------------------------------------------------------------


def _chat(case: Case, got: RecordedAnswer) -> Iterator[Finding]:
    have, want = usage_in(got), usage_in(case.answer)
    if not want or not (case.is_known_model or case.endpoint == "completions"):
        return
    if not have and case.answer.is_stream:
        return  # some recorders add the bill to streams that had none
    is_right = True
    if not _has_unseen(case):
        finding = equal("prompt-tokens", _about_chat(case), have, want, "prompt_tokens")
        is_right = finding.is_same
        yield finding
    finding = equal("completion-tokens", _about_choices(case), have, want, "completion_tokens")
    billed: int = want.get("completion_tokens") or 0
    if not finding.is_same and billed in _with_stop_sequence(case, have):
        finding = Finding("completion-tokens", finding.about)
    yield finding
    is_right = is_right and finding.is_same
    says = header(got.headers, USAGE_HEADER)
    if says is not None and have:
        yield exactness(says, finding.about, is_right=is_right)


def _messages(case: Case) -> Sequence[dict[str, Any]]:
    return objects_in(case.sent.get("messages"))


def _parts(messages: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for message in messages:
        yield from objects_in(message.get("content"))


def _has_unseen(case: Case) -> bool:
    """Return whether the prompt holds what nobody can count from outside.

    That is what lies elsewhere or was cut, as images, and sounds and files.
    """
    for part in _parts(_messages(case)):
        kind = part.get("type")
        if kind == "image_url":
            _, rule = count_image(part.get("image_url"), CATALOGUE.resolve(case.model).family)
            if rule & Rule.UNSEEN_IMAGES:
                return True
        elif kind not in ("text", "refusal"):
            return True
    return False


def _about_chat(case: Case) -> str:
    sent, messages = case.sent, _messages(case)
    if case.endpoint == "completions":
        return "legacy prompt"
    words: list[str] = []
    if any(part.get("type") not in ("text", "refusal") for part in _parts(messages)):
        words.append("images")
    if any(len(message.get("tool_calls") or ()) > 1 for message in messages):
        words.append("parallel calls")
    elif any(m.get("tool_calls") or m.get("function_call") for m in messages):
        words.append("calls")
    elif sent.get("tools"):
        words.append("tools")
    elif sent.get("functions"):
        words.append("functions")
    if isinstance(sent.get("tool_choice", sent.get("function_call")), dict):
        words.append("named tool")
    if _format_of(case) == "json_schema":
        words.append("schema")
    if any(message.get("name") for message in messages):
        words.append("names")
    return " + ".join(words) or "text"


def _format_of(case: Case) -> str:
    stated: Any = case.sent.get("response_format")
    return str(stated.get("type")) if is_object(stated) else ""


def _about_choices(case: Case) -> str:
    if case.endpoint == "completions":
        return "legacy text"
    choices = _said(case)
    calls = max([len(choice.calls) for choice in choices] or [0])
    words = ["several choices"] if len(choices) > 1 else []
    if calls:
        words.append("parallel calls" if calls > 1 else "call")
        if isinstance(case.sent.get("tool_choice", case.sent.get("function_call")), dict):
            words.append("named tool")
    elif any(choice.refusal for choice in choices):
        words.append("refusal")
    else:
        words.append("text")
        if case.sent.get("tools") or case.sent.get("functions"):
            words.append("tools")
        if _format_of(case) == "json_schema":
            words.append("schema")
    return " + ".join(words)


class _Said:
    """What a choice of a recorded answer says."""

    __slots__ = ("calls", "refusal", "text")

    def __init__(self) -> None:
        self.text = ""
        self.refusal = ""
        self.calls: set[int] = set()


def _said(case: Case) -> list[_Said]:
    """Return what the choices of the recorded answer say, whole or in chunks."""
    found: dict[int, _Said] = {}
    for held in case.events or [as_object(case.answer.json)]:
        for number, choice in enumerate(held.get("choices") or ()):
            said = found.setdefault(choice.get("index", number), _Said())
            message: dict[str, Any] = choice.get("delta") or choice.get("message") or {}
            said.text += as_text(message.get("content") or choice.get("text"))
            said.refusal += message.get("refusal") or ""
            calls = objects_in(message.get("tool_calls"))
            said.calls |= {call.get("index", place) for place, call in enumerate(calls)}
            if message.get("function_call"):
                said.calls.add(0)
    return [found[index] for index in sorted(found)]


def _with_stop_sequence(case: Case, have: Mapping[str, Any]) -> frozenset[int]:
    """Return the bills that would be right if a stop sequence of the request had been met.

    The recording does not tell: what ended the answer is billed, and not returned.
    """
    stop: Any = case.sent.get("stop") or []
    choices = _said(case)
    if len(choices) != 1:
        return frozenset()
    count = tokens.vocabulary(CATALOGUE.resolve(case.model).family.encoding).count
    text = choices[0].text
    billed: int = have.get("completion_tokens") or 0
    sequences: list[str] = [stop] if isinstance(stop, str) else stop
    return frozenset(billed + count(text + s) - count(text) for s in sequences)
