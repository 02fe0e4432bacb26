"""Takes the secrets out of recordings, before anything is written.

What goes, and what stays:

- Of a request's headers, those stay that say what is asked and by which client (`KEPT`, and
  those that state a version); all others go, since nobody knows what they hold.
- Of an answer's headers, all stay that clients may read. Those go that are about the connection,
  the encoding or the machines in between (`DROPPED`), and cookies. Whose account it was becomes a
  mark.
- From all that stays, secrets are taken out: what looks like one, what stood in a header or in a
  parameter that holds one, wherever it comes back, and what the person who records has named by
  regular expressions (see `finding`). A mark is in the place of each, as everywhere (see
  `mockserver.records.redaction`), and all the rest stays, byte by byte.
- A text of a stream comes in pieces. It is searched as a whole, and the mark is in the piece
  in which the secret began. The sizes of the pieces that came are made to add up again.

Then the result is searched again, in another way, and refused if anything is left.
"""

import re
from base64 import b64decode
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from itertools import groupby
from typing import Final, NamedTuple
from urllib.parse import unquote_plus

from mockserver.cassettes.finding import Finder, Found, Unsearchable, compiled
from mockserver.cassettes.leaves import (
    NAMED_LINES,
    SPELLED_OUT,
    TELLING,
    TOKEN,
    Leaf,
    leaves_of_json,
    leaves_of_lines,
    leaves_of_stream,
)
from mockserver.cassettes.recording import (
    OF_THE_CONNECTION,
    Piece,
    RecordedAnswer,
    RecordedRequest,
    Recording,
)
from mockserver.errors import MockServerError
from mockserver.records.redaction import (
    LEAST_KNOWN,
    LONGEST_NAME,
    MARK,
    Edit,
    Taken,
    decoded,
    edited,
    edits_at,
    edits_of,
    found_in_member,
    is_json,
    is_secret_header,
    is_secret_parameter,
    mark,
    taken_out,
    without,
)
from mockserver.records.secret_looks import is_secret_name
from mockserver.records.spelling import Spelled, json_text, query_text
from mockserver.wire.timeline import Headers

KEPT: Final = frozenset(
    {
        *("accept", "content-type", "user-agent", "prefer", "openai-beta", "anthropic-beta"),
        *("http-referer", "x-title", "x-openrouter-title", "x-should-retry"),
        *("ai-model-id", "ai-language-model-id", "ai-language-model-streaming", "ai-model-type"),
    }
)
"""Headers of requests that are kept: they say what is asked, and by which client."""
_VERSION: Final = re.compile(r"[\w-]*version[\w-]*")
DROPPED: Final = frozenset(
    {
        # About one connection, and about bytes that are not kept.
        *OF_THE_CONNECTION,
        *("proxy-connection", "proxy-authenticate", "te"),
        *("content-md5", "accept-ranges", "etag", "digest", "content-digest"),
        # Of the machines in between, which no client reads.
        *(
            "server",
            "via",
            "age",
            "alt-svc",
            "nel",
            "report-to",
            "reporting-endpoints",
            "expect-ct",
        ),
        *("strict-transport-security", "server-timing", "x-served-by", "x-timer", "x-powered-by"),
        *("x-cache", "x-cache-hits", "x-runtime", "x-robots-tag", "priority", "vary"),
        *("set-cookie", "set-cookie2", "p3p", "x-guploader-uploadid"),
    }
)
"""Headers of answers that are not kept."""
_DROPPED_FAMILIES: Final = re.compile(
    r"(?:cf-|x-envoy-|x-amz-cf-|x-vercel-|x-railway-|fly-|x-nginx-|x-cloud-trace|x-b3-|"
    r"access-control-|content-security-policy|cross-origin-|x-frame-|x-xss-|x-fastly-)"
)
ROUNDS: Final = 4
"""How often a recording is searched at most, as long as something is found."""
CLIENTS: Final = 64
"""Sets of known secrets that are remembered, each as one client sends it."""
LONGEST_QUICK: Final = 64 * 1024
"""Streams up to this length are looked through at once."""


