"""What a model cannot do with a body that is well-formed: reasoning, sampling, searching.

Source:
    Live calls to gpt-5.6-terra published by a third party, 2026-08-30 (sampling, log-probabilities,
    their order); recorded refusals of 2025 and 2026 (efforts, tools, research); refusals pasted in
    public issues, 2025 and 2026 (thoughts, minimal effort).
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from mockserver.models import Model
from mockserver.protocols.openai.responses.traits import NO_EFFORT, Traits
from mockserver.protocols.openai.responses.validation import text
from mockserver.protocols.openai.validation import faults
from mockserver.protocols.openai.validation.values import Body

_SAMPLING: Final[Mapping[str, float]] = {
    "temperature": 1,
    "top_p": 1,
    "presence_penalty": 0,
    "frequency_penalty": 0,
}
"""What sets how a model samples, and the values that all models take."""
_HOSTED: Final = (
    "code_interpreter", "computer", "computer_use_preview", "file_search", "image_generation",
    "mcp", "web_search", "web_search_2025_08_26", "web_search_preview",
    "web_search_preview_2025_03_11",
)  # fmt: skip
_RESEARCH_TOOLS: Final = ("web_search_preview", "code_interpreter", "mcp", "file_search")
_RESEARCH_SOURCES: Final = ("web_search_preview", "mcp", "file_search")
_NOT_MINIMAL: Final[Mapping[str, str]] = {
    "image_generation": "image_gen",
    "web_search": "web_search",
    "web_search_2025_08_26": "web_search",
}
"""Tools that cannot be used with the least effort, as the refusal calls them."""
_LOGPROBS: Final = "message.output_text.logprobs"
_ENCRYPTED: Final = "reasoning.encrypted_content"


def check_abilities(body: Body, model: Model, traits: Traits) -> None:
    """Refuse values in *body*, found well-formed, that *model* cannot act on.

    Raises:
        ApiError: The first of them.

    """
    _check_reasoning(body, model, traits)
    if effort(body, traits) not in (None, NO_EFFORT):
        _check_sampling(body, traits)
        _check_logprobs(body)
    if not traits.reasons and _ENCRYPTED in (body.get("include") or ()):
        raise faults.said("Encrypted content is not supported with this model.", "include")
    if body.get("prompt_cache_retention") == "in_memory" and not traits.short_retention:
        what = "This model is compatible only with 24h extended prompt caching"
        raise faults.said(what, "prompt_cache_retention", "invalid_parameter")
    _check_tools(body, model, traits)
    fault = text.unable(body, model, traits)
    if fault is not None:
        raise fault


def effort(body: Body, traits: Traits) -> str | None:
    """Return the reasoning effort: as stated in *body*, or the model's default; None: none."""
    stated: Mapping[str, Any] = body.get("reasoning") or {}
    return stated.get("effort") or traits.effort


def _check_reasoning(body: Body, model: Model, traits: Traits) -> None:
    stated: Mapping[str, Any] = body.get("reasoning") or {}
    if stated.get("generate_summary") is not None and not traits.generates_summary:
        raise faults.unknown_parameter("reasoning.generate_summary")
    if not traits.reasons:
        for key in ("effort", "summary"):
            if stated.get(key) is not None:
                raise faults.unsupported_parameter(f"reasoning.{key}")
    wanted = stated.get("effort")
    if wanted is not None and traits.efforts and wanted not in traits.efforts:
        raise faults.not_with_model("reasoning.effort", wanted, model.id, traits.efforts)


def _check_sampling(body: Body, traits: Traits) -> None:
    for key, value in _SAMPLING.items():
        stated = body.get(key)
        if stated is not None and stated != value and stated != getattr(traits, key, value):
            what = f"Unsupported parameter: '{key}' is not supported with this model."
            raise faults.said(what, key)


def _check_logprobs(body: Body) -> None:
    what = "logprobs are not supported with reasoning models."
    if _LOGPROBS in (body.get("include") or ()):
        raise faults.said(what, "include", "unsupported_parameter")
    if body.get("top_logprobs"):
        raise faults.said(what, "top_logprobs", "unsupported_parameter")


def _check_tools(body: Body, model: Model, traits: Traits) -> None:
    offered: Sequence[Mapping[str, Any]] = body.get("tools") or ()
    if traits.research:
        _check_research([_family_of(tool["type"]) for tool in offered])
    if not traits.hosted_tools:
        for tool in offered:
            if tool["type"] in _HOSTED:
                what = f"Hosted tool '{tool['type']}' is not supported with {model.id}."
                raise faults.said(what, "tools")
    if effort(body, traits) == "minimal":
        names = [_NOT_MINIMAL[tool["type"]] for tool in offered if tool["type"] in _NOT_MINIMAL]
        if names:
            listed = ", ".join(sorted(set(names)))
            what = f"The following tools cannot be used with reasoning.effort 'minimal': {listed}."
            raise faults.said(what, "tools")


def _family_of(kind: str) -> str:
    return "web_search_preview" if kind.startswith("web_search") else kind


def _check_research(kinds: Sequence[str]) -> None:
    if any(kind not in _RESEARCH_TOOLS for kind in kinds):
        listed = faults.listed(_RESEARCH_TOOLS)
        raise faults.said(f"Deep research models only support the {listed} tools.", "tools")
    if not any(kind in _RESEARCH_SOURCES for kind in kinds):
        listed = faults.listed(_RESEARCH_SOURCES, "or")
        raise faults.said(f"Deep research models require at least one of {listed} tools.", "tools")
