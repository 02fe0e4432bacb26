"""A request of OpenAI's protocol: a `ModelRequest` with what only this protocol has."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mockserver.conversation import ModelRequest
from mockserver.wire.jsontext import is_list


@dataclass(slots=True, kw_only=True, eq=False)
class OpenAIRequest(ModelRequest):
    """A request for a chat or a legacy completion, at any provider.

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

    @property
    def shows_images(self) -> bool:
        """Whether any message has an image in it."""
        for message in self.body.get("messages") or ():
            content = message.get("content")
            if is_list(content) and any(part.get("type") == "image_url" for part in content):
                return True
        return False

    @property
    def conversation(self) -> str:
        """What identifies the conversation: what the user said first, read from the body."""
        # Nearly always a plain text: no turn need be made of any message to find it.
        for message in self.body.get("messages") or ():
            if message["role"] == "user":
                content = message.get("content")
                if type(content) is str:
                    return content
                break
        return super(OpenAIRequest, self).conversation


def as_openai(request: ModelRequest) -> OpenAIRequest:
    """Return *request*, which this protocol has parsed, as an `OpenAIRequest`."""
    assert isinstance(request, OpenAIRequest)
    return request
