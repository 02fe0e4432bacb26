"""A call in one line: for people, and as JSON for programs.

What a line shows has come from requests, scenarios and other servers, and ends on terminals. So
it is short, holds no body and no key, and has no character that a terminal obeys or does not show.
The journal has taken secrets out of paths and of what was asked, which are other texts in each
call; all else is searched here once more, since it costs next to nothing.

Everything here is a pure function; when a call came is for the caller to say.
"""

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final, Literal, Protocol

import msgspec

from mockserver.records.redaction import beginning

ColorChoice = Literal["auto", "always", "never"]

MOST_WORDS: Final = 40
"""How many columns what was asked takes in a line for people, quotes included."""
LEAST_WORDS: Final = 8
"""In fewer columns, nobody knows what was asked again."""
MOST_NAME: Final = 40
"""The same for the names of models, sessions and rules, for codes and for kinds of failures."""
MOST_WHY: Final = 100
"""The same for a reason: why no rule answered, or why nothing was recorded."""
MOST_HINT: Final = 300
LONGER: Final = 4
"""So many times as long a text is read as is shown of it: runs of blanks become one."""
MOST_FAILURES: Final = 4
"""So many failures are named in a line for people."""
MOST_TEXT: Final = 400
"""How many characters a text has in JSON."""
MOST_LISTED: Final = 20
"""How many texts a list has in JSON."""
MOST_MARKS: Final = 2
"""More combining marks on one character would grow into other lines."""

SESSION_WIDTH: Final = 12
MODEL_WIDTH: Final = 12
WHAT_WIDTH: Final = MODEL_WIDTH + 1 + MOST_WORDS
TOKENS_WIDTH: Final = 11
TIME_WIDTH: Final = 6

HINT_INDENT: Final = " " * 9

LEAST_DIFFERENCE_MS: Final = 20.0
LEAST_DIFFERENCE: Final = 0.1
"""The plan is shown where what was measured differs from it by more, and by this part of it."""

DEFAULT_SESSION: Final = "default"
SERVER_ERRORS: Final = 500
CLIENT_ERRORS: Final = 400


class TellsTokens(Protocol):
    """A bill; `exact` is false if it is an estimate."""

    @property
    def prompt_tokens(self) -> int: ...  # noqa: D102 - as the journal states it
    @property
    def completion_tokens(self) -> int: ...  # noqa: D102
    @property
    def exact(self) -> bool: ...  # noqa: D102


class TellsTimes(Protocol):
    """When an answer went out, in real milliseconds since the request had come whole."""

    @property
    def first_token_ms(self) -> float | None: ...  # noqa: D102 - as the journal states it
    @property
    def last_byte_ms(self) -> float: ...  # noqa: D102
    @property
    def last_late_ms(self) -> float: ...  # noqa: D102


