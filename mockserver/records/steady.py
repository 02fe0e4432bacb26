"""Texts without what differs each time: ids, dates and times."""

import re
from typing import Final

_CHANGING: Final = (
    (re.compile(r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b", re.IGNORECASE), "<uuid>"),
    (re.compile(r"\bcall_[A-Za-z0-9]{8,}\b"), "<call-id>"),
    (re.compile(r"\b(?:chatcmpl|cmpl|gen|resp|msg|req)[-_][A-Za-z0-9]{8,}\b"), "<id>"),
    (
        re.compile(
            r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?(?![\d:])"
        ),
        "<time>",
    ),
    (re.compile(r"\b\d{4}-\d\d-\d\d\b"), "<date>"),
    (re.compile(r"(?<![\d:.-])\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?![\d:])"), "<time>"),
    (re.compile(r"\b(?:127\.0\.0\.1|localhost):\d{2,5}\b"), "<local-address>"),
    (re.compile(r"\[redacted [0-9a-f]{8}\]"), "<secret>"),
)


def steady(text: str) -> str:
    """Return *text* with ids, dates and times replaced by placeholders."""
    for pattern, word in _CHANGING:
        text = pattern.sub(word, text)
    return text


def steady_parts(text: str) -> list[str]:
    """Return the parts of *text* that are the same each time."""
    for pattern, _ in _CHANGING:
        text = pattern.sub("\0", text)
    return text.split("\0")
