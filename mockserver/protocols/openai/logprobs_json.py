r"""Log-probabilities as the two endpoints write them.

A token that is no text of its own (a part of a character) is written with escapes: `\xe9\x80`
on chat (OpenAI Cookbook, "Using logprobs"), `bytes:\xe9\x80` on the legacy endpoint (recorded
answers of 2024).
"""

from collections.abc import Iterable, Sequence

from mockserver.conversation import TokenLogprob
from mockserver.wire.jsontext import JsonValue

Json = dict[str, JsonValue]


# --- chat ------------------------------------------------------------------------------------


def chat_logprobs(
    content: Iterable[TokenLogprob] | None, refusal: Iterable[TokenLogprob] | None
) -> Json:
    """Return the log-probabilities of a choice or a chunk: of its text and of its refusal.

    An absent one is null: a choice with only tool calls has two (pasted into OpenAI's developer
    forum).
    """
    return {
        "content": None if content is None else [_entry(token) for token in content],
        "refusal": None if refusal is None else [_entry(token) for token in refusal],
    }


def _entry(token: TokenLogprob) -> Json:
    return {
        **_token(token.token, token.logprob),
        "top_logprobs": [_token(text, logprob) for text, logprob in token.alternatives],
    }


def _token(token: bytes, logprob: float | None) -> Json:
    return {"token": _text(token), "logprob": logprob, "bytes": token}


def _text(token: bytes) -> str:
    return token.decode("utf-8", "backslashreplace")


# --- legacy completions ----------------------------------------------------------------------


class LegacyLogprobs:
    """Writes the log-probabilities of a legacy completion, piece by piece.

    Places are counted in characters, from *offset* on; the parts of a character have the place
    of the whole.
    """

    def __init__(self, offset: int, alternatives: int) -> None:
        self._offset = offset
        self._has_alternatives = alternatives > 0
        self._begun = b""

    def write(self, tokens: Sequence[TokenLogprob]) -> Json:
        """Return the four lists for the next tokens, all empty if there are none."""
        return {
            "tokens": [_legacy_text(token.token) for token in tokens],
            "token_logprobs": [token.logprob for token in tokens],
            "top_logprobs": [_map(token) for token in tokens] if self._has_alternatives else None,
            "text_offset": [self._place(token.token) for token in tokens],
        }

    def _place(self, token: bytes) -> int:
        """Return where *token* begins, and advance by the characters that end with it."""
        place = self._offset
        self._begun += token
        whole = self._begun.decode("utf-8", "ignore")
        self._offset += len(whole)
        self._begun = self._begun[len(whole.encode()) :]
        return place


def _map(token: TokenLogprob) -> dict[str, float] | None:
    """Return the likely tokens; the chosen one comes first, and is always included.

    So `logprobs: 5` may come with six (OpenAI API reference).
    """
    if token.logprob is None:
        return None
    likely = {_legacy_text(token.token): token.logprob}
    return likely | {_legacy_text(text): logprob for text, logprob in token.alternatives}


def _legacy_text(token: bytes) -> str:
    text = _text(token)
    return text if text.encode() == token else f"bytes:{text}"
