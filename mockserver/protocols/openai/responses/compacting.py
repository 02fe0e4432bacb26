"""`POST /v1/responses/compact`: a history made short, in a form that only the provider reads.

What users said is kept as it is; all else becomes one item. It looks things up: clients ask for it
by themselves, so it must not use up a reply that is meant for a response.

Source:
    Nine recorded answers of gpt-4o-mini and gpt-4.1, 2026-02 to 2026-04.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from mockserver.contracts import Lookup, LookupEndpoint
from mockserver.protocols.openai.responses.counting import whole_request
from mockserver.protocols.openai.responses.identity import (
    item_id,
    prefix_of,
    response_id,
    sealed,
)
from mockserver.protocols.openai.responses.shown import IMAGE_URL, kind_of, shown
from mockserver.wire.jsontext import JsonValue
from mockserver.wire.rendered import JsonBody

Json = dict[str, JsonValue]

MEMBERS: Final = (
    *("model", "input", "previous_response_id", "instructions", "prompt_cache_key"),
    *("prompt_cache_retention", "prompt_cache_options", "service_tier", "image"),
)
"""What a request to compact may have, of all that a request for a response may."""
_INSTRUCTIONS: Final = 93
"""How many tokens the provider's own instructions have (5 of 7 recorded)."""
_LEAST: Final = 150
_SHARE: Final = 4
_MOST: Final = 2_000
"""The summary has about 150 tokens and a quarter of what it sums up; 183 to 449 are recorded."""


class Compact(LookupEndpoint):
    """A history made short."""

    kind = "responses.compact"
    routes = (("POST", "/responses/compact"),)

    def look_up(self, lookup: Lookup) -> JsonBody:
        """Return the compacted history of the request in *lookup*."""
        request = whole_request(lookup, MEMBERS)
        draw, created = lookup.draw, lookup.draw.created()
        identity = response_id(draw, created, request.continues)
        size = min(_LEAST + request.prompt_tokens // _SHARE, _MOST)
        output: list[Json] = []
        for number, item in enumerate(_said(request.items)):
            own = item_id(prefix_of("message"), identity, created, draw, number)
            output.append(shown(item, own, (IMAGE_URL,)))
        output.append(
            {
                "id": item_id(prefix_of("compaction"), identity, created, draw, len(output)),
                "type": "compaction",
                "encrypted_content": sealed(draw, "compaction", created, size),
            }
        )
        return JsonBody(
            {
                "id": identity,
                "object": "response.compaction",
                "created_at": created,
                "output": output,
                "usage": _usage(_INSTRUCTIONS + request.prompt_tokens, size),
            },
            "responses",
        )


def _said(items: Any) -> Iterator[Mapping[str, Any]]:
    """Yield what users said in *items*."""
    for item in items:
        if kind_of(item) == "message" and item.get("role") == "user":
            yield item


def _usage(read: int, written: int) -> Json:
    return {
        "input_tokens": read,
        "input_tokens_details": {"cache_write_tokens": 0, "cached_tokens": 0},
        "output_tokens": written,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": read + written,
    }
