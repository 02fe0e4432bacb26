"""What is not held against an answer, each with its reason: the one place for such rules.

A recording is of its day, went through a recorder, and shows only what can be seen from outside.
Days are those at which recorded answers changed.
"""

import re
from datetime import UTC, datetime
from typing import Any, Final

from mockserver.wire.jsontext import is_object


def day(text: str) -> float:
    """Return the Unix time at which the day *text* (UTC) begins."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


# --- Since when answers are as they are today ------------------------------------------------

CHATS_SINCE: Final = day("2025-09-01")
"""Chats, legacy completions and their streams."""
SHAPE_SINCE: Final = day("2026-04-22")
"""All other JSON bodies that state when they were made."""
MEMBERS_SINCE: Final = day("2026-01-13")
"""The members of the events of a Responses stream."""
BILL_SINCE: Final = day("2025-04-01")
"""The bill of the Responses API, and the order of its events."""
ECHO_SINCE: Final = day("2025-09-01")
"""What a response object repeats of its request."""
OBFUSCATED_SINCE: Final = day("2025-08-16")
"""The padding of the events of a Responses stream."""
ONE_PROMPT_CACHE: Final = day("2026-06-01")
"""Before, `prompt_cache_retention` was null, `in_memory` or `24h` for one and the same request."""
PARALLEL_CALLS_BILLED_LOW: Final = (day("2025-10-17"), day("2026-01-16"))
"""In between, parallel calls of the Responses API were billed too low."""

_NEWER: Final = tuple(
    (re.compile(rf"(?:response\.)?(?:{pattern})"), day(since))
    for pattern, since in (
        (r"top_logprobs|max_tool_calls", "2025-06-28"),
        (r"prompt_cache_key|safety_identifier", "2025-07-23"),
        (r"text\.verbosity", "2025-08-08"),
        (r"billing", "2025-09-18"),
        (r"prompt_cache_retention", "2025-11-02"),
        (r"completed_at", "2025-12-19"),
        (r"(?:frequency|presence)_penalty", "2026-01-13"),
        (r"moderation", "2026-04-22"),
        (r"reasoning\.context", "2026-05-28"),
        (r"(?:.*\.)?(?:output\[\]|item)\.content", "2026-06-05"),
        (r".*\.action\.queries", "2026-06-10"),
        (r"tool_usage", "2026-06-26"),
        (r"reasoning\.mode", "2026-06-29"),
        (r".*tools\[\]\.(?:return_token_budget|search_content_types)", "2026-07-01"),
        (r".*input_tokens_details\.cache_write_tokens", "2026-07-10"),
        (r".*tools\[\]\.output_schema", "2026-07-13"),
        (r"(?:.*\.)?(?:output\[\]|item)\.encrypted_content", "2026-07-13"),
    )
)
"""Members by the day since which the API sends them: a server of today sends them, too."""
_OLDER: Final = re.compile(r".*tools\[\]\.filters")
"""Null members that the API sends no more: of web searches, until 2026-03."""
_INDEX: Final = re.compile(r"\[\d+\]")


def is_newer(path: str, at: float | None) -> bool:
    """Return whether the member at *path* came to the API after *at* (Unix time)."""
    if at is None:
        return False
    plain = _INDEX.sub("[]", path)
    return any(at < since and pattern.fullmatch(plain) for pattern, since in _NEWER)


def is_gone(path: str, value: Any) -> bool:
    """Return whether the API sends no more the member that was *value* at *path*."""
    return value is None and _OLDER.fullmatch(_INDEX.sub("[]", path)) is not None


# --- What recorders do -----------------------------------------------------------------------

WHOLE_FLOATS: Final = frozenset(
    {
        *("temperature", "top_p", "frequency_penalty", "presence_penalty"),
        *("score_threshold", "logprob"),
    }
)
"""Members that recorders in JavaScript write as integers where 1.0 or 0.0 was sent."""
NOW_AND_THEN: Final = frozenset({"response.rate_limits.updated", "keepalive"})
"""Events that the API sends only now and then."""
_CUT: Final = re.compile(r"\[cut from (\d+)\]")
_PLACEHOLDER: Final = re.compile(
    r"<[^<>]*>|\[?(?:redacted|sanitized|removed|masked|filtered|scrubbed)\b.*|\W+|x{4,}",
    re.IGNORECASE,
)


def length_before_the_cut(text: object) -> int | None:
    """Return how long a value was that ends with a note that it was cut; None: it was not."""
    found = _CUT.search(text) if isinstance(text, str) and text.endswith("]") else None
    return int(found[1]) if found else None


def is_placeholder(text: str) -> bool:
    """Return whether *text* is in the place of a value that was removed."""
    return _PLACEHOLDER.fullmatch(text.strip()) is not None


def is_dumped(body: Any) -> bool:
    """Return whether *body* was written by an SDK, which adds what is not on the wire."""
    return is_object(body) and "output_text" in body


# --- What cannot be known from outside -------------------------------------------------------

ROUNDED: Final = re.compile(
    r"(gpt-5(-mini|-nano|-codex)?(-\d{4}.*)?$|o1|o3(?!-mini)|o4|codex-mini)"
)
"""Models that round their reasoning tokens, so that up to 63 of those billed are not stated."""
MOST_HIDDEN: Final = 63
UNCOUNTED: Final = re.compile(r"search|audio|realtime|deep-research|image|-pro|computer-use")
"""Models on the Responses API whose bill nobody has worked out."""
PADDED_ALIKE: Final = re.compile("[0-9A-Za-z]*")
"""What padding consists of, to a multiple of 16 characters with its delta."""
ELSEWHERE: Final = ("Error while downloading", "Failed to download")
"""How refusals begin whose reason is at another server."""
EARLIER_UPLOAD: Final = "The file type you uploaded"
GROWN_LIST: Final = ("'local_shell_call'", " Supported values are: ")
"""A refusal that lists item types, of which there are more today: what is in it, and where the
list begins."""
REFUSED_ALIKE: Final = frozenset({400, 401, 403, 404})
"""The statuses whose reasons are in the request."""
