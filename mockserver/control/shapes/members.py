"""Types that several shapes share."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias

from msgspec import Meta

ScenarioSource: TypeAlias = str | Mapping[str, Any]
"""A scenario: the text of a YAML file, or the same as a JSON object (`version` may be missing)."""
When: TypeAlias = Mapping[str, Any] | tuple[Mapping[str, Any], ...]
"""A condition, as under `when` of a rule: an object, or a list of which any must hold."""
Seconds: TypeAlias = Annotated[float, Meta(ge=0, le=600)]
PageSize: TypeAlias = Annotated[int, Meta(ge=1, le=1_000)]
NotNegative: TypeAlias = Annotated[int, Meta(ge=0)] | Annotated[float, Meta(ge=0)]
"""A number that stays as it was sent: 1 does not become 1.0."""
Count: TypeAlias = Annotated[int, Meta(ge=0)]

Outcome: TypeAlias = Literal["open", "sent", "client_left", "aborted"]
