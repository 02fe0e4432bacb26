"""Which API keys are valid in a scenario: its `keys`."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Final, Literal

from mockserver.contracts import OneOrMore
from mockserver.errors import BadValue
from mockserver.scenario.conditions.criteria import NameTest

Standing = Literal["valid", "invalid", "quota_exhausted"]

_LISTS: Final[tuple[Standing, ...]] = ("valid", "invalid", "quota_exhausted")


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """Which API keys are valid, as globs.

    Attributes:
        valid: The valid keys; without this list, all keys that no other list names.
        invalid: Keys that the provider does not know.
        quota_exhausted: Keys whose account has run out of credit.

    """

    called: ClassVar[str] = "'keys'"

    valid: OneOrMore[str] = ()
    invalid: OneOrMore[str] = ()
    quota_exhausted: OneOrMore[str] = ()

    def __post_init__(self) -> None:
        seen: dict[str, str] = {}
        for name in _LISTS:
            for glob in getattr(self, name):
                if seen.setdefault(glob, name) != name:
                    raise BadValue(name, f"'{glob}' is already listed under '{seen[glob]}'")

    @property
    def are_stated(self) -> bool:
        """Whether keys differ at all."""
        return bool(self.valid or self.invalid or self.quota_exhausted)

    def standing(self, key: str) -> Standing:
        """Return what *key* is; of several lists that it fits, the worst."""
        if _fits(self.invalid, key):
            return "invalid"
        if _fits(self.quota_exhausted, key):
            return "quota_exhausted"
        return "valid" if not self.valid or _fits(self.valid, key) else "invalid"


def merged(files: Iterable[Keys]) -> Keys:
    """Return the keys of several *files* as one; of the same glob, the first counts."""
    listed: dict[str, Standing] = {}
    for keys in files:
        for name in _LISTS:
            for glob in getattr(keys, name):
                listed.setdefault(glob, name)
    lists = {name: tuple(g for g, own in listed.items() if own == name) for name in _LISTS}
    return Keys(**lists)


def _fits(globs: tuple[str, ...], key: str) -> bool:
    return bool(globs) and NameTest(glob=globs).predicate()(key)
