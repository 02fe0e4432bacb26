"""A prompt in blocks, as providers cache it: what begins like an earlier prompt costs less.

OpenAI caches prompts of 1,024 tokens and more, in steps of 128, for gpt-4o and all later models;
messages, tools, images and the schema of the answer are part of what must be the same.
Source: OpenAI, "Prompt caching".
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from itertools import islice, pairwise
from typing import Any, Final

from mockserver.models import Family, Model
from mockserver.tokens.attachments import TEXT_PARTS
from mockserver.tokens.bill import Part
from mockserver.tokens.chat_prompts import SYSTEM_ROLES, chat_prompt_parts
from mockserver.tokens.instructions import functions_of, json_schema_of
from mockserver.tokens.item_prompts import Recall, item_prompt_parts
from mockserver.tokens.items import Item, parts_of, text_of_part
from mockserver.tokens.vocabularies import Vocabulary, vocabulary

BLOCK: Final = 128
"""The step, in tokens."""
FIRST: Final = 1_024
"""The tokens that a prompt must have in common with an earlier one."""


def prompt_blocks(body: Mapping[str, Any], model: Model) -> tuple[bytes, ...]:
    """Return a digest for each block of a chat's prompt, each of all that is up to its end.

    Prompts have as many blocks in common as they have digests. Nothing: the provider caches no
    prompts of *model*, or there is none to cache.
    """
    family = model.family
    if "messages" not in body or not _is_cached(family):
        return ()
    tokens = _tokens(body, chat_prompt_parts(body, family), vocabulary(family.encoding))
    return _blocks(tokens, model)


def item_blocks(
    body: Mapping[str, Any], items: Sequence[Item], model: Model, recall: Recall
) -> tuple[bytes, ...]:
    """Return the same for the input of a Responses request: see `count_items`."""
    family = model.family
    if not _is_cached(family):
        return ()
    parts = item_prompt_parts(body, items, model, recall)
    return _blocks(_tokens_of_items(body, items, parts, vocabulary(family.encoding)), model)


def _is_cached(family: Family) -> bool:
    return family.encoding == "o200k_base" and family.layout != "unknown"


def _blocks(tokens: Iterator[str], model: Model) -> tuple[bytes, ...]:
    """Return the digests of the blocks of *tokens*, which *model* reads."""
    upto = blake2b(model.answers_as.encode("utf-8", "surrogatepass"), digest_size=16)
    blocks: list[bytes] = []
    while len(block := list(islice(tokens, BLOCK))) == BLOCK:
        upto.update("\\0".join(block).encode("utf-8", "surrogatepass"))
        blocks.append(upto.digest())
    return tuple(blocks)


def cached_tokens(common: int) -> int:
    """Return how many tokens are cached of a prompt with so many blocks in *common*."""
    return common * BLOCK if common * BLOCK >= FIRST else 0


def _tokens(body: Mapping[str, Any], parts: Sequence[Part], used: Vocabulary) -> Iterator[str]:
    """Yield something for each token of the prompt, in the order in which the model reads it.

    It is the same where the token is: the text that a token ends, or what it belongs to.
    """
    messages: Sequence[Mapping[str, Any]] = body["messages"]
    in_system = bool(messages) and messages[0]["role"] in SYSTEM_ROLES
    instructions = [part for part in parts if part.kind in ("tools", "response_format")]
    said = [part for part in parts if part.kind == "message"]
    shown = json.dumps([functions_of(body), body.get("tools"), json_schema_of(body)])
    ordered = [*said[:1], *instructions, *said[1:]] if in_system else [*instructions, *said]
    places = [part.place for part in said] + [len(messages)]
    for part in ordered:
        if part.kind != "message":
            yield from [f"{part.kind} {shown}"] * part.tokens
            continue
        assert part.place is not None
        until = places[places.index(part.place) + 1]
        yield from _of_messages(messages[part.place : until], part.tokens, used)


def _tokens_of_items(
    body: Mapping[str, Any], items: Sequence[Item], parts: Sequence[Part], used: Vocabulary
) -> Iterator[str]:
    """Yield the same for the parts of a Responses request: what is offered comes first."""
    shown = json.dumps([body.get("tools"), body.get("text")])
    places = [part.place for part in parts if part.kind == "item"]
    until = dict(pairwise([*places, len(items)]))
    for part in parts:
        match part.kind:
            case "instructions":
                message = {"role": "system", "content": body["instructions"]}
                yield from islice(_of_items([message], part.tokens, used), part.tokens)
            case "item":
                assert part.place is not None
                read = items[part.place : until[part.place]]
                yield from islice(_of_items(read, part.tokens, used), part.tokens)
            case "priming":
                pass  # it follows the prompt
            case _:
                yield from [f"{part.kind} {shown}"] * part.tokens


def _of_items(items: Sequence[Item], tokens: int, used: Vocabulary) -> Iterator[str]:
    """Yield something for each of so many *tokens* of *items* that are billed as one.

    What is neither in a text nor attached comes first. An item is the same whatever its id is.
    """
    parts = [part for item in items for key in _CONTENTS for part in parts_of(item.get(key))]
    pieces = [list(_pieces_of(text_of_part(part) or "", used)) for part in parts]
    rest = max(0, tokens - sum(map(len, pieces)))
    attached = sum(not inside for inside in pieces)
    header = rest if not attached else min(rest, _MARKS)
    bare = [{key: item[key] for key in item if key not in _UNREAD} for item in items]
    yield from [json.dumps(bare)] * header
    for part, inside in zip(parts, pieces, strict=True):
        yield from inside or [json.dumps(part)] * ((rest - header) // attached)


_CONTENTS: Final = ("content", "output")
_UNREAD: Final = frozenset({"id", "status", *_CONTENTS})
"""The members of an item that are not read, or are read part by part."""


def _of_messages(
    messages: Sequence[Mapping[str, Any]], tokens: int, used: Vocabulary
) -> Iterator[str]:
    """Yield something for each of so many *tokens* of *messages* that are billed as one.

    What is neither text nor attached comes first: the header, tool calls.
    """
    parts = [part for message in messages for part in _parts_of(message)]
    pieces = [list(_pieces(part, used)) for part in parts]
    attached = sum(not inside for inside in pieces)
    rest = tokens - sum(map(len, pieces))
    header = rest if not attached else min(rest, _MARKS)
    yield from [json.dumps([{**message, "content": None} for message in messages])] * header
    for part, inside in zip(parts, pieces, strict=True):
        yield from inside or [json.dumps(part)] * ((rest - header) // attached)


_MARKS: Final = 4
"""The tokens around a message that has something attached: all others are for that."""


def _parts_of(message: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    content: str | Sequence[Mapping[str, Any]] | None = message.get("content")
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return content or []


def _pieces(part: Mapping[str, Any], used: Vocabulary) -> Iterator[str]:
    """Return the texts of a *part*'s tokens; nothing if it is no text."""
    return _pieces_of(part[part["type"]] if part["type"] in TEXT_PARTS else "", used)


def _pieces_of(text: str, used: Vocabulary) -> Iterator[str]:
    if text:
        for piece, count in used.pieces(text):
            yield from [piece] * count
