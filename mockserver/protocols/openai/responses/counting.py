"""`POST /v1/responses/input_tokens`: what the input of a request would cost.

It looks things up: no model answers, no limit is charged, and no reply is used up.
"""

from collections.abc import Mapping
from typing import Any, Final

from mockserver import tokens
from mockserver.contracts import Lookup, LookupEndpoint
from mockserver.protocols.openai import validation
from mockserver.protocols.openai.responses.history import with_history
from mockserver.protocols.openai.responses.request import ResponsesRequest, request_from
from mockserver.protocols.openai.responses.validation import (
    check_context,
    check_known,
    check_responses,
    find_model,
)
from mockserver.wire.rendered import JsonBody

MEMBERS: Final = (
    *("model", "input", "previous_response_id", "conversation", "instructions", "tools"),
    *("tool_choice", "parallel_tool_calls", "text", "reasoning", "truncation", "personality"),
)
"""What a request to count may have, of all that a request for a response may."""


class InputTokens(LookupEndpoint):
    """The number of input tokens."""

    kind = "responses.input_tokens"
    routes = (("POST", "/responses/input_tokens"),)

    def look_up(self, lookup: Lookup) -> JsonBody:
        """Return the number for the request in *lookup*."""
        request = whole_request(lookup, MEMBERS)
        return JsonBody(
            {"object": "response.input_tokens", "input_tokens": request.prompt_tokens},
            "responses",
        )


def whole_request(lookup: Lookup, members: tuple[str, ...]) -> ResponsesRequest:
    """Return the request in *lookup*, with all that it continues, and its costs.

    It may have *members*, of those of a request for a response.

    Raises:
        ApiError: The provider would refuse it.

    """
    body = validation.read_body(lookup.http)
    check_known(body, members)
    body = {key: value for key, value in body.items() if key not in _UNREAD}
    asked: Mapping[str, Any] = {"input": [], **body}
    known = find_model(asked, lookup.catalogue)
    check_responses(asked, known)
    request = request_from(asked, known)
    if request.recalls:
        request = with_history(request, lookup.stored)
    count(request)
    return request


_UNREAD: Final = frozenset({"image", "personality"})
"""Members that a request for a response does not have, and that cost nothing as far as is known."""


def count(request: ResponsesRequest) -> None:
    """Count what *request* costs.

    Raises:
        ApiError: It has no room in the context of its model.

    """
    prompt = tokens.count_items(request.body, request.items, request.known, request.recall)
    request.prompt_tokens, request.prompt_exact = prompt.tokens, prompt.exact
    check_context(request.body, request.known, prompt.tokens)
