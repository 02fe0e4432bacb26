"""The gateway's look-ups: `/v1/generation` for one answer, `/v1/credits` for the balance.

Source:
    The schemas by which `@ai-sdk/gateway` 2, 3 and 4 read them; credits as answered in 2026-09.
"""

from typing import ClassVar, Final
from urllib.parse import parse_qs

from mockserver.contracts import Lookup, LookupEndpoint
from mockserver.conversation import ApiError, Usage
from mockserver.providers.vercel_gateway.answers import timestamp
from mockserver.providers.vercel_gateway.refusals import NOT_FOUND, refused
from mockserver.providers.vercel_gateway.routing import (
    FIRST_TOKEN_MS,
    TOKEN_MS,
    dollars,
    plain,
    usd,
)
from mockserver.providers.vercel_gateway.upstream import providers_of
from mockserver.records.ledger import Entry
from mockserver.wire.jsontext import JsonValue
from mockserver.wire.rendered import JsonBody

GATEWAY: Final = "vercel_gateway"
CREDIT_USD: Final = 100
"""The initial credit of each key. Nothing is refused when it is used up."""


class GatewayCredits(LookupEndpoint):
    """The remaining credit of a key, and what it has spent."""

    kind = "gateway.credits"
    routes = (("GET", "/credits"),)
    dialects: ClassVar[frozenset[str]] = frozenset({GATEWAY})

    def look_up(self, lookup: Lookup) -> JsonBody:
        """Return both, in dollars, as texts."""
        spent = usd(lookup.ledger.spent_usd(GATEWAY, lookup.key))
        return JsonBody({"balance": dollars(CREDIT_USD - spent), "total_used": dollars(spent)})


class GatewayGeneration(LookupEndpoint):
    """One answer, by its id."""

    kind = "gateway.generation"
    routes = (("GET", "/generation"),)
    dialects: ClassVar[frozenset[str]] = frozenset({GATEWAY})

    def look_up(self, lookup: Lookup) -> JsonBody:
        """Return its cost and its provider."""
        (identity,) = parse_qs(lookup.http.query).get("id", [""])[:1]
        if not identity:
            raise refused("id: Invalid input: expected string, received undefined")
        entry = lookup.ledger.get(identity)
        if entry is None or entry.provider != GATEWAY:
            message = f"Generation '{identity}' not found"
            raise ApiError(NOT_FOUND, message, "not_found", layer="edge")
        return JsonBody({"data": _generation(entry)})


def _generation(entry: Entry) -> dict[str, JsonValue]:
    usage, cost = entry.usage or Usage(0, 0), plain(usd(entry.cost_usd))
    return {
        "id": entry.id,
        "total_cost": cost,
        "market_cost": cost,
        "surcharge_cost": 0,
        "gateway_cost": cost,
        "upstream_inference_cost": 0,
        "usage": cost,
        "created_at": timestamp(entry.created),
        "model": entry.asked,
        "is_byok": False,
        "provider_name": providers_of(entry.asked)[0],
        "streamed": entry.streamed,
        "finish_reason": entry.finish_reason or "",
        "latency": FIRST_TOKEN_MS,
        "generation_time": FIRST_TOKEN_MS + TOKEN_MS * usage.completion_tokens,
        "native_tokens_prompt": usage.prompt_tokens,
        "native_tokens_completion": usage.completion_tokens,
        "native_tokens_reasoning": usage.reasoning_tokens,
        "native_tokens_cached": usage.cached_tokens,
        "native_tokens_cache_creation": 0,
        "billable_web_search_calls": 0,
    }
