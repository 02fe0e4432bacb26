"""From nodes to typed values: the annotations of a class define what its keys may hold.

This is the one place where annotations are interpreted. A dataclass is a mapping whose keys
are its fields (a trailing underscore is dropped: `not_` is written `not`). An `Unstated` in a
union is never written. A class with a `bare` key may be written as that key's value alone.
All problems are collected, so that everything wrong with a file is reported at once.
"""

import dataclasses
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import (
    Annotated,
    Any,
    Final,
    Literal,
    Self,
    TypeAlias,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from mockserver.contracts import ONE_OR_MORE, Unstated
from mockserver.errors import BadValue, Place, Problem, did_you_mean
from mockserver.scenario import bounds
from mockserver.scenario.syntax.nodes import (
    BadNode,
    ListNode,
    MapNode,
    Node,
    ScalarNode,
    is_nothing,
)
from mockserver.scenario.syntax.wording import described, either, known_words, literal
from mockserver.wire.jsontext import compact


class Invalid(Enum):
    """Stands for a value that was refused; the problems state why."""

    INVALID = "invalid"


INVALID: Final = Invalid.INVALID

Reader: TypeAlias = Callable[[Node], Any]
"""Makes a value from a node where the annotation alone does not define how; `INVALID` on errors."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a mapping: the field that it fills, what it may hold, whether it must be there."""

    field: str
    annotation: Any
    required: bool


@cache
def keys_of(cls: Any) -> Mapping[str, Key]:
    """Return the keys that a mapping for the dataclass *cls* may have, in order."""
    hints = get_type_hints(cls, include_extras=True)
    return {
        field.name.rstrip("_"): Key(
            field.name,
            hints[field.name],
            required=field.default is dataclasses.MISSING
            and field.default_factory is dataclasses.MISSING,
        )
        for field in dataclasses.fields(cls)
        if field.init
    }


NO_FIELDS: Final[frozenset[str]] = frozenset()


def never_null_of(cls: Any) -> frozenset[str]:
    """Return the fields of *cls* for which null would say nothing, though their type has it."""
    own: frozenset[str] = getattr(cls, "never_null", NO_FIELDS)
    common: frozenset[str] = getattr(cls, "drawn", NO_FIELDS)
    return own | common


class Builder:
    """Builds the values of one file, and collects its problems."""

    def __init__(self, readers: Mapping[Any, Reader], foreign_words: Mapping[str, str]) -> None:
        """Take the readers of annotations that do not speak for themselves.

        Args:
            readers: By annotation.
            foreign_words: Keys of other tools, each with its name here.

        """
        self.problems: list[Problem] = []
        self._readers = readers
        self._foreign_words = foreign_words

    def refuse(self, place: Place, what: str, hint: str | None = None) -> Invalid:
        """Note a problem, and return what stands for the value."""
        self.problems.append(Problem(place=place, what=what, hint=hint))
        return INVALID

    def warn(self, place: Place, what: str, hint: str | None = None) -> None:
        """Note something doubtful."""
        self.problems.append(Problem(place=place, what=what, hint=hint, severity="warning"))

    def expected(self, wanted: str, node: Node) -> Invalid:
        """Refuse *node*, where *wanted* is expected."""
        quotes = ""
        if wanted == "text" and isinstance(node, ScalarNode) and node.value is not None:
            quotes = ": put it in quotes"
        return self.refuse(node.place, f"expected {wanted}, got {described(node)}{quotes}")

    def build(self, annotation: Any, node: Node, owner: type[Any] | None = None) -> Any:
        """Return the value of *node* as *annotation* says, or `INVALID`.

        *owner* is the class whose key this is: what `Self` means.
        """
        if isinstance(node, BadNode):
            return INVALID
        if annotation is Self:
            annotation = owner
        if annotation in self._readers:
            return self._readers[annotation](node)
        if annotation is Any:
            return self._json(node)
        if annotation in _SCALARS:
            return self._scalar(annotation, node)
        if isinstance(annotation, type) and dataclasses.is_dataclass(annotation):
            return self.record(annotation, node)
        return self._generic(annotation, node, owner)

    def _generic(self, annotation: Any, node: Node, owner: type[Any] | None) -> Any:
        arguments = get_args(annotation)
        match get_origin(annotation):
            case origin if origin is Annotated and ONE_OR_MORE in arguments:
                return self._one_or_more(get_args(arguments[0])[0], node, owner)
            case origin if origin is Annotated:
                return self.build(arguments[0], node, owner)
            case origin if origin is Literal:
                return self._word(arguments, node)
            case origin if origin is Union or origin is types.UnionType:
                return self._union(arguments, node, owner)
            case origin if origin is tuple:
                return self._tuple(arguments, node, owner)
            case origin if origin is Mapping:
                return self._mapping(arguments[1], node, owner)
            case _:
                raise TypeError(f"{annotation} of {owner} cannot be read from YAML")

    def record(
        self,
        cls: Any,
        node: Node,
        *,
        called: str = "",
        given: Mapping[str, Any] | None = None,
        defaults: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return an instance of the dataclass *cls*, its fields filled by the keys of *node*.

        Args:
            cls: The class.
            node: A mapping; or the value of the key `bare` of *cls* alone.
            called: What errors call the mapping; otherwise the class's `called`, if any.
            given: Fields that are not keys.
            defaults: Fields whose default is not the class's own.

        """
        bare = getattr(cls, "bare", None)
        if not isinstance(node, MapNode):
            if bare is None:
                return self.expected("a mapping", node)
            value = self.build(keys_of(cls)[bare].annotation, node, cls)
            return INVALID if value is INVALID else self._make(cls, {bare: value}, node)
        if bare is not None and not node.members:
            return self.refuse(node.place, "the test is empty", known_words(keys_of(cls)))
        keys = {word: key for word, key in keys_of(cls).items() if key.field not in (given or ())}
        called = called or getattr(cls, "called", "")
        values = self._members(cls, keys, node, called, {**(defaults or {}), **(given or {})})
        return INVALID if INVALID in values.values() else self._make(cls, values, node)

    def _members(
        self,
        cls: Any,
        keys: Mapping[str, Key],
        node: MapNode,
        called: str,
        known: Mapping[str, Any],
    ) -> dict[str, Any]:
        """Return the fields of *cls* that *node* states, and those already *known*."""
        values = dict(known)
        hints: list[str] = []
        for member in node.members:
            key = keys.get(member.key)
            if key is None:
                hints.append(self.unknown_key(member.key, member.place, keys, called))
                values[member.key] = INVALID
            elif is_nothing(member.value) and key.field in never_null_of(cls):
                what, instead = (
                    f"'{member.key}' cannot be null",
                    "leave it out: it follows by itself",
                )
                values[key.field] = self.refuse(member.value.place, what, instead)
            else:
                value = self.build(key.annotation, member.value, cls)
                fault = bounds.fault_of(member.key, value)
                if fault is not None:
                    value = self.refuse(member.value.place, *fault)
                values[key.field] = value
        for word, key in keys.items():
            # A misspelt key is one mistake, not an unknown key and a missing one.
            if key.required and key.field not in values and did_you_mean(word, [word]) not in hints:
                within = f" in {called}" if called else ""
                words = get_args(key.annotation) if get_origin(key.annotation) is Literal else ()
                hint = f"write '{word}: {words[0]}'" if len(words) == 1 else None
                what = f"missing key '{word}'{within}"
                values[key.field] = self.refuse(node.place, what, hint)
        return values

    def unknown_key(self, word: str, place: Place, known: Iterable[str], called: str) -> str:
        """Refuse the key *word* where only *known* ones may stand; return the hint."""
        within = f" in {called}" if called else ""
        hint = did_you_mean(word, known)
        if hint is None and word in self._foreign_words:
            hint = f"here it is {self._foreign_words[word]}"
        hint = hint or known_words(known)
        self.refuse(place, f"unknown key '{word}'{within}", hint)
        return hint

    def _make(self, cls: type[Any], values: Mapping[str, Any], node: Node) -> Any:
        try:
            return cls(**values)
        except BadValue as error:
            member = node.get(error.key) if isinstance(node, MapNode) else None
            place = member.place if member is not None else node.place
            return self.refuse(place, error.what, error.hint)
        except ValueError as error:
            return self.refuse(node.place, str(error))

    # --- One method for each form of annotation ---

    def _scalar(self, wanted: Any, node: Node) -> Any:
        if isinstance(node, ScalarNode):
            kind = type(node.value)
            if kind is wanted or (wanted is type(None) and node.value is None):
                return node.value
            if wanted is float and kind is int:
                return node.value
        return self.expected(_SCALARS[wanted], node)

    def _word(self, words: Sequence[Any], node: Node) -> Any:
        if isinstance(node, ScalarNode):
            for word in words:
                if node.value == word and type(node.value) is type(word):
                    return word
        known = [word for word in words if isinstance(word, str)]
        hint = did_you_mean(node.raw, known) if isinstance(node, ScalarNode) else None
        wanted = either([literal(word) for word in words])
        return self.refuse(node.place, f"expected {wanted}, got {described(node)}", hint)

    def _union(self, arguments: Sequence[Any], node: Node, owner: type[Any] | None) -> Any:
        members = [owner if m is Self else m for m in arguments if m is not Unstated]
        # Where absence is not null, null is a value like any other.
        takes_null = Unstated in arguments and Any in members
        fitting = [member for member in members if takes_null or self._may_be(member, node)]
        if not fitting:
            wanted = [self._name(member) for member in members if member is not type(None)]
            return self.expected(either(wanted), node)
        before = len(self.problems)
        first_problems: list[Problem] | None = None
        for member in fitting:
            value = self.build(member, node, owner)
            if value is not INVALID:
                return value
            if first_problems is None:
                first_problems = self.problems[before:]
            del self.problems[before:]
        self.problems += first_problems or []
        return INVALID

    def _may_be(self, annotation: Any, node: Node) -> bool:
        """Return whether the form of *node* is one that *annotation* can have."""
        if annotation in self._readers or annotation is Any:
            return not (isinstance(node, ScalarNode) and node.value is None)
        origin = get_origin(annotation)
        if annotation in _SCALARS or origin is Literal:
            return isinstance(node, ScalarNode) and (
                origin is Literal
                or type(node.value) is annotation
                or (annotation is float and type(node.value) is int)
            )
        if origin is tuple:
            return isinstance(node, ListNode)
        if origin is Annotated or getattr(annotation, "bare", None) is not None:
            return True
        return isinstance(node, MapNode)

    def _name(self, annotation: Any) -> str:
        """Return what errors call a value of *annotation*."""
        if annotation in _SCALARS:
            return _SCALARS[annotation]
        if get_origin(annotation) is Literal:
            return either([literal(word) for word in get_args(annotation)])
        if get_origin(annotation) is tuple:
            return "a list"
        return "a mapping"

    def _one_or_more(self, element: Any, node: Node, owner: type[Any] | None) -> Any:
        if not isinstance(node, ListNode):
            value = self.build(element, node, owner)
            return INVALID if value is INVALID else (value,)
        if not node.items:
            return self.refuse(node.place, "the list is empty")
        return self._tuple((element, ...), node, owner)

    def _tuple(self, arguments: Sequence[Any], node: Node, owner: type[Any] | None) -> Any:
        if not isinstance(node, ListNode):
            return self.expected("a list", node)
        if arguments[-1] is Ellipsis:
            elements: Sequence[Any] = [arguments[0]] * len(node.items)
        else:
            elements = arguments
        if len(elements) != len(node.items):
            what = f"expected a list of {len(elements)} values, got {len(node.items)}"
            return self.refuse(node.place, what)
        values = tuple(
            self.build(element, item, owner)
            for element, item in zip(elements, node.items, strict=True)
        )
        return INVALID if INVALID in values else values

    def _mapping(self, element: Any, node: Node, owner: type[Any] | None) -> Any:
        if not isinstance(node, MapNode):
            return self.expected("a mapping", node)
        values = {member.key: self.build(element, member.value, owner) for member in node.members}
        return INVALID if INVALID in values.values() else values

    def _json(self, node: Node) -> Any:
        """Return *node* as JSON would hold it."""
        match node:
            case ScalarNode():
                self._warn_of_numbers(node)
                return node.value
            case ListNode():
                items = [self._json(item) for item in node.items]
                return INVALID if INVALID in items else items
            case MapNode():
                values = {member.key: self._json(member.value) for member in node.members}
                return INVALID if INVALID in values.values() else values
            case BadNode():
                return INVALID

    def _warn_of_numbers(self, node: ScalarNode) -> None:
        """Warn of a number that is not sent as written: was text meant?"""
        if isinstance(node.value, bool) or not isinstance(node.value, int | float):
            return
        hint = "put it in quotes if text is meant"
        sent = compact(node.value)
        if sent != node.raw:
            self.warn(node.place, f"{node.raw} is sent as the number {sent}", hint)
        elif len(sent.lstrip("-")) > _SAFE_DIGITS and isinstance(node.value, int):
            what = f"many JSON readers keep only {_SAFE_DIGITS} digits of a number"
            self.warn(node.place, what, hint)


_SAFE_DIGITS: Final = 15
"""What a float holds exactly; JSON readers without other numbers (JavaScript's) lose the rest."""

_SCALARS: Final[Mapping[Any, str]] = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    type(None): "nothing",
}
