"""What secrets look like in a text, and where they stand in it.

A key is known by the prefix that its maker gives it (`fixtures/secrets.yaml`), a password by the
name in front of it, a private key by its header. Harmless words look much like keys
(`hf_hub_download`, `apikey = config.get_api_key()`): what follows a prefix or a name must look
drawn by lot (`looks_drawn`), or like a password that somebody chose.

Two things are exact here. No search holds the interpreter for longer than a slice takes: long
texts are searched in slices, so that a thread can search while others go on. And no pattern reads
again what it has read before, so that the time grows with the length of the text and no faster.
"""

import re
from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from operator import call
from typing import Any, Final, Literal, cast

import yaml

from mockserver import bundled
from mockserver.records.spelling import Spelled

Span = tuple[int, int]
"""Where a secret begins and ends."""

Judged = tuple[list[Span], int]
"""Which secrets were found, and where to search on."""

SLICE: Final = 64 * 1024
"""How much is searched at once."""
OVERLAP: Final = 512
"""How far slices overlap: no head of a pattern is longer."""
LONGEST_DECODED: Final = 4_096
"""The longest base64 that is taken out whole; of longer ones, only the part with the secret."""

# --- Keys by the prefixes of their makers ----------------------------------------------------

_ALPHABETS: Final = {
    "alnum": r"[A-Za-z0-9]",
    "hex": r"[0-9a-fA-F]",
    "upper": r"[A-Z0-9]",
    "word": r"[A-Za-z0-9_]",
    "token": r"[A-Za-z0-9_-]",
    "dotted": r"[A-Za-z0-9_.-]",
}
_UNBROKEN: Final = frozenset({"alnum", "hex", "upper"})


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyForm:
    """A row of `fixtures/secrets.yaml`, whose head says what its members mean."""

    maker: str
    prefix: str
    of: Literal["alnum", "hex", "upper", "word", "token", "dotted"]
    source: str
    least: int = 0
    exactly: int | None = None
    drawn: bool = True

    def pattern(self) -> str:
        """Return the pattern of what follows the prefix."""
        alphabet = _ALPHABETS[self.of]
        if self.exactly is not None:
            return f"{alphabet}{{{self.exactly}}}(?!{alphabet})"
        return f"{alphabet}{{{self.least},}}+"


def _document() -> dict[str, Any]:
    text = (bundled.folder("fixtures") / "secrets.yaml").read_text("utf-8")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    document: dict[str, Any] = yaml.load(text, Loader=loader)  # noqa: S506 - both loaders are safe
    return document


_DATA: Final = _document()
KEY_FORMS: Final = tuple([KeyForm(**row) for row in _DATA["keys"]])
_PASSWORDS: Final[tuple[str, ...]] = tuple(_DATA["passwords"])
_NAMES: Final[tuple[str, ...]] = (*_DATA["names"], *_PASSWORDS)
_SEPARATED: Final = {
    mark: [form for form in KEY_FORMS if form.prefix.endswith(mark)] for mark in ("-", "_", ".")
}
_JOINED: Final = [form for form in KEY_FORMS if form.prefix[-1].isalnum()]
# A letter before "sk-" makes a word of it ("task-…"), unless it is the end of an escape of JSON.
_BEGINS: Final = r"(?:(?<![A-Za-z0-9])|(?<=\\[bfnrt])|(?<=\\u[0-9a-fA-F]{4}))"


def _separated(mark: str, forms: Sequence[KeyForm]) -> str:
    """Return the pattern that finds the *mark* with which a prefix of *forms* ends.

    It begins with that one character, for which Python looks at the speed of memory.
    """
    behind = "|".join(f"(?<={re.escape(form.prefix)})" for form in forms)
    least = min(form.exactly or form.least for form in forms)
    return rf"{re.escape(mark)}(?=[A-Za-z0-9_.-]{{{least}}})(?:{behind})"