class Told(Protocol):
    """What a line shows of a call: a `Call` of the journal, or a `CallRecord` of the control API.

    Its members are described there.
    """

    # ruff: disable[D102]
    @property
    def number(self) -> int: ...
    @property
    def serial(self) -> int: ...
    @property
    def session(self) -> str: ...
    @property
    def method(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def provider(self) -> str: ...
    @property
    def endpoint(self) -> str | None: ...
    @property
    def model(self) -> str | None: ...
    @property
    def stream(self) -> bool: ...
    @property
    def attempt(self) -> int: ...
    @property
    def words(self) -> str | None: ...
    @property
    def rule(self) -> str | None: ...
    @property
    def status(self) -> int | None: ...
    @property
    def error_code(self) -> str | None: ...
    @property
    def outcome(self) -> str: ...
    @property
    def failures(self) -> tuple[str, ...]: ...
    @property
    def no_effect(self) -> tuple[str, ...]: ...
    @property
    def near_misses(self) -> tuple[str, ...]: ...
    @property
    def unoffered(self) -> tuple[str, ...]: ...
    @property
    def off_schema(self) -> tuple[str, ...]: ...
    @property
    def is_unmatched(self) -> bool: ...
    @property
    def is_late(self) -> bool: ...
    @property
    def is_unsupported(self) -> bool: ...
    @property
    def usage(self) -> TellsTokens | None: ...
    @property
    def measured(self) -> TellsTimes | None: ...
    @property
    def planned_ttft_ms(self) -> float | None: ...
    @property
    def planned_ms(self) -> float | None: ...
    @property
    def client_left_after_tokens(self) -> int | None: ...
    @property
    def forwarded(self) -> str | None: ...
    @property
    def hint(self) -> str | None: ...
    @property
    def notes(self) -> tuple[str, ...]: ...

    # ruff: enable[D102]


# --- Colours -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Styles:
    """How the parts of a line look on a terminal: what goes out before each; empty: plain."""

    faint: str = ""
    name: str = ""
    good: str = ""
    warning: str = ""
    bad: str = ""
    hint: str = ""
    end: str = ""


PLAIN: Final = Styles()
# Of the first sixteen colours, which every theme of a terminal sets for its background.
COLORED: Final = Styles(
    faint="\x1b[2m",
    name="\x1b[36m",
    good="\x1b[32m",
    warning="\x1b[33m",
    bad="\x1b[31m",
    hint="\x1b[35m",
    end="\x1b[0m",
)


class Terminal(Protocol):
    """What may be a terminal."""

    def isatty(self) -> bool:
        """Return whether it is one."""
        ...


def styles_of(choice: ColorChoice, stream: Terminal, environ: Mapping[str, str]) -> Styles:
    """Return how lines that are written to *stream* look.

    `auto` follows `NO_COLOR`, then `FORCE_COLOR` and `CLICOLOR_FORCE`, then `TERM=dumb`, and
    otherwise whether *stream* is a terminal. An empty variable counts as not set.

    Source:
        no-color.org; force-color.org; bixense.com/clicolors.
    """
    if choice != "auto":
        return COLORED if choice == "always" else PLAIN
    if environ.get("NO_COLOR"):
        return PLAIN
    for name in ("FORCE_COLOR", "CLICOLOR_FORCE"):
        if stated := environ.get(name):
            return PLAIN if stated in {"0", "false"} else COLORED
    if environ.get("TERM") == "dumb" or environ.get("CLICOLOR") == "0":
        return PLAIN
    return COLORED if stream.isatty() else PLAIN


# --- What a terminal may be given ----------------------------------------------------------------

_BLANKS: Final = re.compile(r"\s+")
# Letters and marks that are not shown, although Python finds them printable
# (Unicode, DerivedCoreProperties: Default_Ignorable_Code_Point; and the empty pattern of Braille).
_UNSEEN: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\ufff0-\ufff8\U000e0000-\U000e0fff]"
)


def visible(text: str, most: int) -> str:
    r"""Return *text* on one line, in at most *most* columns, with nothing that a terminal obeys.

    White space becomes one blank. Control characters, those that change the direction of writing
    and those that nobody sees are spelled as Python spells them (`\x1b`, `\u202e`).
    """
    text = text[: LONGER * most]
    if not (text.isascii() and text.isprintable()):
        text = _spelled(text)
    elif "  " in text:
        text = _BLANKS.sub(" ", text)
    if text.isascii():
        return text if len(text) <= most else f"{text[: most - 1]}…"
    return text if _columns(text) <= most else _cut(text, most)


def _spelled(text: str) -> str:
    shown: list[str] = []
    marks = 0
    for character in _BLANKS.sub(" ", text):
        marks = marks + 1 if unicodedata.combining(character) else 0
        is_seen = character.isprintable() and not _UNSEEN.match(character)
        if is_seen and marks <= MOST_MARKS:
            shown.append(character)
        elif not is_seen:
            shown.append(character.encode("unicode_escape").decode("ascii"))
    return "".join(shown)


def _columns(text: str) -> int:
    """Return how many columns of a terminal *text* takes."""
    if text.isascii():
        return len(text)
    return sum(map(_width, text))


@lru_cache(maxsize=1_024)
def _width(character: str) -> int:
    if unicodedata.category(character) in {"Mn", "Me"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"F", "W"} else 1


