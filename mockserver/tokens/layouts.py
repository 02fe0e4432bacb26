"""How a conversation is laid out before a model reads it, in numbers of tokens.

Each family of models has one layout (fixtures/models.yaml). The numbers are the tokens around
the texts: `<|im_start|>`, `<|im_sep|>` and `<|im_end|>` in ChatML, `<|start|>`, `<|channel|>`,
`<|message|>`, `<|end|>` and their like in Harmony. docs/usage.md states how many recorded bills
confirm each of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from mockserver.models import LayoutName


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The tokens that a layout adds to the texts of a prompt and of an answer.

    Attributes:
        message: Around every message.
        named: Added for a message with a name, besides the name itself.
        priming: The tokens that make the model answer: `<|start|>assistant` and what follows.
        final_channel: Marks a text of the assistant (Harmony: channel `final`).
        call_channel: The target and format of a tool call (Harmony: channel `commentary`,
            constraint `json`).
        result_channel: The recipient of a tool result (Harmony: channel `commentary`).
        instructions: What precedes the system message if tools or formats follow it.
        modern_types: Types show titles, bounds and what array items are, objects may be inline,
            and their lines are not indented.
        channelled_calls: A call is written to `functions.NAME`; otherwise a call and its result
            are headed by the bare name, and arguments are read as they are written.
        tools_end: Tokens after the tools, following a blank line; None: nothing follows.
        undescribed_tools: Added where no function has a description.
        forced_call: What a named tool costs besides its name: it is already called when the
            answer begins, so it is billed as prompt. None: the model writes the call itself.
        answer_header: What begins every answer (Harmony: the channel).
        analysis: What surrounds reasoning in an answer (Harmony: channel `analysis`).
        answered_text: What else a text costs in an answer.
        answered_call: What else a call costs in an answer, besides its name and arguments.
        contents_only: Only the texts are billed.
    """

    message: int = 3
    named: int = 0
    priming: int = 3
    final_channel: int = 0
    call_channel: int = 0
    result_channel: int = 0
    instructions: str = ""
    modern_types: bool = True
    channelled_calls: bool = True
    tools_end: int | None = None
    undescribed_tools: int = 0
    forced_call: int | None = 4
    answer_header: int = 0
    analysis: int = 0
    answered_text: int = 0
    answered_call: int = 4
    contents_only: bool = False


CHATML = Layout()
"""The models without reasoning since 2023-11: 1,317 of 1,367 distinct requests exact."""

HARMONY = Layout(
    priming=2,
    final_channel=2,
    call_channel=4,
    result_channel=2,
    instructions="# Instructions\n\n",
    tools_end=81,
    undescribed_tools=-1,
    forced_call=None,
    answer_header=3,
    analysis=6,
)
"""gpt-5 and later, as the public openai/harmony renderer: 744 of 755 distinct requests exact."""

O_SERIES = replace(HARMONY, tools_end=0, undescribed_tools=0, answered_text=4, answered_call=8)
"""o1, o3, o4: like Harmony, as far as seen (18 of 25 distinct requests). Answers vary."""

O4_MINI = replace(O_SERIES, answered_text=9, answered_call=4)
"""6 of 6 histories of calls, 24 of 24 answers that are not long, one repository."""

O3_MINI = replace(O_SERIES, final_channel=0, call_channel=0, result_channel=0)
"""Texts in a history: 6 of 6 requests, 2 repositories; calls: 2 of 2."""

LAYOUTS: Mapping[LayoutName, Layout] = {
    "chatml": CHATML,
    # One token more for a message, one less for a name (OpenAI Cookbook; 43 of 44 requests).
    "chatml-0301": replace(CHATML, message=4, named=-2),
    # The first models with functions, and their older renderer. Calls and results: 13 of 13
    # published bills of four sources. Forced calls: 5 of 5 requests.
    "chatml-0613": replace(
        CHATML, modern_types=False, channelled_calls=False, forced_call=1, answered_call=1
    ),
    "harmony": HARMONY,
    # The same numbers, but for answers by a schema, which follow no rule there.
    "harmony-azure": HARMONY,
    "o-series": O_SERIES,
    "o3-mini": O3_MINI,
    "o4-mini": O4_MINI,
    # On Azure, a call and its result cost 3 less in sum, on o1 6 (9 of 9 requests). An answered
    # call of o4-mini costs 3 less, too (2 of 2), so that it is the call.
    "o-series-azure": replace(O_SERIES, call_channel=1),
    "o1-azure": replace(O_SERIES, call_channel=0, result_channel=0),
    "o3-mini-azure": replace(O3_MINI, call_channel=-3),
    "o4-mini-azure": replace(O4_MINI, call_channel=1, answered_call=1),
    # Models that search the web (5 of 5 requests, 4 repositories).
    "contents": replace(CHATML, contents_only=True),
    # Two of three requests cost 7 more than ChatML.
    "o1-mini": replace(CHATML, priming=10),
    # Nothing is confirmed; this is the estimate.
    "unknown": CHATML,
}
