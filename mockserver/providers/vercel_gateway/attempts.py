"""The fallback models that a request names: each is asked if all before it have failed."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final, cast

from mockserver.contracts import Attempt
from mockserver.protocols.openai import validation
from mockserver.providers.vercel_gateway import reading, routing
from mockserver.providers.vercel_gateway.reading import Record
from mockserver.providers.vercel_gateway.refusals import refused
from mockserver.providers.vercel_gateway.requests import MODEL_HEADER, TRIED_HEADER
from mockserver.providers.vercel_gateway.upstream import maker_of
from mockserver.wire.http_request import HttpRequest
from mockserver.wire.jsontext import compact, to_bytes

TRIED: Final = "triedModels"
"""The member of a chat attempt that lists the models that failed before; no client sends it."""
OPTIONS: Final = "providerOptions"
"""The member that is for the gateway alone."""
MOST: Final = 16
"""How many fallback models a request may name: each is parsed before the first is asked."""


def of_language_model(http: HttpRequest) -> Sequence[Attempt]:
    """Return *http* and its attempts at other models.

    Raises:
        ApiError: They are not named as the protocol requires.

    """
    name = http.headers.get(MODEL_HEADER)
    if name is None or b'"models"' not in http.body:
        return (Attempt(http),)
    others = _others(routing.options_of(reading.read_record(http)), name)
    headers = {key.lower(): value for key, value in http.headers.items()}
    return [
        Attempt(http),
        *(
            Attempt(
                replace(
                    http, headers={**headers, MODEL_HEADER: other, TRIED_HEADER: "\n".join(tried)}
                )
            )
            for other, tried in others
        ),
    ]


def of_chat(http: HttpRequest, body: Record) -> Sequence[Attempt]:
    """Return *http*, whose body is *body*, and its attempts at other models.

    Raises:
        ApiError: They are not named as the protocol requires.

    """
    options: dict[str, Any] = {**routing.options_of(body)}
    if "models" in body:
        options.setdefault("models", body["models"])
    others = _others(options, body["model"])
    return [
        Attempt(http),
        *(
            Attempt(
                replace(http, body=to_bytes(compact({**body, "model": other, TRIED: tried}))), body
            )
            for other, tried in others
        ),
    ]


def of_embeddings(http: HttpRequest) -> Sequence[Attempt]:
    """Return *http* with what its model's own API reads; the rest is for the gateway alone.

    Raises:
        ApiError: The gateway's own validator refuses it.

    """
    body = reading.read_record(http)
    name = reading.text(body, "model", "")
    options = routing.options_of(body)
    routing.providers(name, options)
    made = {key: body[key] for key in body if key in validation.EMBEDDING_MEMBERS}
    for_all = reading.optional_record(body, "providerOptions") or {}
    own = reading.optional_record(for_all, maker_of(name), "providerOptions") or {}
    if "dimensions" in own:
        made.setdefault("dimensions", own["dimensions"])
    return (Attempt(replace(http, body=to_bytes(compact(made))), body),)


def of_response(http: HttpRequest, body: Record) -> Sequence[Attempt]:
    """Return *http*, whose body is *body*, as its provider reads it, and attempts at other models.

    Raises:
        ApiError: They are not named as the protocol requires.

    """
    others = _others(routing.options_of(body), body["model"])
    sent = {key: value for key, value in body.items() if key != OPTIONS}
    if len(sent) == len(body):
        return (Attempt(http),)
    names = [body["model"], *(other for other, _ in others)]
    bodies = [to_bytes(compact({**sent, "model": name})) for name in names]
    return [Attempt(replace(http, body=made), body) for made in bodies]


def tried_before(body: Record) -> tuple[str, ...]:
    """Return which models failed before the attempt at a chat whose body is *body*."""
    stated: object = body.get(TRIED)
    if not isinstance(stated, list):
        return ()
    return tuple([name for name in cast(list[object], stated) if isinstance(name, str)])


def _others(options: Record, first: str) -> list[tuple[str, list[str]]]:
    """Return the other models, each with all models before it."""
    names = [
        first,
        *dict.fromkeys(name for name in reading.texts(options, "models") if name != first),
    ]
    if len(names) > MOST + 1:
        raise refused(f"models: Too big: expected array to have <={MOST} items")
    return [(name, names[:place]) for place, name in enumerate(names) if place]