def _cut(text: str, most: int) -> str:
    left = most - 1
    for index, character in enumerate(text):
        left -= _width(character)
        if left < 0:
            return f"{text[:index]}…"
    return text


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _columns(text))


def _shown(text: str, most: int) -> str:
    """Return *text* without secrets, as `visible` shows it: what is cut ends in an ellipsis."""
    return visible(beginning(text, LONGER * most), most)


# Models, rules and sessions are the same for many calls.
@lru_cache(maxsize=1_024)
def _name(name: str) -> str:
    return _shown(name, MOST_NAME)


# --- A line for people ---------------------------------------------------------------------------


def line_of(call: Told, at_s: float, styles: Styles = PLAIN) -> str:
    """Return *call*, which has ended, as a line for people; a hint makes it two.

    Args:
        call: The call.
        at_s: When it came, as Unix time; it is shown as the local time of day.
        styles: How the parts of the line look.

    Returns:
        Time, session (if it is not the default one), model and what was asked (or method and
        path), status, tokens in and out, time to first token and whole time, rule, and all else
        that is worth knowing. No line break at the end.

    """
    end = styles.end
    parts = [f"{styles.faint}{_time_of_day(int(at_s))}{end}"]
    if call.session not in {"", DEFAULT_SESSION}:
        parts.append(_padded(_name(call.session), SESSION_WIDTH))
    parts += (
        _what(call, styles),
        _status(None if _got_nothing(call) else call.status, styles),
        f"{_tokens(call.usage):>{TOKENS_WIDTH}}",
        _times(call.measured),
        _remarks(call, styles),
    )
    line = " ".join(parts)
    if call.hint is None:
        return line
    hint = _shown(call.hint, MOST_HINT)
    return f"{line}\n{HINT_INDENT}{styles.hint}hint: {hint}{end}"


@lru_cache(maxsize=64)
def _time_of_day(at_s: int) -> str:
    return datetime.fromtimestamp(at_s, UTC).astimezone().strftime("%H:%M:%S")


def _what(call: Told, styles: Styles) -> str:
    """Return the model and what it was asked; of other calls, method and path."""
    name, room = "", WHAT_WIDTH
    if call.model:
        name, room = _model(call.model, styles.name, styles.end)
    if call.words and name:
        asked = f'"{visible(call.words, MOST_WORDS - 2)}"'
    else:
        # The model of what was refused is not known.
        asked = visible(f"{_name(call.method)} {call.path}", max(room, MOST_WORDS))
        if call.words and (left := room - _columns(asked) - 3) >= LEAST_WORDS:
            asked += f' "{visible(call.words, left)}"'
    return name + _padded(asked, room)


@lru_cache(maxsize=256)
def _model(name: str, style: str, end: str) -> tuple[str, int]:
    """Return a model as a line shows it, and how many columns are left for what it is asked."""
    # Styles as a whole would take longer to be looked up by than all else here.
    shown = _name(name)
    width = max(MODEL_WIDTH, _columns(shown)) + 1
    return f"{style}{_padded(shown, width)}{end}", WHAT_WIDTH - width


def _status(status: int | None, styles: Styles) -> str:
    if status is None:
        return f"{styles.bad}---{styles.end}"
    if status < CLIENT_ERRORS:
        style = styles.good
    else:
        style = styles.warning if status < SERVER_ERRORS else styles.bad
    return f"{style}{status}{styles.end}"


def _tokens(usage: TellsTokens | None) -> str:
    if usage is None:
        return ""
    about = "" if usage.exact else "~"
    return f"{about}{usage.prompt_tokens}+{usage.completion_tokens} tok"


def _times(measured: TellsTimes | None) -> str:
    """Return the time to first token, where more came after it, and the whole time."""
    if measured is None:
        return " " * (2 * TIME_WIDTH + 1)
    first, last = measured.first_token_ms, measured.last_byte_ms
    shown = "" if first is None or first == last else _duration(first)
    return f"{shown:>{TIME_WIDTH}} {_duration(last):>{TIME_WIDTH}}"


