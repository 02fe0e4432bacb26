"""Texts with `{{ … }}` in them, which is looked up when an answer is made.

An expression is JMESPath over a `Scope`, a query language: there is no code in a template, and
no attribute of any object can be reached from one. Mock servers have been taken over through
their template engines more than once.
"""

import dataclasses
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from operator import attrgetter
from typing import Any, Final, TypeVar, cast

from mockserver import sampling
from mockserver.errors import did_you_mean
from mockserver.seeding import Draw
from mockserver.templates.queries import Query, QueryError, query
from mockserver.wire.jsontext import JsonValue, compact

T = TypeVar("T")

OPEN: Final = "{{"
CLOSE: Final = "}}"
NAMES: Final = ("request", "captured", "state", "call", "turn", "index", "prompt", "faker")
"""What an expression can look into."""
FAKER: Final = "faker"

_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f]+")


class TemplateError(ValueError):
    """A text is not a valid template; *hint* is the nearest right thing, if there is one."""

    def __init__(self, what: str, hint: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint


@dataclass(slots=True, kw_only=True, eq=False)
class Scope:
    """What the expressions of one answer look into.

    Attributes:
        request: The request's JSON body.
        captured: What rules have captured in the conversation, by name.
        state: The session's state, as it was when the rule held.
        call: Which call the rule holds for, counting from 1.
        turn: How many assistant messages the request holds.
        draw: What `faker` draws from.
        empty: The expressions that found nothing, for the journal.

    """

    request: Mapping[str, Any]
    captured: Mapping[str, JsonValue]
    state: Mapping[str, JsonValue]
    call: int
    turn: int
    draw: Draw
    empty: dict[str, None] = dataclasses.field(default_factory=dict[str, None])

    def at(self, index: int = 0, prompt: str = "", *, purpose: str = "") -> "Values":
        """Return what the expressions of the choice *index* look into, which is for *prompt*."""
        values = {
            "request": self.request,
            "captured": self.captured,
            "state": self.state,
            "call": self.call,
            "turn": self.turn,
            "index": index,
            "prompt": prompt,
            FAKER: _Faker(self.draw, f"template-{purpose}{index}"),
        }
        return Values(values, self.empty)


@dataclass(slots=True, eq=False)
class Values:
    """A scope at one place; *empty* gathers the expressions that found nothing."""

    values: Mapping[str, Any]
    empty: dict[str, None]


class _Faker(dict[str, JsonValue]):
    """Made-up values by their provider's name, each time another; jmespath asks by `get`.

    To whatever looks at all of it, it is an empty object.
    """

    __slots__ = ("_draw", "_drawn", "_purpose")

    def __init__(self, draw: Draw, purpose: str) -> None:
        super().__init__()
        self._draw = draw
        self._purpose = purpose
        self._drawn = 0

    def get(self, provider: str, default: Any = None, /) -> JsonValue:
        # Loading refuses unknown names where it sees them; an expression has other ways here.
        if provider not in sampling.FAKERS:
            return default
        self._drawn += 1
        return sampling.fake(provider, self._draw.rng(f"{self._purpose}-{self._drawn}"))


class Template:
    """A text with expressions in it."""

    __slots__ = ("_parts",)

    def __init__(self, text: str) -> None:
        """Read *text*.

        Raises:
            TemplateError: An expression is wrong, or is not closed.

        """
        self._parts = tuple(_parts(text))

    def expand(self, scope: Values) -> str:
        """Return the text with each expression replaced by what it finds in *scope*.

        Text stands for itself, null for nothing, and everything else for its JSON.
        """
        return "".join(
            [p if isinstance(p, str) else self._found(p, scope) for p in self._parts],
        )

    def _found(self, expression: Query, scope: Values) -> str:
        value = expression.find(scope.values)
        if value is None:
            scope.empty[expression.text] = None
            return ""
        return value if isinstance(value, str) else compact(value)


@lru_cache(maxsize=4_096)
def template(text: str) -> Template:
    """Return the template *text*; see `Template` for what it raises."""
    return Template(text)


def expressions(text: str) -> list[str]:
    """Return the expressions in *text* that would be expanded; none if it is not a template."""
    try:
        return [part.text for part in _parts(text) if isinstance(part, Query)]
    except TemplateError:
        return []


def texts_of(value: Any) -> Iterator[str]:
    """Yield the texts in *value*, however deep they stand: all that `expanded` would look at."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple | list):
        for item in cast(list[Any], value):
            yield from texts_of(item)
    elif isinstance(value, Mapping):
        yield from texts_of(list(cast(Mapping[str, Any], value).values()))
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            yield from texts_of(getattr(value, field.name))


def expanded(value: T, scope: Values) -> T:
    """Return *value* with all templates in its texts expanded, however deep they stand.

    Mappings keep their keys. What holds no template is returned as it is.
    """
    return cast(T, _expanded(value, scope))


def found_nothing(expression: str) -> str:
    """Return what the journal notes of an *expression* that found nothing."""
    return f"'{OPEN} {expression} {CLOSE}' found nothing"


def one_line(text: str) -> str:
    """Return *text* without what would end a header: an expression may find anything."""
    return _CONTROLS.sub(" ", text)


def _expanded(value: Any, scope: Values) -> Any:
    if isinstance(value, str):
        return template(value).expand(scope) if OPEN in value else value
    if isinstance(value, tuple | list):
        items = [_expanded(item, scope) for item in cast(list[Any], value)]
        return tuple(items) if isinstance(value, tuple) else items
    if isinstance(value, Mapping):
        members = cast(Mapping[str, Any], value).items()
        return {key: _expanded(item, scope) for key, item in members}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        changed = {name: _expanded(getattr(value, name), scope) for name in templated_fields(value)}
        return _replaced(value, changed) if changed else value
    return value


def _replaced(value: Any, changed: Mapping[str, Any]) -> Any:
    """Return *value*, a dataclass, with *changed* fields, without a loop over all others."""
    kind = cast(Any, type(value))
    names, read = _fields_of(kind)
    return kind(**{**dict(zip(names, read(value), strict=True)), **changed})


@cache
def _fields_of(kind: Any) -> tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]]]:
    """Return the names of the fields of *kind*, and what reads them all."""
    names = tuple([field.name for field in dataclasses.fields(kind)])
    if len(names) == 1:
        return names, lambda value: (getattr(value, names[0]),)
    return names, attrgetter(*names)


def templated_fields(value: Any) -> tuple[str, ...]:
    """Return the fields of *value*, a dataclass, that hold a template however deep they are."""
    known = _TEMPLATED.get(id(value))
    if known is None or known[0] is not value:
        names = [field.name for field in dataclasses.fields(value)]
        held = [name for name in names if any(OPEN in t for t in texts_of(getattr(value, name)))]
        if len(_TEMPLATED) >= TEMPLATED_KEPT:
            _TEMPLATED.clear()
        known = _TEMPLATED[id(value)] = (value, tuple(held))
    return known[1]


TEMPLATED_KEPT: Final = 4_096
_TEMPLATED: Final[dict[int, tuple[Any, tuple[str, ...]]]] = {}
"""By identity, since replies are long to hash; each is kept alive here."""


def _parts(text: str) -> Iterator[str | Query]:
    position = 0
    while (start := text.find(OPEN, position)) >= 0:
        if start > position:
            yield text[position:start]
        expression, position = _expression(text, start)
        yield expression
    if position < len(text):
        yield text[position:]


def _expression(text: str, start: int) -> tuple[Query, int]:
    """Return the expression that begins at *start*, and where the text continues after it.

    Braces may stand in it: the first end up to which it can be read is its own.
    """
    end = text.find(CLOSE, start + len(OPEN))
    if end < 0:
        raise TemplateError(f"'{OPEN}' is never closed: '{text[start : start + 40]}'")
    first: QueryError | None = None
    while end >= 0:
        inner = text[start + len(OPEN) : end].strip()
        try:
            found = query(inner)
        except QueryError as error:
            first = first or error
            end = text.find(CLOSE, end + 1)
            continue
        _check_names(found)
        return found, end + len(CLOSE)
    assert first is not None
    shown = text[start : text.find(CLOSE, start) + len(CLOSE)]
    raise TemplateError(f"'{shown}' cannot be read: {first.what}", first.hint) from first


def _check_names(expression: Query) -> None:
    for name, inner in expression.names():
        if name not in NAMES:
            what = f"unknown name '{name}' in '{{{{ {expression.text} }}}}'"
            known = f"known here: {', '.join(NAMES)}"
            raise TemplateError(what, did_you_mean(name, NAMES) or known)
        if name != FAKER:
            continue
        if inner is None:
            what = f"'{FAKER}' needs what to make, as in '{{{{ faker.name }}}}'"
            raise TemplateError(what, f"it can make: {', '.join(sampling.FAKERS)}")
        if inner not in sampling.FAKERS:
            known = f"known here: {', '.join(sampling.FAKERS)}"
            hint = did_you_mean(inner, sampling.FAKERS) or known
            raise TemplateError(f"unknown faker '{inner}'", hint)
