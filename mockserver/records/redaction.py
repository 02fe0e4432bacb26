"""Takes secrets out of what is kept and shown: keys, tokens, passwords, cookies.

What is taken out becomes `[redacted 1a2b3c4d]`, where the eight digits are the beginning of
the secret's SHA-256: two texts hold the same secret if their marks are the same, and a test
can assert on it (`fingerprint("sk-…")`). Everything here is a pure function.

A body is redacted before it is kept, for every request, so the common case must cost next to
nothing. Each family of secrets has a gate: a search for what all of them have in common, and
most texts have not. Only behind it stand the patterns themselves, which are exact and slow.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from itertools import repeat
from operator import call
from typing import Final, NamedTuple, cast
from urllib.parse import unquote_plus

SECRET_HEADERS: Final = frozenset(
    {
        *("authorization", "proxy-authorization", "cookie", "set-cookie", "openai-organization"),
        *("api-key", "x-api-key", "apikey", "x-goog-api-key", "ocp-apim-subscription-key"),
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

MARK: Final = "[redacted "


@lru_cache(maxsize=REMEMBERED)
def fingerprint(secret: str) -> str:
    """Return the eight hex digits by which *secret* is known once it is taken out."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def mark(secret: str) -> str:
    """Return what stands in the place of *secret*."""
    return f"{MARK}{fingerprint(secret)}]"


# --- What a secret looks like ----------------------------------------------------------------

Match = re.Match[bytes]


def _mark(secret: bytes) -> bytes:
    plain = secret.replace(rb"\/", b"/")
    plain = re.sub(rb"\\u002([bBfF])", lambda escape: b"+" if escape[1] in b"bB" else b"/", plain)
    return mark(plain.decode("utf-8", "replace")).encode()


def _last(found: Match) -> bytes:
    """Take out the last group of *found*, with which it ends."""
    secret = found[found.lastindex or 0]
    return found[0][: len(found[0]) - len(secret)] + _mark(secret)


def _drawn(found: Match) -> bytes:
    """Take out the last group if it looks drawn by lot: with a digit, or long without a break."""
    secret = found[found.lastindex or 0]
    return _last(found) if re.search(rb"[0-9]|[A-Za-z]{20}", secret) else found[0]


def _member(found: Match) -> bytes:
    """Take out the value of a member of JSON, all but the scheme of a credential."""
    before, slashes, value = found.groups()
    if not value or value.startswith(MARK.encode()):
        return found[0]
    scheme, blank, rest = value.partition(b" ")
    if not (blank and scheme.lower() in {b"bearer", b"basic"}):
        scheme, blank, rest = b"", b"", value
    return before + scheme + blank + _mark(rest) + slashes + b'"'


class _Family(NamedTuple):
    """Secrets that have something in common: a text with one of them has one of the *gates*."""

    gates: tuple[bytes, ...]
    patterns: tuple[tuple[bytes, Callable[[Match], bytes]], ...]


_NAMES: Final = (
    rb"(?:(?:x[-_])?(?:goog[-_])?api[-_ ]?key|(?:access|refresh|auth|id|bearer|session)[-_]?token|"
    rb"client[-_]?secret|secret(?:[-_]?(?:access[-_]?)?key)?|private[-_]?key|passw(?:or)?d|"
    rb"passphrase|(?:proxy[-_])?authorization|subscription[-_]key)"
)
# Behind a name that is no mere word: quotes, and what says that a value follows.
_IS: Final = rb"[\"'\\]{0,8}(?:\s{0,20}[:=]\s{0,20}|%3D)[\"'\\]{0,8}"
# A letter before "sk-" makes a word of it ("task-…"), unless it is the end of an escape of JSON.
_BEGINS: Final = rb"(?:(?<![A-Za-z0-9])|(?<=\\[bfnrt])|(?<=\\u[0-9a-fA-F]{4}))"
# Some writers of JSON escape "/" and "+", which tokens have.
_TOKEN: Final = rb"(?:[A-Za-z0-9._~+/=-]|\\/|\\u002[bBfF]){8,}"

