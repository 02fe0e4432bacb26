"""What is asked and what is answered, with no provider in it.

Dialects and endpoints translate between these values and the wire. Nobody changes one; those
that are made anew for each request are not frozen all the same, since that costs more than all
else about them.

This is the face of the package, and what plug-ins of other distributions import.
"""

from mockserver.conversation.answer import (
    Choice,
    ChoiceLogprobs,
    FinishReason,
    StatedUsage,
    TokenLogprob,
    ToolCall,
    Usage,
)
from mockserver.conversation.api_error import Allowance, ApiError
from mockserver.conversation.request import CompletionRequest, IncomingCall, Message

__all__ = [
    "Allowance",
    "ApiError",
    "Choice",
    "ChoiceLogprobs",
    "CompletionRequest",
    "FinishReason",
    "IncomingCall",
    "Message",
    "StatedUsage",
    "TokenLogprob",
    "ToolCall",
    "Usage",
]
