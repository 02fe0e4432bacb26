"""Headers that clients read: whether they are there, and have the form of the recorded ones."""

import re
from typing import Final

from mockserver.cassettes.recording import RecordedAnswer, header
from mockserver.recordings.comparing import allowances
from mockserver.recordings.comparing.members import Difference

READ: Final = (
    *("content-type", "x-request-id", "retry-after", "retry-after-ms", "x-should-retry"),
    *("openai-version", "openai-processing-ms", "openai-organization"),
    *(
        f"x-ratelimit-{figure}-{what}"
        for figure in ("limit", "remaining", "reset")
        for what in ("requests", "tokens")
    ),
    *("apim-request-id", "x-ms-region", "www-authenticate"),
)
"""Headers that the providers' clients, or those who run them, read."""
_FORMS: Final = (
    ("a number", re.compile(r"-?\d+(?:\.\d+)?")),
    ("a duration", re.compile(r"(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+")),
    # The API gives requests ids of all three forms: hexadecimal digits, bare or after `req_`, and
    # UUIDs (recorded, 2023 to 2026).
    (
        "an id",
        re.compile(r"(?:req_)?\w{16,}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE),
    ),
)


def _form(name: str, value: str) -> str:
    if name == "content-type":
        return value.partition(";")[0].strip().lower()
    found = (form for form, pattern in _FORMS if pattern.fullmatch(value.strip()))
    return next(found, "text")


def heads_differ(got: RecordedAnswer, want: RecordedAnswer) -> Difference | None:
    """Return the first header that clients read and *got* lacks, or has in another form.

    What a recording lacks may have been dropped by its recorder.
    """
    for name in READ:
        stated = header(want.headers, name)
        if stated is None:
            continue
        value = header(got.headers, name)
        if value is None:
            return Difference(name, f"absent instead of {stated!r}")
        if allowances.is_placeholder(stated):
            continue
        forms = _form(name, value), _form(name, stated)
        if forms[0] != forms[1]:
            what = f"{value!r} ({forms[0]}) instead of {stated!r} ({forms[1]})"
            return Difference(name, what)
    return None
