"""The parts of a content: texts, images, files, refusals, and what is in a call's output.

An image or file that lies elsewhere is never fetched, so no download ever fails.

Source:
    Recorded refusals of 2026-02 (files); live calls published by a third party, 2026-08-31 (which
    parts there are, and where); texts pasted in public issues, 2025 and 2026 (images).
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from mockserver.protocols.openai.responses.validation import shapes
from mockserver.protocols.openai.responses.validation.shapes import Shape
from mockserver.protocols.openai.validation import faults, values

MOST_TEXT: Final = 10_485_760

_KNOWN: Final = (
    "input_text", "input_image", "input_audio", "output_text", "refusal", "input_file",
    "computer_screenshot", "summary_text", "encrypted_content",
)  # fmt: skip
"""All that the validator names for a part of a message, wherever that is."""

_UNREAD_FILES: Final = ("audio/", "video/", "image/")
_is_download: Final = re.compile(r"https?://[^/\s]+", re.IGNORECASE).match

_breakpoint: Final = shapes.record({"mode": shapes.word("explicit")})
_detail: Final = shapes.word("low", "high", "auto", "original")


def _image_url(value: Any, path: str) -> None:
    if type(value) is not str:
        raise faults.wrong_type(path, "an image URL", value)
    if value.startswith("data:"):
        kind = value[len("data:") :].partition(",")[0].partition(";")[0]
        if not kind.startswith("image/"):
            raise faults.said(
                f"Invalid '{path}'. Expected a base64-encoded data URL with an image MIME type "
                "(e.g. 'data:image/png;base64,aW1nIGJ5dGVzIGhlcmU='), "
                f"but got unsupported MIME type '{kind}'.",
                path,
                "invalid_value",
            )
    elif not _is_download(value):
        raise faults.said(
            f"Invalid '{path}'. Expected a valid URL, but got a value with an invalid format.",
            path,
            "invalid_value",
        )


def _file_data(value: Any, path: str) -> None:
    text = values.text(value, path)
    kind = text[len("data:") :].partition(",")[0].partition(";")[0]
    if not text.startswith("data:"):
        got = "a value without the 'data:' prefix"
    elif kind.startswith(_UNREAD_FILES):
        got = f"unsupported MIME type '{kind}'"
    else:
        return
    raise faults.said(
        f"Invalid file data: '{path}'. Expected a base64-encoded data URL with a valid file MIME "
        "type (e.g. 'data:text/plain;base64,SGVsbG8sIFdvcmxkIQ=='), "
        f"but got {got}. Please see "
        "https://platform.openai.com/docs/assistants/tools/file-search#supported-files for "
        "supported file types.",
        path,
        "invalid_value",
    )


_INPUT: Final[Mapping[str, Shape]] = {
    "input_text": shapes.record(
        {"text": shapes.text(MOST_TEXT)},
        {"type": shapes.anything, "prompt_cache_breakpoint": _breakpoint},
    ),
    "input_image": shapes.record(
        {},
        {
            "type": shapes.anything,
            "image_url": _image_url,
            "file_id": shapes.text(),
            "detail": _detail,
            "prompt_cache_breakpoint": _breakpoint,
        },
    ),
    "input_file": shapes.record(
        {},
        {
            "type": shapes.anything,
            "file_id": shapes.text(),
            "filename": shapes.text(),
            "file_data": _file_data,
            "file_url": shapes.text(),
            "detail": _detail,
            "prompt_cache_breakpoint": _breakpoint,
        },
    ),
    "scoped_content": shapes.mapping,
}
_AUDIO: Final = shapes.record(
    {"input_audio": shapes.record({"data": shapes.text(), "format": shapes.word("mp3", "wav")})},
    {"type": shapes.anything},
)
_OUTPUT: Final[Mapping[str, Shape]] = {
    "output_text": shapes.record(
        {"text": shapes.text(MOST_TEXT)},
        {
            "type": shapes.anything,
            "annotations": shapes.array(shapes.mapping),
            "logprobs": shapes.array(shapes.mapping),
        },
    ),
    "refusal": shapes.record({"refusal": shapes.text(MOST_TEXT)}, {"type": shapes.anything}),
}

_asked_part: Final = shapes.kinds({**_INPUT, "input_audio": _AUDIO})
_answered_part: Final = shapes.kinds(_OUTPUT)
_output_part: Final = shapes.kinds(_INPUT)


def _of_message(part: Shape) -> Shape:
    """Return the shape of a *part* of a message, which has a known type above all."""

    def check(value: Any, path: str) -> None:
        kind = values.member(values.record(value, path), "type", path)
        if type(kind) is not str or (kind not in _KNOWN and kind != "scoped_content"):
            shown = kind if type(kind) is str else ""
            raise faults.not_listed(f"{path}.type", shown, _KNOWN)
        part(value, path)

    return check


_CONTENT: Final = "one of an array of objects or string"
ASKED: Final = shapes.text_or(shapes.array(_of_message(_asked_part)), _CONTENT, MOST_TEXT)
"""What a user, a system or a developer says."""
ANSWERED: Final = shapes.text_or(shapes.array(_of_message(_answered_part)), _CONTENT, MOST_TEXT)
"""What the assistant said."""
OUTPUT: Final = shapes.text_or(
    shapes.array(_output_part), "one of a string or array of objects", MOST_TEXT
)
"""What a call put out."""
