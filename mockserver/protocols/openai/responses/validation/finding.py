"""Which model a request names, and whether it answers here.

Source:
    Recorded refusals of 11 repositories, 2025 and 2026 (unknown models, models of other endpoints,
    and that the members are checked before both); live calls published by a third party,
    2026-08-30 (a name that is empty, null or no string); public sources, 2025 and 2026 (which
    models are not supported here).
"""

from typing import Final

from mockserver.conversation import ApiError
from mockserver.models import DEFAULT_MODEL, Catalogue, Model
from mockserver.protocols.openai.responses.validation.checking import check_members
from mockserver.protocols.openai.validation.values import Body

_BAD_REQUEST: Final = 400
_ELSEWHERE: Final = (
    "gpt-4o-search", "gpt-4o-mini-search", "gpt-5-search", "gpt-4o-audio", "gpt-4o-mini-audio",
    "gpt-audio", "o1-mini", "o1-preview",
)  # fmt: skip
"""How the names of chat models begin that do not answer here."""


def find_model(body: Body, catalogue: Catalogue, model_in_path: str | None = None) -> Model:
    """Return the model that *body* names, or the one in the path, which takes precedence.

    A stored prompt brings a model of its own, which is not known here: it is the default one.

    Raises:
        ApiError: There is none, or it does not answer here; or, before that, a fault of another
            member, which is reported first.

    """
    name = body.get("model") if model_in_path is None else model_in_path
    if name is None and body.get("prompt") is not None:
        name = DEFAULT_MODEL
    found = catalogue.get(name) if type(name) is str and name else None
    if found is None or not _answers_here(found):
        check_members(body if model_in_path is None else {**body, "model": model_in_path})
        raise _refused(str(name), found)
    return found


def _answers_here(model: Model) -> bool:
    if model.mode == "any":
        return True
    if model.mode not in ("chat", "responses") or not model.on_responses:
        return False
    return not model.behaves_as.startswith(_ELSEWHERE)


def _refused(name: str, found: Model | None) -> ApiError:
    is_elsewhere = found is not None or name.startswith(_ELSEWHERE)
    what = "is not supported with the Responses API" if is_elsewhere else "does not exist"
    return ApiError(
        _BAD_REQUEST,
        f"The requested model '{name}' {what}.",
        param="model",
        code="model_not_found",
        layer="responses",
        unknown_model=None if is_elsewhere else name,
    )
