"""From the text of a YAML file to nodes that know their place; meaning comes later.

Only what every editor shows alike is read: one document, text keys, no tags, no merge keys.
The limits keep a hostile file from costing more than its size: aliases may be used, but not
to multiply (a "billion laughs" of 300 bytes), and nothing nests without end.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from mockserver.errors import Place, Problem
from mockserver.scenario.syntax import scalars
from mockserver.scenario.syntax.nodes import BadNode, ListNode, MapNode, Member, Node, ScalarNode

MAX_BYTES: Final = 16 * 1024 * 1024
MAX_DEPTH: Final = 32
MAX_ALIASED: Final = 10_000
"""How many values aliases may stand for in a file. What is written out is not limited."""

# The C parser is five times as fast; installations without it have the other.
_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# YAML 1.1, "printable characters"; lone surrogates, which no file can hold, included.
_NOT_YAML: Final = re.compile(
    "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufeff\uff00-\ufffd\U00010000-\U0010ffff]"
)


def read(text: str, file: str, problems: list[Problem]) -> Node | None:
    """Return what *text* holds, or None if it is no YAML that can be read on.

    Args:
        text: The content of the file.
        file: How errors call the file.
        problems: All that is wrong is added here.

    """
    try:
        _refuse_size(text, file)
        _refuse_characters(text, file)
        return _Composer(file, problems).compose(text)
    except _Unreadable as error:
        problems.append(error.problem)
    except yaml.YAMLError as error:
        problems.append(_syntax_problem(error, text, file))
    return None


class _Unreadable(Exception):  # noqa: N818 - it carries a problem, which is the error
    """Reading on makes no sense."""

    def __init__(self, place: Place, what: str, hint: str | None = None) -> None:
        super().__init__(what)
        self.problem = Problem(place=place, what=what, hint=hint)


def too_large(size: int, file: str) -> Problem:
    """Return the problem with a file of *size* bytes, which is above `MAX_BYTES`."""
    what = f"the file is too large: {size / 2**20:.1f} MiB, and the limit is 16 MiB"
    return Problem(place=Place(file, 1, 1), what=what)


def _refuse_size(text: str, file: str) -> None:
    # A character has at most four bytes: encoding is only needed to tell in between.
    if len(text) > MAX_BYTES // 4 and (size := len(text.encode("utf-8", "replace"))) > MAX_BYTES:
        problem = too_large(size, file)
        raise _Unreadable(problem.place, problem.what)


def _refuse_characters(text: str, file: str) -> None:
    found = _NOT_YAML.search(text)
    if found:
        before = text[: found.start()]
        line = before.count("\n")
        column = found.start() - (before.rfind("\n") + 1)
        raise _Unreadable(
            Place(file, line + 1, column + 1),
            f"the character U+{ord(found.group()):04X} is not allowed in YAML",
            f'write it in double quotes, as "\\u{ord(found.group()):04X}"',
        )


@dataclass(slots=True)
class _Open:
    """A list or mapping that is being read."""

    place: Place
    anchor: str | None
    first: int
    """How many values had been read before it."""
    height: int = 1
    items: list[Node] = field(default_factory=list[Node])
    members: dict[str, Member] | None = None
    key: tuple[str | None, Place] | None = None
    """The key whose value comes next; its text is None if it was refused."""


@dataclass(slots=True)
class _Anchored:
    """A value that aliases can stand for, how many values it holds, how deep it is."""

    node: Node
    size: int
    height: int


class _Composer:
    """Makes nodes of the parser's events, without recursion: depth is checked, not suffered."""

    def __init__(self, file: str, problems: list[Problem]) -> None:
        self._file = file
        self._problems = problems
        self._open: list[_Open] = []
        self._anchored: dict[str, _Anchored] = {}
        self._opening: set[str] = set()
        self._count = 0
        self._aliased = 0
        self._root: Node | None = None

    def compose(self, text: str) -> Node:
        documents = 0
        for event in _events(text):
            match event:
                case yaml.DocumentStartEvent():
                    documents += 1
                    if documents > 1:
                        what = "a second document begins here"
                        raise self._stop(event, what, "a file holds one scenario: remove the '---'")
                case yaml.ScalarEvent():
                    self._scalar(event)
                case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                    self._begin(event)
                case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                    self._end()
                case yaml.AliasEvent():
                    self._alias(event)
                case _:
                    pass
        if self._root is None:
            return MapNode(Place(self._file, 1, 1), ())
        return self._root

    def _place(self, event: Any) -> Place:
        return Place(self._file, event.start_mark.line + 1, event.start_mark.column + 1)

    def _stop(self, event: Any, what: str, hint: str | None = None) -> _Unreadable:
        return _Unreadable(self._place(event), what, hint)

    def _refuse(self, place: Place, what: str, hint: str | None = None) -> None:
        self._problems.append(Problem(place=place, what=what, hint=hint))

    def _scalar(self, event: Any) -> None:
        place = self._place(event)
        plain = event.implicit[0] and event.tag is None
        if self._refuse_tag(event, place):
            node: Node = BadNode(place)
        elif self._awaits_key():
            self._take_key(event.value, place, plain=plain)
            self._anchor(event.anchor, ScalarNode(place, event.value, event.value, plain), 1, 0)
            return
        elif plain:
            node = self._plain(event.value, place)
        else:
            node = ScalarNode(place, event.value, event.value, plain=False)
        self._count += 1
        self._anchor(event.anchor, node, 1, 0)
        self._put(node)

    def _plain(self, word: str, place: Place) -> Node:
        value = scalars.resolve(word)
        if isinstance(value, scalars.Doubtful):
            self._refuse(place, value.what, value.hint)
            return BadNode(place)
        return ScalarNode(place, value, word)

    def _refuse_tag(self, event: Any, place: Place) -> bool:
        if event.tag is None or event.tag == "!":
            return False
        tag = event.tag.replace("tag:yaml.org,2002:", "!!")
        what = f"the tag '{tag}' is not part of the language"
        self._refuse(place, what, 'remove it; text that looks like a number goes in "quotes"')
        return True

    def _begin(self, event: Any) -> None:
        place = self._place(event)
        if self._awaits_key():
            raise self._stop(event, "a key is text, not a list or a mapping")
        if len(self._open) == MAX_DEPTH:
            raise self._stop(event, f"this is nested too deeply: at most {MAX_DEPTH} levels")
        self._refuse_tag(event, place)
        self._count += 1
        opened = _Open(place, event.anchor, self._count)
        if isinstance(event, yaml.MappingStartEvent):
            opened.members = {}
        if event.anchor is not None:
            self._anchored.pop(event.anchor, None)
            self._opening.add(event.anchor)
        self._open.append(opened)

    def _end(self) -> None:
        closed = self._open.pop()
        if closed.members is None:
            node: Node = ListNode(closed.place, tuple(closed.items))
        else:
            node = MapNode(closed.place, tuple(closed.members.values()))
        if closed.anchor is not None:
            self._opening.discard(closed.anchor)
        size = self._count - closed.first + 1
        self._anchor(closed.anchor, node, size, closed.height)
        if self._open:
            self._open[-1].height = max(self._open[-1].height, closed.height + 1)
        self._put(node)

    def _anchor(self, name: str | None, node: Node, size: int, height: int) -> None:
        if name is not None:
            self._anchored[name] = _Anchored(node, size, height)

    def _alias(self, event: Any) -> None:
        place = self._place(event)
        if event.anchor in self._opening:
            raise self._stop(event, f"the alias '*{event.anchor}' refers to itself")
        anchored = self._anchored.get(event.anchor)
        if anchored is None:
            self._refuse(place, f"nothing above has the anchor '&{event.anchor}'")
            anchored = _Anchored(BadNode(place), 1, 0)
        if self._awaits_key():
            raise self._stop(event, "a key is text, not an alias")
        self._aliased += anchored.size
        if self._aliased > MAX_ALIASED:
            what = f"the aliases of this file stand for more than {MAX_ALIASED} values"
            raise self._stop(event, what, "write the values out")
        if len(self._open) + anchored.height > MAX_DEPTH:
            raise self._stop(event, f"this is nested too deeply: at most {MAX_DEPTH} levels")
        self._count += anchored.size
        if self._open:
            self._open[-1].height = max(self._open[-1].height, anchored.height + 1)
        self._put(anchored.node)

    def _awaits_key(self) -> bool:
        return (
            bool(self._open) and self._open[-1].members is not None and self._open[-1].key is None
        )

    def _take_key(self, text: str, place: Place, *, plain: bool) -> None:
        members = self._open[-1].members
        known = members.get(text) if members is not None else None
        if known is not None:
            self._refuse(place, f"duplicate key '{text}': the first is on line {known.place.line}")
            self._open[-1].key = (None, place)
        elif plain and text == "<<":
            self._refuse(
                place, "the merge key '<<' is not part of the language", "write the values out"
            )
            self._open[-1].key = (None, place)
        else:
            self._open[-1].key = (text, place)

    def _put(self, node: Node) -> None:
        """Hand *node* to the list or mapping around it."""
        if not self._open:
            self._root = node
            return
        around = self._open[-1]
        if around.members is None:
            around.items.append(node)
        elif around.key is not None:
            text, place = around.key
            around.key = None
            if text is not None:
                around.members[text] = Member(text, place, node)