class Left(NamedTuple):
    """Something that looks like a secret: where it is, and what kind it is."""

    place: str
    kind: str


class SecretLeftError(MockServerError):
    """A recording would still hold a secret; *left* says where, and never which."""

    def __init__(self, left: Sequence[Left], source: str = "") -> None:
        self.left = tuple(left)
        where = "; ".join(f"{one.place}: {one.kind}" for one in self.left)
        super().__init__(f"{source + ': ' if source else ''}this recording holds a secret: {where}")


class Scrubber:
    """Takes secrets out of recordings."""

    def __init__(self, patterns: Sequence[str] = ()) -> None:
        """Take out what the regular expressions *patterns* match, too, or their group 1.

        Raises:
            UsageError: One of them is no regular expression.

        """
        read = compiled(patterns)
        self._finder = lru_cache(maxsize=CLIENTS)(partial(Finder, read))

    def scrubbed(self, recording: Recording, secrets: Iterable[str] = ()) -> Recording:
        """Return *recording* without secrets, *secrets* among them.

        Raises:
            SecretLeftError: It would still hold something that looks like a secret, or it could
                not be searched.

        """
        finder = self._finder((*secrets, *known_secrets(recording)))
        left: list[Left] = []
        try:
            for _ in range(ROUNDS):
                result = replace(
                    recording,
                    request=_scrubbed_request(recording.request, finder),
                    answer=_scrubbed_answer(recording.answer, finder),
                )
                left = [
                    *_left_in_heads(result, finder),
                    *_left_in_changed(recording, result, finder),
                ]
                if not left:
                    return result
                # What is next to a mark may be found only now.
                recording = result
        except Unsearchable as error:
            raise SecretLeftError([Left("a text", str(error))], recording.source) from error
        raise SecretLeftError(left, recording.source)

    def left(self, recording: Recording, secrets: Iterable[str] = ()) -> tuple[Left, ...]:
        """Return what looks like a secret in *recording*, which was scrubbed before."""
        finder = self._finder((*secrets, *known_secrets(recording)))
        try:
            return (
                *_left_in_heads(recording, finder),
                *_left_in_request(recording.request, finder),
                *_left_in_answer(recording.answer, finder),
            )
        except Unsearchable as error:
            return (Left("a text", str(error)),)


# --- Headers ---------------------------------------------------------------------------------


def is_kept_of_request(lower: str) -> bool:
    """Return whether the header of a request called *lower*, in lower case, is kept."""
    return lower in KEPT or (_VERSION.fullmatch(lower) is not None and not is_secret_header(lower))


def is_kept_of_answer(lower: str) -> bool:
    """Return whether the header of an answer called *lower*, in lower case, is kept."""
    return lower not in DROPPED and _DROPPED_FAMILIES.match(lower) is None


def known_secrets(recording: Recording) -> tuple[str, ...]:
    """Return what is in those headers and parameters of *recording* that hold secrets."""
    request, answer = recording.request, recording.answer
    return secrets_of_heads(request.headers, request.query, answer.headers)


def secrets_of_heads(asked: Headers, query: str, answered: Headers) -> tuple[str, ...]:
    """Return what is in those headers and parameters of an exchange that hold secrets."""
    found = [*_secrets_of(asked), *_secrets_of(answered)]
    for part in query.split("&") if query else ():
        name, _, value = part.partition("=")
        if is_secret_parameter(unquote_plus(name).lower()):
            found.append(unquote_plus(value))
    return tuple([secret for secret in found if secret and not secret.startswith(MARK)])


def _secrets_of(headers: Headers) -> Iterator[str]:
    for name, value in headers:
        lower = name.lower()
        if is_secret_header(lower):
            yield from _secrets_in(lower, value)


