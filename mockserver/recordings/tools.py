"""What people do with cassettes: read them, cut and join them, and see whether they are clean.

Everything here takes recordings and returns values or texts; files are the command line's.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, NamedTuple

from mockserver.cassettes import lines
from mockserver.cassettes.recording import RecordedAnswer, Recording
from mockserver.cassettes.scrubbing import Scrubber
from mockserver.contracts import Heard
from mockserver.conversation import Turn
from mockserver.errors import UsageError
from mockserver.recordings.hearing import Hearing
from mockserver.wire.timeline import Headers

FEW_WORDS: Final = 48
"""Characters of what was asked and answered, in a list."""
WIDEST_BAR: Final = 24
"""Characters of the bar that shows how large a piece is."""
MOST_PIECES: Final = 200
"""Pieces that are shown of one answer."""

# --- One line for each -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A recording in a few words.

    Attributes:
        number: Which recording of the file it is, from 1.
        recorded_at: When it was asked: ISO 8601; empty if that is not known.
        provider: The provider; empty if that is not known.
        endpoint: The endpoint; empty if there is none for the path.
        model: The model that was asked; empty if none was.
        asked: What was asked: the newest turn.
        status: Of HTTP.
        answered: What was answered: the text, the tools called, or the refusal.
        prompt_tokens: As the answer bills them; None: it does not.
        completion_tokens: As the answer bills them; None: it does not.
        ms: How long the answer took, to its end; None: that is not known.
        is_stream: It was streamed.
        is_cut: The connection ended before the answer did.

    """

    number: int
    recorded_at: str
    provider: str
    endpoint: str
    model: str
    asked: str
    status: int
    answered: str
    prompt_tokens: int | None
    completion_tokens: int | None
    ms: float | None
    is_stream: bool
    is_cut: bool

    def as_json(self) -> str:
        """Return it as a line of JSON."""
        return json.dumps(asdict(self), ensure_ascii=False)


def row_of(number: int, recording: Recording, hearing: Hearing) -> Row:
    """Return *recording*, the one of that *number*, in a few words."""
    answer, heard = recording.answer, hearing.heard(recording)
    usage = heard.usage
    ends = [answer.opened_ms, *[piece.at_ms for piece in answer.pieces]]
    return Row(
        number=number,
        recorded_at=recording.recorded_at,
        provider=recording.provider,
        endpoint=recording.endpoint,
        model=_model(recording),
        asked=_asked(recording, hearing),
        status=answer.status,
        answered=_answered(answer, heard),
        prompt_tokens=None if usage is None else usage.prompt_tokens,
        completion_tokens=None if usage is None else usage.completion_tokens,
        ms=max(ends) or None,
        is_stream=answer.is_stream,
        is_cut=answer.is_cut,
    )


def table(rows: Sequence[Row]) -> str:
    """Return *rows* as people read them: one line each."""
    cells = [
        (
            str(row.number),
            row.recorded_at.partition("T")[2][:8] or row.recorded_at,
            row.provider,
            row.endpoint or "?",
            row.model,
            f"{row.status}{' cut' if row.is_cut else ''}{' streamed' if row.is_stream else ''}",
            _tokens(row),
            "" if row.ms is None else f"{row.ms:.0f} ms",
            f"{_few_words(row.asked)} -> {_few_words(row.answered)}",
        )
        for row in rows
    ]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    shown = ["  ".join(map(str.ljust, line, widths)).rstrip() for line in cells]
    return "\n".join(shown)


def _tokens(row: Row) -> str:
    if row.prompt_tokens is None:
        return ""
    return f"{row.prompt_tokens}+{row.completion_tokens} tokens"


def _few_words(text: str) -> str:
    line = " ".join(text.split())
    shown = line if len(line) <= FEW_WORDS else f"{line[: FEW_WORDS - 1]}…"
    return f'"{shown}"' if shown else "-"


def _model(recording: Recording) -> str:
    model = recording.request.sent.get("model")
    return model if isinstance(model, str) else ""


def _asked(recording: Recording, hearing: Hearing) -> str:
    turns, prompts = _said(recording, hearing)
    if turns:
        return turns[-1].text
    if prompts:
        return prompts[-1]
    for name, value in recording.request.sent.items():
        if name != "model" and isinstance(value, str | list):
            return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return ""


def _said(recording: Recording, hearing: Hearing) -> tuple[Sequence[Turn], Sequence[str]]:
    endpoint = hearing.route(recording).asks
    if endpoint is None:
        return (), ()
    transcript = endpoint.transcript(recording.request.sent)
    return transcript.turns, transcript.prompts


def _answered(answer: RecordedAnswer, heard: Heard) -> str:
    if answer.is_refusal or not (heard.choices or heard.results):
        return answer.body.decode("utf-8", "replace")
    texts: list[str] = []
    for choice in heard.choices:
        said = choice.text or choice.refusal or ""
        calls = [f"{call.name}({call.arguments})" for call in choice.tool_calls]
        texts.append(" ".join([*([said] if said else []), *calls]))
    if heard.results:
        texts.append(f"{len(heard.results)} results")
    return "\n".join(texts)


# --- One exchange as people read it ----------------------------------------------------------


def exchange(recording: Recording, hearing: Hearing) -> str:
    """Return the whole *recording* as people read it: what was asked, said, and when."""
    request, answer = recording.request, recording.answer
    heard = hearing.heard(recording)
    query = f"?{request.query}" if request.query else ""
    where = " ".join(filter(None, (recording.provider, recording.endpoint, recording.recorded_at)))
    parts = [
        f"# {recording.source}  {where}".rstrip(),
        f"{request.method} {request.path}{query}",
        *_headers(request.headers),
        "",
        _body(request.body, request.json),
        "",
        f"{answer.status}, {len(answer.body)} bytes{', cut' if answer.is_cut else ''}",
        *_headers(answer.headers),
        "",
    ]
    if answer.is_stream and (heard.choices or heard.results):
        parts += [_answered(answer, heard), ""]
    else:
        parts += [_body(answer.body, answer.json), ""]
    if heard.usage is not None:
        usage = heard.usage
        parts += [f"{usage.prompt_tokens} prompt, {usage.completion_tokens} completion tokens", ""]
    parts += _time_line(answer)
    return "\n".join(parts).rstrip()


