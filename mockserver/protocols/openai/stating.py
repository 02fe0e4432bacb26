"""Members that a reply states, in the JSON of OpenAI's protocol, at any provider.

What a provider has a place for goes there, in place of what stood there; all else is added.
"""

from collections.abc import Iterator, Mapping, Sequence

from mockserver.contracts import Answer, StatedMembers
from mockserver.wire.jsontext import JsonValue
from mockserver.wire.rendered import Chunk, EventStream, JsonBody, Rendered

Json = dict[str, JsonValue]
PROVIDERS_OWN = "provider_metadata"
"""The member of a message or delta that has a gateway's metadata."""
DETAILS = "prompt_tokens_details"


def with_stated(rendered: Rendered, answer: Answer) -> Rendered:
    """Return *rendered* with what the reply of *answer* states."""
    stated = answer.stated
    assert stated is not None
    if isinstance(rendered, JsonBody):
        value = _whole(rendered.value, stated)
        return JsonBody(value, rendered.layer, rendered.marks)
    chunks = tuple(_chunks(rendered.chunks, stated))
    return EventStream(chunks, rendered.content_type, rendered.obfuscated, rendered.end)


def _whole(value: Json, stated: StatedMembers) -> Json:
    choices = [_chosen(choice, stated, stated.message) for choice in value["choices"]]
    has_place = any(PROVIDERS_OWN in _said(choice) for choice in choices)
    billed = _billed(value, stated)
    return {**billed, "choices": choices, **_of_all(stated, has_metadata=has_place)}


def _chunks(chunks: Sequence[Chunk], stated: StatedMembers) -> Iterator[Chunk]:
    """Yield *chunks*: members of a message are in the first delta of each choice."""
    opened: set[int] = set()
    has_place = any(
        PROVIDERS_OWN in _said(choice) for chunk in chunks for choice in chunk.value["choices"]
    )
    for chunk in chunks:
        choices: list[Json] = []
        for choice in chunk.value["choices"]:
            is_first = choice["index"] not in opened
            opened.add(choice["index"])
            choices.append(_chosen(choice, stated, stated.message if is_first else {}))
        members = _of_all(stated, has_metadata=has_place)
        billed = _billed(chunk.value, stated)
        yield chunk._replace(value={**billed, "choices": choices, **members})


def _of_all(stated: StatedMembers, *, has_metadata: bool) -> Json:
    """Return the members of the answer as a whole; *has_metadata*: a message has those."""
    provider = {} if stated.provider is None else {"provider": stated.provider}
    metadata = {"metadata": stated.metadata} if stated.metadata and not has_metadata else {}
    return {**provider, **metadata, **stated.extra}


def _chosen(choice: Json, stated: StatedMembers, message: Mapping[str, JsonValue]) -> Json:
    """Return *choice* of a body or of a chunk, with the members of its *message*."""
    named = {**choice}
    if stated.native_finish_reason is not None and choice.get("finish_reason") is not None:
        named["native_finish_reason"] = stated.native_finish_reason
    said = _said(choice)
    place = "message" if "message" in choice else "delta" if "delta" in choice else None
    own = said.get(PROVIDERS_OWN)
    if own is not None and stated.metadata:
        said = {**said, PROVIDERS_OWN: {**own, **stated.metadata}}
    said = {**said, **message}
    # A legacy completion has no message: what would be in one is in the choice.
    return {**named, **said} if place is None else {**named, place: said}


def _said(choice: Json) -> Json:
    return choice.get("message") or choice.get("delta") or {}


def _billed(value: Json, stated: StatedMembers) -> Json:
    """Return *value* with what is stated of the bill, if it has one."""
    usage: Json | None = value.get("usage")
    if not usage or not stated.usage:
        return value
    rest = dict(stated.usage)
    if "cache_write_tokens" in rest:
        written = {"cache_write_tokens": rest.pop("cache_write_tokens")}
        usage = {**usage, DETAILS: {**usage.get(DETAILS, {}), **written}}
    return {**value, "usage": {**usage, **rest}}
