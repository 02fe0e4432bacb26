"""OpenRouter's look-ups of an account: its key, its credits, and the cost of single answers.

Source:
    The openrouter Python package 1.3.84 (names and types of members).
"""

from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qs

from mockserver.contracts import Lookup, LookupEndpoint
from mockserver.conversation import ApiError, Usage
from mockserver.records.ledger import Entry
from mockserver.wire.jsontext import JavaScriptNumber
from mockserver.wire.rendered import JsonBody

Json = dict[str, Any]

GENERATION: Final = "/generation"
KEY: Final = "/key"
CREDITS: Final = "/credits"
OLD_KEY: Final = "/auth/key"
"""The path of the key until 2025; clients still use it."""
WHOSE: Final = "openrouter"
TOTAL_CREDITS: Final = 100
"""What an account has bought, in USD."""
MS_A_TOKEN: Final = 10
FIRST_TOKEN_MS: Final = 500


class OpenRouterAccount(LookupEndpoint):
    """What the session has spent, by key and by answer."""

    kind = "openrouter.account"
    routes = (("GET", GENERATION), ("GET", KEY), ("GET", OLD_KEY), ("GET", CREDITS))
    dialects = frozenset({WHOSE})

    def look_up(self, lookup: Lookup) -> JsonBody:
        """Return the data that *lookup* requests."""
        ledger = lookup.ledger
        match lookup.route:
            case ("GET", path) if path == CREDITS:
                spent = JavaScriptNumber(ledger.spent_usd(WHOSE))
                return _answer({"total_credits": TOTAL_CREDITS, "total_usage": spent})
            case ("GET", path) if path == GENERATION:
                return _answer(_generation(lookup))
            case _:
                return _answer(
                    _key(lookup.key, JavaScriptNumber(ledger.spent_usd(WHOSE, lookup.key)))
                )


def _answer(data: Json) -> JsonBody:
    return JsonBody({"data": data}, "models")


def _key(key: str, spent: float) -> Json:
    periods = ("daily", "weekly", "monthly")
    return {
        "label": f"sk-or-v1-{key[:3]}...{key[-3:]}",
        "limit": None,
        "limit_remaining": None,
        "limit_reset": None,
        "usage": spent,
        **{f"usage_{period}": spent for period in periods},
        "byok_usage": 0,
        **{f"byok_usage_{period}": 0 for period in periods},
        "include_byok_in_limit": False,
        "is_free_tier": False,
        "is_management_key": False,
        "is_provisioning_key": False,
        "rate_limit": {"requests": -1, "interval": "10s", "note": "This field is deprecated."},
        "expires_at": None,
    }


def _generation(lookup: Lookup) -> Json:
    identity = parse_qs(lookup.http.query).get("id", [""])[0]
    entry = lookup.ledger.get(identity)
    if entry is None or entry.provider != WHOSE:
        raise ApiError(404, f"Generation {identity} not found", type=None)
    return _generation_data(entry)


def _generation_data(entry: Entry) -> Json:
    usage = entry.usage or Usage(0, 0)
    cost = JavaScriptNumber(entry.cost_usd)
    took = usage.completion_tokens * MS_A_TOKEN
    made = datetime.fromtimestamp(entry.created, UTC).isoformat()
    vendor = entry.asked.partition("/")[0]
    return {
        "id": entry.id,
        "total_cost": cost,
        "created_at": made,
        "model": entry.model if "/" in entry.model else entry.asked,
        "origin": entry.attribution.get("http-referer", ""),
        "usage": cost,
        "is_byok": False,
        "upstream_id": None,
        "cache_discount": None,
        "upstream_inference_cost": 0,
        "app_id": None,
        "streamed": entry.streamed,
        "cancelled": False,
        "provider_name": "OpenAI" if vendor == "openai" else vendor,
        "latency": FIRST_TOKEN_MS,
        "moderation_latency": None,
        "generation_time": took,
        "finish_reason": entry.finish_reason,
        "native_finish_reason": entry.finish_reason,
        "tokens_prompt": usage.prompt_tokens,
        "tokens_completion": usage.completion_tokens,
        "native_tokens_prompt": usage.prompt_tokens,
        "native_tokens_completion": usage.completion_tokens,
        "native_tokens_reasoning": usage.reasoning_tokens,
        "native_tokens_cached": usage.cached_tokens,
        "native_tokens_completion_images": None,
        "num_media_prompt": None,
        "num_media_completion": None,
        "num_search_results": None,
        "api_type": "chat" if entry.endpoint == "chat.completions" else "completions",
        "router": None,
        "provider_responses": None,
        "user_agent": entry.user_agent,
        "http_referer": entry.attribution.get("http-referer"),
    }
