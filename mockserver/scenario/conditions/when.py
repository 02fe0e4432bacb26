"""The keys of a `when`, and what each looks at in a call.

A new key is a field of `When` and a line in `FACETS`.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Final, Self, TypeAlias

from mockserver.contracts import UNSTATED, KeyTrait, OneOrMore, Unstated
from mockserver.errors import BadValue
from mockserver.scenario.conditions.criteria import (
    NamesTest,
    NameTest,
    NumberTest,
    ShowsWhatIsStated,
    TextTest,
    ValueTest,
)
from mockserver.scenario.conditions.subject import Form, Returned, Subject
from mockserver.scenario.syntax.wording import literal, shortened

QUERIES: Final = KeyTrait("queries")
"""A mapping whose keys are JMESPath expressions."""
ENDPOINT: Final = KeyTrait("endpoint")
"""Names of endpoints: those that are plugged in, and no others."""
PROVIDER: Final = KeyTrait("provider")
"""Names of dialects: those that are plugged in, and no others."""

QueryTests: TypeAlias = Annotated[Mapping[str, ValueTest], QUERIES]
EndpointTest: TypeAlias = Annotated[NameTest, ENDPOINT]
ProviderTest: TypeAlias = Annotated[NameTest, PROVIDER]
ProviderName: TypeAlias = Annotated[str, PROVIDER]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class AfterTool(ShowsWhatIsStated):
    """A test of the tool results sent back: by the tools' names, or of one result in detail.

    Attributes:
        any: At least one of these tools returned a result.
        all: All of these tools returned a result.
        present: Whether there are any results at all.
        name: The tool's name; `result`, `arguments` and `id` must fit the same result.
        result: What the tool returned.
        arguments: What the tool was called with.
        id: The tool call's id.

    """

    bare: ClassVar[str] = "any"
    called: ClassVar[str] = "'after_tool'"

    any: OneOrMore[str] = ()
    all: OneOrMore[str] = ()
    present: bool | Unstated = UNSTATED
    name: NameTest | Unstated = UNSTATED
    result: TextTest | Unstated = UNSTATED
    arguments: TextTest | Unstated = UNSTATED
    id: TextTest | Unstated = UNSTATED

    cost: ClassVar[int] = 12

    def __post_init__(self) -> None:
        names = self._names
        details = self._details
        if names != NamesTest() and details:
            key = next(iter(details))
            what = f"'{key}' tests one result, but 'any', 'all' and 'present' test all of them"
            raise BadValue(key, what, "give the tool's name as 'name'")

    @property
    def _names(self) -> NamesTest:
        return NamesTest(any=self.any, all=self.all, present=self.present)

    @property
    def _details(self) -> dict[str, TextTest]:
        keys = ("name", "result", "arguments", "id")
        tests = {key: getattr(self, key) for key in keys}
        return {key: test for key, test in tests.items() if not isinstance(test, Unstated)}

    def predicate(self) -> Callable[[Sequence[Returned]], bool]:
        """Return the function that tests whether the test holds for results."""
        details = self._details
        if not details:
            names = self._names.predicate()
            return lambda results: names([r.name for r in results if r.name is not None])
        parts = [(operator.attrgetter(key), test.predicate()) for key, test in details.items()]

        def one_fits(results: Sequence[Returned]) -> bool:
            return any(all(fits(read(result)) for read, fits in parts) for result in results)

        return one_fits

    def describe(self) -> str:
        """Return what is wanted, to follow "the rule wants"."""
        details = self._details
        if not details:
            return self._names.describe()
        return "one with " + ", ".join(f"{key} {test.describe()}" for key, test in details.items())


Test = NameTest | TextTest | NamesTest | NumberTest | AfterTool


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class When(ShowsWhatIsStated):
    """One mapping of a `when`, as written. All keys given must hold.

    Attributes:
        endpoint: The endpoint called. Without it, a rule is about every endpoint that asks a
            model and that its reply can answer.
        provider: The provider whose API is called.
        model: The model asked for.
        key: The API key, in whichever header it is sent.
        stream: Whether a stream is asked for.
        method: The method of HTTP, in capitals.
        path: The path as the client sent it, without `/s/<session>` and the query.
        query: The parameters of the query, decoded; the first of several that share a name.
        headers: The request's headers; case does not matter.
        system: System and developer messages, joined by newlines.
        first_user: The first user message, which stays the same through an agent's whole loop.
        last_user: What is being asked now: the last user message, unless an assistant message
            follows it.
        latest_user: The newest user message, also while tool results are handed back.
        any_message: Any message, whatever its role; one that fits is enough.
        prompt: The prompt of a legacy completion; of several, one must fit.
        embedding_input: The text of a request for embeddings, its tokens decoded; of several, one
            must fit.
        moderation_input: The text of a request for moderation; of several, one must fit.
        tools: The names of the tools that the request offers.
        tool_choice: `auto`, `none`, `required`, or the name of the tool that must be called.
        response_format: `text`, `json_object` or `json_schema`, or the schema's name.
        after_tool: The tool results sent back.
        turn: How many assistant messages the request holds.
        images: How many images the last user message holds.
        attempt: 1 for a new request, then one more each time it is sent again before it has been
            answered completely.
        call: Which call this is, counting from 1, of those that fit the rest of the condition.
        request: What JMESPath expressions find in the request's body.
        state: What rules have `set`; null: not set.
        not_: Conditions of which none may hold.

    """

    called: ClassVar[str] = "a condition"

    endpoint: EndpointTest | Unstated = UNSTATED
    provider: ProviderTest | Unstated = UNSTATED
    model: NameTest | Unstated = UNSTATED
    key: NameTest | Unstated = UNSTATED
    stream: bool | Unstated = UNSTATED
    method: TextTest | Unstated = UNSTATED
    path: TextTest | Unstated = UNSTATED
    query: Mapping[str, TextTest] = field(default_factory=dict[str, TextTest])
    headers: Mapping[str, TextTest] = field(default_factory=dict[str, TextTest])
    system: TextTest | Unstated = UNSTATED
    first_user: TextTest | Unstated = UNSTATED
    last_user: TextTest | Unstated = UNSTATED
    latest_user: TextTest | Unstated = UNSTATED
    any_message: TextTest | Unstated = UNSTATED
    prompt: TextTest | Unstated = UNSTATED
    embedding_input: TextTest | Unstated = UNSTATED
    moderation_input: TextTest | Unstated = UNSTATED
    tools: NamesTest | Unstated = UNSTATED
    tool_choice: NameTest | Unstated = UNSTATED
    response_format: NameTest | Unstated = UNSTATED
    after_tool: AfterTool | Unstated = UNSTATED
    turn: NumberTest | Unstated = UNSTATED
    images: NumberTest | Unstated = UNSTATED
    attempt: NumberTest | Unstated = UNSTATED
    call: NumberTest | Unstated = UNSTATED
    request: QueryTests = field(default_factory=dict[str, ValueTest])
    state: Mapping[str, ValueTest] = field(default_factory=dict[str, ValueTest])
    not_: OneOrMore[Self] = ()

    def __post_init__(self) -> None:
        self._refuse_what_never_holds()
        names = [name.lower() for name in self.headers]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            what = f"the header '{twice}' appears twice: case does not matter"
            raise BadValue("headers", what)
        if any(inner.counts_calls for inner in self.not_):
            what = "'call' cannot be used inside 'not': which calls would be counted?"
            raise BadValue("not", what, "write it next to 'not', as in call: {at_least: 2}")

    @property
    def counts_calls(self) -> bool:
        """Whether `call` is stated, here or under a `not`."""
        return self.call is not UNSTATED or any(inner.counts_calls for inner in self.not_)

    @property
    def looks_beyond_the_body(self) -> bool:
        """Whether the same body may fit at one time and not at another."""
        own = (self.key, self.attempt, self.method, self.path)
        return (
            bool(self.headers or self.query or self.state)
            or any(test is not UNSTATED for test in own)
            or any(inner.looks_beyond_the_body for inner in self.not_)
        )

    @property
    def forms(self) -> dict[Form, str]:
        """The forms that a request must have, each with the first key that asks for it."""
        found: dict[Form, str] = {}
        for key in self.stated:
            form = FACETS[key].form
            if form is not None:
                found.setdefault(form, key)
        return found

    @property
    def stated(self) -> dict[str, Any]:
        """The tests by their key in YAML, without mappings of tests, `call` and `not`."""
        found: dict[str, Any] = {}
        for key in FACETS:
            value = getattr(self, key)
            if value is not UNSTATED:
                found[key] = value
        return found

    def _refuse_what_never_holds(self) -> None:
        forms = self.forms
        if len(forms) > 1:
            what = " and ".join(f"'{key}' needs {request_of(form)}" for form, key in forms.items())
            key = next(key for form, key in forms.items() if form != "chat")
            raise BadValue(key, f"{what}: never holds")
        if isinstance(self.method, TextTest):
            small = next((name for name in self.method.equals if name != name.upper()), None)
            if small is not None:
                what = f"methods are in capitals: '{small}' never holds"
                raise BadValue("method", what, f"write '{small.upper()}'")
        if isinstance(self.path, TextTest):
            whole = next((text for text in self.path.equals if text[:1] != "/"), None)
            if whole is not None:
                what = f"a path begins with '/': '{shortened(whole)}' never holds"
                raise BadValue("path", what, "write it as '/v1/chat/completions'")
        for key in ("call", "attempt"):
            counted = getattr(self, key)
            if isinstance(counted, NumberTest) and _most(counted) < 1:
                raise BadValue(key, f"{key}s are counted from 1: never holds")
        if (
            isinstance(self.after_tool, AfterTool)
            and self.after_tool.present is not False
            and isinstance(self.turn, NumberTest)
            and _most(self.turn) < 1
        ):
            what = "'after_tool' needs an assistant turn before it, and 'turn: 0' has none"
            raise BadValue("after_tool", f"{what}: never holds")


def request_of(form: Form) -> str:
    """Return what a request of that *form* is called, with its article."""
    return f"{'an' if form == 'embedding' else 'a'} {form} request"


def _most(test: NumberTest) -> float:
    """Return the largest number for which *test* can hold."""
    limits = [max(test.equals)] if test.equals else []
    if not isinstance(test.at_most, Unstated):
        limits.append(test.at_most)
    return min(limits, default=float("inf"))


# --- What the keys look at -------------------------------------------------------------------

Secrets = Sequence[bytes]
"""The secrets that a request is known to hold, see `redaction.redact_headers`."""
Show = Callable[[Any, Secrets], str]
"""Returns how a value is shown, without the secrets."""


@dataclass(frozen=True, slots=True)
class Facet:
    """What a key looks at: how it is read from a call, tested and shown."""

    read: Callable[[Subject], Any]
    predicate: Callable[[Any], Callable[[Any], bool]]
    show: Show
    form: Form | None = None
    """The form of the requests that have it; None: all have."""


def show_text(text: str | None, secrets: Secrets = ()) -> str:
    """Return "is …" for one text, without *secrets* and what looks like one."""
    return "is absent" if text is None else f"is '{shortened(text, secrets)}'"


def _show_names(names: Sequence[str], secrets: Secrets) -> str:
    del secrets  # the whole sentence is redacted, and names are not cut
    return f"are {' and '.join(map(literal, names))}" if names else "are absent"


def _show_texts(texts: Sequence[str], secrets: Secrets) -> str:
    return show_text(texts[0], secrets) if len(texts) == 1 else f"fits none of {len(texts)} texts"


def _show_results(results: Sequence[Returned], secrets: Secrets) -> str:
    del secrets  # as above
    names = " and ".join(literal(str(result.name)) for result in results)
    return f"is {names}" if results else "is absent"


def _hidden(_: Any, secrets: Secrets) -> str:
    del secrets
    # Keys are secrets: what is shown ends in logs and reports.
    return "is different"


def _plain(test: Test) -> Callable[[Any], bool]:
    return test.predicate()


def _same(wanted: bool) -> Callable[[bool], bool]:  # noqa: FBT001 - it is the test
    return lambda value: value is wanted


def _any_text(test: TextTest) -> Callable[[Sequence[str]], bool]:
    fits = test.predicate()
    return lambda texts: any(map(fits, texts))


def _of_several(test: NameTest) -> Callable[[Sequence[str]], bool]:
    """Test something that has several names: `not` means that none of them fits."""
    positive = NameTest(
        equals=test.equals, contains=test.contains, glob=test.glob, regex=test.regex
    ).predicate()
    inner = [_of_several(part) for part in test.all]
    excluded = None if isinstance(test.not_, Unstated) else _of_several(test.not_)
    return lambda names: (
        test.present is not False
        and any(map(positive, names))
        and all(holds(names) for holds in inner)
        and (excluded is None or not excluded(names))
    )


def _facet(
    name: str,
    show: Show,
    predicate: Callable[[Any], Callable[[Any], bool]] = _plain,
    *,
    form: Form | None = None,
) -> Facet:
    return Facet(operator.attrgetter(name), predicate, show, form)


FACETS: Final[Mapping[str, Facet]] = {
    "endpoint": _facet("endpoint", show_text),
    "provider": _facet("provider", show_text),
    "model": _facet("model", show_text),
    "key": _facet("key", _hidden),
    "stream": _facet("stream", lambda value, _: f"is {str(value).lower()}", _same),
    "method": _facet("method", show_text),
    "path": _facet("path", show_text),
    "system": _facet("system", show_text, form="chat"),
    "first_user": _facet("first_user", show_text, form="chat"),
    "last_user": _facet("last_user", show_text, form="chat"),
    "latest_user": _facet("latest_user", show_text, form="chat"),
    "any_message": _facet("texts", _show_texts, _any_text, form="chat"),
    "prompt": _facet("prompts", _show_texts, _any_text, form="legacy"),
    "embedding_input": _facet("embedding_inputs", _show_texts, _any_text, form="embedding"),
    "moderation_input": _facet("moderation_inputs", _show_texts, _any_text, form="moderation"),
    "tools": _facet("tools", _show_names, form="chat"),
    "tool_choice": _facet("tool_choice", show_text, form="chat"),
    "response_format": _facet(
        "response_format", lambda names, _: f"is {literal(names[-1])}", _of_several, form="chat"
    ),
    "after_tool": _facet("tool_results", _show_results, form="chat"),
    "turn": _facet("turn", lambda number, _: f"is {number}", form="chat"),
    "images": _facet("images", lambda number, _: f"are {number}", form="chat"),
    "attempt": _facet("attempt", lambda number, _: f"is {number}"),
}
