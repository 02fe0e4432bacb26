"""What a request takes of an account's limits, as OpenAI's limiter counts and reports it.

The limiter is independent of the bill: it does not tokenise, it divides.

Source:
    Recorded answers of api.openai.com: 1,779 chats of 2025-02 to 2026-08, of which 67 % are exact
    and 90 % within 1 (the others shared a bucket with their neighbours); until January 2025
    `max_tokens` was charged too.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeGuard

from mockserver.conversation import Charge
from mockserver.conversation.api_error import MINUTE_MS

BYTES_A_TOKEN: Final = 4
ATTACHMENT_TOKENS: Final = 765
"""The charge of an image or a file of any size: that of 1024 by 1024 pixels on gpt-4o. Audio is not
charged."""


def charge(body: Mapping[str, Any]) -> Charge:
    """Return the charge of the request *body*. It need not be valid: limits come first."""
    named = body.get("model")
    model = named if type(named) is str else None
    messages = body.get("messages")
    if _is_array(messages):
        return _chat_charge(messages, model)
    return Charge(_prompt_tokens(body.get("prompt")), model=model)


def _chat_charge(messages: list[Any], model: str | None) -> Charge:
    # Without a call for each message, and nearly always without a loop: texts are summed up.
    records: list[Mapping[str, Any]] = [one for one in messages if type(one) is dict]
    contents: list[Any] = [record.get("content") for record in records]
    if {*map(type, contents)} == _TEXTS:
        measure: Callable[[Any], int] = len if all(map(str.isascii, contents)) else _size
        size = sum(map(measure, contents))
        return Charge(len(messages) + (size + 7) // BYTES_A_TOKEN, 0, model)
    size = images = files = 0
    for content in contents:
        size += _size(content)
        if _is_array(content):
            for part in filter(_is_record, content):
                size += _size(part.get("text"))
                images += part.get("type") == "image_url"
                files += part.get("type") == "file"
    tokens = len(messages) + (size + 7) // BYTES_A_TOKEN + ATTACHMENT_TOKENS * (images + files)
    return Charge(tokens, images, model)


_TEXTS: Final = {str}


def charge_of_inputs(body: Mapping[str, Any]) -> Charge:
    """Return the charge of a request for embeddings: its bytes in all, or its tokens.

    Source:
        Recorded answers of the newer servers, 2026: 17 of 17.
    """
    named, given = body.get("model"), body.get("input")
    items: list[Any] = given if _is_array(given) else [given]
    stated = sum([len(item) if _is_array(item) else type(item) is int for item in items])
    tokens = stated + sum(map(_size, items)) // BYTES_A_TOKEN
    return Charge(max(1, tokens), model=named if type(named) is str else None)


def _prompt_tokens(prompt: Any) -> int:
    """Return the charge of one legacy prompt, or several; each stated token counts as one."""
    if not _is_array(prompt):
        return _size(prompt) // BYTES_A_TOKEN + 1
    if prompt and type(prompt[0]) is int:
        return len(prompt) + 1
    return sum(_prompt_tokens(one) for one in prompt)


def _is_record(value: Any) -> TypeGuard[dict[str, Any]]:
    return type(value) is dict


def _is_array(value: Any) -> TypeGuard[list[Any]]:
    return type(value) is list


def _size(text: Any) -> int:
    """Return the size of *text* in bytes of UTF-8; 0 for anything else."""
    return len(text.encode("utf-8", "surrogatepass")) if type(text) is str else 0


def go_duration(milliseconds: int) -> str:
    """Return *milliseconds* as Go prints a duration: `0s`, `6ms`, `8.64s`, `1m0.198s`, `1h0m0s`."""
    if 0 < milliseconds < 1_000:  # noqa: PLR2004 - a second
        return f"{milliseconds}ms"
    minutes, rest = divmod(milliseconds, MINUTE_MS)
    seconds, fraction = divmod(rest, 1_000)
    text = f"{seconds}.{fraction:03}".rstrip("0").rstrip(".") + "s" if fraction else f"{seconds}s"
    if minutes:
        hours, minutes = divmod(minutes, 60)
        text = f"{hours}h{minutes}m{text}" if hours else f"{minutes}m{text}"
    return text
