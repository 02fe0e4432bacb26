"""The model catalogue: what each model is called, can do, costs and how its family behaves.

The facts are data, in `fixtures/models.yaml`; a new model or family is added there.
"""

import fnmatch
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache, lru_cache
from typing import Any, Final, Literal, NamedTuple

import yaml

from mockserver import bundled

Mode = Literal["chat", "completions", "responses", "embeddings", "moderations", "any", "other"]
"""Which endpoint a model answers on; `any` is a name that the catalogue does not know."""
GENERATING: Final = frozenset({"chat", "completions", "responses", "any"})
"""The modes of models that generate something."""

Elsewhere = Literal["forbidden", "not_chat", "only_responses"]
"""How the chat endpoint refuses a model that does not answer there."""

LayoutName = Literal[
    "chatml",
    "chatml-0301",
    "chatml-0613",
    "contents",
    "harmony",
    "harmony-azure",
    "o-series",
    "o-series-azure",
    "o1-azure",
    "o1-mini",
    "o3-mini",
    "o3-mini-azure",
    "o4-mini",
    "o4-mini-azure",
    "unknown",
]
"""How a conversation is laid out for the model: see `mockserver.tokens.layouts`."""

ItemLayoutName = Literal[
    "o1", "harmony-5.1", "harmony-codex", "harmony-5.1-codex", "codex-mini", "computer-use"
]
"""How items are laid out, where the layout of a chat does not say it: see `item_layouts` there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """How the models of one family behave on the wire and in the bill."""

    name: str
    prefixes: tuple[str, ...]
    encoding: str
    mode: Mode
    reasoning: bool = False
    validator: Literal["classic", "strict"] = "classic"
    """Which of the provider's two request validators reads a chat body."""
    fingerprint: bool | Literal[""] = False
    """`system_fingerprint` is drawn, or an empty text; else it is null."""
    choice_logprobs: bool = True
    """A choice shows `"logprobs": null` when none were asked for; else it has no such member."""
    cache_write_tokens: bool = False
    """The prompt's details have a member of that name."""
    modality_tokens: bool = False
    """The details tell the tokens of text and images apart, as models with ears do."""
    service_tier: bool = True
    """An answer tells the tier that served it."""
    forced_tool_finish: Literal["stop", "tool_calls"] = "stop"
    """The finish reason when the request named the function to call."""
    layout: LayoutName = "chatml"
    """What is billed around the texts of a conversation."""
    azure_layout: LayoutName | None = None
    """The layout where Azure hosts the model, if it is another."""
    item_layout: ItemLayoutName | None = None
    """What is billed around the items of a Responses request, if `layout` does not say it."""
    reasoning_context: Literal["current_turn", "all_turns"] = "current_turn"
    """Which reasoning items of a Responses request are read, unless it says which."""
    rounds_reasoning: bool = False
    """Answers state reasoning tokens in steps of 64."""
    thinks_unasked: bool = False
    """An answer to a person has an analysis message, billed even if no token is in it."""
    image_tiles: tuple[int, int] | None = None
    """What an image is billed as: so much, and so much for each square of 512 pixels."""
    image_patch: float | None = None
    """What each square of 32 pixels is billed as, in models that count such squares."""
    image_budget: int = 1536
    """The number of such squares that an image is scaled down to."""


DIMENSIONS: Final = 1_536
"""How many numbers a vector has, unless the catalogue says otherwise."""
MOST_CALL_ID: Final = 40
"""The greatest length of a tool call's id on the chat endpoint."""


