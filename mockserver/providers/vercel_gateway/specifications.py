"""Which specification of language models a request is written in: the path and a header say so.

A client that is answered in another specification than its own notices nothing: it takes the
finish reason for an unknown one and the bill for empty. So what does not fit is refused, and the
refusal tells which base URL does.
"""

import re
from typing import Final, Literal, TypeGuard

from mockserver.providers.vercel_gateway.refusals import refused
from mockserver.wire.http_request import HttpRequest

Specification = Literal[2, 3, 4]

PROTOCOL: Final = "0.0.1"
PROTOCOL_HEADER: Final = "ai-gateway-protocol-version"
SPECIFICATION_HEADER: Final = "ai-language-model-specification-version"

PATHS: Final[dict[str, tuple[Specification, ...]]] = {
    "v1": (2,),
    "v3": (3, 4),
    "v4": (4,),
}
"""The specifications that each version of the path answers. That `/v3` answers the fourth, too, is
what the command-line agent of the gateway's makers relies on (captured, 2026)."""

SPEAKERS: Final[dict[Specification, str]] = {
    2: "ai 5, whose base URL ends in /v1/ai",
    3: "ai 6, whose base URL ends in /v3/ai",
    4: "ai 7, whose base URL ends in /v4/ai",
}
_KNOWN: Final = "; ".join(f"{number} is that of {who}" for number, who in SPEAKERS.items())
_VERSION: Final = re.compile(r"(?:^|/)(v[0-9]+)/ai/")


def specification_of(http: HttpRequest) -> Specification:
    """Return the specification that *http* is written in, and is to be answered in.

    Raises:
        ApiError: It is not known here, or not the one of the path.

    """
    protocol = http.headers.get(PROTOCOL_HEADER)
    if protocol not in (None, PROTOCOL):
        raise refused(f"{PROTOCOL_HEADER}: '{protocol}' is not known here, only '{PROTOCOL}' is")
    version = path_version(http)
    stated = http.headers.get(SPECIFICATION_HEADER)
    if stated is None:
        raise refused(f"the header '{SPECIFICATION_HEADER}' is missing: {_KNOWN}")
    number = int(stated) if stated.isascii() and stated.isdigit() else stated
    if not _is_known(number):
        raise refused(f"{SPECIFICATION_HEADER}: '{stated}' is not known here: {_KNOWN}")
    if number not in PATHS[version]:
        raise refused(
            f"{SPECIFICATION_HEADER}: {number} does not fit the path '{http.path}': {number} is "
            f"that of {SPEAKERS[number]}"
        )
    return number


def path_version(http: HttpRequest) -> str:
    """Return the version of the protocol that the path of *http* names.

    Raises:
        ApiError: It names none, or none that is known here.

    """
    found = _VERSION.search(http.path)
    if found is None:
        raise refused(f"the path '{http.path}' names no version of the protocol: {_KNOWN}")
    if found[1] not in PATHS:
        raise refused(f"the path '{http.path}' names an unknown version, '{found[1]}': {_KNOWN}")
    return found[1]


def _is_known(number: int | str) -> TypeGuard[Specification]:
    return number in SPEAKERS
