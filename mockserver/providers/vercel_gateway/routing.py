"""Which providers serve a model, and the metadata on the route and the price of an answer.

Source:
    Recorded members `provider_metadata`, 2026-02 to 2026-09; their keys and order are those of
    2026-07 and later. Documentation of the gateway, "Provider Filtering & Ordering", 2026-04.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from mockserver.contracts import Answer
from mockserver.conversation import Usage
from mockserver.models import Model
from mockserver.protocols.openai.requests import as_openai
from mockserver.providers.vercel_gateway import reading, upstream
from mockserver.providers.vercel_gateway.reading import Record
from mockserver.providers.vercel_gateway.refusals import refused
from mockserver.wire.jsontext import JsonValue

Json = dict[str, JsonValue]

MILLION: Final = 1_000_000
MILLISECONDS: Final = 1_000
FIRST_TOKEN_MS: Final = 500
TOKEN_MS: Final = 10
"""Reported duration of an attempt: the real one is not known yet."""


def options_of(body: Record) -> Record:
    """Return the options in *body* for the gateway itself."""
    for_all = reading.optional_record(body, "providerOptions") or {}
    return reading.optional_record(for_all, "gateway", "providerOptions") or {}


def providers(name: str, options: Record) -> tuple[str, ...]:
    """Return the providers that are asked for the model called *name*, in order.

    Raises:
        ApiError: None of those that *options* allow serves it.

    """
    order, only = reading.texts(options, "order"), reading.texts(options, "only")
    available = upstream.providers_of(name)
    if upstream.maker_of(name) not in upstream.PROVIDERS:
        # Which other providers serve other makers' models is not known.
        available = only or tuple(dict.fromkeys((*order, *available)))
    allowed = [slug for slug in available if not only or slug in only]
    if not allowed:
        raise refused(
            f"No provider of 'only' serves the model '{name}'. Available providers are: "
            f"{', '.join(available)}."
        )
    first = [slug for slug in order if slug in allowed]
    return (*first, *(slug for slug in allowed if slug not in first))


@dataclass(frozen=True, slots=True)
class Price:
    """What prompt and answer cost, in dollars."""

    prompt: Decimal
    answer: Decimal

    @property
    def total(self) -> Decimal:
        """Both together."""
        return self.prompt + self.answer


def price(usage: Usage | None, model: Model) -> Price:
    """Return what *usage* of *model* costs, unless that is stated; what has no price is free."""
    if usage is None:
        return Price(Decimal(0), Decimal(0))
    if usage.cost is not None:
        return Price(usd(usage.cost), Decimal(0))
    read = _per_token(model.usd_per_million_in)
    cached = model.usd_per_million_cached_in
    read_again = read if cached is None else _per_token(cached)
    return Price(
        (usage.prompt_tokens - usage.cached_tokens) * read + usage.cached_tokens * read_again,
        usage.completion_tokens * _per_token(model.usd_per_million_out),
    )


def _per_token(usd_per_million: float | None) -> Decimal:
    return Decimal(str(usd_per_million or 0)) / MILLION


def usd(amount: float) -> Decimal:
    """Return *amount* of dollars, as exact as it is written."""
    return Decimal(str(amount))


def dollars(amount: Decimal) -> str:
    """Write *amount* as the gateway does: all its digits, and never an exponent."""
    return f"{plain(amount):f}"


def plain(amount: Decimal) -> Decimal:
    """Return *amount* without zeros at its end, as a number of a body."""
    return amount.normalize() if amount else Decimal(0)


def per_token(usd_per_million: float | None) -> str:
    """Write the price of one token."""
    return dollars(_per_token(usd_per_million))


def metadata(answer: Answer, serving: Sequence[str], tried: Sequence[str] = ()) -> Json:
    """Return the gateway's metadata on *answer*.

    The first of *serving* gave it, after the models *tried* before had failed.
    """
    tier = service_tier(answer)
    own: Json = {} if tier is None else {"serviceTier": tier}
    return {serving[0]: own, "gateway": _gateway(answer, serving, tried)}


def service_tier(answer: Answer) -> str | None:
    """Return the tier that served *answer*; only the Responses API reports it."""
    request = as_openai(answer.request)
    reported = upstream.interface_to(request.model, request.family) == "responses"
    return request.service_tier if reported else None


def _gateway(answer: Answer, serving: Sequence[str], tried: Sequence[str]) -> Json:
    name, (provider, *others) = answer.request.model, serving
    costs = price(answer.usage, answer.model)
    total = dollars(costs.total)
    order = " \N{RIGHTWARDS ARROW} ".join(f"{slug}(system)" for slug in serving)
    attempts: list[Json] = [
        *(
            {
                "canonicalSlug": failed,
                "success": False,
                "providerAttemptCount": 0,
                "providerAttempts": [],
            }
            for failed in tried
        ),
        {
            "canonicalSlug": name,
            "success": True,
            "providerAttemptCount": 1,
            "providerAttempts": [_attempt(answer, provider)],
        },
    ]
    return {
        "routing": {
            "originalModelId": (*tried, name)[0],
            "resolvedProvider": provider,
            "fallbacksAvailable": others,
            "planningReasoning": (
                f"System credentials planned for: {', '.join(serving)}. Total execution order: "
                f"{order}"
            ),
            "canonicalSlug": name,
            "finalProvider": provider,
            "modelAttemptCount": len(attempts),
            "modelAttempts": attempts,
            "totalProviderAttemptCount": 1,
        },
        "cost": total,
        "marketCost": total,
        "surchargeCost": "0",
        "gatewayCost": total,
        "inferenceCost": total,
        "inputInferenceCost": dollars(costs.prompt),
        "outputInferenceCost": dollars(costs.answer),
        "generationId": answer.id,
    }


def _attempt(answer: Answer, provider: str) -> Mapping[str, Any]:
    began = answer.dated * MILLISECONDS
    written = answer.usage.completion_tokens if answer.usage is not None else 0
    return {
        "provider": provider,
        "credentialType": "system",
        "success": True,
        "startTime": began,
        "endTime": began + FIRST_TOKEN_MS + TOKEN_MS * written,
        "statusCode": 200,
    }
