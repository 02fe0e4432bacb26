"""`POST /v4/ai/language-model` and older versions: the endpoint of the `ai` package itself.

One URL serves whole answers and streams; one header selects which, another names the model.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from mockserver.contracts import Answer, Heard
from mockserver.conversation import Transcript
from mockserver.models import Catalogue
from mockserver.protocols.openai.billing import OpenAIEndpoint
from mockserver.providers.vercel_gateway import answers
from mockserver.providers.vercel_gateway.hearing import language_model_heard
from mockserver.providers.vercel_gateway.requests import (
    MODEL_HEADER,
    STREAMING_HEADER,
    LanguageModelRequest,
    understand,
)
from mockserver.providers.vercel_gateway.specifications import PROTOCOL_HEADER, SPECIFICATION_HEADER
from mockserver.providers.vercel_gateway.transcript import transcript
from mockserver.wire.events import ServerEvent
from mockserver.wire.http_request import HttpRequest
from mockserver.wire.rendered import EventStream, JsonBody, Rendered
from mockserver.wire.sse import DONE


class LanguageModel(OpenAIEndpoint):
    """Text, tool calls, JSON and reasoning, in the specification that the client uses."""

    kind = "language_model"
    protocol = "ai-sdk"
    routes = (("POST", "/ai/language-model"), ("POST", "/language-model"))
    dialects: ClassVar[frozenset[str]] = frozenset({"vercel_gateway"})
    asked_in: ClassVar[tuple[str, ...]] = (
        PROTOCOL_HEADER,
        SPECIFICATION_HEADER,
        MODEL_HEADER,
        STREAMING_HEADER,
    )

    def parse(
        self,
        http: HttpRequest,
        model: str | None,  # noqa: ARG002 - a header names it
        catalogue: Catalogue,
    ) -> LanguageModelRequest:
        """Return the request in *http*, validated."""
        return understand(http, catalogue)

    def transcript(self, body: Mapping[str, Any]) -> Transcript:
        """Return the conversation in *body*, valid or not."""
        return transcript(body)

    def charge(self, http: HttpRequest) -> None:
        """Return None: unreadable requests are refused before limits are checked."""

    def stated(self, rendered: Rendered, answer: Answer) -> Rendered:
        """Return *rendered* with what the reply states, in its only or in its last part."""
        if isinstance(rendered, JsonBody):
            value = answers.with_stated(rendered.value, answer)
            return JsonBody(value, rendered.layer, rendered.marks)
        *others, last = rendered.chunks
        final = last._replace(value=answers.with_stated(last.value, answer))
        return EventStream((*others, final), rendered.content_type, end=rendered.end)

    def heard(self, sent: Mapping[str, Any], body: Any, events: Sequence[ServerEvent]) -> Heard:
        """Return what an answer says that this server did not make."""
        return language_model_heard(sent, body, events)

    def render(self, answer: Answer) -> Rendered:
        """Return *answer* in one piece, or as the parts of a stream."""
        request = answer.request
        assert isinstance(request, LanguageModelRequest)
        if request.stream:
            parts = tuple(answers.parts(answer, request))
            return EventStream(parts, "text/event-stream", end=DONE)
        return JsonBody(answers.whole(answer, request), marks=answers.whole_marks(request))