class RateLimits(NamedTuple):
    """What an account may ask of a model in a minute; *images* None: it is not limited."""

    requests: int
    tokens: int
    images: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One model. Prices are in USD per million tokens."""

    id: str
    family: Family
    mode: Mode
    answers_as: str
    """What an answer names as its `model`: the snapshot of an alias, a legacy engine's name."""
    behaves_as: str
    """The model whose restrictions on requests hold: its own name, unless it is like another."""
    judged_as: str | None = None
    """The model by which the provider behind a gateway judges what the gateway forwards."""
    most_call_id: int = MOST_CALL_ID
    """The greatest length of a tool call's id at the API that such a gateway asks."""
    on_responses: bool = True
    """Whether a model for chat answers Responses requests, too."""
    elsewhere: Elsewhere = "forbidden"
    listed: bool = True
    """Whether lists of models show it; an alias that they leave out answers all the same."""
    in_any_version: bool = False
    """Whether every version of an API has it, whatever its provider says: a scenario names it."""
    context_window: int | None = None
    max_output_tokens: int | None = None
    created: int = 0
    owned_by: str = "system"
    shutdown_date: date | None = None
    dimensions: int = DIMENSIONS
    """How many numbers a vector has, if it makes any."""
    shortens: bool = True
    """Requests may ask for shorter vectors."""
    known: bool = True
    """The catalogue, or whoever states what it is like, vouches for how its family bills."""
    usd_per_million_in: float | None = None
    usd_per_million_out: float | None = None
    usd_per_million_cached_in: float | None = None

    @property
    def generates(self) -> bool:
        """Whether it generates something: others compute vectors or scores, or neither."""
        return self.mode in GENERATING

    def cost_usd(self, prompt_tokens: int, completion_tokens: int, cached_tokens: int = 0) -> float:
        """Return what so many tokens cost; those without a price are free.

        The *cached_tokens* are among the *prompt_tokens*, and have the prompt's price unless they
        have one of their own.
        """
        price_in = self.usd_per_million_in or 0.0
        price_cached = self.usd_per_million_cached_in
        cached = price_in if price_cached is None else price_cached
        price_out = self.usd_per_million_out or 0.0
        read = (prompt_tokens - cached_tokens) * price_in + cached_tokens * cached
        return (read + completion_tokens * price_out) / 1_000_000


DEFAULT_MODEL: Final = "gpt-4o-mini"
"""What is asked where nobody says what: the server is ready to answer for it."""


class Catalogue:
    """The models that a server knows: the shipped ones, and those that a scenario names."""

    def __init__(
        self,
        extra: Mapping[str, str | None] | None = None,
        *,
        any_model: bool = False,
        any_deployment: str | None = None,
        named: Collection[str] = (),
        retired: Sequence[str] | bool = False,
    ) -> None:
        """Add *extra* names, each with the known model it is like, or None.

        With *any_model* every name is known. A name is like what it suggests unless *extra*
        says otherwise: a model of no known family answers on both endpoints. *any_deployment* is
        what stands behind unknown names where customers name their own deployments. *named* are
        the shipped models that a scenario names once more, to say that they are there. Models that
        are *retired*, given as globs, are known and answer no more; True: all whose shutdown date
        the catalogue's own date has passed.
        """
        self.any_deployment = any_deployment
        self.named = frozenset(named)
        self._any_model = any_model
        self._retired = retired
        self._models = dict(_shipped())
        for name, like in (extra or {}).items():
            if name not in self._models:
                self._models[name] = _stranger(name, self._models.get(like or ""))

    def seen_as(
        self,
        shipped: Callable[[Model], Iterable[Model]],
        added: Callable[[Model], Model] = lambda model: model,
        spelling: Callable[[str], str] = str,
        unknown: Callable[[str], Model | None] = lambda _: None,
    ) -> "Catalogue":
        """Return the catalogue of a provider that has these models in its own way.

        Args:
            shipped: What the provider makes of a model that ships: one, several, or none.
            added: What it makes of one that a scenario names.
            spelling: A name as it stands in the catalogue; the model keeps the one it was
                asked by.
            unknown: What it makes of a name that is not in the catalogue; None: nothing.

        """
        ours = _shipped()
        models = {own.id: own for model in ours.values() for own in shipped(model)}
        for name, model in self._models.items():
            # A name that a rule mentions is no news of a model that the provider has.
            if name not in ours and (name not in models or model.context_window):
                models[name] = added(model)
        return _SeenCatalogue(
            self, models, spelling, unknown, any_model=self._any_model, retired=self._retired
        )

    def get(self, name: str) -> Model | None:
        """Return the model called *name*, or None if the provider would not know it."""
        if self._retired and self.is_retired(name):
            return None
        found = self._models.get(name)
        # A name goes into headers: what cannot be printed in one is nobody's name.
        if found is None and self._any_model and name.isprintable():
            return _stranger(name, None)
        return found

    def described(self, name: str) -> Model | None:
        """Return the model called *name* if more is known of it than that it may exist."""
        return self.get(name)

    def is_retired(self, name: str) -> bool:
        """Return whether the model called *name* answers no more."""
        if self._retired is False:
            return False
        if self._retired is True:
            shutdown = self.resolve(name).shutdown_date
            return shutdown is not None and shutdown <= _as_of()
        return any(fnmatch.fnmatchcase(name, glob) for glob in self._retired)

    def resolve(self, name: str) -> Model:
        """Return the model called *name*, or what a model of that name would be like."""
        return self._models.get(name) or _stranger(name, None)

    def names(self) -> list[str]:
        """Return the names of all known models, in the order of the catalogue."""
        return list(self._models)

    def listed(self) -> list[Model]:
        """Return all known models that lists show, in the order of the catalogue."""
        models = [model for model in self._models.values() if model.listed]
        return [m for m in models if not self.is_retired(m.id)] if self._retired else models