def looks_drawn(text: str) -> bool:
    """Return whether *text* looks drawn by lot, like a key, and not like words or code.

    It does if a long run mixes letters and digits, or if the class of its characters (upper case,
    lower case, digits) changes more often than in words, in code and in names with versions.
    """
    changes = size = 0
    for run in _RUN.findall(text):
        length = len(run)
        turns = len(_PIECE.findall(run)) - 1
        is_mixed = not run.isalpha() and not run.isdigit()
        if length >= LONG_RUN and (is_mixed or turns * 5 >= length or _LONG_CASE.search(run)):
            return True
        if is_mixed and length >= SHORT_RUN and turns >= LEAST_TURNS and turns * 5 >= length:
            return True
        changes += turns
        size += length
    if changes < LEAST_CHANGES:
        return False
    return changes * 5 >= size if size >= 2 * SHORT_RUN else changes * 3 >= size


LONG_RUN: Final = 16
"""Words that are as long hold no digits, and those with digits are shorter."""
SHORT_RUN: Final = 8
LEAST_TURNS: Final = 3
LEAST_CHANGES: Final = 5
_RUN: Final = re.compile(r"[A-Za-z0-9]+")
_PIECE: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
"""A word of a run as in `camelCase2`."""
_LONG_CASE: Final = re.compile(r"[a-z]{26}|[A-Z]{26}|[0-9]{24}")


def _keys(text: str, forms: Sequence[KeyForm], found: re.Match[str]) -> Judged:
    """Return the key whose prefix ends with *found*."""
    end = resume = found.end()
    for form in forms:
        start = end - len(form.prefix)
        if start < 0 or not text.startswith(form.prefix, start):
            continue
        rest = _REST[form.prefix].match(text, end)
        if rest is None or not _BOUNDARY.match(text, start):
            continue
        if not form.drawn or looks_drawn(rest[0]):
            # Dots end sentences, too.
            return [(start, end + len(rest[0].rstrip(".")))], rest.end()
        resume = max(resume, rest.end())
    return [], resume


_REST: Final = {form.prefix: re.compile(form.pattern()) for form in KEY_FORMS}
_BOUNDARY: Final = re.compile(_BEGINS)

# --- Other secrets ---------------------------------------------------------------------------

_LINE_END: Final = r"(?:\s|\\{1,8}[nrt])"
_PRIVATE_KEY: Final = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:"
    # Whole: whatever stands before its end.
    r"(?P<whole>[^-]*+(?:-(?!----)[^-]*+)*+)-----END [A-Z0-9 ]{0,40}-----|"
    # Cut: as far as it goes on like one, line by line.
    rf"(?P<cut>{_LINE_END}*+(?:[A-Za-z][A-Za-z-]{{1,20}}: [^\n\\]{{0,200}}{_LINE_END}++)*+"
    rf"[A-Za-z0-9+/=]{{16,}}+(?:{_LINE_END}++[A-Za-z0-9+/=]{{16,}}+)*+"
    rf"(?:{_LINE_END}*+[A-Za-z0-9+/=]*+\\{{0,8}}\Z)?))"
)
_LETTERS: Final = r"[A-Za-z0-9._~+/-]{8,}+=*+"
_BEARER: Final = re.compile(r"earer(?<=[Bb]earer)(?:\s|%20|\+){1,20}(" + _LETTERS + ")")
_JWT: Final = re.compile(r"eyJ[A-Za-z0-9_-]{5,512}+\.[A-Za-z0-9_-]{5,}+\.[A-Za-z0-9_-]*+")
_JWT_BEGINS: Final = re.compile(r"(?<![A-Za-z0-9_-])|(?<=\\[bfnrt])")
_IN_URL: Final = re.compile(r":\\{0,8}/\\{0,8}/[^\s/@:\"'\\<>]{0,256}+:([^\s/@\"'\\<>]{1,256})@")
_URL_GATE: Final = r":\\{0,8}/\\{0,8}/[^\s/@:\"'\\<>]{0,256}+:[^\s/@\"'\\<>]{1,256}@"


def _private_keys(text: str, found: re.Match[str]) -> Judged:
    del text
    # "Between -----BEGIN PRIVATE KEY----- and -----END PRIVATE KEY-----" holds no key.
    whole = found["whole"]
    return _if(found, whole is None or len("".join(_LONG_PIECE.findall(whole))) >= SHORT_RUN)


_LONG_PIECE: Final = re.compile(r"(?=[^\s\\]*[0-9+/=A-Z][^\s\\]*)[A-Za-z0-9+/=]{8,}")


def _bearers(text: str, found: re.Match[str]) -> Judged:
    del text
    return _if(found, looks_drawn(found[1]) or _is_chosen(found[1], SHORT_RUN), 1)


