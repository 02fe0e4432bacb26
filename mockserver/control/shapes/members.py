"""Types that several shapes share."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias

from mockserver.control.jsonform import Limits

ScenarioSource: TypeAlias = str | Mapping[str, Any]
"""A scenario: the text of a YAML file, or the same as a JSON object (`version` may be missing)."""
When: TypeAlias = Mapping[str, Any] | tuple[Mapping[str, Any], ...]
"""A condition, as under `when` of a rule: an object, or a list of which any must hold."""
Seconds: TypeAlias = Annotated[float, Limits(0, 600)]
PageSize: TypeAlias = Annotated[int, Limits(1, 1_000)]
Count: TypeAlias = Annotated[int, Limits(0)]

Outcome: TypeAlias = Literal["open", "sent", "client_left", "aborted"]
