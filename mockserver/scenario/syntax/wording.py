"""How errors name what a file contains."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from mockserver.records.redaction import LONGEST_READ, redact_text
from mockserver.scenario.syntax.nodes import BadNode, ListNode, MapNode, Node, ScalarNode

_LONGEST: Final = 40


def described(node: Node) -> str:
    """Return what stands in *node*, to follow "got"."""
    match node:
        case ScalarNode(value=None):
            return "nothing"
        case ScalarNode(value=bool()):
            return node.raw
        case ScalarNode(value=str()):
            return f"the text '{shortened(node.raw)}'"
        case ScalarNode():
            return f"the number {node.raw}"
        case ListNode():
            return "a list"
        case MapNode() | BadNode():
            return "a mapping"


def shortened(text: str, secrets: Iterable[bytes] = ()) -> str:
    """Return *text* on one line without secrets, its end left off if it is long.

    What is shown ends in logs and reports. Secrets are taken out before it is cut: afterwards,
    nobody would know them. *secrets* are those that it is known to hold.
    """
    line = " ".join(redact_text(text[:LONGEST_READ], secrets).split())
    return f"{line[:_LONGEST]}…" if len(line) > _LONGEST + 1 else line


def literal(word: Any) -> str:
    """Return *word* as it is written in a sentence: text in quotes, constants as in YAML."""
    return f"'{word}'" if isinstance(word, str) else str(word).lower()


def either(words: Sequence[str]) -> str:
    """Return *words* joined by "or"."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def known_words(words: Iterable[str]) -> str:
    """Return the hint that lists what may stand in a place."""
    return "known here: " + ", ".join(words)
