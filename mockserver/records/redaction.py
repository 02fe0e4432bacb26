"""Takes secrets out of what is kept and shown: keys, tokens, passwords, cookies.

What is taken out becomes `[redacted 1a2b3c4d]`, where the eight digits are the beginning of
the secret's SHA-256: two texts hold the same secret if their marks are the same, and a test
can assert on it (`fingerprint("sk-…")`). Everything here is a pure function.

A body is redacted before it is kept, for every request, so the common case must cost next to
nothing: a few searches for what all secrets have and most texts have not (`may_hold`). What is
redacted is a text: of JSON, each text by itself, so that nothing else changes; and redaction comes
before cutting, since of a secret that was cut nobody knows that it was one.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Final, NamedTuple
from urllib.parse import unquote_plus

import msgspec

from mockserver.records.secret_looks import (
    Span,
    find_secrets,
    is_placeholder,
    is_secret_name,
    may_hold,
    unescaped,
)
from mockserver.records.spelling import Spelled, json_text

SECRET_HEADERS: Final = frozenset(
    {
        *("authorization", "proxy-authorization", "cookie", "set-cookie", "cookie2", "set-cookie2"),
        *("api-key", "x-api-key", "apikey", "x-goog-api-key", "ocp-apim-subscription-key"),
        # Whose account it is.
        *("openai-organization", "openai-project", "anthropic-organization-id"),
        *("x-goog-user-project", "chatgpt-account-id"),
    }
)
"""Headers whose values are secrets, whatever they look like."""
SECRET_WORDS: Final = frozenset({"token", "secret", "password", "apikey", "credential"})
"""A header or parameter whose name has one of these words holds a secret too."""
SECRET_PARAMETERS: Final = frozenset({"api-key", "api_key", "apikey", "key", "sig", "code"})
"""Parameters of a query whose values are secrets."""
LEAST_KNOWN: Final = 8
"""A secret that is known from a header is looked for elsewhere if it is at least this long."""
CLIENTS: Final = 256
"""Sets of headers that are remembered, each as one client sends it."""
LONGEST_SET: Final = 4_096
"""How long such a set may be to be remembered."""
REMEMBERED: Final = 2_048
LONGEST_REMEMBERED: Final = 512
"""Texts and headers are remembered up to this length: they come again with each request."""

LONGEST_READ: Final = 8_192
"""How much more of a text is read to show its beginning: secrets are taken out before it is cut."""
LONGEST_NAME: Final = 128
"""Longer names of members say nothing of their values."""

MARK: Final = "[redacted "


@lru_cache(maxsize=REMEMBERED)
def fingerprint(secret: str) -> str:
    """Return the eight hex digits by which *secret* is known once it is taken out."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def mark(secret: str) -> str:
    """Return what stands in the place of *secret*."""
    return f"{MARK}{fingerprint(secret)}]"


# --- Texts -----------------------------------------------------------------------------------


def redact_text(text: str, secrets: Iterable[bytes] = ()) -> str:
    """Return *text* without *secrets*, and without what looks like one."""
    redacted = _remembered_text(text) if len(text) <= LONGEST_REMEMBERED else _redact_text(text)
    return _without_known(redacted, _sought(secrets)) if secrets else redacted


def beginning(text: str, length: int) -> str:
    """Return the beginning of *text* without secrets, and only then cut after *length*."""
    return redact_text(text[: length + LONGEST_READ])[:length]


class Taken(NamedTuple):
    """A secret in a text: where it is, and what it says; empty: it was marked before."""

    start: int
    end: int
    secret: str


Find = Callable[[str], Sequence[Taken]]
"""What finds secrets in a text: in order, none within another."""


def found_by_looks(text: str) -> list[Taken]:
    """Return what looks like a secret in *text*, with characters escaped or not."""
    if not may_hold(text.encode("utf-8", "surrogatepass")):
        return []
    found = [Taken(start, end, text[start:end]) for start, end in find_secrets(text)]
    spelled = unescaped(text)
    if spelled is not None:
        plain = spelled.plain
        for start, end in find_secrets(plain):
            found.append(Taken(*spelled.span(start, end), plain[start:end]))
    return in_order(found)


