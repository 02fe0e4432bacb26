"""A guide as a stranger follows it: files that grow by steps, commands and what they print.

The first line of a block names its file. A later block for the same Python file is a step: its
imports are added, and the members and functions that it shows are added or replace others.
"""

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from textwrap import dedent
from typing import TypeAlias

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
NAMED = re.compile(r"# ([\w./]+\.(?:py|yaml|toml))\n")
PRINTED = "# -> "

Units: TypeAlias = dict[tuple[int, str], str]
"""Pieces of code by their place (documentation, imports, values, the rest) and their name."""
DOCUMENTATION, IMPORT, VALUE, DEFINITION = range(4)


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text, and the line it begins in."""

    language: str
    text: str
    line: int

    @property
    def file(self) -> str | None:
        """The file that it is, if it says so."""
        named = NAMED.match(self.text)
        return named[1] if named else None

    @property
    def commands(self) -> list[tuple[str, list[str]]]:
        """What it runs, and what each prints as it says."""
        found: list[tuple[str, list[str]]] = []
        for line in self.text.splitlines():
            if line.startswith(PRINTED):
                found[-1][1].append(line.removeprefix(PRINTED))
            else:
                found.append((line, []))
        return found


@dataclass
class Stage:
    """The stranger's files at some point of the guide."""

    line: int
    files: dict[str, str] = field(default_factory=dict)


def blocks(document: str) -> list[Block]:
    """Return the blocks of *document* in their order."""
    return [
        Block(found[1], found[2], document.count("\n", 0, found.start()) + 1)
        for found in FENCE.finditer(document)
    ]


def stages(found: Sequence[Block]) -> Iterator[tuple[Block, Stage]]:
    """Yield each block with all files as they are then, the block's own included."""
    files: dict[str, str] = {}
    for block in found:
        name = block.file
        if name is not None:
            is_step = name in files and name.endswith(".py")
            files[name] = grown(files[name], block.text) if is_step else block.text
        yield block, Stage(block.line, dict(files))


def grown(file: str, step: str) -> str:
    """Return the Python *file* with *step* added."""
    name, _, _ = file.partition("\n")
    return f"{name}\n{_written(_merged(_units(file), _units(step)), 2)}"


def _merged(units: Units, new: Units) -> Units:
    merged = dict(units)
    for key, text in new.items():
        old = merged.get(key)
        is_class = key[0] == DEFINITION and _is_class(text)
        merged[key] = text if old is None or not is_class else _class(old, text)
    return merged


def _is_class(text: str) -> bool:
    return isinstance(ast.parse(dedent(text)).body[0], ast.ClassDef)


def _class(old: str, new: str) -> str:
    """Return the class *old* with the members of *new*."""
    head, members = _opened(old)
    return head + "\n" + _written(_merged(members, _opened(new)[1]), 1).rstrip("\n")


def _opened(text: str) -> tuple[str, Units]:
    """Return the lines above the members of a class, and these."""
    (node,) = ast.parse(text).body
    assert isinstance(node, ast.ClassDef)
    lines = text.splitlines()
    first = node.body[0].lineno - 1
    return "\n".join(lines[:first]), _pieces(lines, node.body, first)


def _units(source: str) -> Units:
    return _pieces(source.splitlines(), ast.parse(source).body, 0)


def _pieces(lines: Sequence[str], body: Sequence[ast.stmt], begin: int) -> Units:
    found: Units = {}
    for node in body:
        assert node.end_lineno is not None
        text = "\n".join(lines[begin : node.end_lineno]).strip("\n")
        begin = node.end_lineno
        found[_place(node, text)] = "\n".join(
            line for line in text.splitlines() if not NAMED.fullmatch(f"{line}\n")
        ).strip("\n")
    return found


def _place(node: ast.stmt, text: str) -> tuple[int, str]:
    match node:
        case ast.Expr():
            return DOCUMENTATION, ""
        case ast.Import() | ast.ImportFrom():
            return IMPORT, text
        case ast.Assign(targets=[ast.Name(name)]) | ast.AnnAssign(target=ast.Name(name)):
            return VALUE, name
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            return DEFINITION, name
        case _:
            raise ValueError(f"no step of the guide has such code: {text}")


def _written(units: Units, apart: int) -> str:
    """Return *units* as code, definitions *apart* by so many empty lines."""
    text = ""
    before = DOCUMENTATION
    for (place, _), unit in sorted(units.items(), key=lambda item: item[0][0]):
        gap = apart if DEFINITION in (place, before) else int(place != before)
        text += ("\n" * gap if text else "") + unit + "\n"
        before = place
    return text
