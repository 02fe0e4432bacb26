"""Which models OpenRouter has, what it calls them, and how it reaches them."""

import re
from dataclasses import replace
from functools import cache
from typing import Final

from mockserver.models import Catalogue, Model

CREATED: Final = {"gpt-3.5-turbo": 1_685_232_000, "gpt-3.5-turbo-instruct": 1_695_859_200}
CONTEXTS: Final = {"gpt-3.5-turbo-instruct": 4_095}
"""Context windows that the pages of models state differently from OpenAI."""
AUTO: Final = "openrouter/auto"
AUTO_MODEL: Final = "gpt-4o-mini"
VARIANTS: Final = re.compile(r":(free|nitro|floor|online|extended|thinking|exacto|beta)$")
ON_RESPONSES: Final = re.compile(r"openai/(gpt-4\.1|gpt-[5-9]|o\d)")
"""Models that OpenRouter asks through the Responses API, whose names they use."""


def catalogue(known: Catalogue) -> Catalogue:
    """Return the models of *known* under OpenRouter's names, each on both endpoints."""
    return known.seen_as(
        _shipped,
        # An unknown model may be any provider's, and may accept any parameter.
        added=lambda model: replace(
            model,
            mode="any",
            behaves_as=model.id if "/" in model.id else f"openrouter/{model.id}",
        ),
        spelling=lambda name: VARIANTS.sub("", name),
    )


@cache
def known_models() -> Catalogue:
    """Return the models of the catalogue: all whose context is known."""
    return catalogue(Catalogue())


def _shipped(model: Model) -> tuple[Model, ...]:
    """Return *model* as OpenRouter has it, and `openrouter/auto` beside the model that it uses."""
    if model.mode == "other":
        return ()
    family = model.family
    if model.mode == "completions":
        # OpenRouter makes a prompt of a conversation; how is not known.
        family = replace(family, layout="unknown")
    slug = f"openai/{model.id}"
    ours = replace(
        model,
        id=slug,
        family=family,
        mode="any",
        behaves_as=slug,
        answers_as=_answers_as(model),
        created=CREATED.get(model.id, model.created),
        context_window=CONTEXTS.get(model.id, model.context_window),
    )
    if model.id != AUTO_MODEL:
        return (ours,)
    return ours, replace(ours, id=AUTO, behaves_as=AUTO)


def _answers_as(model: Model) -> str:
    """Return the slug that answers name: for newer models, since 2026-03, the snapshot's."""
    if not ON_RESPONSES.match(f"openai/{model.id}") or model.id.startswith("gpt-4"):
        return f"openai/{model.id}"
    dated = re.fullmatch(r"(.+)-(\d{4})-(\d\d)-(\d\d)", model.answers_as)
    if dated is None or not re.match(r"gpt-\d\.\d", model.answers_as):
        return f"openai/{model.answers_as}"
    return f"openai/{dated[1]}-{dated[2]}{dated[3]}{dated[4]}"