def in_order(found: Iterable[Taken]) -> list[Taken]:
    """Return *found* in order, those that overlap as one."""
    result: list[Taken] = []
    for taken in sorted(found, key=lambda taken: (taken.start, -taken.end)):
        if result and taken.start < result[-1].end:
            last = result[-1]
            longer = max(last, taken, key=lambda one: len(one.secret))
            result[-1] = Taken(last.start, max(last.end, taken.end), longer.secret)
        elif taken.end > taken.start:
            result.append(taken)
    return result


def without(text: str, found: Iterable[Taken]) -> str:
    """Return *text* with a mark in the place of each secret that was *found*."""
    pieces: list[str] = []
    at = 0
    for start, end, secret in found:
        pieces += (text[at:start], _mark_of(secret))
        at = end
    return "".join((*pieces, text[at:])) if pieces else text


def _redact_text(text: str) -> str:
    return without(text, found_by_looks(text))


# Paths, models, scripted answers: they come again and again.
_remembered_text = lru_cache(maxsize=REMEMBERED)(_redact_text)


def found_in_member(value: str) -> list[Taken]:
    """Return what is a secret of *value*, the text of a member whose name says that it has one."""
    scheme, blank, rest = value.partition(" ")
    if not (blank and rest and scheme.lower() in {"bearer", "basic"}):
        scheme, blank, rest = "", "", value
    if not rest or rest.startswith(MARK) or is_placeholder(rest):
        return []
    return [Taken(len(scheme) + len(blank), len(value), rest)]


# --- Secrets that are known from the request's own headers -----------------------------------


def _sought(secrets: Iterable[bytes]) -> list[str]:
    """Return those of *secrets* that are looked for."""
    return [spelled[0] for secret in secrets if (spelled := _spelled(secret)) is not None]


@lru_cache(maxsize=REMEMBERED)
def _spelled(secret: bytes) -> tuple[str, tuple[bytes, ...]] | None:
    """Return *secret* as a text, and as it may stand in JSON; None: it is not looked for.

    Short ones are not, nor mere words: a dummy key that is one (`assistant`, `messages`) would be
    found in every request.
    """
    text = secret.decode("utf-8", "surrogatepass")
    if len(text) < LEAST_KNOWN or text.isalpha() or text.startswith(MARK):
        return None
    spelled = json.dumps(text)[1:-1]
    ways = dict.fromkeys((text, spelled, spelled.replace("/", "\\/")))
    return text, tuple([way.encode("utf-8", "surrogatepass") for way in ways])


def _without_known(text: str, secrets: Iterable[str]) -> str:
    return without(text, _found_known(text, secrets))


def _found_known(text: str, secrets: Iterable[str]) -> list[Taken]:
    """Return where *secrets* are in *text* by themselves, and in no longer word."""
    found: list[Taken] = []
    for secret in secrets:
        at = text.find(secret)
        while at >= 0:
            end = at + len(secret)
            if not (joins(text, at) or joins(text, end)):
                found.append(Taken(at, end, secret))
            at = text.find(secret, end)
        found += [Taken(start, end, text[start:end]) for start, end in _cut(text, secret)]
    return in_order(found)


def _cut(text: str, secret: str) -> Iterator[Span]:
    """Yield where the beginning of *secret* stands at the end of *text*, which may have been cut.

    An answer that repeats what was asked is cut after so many tokens or characters.
    """
    end = len(text.removesuffix("…"))
    at = text.find(secret[:LEAST_KNOWN], max(0, end - len(secret) + 1), end)
    while at >= 0:
        if secret.startswith(text[at:end]) and not joins(text, at):
            yield at, end
            return
        at = text.find(secret[:LEAST_KNOWN], at + 1, end)


def joins(text: str, at: int) -> bool:
    """Return whether the characters before and after *at* belong to one word."""
    pair = text[max(0, at - 1) : at + 1]
    return 0 < at < len(text) and pair.isalnum() and pair.isascii()


# --- Bodies ----------------------------------------------------------------------------------


def _in_utf8(content: bytes) -> bytes:
    """Return *content* in UTF-8 if it is JSON in UTF-16 or UTF-32, which JSON may come in."""
    try:
        text = content.decode(json.detect_encoding(content))
    except UnicodeDecodeError:
        return content
    return text.encode() if text.lstrip()[:1] in {"{", "[", '"'} else content


