"""Refusals of unknown members of a body.

Source:
    The classic words: public issues since 2023, and live calls to gpt-4o-mini, 2026-09-21 (more
    than one). The strict words and their help with spelling: live calls to gpt-5.6-terra,
    2026-08-30, published by a third party, and a note of 2026-09-20 (top_k).
"""

from collections.abc import Collection, Iterable, Sequence

from mockserver.conversation import ApiError
from mockserver.models import Model
from mockserver.protocols.openai.validation import faults
from mockserver.protocols.openai.validation.restrictions import Restrictions
from mockserver.protocols.openai.validation.values import Body


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
    """Return the sentence that names the *known* members spelt like *word* and not in *body*."""
    alike = sorted(key for key in known if key not in body and _one_edit_apart(word, key))
    return f" Did you mean {faults.listed(alike, 'or')}?" if alike else ""


def _one_edit_apart(word: str, other: str) -> bool:
    """Return whether one character put in, left out or replaced makes *other* of *word*."""
    if abs(len(word) - len(other)) > 1:
        return False
    same = 0
    for mine, yours in zip(word, other, strict=False):
        if mine != yours:
            break
        same += 1
    word, other = word[same:], other[same:]
    return word[1:] == other[1:] or word[1:] == other or word == other[1:]