@lru_cache(maxsize=1_024)
def _secrets_in(lower: str, value: str) -> tuple[str, ...]:
    """Return the secrets in the *value* of a header that holds one, with their parts."""
    if lower in {"cookie", "set-cookie", "cookie2", "set-cookie2"}:
        pairs = value.split(";")[:1] if lower.startswith("set-") else value.split(";")
        pairs = [pair.strip() for pair in pairs]
        values = [pair.partition("=")[2].strip('"') for pair in pairs]
        return (value, *pairs, *values)
    scheme, blank, secret = value.partition(" ")
    if not (blank and scheme.isalpha()):
        return (value.strip(),)
    secret = secret.strip()
    if scheme.lower() != "basic":
        return (secret,)
    decoded = _basic(secret)
    return (secret, decoded, decoded.partition(":")[2])


def _basic(encoded: str) -> str:
    try:
        return b64decode(encoded + "=" * (-len(encoded) % 4)).decode("utf-8", "replace")
    except ValueError:
        return ""


def _scrubbed_headers(headers: Headers, finder: Finder) -> Headers:
    kept: list[tuple[str, str]] = []
    for name, value in headers:
        if is_secret_header(name.lower()):
            shown = value if value.startswith(MARK) else mark(value)
        else:
            shown = _without(value, finder)
        kept.append((name, shown))
    return tuple(kept)


def _without(text: str, finder: Finder) -> str:
    return without(text, finder.find(text))


# --- Requests --------------------------------------------------------------------------------


def _scrubbed_request(request: RecordedRequest, finder: Finder) -> RecordedRequest:
    headers = [pair for pair in request.headers if is_kept_of_request(pair[0].lower())]
    return RecordedRequest(
        request.method,
        _without(request.path, finder),
        _scrubbed_query(request.query, finder),
        _scrubbed_headers(tuple(headers), finder),
        _scrubbed_body(request.body, finder),
    )


def _scrubbed_query(query: str, finder: Finder) -> str:
    if not query:
        return query
    parts = query.split("&")
    for number, part in enumerate(parts):
        name, equals, value = part.partition("=")
        if is_secret_parameter(unquote_plus(name).lower()):
            if value and not value.startswith(MARK):
                parts[number] = f"{name}{equals}{mark(unquote_plus(value))}"
            continue
        spelled = query_text(part)
        found = finder.find(spelled.plain)
        places = [Taken(*spelled.span(start, end), secret) for start, end, secret in found]
        parts[number] = without(part, places)
    return "&".join(parts)


def _scrubbed_body(body: bytes, finder: Finder) -> bytes:
    if not body or finder.is_clean_json(body):
        return body
    return taken_out(body, finder.find, members=True)


# --- Answers ---------------------------------------------------------------------------------


def _scrubbed_answer(answer: RecordedAnswer, finder: Finder) -> RecordedAnswer:
    headers = [pair for pair in answer.headers if is_kept_of_answer(pair[0].lower())]
    kept = _scrubbed_headers(tuple(headers), finder)
    edits = list(_edits(answer, finder))
    return replace(
        answer,
        headers=kept,
        body=edited(answer.body, edits),
        pieces=_recut(answer.pieces, edits),
    )


def _edits(answer: RecordedAnswer, finder: Finder) -> Sequence[Edit]:
    body = answer.body
    if not _comes_in_pieces(answer):
        clean = finder.is_clean_json(body)
        return () if clean else edits_of(body, finder.find, members=True)
    if _is_quickly_clean(body, finder):
        return ()
    return _joined_edits(body, _leaves(answer), finder)


def _comes_in_pieces(answer: RecordedAnswer) -> bool:
    return (
        answer.is_stream
        or answer.content_type in NAMED_LINES
        or answer.body.startswith((b"data:", b"event:", b":"))
        or _TOKENS.search(answer.body) is not None
    )


_TOKENS: Final = re.compile(rb'"tokens?"\s*+:\s*+["\[]')


def _leaves(answer: RecordedAnswer) -> Iterator[Leaf]:
    if answer.content_type in NAMED_LINES:
        return leaves_of_lines(answer.body)
    if answer.is_stream or not is_json(answer.body):
        return leaves_of_stream(answer.body)
    return leaves_of_json(answer.body)