def _events(text: str) -> Iterator[Any]:
    return yaml.parse(text, Loader=_LOADER)  # pyright: ignore - its stubs have no types


def _syntax_problem(error: yaml.YAMLError, text: str, file: str) -> Problem:
    """Return what the parser could not read, in the words of someone who writes YAML."""
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return Problem(place=Place(file, 1, 1), what=f"this is not YAML: {error}")
    mark = error.problem_mark
    place = Place(file, mark.line + 1, mark.column + 1)
    lines = text.splitlines()[mark.line :]
    rest = lines[0][mark.column :] if lines else ""
    what, hint = _explain(error.problem or str(error), rest)
    return Problem(place=place, what=what, hint=hint)


def _explain(problem: str, rest: str) -> tuple[str, str | None]:
    """Return what and hint for the parser's *problem*, met where *rest* of a line stands."""
    if rest.startswith("\t"):
        return "a tab: YAML is indented with spaces", "replace the tab with spaces"
    if rest[:1] in ("@", "`"):
        return f"unquoted text cannot begin with '{rest[0]}'", "put the text in quotes"
    if "nesting depth" in problem:
        # libyaml counts too, and looks ahead: it may be the first to have enough.
        return f"this is nested too deeply: at most {MAX_DEPTH} levels", None
    if problem == "mapping values are not allowed in this context":
        hint = "put text that contains ': ' in quotes, and align the keys of a mapping"
        return "a ':' is not allowed here", hint
    return f"this is not YAML: {problem}", _HINTS.get(problem)


_HINTS: Final = {
    "found unexpected end of stream": "a quote is not closed",
    "found unknown escape character": 'in "double quotes" a backslash is written \\\\; '
    "in 'single quotes' it stands for itself",
    "found invalid Unicode character escape code": "write the character itself: "
    "surrogate halves, as in JSON, are not characters in YAML",
    "did not find expected key": "align the keys of a mapping; put text with ': ' in quotes",
    "could not find expected ':'": "a key is followed by ': ' and has at most 1,024 characters",
    "did not find expected '-' indicator": "align the dashes of a list",
    "did not find expected ',' or '}'": "a '{' is not closed, or a ',' is missing",
    "did not find expected ',' or ']'": "a '[' is not closed, or a ',' is missing",
}
