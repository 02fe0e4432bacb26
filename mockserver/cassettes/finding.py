"""What is a secret in a text of a recording, and of which kind.

Besides what looks like a secret wherever it is (`mockserver.records.secret_looks`), that is:
what the person who records has named by regular expressions; what the exchange itself is known to
keep secret, since it stood in a header that holds one, in any spelling in which it may come back;
and all of these in base64.
"""

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import quote, quote_plus

from mockserver.errors import UsageError
from mockserver.patterns.searching import Pattern, shortened
from mockserver.patterns.trees import Failures
from mockserver.records.redaction import (
    LEAST_KNOWN,
    MARK,
    Taken,
    found_by_looks,
    in_order,
    joins,
)
from mockserver.records.secret_looks import KEY_FORMS, has_sign, looks_drawn, may_hold
from mockserver.records.spelling import url_text

SEARCH_S: Final = 2.0
"""How long one text may be searched for one regular expression."""
LONG_SECRET: Final = 16
"""A known secret that is this long is one within a longer word, too."""
LEAST_ENCODED: Final = 20
"""Characters of base64 that are decoded: fewer hold no secret worth it."""
LONGEST_ENCODED: Final = 4_096
"""The longest base64 that is taken out whole; of longer one, the part with the secret."""
DEPTH: Final = 2
"""How often base64 is decoded: there is base64 in base64."""
LEAST_SHOWN: Final = 4
"""Characters of a key that are shown where a provider hides the rest behind asterisks."""

REMEMBERED: Final = 512
LONGEST_REMEMBERED: Final = 256
"""Texts are remembered up to this length: names and headers come with each exchange."""

_ENCODED: Final = re.compile(rf"[A-Za-z0-9+/_-]{{{LEAST_ENCODED},}}+")
_ID_FORM: Final = (
    rb"(?:(?:chatcmpl|cmpl|gen|modr|file)-|(?:resp|msg|rs|fc|ctc|req|call|conv|item|fp)_)"
    rb"[0-9A-Za-z]{8,64}+"
)
_ID: Final = re.compile(_ID_FORM)
"""Ids as providers make them for each answer: no key begins so."""
_RUNS: Final = re.compile(
    rb"\\(?:u[0-9a-fA-F]{4}|.)|%b(?![A-Za-z0-9+/_=-])|([A-Za-z0-9+/_=-]{%d,}+)"
    % (_ID_FORM, LEAST_ENCODED),
    re.DOTALL,
)
"""Escapes of JSON; ids; and what may be base64 or a key without a separator, in group 1."""
_ESCAPED: Final = re.compile(rb"%[0-9a-fA-F]{2}|\\/")
"""What hides a secret from those who look at runs of characters alone."""
_MASKED: Final = re.compile(r"(?<![\w*.-])([\w.-]{0,64}+)\*{3,}+([\w.-]{0,64}+)")
_MARKS: Final = re.compile(r"\[redacted [0-9a-f]{8}\]")
_TEXT_BEGINS: Final = 48
"""Bytes by which it is seen that decoded base64 is a text."""


class Unsearchable(Exception):  # noqa: N818 - it says what the text is
    """A text that cannot be searched in time; its text says for what."""


class Known(NamedTuple):
    """A secret that is known, and how it may be spelled.

    Attributes:
        text: What it says.
        spelled: The ways to write it, as they are and with escapes.
        encoded: What its base64 has in common, wherever it is in what was encoded.
        anywhere: It is one within a longer word, too.

    """

    text: str
    spelled: tuple[str, ...]
    encoded: tuple[str, ...]
    anywhere: bool

    @property
    def needles(self) -> tuple[bytes, ...]:
        """What is in raw JSON, a URL or a text that has it."""
        return _needles(self)


@lru_cache(maxsize=1_024)
def _needles(known: Known) -> tuple[bytes, ...]:
    texts = (*known.spelled, *known.encoded, *(json.dumps(way)[1:-1] for way in known.spelled))
    return tuple(dict.fromkeys([text.encode("utf-8", "surrogatepass") for text in texts]))


@lru_cache(maxsize=1_024)
def known(secret: str) -> Known | None:
    """Return *secret* as it is looked for; None: short ones and mere words are not."""
    if len(secret) < LEAST_KNOWN or secret.isalpha() or secret.startswith(MARK):
        return None
    escaped = json.dumps(secret)[1:-1]
    quoted = (quote(secret, ""), quote(secret), quote_plus(secret))
    spelled = (
        *(secret, escaped, escaped.replace("/", "\\/"), json.dumps(escaped)[1:-1]),
        *quoted,
        *(_lower_escapes(way) for way in quoted),
        secret.encode("utf-8", "surrogatepass").hex(),
    )
    anywhere = len(secret) >= LONG_SECRET or looks_drawn(secret)
    return Known(secret, tuple(dict.fromkeys(spelled)), tuple(_in_base64(secret)), anywhere)


