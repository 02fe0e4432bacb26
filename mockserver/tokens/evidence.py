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
