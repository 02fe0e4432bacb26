"""What annotations of plug-ins' fields say about keys beyond their types."""

from dataclasses import dataclass
from typing import Annotated, Final, TypeAlias, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class KeyTrait:
    """What an annotation says about a key beyond its type."""

    name: str


ONE_OR_MORE: Final = KeyTrait("one or more")
"""A list that is not empty; a single element may stand without its brackets."""

OneOrMore: TypeAlias = Annotated[tuple[T, ...], ONE_OR_MORE]
