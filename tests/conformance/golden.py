"""Golden bodies: written down whole, with marks where an answer has something of its own.

A mark is a name in guillemets. It stands for what the answer has in that place first, if it
has the right form, so that the same id must come back in every chunk. `«pad»` is the padding
of a chunk: its length follows from the chunk, by the rule that 4,519 of 4,519 recorded chunks
keep (2024-11 to 2026-08), and its letters are the answer's own.
"""

import re
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).parent / "golden"

_DURATION = r"0s|[0-9]+ms|(?:[0-9]+h)?(?:[0-9]+m)?[0-9.]+s"
DRAWN = {
    "date": r"date: (\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT)\r\n",
    "milliseconds": r"openai-processing-ms: (\d+)\r\n",
    "request-id": r"x-request-id: (req_[0-9a-f]{32})\r\n",
    "tokens-left": r"x-ratelimit-remaining-tokens: ([0-9]+)\r\n",
    "id": r'"id": ?"((?:chatcmpl|cmpl)-[0-9A-Za-z]{29})"',
    "created": r'"created": ?([0-9]{10})\b',
    "generation": r'"(gen_[0-9A-HJKMNP-TV-Z]{26})"',
    "began": r'"startTime":([0-9]{10})000\b',
    "timestamp": r'"timestamp":"([0-9]{4}(?:-[0-9]{2}){2}T(?:[0-9]{2}:){2}[0-9]{2}\.000Z)"',
    "vercel-id": r"x-vercel-id: (iad1::iad1::[0-9a-f]{5}-[0-9]{13}-[0-9a-f]{12})\r\n",
    "fingerprint": r'"system_fingerprint": ?"(fp_[0-9a-f]{10})"',
    **{
        f"{what}-{of}": rf"x-ratelimit-{what}-{of}: ({form})\r\n"
        for of in ("requests", "tokens")
        for what, form in (("limit", "[0-9]+"), ("remaining", "[0-9]+"), ("reset", _DURATION))
    },
}
CALL_ID = re.compile(r'"(call_[0-9A-Za-z]{24})"')
PAD = re.compile(r'"obfuscation":"([0-9A-Za-z]*)"\}\n')
BLOCK = 16


def golden(name: str) -> str:
    """Return the text of the golden body *name*."""
    return (FOLDER / name).read_text("utf-8")


def filled(template: str, actual: str) -> str:
    """Return *template* with its marks filled by what *actual* has in their places.

    What has not the right form is not found, and its mark stays and will differ.
    """
    for name, pattern in DRAWN.items():
        found = re.search(pattern, actual)
        if found:
            template = template.replace(f"«{name}»", found[1])
    for number, call_id in enumerate(dict.fromkeys(CALL_ID.findall(actual)), 1):
        template = template.replace(f"«call-{number}»", call_id)
    pads = iter(PAD.findall(actual))
    return "".join(_padded(line, pads) for line in template.splitlines(keepends=True))


def _padded(line: str, pads: Iterator[str]) -> str:
    """Return *line* with as much padding as its chunk must have."""
    mark = ',"obfuscation":"«pad»"'
    if mark not in line:
        return line
    bare = line.replace(mark, "").removeprefix("data: ").removesuffix("\n")
    length = -len(bare) % BLOCK
    pad = next(pads, "")
    return line.replace("«pad»", pad if len(pad) == length else f"«{length} characters»")
