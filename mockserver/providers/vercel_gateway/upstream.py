"""Which providers the gateway asks for a model, and which settings reach it there.

The gateway reaches models through the AI SDK's own providers. The one for OpenAI uses the
Responses API, which has fewer settings than chat completions, and warns of the others; for a
model that only completes texts it uses legacy completions, which have neither tools nor formats.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from mockserver.models import Family, Model
from mockserver.providers.vercel_gateway.specifications import Specification
from mockserver.tokens import Count
from mockserver.wire.jsontext import JsonValue

Interface = Literal["responses", "completions", "chat"]
"""How the gateway asks a model: by OpenAI's two ways, or by another maker's own."""

PROVIDERS: Final[Mapping[str, tuple[str, ...]]] = {
    "openai": ("openai", "azure"),
    "anthropic": ("anthropic", "bedrock", "vertexAnthropic"),
    "google": ("google", "vertex"),
}
"""Who serves a maker's models, the preferred one first; others serve their own alone."""

LEAST_OUTPUT: Final = 16
"""The least `max_output_tokens` of the Responses API."""

CHATS_TOOLS: Final = 82
"""What gpt-5 is billed for having tools at all in a chat, and not in a response: so much in 4 of 6
recorded first turns, one less in the other 2. Later turns differ more, by thoughts handed back."""

_NO_SUCH_SETTING: Final[Mapping[Interface, tuple[str, ...]]] = {
    "responses": ("topK", "seed", "presencePenalty", "frequencyPenalty", "stopSequences"),
    "completions": ("topK", "tools", "toolChoice", "responseFormat"),
    "chat": (),
}
_NOT_WHILE_REASONING: Final = ("temperature", "topP")
_NO_JSON: Final = "JSON response format is not supported."


@dataclass(frozen=True, slots=True)
class Warned:
    """A requested setting that does not reach the model."""

    setting: str
    details: str | None = None

    def value(self, specification: Specification) -> JsonValue:
        """Return the warning as *specification* has it."""
        kind, key = ("unsupported-setting", "setting")
        if specification > 2:  # noqa: PLR2004 - a specification is a number
            kind, key = ("unsupported", "feature")
        details = {} if self.details is None else {"details": self.details}
        return {"type": kind, key: self.setting, **details}


def maker_of(name: str) -> str:
    """Return the maker of the model called *name*: `openai/gpt-4o` is OpenAI's."""
    return name.partition("/")[0]


def providers_of(name: str) -> tuple[str, ...]:
    """Return the providers of the model called *name*."""
    maker = maker_of(name)
    return PROVIDERS.get(maker, (maker,))


def interface_to(name: str, family: Family) -> Interface:
    """Return the API through which the gateway asks the model called *name*, of *family*."""
    if family.mode == "completions":
        return "completions"
    return "responses" if maker_of(name) == "openai" else "chat"


def warnings(options: Mapping[str, Any], model: Model) -> tuple[Warned, ...]:
    """Return which of the settings in *options* do not reach *model*, in the provider's order."""
    interface = interface_to(model.id, model.family)
    found: list[Warned] = []
    for setting in _NO_SUCH_SETTING[interface]:
        value = options.get(setting)
        if setting == "responseFormat":
            if value is not None and value.get("type") != "text":
                found.append(Warned(setting, _NO_JSON))
        elif value is not None and (setting != "tools" or value):
            found.append(Warned(setting))
    if interface == "responses" and model.family.reasoning:
        found += [
            Warned(setting, f"{setting} is not supported for reasoning models")
            for setting in _NOT_WHILE_REASONING
            if options.get(setting) is not None
        ]
    return tuple(found)


def billed(prompt: Count, body: Mapping[str, Any], model: Model) -> Count:
    """Return the bill of the upstream interface for *prompt*, its cost as a chat.

    For reasoning models the two are known to differ; by how much is a guess.
    """
    if not model.family.reasoning or interface_to(model.id, model.family) != "responses":
        return prompt
    return Count(prompt.tokens - CHATS_TOOLS * ("tools" in body), exact=False)


def reaches(setting: str, warned: Sequence[Warned]) -> bool:
    """Return whether *setting* reaches the model: none of *warned* is about it."""
    return all(warning.setting != setting for warning in warned)
