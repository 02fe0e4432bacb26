"""What the provider refuses, and with which words: JSON, models, parameters, lengths.

The public functions of the package; all other modules are private to it. Requests that pass are
those that the provider would answer, as far as that can be known without a model. Nothing here
knows of sockets, scenarios or bills: a refusal is an `ApiError`, which a dialect spells.

The rules are tables: which member is checked by what, in which order (`chat`, `completion`,
`embeddings`, `moderations`); what
a member may be (`fields`, `chat_fields`); what a model cannot do (`fixtures/restrictions.yaml`).
"""

from mockserver.protocols.openai.validation.body import read_body
from mockserver.protocols.openai.validation.chat import check_chat
from mockserver.protocols.openai.validation.completion import check_completion
from mockserver.protocols.openai.validation.context import check_context
from mockserver.protocols.openai.validation.embeddings import (
    MEMBERS as EMBEDDING_MEMBERS,
)
from mockserver.protocols.openai.validation.embeddings import Inputs, read_inputs
from mockserver.protocols.openai.validation.finding import find_model
from mockserver.protocols.openai.validation.moderations import Moderated, read_moderated
from mockserver.protocols.openai.validation.stored import Page, check_update, read_page
from mockserver.protocols.openai.validation.strangers import unknown_members

__all__ = [
    "EMBEDDING_MEMBERS",
    "Inputs",
    "Moderated",
    "Page",
    "check_chat",
    "check_completion",
    "check_context",
    "check_update",
    "find_model",
    "read_body",
    "read_inputs",
    "read_moderated",
    "read_page",
    "unknown_members",
]
