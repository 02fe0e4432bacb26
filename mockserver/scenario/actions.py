"""What a rule does besides answering: `capture` keeps, `set` changes the session's state."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from mockserver.conversation import IncomingCall
from mockserver.errors import BadValue
from mockserver.patterns.searching import pattern
from mockserver.scenario.conditions.criteria import QueryText, Regex
from mockserver.scenario.conditions.predicates import searched
from mockserver.scenario.conditions.subject import subject_of
from mockserver.templates.expansion import Values, template
from mockserver.templates.queries import query
from mockserver.wire.jsontext import JsonValue

TEXTS: Final[Mapping[str, str]] = {
    "system": "system",
    "first_user": "first_user",
    "last_user": "last_user",
    "latest_user": "latest_user",
    "any_message": "texts",
    "prompt": "prompts",
    "embedding_input": "embedding_inputs",
    "moderation_input": "moderation_inputs",
}
"""The keys that a capture can search, with what they are called in a `Subject`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Search a text for a regular expression; takes its first group, or the whole match."""

    called: ClassVar[str] = "a capture"

    regex: Regex


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """What to take from a request, from one place in it.

    Attributes:
        path: What a JMESPath expression finds in the body.
        system: A search of the system and developer messages.
        first_user: A search of the first user message.
        last_user: A search of the last user message, unless an assistant message follows it.
        latest_user: A search of the newest user message, whatever follows it.
        any_message: A search of all messages; the first match is taken.
        prompt: A search of the prompts of a legacy completion.
        embedding_input: A search of the texts of a request for embeddings.
        moderation_input: A search of the texts of a request for moderation.

    """

    bare: ClassVar[str] = "path"
    called: ClassVar[str] = "a capture"

    path: QueryText | None = None
    system: Search | None = None
    first_user: Search | None = None
    last_user: Search | None = None
    latest_user: Search | None = None
    any_message: Search | None = None
    prompt: Search | None = None
    embedding_input: Search | None = None
    moderation_input: Search | None = None

    def __post_init__(self) -> None:
        stated = [key for key in ("path", *TEXTS) if getattr(self, key) is not None]
        if len(stated) > 1:
            what = f"'{stated[0]}' and '{stated[1]}' cannot be combined: a capture has one source"
            raise BadValue(stated[1], what)

    def take(self, call: IncomingCall) -> JsonValue:
        """Return what there is to take from *call*; None: nothing."""
        if self.path is not None:
            return query(self.path).find(subject_of(call).request)
        for key, name in TEXTS.items():
            search: Search | None = getattr(self, key)
            if search is not None:
                return _searched(search, getattr(subject_of(call), name))
        return None


def _searched(search: Search, looked_at: Any) -> str | None:
    texts = (looked_at,) if isinstance(looked_at, str) else looked_at or ()
    regex = pattern(search.regex)
    for text in texts:
        found = regex.match(searched(text))
        if found is not None:
            return found.group(1 if regex.compiled.groups else 0)
    return None


@dataclass(frozen=True, slots=True)
class Setting:
    """What a name of the state becomes: a *value* (None removes it), or a text to expand."""

    value: JsonValue = None
    template: str | None = None

    def becomes(self, scope: Values) -> JsonValue:
        """Return the new value."""
        return self.value if self.template is None else template(self.template).expand(scope)
