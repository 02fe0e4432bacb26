"""A gateway in front of the API answers on its own: with an HTML page or its own JSON."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from mockserver.contracts import Distorted, Failure, Scene
from mockserver.conversation import ApiError
from mockserver.errors import BadValue
from mockserver.seeding import HEX
from mockserver.wire.timeline import DATE, Timeline

CLOUDFLARES_OWN = range(520, 528)
"""Statuses that only Cloudflare has; it answers them with a long page."""
PHRASES = {
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Temporarily Unavailable",
    504: "Gateway Time-out",
    520: "Web server is returning an unknown error",
    521: "Web server is down",
    522: "Connection timed out",
    523: "Origin is unreachable",
    524: "A timeout occurred",
    525: "SSL handshake failed",
    526: "Invalid SSL certificate",
    527: "Railgun error",
}
NO_CACHE = (
    (
        "cache-control",
        "private, max-age=0, no-store, no-cache, must-revalidate, post-check=0, pre-check=0",
    ),
    ("expires", "Thu, 01 Jan 1970 00:00:01 GMT"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayPage(Failure):
    """Answer as Cloudflare does when the API behind it fails: not the API's JSON, no request id.

    Attributes:
        status: From 500 to 599.
        page: The `short` HTML page, the `long` one that names the host, or `json`; unless stated,
            the one that Cloudflare has for the status.
        headers: Added to the gateway's own headers.

    """

    kind = "gateway_page"
    never_null = frozenset({"page"})
    moments = ("before_headers",)

    status: int = 502
    page: Literal["short", "long", "json"] | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        super(GatewayPage, self).__post_init__()
        if not 500 <= self.status <= 599:  # noqa: PLR2004 - HTTP's server errors
            raise BadValue("status", f"'status' must be from 500 to 599, not {self.status}")

    def distort(self, timeline: Timeline, scene: Scene) -> Distorted:  # noqa: ARG002 - it replaces the answer
        """Return the page instead of *timeline*."""
        page = self.page or ("long" if self.status in CLOUDFLARES_OWN else "short")
        ray = scene.draw.text("cf-ray", 16, HEX) + "-FRA"
        phrase = PHRASES.get(self.status, "Unknown error")
        match page:
            case "short":
                text = SHORT_PAGE.format(title=f"{self.status} {phrase}")
            case "long":
                title = f"{scene.dialect.host} | {self.status}: {phrase}"
                text = LONG_PAGE.format(title=title, status=self.status, phrase=phrase, ray=ray)
            case "json":
                code = phrase.lower().replace(" ", "_")
                text = GATEWAY_JSON.format(
                    status=self.status, message=phrase.capitalize(), code=code
                )
        headers = (
            ("date", DATE.mark),
            ("content-type", "application/json" if page == "json" else "text/html"),
            *(NO_CACHE if page != "short" else ()),
            ("referrer-policy", "same-origin"),
            ("x-frame-options", "SAMEORIGIN"),
            ("server", "cloudflare"),
            ("cf-ray", ray),
            *self.headers.items(),
        )
        error = ApiError(
            self.status,
            phrase,
            headers=headers,
            page=text.encode(),
            retry_after_scales=self.scale,
        )
        return Distorted(scene.refuse(error))


SHORT_PAGE = (
    "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>"
    "\r\n<hr><center>cloudflare</center>\r\n</body>\r\n</html>\r\n"
)
LONG_PAGE = """\
<!DOCTYPE html>
<html lang="en-US">
<head>
<title>{title}</title>
<meta charset="UTF-8" />
<meta name="robots" content="noindex, nofollow" />
</head>
<body>
<div id="cf-wrapper">
<div id="cf-error-details">
<h1><span>{phrase}</span> <span>Error code {status}</span></h1>
<p>Ray ID: <strong>{ray}</strong></p>
</div>
</div>
</body>
</html>
"""
GATEWAY_JSON = (
    '{{"error":{{"code":{status},"message":"{message}.","param":null,"type":"cf_{code}"}}}}'
)
