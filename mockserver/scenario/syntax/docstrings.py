"""What docstrings say about a class and its fields, for people who write scenarios in an editor.

A field is explained under `Attributes:`, or else by the first sentence of the docstring that
names it between asterisks. Inherited fields are explained by the class that they come from.
What is marked up as code or as a field is put in quotes: editors show these texts plainly.
"""

import inspect
import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Final, cast

_SECTION: Final = re.compile(r"^(Attributes|Args|Returns|Raises|Source):$", re.MULTILINE)
_ATTRIBUTE: Final = re.compile(r"^ {4}(\w+): (.*(?:\n(?: {5,}.*|(?=\n)))*)", re.MULTILINE)
_SENTENCE_END: Final = re.compile(r"(?<=[.]) (?=[A-Z'])")
_MARKED: Final = re.compile(r"\*(\w+)\*|`+([^`]+)`+")


def summary(cls: Any) -> str | None:
    """Return what *cls* is, in prose: its docstring without sections; None if it has none."""
    prose, _ = _parts(cls)
    return prose or None


def explained(cls: Any, field: str) -> str | None:
    """Return what the *field* of *cls* is, or None if no docstring explains it."""
    for base in inspect.getmro(cls):
        prose, attributes = _parts(base)
        if field in attributes:
            return attributes[field]
        if f"'{field}'" in prose:
            sentences = _SENTENCE_END.split(prose)
            return next(sentence for sentence in sentences if f"'{field}'" in sentence)
    return None


@cache
def _parts(cls: Any) -> tuple[str, Mapping[str, str]]:
    """Return the prose of the class's own docstring, and its attributes."""
    own = cast(dict[str, Any], cls.__dict__)  # `cls.__doc__` would be inherited
    text = own.get("__doc__") or ""
    # A dataclass without a docstring is given its signature for one.
    if text.startswith(f"{cls.__name__}("):
        return "", {}
    prose, attributes = parts(text)
    return _quoted(prose), {name: _quoted(about) for name, about in attributes.items()}


def parts(docstring: str) -> tuple[str, Mapping[str, str]]:
    """Return the prose of a *docstring* and its attributes, each on one line, with its marks."""
    text = inspect.cleandoc(docstring)
    section = _SECTION.search(text)
    prose = text[: section.start()] if section else text
    attributes: dict[str, str] = {}
    if section and section[1] == "Attributes":
        for name, about in _ATTRIBUTE.findall(text[section.end() :]):
            attributes[name] = " ".join(about.split())
    return " ".join(prose.split()), attributes


def _quoted(text: str) -> str:
    """Return *text* with quotes for its marks."""
    return _MARKED.sub(lambda found: f"'{found[1] or found[2]}'", text)