class _SeenCatalogue(Catalogue):
    """The catalogue as a provider has it: see `Catalogue.seen_as`."""

    def __init__(
        self,
        known: Catalogue,
        models: dict[str, Model],
        spelling: Callable[[str], str],
        unknown: Callable[[str], Model | None],
        *,
        any_model: bool,
        retired: Sequence[str] | bool,
    ) -> None:
        self.any_deployment, self.named = known.any_deployment, known.named
        self._known = known
        self._models = models
        self._spelling = spelling
        self._unknown = unknown
        self._any_model = any_model
        self._retired = retired

    def get(self, name: str) -> Model | None:
        if self._retired and self.is_retired(name):
            return None
        # A name goes into headers: what cannot be printed in one is nobody's name.
        found = self._spelt(name) or (self._unknown(name) if name.isprintable() else None)
        return found or super().get(name)

    def described(self, name: str) -> Model | None:
        is_retired = self._retired and self.is_retired(name)
        return None if is_retired else self._spelt(name) or super().get(name)

    def resolve(self, name: str) -> Model:
        # A scenario may say that a model answers which the provider calls otherwise.
        return self._spelt(name) or self._unknown(name) or self._known.resolve(name)

    def _spelt(self, name: str) -> Model | None:
        found = self._models.get(name)
        if found is None and (found := self._models.get(self._spelling(name))) is not None:
            return replace(found, id=name, answers_as=name)
        return found


@cache
def hosted_by_azure(family: Family) -> Family:
    """Return *family* as Azure hosts it, which bills the o-series in its own way."""
    return replace(family, layout=family.azure_layout) if family.azure_layout else family


def family_of(name: str) -> Family:
    """Return the family that *name* suggests, by the catalogue's prefixes.

    A vendor (`openai/gpt-4o`) and the marks of a fine-tune (`ft:gpt-4o:org::id`) are passed
    over. The last family takes names that no prefix fits.
    """
    bare = _bare(name)
    families = _families()
    return next((f for f in families if bare.startswith(f.prefixes)), families[-1])