# A gate begins with a byte or more that stand in it as they are: Python looks for those first,
# at the speed of memory. No pattern may begin anew within what it read before, or its time
# would grow faster than the text.
_FAMILIES: Final = (
    _Family(
        (rb"PRIVATE KEY-----",),
        ((rb"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[^-]*+(?:-----END[A-Z ]*-----)?", _last),),
    ),
    _Family(
        (rb"earer[\s%+]",),
        ((rb"\b[Bb]earer(?:\s|%20|\+){1,20}(" + _TOKEN + rb")", _drawn),),
    ),
    _Family(
        (rb"eyJ[\w-]{5,256}\.",),
        (
            (
                rb"(?:(?<![\w-])|(?<=\\[bfnrt]))eyJ[\w-]{5,256}+\.[\w-]{5,}+\.[\w-]*+",
                _last,
            ),
        ),
    ),
    _Family((rb"AIza[\w-]{35}",), ((_BEGINS + rb"AIza[\w-]{35}(?![\w-])", _last),)),
    _Family(
        (rb"-[A-Za-z0-9_-]{12}",),
        (
            (
                _BEGINS
                + rb"((?:sk|pk|rk|xai|pplx|glpat|xox[abeprs]|nvapi|pcsk)-[A-Za-z0-9_-]{12,})",
                _drawn,
            ),
        ),
    ),
    _Family(
        (rb"_[A-Za-z0-9_]{16}",),
        (
            (
                _BEGINS + rb"((?:gh[oprsu]|github_pat|hf|gsk|vck|npm|r8|[rs]k_(?:live|test)|whsec)"
                rb"_[A-Za-z0-9_]{16,})",
                _drawn,
            ),
        ),
    ),
    _Family(
        tuple(
            end + _IS
            for end in (b"ey", b"EY", b"oken", b"ecret", b"sswo?r?d", b"phrase", b"rization")
        ),
        (
            (rb'(?is)("' + _NAMES + rb'"\s{0,20}:\s{0,20}")()((?:[^"\\]|\\.)*)"', _member),
            # JSON that is a text in JSON: its quotes have backslashes.
            (
                rb'(?is)("' + _NAMES + rb'(\\{1,7})"\s{0,20}:\s{0,20}\2")(.{1,4096}?)(?<!\\)\2"',
                _member,
            ),
            # A header, a variable or a parameter, in running text.
            (rb"(?i)authorization" + _IS + rb"(?:bearer|basic)\s{1,20}(" + _TOKEN + rb")", _last),
            (rb"(?i)" + _NAMES + _IS + rb"(" + _TOKEN + rb")", _drawn),
            (rb"[?&]key=(" + _TOKEN + rb")", _drawn),
        ),
    ),
)
_COMPILED: Final = tuple(
    (
        tuple(re.compile(gate).search for gate in family.gates),
        tuple((re.compile(pattern).sub, replacement) for pattern, replacement in family.patterns),
    )
    for family in _FAMILIES
)
_GATES: Final = tuple(gate for gates, _ in _COMPILED for gate in gates)
_call = cast(Callable[[Callable[[bytes], Match | None], bytes], Match | None], call)


# --- Texts -----------------------------------------------------------------------------------


def redact(content: bytes) -> bytes:
    """Return *content* without secrets. What has none is returned as it is, the same object."""
    # Without a loop of Python's: this is done for each request.
    if not any(map(_call, _GATES, repeat(content))):
        return content
    for gates, patterns in _COMPILED:
        if any(gate(content) for gate in gates):
            for substitute, replacement in patterns:
                content = substitute(replacement, content)
    return content


def redact_known(content: bytes, secrets: Iterable[bytes]) -> bytes:
    """Return *content* without *secrets*, whatever they look like, but for very short ones."""
    for secret in secrets:
        if len(secret) >= LEAST_KNOWN and content.find(secret) >= 0:
            content = content.replace(secret, _mark(secret))
    return content


def redact_text(text: str, secrets: Iterable[bytes] = ()) -> str:
    """Return *text* without *secrets*, and without what looks like one."""
    redacted = _remembered_text(text) if len(text) <= LONGEST_REMEMBERED else _redact_text(text)
    if not secrets:
        return redacted
    content = redacted.encode("utf-8", "surrogatepass")
    without = redact_known(content, secrets)
    return redacted if without is content else without.decode("utf-8", "surrogatepass")


def _redact_text(text: str) -> str:
    content = text.encode("utf-8", "surrogatepass")
    redacted = redact(content)
    return text if redacted is content else redacted.decode("utf-8", "surrogatepass")


# Paths, models, scripted answers: they come again and again.
_remembered_text = lru_cache(maxsize=REMEMBERED)(_redact_text)


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
    if lower not in SECRET_HEADERS and SECRET_WORDS.isdisjoint(re.split(r"[-_]", lower)):
        return lower, redact_text(value), None
    scheme, blank, secret = value.partition(" ")
    if not (blank and scheme.isalpha()):
        # A scheme tells how a secret is handed over, and is none.
        scheme, blank, secret = "", "", value
    secret = secret.strip()
    return lower, f"{scheme}{blank}{mark(secret)}", secret.encode("utf-8", "surrogatepass")


def redact_query(query: str) -> tuple[str, tuple[bytes, ...]]:
    """Return the raw *query* of a request target without secrets, and those that were there."""
    if not query:
        return query, ()
    parts = query.split("&")
    secrets: list[bytes] = []
    for number, part in enumerate(parts):
        name, equals, value = part.partition("=")
        lower = unquote_plus(name).lower()
        if lower in SECRET_PARAMETERS or not SECRET_WORDS.isdisjoint(re.split(r"[-_]", lower)):
            secret = unquote_plus(value)
            secrets.append(secret.encode("utf-8", "surrogatepass"))
            parts[number] = f"{name}{equals}{mark(secret)}" if equals else name
        elif "%" in part:
            # A pattern would not know a secret whose characters are escaped.
            plain = unquote_plus(part)
            redacted = redact_text(plain)
            parts[number] = part if redacted == plain else redacted
    return redact_text("&".join(parts)), tuple(secrets)
