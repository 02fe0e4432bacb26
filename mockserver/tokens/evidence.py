"""What the rules of the bill rest on: the one place that decides which counts are *exact*.

Code that applies a rule which bills do not confirm for all models names it by its flag. A count
is exact if each flagged rule is confirmed for the layout of the model that answers: by at least
five distinct requests, by two independent sources, or by a public renderer; and nothing speaks
against it. Rules without a flag are confirmed for all; docs/usage.md has their figures.
"""

from collections.abc import Mapping
from enum import IntFlag, auto
from functools import cache
from typing import Final, NamedTuple, get_args

from mockserver.models import LayoutName


class Rule(IntFlag):
    """A rule that bills do not confirm for all models; `EVIDENCE` says what is known of each."""

    MODEL = auto()
    MESSAGES = auto()
    TOOLS = auto()
    CALLS = auto()
    PARALLEL_CALLS = auto()
    RESULTS_BEYOND_ASCII = auto()
    TEXT_BESIDE_CALLS = auto()
    ATTACHED_RESULTS = auto()
    CUSTOM_CALLS = auto()
    NO_CALLS = auto()
    OTHER_TOOLS = auto()
    TOOLS_BY_EAR = auto()
    BOUNDS = auto()
    BOUNDS_OF_TEXTS = auto()
    FORMATS = auto()
    FORMATS_OF_ALTERNATIVES = auto()
    NULL_FIRST = auto()
    ALL_OF = auto()
    TUPLES = auto()
    CONSTANTS = auto()
    EXAMPLES = auto()
    OTHER_MEMBERS = auto()
    NESTED_OBJECTS = auto()
    REFERENCES_WITH_SIBLINGS = auto()
    TYPES_WITHOUT_END = auto()
    JSON_IN_HISTORY = auto()
    CACHE_BREAKPOINTS = auto()
    TILES = auto()
    PATCHES = auto()
    UNSEEN_IMAGES = auto()
    SOUND = auto()
    UNSEEN_SOUND = auto()
    FILES = auto()
    SUFFIX = auto()
    CANDIDATES = auto()
    ANSWERS = auto()
    ANSWERED_CALLS = auto()
    SPOKEN_ANSWERS = auto()
    PREDICTIONS = auto()
    CUSTOM_ANSWERS = auto()
    LONG_REASONED_ANSWERS = auto()
    ANSWERS_BY_SCHEMA = auto()
    ITEMS = auto()
    ITEM_TOOLS = auto()
    CODEX_TOOLS = auto()
    CUSTOM_TOOLS = auto()
    BUILT_IN_TOOLS = auto()
    SERIAL_TOOLS = auto()
    NO_ITEM_CALLS = auto()
    FORCED_ITEM_CALLS = auto()
    ITEM_FORMATS = auto()
    ITEM_CALLS = auto()
    ITEM_CALLS_TOGETHER = auto()
    RECALLED_TEXTS = auto()
    REASONING_ITEMS = auto()
    ROUNDED_REASONING = auto()
    FOREIGN_ITEMS = auto()
    TEMPLATES = auto()
    PRO_MODE = auto()
    OPENING_IMAGES = auto()
    BOUNDS_OF_UNIONS = auto()
    ITEM_ANSWERS = auto()
    ANSWERED_ITEM_CALLS = auto()
    SEVERAL_MESSAGES = auto()


NO_RULE: Final = Rule(0)


class Evidence(NamedTuple):
    """What is known of a rule.

    Attributes:
        about: What the rule is about, as reports state it.
        known: Why it is confirmed or not: distinct requests, how many are exact, repositories.
        confirmed: The layouts for which it is.

    """

    about: str
    known: str
    confirmed: frozenset[LayoutName] = frozenset()


def _layouts(*names: LayoutName) -> frozenset[LayoutName]:
    return frozenset(names)


