"""How the items of a Responses request are laid out before a model reads them, in tokens.

What is not named here is as in a chat: `layouts` has those numbers. docs/usage.md states how many
recorded bills confirm each of these.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from mockserver.models import Family, ItemLayoutName, LayoutName
from mockserver.tokens.layouts import LAYOUTS, Layout


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemLayout:
    """The tokens that a layout adds to the texts of a request's items and of an answer's.

    Attributes:
        chat: The numbers that are the same in a chat.
        priming: The tokens that make the model answer.
        tools: Around the tools, which are a message of their own.
        serial_tools: Added where the model must not call several of them at once.
        format: Around the schema of the answer, another such message.
        call: Added for a call, besides what one costs in a chat.
        result: The same for its result.
        joins_calls: Calls in a row are read as one call of the tool for parallel calls; else
            each is a call, whose arguments are read as they are written.
        forced_call: What a call costs besides its name, that was made before the answer begins.
            None: the model writes the call itself.
        recalled_call: Added for a call that is read as the model wrote it.
        recalled_text: The same for a text.
        recalled_schema: The same for a text that follows a schema.
        opening_image: Added for an image that opens a message after another one of the user.
        answer: The numbers around an answer.
        plain_answers: Answers are as those of models without reasoning.
        further_message: Around each message of an answer, and around its calls, after the first.
    """

    chat: Layout
    priming: int = 3
    tools: int = 3
    serial_tools: int = 0
    format: int = 5
    call: int = 0
    result: int = 0
    joins_calls: bool = False
    forced_call: int | None = 4
    recalled_call: int = 0
    recalled_text: int = 0
    recalled_schema: int = 0
    opening_image: int = 0
    answer: Layout
    plain_answers: bool = False
    further_message: int = 7


CHATML: Final = ItemLayout(
    chat=LAYOUTS["chatml"],
    recalled_call=3,
    opening_image=1,
    answer=LAYOUTS["chatml"],
    further_message=2,
)
"""The models without reasoning: 769 of 794 distinct requests exact."""

HARMONY: Final = ItemLayout(
    chat=LAYOUTS["harmony"],
    priming=2,
    tools=9,
    serial_tools=78,
    format=4,
    forced_call=None,
    recalled_schema=3,
    answer=replace(LAYOUTS["harmony"], analysis=2),
)
"""gpt-5, its mini and nano."""

HARMONY_5_1: Final = replace(HARMONY, call=2, result=1, joins_calls=True)
"""gpt-5.1 and later."""

O_SERIES: Final = replace(
    HARMONY,
    chat=LAYOUTS["o-series"],
    tools=6,
    serial_tools=0,
    recalled_schema=0,
    answer=replace(LAYOUTS["o-series"], analysis=2, answered_text=0, answered_call=4),
)
"""o3 and o4: the same numbers around answers as in Harmony."""

O1: Final = replace(
    O_SERIES,
    chat=replace(LAYOUTS["o-series"], call_channel=0, result_channel=0),
    recalled_call=3,
    answer=LAYOUTS["chatml"],
    plain_answers=True,
    further_message=2,
)
"""o1: calls and answers as in ChatML."""

O3_MINI: Final = replace(O1, chat=LAYOUTS["o3-mini"], recalled_text=-2)
O4_MINI: Final = replace(O_SERIES, chat=LAYOUTS["o4-mini"])

_BY_LAYOUT: Final[Mapping[LayoutName, ItemLayout]] = {
    "chatml": CHATML,
    "chatml-0301": replace(CHATML, chat=LAYOUTS["chatml-0301"]),
    # The primer is one token less than in a chat (3 of 3 requests), an answer one more (2 of 3).
    "chatml-0613": replace(
        CHATML,
        chat=replace(LAYOUTS["chatml-0613"], channelled_calls=True),
        priming=2,
        answer=replace(LAYOUTS["chatml-0613"], answer_header=1),
    ),
    "contents": CHATML,
    "harmony": HARMONY,
    "harmony-azure": HARMONY,
    "o-series": O_SERIES,
    "o1-mini": O1,
    "o3-mini": O3_MINI,
    "o4-mini": O4_MINI,
    # What differs on Azure in a chat does not here (16 of 18 requests of o4-mini).
    "o-series-azure": O_SERIES,
    "o1-azure": O1,
    "o3-mini-azure": O3_MINI,
    "o4-mini-azure": O4_MINI,
    "unknown": CHATML,
}
_BY_NAME: Final[Mapping[ItemLayoutName, ItemLayout]] = {
    "o1": O1,
    "harmony-5.1": HARMONY_5_1,
    # Models for Codex: tools cost 3 more (7 of 7 requests, two repositories).
    "harmony-codex": replace(HARMONY, tools=12),
    "harmony-5.1-codex": replace(HARMONY_5_1, tools=12),
    # 12 of 12 requests, two repositories.
    "codex-mini": replace(O4_MINI, tools=7),
    "computer-use": replace(CHATML, priming=2),
}


def item_layout(family: Family) -> ItemLayout:
    """Return the layout of items for *family*."""
    return _BY_NAME[family.item_layout] if family.item_layout else _BY_LAYOUT[family.layout]
