"""The ids of responses and of their items, and the ciphertexts of thoughts.

An id is a prefix and 50 hex digits: 16 that the items of a response and the responses that
continue it share, a byte, the Unix time, two bytes, two bytes that all ids of a response share, and
16 of its own.

Source:
    4,909 recorded ids of 2025-09 to 2026-08.
"""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any, Final

from mockserver.seeding import HEX, Draw

RESPONSE: Final = "resp_"
DIGITS: Final = 50
SHARED: Final = 16
"""How many digits all ids of a thread begin with."""
_KIND: Final = slice(SHARED + 14, SHARED + 18)
"""Where the digits are that all ids of one response share."""
_THING_DIGITS: Final = 48
_THING_KIND: Final = slice(12, 16)
"""Where those digits are in the id of a conversation."""
_LAST: Final = "9ad"
"""The digits that the second of the two shared bytes begins with."""

PREFIXES: Final[Mapping[str, str]] = {
    "message": "msg_",
    "reasoning": "rs_",
    "function_call": "fc_",
    "function_call_output": "fc_",
    "custom_tool_call": "ctc_",
    "custom_tool_call_output": "ctco_",
    "web_search_call": "ws_",
    "file_search_call": "fs_",
    "code_interpreter_call": "ci_",
    "image_generation_call": "ig_",
    "computer_call": "cu_",
    "computer_call_output": "cuo_",
    "mcp_call": "mcp_",
    "mcp_list_tools": "mcpl_",
    "mcp_approval_request": "mcpr_",
    "apply_patch_call": "apc_",
    "apply_patch_call_output": "apco_",
    "shell_call": "sh_",
    "shell_call_output": "sho_",
    "local_shell_call": "ls_",
    "compaction": "cmp_",
    "tool_search_call": "tsc_",
    "tool_search_output": "tso_",
    "program": "cm_",
    "program_output": "cmo_",
}
"""What ids begin with, by the type of the item."""


def prefix_of(kind: object) -> str:
    """Return what the id of an item of *kind* begins with."""
    return PREFIXES.get(kind, "item_") if isinstance(kind, str) else "item_"


def response_id(draw: Draw, created: int, continues: str | None, within: str | None = None) -> str:
    """Return the id of a response that is *created* at a Unix time; drawn by *draw*.

    It begins like that of the response that it *continues*, if that has the form of one, or as
    that of the conversation that it is *within* ends.
    """
    drawn = draw.text("response-id", 38, HEX)
    shared, kind = _shared_within(within or "")
    if continues:
        shared = _digits_of(continues)[:SHARED]
    if len(shared) < SHARED:
        shared = "0" + drawn[:15]
    kind = kind or f"81{_LAST[int(drawn[15], 16) % len(_LAST)]}{drawn[20]}"
    return f"{RESPONSE}{shared}00{created:08x}{drawn[16:20]}{kind}{drawn[21:37]}"


def item_id(prefix: str, response: str, created: int, draw: Draw, number: int) -> str:
    """Return the id of item *number* of the *response* with that id, of which *prefix* is known."""
    digits = _digits_of(response)
    drawn = draw.text(f"item-id-{number}", 39, HEX)
    if len(digits) != DIGITS:
        # A scenario has stated an id of its own form: the items' are drawn.
        digits = f"0{drawn[:15]}{'0' * 14}81{_LAST[0]}{drawn[15]}"
    return f"{prefix}{digits[:SHARED]}00{created:08x}{drawn[16:20]}{digits[_KIND]}{drawn[20:36]}"


def thing_id(prefix: str, draw: Draw, created: int, *, within: str = "") -> str:
    """Return the id of a conversation, or of what is *within* the one of that id: 48 digits.

    They are the time, two bytes, two bytes that all ids in a conversation share, eight of its own,
    and the 16 digits that responses in it begin with.
    """
    drawn = draw.text(f"thing-id-{prefix}", 38, HEX)
    shared, kind = _shared_within(within)
    kind = kind or f"81{_LAST[int(drawn[4], 16) % len(_LAST)]}{drawn[5]}"
    return f"{prefix}{created:08x}{drawn[:4]}{kind}{drawn[6:22]}{shared or '0' + drawn[23:38]}"


def _shared_within(conversation: str) -> tuple[str, str]:
    """Return the 16 and the 4 digits that ids in *conversation* share; empty of other forms."""
    digits = conversation.partition("_")[2]
    if len(digits) != _THING_DIGITS or set(digits) - _HEX_DIGITS:
        return "", ""
    return digits[-SHARED:], digits[_THING_KIND]


def shared_by(identity: str) -> str:
    """Return the digits that the ids of a thread, one of which is *identity*, begin with."""
    return identity.partition("_")[2][:SHARED]


def family_of(identity: str) -> str | None:
    """Return what the ids of a response and of its items have in common; None: not in this form."""
    digits = _digits_of(identity)
    if not digits:
        return None
    return digits[:SHARED] + digits[SHARED + 2 : SHARED + 10] + digits[_KIND]


def _digits_of(identity: str) -> str:
    """Return the hex digits of *identity*; empty if it has not the form of a response's."""
    digits = identity.partition("_")[2]
    return digits if len(digits) == DIGITS and not set(digits) - _HEX_DIGITS else ""


_HEX_DIGITS: Final = frozenset(HEX.decode())

# --- ciphertexts -----------------------------------------------------------------------------

_HEAD: Final = 25
"""A version, the time and a vector, in bytes: what ciphertexts of this form begin with."""
_COUNT: Final = 4
_CHECK: Final = 16
_AROUND: Final = 680
_A_TOKEN: Final = 4.5
"""Recorded ciphertexts have about 950 characters, and six more for each token."""
_MOST: Final = 36_000


def sealed_size(tokens: int) -> int:
    """Return how many characters the ciphertext of so many reasoning *tokens* has."""
    return 4 * -(-_bytes_of(tokens) // 3)


def sealed(draw: Draw, purpose: str, created: int, tokens: int) -> str:
    """Return a ciphertext of reasoning, which only this server can read: how long it was."""
    size = _bytes_of(tokens)
    drawn = draw.text(purpose, 2 * (size - 9), HEX)
    noise = bytes.fromhex(drawn)
    head = b"\x80" + created.to_bytes(8, "big") + noise[: _HEAD - 9]
    mask = int.from_bytes(hashlib.blake2b(head, digest_size=_COUNT).digest(), "big")
    count = (min(tokens, 2**31) ^ mask).to_bytes(_COUNT, "big")
    rest = noise[_HEAD - 9 : size - 9 - _COUNT - _CHECK]
    whole = head + count + rest
    check = hashlib.blake2b(whole, digest_size=_CHECK).digest()
    return base64.urlsafe_b64encode(whole + check).decode()


def unsealed(text: Any) -> int | None:
    """Return how many tokens the reasoning in the ciphertext *text* has; None: it is not ours."""
    if not isinstance(text, str) or not text.startswith("gAAAAA"):
        return None
    try:
        data = base64.urlsafe_b64decode(text)
    except ValueError:
        return None
    whole, check = data[:-_CHECK], data[-_CHECK:]
    if hashlib.blake2b(whole, digest_size=_CHECK).digest() != check:
        return None
    head, count = whole[:_HEAD], whole[_HEAD : _HEAD + _COUNT]
    mask = int.from_bytes(hashlib.blake2b(head, digest_size=_COUNT).digest(), "big")
    return int.from_bytes(count, "big") ^ mask


def _bytes_of(tokens: int) -> int:
    size = min(_AROUND + int(_A_TOKEN * tokens), _MOST)
    return size - size % 3