_ALL: Final[frozenset[LayoutName]] = frozenset(get_args(LayoutName))
_CHATML: Final = _layouts("chatml")
_HARMONY: Final = _layouts("harmony", "harmony-azure")
_O3_MINI: Final = _layouts("o3-mini", "o3-mini-azure")
_O4_MINI: Final = _layouts("o4-mini", "o4-mini-azure")
_FUNCTIONS: Final = _CHATML | _layouts("chatml-0613") | _HARMONY
_O_SERIES: Final = _layouts("o-series", "o-series-azure", "o1-azure")
_ITEMS: Final = _CHATML | _HARMONY | _O_SERIES | _O3_MINI | _O4_MINI
_UNSEEN: Final = _layouts("o-series", "o-series-azure", "o1-azure", "o1-mini", "unknown")

EVIDENCE: Final[Mapping[Rule, Evidence]] = {
    Rule.MODEL: Evidence(
        "a model that the catalogue does not know", "its family is guessed from its name"
    ),
    Rule.MESSAGES: Evidence(
        "how the model lays out a conversation",
        "2,269 of 2,316 distinct requests, 32 repositories; o1 and o3: one published figure "
        "each; o1-mini: 2 of 3; other providers' models: none",
        _ALL - _UNSEEN,
    ),
    Rule.TOOLS: Evidence(
        "tools of this family",
        "1,104 of 1,139, 28 repositories; o4-mini: 13 of 13, one repository, two hosts",
        _FUNCTIONS | _O4_MINI,
    ),
    Rule.CALLS: Evidence(
        "calls and results in the history",
        "ChatML 290 of 293, Harmony 175 of 176, 20 repositories; June 2023: 13 of 13 published "
        "figures of four sources; o4-mini: 12 of 12, one repository; the others of the "
        "o-series: few requests, whose numbers differ by model and host",
        _FUNCTIONS,
    ),
    Rule.PARALLEL_CALLS: Evidence(
        "parallel calls and results in the history",
        "ChatML 100 of 100, Harmony 30 of 30, besides results beyond ASCII; June 2023: a lead",
        _CHATML | _HARMONY,
    ),
    Rule.RESULTS_BEYOND_ASCII: Evidence(
        "parallel results that are not ASCII",
        "escaped in 13 of 13 requests until 2026-02-18, as they are in 6 of 6 since 2026-03-30, "
        "of two repositories, on api.openai.com alone",
    ),
    Rule.TEXT_BESIDE_CALLS: Evidence("a text beside a call", "1 of 1"),
    Rule.ATTACHED_RESULTS: Evidence("a result that is not text", "0 of 1: it cost 9 more"),
    Rule.CUSTOM_CALLS: Evidence("calls of custom tools", "none"),
    Rule.NO_CALLS: Evidence("`tool_choice: none`", "2 of 2, two sources", _CHATML),
    Rule.OTHER_TOOLS: Evidence(
        "tools that are not functions", "four requests, each of another kind, of two repositories"
    ),
    Rule.TOOLS_BY_EAR: Evidence(
        "tools of a model that hears", "two requests, which cost 3 and 4 more than tools do"
    ),
    Rule.BOUNDS: Evidence(
        "bounds of numbers in tools",
        "Harmony 7 of 7, two repositories; ChatML: 16 requests of one repository cost 9 more",
        _HARMONY,
    ),
    Rule.BOUNDS_OF_TEXTS: Evidence("bounds of texts and lists in tools", "a capture alone"),
    Rule.FORMATS: Evidence("`format` of a property in tools", "1 of 1, and a capture"),
    Rule.FORMATS_OF_ALTERNATIVES: Evidence(
        "`format` of an alternative in tools", "2 of 3, two repositories, and a capture"
    ),
    Rule.NULL_FIRST: Evidence("a list of types that begins with null", "7 properties cost more"),
    Rule.ALL_OF: Evidence("`allOf` in tools", "a capture alone"),
    Rule.TUPLES: Evidence("tuples in tools", "a capture alone"),
    Rule.CONSTANTS: Evidence("`const` in tools", "a capture alone"),
    Rule.EXAMPLES: Evidence("`examples` in tools", "a capture alone"),
    Rule.OTHER_MEMBERS: Evidence("a schema in `additionalProperties`", "a capture alone"),
    Rule.NESTED_OBJECTS: Evidence("an object in an object, as of June 2023", "published figures"),
    Rule.REFERENCES_WITH_SIBLINGS: Evidence(
        "keys beside a `$ref`", "one request: they cost less than if they were shown"
    ),
    Rule.TYPES_WITHOUT_END: Evidence("types nested without end", "written up to a limit"),
    Rule.JSON_IN_HISTORY: Evidence("a JSON answer in the history, with a schema", "1 of 1"),
    Rule.CACHE_BREAKPOINTS: Evidence("`prompt_cache_breakpoint`", "3 of 3, where it shows"),
    Rule.TILES: Evidence(
        "images of models that count tiles",
        "17 of 20, eight repositories, and 13 published figures (the other 3 images were "
        "replaced in the recordings); gpt-5: 1 of 1; o3: 2 published; o1: the same 2, which "
        "fit no documented price",
        _CHATML,
    ),
    Rule.PATCHES: Evidence(
        "images of models that count patches",
        "13 of 16, five repositories; the others cost one less, as all do since June 2026",
    ),
    Rule.UNSEEN_IMAGES: Evidence("an image of unknown size", "it is taken for 1024 x 1024"),
    Rule.SOUND: Evidence("the length of a WAV", "5 of 5, four repositories", _CHATML),
    Rule.UNSEEN_SOUND: Evidence("sound of unknown length", "it is taken for a second"),
    Rule.FILES: Evidence("files", "65 requests that follow no rule"),
    Rule.SUFFIX: Evidence("`suffix`", "1 of 1"),
    Rule.CANDIDATES: Evidence("candidates that are not returned", "OpenAI, API reference"),
    Rule.ANSWERS: Evidence(
        "how the model writes an answer",
        "2,619 of 2,727 answers, 32 repositories; o4-mini: 24 of 25, two repositories; the "
        "others of the o-series: 6 of 8, constants that vary",
        _ALL - _UNSEEN - _O3_MINI,
    ),
    Rule.ANSWERED_CALLS: Evidence(
        "an answered call",
        "673 of 683 answers, 24 repositories; o-series: 6 of 6, one repository",
        _FUNCTIONS | _layouts("contents", "chatml-0301"),
    ),
    Rule.SPOKEN_ANSWERS: Evidence("a spoken answer", "five requests that follow no rule"),
    Rule.PREDICTIONS: Evidence(
        "a predicted output", "what is rejected is billed, and only the model knows how much"
    ),
    Rule.CUSTOM_ANSWERS: Evidence("an answer where tools are not functions", "0 of 1"),
    Rule.LONG_REASONED_ANSWERS: Evidence(
        "a long text after reasoning",
        "25 of 35 with 200 tokens and more: after reasoning, a model often writes a long text in "
        "other tokens than its vocabulary would",
    ),
    Rule.ANSWERS_BY_SCHEMA: Evidence(
        "an answer by a schema after reasoning",
        "52 of 55; on Azure 6 of 16, one repository: up to 11,514 tokens more",
        _ALL - _layouts("harmony-azure"),
    ),
    Rule.ITEMS: Evidence(
        "how the model lays out the items of a Responses request",
        "texts: ChatML 214 of 219, Harmony 209 of 211, o-series 51 of 51, 24 repositories; June "
        "2023: 3 of 3, one repository",
        _ITEMS,
    ),
    Rule.ITEM_TOOLS: Evidence(
        "tools of a Responses request",
        "ChatML 146 of 147, Harmony 139 of 147, o-series 50 of 50, 17 repositories",
        _ITEMS,
    ),
    Rule.CODEX_TOOLS: Evidence(
        "tools of the models for Codex",
        "6 of 6, two repositories, in the months when gpt-5 billed 3 more, too",
    ),
    Rule.CUSTOM_TOOLS: Evidence("custom tools", "2 of 2, two repositories"),
    Rule.BUILT_IN_TOOLS: Evidence(
        "tools that the provider runs",
        "the texts of some are known for one or two models; what they read is not",
    ),
    Rule.SERIAL_TOOLS: Evidence(
        "`parallel_tool_calls: false` with tools", "2 of 3, two repositories, gpt-5-nano alone"
    ),
    Rule.NO_ITEM_CALLS: Evidence("`tool_choice: none` of a Responses request", "1 of 1"),
    Rule.FORCED_ITEM_CALLS: Evidence(
        "a forced call of a Responses request", "11 of 11, four repositories", _CHATML
    ),
    Rule.ITEM_FORMATS: Evidence(
        "the schema of a Responses request",
        "ChatML 65 of 65, with calls 24 of 36; Harmony 98 of 101; o4-mini 2 of 2; 12 repositories",
        _CHATML | _HARMONY,
    ),
    Rule.ITEM_CALLS: Evidence(
        "calls and results among the items",
        "ChatML 236 of 253, gpt-5.1 and later 138 of 140, gpt-5 20 of 29, 14 repositories; "
        "o4-mini 12 of 16, one repository; o1 and o3-mini: one request each",
        _CHATML | _HARMONY,
    ),
    Rule.ITEM_CALLS_TOGETHER: Evidence(
        "parallel calls among the items", "gpt-5.2 and later 12 of 12, two repositories", _HARMONY
    ),
    Rule.RECALLED_TEXTS: Evidence(
        "a text that is read as the model wrote it",
        "by a schema: Harmony 6 of 7, two repositories; o3-mini: 15 of 15, one repository",
        _HARMONY,
    ),
    Rule.REASONING_ITEMS: Evidence(
        "a reasoning item that is read",
        "gpt-5.4 and later 8 of 10, three repositories; the others had a text beside a call",
        _HARMONY,
    ),
    Rule.ROUNDED_REASONING: Evidence(
        "reasoning of a model that states it in steps of 64", "how long it was is not told"
    ),
    Rule.FOREIGN_ITEMS: Evidence(
        "what the server did not write, or has no rule for",
        "it is taken for a text, or for nothing",
    ),
    Rule.TEMPLATES: Evidence("a stored prompt", "what it says is not in the request"),
    Rule.PRO_MODE: Evidence("the reasoning mode `pro`", "1,500 to 2,250 more"),
    Rule.OPENING_IMAGES: Evidence(
        "an image that opens a message",
        "ChatML 12 of 12, two repositories; gpt-5.4: 1 of 7",
        _CHATML,
    ),
    Rule.BOUNDS_OF_UNIONS: Evidence(
        "bounds beside a list of types", "they are those of its numbers: one schema, one repository"
    ),
    Rule.ITEM_ANSWERS: Evidence(
        "how the model writes the messages of a response",
        "ChatML 673 of 702, gpt-5.1 and later 397 of 408; up to what is not told of their "
        "reasoning, gpt-5 377 of 381, o-series 173 of 178; 24 repositories",
        _ITEMS,
    ),
    Rule.ANSWERED_ITEM_CALLS: Evidence(
        "a call in a response",
        "ChatML 224 of 230, gpt-5.1 and later 140 of 153, gpt-5 107 of 110, o-series 46 of 46, 18 "
        "repositories; o3-mini 4 of 6",
        _ITEMS - _O3_MINI,
    ),
    Rule.SEVERAL_MESSAGES: Evidence(
        "a response of several messages",
        "ChatML 10 of 11, three repositories; Harmony: four answers, of 7 to 10 more",
        _CHATML,
    ),
}
"""Each rule with a flag."""


@cache
def _unconfirmed(layout: LayoutName) -> Rule:
    """Return the rules that bills do not confirm for *layout*."""
    found = NO_RULE
    for rule, evidence in EVIDENCE.items():
        if layout not in evidence.confirmed:
            found |= rule
    return found


_known_doubts: Final[dict[tuple[int, LayoutName], Rule]] = {}


def doubts(used: Rule, layout: LayoutName) -> Rule:
    """Return those of the rules *used* that bills do not confirm for *layout*."""
    # Operations on flags are slow, and few combinations occur.
    key = (int(used), layout)
    found = _known_doubts.get(key)
    if found is None:
        found = used & _unconfirmed(layout)
        if len(_known_doubts) < _MOST_KNOWN:
            _known_doubts[key] = found
    return found


_MOST_KNOWN: Final = 1_024


def about(found: Rule) -> tuple[str, ...]:
    """Return what the rules *found* are about."""
    return tuple([evidence.about for rule, evidence in EVIDENCE.items() if rule in found])
