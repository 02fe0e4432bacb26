"""The parts of a message's content: text, images, audio, files.

An image or file that lies elsewhere is never fetched, so no download ever fails. What is sent
along is looked at as far as its first bytes.

Source:
    Recorded answers, 2025 and 2026 (audio for models without ears, broken images); texts pasted
    in public issues and sources for the rest. docs/fidelity.md states which is which.
"""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from mockserver.conversation import ApiError
from mockserver.protocols.openai.validation import faults, values
from mockserver.protocols.openai.validation.restrictions import Restrictions

_TEXTS: Final = frozenset({"text", "refusal"})
_KINDS: Final = ("text", "image_url", "input_audio", "refusal", "audio", "file")
_MAGIC: Final = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF")
_PREFIX: Final = 16
"""How many characters of base64 are checked: whole groups, and enough for any magic number."""


def check_parts(
    content: Sequence[Any], role: str, index: int, restrictions: Restrictions
) -> ApiError | None:
    """Refuse parts that the schema forbids; return the first fault that is reported last.

    For models of a gateway, only texts are checked.
    """
    late: ApiError | None = None
    for number, item in enumerate(content):
        path = f"messages[{index}].content[{number}]"
        part = values.record(item, path)
        kind = values.text_member(part, "type", path)
        if restrictions.lenient and kind not in _TEXTS:
            continue
        if restrictions.open_kinds and (kind not in _KINDS or kind == "file"):
            # Gateways read files themselves: OpenRouter took a URL for one (recorded, 2026-01).
            continue
        if kind not in _KINDS:
            raise faults.not_listed(f"{path}.type", kind, _KINDS)
        check = _CHECKS.get(kind)
        if check is not None:
            fault = check(part, path)
            late = late or _misplaced(kind, number, role, index, restrictions) or fault
    return late


def _check_text(part: Mapping[str, Any], path: str) -> None:
    values.text_member(part, "text", path)


def _check_refusal(part: Mapping[str, Any], path: str) -> None:
    values.text_member(part, "refusal", path)


def _check_image(part: Mapping[str, Any], path: str) -> ApiError | None:
    image = values.record_member(part, "image_url", path)
    path = f"{path}.image_url"
    url = values.text_member(image, "url", path)
    detail = image.get("detail")
    if detail is not None:
        # "original" is newer than the sentence that lists the others.
        values.choice(f"{path}.detail", ("auto", "low", "high"), ("original",))(detail, part)
    return _unreadable_image(url)


def _check_audio(part: Mapping[str, Any], path: str) -> None:
    audio = values.record_member(part, "input_audio", path)
    path = f"{path}.input_audio"
    values.text_member(audio, "data", path)
    kind = values.text_member(audio, "format", path)
    values.choice(f"{path}.format", ("wav", "mp3"))(kind, part)


def _check_file(part: Mapping[str, Any], path: str) -> None:
    file = values.record_member(part, "file", path)
    path = f"{path}.file"
    if file.get("file_data") is None:
        values.text_member(file, "file_id", path)
        return
    data = values.text_member(file, "file_data", path)
    path = f"{path}.file_data"
    scheme, _, rest = data.partition(":")
    described, _, encoded = rest.partition(",")
    kind = described.partition(";")[0]
    if scheme != "data":
        got = "a value without the 'data:' prefix"
    elif kind != "application/pdf":
        got = f"unsupported MIME type '{kind}'"
    elif not described.endswith(";base64") or not _is_base64(encoded):
        got = "an invalid base64-encoded value"
    elif not encoded:
        got = "empty base64-encoded bytes"
    else:
        return
    raise faults.said(
        f"Invalid file data: '{path}'. Expected a base64-encoded data URL with an application/pdf "
        "MIME type (e.g. 'data:application/pdf;base64,SGVsbG8sIFdvcmxkIQ=='), "
        f"but got {got}.",
        path,
        "invalid_value",
    )


_CHECKS: Final[Mapping[str, Callable[[Mapping[str, Any], str], ApiError | None]]] = {
    "text": _check_text,
    "refusal": _check_refusal,
    "image_url": _check_image,
    "input_audio": _check_audio,
    "file": _check_file,
}


def _misplaced(
    kind: str, number: int, role: str, index: int, restrictions: Restrictions
) -> ApiError | None:
    """Return the fault of a part that is well-formed, but not for this role or model."""
    path = f"messages[{index}]"
    if kind == "input_audio" and restrictions.audio == "refused":
        return faults.said(
            f"Invalid '{path}'. Content blocks are expected to be either text or image_url type.",
            path,
            "invalid_value",
        )
    if kind != "image_url":
        return None
    if restrictions.images_by and role not in restrictions.images_by:
        return faults.said(
            f"Invalid '{path}'. Image URLs are only allowed for messages with role 'user', "
            f"but this message with role '{role}' contains an image URL.",
            path,
            "invalid_value",
        )
    if not restrictions.images:
        return faults.said(
            "Invalid content type. image_url is only supported by certain models.",
            f"messages.[{index}].content.[{number}].type",
        )
    return None


def _is_base64(text: str) -> bool:
    try:
        binascii.a2b_base64(text, strict_mode=True)
    except ValueError:
        return False
    return True


def _unreadable_image(url: str) -> ApiError | None:
    """Return the fault of a URL that is none, or of an inline image, by its first bytes."""
    if url.startswith("data:"):
        return _unreadable_data(url)
    if _is_url(url):
        return None
    return faults.said(
        f"Failed to download image from {url}. Image URL is invalid.", code="invalid_image_url"
    )


def _is_url(text: str) -> bool:
    """Return whether *text* can be downloaded from: by HTTP, and from a host."""
    try:
        return urlsplit(text).scheme in ("http", "https") and bool(urlsplit(text).hostname)
    except ValueError:
        return False


def _unreadable_data(url: str) -> ApiError | None:
    head, _, data = url.partition(",")
    if not head.endswith(";base64"):
        return _bad_base64()
    if not head.startswith("data:image/"):
        return faults.said(
            "Invalid MIME type. Only image types are supported.", code="invalid_image_format"
        )
    try:
        start = base64.b64decode(data[:_PREFIX], validate=True)
    except (binascii.Error, ValueError):
        return _bad_base64()
    if not start:
        return _bad_base64()
    if start.startswith(_MAGIC):
        return None
    return faults.said(
        "You uploaded an unsupported image. Please make sure your image has of one the following "
        "formats: ['png', 'jpeg', 'gif', 'webp'].",
        code="invalid_image_format",
    )


def _bad_base64() -> ApiError:
    """Return the refusal of an image that is not base64 (pasted, Azure, 2024)."""
    return faults.said("Invalid base64 image_url.", code="invalid_base64")
