"""Which models OpenRouter has, what it calls them, and how it reaches them."""

import re
from dataclasses import replace
from functools import cache
from typing import Final

from mockserver.models import Catalogue, Model
from mockserver.protocols.openai.compatible import VENDOR_AND_NAME

CREATED: Final = {"gpt-3.5-turbo": 1_685_232_000, "gpt-3.5-turbo-instruct": 1_695_859_200}
CONTEXTS: Final = {"gpt-3.5-turbo-instruct": 4_095}
"""Context windows that the pages of models state differently from OpenAI."""
MOST_CALL_ID: Final = 64
"""The greatest length of a tool call's id on the Responses API."""
AUTO: Final = "openrouter/auto"
AUTO_MODEL: Final = "gpt-4o-mini"
VARIANTS: Final = re.compile(r":(free|nitro|floor|online|extended|thinking|exacto|beta)$")
ON_RESPONSES: Final = re.compile(r"openai/(gpt-4\.1|gpt-[5-9]|o\d)")
"""Models that OpenRouter asks through the Responses API, whose names they use."""


def catalogue(known: Catalogue) -> Catalogue:
    """Return the models of *known* under OpenRouter's names, each on both endpoints.

    A `vendor/name` that it lacks is a model, too: what OpenRouter has changes weekly. A bare name
    is one of OpenAI's.
    """

    def unknown(name: str) -> Model | None:
        slug = slug_of(name)
        if slug != name:
            return replace(found, id=name) if (found := known_models().get(slug)) else None
        is_a_model = VENDOR_AND_NAME.fullmatch(name) is not None and not _generates_nothing(name)
        return _added(known.resolve(name)) if is_a_model else None

    return known.seen_as(
        _shipped, _added, spelling=lambda name: VARIANTS.sub("", name), unknown=unknown
    )


def slug_of(name: str) -> str:
    """Return the slug of the model called *name*: OpenAI's may be called without their vendor."""
    return f"openai/{name}" if VARIANTS.sub("", name) in _of_openai() else name


@cache
def known_models() -> Catalogue:
    """Return the models that OpenRouter is known to have."""
    names = Catalogue()
    return names.seen_as(_shipped, spelling=lambda name: VARIANTS.sub("", name))


@cache
def _of_openai() -> frozenset[str]:
    return frozenset(Catalogue().names())


def _generates_nothing(slug: str) -> bool:
    vendor, _, name = slug.partition("/")
    model = Catalogue().get(VARIANTS.sub("", name)) if vendor == "openai" else None
    return model is not None and not model.generates


def _added(model: Model) -> Model:
    """Return a model that may be any provider's, and may accept any parameter."""
    own = model.id if "/" in model.id else f"openrouter/{model.id}"
    return replace(model, mode="any", behaves_as=own)


def _shipped(model: Model) -> tuple[Model, ...]:
    """Return *model* as OpenRouter has it, and `openrouter/auto` beside the model that it uses."""
    slug = f"openai/{model.id}"
    if model.mode == "embeddings":
        # Lists of models leave these out, and answers leave out the vendor.
        return (replace(model, id=slug, answers_as=model.id, listed=False),)
    if not model.generates:
        return ()
    family = model.family
    if model.mode == "completions":
        # OpenRouter makes a prompt of a conversation; how is not known.
        family = replace(family, layout="unknown")
    ours = replace(
        model,
        id=slug,
        family=family,
        mode="any",
        behaves_as=slug,
        judged_as=model.id,
        most_call_id=MOST_CALL_ID if ON_RESPONSES.match(slug) else model.most_call_id,
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
