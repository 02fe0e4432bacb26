"""A request of OpenAI's protocols: what the conversation knows of any, and what only they have."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mockserver.conversation import ModelRequest


@dataclass(slots=True, kw_only=True, eq=False)
class OpenAIRequest(ModelRequest):
    """A chat or a legacy completion, whoever serves it.

    Attributes:
        body: The JSON that the endpoint has read: what was sent, unless a provider translates it.
        legacy_functions: Tools were offered as `functions`, so calls go out as `function_call`.
        include_usage: A stream ends with the bill.
        include_obfuscation: A stream is padded, so that lengths of tokens cannot be read off it.
        service_tier: The tier that serves the request, as the answer names it.

    """

    body: Mapping[str, Any]
    legacy_functions: bool = False
    include_usage: bool = False
    include_obfuscation: bool = True
    service_tier: str = "default"


def as_openai(request: ModelRequest) -> OpenAIRequest:
    """Return *request*, which one of these protocols has parsed, as its own kind."""
    assert isinstance(request, OpenAIRequest)
    return request
