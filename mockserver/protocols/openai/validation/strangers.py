"""Refusals of unknown members of a body.

Source:
    The classic words: public issues since 2023, and live calls to gpt-4o-mini, 2026-09-21 (more
    than one). The strict words and their help with spelling: live calls to gpt-5.6-terra,
    2026-08-30 and 2026-08-31, published by a third party, and a note of 2026-09-20 (top_k).
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Final

from mockserver.conversation import ApiError
from mockserver.models import Model
from mockserver.protocols.openai.validation import faults
from mockserver.protocols.openai.validation.restrictions import Restrictions
from mockserver.protocols.openai.validation.values import Body

_MOST_EDITS: Final = 2


def refuse_strangers(
    body: Body, known: Collection[str], model: Model, restrictions: Restrictions
) -> None:
    """Refuse the members of *body* that are not *known*.

    A member that only other models know is valid if it is null.
    """
    if restrictions.lenient:
        return
    strangers = [
        key
        for key in body
        if key not in known and not (body[key] is None and key in restrictions.lacks)
    ]
    if not strangers:
        return
    hint = spelling_help(strangers[0], known, body) if restrictions.suggests else ""
    raise unknown_members(strangers, model, hint)


def unknown_members(strangers: Sequence[str], model: Model, hint: str = "") -> ApiError:
    """Return the refusal of *strangers*, at least one member that *model* does not know."""
    if model.family.validator == "classic":
        return unrecognized(strangers)
    return faults.unknown_parameter(strangers[0], hint)


def unrecognized(strangers: Iterable[str]) -> ApiError:
    """Return the classic validator's refusal of unknown members."""
    names = sorted(strangers)
    plural = "s" if len(names) > 1 else ""
    return faults.said(f"Unrecognized request argument{plural} supplied: {', '.join(names)}")


def spelling_help(word: str, known: Iterable[str], body: Body) -> str:
    """Return the sentence that names the *known* members spelt like *word* and not in *body*.

    They are at most two edits away, the nearest first.
    """
    far = [(_edits(word, key), key) for key in known if key not in body]
    alike = [key for edits, key in sorted(far) if edits <= _MOST_EDITS]
    return f" Did you mean {faults.listed(alike, 'or')}?" if alike else ""


def _edits(word: str, other: str) -> int:
    """Return how many characters must be put in, left out or replaced to make *other* of *word*.

    What is more than `_MOST_EDITS` is not counted to the end.
    """
    if abs(len(word) - len(other)) > _MOST_EDITS:
        return _MOST_EDITS + 1
    row = list(range(len(other) + 1))
    for at, mine in enumerate(word, 1):
        above, row = row, [at]
        for place, yours in enumerate(other, 1):
            replaced = above[place - 1] + (mine != yours)
            row.append(min(replaced, above[place] + 1, row[-1] + 1))
    return row[-1]