def redact(content: bytes) -> bytes:
    """Return the body *content* without secrets. One that has none is returned as it is.

    The structure stays that was sent: in JSON, only what texts say is changed.
    """
    if 0 in content[:4]:
        content = _in_utf8(content)
    if not may_hold(content):
        return content
    return taken_out(content, found_by_looks, members=True)


def redact_known(content: bytes, secrets: Iterable[bytes]) -> bytes:
    """Return the body *content* without *secrets*, whatever they look like.

    Short ones and words stay, and so does the structure of JSON.
    """
    for secret in secrets:
        spelled = _spelled(secret)
        if spelled is None:
            continue
        text, ways = spelled
        if any(way in content for way in ways) or (
            b"\\u00" in content and _ESCAPED_ASCII.search(content)
        ):
            content = taken_out(content, partial(_found_known, secrets=(text,)))
    return content


_ESCAPED_ASCII: Final = re.compile(rb"\\u00[2-7]")
"""What nobody has to escape, in which anything may be spelled."""


@dataclass(frozen=True, slots=True)
class Edit:
    """The bytes from *start* to *end* of a body become *new*."""

    start: int
    end: int
    new: bytes


def edited(content: bytes, edits: Sequence[Edit]) -> bytes:
    """Return *content* with *edits*, which are in order; without any, it is the same object."""
    pieces: list[bytes] = []
    at = 0
    for edit in edits:
        pieces += (content[at : edit.start], edit.new)
        at = edit.end
    return b"".join((*pieces, content[at:])) if pieces else content


def taken_out(content: bytes, find: Find, *, members: bool = False) -> bytes:
    """Return *content* with the `edits_of` it."""
    return edited(content, edits_of(content, find, members=members))


def edits_of(content: bytes, find: Find, *, members: bool = False) -> list[Edit]:
    """Return what makes marks of what *find* finds in *content*, and leaves the rest as it is.

    It is searched in the texts of JSON, or in the whole if it is not JSON. With *members*, the
    texts of members whose names say so are taken out altogether.
    """
    if not is_json(content):
        text = content.decode("utf-8", "surrogateescape")
        return edits_at(Spelled(text), find(text))
    edits: list[Edit] = []
    follows = -1  # where a value has to begin that belongs to a name of a secret
    for literal in LITERAL.finditer(content):
        spelled, is_name = literal[1], literal[2] is not None
        hides = literal.start() == follows
        follows = -1
        if is_name and members and len(spelled) <= LONGEST_NAME and is_secret_name(_text(spelled)):
            follows = literal.end()
        if len(spelled) < LEAST_KNOWN and not hides:
            continue
        text = _text(spelled)
        found = found_in_member(text) if hides else find(text)
        if found:
            edits += edits_at(json_text(decoded(spelled)), found, literal.start(1))
    return edits


def decoded(spelled: bytes) -> str:
    """Return *spelled*, which may hold any bytes, as characters."""
    return spelled.decode("utf-8", "surrogateescape")


def edits_at(spelled: Spelled, found: Iterable[Taken], offset: int = 0) -> list[Edit]:
    """Return what makes marks of what is *found* in a text that is *spelled* so at *offset*."""
    edits: list[Edit] = []
    for start, end, secret in found:
        first, last = spelled.span(start, end)
        before = len(spelled.spelled[:first].encode("utf-8", "surrogateescape"))
        size = len(spelled.spelled[first:last].encode("utf-8", "surrogateescape"))
        new = _mark_of(secret).encode()
        edits.append(Edit(offset + before, offset + before + size, new))
    return edits


def _mark_of(secret: str) -> str:
    """Return the mark of *secret* as it is in a text, where slashes may have backslashes."""
    return mark(secret.replace("\\/", "/")) if secret else ""


LITERAL: Final = re.compile(rb'"([^"\\]*+(?:\\.[^"\\]*+)*+)"(\s*+:\s*+)?', re.DOTALL)
"""A text of JSON; if it is the name of a member, with what stands between it and the value."""