def _joined_edits(body: bytes, leaves: Iterable[Leaf], finder: Finder) -> list[Edit]:
    edits: list[Edit] = []
    for pieces in _texts(leaves):
        edits += _edits_of_pieces(body, pieces, finder)
    edits.sort(key=lambda edit: edit.start)
    return edits


def _texts(leaves: Iterable[Leaf]) -> Iterable[list[Leaf]]:
    """Return the texts that *leaves* are pieces of."""
    texts: dict[object, list[Leaf]] = {}
    for leaf in leaves:
        texts.setdefault(leaf.key, []).append(leaf)
    return texts.values()


def _edits_of_pieces(body: bytes, pieces: Sequence[Leaf], finder: Finder) -> Iterator[Edit]:
    for piece, found in _found_in_pieces(body, pieces, finder):
        spelled = _spelled(body, piece)
        yield from edits_at(spelled, [one.taken for one in found], piece.start)
        holder = piece.within
        if holder is not None and (piece.name == TOKEN) and SPELLED_OUT in holder.lists:
            start, end = holder.lists[SPELLED_OUT]
            yield Edit(start, end, b"[]")


def _spelled(body: bytes, leaf: Leaf) -> Spelled:
    text = decoded(body[leaf.start : leaf.end])
    return json_text(text) if leaf.is_json else Spelled(text)


def _found_in_pieces(
    body: bytes, pieces: Sequence[Leaf], finder: Finder
) -> Iterator[tuple[Leaf, list[Found]]]:
    """Yield the pieces of a text in which secrets are, each with those; the text is joined.

    Of a secret in several pieces, the first has the mark, and the others nothing.
    """
    said = [_spelled(body, piece).plain for piece in pieces]
    if len(pieces) > 1 and len(set(said)) == 1:
        # No pieces, but the same each time: an id, a name.
        found = _found(said[0], pieces[0], finder)
        for piece in pieces if found else ():
            yield piece, found
        return
    whole = "".join(said)
    found = _found(whole, pieces[0], finder) if len(whole) >= LEAST_KNOWN else []
    in_each: list[list[Found]] = []
    at = 0
    for text in said:
        own: list[Found] = []
        for taken, kind in found:
            if taken.start < at + len(text) and taken.end > at:
                start, end = max(taken.start - at, 0), min(taken.end - at, len(text))
                secret = taken.secret if taken.start >= at else ""
                own.append(Found(Taken(start, end, secret), kind))
        in_each.append(own)
        at += len(text)
    for piece, own in zip(pieces, in_each, strict=True):
        if own:
            yield piece, own


def _found(text: str, piece: Leaf, finder: Finder) -> list[Found]:
    if piece.name and len(piece.name) <= LONGEST_NAME and is_secret_name(piece.name):
        return [Found(taken, "the value of a secret") for taken in found_in_member(text)]
    return finder.found_in_order(text)


# --- Streams that need no second look -----------------------------------------------------------

_MEMBER: Final = re.compile(rb'"(?:(\w{1,40}+)"\s*+:\s*+")?([^"\\]*+(?:\\.[^"\\]*+)*+)"', re.DOTALL)
_TELLING: Final = re.compile(
    rb'"(' + "|".join(sorted(TELLING)).encode() + rb')"\s*+:\s*+("[^"]*"|\d++)'
)
_ONLY_JSON: Final = re.compile(rb"(?:(?:event: ?[\w.]{1,60}\n)?data: ?(?:\{[^\n]*|\[DONE\])\n\n)*+")


def _is_quickly_clean(body: bytes, finder: Finder) -> bool:
    """Return whether it is plain that the stream *body* has no secret in it, joined or not.

    Texts are joined by the names of their members, whatever else tells them apart: that is right
    where parallel texts do not alternate.
    """
    if (
        len(body) > LONGEST_QUICK
        or not _ONLY_JSON.fullmatch(body)
        or _TOKENS.search(body)
        or _alternates(body)
    ):
        return False
    joined: dict[bytes, list[bytes]] = {}
    for name, text in _MEMBER.findall(body):
        joined.setdefault(name, []).append(text)
    if any(is_secret_name(decoded(name)) for name in joined):
        return False
    said: list[bytes] = []
    for name, texts in joined.items():
        # What has no name are names themselves, and texts of lists.
        between, parts = (b"", texts) if name else (b" ", [*dict.fromkeys(texts)])
        is_same = parts.count(parts[0]) == len(parts)
        said.append(parts[0] if is_same else between.join(parts))
    return finder.is_clean_json(b"\n".join(said)) or not any(
        finder.find(json_text(decoded(text)).plain) for text in said
    )