@lru_cache(maxsize=1_024)
def rate_limits_of(name: str) -> RateLimits:
    """Return what may be asked of the model called *name*, or of one that the name suggests."""
    rows = _rate_limits()
    bare = _bare(name)
    return next((limits for prefixes, limits in rows if bare.startswith(prefixes)), rows[-1][1])


def _bare(name: str) -> str:
    return name.lower().rsplit("/", 1)[-1].removeprefix("ft:")


def _stranger(name: str, like: Model | None) -> Model:
    """Return a model that the catalogue does not hold: as *like* is, or as its name suggests."""
    if like is not None:
        return replace(like, id=name, answers_as=name)
    family = family_of(name)
    return Model(
        id=name,
        family=family,
        mode=family.mode,
        answers_as=name,
        behaves_as=name,
        created=_UNKNOWN_CREATED,
        known=_is_recorded(name),
    )


def _is_recorded(name: str) -> bool:
    """Return whether a model of this *name* has answered, though the catalogue does not serve it.

    A fine-tune (`ft:gpt-4o-2024-08-06:org::id`) is the model that it was made of.
    """
    bare = _bare(name)
    tuned = name.lower().rsplit("/", 1)[-1].startswith("ft:")
    return (bare.partition(":")[0] if tuned else bare) in _names()


@cache
def _names() -> frozenset[str]:
    """Return the names of models and of what answers for them, and of models that are gone."""
    shipped = _shipped().values()
    gone: list[str] = _document()["gone"]
    return frozenset([*(m.id for m in shipped), *(m.answers_as for m in shipped), *gone])


_UNKNOWN_CREATED = 1_782_864_000
"""2026-07-01: when a model came that the catalogue has no date for."""


@cache
def _document() -> dict[str, Any]:
    text = (bundled.folder("fixtures") / "models.yaml").read_text("utf-8")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    document: dict[str, Any] = yaml.load(text, Loader=loader)  # noqa: S506 - both loaders are safe
    return document


@cache
def _as_of() -> date:
    """Return the day whose facts the catalogue tells: an answer must not depend on today's."""
    return date.fromisoformat(_document()["as_of"])


@cache
def _families() -> tuple[Family, ...]:
    rows: list[dict[str, Any]] = _document()["families"]
    return tuple(_family(**row) for row in rows)


def _family(prefixes: list[str], image_tiles: list[int] | None = None, **facts: Any) -> Family:
    base, tile = image_tiles or (0, 0)
    tiles = (base, tile) if image_tiles else None
    return Family(prefixes=tuple(prefixes), image_tiles=tiles, **facts)


@cache
def _rate_limits() -> tuple[tuple[tuple[str, ...], RateLimits], ...]:
    rows: list[dict[str, Any]] = _document()["rate_limits"]
    return tuple(
        (tuple(row["prefixes"]), RateLimits(row["requests"], row["tokens"], row.get("images")))
        for row in rows
    )


@cache
def _shipped() -> dict[str, Model]:
    return {row["id"]: _model(row) for row in _document()["models"]}


def _model(row: Mapping[str, Any]) -> Model:
    prices: Mapping[str, float] = row.get("usd", {})
    return Model(
        id=row["id"],
        family=family_of(row["id"]),
        mode=row["mode"],
        answers_as=row.get("answers_as", row["id"]),
        behaves_as=row.get("behaves_as", row["id"]),
        elsewhere=row.get("elsewhere", "not_chat" if row["mode"] == "completions" else "forbidden"),
        listed=row.get("listed", True),
        context_window=row.get("context"),
        max_output_tokens=row.get("max_output"),
        created=row["created"],
        owned_by=row.get("owned_by", "system"),
        shutdown_date=date.fromisoformat(row["shutdown"]) if "shutdown" in row else None,
        dimensions=row.get("dimensions", DIMENSIONS),
        shortens=row.get("shortens", True),
        usd_per_million_in=prices.get("in"),
        usd_per_million_out=prices.get("out"),
        usd_per_million_cached_in=prices.get("cached_in"),
    )
