"""The account has run out of credit: waiting does not help, though many clients wait."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from mockserver.contracts import BEFORE_THE_ANSWER, Distorted, Failure, Scene, refused
from mockserver.errors import BadValue
from mockserver.wire.timeline import Timeline


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota(Failure):
    """Refuse as the provider does when the account has run out of credit.

    Attributes:
        status: Replaces the provider's own status: 402 or 400, for example.
        headers: Added to the answer's headers, or replacing those of the same name.

    """

    kind = "quota"
    never_null = frozenset({"status"})
    moments = BEFORE_THE_ANSWER

    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        super(Quota, self).__post_init__()
        if self.status is not None and not 400 <= self.status <= 599:  # noqa: PLR2004 - HTTP's errors
            raise BadValue("status", f"'status' must be from 400 to 599, not {self.status}")

    def distort(self, timeline: Timeline, scene: Scene) -> Distorted:
        """Return the refusal instead of *timeline*."""
        error = scene.dialect.quota_exceeded()
        error = replace(error, status=self.status or error.status, retry_after_scales=self.scale)
        return refused(timeline, self.moment, error, scene, self.headers)
