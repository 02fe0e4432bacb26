"""What the input of a chat request is billed as."""

from collections.abc import Mapping
from typing import Any

from mockserver.models import Family
from mockserver.tokens.bill import Count
from mockserver.tokens.vocabularies import Vocabulary


def count_chat_prompt(body: Mapping[str, Any], family: Family, vocabulary: Vocabulary) -> Count:
    """Return the tokens of `messages`: three for each and three that prime the answer."""
    tokens = 2 if family.reasoning else 3
    for message in body["messages"]:
        tokens += 3 + vocabulary.count(message["role"])
        tokens += vocabulary.count(_text_of(message.get("content")))
        tokens += vocabulary.count(message.get("refusal") or "")
        if message.get("name"):
            tokens += vocabulary.count(":" + message["name"])
        if family.reasoning and message["role"] == "assistant":
            tokens += 2
    return Count(tokens)


def _text_of(content: Any) -> str:
    """Return the text of a message: its text parts joined without anything between them."""
    if isinstance(content, str):
        return content
    return "".join([part.get("text") or part.get("refusal") or "" for part in content or ()])
