"""How bodies look: indents, the newline at the end, event lines, escapes."""

import re
from typing import Final

from mockserver.cassettes.recording import RecordedAnswer
from mockserver.recordings.comparing import allowances
from mockserver.recordings.comparing.cases import Case
from mockserver.recordings.comparing.members import Difference

_EVENTS: Final = re.compile(r"\n\n|\r\n\r\n")
_NAMED: Final = re.compile(r"event: (\S+)\ndata: \{\"type\":\"\1\".*", re.DOTALL)
_TEXTS: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
_NO_ESCAPE_NEEDED: Final = re.compile(r"(?<!\\)(?:\\\\)*\\u(?!00[01])")
_NOT_ASCII: Final = re.compile(r"[^\x00-\x7f]")
COMPACT: Final = "compact"
NAMED_EVENTS: Final = "named events"
NEWER_VECTORS: Final = "2-space +newline"
"""What the older of two generations of servers for embeddings sends; the newer one is compact."""
REFUSED_VECTORS: Final = frozenset({"2-space", "4-space +newline"})
"""What refuses embeddings: the service, or the edge in its own style."""


def style_of(answer: RecordedAnswer) -> str:
    """Return the style of a body, in words."""
    text = answer.body.decode("utf-8", "replace")
    if answer.is_stream:
        blocks = [block for block in _EVENTS.split(text) if block.strip()]
        if any(block.strip() == "data: [DONE]" for block in blocks):
            return "chunks, [DONE]"
        are_named = all(map(_NAMED.fullmatch, blocks))
        ends = "" if text.endswith("\n\n") else ", cut"
        return (NAMED_EVENTS if are_named else "events without names") + ends
    bare = text.rstrip("\n")
    newline = " +newline" if text != bare else ""
    lines = bare.split("\n", 2)
    if len(lines) > 1:
        return f"{len(lines[1]) - len(lines[1].lstrip(' '))}-space{newline}"
    has_spaces = re.search(r": |, ", _TEXTS.sub("", bare))
    return ("one line, spaces" if has_spaces else COMPACT) + newline


def expected_styles(case: Case) -> frozenset[str]:
    """Return the styles that count as right; none where the recorded one is its recorder's.

    Recorders that keep JSON write it again, on one line, with sorted members, or without the
    newline at its end.
    """
    if case.order_is_lost:
        return frozenset()
    recorded = style_of(case.answer)
    if case.answer.is_stream:
        return frozenset({recorded}) if recorded.startswith(NAMED_EVENTS) else frozenset()
    if recorded.startswith("one line"):
        return frozenset()
    if case.endpoint == "embeddings":
        if case.answer.is_refusal:
            return frozenset({recorded}) if recorded == COMPACT else REFUSED_VECTORS
        if recorded == COMPACT or case.sent.get("encoding_format") != "base64":
            return frozenset({recorded, COMPACT, NEWER_VECTORS})
        return frozenset({recorded, NEWER_VECTORS})
    if recorded == COMPACT:
        return frozenset()
    if case.endpoint in ("chat.completions", "completions"):
        if case.created is not None and case.created < allowances.CHATS_SINCE:
            return frozenset()
        return frozenset({recorded, f"{recorded} +newline"})
    return frozenset({recorded, recorded.removesuffix(" +newline")})


def style_differs(got: RecordedAnswer, expected: frozenset[str]) -> Difference | None:
    """Return whether *got* has another style than *expected*."""
    have = style_of(got)
    if have in expected:
        return None
    return Difference(have, f"{have} instead of {' or '.join(sorted(expected))}")


def escapes_differ(got: RecordedAnswer) -> Difference | None:
    """Return where *got* escapes otherwise than the Responses API does.

    Its JSON bodies are ASCII; its streams escape nothing but control characters.
    """
    text = got.body.decode("utf-8", "replace")
    found = (_NO_ESCAPE_NEEDED if got.is_stream else _NOT_ASCII).search(text)
    if found is None:
        return None
    return Difference("escapes", text[max(0, found.start() - 20) : found.start() + 20])