def _alternates(body: bytes) -> bool:
    """Return whether pieces of several texts may alternate in *body*."""
    values: dict[bytes, list[bytes]] = {}
    for name, value in _TELLING.findall(body):
        values.setdefault(name, []).append(value)
    return any(len(list(groupby(own))) > len(set(own)) for own in values.values())


# --- Pieces of time ------------------------------------------------------------------------------


def _recut(pieces: Sequence[Piece], edits: Sequence[Edit]) -> tuple[Piece, ...]:
    """Return *pieces* with their sizes after *edits*; those of which nothing is left go."""
    if not edits:
        return tuple(pieces)
    result: list[Piece] = []
    end = new_end = grown = number = 0
    for at_ms, size in pieces:
        end += size
        while number < len(edits) and edits[number].start < end:
            edit = edits[number]
            grown += len(edit.new) - (edit.end - edit.start)
            number += 1
        # What became a mark is in the piece in which it began.
        last = edits[number - 1].end if number else 0
        before, new_end = new_end, max(end, last) + grown
        if new_end > before:
            result.append(Piece(at_ms, new_end - before))
    return tuple(result)


# --- The gate ------------------------------------------------------------------------------------


def _left_in_heads(recording: Recording, finder: Finder) -> Iterator[Left]:
    """Yield what looks like a secret in *recording*, but for its bodies."""
    request, answer = recording.request, recording.answer
    yield from _left_in("the path", request.path, finder)
    for part in request.query.split("&") if request.query else ():
        name, _, value = part.partition("=")
        plain = unquote_plus(part)
        if is_secret_parameter(unquote_plus(name).lower()) and value and not value.startswith(MARK):
            yield Left(f"the parameter '{name}'", "the value of a secret")
        else:
            yield from _left_in(f"the parameter '{unquote_plus(name)}'", plain, finder)
    for what, headers in (("request", request.headers), ("response", answer.headers)):
        for name, value in headers:
            place = f"the {what}'s header '{name}'"
            if is_secret_header(name.lower()):
                if value and MARK not in value:
                    yield Left(place, "the value of a secret")
            else:
                yield from _left_in(place, value, finder)


def _left_in_changed(before: Recording, after: Recording, finder: Finder) -> Iterator[Left]:
    """Yield what is left in those bodies that had secrets: in others, none was found."""
    if after.request.body is not before.request.body:
        yield from _left_in_request(after.request, finder)
    if after.answer.body is not before.answer.body:
        yield from _left_in_answer(after.answer, finder)


def _left_in_request(request: RecordedRequest, finder: Finder) -> Iterator[Left]:
    leaves = None if request.json is None else leaves_of_json(request.body)
    return _left_in_body("the request's body", request.body, leaves, finder)


def _left_in_answer(answer: RecordedAnswer, finder: Finder) -> Iterator[Left]:
    leaves = None
    if _comes_in_pieces(answer) or answer.json is not None:
        leaves = _leaves(answer)
    return _left_in_body("the response's body", answer.body, leaves, finder)


def _left_in(place: str, text: str, finder: Finder) -> Iterator[Left]:
    for _, kind in finder.found_in_order(text):
        yield Left(place, kind)


def _left_in_body(
    place: str, body: bytes, leaves: Iterable[Leaf] | None, finder: Finder
) -> Iterator[Left]:
    if leaves is None:
        yield from _left_in(place, decoded(body), finder)
        return
    for pieces in _texts(leaves):
        for piece, found in _found_in_pieces(body, pieces, finder):
            for one in found:
                yield Left(f"{place}, {piece.place}", one.kind)
