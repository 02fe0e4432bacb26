"""Cassettes of Ruby's VCR, and of what took over its form: Betamax, R's vcr."""

import base64
import binascii
from typing import Any, Final

from mockserver.recordings.importers.documents import as_list, as_object, as_text
from mockserver.recordings.importers.encodings import EncodingError
from mockserver.recordings.importers.exchanges import Exchanges, bytes_of, headers_of
from mockserver.recordings.importers.taken import Taken

NAME: Final = "ruby-vcr"
DESCRIPTION: Final = "cassettes of Ruby's VCR (YAML, JSON)"

AS_UTF_8: Final = frozenset({"", "utf-8", "us-ascii", "ascii-8bit", "binary"})
"""Ruby's names of encodings whose texts are in the file as the bytes that they are."""


def recognises(document: Any) -> bool:
    """Return whether *document* is a cassette."""
    return isinstance(as_object(document).get("http_interactions"), list)


def read(document: Any, shown: str) -> Taken:
    """Return what is in the cassette *shown*."""
    exchanges = Exchanges(shown)
    for number, item in enumerate(as_list(as_object(document).get("http_interactions")), 1):
        interaction = as_object(item)
        request = as_object(interaction.get("request"))
        response = as_object(interaction.get("response"))
        place = f"interaction {number}"
        if not request or not response:
            exchanges.leave_out(place, "it has no request and response")
            continue
        try:
            sent, body = _body(request.get("body")), _body(response.get("body"))
        except (EncodingError, binascii.Error) as error:
            exchanges.leave_out(place, f"its body cannot be read: {error}")
            continue
        status = as_object(response.get("status")).get("code", response.get("status"))
        exchanges.add(
            place,
            method=as_text(request.get("method")) or "GET",
            url=as_text(request.get("uri")),
            sent_headers=headers_of(request.get("headers")),
            sent_body=sent,
            status=status if isinstance(status, int) else None,
            headers=headers_of(response.get("headers")),
            body=body,
            recorded_at=as_text(interaction.get("recorded_at")),
        )
    return exchanges.taken()


def _body(given: Any) -> bytes:
    members = as_object(given)
    if not members:
        return bytes_of(given)
    if "base64_string" in members:
        return base64.b64decode(as_text(members["base64_string"]))
    encoding = as_text(members.get("encoding")).lower()
    return bytes_of(members.get("string"), "utf-8" if encoding in AS_UTF_8 else encoding)
