"""JMESPath: the query language of `request`, `capture` and templates, checked before it is used.

An expression can look into JSON and nothing else: there is no code in it. What the library
finds out only while it searches, such as an unknown function, is found here when a scenario is
loaded.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache, partial
from typing import Any, Final, cast

import jmespath
from jmespath import exceptions, functions
from jmespath.visitor import TreeInterpreter

from mockserver.effort import Budget, current
from mockserver.errors import did_you_mean
from mockserver.wire.jsontext import is_list, is_object

LONGEST: Final = 4_096
"""Characters of an expression; the library's parser recurses."""

_FUNCTIONS: Final[dict[str, dict[str, Any]]] = cast(Any, functions.Functions).FUNCTION_TABLE


class QueryError(ValueError):
    """A text is not a JMESPath expression; *hint* is the nearest right thing, if there is one."""

    def __init__(self, what: str, hint: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint


class Query:
    """An expression, ready to be searched for."""

    __slots__ = ("_search", "text", "tree")

    def __init__(self, text: str) -> None:
        """Compile *text*.

        Raises:
            QueryError: It is not an expression, or calls an unknown function.

        """
        self.text = text
        parsed = _parsed(text)
        self.tree: dict[str, Any] = parsed.parsed
        steps = _steps(self.tree)
        self._search = partial(_evaluated, self) if steps is None else partial(_walk, steps)
        _check_functions(self.tree)

    def find(self, value: Any) -> Any:
        """Return what the expression finds in *value*; None where it finds or can do nothing.

        What takes too many steps, or makes something too large, finds nothing; this is noted.
        """
        try:
            return self._search(value)
        except (exceptions.JMESPathError, TypeError, ValueError, RecursionError):
            # `length(n)` of a number, or what the library itself trips over.
            return None

    def names(self) -> Iterator[tuple[str, str | None]]:
        """Yield each name that is looked up in the whole value, and what is looked up in that."""
        return _names(self.tree)


@lru_cache(maxsize=4_096)
def query(text: str) -> Query:
    """Return the expression *text*; see `Query` for what it raises."""
    return Query(text)


def _parsed(text: str) -> Any:
    if len(text) > LONGEST:
        raise QueryError(f"the expression has {len(text)} characters, and the limit is {LONGEST}")
    try:
        return jmespath.compile(text)
    except exceptions.EmptyExpressionError as error:
        raise QueryError("the expression is empty") from error
    except exceptions.LexerError as error:
        raise QueryError(f"{_at(error.lexer_position)}: {error.message}") from error
    except exceptions.ParseError as error:
        token = error.token_value
        found = f"unexpected '{token}'" if token else "the expression ends too early"
        raise QueryError(f"{_at(error.lex_position)}: {found}") from error
    except RecursionError as error:
        raise QueryError("the expression is nested too deeply") from error


def _steps(tree: dict[str, Any]) -> tuple[str | int, ...] | None:
    """Return the names and numbers of a plain path (`request.messages[-1]`); None: it is more."""
    if tree["type"] in {"field", "index"}:
        return (tree["value"],)
    if tree["type"] not in {"subexpression", "index_expression"}:
        return None
    steps = [_steps(child) for child in tree["children"]]
    return None if None in steps else tuple([step for own in steps if own for step in own])


def _walk(steps: tuple[str | int, ...], value: Any) -> Any:
    """Return what is at the end of a plain path, as the library does, but without its visitor."""
    for step in steps:
        if isinstance(step, str):
            value = value.get(step) if is_object(value) else _member(value, step)
        else:
            value = value[step] if is_list(value) and -len(value) <= step < len(value) else None
    return value


def _member(value: Any, name: str) -> Any:
    return cast(Mapping[str, Any], value).get(name) if isinstance(value, Mapping) else None


LARGEST: Final = 1_000_000
"""Of what an expression makes: characters, and values in it, each as often as it is there."""
_FREE_STEPS: Final = 200
"""What each expression may take, however many there are."""
_LIGHT: Final = 20
"""So many values are as quickly gone through as one node of an expression is evaluated."""
_CHARACTERS: Final = 200
"""So many characters, likewise."""
_EQUALITY: Final = frozenset({"eq", "ne"})
"""The comparisons of any values; all others are of numbers."""
_SHOWN: Final = 60
_MAKING: Final = frozenset(
    (
        *("multi_select_list", "multi_select_dict", "projection", "value_projection"),
        *("filter_projection", "flatten", "function_expression"),
    )
)
"""The nodes whose results are new; all others find what is there."""


class _TooMuch(Exception):  # noqa: N818 - it is a verdict
    """An expression takes too many steps, or makes something too large."""


def _evaluated(expression: Query, value: Any) -> Any:
    """Return what *expression* finds in *value*, or None where that is too much."""
    effort = current()
    with effort.share("queries", _FREE_STEPS) as steps:
        try:
            return _Counting(value, steps).visit(expression.tree, value)
        except _TooMuch:
            text = expression.text
            shown = text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "\N{HORIZONTAL ELLIPSIS}"
            effort.give_up(f"the expression '{shown}' makes too much, and was given up")
            return None


class _Counting(TreeInterpreter):
    """Evaluates an expression as the library does, and counts its steps and what it makes."""

    def __init__(self, whole: Any, steps: Budget) -> None:
        super().__init__()
        self._whole = whole
        self._steps = steps
        # By id; each value is kept, too, lest another gets the id of one that is gone.
        self._sizes: dict[int, tuple[Any, int]] = {}

    def visit(self, node: Any, *args: Any, **options: Any) -> Any:
        """Evaluate *node*.

        Raises:
            _TooMuch: No steps are left, or its result is too large.

        """
        self._spend(1)
        found = super().visit(node, *args, **options)
        if node["type"] in _MAKING:
            if isinstance(found, str):
                self._spend(len(found) // _CHARACTERS)
            size = self._size(found)
            # Whatever is looked into may be found twice, however large it is.
            if size > LARGEST and size > 2 * self._size(self._whole):
                raise _TooMuch
        return found

    def visit_comparator(self, node: Any, value: Any) -> Any:
        """Compare what is found; of lists and objects that takes steps."""
        if node["value"] not in _EQUALITY:
            return super().visit_comparator(node, value)
        left, right = [self.visit(child, value) for child in node["children"]]
        if isinstance(left, list | dict) and isinstance(right, list | dict):
            self._spend(min(self._size(left), self._size(right)) // _LIGHT)
        return self.COMPARATOR_FUNC[node["value"]](left, right)

    def _spend(self, steps: int) -> None:
        if not self._steps.spend(steps):
            raise _TooMuch

    def _size(self, value: Any) -> int:
        if isinstance(value, str):
            return 1 + len(value)
        if not isinstance(value, list | dict):
            return 1
        holder = cast(Any, value)
        known = self._sizes.get(id(holder))
        if known is None:
            self._spend(len(holder) // _LIGHT)
            inner = holder.values() if isinstance(value, dict) else holder
            known = self._sizes[id(holder)] = (holder, 1 + sum(map(self._size, inner)))
        return known[1]


def _at(position: int) -> str:
    return f"at character {position + 1}"


def _check_functions(tree: dict[str, Any]) -> None:
    if tree["type"] == "function_expression":
        name = tree["value"]
        known = _FUNCTIONS.get(name)
        if known is None:
            raise QueryError(f"unknown function '{name}'", did_you_mean(name, _FUNCTIONS))
        wanted, given = len(known["signature"]), len(tree["children"])
        variadic = any(part.get("variadic") for part in known["signature"])
        if given < wanted or (given > wanted and not variadic):
            raise QueryError(f"the function '{name}' takes {wanted} arguments, not {given}")
    for child in tree["children"]:
        if isinstance(child, dict):
            _check_functions(cast(dict[str, Any], child))


_WHOLE: Final = frozenset({"identity", "current"})
_OWN: Final = frozenset({"field", "literal", *_WHOLE})
_INWARD: Final = frozenset(
    {"subexpression", "index_expression", "pipe", "projection", "value_projection"}
)
"""Of these, only the first child looks at the whole value; the others look into what it found."""


def _names(tree: dict[str, Any]) -> Iterator[tuple[str, str | None]]:
    kind, children = tree["type"], tree["children"]
    if kind == "field":
        yield tree["value"], None
    elif kind in _INWARD or kind == "filter_projection":
        first, *rest = children
        if first["type"] == "field":
            inner = rest[0] if rest and kind == "subexpression" else None
            is_field = inner is not None and inner["type"] == "field"
            yield first["value"], inner["value"] if inner is not None and is_field else None
        elif first["type"] in _WHOLE and kind == "subexpression":
            yield from _names(rest[0])
        else:
            yield from _names(first)
    elif kind not in {"expref", *_OWN}:
        for child in children:
            if isinstance(child, dict):
                yield from _names(cast(dict[str, Any], child))