def _lower_escapes(text: str) -> str:
    return re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), text)


def _in_base64(secret: str) -> Iterator[str]:
    content = secret.encode("utf-8", "surrogatepass")
    for shift in range(3):
        encoded = b64encode(bytes(shift) + content).decode()
        # The first and the last characters depend on what is beside it.
        middle = encoded[(shift * 8 + 5) // 6 : (shift + len(content)) * 8 // 6]
        yield middle
        if "+" in middle or "/" in middle:
            yield middle.replace("+", "-").replace("/", "_")


def compiled(patterns: Sequence[str]) -> tuple[Pattern, ...]:
    """Return the regular expressions *patterns*.

    Raises:
        UsageError: One of them is none, or fits where there is nothing.

    """
    result: list[Pattern] = []
    for text in patterns:
        try:
            pattern = Pattern(text)
            fits_nothing = pattern.compiled.search("") is not None
        except Failures as error:
            what = f"'{shortened(text)}' is not a regular expression: {error}"
            raise UsageError(f"{what} (what is to be redacted is stated by one)") from error
        if fits_nothing and pattern.compiled.groups == 0:
            raise UsageError(
                f"the regular expression '{shortened(text)}' matches the empty text, and so "
                f"everywhere: state what is to be redacted"
            )
        result.append(pattern)
    return tuple(result)


class Found(NamedTuple):
    """A secret in a text, and what kind of secret it is."""

    taken: Taken
    kind: str


class Finder:
    """Finds secrets in the texts of one exchange."""

    def __init__(self, patterns: Sequence[Pattern], secrets: Iterable[str]) -> None:
        """Look for what *patterns* find, and for *secrets*, besides what looks like a secret."""
        self._patterns = patterns
        self._known = [one for secret in dict.fromkeys(secrets) if (one := known(secret))]
        self._needles = [needle for one in self._known for needle in one.needles]
        self._remembered = lru_cache(maxsize=REMEMBERED)(self._found_in_order)

    def may_be_in(self, content: bytes) -> bool:
        """Return whether there may be a secret in *content*: raw JSON, or a text."""
        return (
            any(map(content.__contains__, self._needles))
            or (may_hold(content) and _ID.fullmatch(content) is None)
            or (bool(self._known) and b"***" in content)
            # Content that has escapes or base64 may hold what they find and not show it.
            or bool(self._patterns)
        )

    def is_clean_json(self, content: bytes) -> bool:
        """Return whether it is plain that there is no secret in the raw JSON *content*.

        Nearly all bodies have ids in them, which look like base64: these are looked at alone.
        """
        if self._patterns or any(map(content.__contains__, self._needles)) or has_sign(content):
            return False
        if b"***" in content or _ESCAPED.search(content):
            return not self.may_be_in(content)
        return not any(run and self.find(run.decode()) for run in _RUNS.findall(content))

    def is_clean(self, text: str) -> bool:
        """Return whether it is plain at first sight that there is no secret in *text*."""
        return not self.may_be_in(text.encode("utf-8", "surrogatepass"))

    def find(self, text: str) -> list[Taken]:
        """Return the secrets in *text*, in order, none within another.

        Raises:
            Unsearchable: It cannot be searched in time.

        """
        return [one.taken for one in self.found_in_order(text)]

    def found_in_order(self, text: str) -> list[Found]:
        """Return the secrets in *text*, in order, each with its kind; none is within another.

        Raises:
            Unsearchable: It cannot be searched in time.

        """
        return (self._remembered if len(text) <= LONGEST_REMEMBERED else self._found_in_order)(text)

    def _found_in_order(self, text: str) -> list[Found]:
        if self.is_clean(text):
            return []
        found = self.found(text)
        if len(found) <= 1:
            return found
        kinds = {one.taken.start: one.kind for one in reversed(found)}
        return [Found(taken, kinds[taken.start]) for taken in in_order(one.taken for one in found)]

    def found(self, text: str, depth: int = DEPTH) -> list[Found]:
        """Return the secrets in *text*, each with its kind; they may overlap."""
        result = [Found(taken, kind_of(taken.secret)) for taken in found_by_looks(text)]
        result += self._found_known(text)
        result += self._found_by_patterns(text)
        if depth:
            result += self._found_encoded(text, depth - 1)
            result += self._found_escaped(text, depth - 1)
        return result

    def _found_escaped(self, text: str, depth: int) -> Iterator[Found]:
        """Yield what is found where escapes of URLs are undone, as in a link."""
        if "%" not in text:
            return
        spelled = url_text(text)
        if spelled.plain != text:
            for taken, kind in self.found(spelled.plain, depth):
                yield Found(Taken(*spelled.span(taken.start, taken.end), taken.secret), kind)

    def _found_known(self, text: str) -> Iterator[Found]:
        for one in self._known:
            for way in one.spelled:
                at = text.find(way)
                while at >= 0:
                    end = at + len(way)
                    if one.anywhere or not (joins(text, at) or joins(text, end)):
                        yield Found(Taken(at, end, one.text), "a secret of the exchange's headers")
                    at = text.find(way, end)
            for middle in one.encoded:
                at = text.find(middle)
                while at >= 0:
                    end = at + len(middle)
                    start, end = _run_around(text, at, end)
                    yield Found(
                        Taken(start, end, text[start:end]),
                        "a secret of the exchange's headers, in base64",
                    )
                    at = text.find(middle, end)
        if self._known and "***" in text:
            yield from self._found_masked(text)

    def _found_masked(self, text: str) -> Iterator[Found]:
        """Yield what providers show of a key that they refuse: `sk-ab****ef`."""
        for found in _MASKED.finditer(text):
            first, last = found[1], found[2].rstrip(".")
            if len(first) + len(last) < LEAST_SHOWN:
                continue
            for one in self._known:
                if one.text.startswith(first) and one.text.endswith(last):
                    start, end = found.start(), found.end() - len(found[2]) + len(last)
                    taken = Taken(start, end, text[start:end])
                    yield Found(taken, "the ends of a secret of the exchange's headers")
                    break

    def _found_by_patterns(self, text: str) -> Iterator[Found]:
        for pattern in self._patterns:
            matches = pattern.every(text, SEARCH_S)
            if matches is None:
                shown = shortened(pattern.text)
                raise Unsearchable(f"the regular expression '{shown}' takes too long to search")
            group = 1 if pattern.compiled.groups else 0
            for match in matches:
                kind = f"what the regular expression '{shortened(pattern.text)}' matches"
                for start, end in _unmarked(text, *match.span(group)):
                    yield Found(Taken(start, end, text[start:end]), kind)

    def _found_encoded(self, text: str, depth: int) -> Iterator[Found]:
        for run in _ENCODED.finditer(text):
            for shift in range(4 if len(run[0]) <= LONGEST_ENCODED else 1):
                decoded = _decoded_text(run[0][shift:])
                if decoded is None:
                    continue
                inner = self.found(decoded, depth)
                if not inner:
                    continue
                kind = f"{inner[0].kind}, in base64"
                start, end = run.start() + shift, run.end()
                if end - start <= LONGEST_ENCODED:
                    yield Found(Taken(start, end, text[start:end]), kind)
                    break
                for taken, _ in inner:
                    first = start + len(decoded[: taken.start].encode()) * 4 // 3
                    last = min(end, start + len(decoded[: taken.end].encode()) * 4 // 3 + 2)
                    yield Found(Taken(first, last, text[first:last]), kind)
                break


def _decoded_text(run: str) -> str | None:
    """Return the text that *run* is in base64; None: it is none, or no text."""
    plain = run.replace("-", "+").replace("_", "/")
    whole = len(plain) // 4 * 4
    left = plain[whole:]
    padded = plain[:whole] + (left + "=" * (4 - len(left)) if len(left) > 1 else "")
    begins = b64decode(padded[: _TEXT_BEGINS // 3 * 4])
    if not _is_text(begins, cut=len(padded) > _TEXT_BEGINS // 3 * 4):
        return None
    try:
        return b64decode(padded).decode()
    except UnicodeDecodeError:
        return None


def _is_text(content: bytes, *, cut: bool) -> bool:
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        if not cut or error.start < len(content) - 3:
            return False
        text = content[: error.start].decode()
    return all(char.isprintable() or char in "\t\r\n" for char in text)


def _run_around(text: str, start: int, end: int) -> tuple[int, int]:
    """Return where the base64 begins and ends that has a part from *start* to *end*."""
    letters = _BASE64_LETTERS
    while start > 0 and text[start - 1] in letters:
        start -= 1
    while end < len(text) and text[end] in letters:
        end += 1
    while end < len(text) and text[end] == "=":
        end += 1
    return start, end


_BASE64_LETTERS: Final = frozenset(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_"
)


def _unmarked(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield what is left of a match from *start* to *end* besides marks in *text*."""
    marks = [found.span() for found in _MARKS.finditer(text) if found.start() < end]
    marks = [span for span in marks if span[1] > start]
    if not marks:
        if end > start:
            yield start, end
        return
    at = start
    for first, last in (*marks, (end, end)):
        if at < first and any(char.isalnum() for char in text[at:first]):
            yield at, first
        at = max(at, last)


def kind_of(secret: str) -> str:
    """Return what kind of secret *secret* looks like, in words."""
    if "PRIVATE KEY" in secret:
        return "a private key"
    if secret.startswith("eyJ"):
        return "a JSON Web Token"
    forms = [form for form in KEY_FORMS if secret.startswith(form.prefix)]
    if forms:
        return f"a key of {max(forms, key=lambda form: len(form.prefix)).maker}"
    return "a password or a token"
