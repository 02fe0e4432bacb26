"""Requests and answers as values, independent of any provider.

Dialects and endpoints translate between these values and the wire. Never change one. Those made
for each request are not frozen, since freezing costs more than everything else about them.

Plug-ins of other distributions import from here.
"""

from mockserver.conversation.answer import (
    CALLED_TOOLS,
    AnswerPart,
    Choice,
    ChoiceLogprobs,
    Findings,
    FinishReason,
    StatedUsage,
    TokenLogprob,
    Usage,
    Vector,
)
from mockserver.conversation.api_error import Allowance, ApiError
from mockserver.conversation.parts import (
    Attachment,
    Item,
    Part,
    Refusal,
    Speech,
    Text,
    Thought,
    ToolCall,
    ToolResult,
)
from mockserver.conversation.request import (
    CALLS_NOTHING,
    CHOOSES,
    PLAIN_TEXT,
    Charge,
    Format,
    IncomingCall,
    Later,
    ModelRequest,
    Role,
    Tool,
    ToolChoice,
    Turn,
    Vectors,
)
from mockserver.conversation.transcript import EMPTY_TRANSCRIPT, Transcript
from mockserver.conversation.words import words_of

__all__ = [
    "CALLED_TOOLS",
    "CALLS_NOTHING",
    "CHOOSES",
    "EMPTY_TRANSCRIPT",
    "PLAIN_TEXT",
    "Allowance",
    "AnswerPart",
    "ApiError",
    "Attachment",
    "Charge",
    "Choice",
    "ChoiceLogprobs",
    "Findings",
    "FinishReason",
    "Format",
    "IncomingCall",
    "Item",
    "Later",
    "ModelRequest",
    "Part",
    "Refusal",
    "Role",
    "Speech",
    "StatedUsage",
    "Text",
    "Thought",
    "TokenLogprob",
    "Tool",
    "ToolCall",
    "ToolChoice",
    "ToolResult",
    "Transcript",
    "Turn",
    "Usage",
    "Vector",
    "Vectors",
    "words_of",
]