def _duration(ms: float) -> str:
    if ms < 9.95:  # noqa: PLR2004 - two digits are enough for people
        return f"{ms:.1f}ms"
    if ms < 999.5:  # noqa: PLR2004
        return f"{ms:.0f}ms"
    if ms < 99_500:  # noqa: PLR2004
        return f"{ms / 1_000:.3g}s"
    minutes, seconds = divmod(round(ms / 1_000), 60)
    return f"{minutes}m{seconds:02}s"


def _remarks(call: Told, styles: Styles) -> str:
    """Return who answered, and what was out of the ordinary."""
    remarks = [] if call.rule is None else [_name(call.rule)]
    if call.forwarded is not None:
        remarks.append(_shown(call.forwarded, MOST_WHY))
    elif call.rule is None:
        remarks.append(_without_rule(call, styles))
    remarks += _of_answer(call, styles)
    remarks += _of_course(call, styles)
    return ", ".join(remarks)


def _of_answer(call: Told, styles: Styles) -> Iterator[str]:
    """Yield what there is to say about the content of an answer."""
    end = styles.end
    if call.error_code is not None and not call.is_late:
        yield f"{styles.warning}{_name(call.error_code)}{end}"
    if call.failures:
        yield f"{styles.bad}failure: {_listed(call.failures)}{end}"
    if call.no_effect:
        yield f"{styles.warning}no effect: {_listed(call.no_effect)}{end}"
    if call.unoffered:
        yield f"{styles.warning}calls a tool that was not offered{end}"
    if call.off_schema:
        yield f"{styles.warning}not valid for the schema{end}"


def _of_course(call: Told, styles: Styles) -> Iterator[str]:
    """Yield what there is to say about how a call went."""
    if call.attempt > 1:
        yield f"attempt {call.attempt}"
    if call.outcome == "client_left":
        yield f"{styles.warning}{_left(call)}{styles.end}"
    elif call.outcome == "open":
        yield "running"
    elif call.outcome == "aborted" and not call.failures:
        yield f"{styles.bad}the connection ended early{styles.end}"
    if call.planned_ms is not None and (planned := _plan(call)) is not None:
        yield planned


def _without_rule(call: Told, styles: Styles) -> str:
    """Return why no rule answered."""
    if call.is_late:
        return f"{styles.warning}late: the session has ended{styles.end}"
    if call.is_unsupported:
        return f"{styles.warning}no such endpoint{styles.end}"
    if call.is_unmatched:
        misses = call.near_misses
        nearest = _shown(misses[0], MOST_WHY) if misses else ""
        return f"{styles.warning}no rule{': ' if nearest else ''}{nearest}{styles.end}"
    if call.status is not None and call.status >= CLIENT_ERRORS:
        return "refused"
    return f"{styles.faint}auto{styles.end}"


def _listed(names: Sequence[str]) -> str:
    more = len(names) - MOST_FAILURES
    shown = [_name(name) for name in names[:MOST_FAILURES]]
    return ", ".join([*shown, f"{more} more"] if more > 0 else shown)


def _got_nothing(call: Told) -> bool:
    """Return whether the client left before anything of the answer went out."""
    return call.outcome == "client_left" and call.measured is None


def _left(call: Told) -> str:
    if _got_nothing(call):
        planned = "" if not call.planned_ms else f", planned for {_duration(call.planned_ms)}"
        return f"client left before the answer{planned}"
    tokens = call.client_left_after_tokens
    if not tokens:
        return "client left"
    return f"client left after {tokens} token{'' if tokens == 1 else 's'}"


def _plan(call: Told) -> str | None:
    """Return what was planned, where that is not what was measured."""
    measured, whole = call.measured, call.planned_ms
    if measured is None or whole is None or call.outcome != "sent":
        return None
    # What is not streamed has its first token when it has all of them.
    first = measured.first_token_ms if call.stream else None
    last, planned_first = measured.last_byte_ms, call.planned_ttft_ms
    if not (
        _differs(last, whole)
        or (first is not None and planned_first is not None and _differs(first, planned_first))
    ):
        return None
    if first is None or planned_first is None:
        return f"planned {_duration(whole)}"
    return f"planned {_duration(planned_first)} {_duration(whole)}"


