"""Bodies without the coding in which they were sent: gzip, deflate, brotli, zstandard.

Recorders store what came, or what it was decoded to, and leave the header in either case.
"""

import importlib
import zlib
from typing import Any, Final

MOST_BYTES: Final = 64 * 1024 * 1024
"""The size limit of a decoded body."""

_GZIP: Final = b"\x1f\x8b"
_ZSTANDARD: Final = b"\x28\xb5\x2f\xfd"
_WINDOWS: Final = {"gzip": (31,), "deflate": (15, -15)}
"""How zlib is told the form: `deflate` is sent with and without zlib's own header."""
_LIBRARIES: Final = {
    "br": ("brotli", "brotlicffi"),
    "zstd": ("compression.zstd", "backports.zstd", "zstandard"),
}
_NAMES: Final = {"x-gzip": "gzip", "identity": "", "brotli": "br"}


class EncodingError(ValueError):
    """A body that cannot be decoded; the text says why."""


def decoded(body: bytes, encoding: str) -> bytes:
    """Return *body* without the codings that the header `content-encoding` names.

    Raises:
        EncodingError: It cannot be decoded.

    """
    for name in reversed(encoding.lower().split(",")):
        coding = _NAMES.get(name.strip(), name.strip())
        if coding and body:
            body = _without(coding, body)
    return body


def _without(coding: str, body: bytes) -> bytes:
    if coding in _WINDOWS:
        if coding == "gzip" and not body.startswith(_GZIP):
            return body
        return _inflated(coding, body)
    if coding not in _LIBRARIES:
        raise EncodingError(f"its coding '{coding}' is not known")
    if (coding == "zstd" and not body.startswith(_ZSTANDARD)) or _is_plain(body):
        return body
    libraries = _LIBRARIES[coding]
    for library in libraries:
        try:
            module: Any = importlib.import_module(library)
        except ImportError:
            continue
        try:
            return _checked(bytes(module.decompress(body)))
        except EncodingError:
            raise
        except Exception as error:
            raise EncodingError(f"its coding '{coding}' is broken: {error}") from error
    raise EncodingError(f"its coding '{coding}' needs '{libraries[0]}', which is not installed")


def _inflated(coding: str, body: bytes) -> bytes:
    problem = ""
    for window in _WINDOWS[coding]:
        inflater = zlib.decompressobj(window)
        try:
            plain = inflater.decompress(body, MOST_BYTES + 1)
        except zlib.error as error:
            problem = str(error)
            continue
        if not inflater.eof and len(plain) <= MOST_BYTES:
            problem = "it ends too early"
            continue
        return _checked(plain)
    if _is_plain(body):
        return body
    raise EncodingError(f"its coding '{coding}' is broken: {problem}")


def gunzipped(data: bytes, most: int) -> bytes:
    """Return the content of a gzip file.

    Raises:
        EncodingError: It is broken, or larger than *most* bytes.

    """
    plain, rest = b"", data
    while rest:
        inflater = zlib.decompressobj(31)
        try:
            plain += inflater.decompress(rest, most + 1 - len(plain))
        except zlib.error as error:
            raise EncodingError(str(error)) from error
        if len(plain) > most:
            raise EncodingError(f"it has more than {most} bytes")
        if not inflater.eof:
            raise EncodingError("it ends too early")
        rest = inflater.unused_data
    return plain


def _checked(plain: bytes) -> bytes:
    if len(plain) > MOST_BYTES:
        raise EncodingError(f"it has more than {MOST_BYTES} bytes")
    return plain


def _is_plain(body: bytes) -> bool:
    """Return whether *body* is text already."""
    try:
        text = body[:4096].decode()
    except UnicodeDecodeError as error:
        if error.start < len(body[:4096]) - 3:
            return False
        text = body[: error.start].decode()
    return all(character.isprintable() or character in "\r\n\t" for character in text)