def _text(spelled: bytes) -> str:
    """Return what the text of JSON says that is *spelled* so."""
    if b"\\" not in spelled:
        return spelled.decode("utf-8", "surrogateescape")
    try:
        text: str = json.loads(b'"%b"' % spelled, strict=False)
    except ValueError:
        return spelled.decode("utf-8", "surrogateescape")
    return text


def is_json(content: bytes) -> bool:
    """Return whether `json.loads` takes *content*; no value is made of it."""
    try:
        msgspec.json.decode(content, type=msgspec.Raw)
    except (msgspec.DecodeError, RecursionError):
        pass
    else:
        return True
    # What Python reads besides: halves of pairs, and numbers that are none.
    lenient = _HALVES.sub(rb"\\n", content).replace(b"NaN", b"0").replace(b"Infinity", b"0")
    try:
        msgspec.json.decode(lenient, type=msgspec.Raw)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


_HALVES: Final = re.compile(rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")


# --- Headers and queries ---------------------------------------------------------------------


def redact_headers(
    headers: Iterable[tuple[str, str]],
) -> tuple[Mapping[str, str], tuple[bytes, ...]]:
    """Return *headers* by lower-case name without secrets, and the secrets that were there.

    Of several of one name the first is kept, as rules see them.
    """
    given = tuple(headers)
    # A client sends the same ones with each request, so that all of them are looked up at once.
    known = _CLIENTS.get(given)
    if known is None:
        known = _redact_headers(given)
        if sum(len(name) + len(value) for name, value in given) <= LONGEST_SET:
            if len(_CLIENTS) >= CLIENTS:
                _CLIENTS.clear()
            _CLIENTS[given] = known
    return known


_CLIENTS: Final[dict[tuple[tuple[str, str], ...], tuple[Mapping[str, str], tuple[bytes, ...]]]] = {}


def _redact_headers(
    headers: tuple[tuple[str, str], ...],
) -> tuple[Mapping[str, str], tuple[bytes, ...]]:
    kept: dict[str, str] = {}
    secrets: list[bytes] = []
    for name, value in headers:
        lower, redacted, secret = _redact_header(name, value)
        if secret is not None:
            secrets.append(secret)
        kept.setdefault(lower, redacted)
    return kept, tuple(secrets)


def _redact_header(name: str, value: str) -> tuple[str, str, bytes | None]:
    """Return name and value of a header as they are kept, and the secret that it was there for."""
    lower = name.lower()
    if not is_secret_header(lower):
        return lower, redact_text(value), None
    scheme, blank, secret = value.partition(" ")
    if not (blank and scheme.isalpha()):
        # A scheme tells how a secret is handed over, and is none.
        scheme, blank, secret = "", "", value
    secret = secret.strip()
    return lower, f"{scheme}{blank}{mark(secret)}", secret.encode("utf-8", "surrogatepass")


@lru_cache(maxsize=REMEMBERED)
def is_secret_header(lower: str) -> bool:
    """Return whether the header called *lower*, in lower case, holds a secret whatever it says."""
    return lower in SECRET_HEADERS or not SECRET_WORDS.isdisjoint(re.split(r"[-_]", lower))


def is_secret_parameter(lower: str) -> bool:
    """Return whether the parameter of a query called *lower*, in lower case, holds a secret."""
    return lower in SECRET_PARAMETERS or not SECRET_WORDS.isdisjoint(re.split(r"[-_]", lower))


def redact_query(query: str) -> tuple[str, tuple[bytes, ...]]:
    """Return the raw *query* of a request target without secrets, and those that were there."""
    if not query:
        return query, ()
    parts = query.split("&")
    secrets: list[bytes] = []
    for number, part in enumerate(parts):
        name, equals, value = part.partition("=")
        lower = unquote_plus(name).lower()
        if is_secret_parameter(lower):
            secret = unquote_plus(value)
            secrets.append(secret.encode("utf-8", "surrogatepass"))
            parts[number] = f"{name}{equals}{mark(secret)}" if equals else name
        elif "%" in part:
            # A pattern would not know a secret whose characters are escaped.
            plain = unquote_plus(part)
            redacted = redact_text(plain)
            parts[number] = part if redacted == plain else redacted
    return redact_text("&".join(parts)), tuple(secrets)