def _jwts(text: str, found: re.Match[str]) -> Judged:
    return _if(found, _JWT_BEGINS.match(text, found.start()) is not None)


def _url_passwords(text: str, found: re.Match[str]) -> Judged:
    del text
    return _if(found, not is_placeholder(found[1]), 1)


def _if(found: re.Match[str], is_secret: bool, group: int = 0) -> Judged:  # noqa: FBT001 - it is what is asked
    return ([found.span(group)] if is_secret else []), found.end()


# --- By the name in front of it --------------------------------------------------------------

_SIGNED: Final = re.compile(
    r"(?P<close>\\{0,8}[\"'`])?(?P<sign>\s{0,20}(?::=|=>|[:=])\s{0,20}|%3D)"
    r"(?:(?P<slashes>\\{0,8})(?P<quote>[\"'`]))?",
    re.IGNORECASE,
)
"""What stands between a name and its value."""
LONGEST_NAME: Final = 40
_ENDINGS: Final = (
    *("key", "token", "secret", "passwo?r?d", "pwd", "phrase", "rization", "signature"),
)
# In raw JSON, quotes have backslashes.
_RAW_SIGN: Final = r"[\"'`\\]{0,9}(?:\s{0,20}[:=]|%3d)"
_NAME_ENDS: Final = tuple(re.compile(f"{ending}(?={_RAW_SIGN})") for ending in _ENDINGS)
_KEY_PARAMETER: Final = re.compile(r"[?&](?:key|sig|token)=(" + _LETTERS + ")")
_SCHEME: Final = re.compile(r"(?i)(?:bearer|basic|token)(?:\s|\+|%20)+")
# A password may have any character but those that end it in a file, an URL or a sentence.
LONGEST_CHOSEN: Final = 256
_CHOSEN_VALUE: Final = re.compile(
    rf"(?:[^\s\"'`,;<>(){{}}\[\]\\&]|&(?![\w.-]{{1,40}}=)){{1,{LONGEST_CHOSEN}}}+"
)
_TO_ITS_END: Final = re.compile(r"[^\s\"'`,;<>(){}\[\]\\&]*+")
_CREDENTIAL: Final = re.compile(_LETTERS)
_PLACEHOLDER: Final = re.compile(
    r"(?i)(?:str(?:ing)?|text|secretstr|null|none|nil|true|false|undefined|any|unknown|optional|"
    r"required|password|passwd|secret|token|api[-_ ]?key|example|redacted|hidden|masked|n/?a|"
    r"your[-_ ].*|my[-_](?:api[-_]?key|password|secret|token)|<.*>|\$.*|%\(?\w+\)?s?%?|\{.*\}|"
    r"\[.*\]|[*xX•._-]{3,}|…|#.*)"
)
_CODE: Final = re.compile(
    r"(?:[A-Za-z_]\w*\.)+[A-Za-z_]\w*|(?:\.{0,2}|~)/.*|[A-Za-z]:[\\/].*|(?:file|https?|env|os)[:.].*"
)
_TECHNICAL: Final = re.compile(
    r"(?i)(?:sha|md|base|utf|u?int|float|varchar|v|bcrypt|argon|pbkdf|x|aes|rsa|ed|hs|rs|es|oauth|"
    r"http|ipv|scrypt|text|step|line|page|item|part)[-_]?\d+\w*"
)


def is_secret_name(name: str) -> bool:
    """Return whether what is called *name* is a secret: `apiKey`, `DB_PASSWORD`."""
    return _squeezed(name).endswith(_NAMES)


def _squeezed(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "").replace(" ", "")


def _lowered(text: str) -> str:
    """Return *text* in lower case, each character in its place."""
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    return "".join([char.lower() if char.isascii() else char for char in text])


def _values(text: str) -> Iterator[Span]:
    """Yield the values in *text* that stand after the name of a secret."""
    lowered, at = _lowered(text), 0
    for start in range(0, len(text), SLICE):
        stop = min(len(text), start + SLICE + OVERLAP)
        ends = {found.end() for end in _NAME_ENDS for found in end.finditer(lowered, start, stop)}
        for end in sorted(ends):
            name = _squeezed(lowered[max(0, end - LONGEST_NAME) : end])
            if end <= at or not name.endswith(_NAMES):
                continue
            found = _SIGNED.match(text, end)
            if found is not None:
                secrets, at = _value(text, name, found)
                yield from secrets


