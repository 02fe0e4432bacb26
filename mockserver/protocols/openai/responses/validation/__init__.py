"""What the Responses API refuses, and with which words: members, items, models, lengths.

The public functions of the package; all other modules are private to it. The rules are built as
those of chat are, and share their words with them: see `mockserver.protocols.openai.validation`.
"""

from mockserver.protocols.openai.responses.validation.checking import (
    check_included,
    check_responses,
)
from mockserver.protocols.openai.responses.validation.context import check_context
from mockserver.protocols.openai.responses.validation.conversations import (
    check_conversation,
    check_conversation_update,
    check_known,
    check_new_items,
)
from mockserver.protocols.openai.responses.validation.finding import find_model
from mockserver.protocols.openai.responses.validation.items import check_items
from mockserver.protocols.openai.responses.validation.pairing import check_pairs

__all__ = [
    "check_context",
    "check_conversation",
    "check_conversation_update",
    "check_included",
    "check_items",
    "check_known",
    "check_new_items",
    "check_pairs",
    "check_responses",
    "find_model",
]
