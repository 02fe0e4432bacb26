"""Whole responses of providers, head and body, with marks for what is drawn.

What has the right form is replaced by its mark; the same value is the same mark in all of one
response, so that an id must come back wherever it is told. What has another form stays, and
will differ from the golden response.
"""

import re
from pathlib import Path

from support.wire import Raw

FOLDER = Path(__file__).parent / "golden" / "providers"

_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}"
FORMS = {
    "date": r"(?<=date: )\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT",
    "session": r"(?<=azureml-model-session: )d2026[0-9]{10}-[0-9a-f]{16}",
    "gen": r"gen-[0-9]{10}-[0-9A-Za-z]{20}",
    "id": r"\b(?:chatcmpl|cmpl)-[0-9A-Za-z]{29}\b",
    "item": r"\b(?:resp|msg|rs|fc)_[0-9a-f]{50}\b",
    "time": r'(?:(?<="response","created_at":)|(?<="response",\n  "created_at": )|'
    r'(?<="id":"«gen-1»","created_at":)|(?<="completed_at":)|(?<="completed_at": ))[0-9]{10}\b',
    "temporary": r"\b(?:msg|rs|fc)_tmp_[0-9a-z]{11}\b",
    "call": r"\bcall_[0-9A-Za-z]{24}\b",
    "uuid": _UUID,
    "relay": r"\b2026[0-9]{26}\b",
    "fingerprint": r"\bfp_[0-9a-f]{10}\b",
    "timestamp": r"2026-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3}Z|\+00:00)",
    "created": r'(?<="created":)[0-9]{10}\b',
    "ms": r'(?<=_ms":)[0-9]+\b',
    "pad": r'(?<="obfuscation":")[0-9A-Za-z]{0,15}(?=")',
    "left": r"(?<=-remaining-tokens: )[0-9]+",
    "length": r"(?<=content-length: )[0-9]+",
}
ALIKE = frozenset({"ms", "pad", "left", "length"})
"""What is different each time, and told once: these have no numbers."""


def marked(raw: Raw) -> str:
    """Return the whole response, in lines, with marks; its body is taken out of its chunks."""
    text = raw.head.decode("latin-1").replace("\r\n", "\n") + "\n\n" + raw.body.decode()
    for name, form in FORMS.items():
        values = list(dict.fromkeys(re.findall(form, text)))
        marks = {
            value: f"«{name}»" if name in ALIKE else f"«{name}-{number}»"
            for number, value in enumerate(values, 1)
        }
        text = re.sub(form, lambda found, marks=marks: marks[found[0]], text)
    return text


def golden_response(name: str) -> str:
    """Return the golden response *name*."""
    return (FOLDER / name).read_text("utf-8")
