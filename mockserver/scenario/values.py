"""Values that a type alone does not define: names that must be known, headers, regexes."""

import fnmatch
import re
import warnings
from collections.abc import Mapping
from typing import Any, Final

from mockserver.cassettes.cassette import Cassette
from mockserver.contracts import Unstated
from mockserver.errors import BadValue, Place, did_you_mean
from mockserver.models import Catalogue
from mockserver.patterns.dangers import danger
from mockserver.plugins import Plugins
from mockserver.scenario.beside import Beside
from mockserver.scenario.build import INVALID, Builder, Invalid, Reader
from mockserver.scenario.conditions.criteria import NameTest, QueryText, Regex, ValueTest
from mockserver.scenario.conditions.when import EndpointTest, ProviderName, ProviderTest, QueryTests
from mockserver.scenario.schema import Defaults, ModelEntry, Models
from mockserver.scenario.syntax.nodes import ListNode, MapNode, Node, ScalarNode, place_of, texts_in
from mockserver.scenario.syntax.wording import known_words, shortened
from mockserver.templates.expansion import TemplateError, expressions, template
from mockserver.templates.queries import QueryError, query


class Values:
    """Reads such values for one file; problems go to its builder."""

    def __init__(self, builder: Builder, plugins: Plugins, beside: Beside) -> None:
        self._builder = builder
        self._plugins = plugins
        self._beside = beside

    def readers(self) -> dict[Any, Reader]:
        """Return how they are read, by annotation."""
        return {
            Cassette: self._cassette,
            Defaults: self._defaults,
            EndpointTest: self._endpoint_test,
            Models: self._models,
            ProviderName: self._provider,
            ProviderTest: self._provider_test,
            QueryTests: self._query_tests,
            QueryText: self._query,
            Regex: self._regex,
        }

    def check_template(self, node: Node) -> bool:
        """Return whether all texts in *node* are templates; refuse those that are not."""
        good = True
        for text in texts_in(node):
            try:
                template(text.raw)
            except TemplateError as error:
                self._builder.refuse(text.place, error.what, error.hint)
                good = False
        return good

    def warn_of_templates(self, node: Node) -> None:
        """Warn of texts that look like templates where none are expanded.

        Replies within *node* have been looked at already.
        """
        for text in texts_in(node, self._is_inner_reply):
            found = expressions(text.raw)
            if found:
                what = f"'{{{{ {found[0]} }}}}' is sent as written"
                self._builder.warn(text.place, f"{what}; add 'template: true' to expand it")

    def refuse_headers(self, node: MapNode) -> None:
        """Refuse `headers` that cannot be sent, which clients would meet as a broken answer."""
        headers = node.get("headers")
        if headers is None or not isinstance(headers.value, MapNode):
            return
        for member in headers.value.members:
            if not _HEADER_NAME.fullmatch(member.key):
                self._builder.refuse(member.place, f"'{member.key}' is not a valid header name")
            elif member.key.lower() in _FRAMING:
                what = f"the header '{member.key}' would break the framing of the answer"
                self._builder.refuse(member.place, what, _FRAMING[member.key.lower()])
            if isinstance(member.value, ScalarNode) and _NOT_IN_HEADERS.search(member.value.raw):
                what = f"the value of the header '{member.key}' contains a control character"
                self._builder.refuse(member.value.place, what)

    def unknown(self, what: str, word: str, place: Place, known: Mapping[str, Any]) -> Invalid:
        """Refuse *word*, which is none of the *known* ones."""
        hint = did_you_mean(word, known) or known_words(known)
        return self._builder.refuse(place, f"unknown {what} '{word}'", hint)

    def _cassette(self, node: Node) -> Any:
        written = self._builder.build(str, node)
        if written is INVALID:
            return INVALID
        try:
            return self._beside.cassette(written)
        except BadValue as error:
            return self._builder.refuse(node.place, error.what, error.hint)

    def _defaults(self, node: Node) -> Any:
        if isinstance(node, MapNode):
            self.refuse_headers(node)
        return self._builder.record(Defaults, node)

    def _endpoint_test(self, node: Node) -> Any:
        return self._name_test(node, "endpoint", self._plugins.endpoints)

    def _provider_test(self, node: Node) -> Any:
        return self._name_test(node, "provider", self._plugins.dialects)

    def _name_test(self, node: Node, what: str, known: Mapping[str, Any]) -> Any:
        """Return a test of names that are all *known*: any other would never hold."""
        test = self._builder.build(NameTest, node)
        for glob in test.globs() if isinstance(test, NameTest) else ():
            if not any(fnmatch.fnmatchcase(name, glob) for name in known):
                self.unknown(what, glob, place_of(glob, node), known)
                test = INVALID
        return test

    def _provider(self, node: Node) -> Any:
        name = self._builder.build(str, node)
        if name is not INVALID and name not in self._plugins.dialects:
            return self.unknown("provider", name, node.place, self._plugins.dialects)
        return name

    def _models(self, node: Node) -> Any:
        if isinstance(node, ScalarNode) and node.value == "any":
            return Models(any_model=True)
        if not isinstance(node, ListNode):
            return self._builder.expected("a list of models, or 'any'", node)
        entries = self._builder.build(tuple[ModelEntry, ...], node)
        if entries is INVALID:
            return INVALID
        stated: dict[str, str | None] = {}
        shipped = Catalogue().names()
        refused = False
        for entry, item in zip(entries, node.items, strict=True):
            like = None if isinstance(entry.like, Unstated) else entry.like
            if entry.id in stated:
                self._builder.refuse(item.place, f"the model '{entry.id}' is listed twice")
                refused = True
            if like is not None and like not in stated and like not in shipped:
                what = f"unknown model '{like}'"
                hint = did_you_mean(like, [*stated, *shipped])
                self._builder.refuse(place_of(like, item), what, hint)
                refused = True
            stated[entry.id] = like
        return INVALID if refused else Models(stated=stated)

    def _is_inner_reply(self, node: MapNode) -> bool:
        kind = node.get("kind")
        value = kind.value if kind is not None else None
        return isinstance(value, ScalarNode) and value.raw in self._plugins.replies

    def _query(self, node: Node) -> Any:
        text = self._builder.build(str, node)
        return INVALID if text is INVALID else self._checked_query(text, node.place)

    def _query_tests(self, node: Node) -> Any:
        """Return a mapping of tests whose keys are expressions."""
        tests = self._builder.build(Mapping[str, ValueTest], node)
        for member in node.members if isinstance(node, MapNode) else ():
            if self._checked_query(member.key, member.place) is INVALID:
                tests = INVALID
        return tests

    def _checked_query(self, text: str, place: Place) -> str | Invalid:
        try:
            query(text)
        except QueryError as error:
            what = f"'{shortened(text)}' is not a JMESPath expression: {error.what}"
            return self._builder.refuse(place, what, error.hint)
        return text

    def _regex(self, node: Node) -> Any:
        regex = self._builder.build(str, node)
        if regex is INVALID:
            return INVALID
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of what may mean something else in later Pythons
                re.compile(regex)
                why = danger(regex)
        except RecursionError:
            what = "the regular expression is nested too deeply"
            return self._builder.refuse(node.place, what)
        except (re.error, OverflowError) as error:
            return self._builder.refuse(node.place, f"this is not a regular expression: {error}")
        if why is not None:
            what = f"the regular expression '{shortened(regex)}' can take very long: {why}"
            self._builder.warn(node.place, what, "use 'contains' or 'glob', or rewrite it")
        return regex


_HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""RFC 9110, section 5.1: a field name is a token."""
_ITS_OWN: Final = "the server states it itself, for the connection that it has"
_FRAMING: Final[Mapping[str, str]] = {
    "content-length": "'fail: {kind: short_body}' announces more than it sends",
    "transfer-encoding": "'fail: {kind: bad_chunk}' breaks a chunk, '{kind: reframe}' cuts others",
    "content-encoding": "'fail: {kind: encode}' sends it, with a body that is encoded or is not",
    "connection": "'fail: {kind: stale_connection}' or '{kind: disconnect}' ends connections",
    **dict.fromkeys(("keep-alive", "proxy-connection", "te", "trailer", "upgrade"), _ITS_OWN),
}
"""Headers that say how long a body is, how it is read, or what becomes of the connection (RFC 9110
and 9112): who writes one breaks every answer, and each has a failure that does it on purpose."""
_NOT_IN_HEADERS: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
