"""Which model a request names, and whether it may name that one.

Source:
    Recorded answers, 2025 and 2026 (unknown models, wrong endpoints, embedding models); live
    calls published by a third party, 2026-08-30 (models that are missing, or no strings).
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, Literal, TypeAlias

from mockserver.conversation import ApiError
from mockserver.models import Catalogue, Model
from mockserver.protocols.openai.validation.body import model_missing, unreadable

_FORBIDDEN: Final = 403
_NOT_FOUND: Final = 404

_NOT_CHAT: Final = (
    "This is not a chat model and thus not supported in the v1/chat/completions endpoint. "
    "Did you mean to use v1/completions?"
)
_CHAT: Final = (
    "This is a chat model and not supported in the v1/completions endpoint. "
    "Did you mean to use v1/chat/completions?"
)
_ONLY_RESPONSES: Final = "This model is only supported in v1/responses and not in {}."
_NO_VECTORS: Final = "You are not allowed to generate embeddings from this model"
_NO_SCORES: Final = "You are not allowed to classify text with this model"
_PATHS: Final = {"chat": "v1/chat/completions", "completions": "v1/completions"}

_Generating: TypeAlias = Literal["chat", "completions"]
_Computing: TypeAlias = Literal["embeddings", "moderations"]

_DEPRECATIONS: Final = "https://platform.openai.com/docs/deprecations"


def find_model(
    body: Mapping[str, Any],
    catalogue: Catalogue,
    endpoint_mode: _Generating | _Computing,
    model_in_path: str | None = None,
) -> Model:
    """Return the model that *body* names, or the one in the path, which takes precedence.

    Raises:
        ApiError: There is none, or it does not answer here.

    """
    name = body.get("model") if model_in_path is None else model_in_path
    if name is None or name == "":
        raise model_missing()
    if type(name) is not str:
        raise unreadable()
    if catalogue.is_retired(name):
        # Recorded of text-davinci-002 and gpt-3.5-turbo-0613, 2026-08.
        what = f"The model `{name}` has been deprecated, learn more here: {_DEPRECATIONS}"
        raise ApiError(_NOT_FOUND, what, code="model_not_found", layer="edge", unknown_model=name)
    model = catalogue.get(name)
    if model is None:
        raise ApiError(
            _NOT_FOUND,
            f"The model `{name}` does not exist or you do not have access to it.",
            code="model_not_found",
            layer="edge",
            unknown_model=name,
        )
    if model.mode == endpoint_mode:
        return model
    # Gateways let whatever generates do so anywhere, but not compute something, too.
    computes = endpoint_mode not in _PATHS
    if model.mode == "any" and (not computes or model.family.mode in (endpoint_mode, "any")):
        return model
    raise _REFUSALS[endpoint_mode](model)


def _computes_nothing(model: Model, what: str) -> ApiError:
    """Return the refusal of a *model* that makes no vectors, or no scores.

    That of vectors is recorded, of gpt-3.5-turbo-instruct; that of scores is by analogy.
    """
    return ApiError(_FORBIDDEN, what, layer="edge", about=model.behaves_as)


def _wrong_endpoint(model: Model, asked: _Generating) -> ApiError:
    """Return the refusal of a *model* that does not answer on the *asked* endpoint.

    Completions refuse all that generate nothing alike. Chat tells most of them that they are not
    for chat (recorded of text-embedding-ada-002), but not the embedding models of 2024.
    """
    about = model.behaves_as
    if not model.generates and (asked == "completions" or model.elsewhere == "forbidden"):
        what = "You are not allowed to sample from this model"
        return ApiError(_FORBIDDEN, what, layer="edge", about=about)
    if model.elsewhere == "only_responses":
        # Pasted in public issues of chat, 2025; the other endpoint's words are a guess.
        what = _ONLY_RESPONSES.format(_PATHS[asked])
    else:
        what = _NOT_CHAT if asked == "chat" else _CHAT
    return ApiError(_NOT_FOUND, what, param="model", about=about)


_REFUSALS: Final[Mapping[str, Callable[[Model], ApiError]]] = {
    "chat": partial(_wrong_endpoint, asked="chat"),
    "completions": partial(_wrong_endpoint, asked="completions"),
    "embeddings": partial(_computes_nothing, what=_NO_VECTORS),
    "moderations": partial(_computes_nothing, what=_NO_SCORES),
}
"""What refuses a model that does not answer on an endpoint."""