def is_placeholder(value: str) -> bool:
    """Return whether *value* only shows where a secret belongs: `string`, `<key>`, `${KEY}`."""
    return _PLACEHOLDER.fullmatch(value) is not None


def _is_chosen(value: str, least: int) -> bool:
    """Return whether *value* looks like a chosen password: letters and digits mixed."""
    if len(value) < least:
        return False
    runs = [run for run in _RUN.findall(value) if not _TECHNICAL.fullmatch(run)]
    mixed = any(not run.isalpha() and not run.isdigit() for run in runs)
    return mixed or (
        any(char.isdigit() for char in value) and re.search("[!@#$%^&*?]", value) is not None
    )


def _value(text: str, name: str, found: re.Match[str]) -> Judged:
    """Return the value after *name* and the sign that was *found*."""
    start, is_quoted = found.end(), found["quote"] is not None
    if is_quoted:
        end = _closing(text, start, found["slashes"], found["quote"])
        scheme = _SCHEME.match(text, start, end)
        start = scheme.end() if scheme is not None else start
    else:
        scheme = _SCHEME.match(text, start)
        start = scheme.end() if scheme is not None else start
        pattern = _CREDENTIAL if scheme is not None else _CHOSEN_VALUE
        stated = pattern.match(text, start)
        end = stated.end() if stated is not None else start
    value = text[start:end]
    if not value or value.startswith("[redacted ") or is_placeholder(value):
        return [], end if is_quoted else start
    if is_quoted and found["close"] is not None:
        return [(start, end)], end  # a member of JSON, or of what looks like it
    if scheme is not None:
        is_secret = (
            looks_drawn(value) or _is_chosen(value, SHORT_RUN) or _is_basic(scheme[0], value)
        )
    else:
        if not is_quoted:
            end = start + len(value.rstrip(".:!?"))
        is_secret = _is_secret(text, name, found, (start, end))
    if not is_secret:
        return [], end if is_quoted else start
    if end - start >= LONGEST_CHOSEN and not is_quoted:
        end = cast(re.Match[str], _TO_ITS_END.match(text, end)).end()
    return [(start, end)], end


def _is_secret(text: str, name: str, found: re.Match[str], span: Span) -> bool:
    """Return whether what stands at *span* in *text* is the value of *name* and no code."""
    start, end = span
    value, is_quoted = text[start:end], found["quote"] is not None
    if not is_quoted and text[end : end + 1] in {"(", "["}:
        return False
    if looks_drawn(value) and not _CODE.fullmatch(value):
        return True
    if len(value) >= 16 and _HEX.fullmatch(value):  # noqa: PLR2004 - as keys are at the least
        return True
    if _CODE.fullmatch(value) and not (is_quoted and re.search(r"\d", value)):
        return bool(
            _BASE64.fullmatch(value) and re.search(r"[+/=]", value[1:]) and looks_drawn(value)
        )
    if name.endswith(_PASSWORDS):
        tight = is_quoted or (found["sign"].strip(" ") == found["sign"] and "=" in found["sign"])
        has_digit = re.search(r"\d", value) is not None and not _TECHNICAL.fullmatch(value)
        return len(value) >= 6 and (_is_chosen(value, 6) or (tight and has_digit))  # noqa: PLR2004 - shorter are no secret worth it
    return _is_chosen(value, 8)


_HEX: Final = re.compile(r"(?i)(?=[0-9a-f-]*\d)[0-9a-f-]+")
_BASE64: Final = re.compile(r"[A-Za-z0-9+/=]+")


def _is_basic(scheme: str, value: str) -> bool:
    """Return whether *value* is a name and a password in base64."""
    if not scheme.lower().startswith("basic"):
        return False
    try:
        return b":" in b64decode(value + "=" * (-len(value) % 4))
    except ValueError:
        return False


def _closing(text: str, start: int, slashes: str, quote: str) -> int:
    """Return where the value ends that begins at *start* behind a *quote* with *slashes*.

    That is at the next such quote, at the end of the line if the quote is none of JSON's, or at the
    end of a text that was cut.
    """
    if not slashes:
        pattern = _ENDS[quote]
        found = pattern.match(text, start)
        return found.end() if found is not None else start
    closing = slashes + quote
    end = text.find(closing, start)
    while end > 0 and text[end - 1] == "\\":
        # More backslashes: a quote within the value.
        end = text.find(closing, end + len(closing))
    return end if end >= 0 else len(text)