def _differs(measured_ms: float, planned_ms: float) -> bool:
    off_ms = abs(measured_ms - planned_ms)
    return off_ms > max(LEAST_DIFFERENCE_MS, LEAST_DIFFERENCE * planned_ms)


# --- A line for programs -------------------------------------------------------------------------


def json_line_of(call: Told, at_s: float) -> str:
    """Return *call*, which has ended, as a JSON object in ASCII, without a line break.

    All members are always there, null where there is nothing to say. Times are in milliseconds,
    planned ones of session time, all others of real time.

    Args:
        call: The call.
        at_s: When it came, as Unix time.

    """
    usage, measured = call.usage, call.measured
    members: dict[str, Any] = {
        "time": _timestamp(at_s),
        "session": _text(call.session) or DEFAULT_SESSION,
        "number": call.number,
        "serial": call.serial,
        "method": _text(call.method),
        "path": call.path[:MOST_TEXT],
        "provider": call.provider,
        "endpoint": call.endpoint,
        "model": _text(call.model),
        "stream": call.stream,
        "words": call.words[:MOST_TEXT] if call.words else call.words,
        "rule": _text(call.rule),
        "status": call.status,
        "error_code": _text(call.error_code),
        "outcome": call.outcome,
        "prompt_tokens": None if usage is None else usage.prompt_tokens,
        "completion_tokens": None if usage is None else usage.completion_tokens,
        "exact": None if usage is None else usage.exact,
        "first_token_ms": None if measured is None else _ms(measured.first_token_ms),
        "total_ms": None if measured is None else _ms(measured.last_byte_ms),
        "late_ms": None if measured is None else _ms(measured.last_late_ms),
        "planned_first_token_ms": _ms(call.planned_ttft_ms),
        "planned_ms": _ms(call.planned_ms),
        "failures": _texts(call.failures),
        "no_effect": _texts(call.no_effect),
        "attempt": call.attempt,
        "client_left_after_tokens": call.client_left_after_tokens,
        "forwarded": _text(call.forwarded),
        "is_unmatched": call.is_unmatched,
        "is_unsupported": call.is_unsupported,
        "is_late": call.is_late,
        "near_misses": _texts(call.near_misses),
        "unoffered": _texts(call.unoffered),
        "off_schema": _texts(call.off_schema),
        "hint": _text(call.hint),
        "notes": _texts(call.notes),
    }
    return _json(members)


def message_line_of(level: str, message: str, at_s: float) -> str:
    """Return a *message* of the server that is about no call, for whoever reads JSON lines."""
    return _json({"time": _timestamp(at_s), "level": level.lower(), "message": message})


def _json(members: Mapping[str, Any]) -> str:
    """Return *members* as JSON in ASCII, with every control character spelled out."""
    try:
        # Ten times as fast, but it spells out neither what is not ASCII nor U+007F.
        written = msgspec.json.encode(members)
        if written.isascii() and b"\x7f" not in written:
            return written.decode("ascii")
    except UnicodeEncodeError:
        pass  # half a surrogate pair, as JSON may hold
    return json.dumps(members, separators=(",", ":")).replace("\x7f", "\\u007f")


def _timestamp(at_s: float) -> str:
    """Return a Unix time as RFC 3339 writes it, to the millisecond."""
    whole, ms = divmod(round(at_s * 1_000), 1_000)
    return f"{_second(whole)}.{ms:03}Z"


@lru_cache(maxsize=64)
def _second(at_s: int) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _ms(ms: float | None) -> float | None:
    return None if ms is None else round(ms, 3)


def _text(text: str | None) -> str | None:
    """Return the beginning of *text*, without secrets."""
    return beginning(text, MOST_TEXT) if text else text


def _texts(texts: Sequence[str]) -> list[str | None]:
    return [_text(text) for text in texts[:MOST_LISTED]] if texts else []