def _headers(headers: Headers) -> list[str]:
    return [f"{name}: {value}" for name, value in headers]


def _body(body: bytes, value: Any) -> str:
    if not body:
        return "(no body)"
    if value is not None:
        return json.dumps(value, ensure_ascii=False, indent=2)
    try:
        return body.decode()
    except UnicodeDecodeError:
        return f"({len(body)} bytes that are not text)"


def _time_line(answer: RecordedAnswer) -> Iterator[str]:
    """Yield a line for each piece: when it came, how large it is, and how it begins."""
    if not answer.pieces:
        return
    yield f"{answer.opened_ms:10.1f} ms  the head"
    largest = max(piece.size for piece in answer.pieces) or 1
    at = 0
    for piece in answer.pieces[:MOST_PIECES]:
        content = answer.body[at : at + piece.size]
        at += piece.size
        bar = "#" * max(1, piece.size * WIDEST_BAR // largest)
        begins = " ".join(content.decode("utf-8", "replace").split())[:FEW_WORDS]
        yield f"{piece.at_ms:10.1f} ms  {piece.size:>7} bytes  {bar:{WIDEST_BAR}}  {begins}"
    if len(answer.pieces) > MOST_PIECES:
        yield f"{'':13}  and {len(answer.pieces) - MOST_PIECES} more pieces"


# --- Cutting and joining ---------------------------------------------------------------------


def numbered(recordings: Sequence[Recording], numbers: str) -> list[Recording]:
    """Return those of *recordings* that *numbers* names, such as `3`, `2-5` or `1,4-6,9-`.

    Raises:
        UsageError: It names none, or one that is not there.

    """
    chosen: list[Recording] = []
    for part in numbers.split(","):
        first, dash, last = part.strip().partition("-")
        try:
            start = int(first)
            end = int(last) if last else len(recordings) if dash else start
        except ValueError:
            what = f"'{numbers}' does not name recordings: write '3', '2-5' or '1,4-6,9-'"
            raise UsageError(what) from None
        if not 1 <= start <= end <= len(recordings):
            what = f"there is no recording {part.strip()}: the cassette has {len(recordings)}"
            raise UsageError(what)
        chosen += recordings[start - 1 : end]
    return chosen


def _conversation(recording: Recording, hearing: Hearing) -> str:
    """Return how the conversation of *recording* begins: with its first user message."""
    turns, prompts = _said(recording, hearing)
    first = next((turn.text for turn in turns if turn.role == "user"), "")
    return first or next(iter(prompts), "")


SPLITS: Final[Mapping[str, Callable[[Recording, Hearing], str]]] = {
    "conversation": _conversation,
    "endpoint": lambda recording, _: recording.endpoint,
    "model": lambda recording, _: _model(recording),
    "provider": lambda recording, _: recording.provider,
}
"""By what a cassette can be split."""


def split(recordings: Iterable[Recording], by: str, hearing: Hearing) -> dict[str, list[Recording]]:
    """Return *recordings* by the names of the files that they go to, in the order they come.

    A conversation's file is named by its number, others by what they have in common.
    """
    groups: dict[str, list[Recording]] = {}
    for recording in recordings:
        groups.setdefault(SPLITS[by](recording, hearing), []).append(recording)
    if by == "conversation":
        return {f"conversation-{n}": group for n, group in enumerate(groups.values(), 1)}
    named: dict[str, list[Recording]] = {}
    for name, group in groups.items():
        named.setdefault(_file_name(name), []).extend(group)
    return named


def _file_name(name: str) -> str:
    kept = "".join(char if char.isalnum() or char in "._-" else "-" for char in name)
    return kept.strip(".-") or "other"


def merged(cassettes: Iterable[Iterable[Recording]]) -> list[Recording]:
    """Return the recordings of *cassettes* in the order of their times, equal ones once.

    Those without a time stay behind the one that they follow.
    """
    keyed: list[tuple[str, str, Recording]] = []
    for cassette in cassettes:
        at = ""
        for recording in cassette:
            at = recording.recorded_at or at
            keyed.append((at, lines.to_line(recording), recording))
    keyed.sort(key=lambda one: one[0])
    return list({line: recording for _, line, recording in keyed}.values())


# --- Whether a file is clean -----------------------------------------------------------------


class Verdict(NamedTuple):
    """What is wrong with a file, a sentence for each place, and how many *recordings* it has."""

    faults: tuple[str, ...]
    recordings: int


def verified(text: str, shown: str, scrubber: Scrubber) -> Verdict:
    """Return what is wrong with the cassette *text*, which messages call *shown*."""
    faults: list[str] = []
    count = 0
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        source = f"{shown}:{number}"
        try:
            recording = lines.from_line(line, source)
        except lines.BadLineError as error:
            faults.append(str(error))
            continue
        count += 1
        faults += [f"{source}: {place}: {kind}" for place, kind in scrubber.left(recording)]
        answer = recording.answer
        size = sum(piece.size for piece in answer.pieces)
        if answer.pieces and size != len(answer.body):
            what = f"its pieces have {size} bytes, and its body has {len(answer.body)}"
            faults.append(f"{source}: {what}")
    return Verdict(tuple(faults), count)