_ENDS: Final = {
    '"': re.compile(r'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL),
    "'": re.compile(r"[^'\\\n]*+(?:\\.[^'\\\n]*+)*+"),
    "`": re.compile(r"[^`\\\n]*+(?:\\.[^`\\\n]*+)*+"),
}


def _parameters(text: str, found: re.Match[str]) -> Judged:
    del text
    return _if(found, looks_drawn(found[1]) or _is_chosen(found[1], SHORT_RUN), 1)


# --- Runs of letters and digits: keys without a separator, and base64 -------------------------

_LEAST_RUN: Final = 20
_BASE64_RUN: Final = re.compile(rf"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{{{_LEAST_RUN},}}+")
_IS_ALNUM: Final = bytes(97 if bytes([code]).isalnum() else 32 for code in range(256))
_RUN_OF_LEAST: Final = b"a" * _LEAST_RUN


def _encoded(text: str, found: re.Match[str]) -> Judged:
    """Return the base64 in a run that holds secrets of kinds that are known by themselves."""
    del text
    run, start = found[0], found.start()
    # Where it begins is known, but for what stands in front of it without a break: a path.
    for shift in range(4 if len(run) <= LONGEST_DECODED else 1):
        decoded = _decoded(run[shift:])
        if not _in_slices(decoded, _may_hold_within):
            continue
        inner = spans(decoded.decode("latin-1"), FAMILIES_WITHIN)
        if inner and len(run) <= LONGEST_DECODED:
            return [found.span()], found.end()
        if inner:
            parts = [(begin * 4 // 3, min(len(run), end * 4 // 3 + 2)) for begin, end in inner]
            return [(start + begin, start + end) for begin, end in parts], found.end()
    return [], found.end()


def _decoded(run: str) -> bytes:
    whole = len(run) // 4 * 4
    left = run[whole:]
    return b64decode(run[:whole] + (left + "=" * (4 - len(left)) if len(left) > 1 else ""))


# --- Families --------------------------------------------------------------------------------

Judge = Callable[[str, re.Match[str]], Judged]


@dataclass(frozen=True, slots=True)
class Family:
    """Secrets that are found alike.

    A text with one of them passes one of the *gates*, searches in bytes that cost next to nothing;
    *finder* finds where one may stand, and *judge* says where it does.
    """

    gates: tuple[str, ...]
    finder: re.Pattern[str]
    judge: Judge


def _keys_of(forms: Sequence[KeyForm]) -> Judge:
    # Longer prefixes say more: "sk-ant-" before "sk-".
    ordered = sorted(forms, key=lambda form: -len(form.prefix))
    return lambda text, found: _keys(text, ordered, found)


_PREFIXED: Final = tuple(
    Family((pattern := _separated(mark, forms),), re.compile(pattern), _keys_of(forms))
    for mark, forms in _SEPARATED.items()
) + tuple(
    # Most are one long run of letters and digits, which `may_hold` looks for anyway.
    Family(
        () if form.of in _UNBROKEN else (form.prefix,), re.compile(form.prefix), _keys_of([form])
    )
    for form in _JOINED
)
FAMILIES_WITHIN: Final = (
    *_PREFIXED,
    Family(("PRIVATE KEY",), _PRIVATE_KEY, _private_keys),
    Family((r"eyJ[\w-]{5,256}\.",), _JWT, _jwts),
)
"""What is looked for in base64, too: kinds that are known by themselves."""


_OTHERS: Final = (
    Family((r"earer[\s%+\\]",), _BEARER, _bearers),
    Family((_URL_GATE,), _IN_URL, _url_passwords),
    Family((r"[?&](?:key|sig|token)=",), _KEY_PARAMETER, _parameters),
)
_FAMILIES: Final = (*FAMILIES_WITHIN, *_OTHERS, Family((), _BASE64_RUN, _encoded))
_IN_RUNS: Final = tuple([family for family in _FAMILIES if not family.gates])
"""What is known by nothing but a long run of letters and digits."""
# Characters that need no escape and have one: what they spell is looked at too.
_ESCAPABLE: Final = "2[de]|3[0-9ad]|4[1-9a-f]|5[0-9af]|6[1-9a-f]|7[0-9a]"
_PERCENT: Final = "2[de]|3[0-9]|4[1-9a-f]|5[0-9af]|6[1-9a-f]|7[0-9a]"
_ESCAPES: Final = re.compile(rf"\\{{1,16}}(?:u00|x)(?:{_ESCAPABLE})|%(?:{_PERCENT})", re.IGNORECASE)
_RAW_ESCAPES: Final = (rf"\\u00(?i:{_ESCAPABLE})", rf"\\x(?i:{_ESCAPABLE})", rf"%(?i:{_PERCENT})")

Search = Callable[[bytes], Any]


def _gates(families: Iterable[Family]) -> tuple[Search, ...]:
    return tuple(
        re.compile(gate.encode(), re.ASCII).search for family in families for gate in family.gates
    )


_GATES_WITHIN: Final = _gates(FAMILIES_WITHIN)
_GATES: Final = (
    *_GATES_WITHIN,
    *_gates(_OTHERS),
    *(re.compile(gate.encode()).search for gate in _RAW_ESCAPES),
)
_NAME_GATES: Final = tuple(
    re.compile(f"{ending}{_RAW_SIGN}".encode()).search for ending in _ENDINGS
)
_call = cast(Callable[..., Any], call)


def may_hold(content: bytes) -> bool:
    """Return whether *content*, raw JSON or a text, may hold a secret: few others pass."""
    return _in_slices(content, _may_hold)


def _in_slices(content: bytes, test: Callable[[bytes], bool]) -> bool:
    if len(content) <= SLICE:
        return test(content)
    return any(
        test(content[start : start + SLICE + OVERLAP]) for start in range(0, len(content), SLICE)
    )


def _may_hold(content: bytes) -> bool:
    return _has_sign(content) or _RUN_OF_LEAST in content.translate(_IS_ALNUM)


def has_sign(content: bytes) -> bool:
    """Return whether *content* shows more of a secret than a long run of letters and digits."""
    return _in_slices(content, _has_sign)


def _has_sign(content: bytes) -> bool:
    """Return whether *content* has what all secrets have but those in base64."""
    # Without a loop of Python's: this is done for each request.
    return any(map(_call, _GATES, repeat(content))) or any(
        map(_call, _NAME_GATES, repeat(content.lower()))
    )


def _may_hold_within(content: bytes) -> bool:
    return any(map(_call, _GATES_WITHIN, repeat(content))) or _RUN_OF_LEAST in content.translate(
        _IS_ALNUM
    )


def find_secrets(text: str) -> list[Span]:
    """Return where secrets stand in *text*, in order; they do not overlap."""
    if not has_sign(text.encode("utf-8", "surrogatepass")):
        return spans(text, _IN_RUNS)
    return merged((*spans(text, _FAMILIES), *_values(text)))


def unescaped(text: str) -> Spelled | None:
    """Return *text* without the escapes that it does not need; None: there are none such."""
    spelled = Spelled(text, _ESCAPES, lambda escape: chr(int(escape[-2:], 16)))
    return None if spelled.plain == text else spelled


def spans(text: str, families: Iterable[Family]) -> list[Span]:
    """Return where secrets of *families* stand in *text*, in order; they do not overlap."""
    found: list[Span] = []
    for family in families:
        found += _found(family, text)
    return merged(found)


def _found(family: Family, text: str) -> Iterator[Span]:
    """Yield where secrets of *family* stand in *text*, which is searched in slices."""
    finder, at = family.finder, 0
    for start in range(0, len(text), SLICE):
        stop = start + SLICE
        at = max(at, start)
        while at < stop:
            match = finder.search(text, at, min(len(text), stop + OVERLAP))
            if match is None or match.start() >= stop:
                break
            # It may go on beyond the slice.
            match = finder.match(text, match.start()) or match
            secrets, resume = family.judge(text, match)
            yield from secrets
            at = max(resume, match.end(), at + 1)


def merged(found: Iterable[Span]) -> list[Span]:
    """Return the spans of *found* in order, those that overlap as one."""
    result: list[Span] = []
    for start, end in sorted(found, key=lambda span: (span[0], -span[1])):
        if result and start < result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        elif end > start:
            result.append((start, end))
    return result
