"""`POST /v1/embeddings`: a vector for each text.

Two generations of servers answer. The newer one writes numbers, of half the precision, in JSON
without white space; the older one still answers in base64, which the clients of OpenAI ask for.
Forms and key orders are those of api.openai.com, as recorded from 2025-02 to 2026-08.
"""

import struct
import sys
from array import array
from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from mockserver import tokens
from mockserver.contracts import Answer, ComputingEndpoint, Heard
from mockserver.conversation import ApiError, Charge, ModelRequest, Transcript, Vector, Vectors
from mockserver.models import Catalogue, Model
from mockserver.protocols.openai import validation
from mockserver.protocols.openai.computed_hearing import vectors_heard
from mockserver.protocols.openai.limits import charge_of_inputs
from mockserver.protocols.openai.requests import OpenAIRequest, as_openai
from mockserver.protocols.openai.transcript import inputs
from mockserver.tokens import BilledPrompt
from mockserver.wire.events import ServerEvent
from mockserver.wire.http_request import HttpRequest
from mockserver.wire.jsontext import JsonText, JsonValue, number
from mockserver.wire.marks import TOTAL, USAGE, Mark
from mockserver.wire.rendered import JsonBody

Json = dict[str, JsonValue]

BASE64: Final = "base64"
_MARKS: Final = (Mark(USAGE, ("usage",)), Mark(TOTAL, ("usage", "total_tokens")))


class Embeddings(ComputingEndpoint):
    """Vectors of texts, given as text or as tokens."""

    kind = "embeddings"
    protocol: ClassVar[str] = "openai"
    routes = (("POST", "/embeddings"),)
    default_reply = "embedding"

    def parse(self, http: HttpRequest, model: str | None, catalogue: Catalogue) -> OpenAIRequest:
        """Return the request in *http*, validated."""
        body = validation.read_body(http)
        known = validation.find_model(body, catalogue, "embeddings", model)
        given = validation.read_inputs(body, known)
        size = known.dimensions
        # What a gateway or a scenario calls it does not change its vectors.
        space = known.behaves_as.rpartition("/")[2]
        return OpenAIRequest(
            sent=body,
            body=body,
            model=known.id,
            family=known.family,
            inputs=given.texts,
            vectors=Vectors(space, size, body.get("dimensions") or size),
            prompt_tokens=given.tokens,
            charge=charge_of_inputs(body),
        )

    def transcript(self, body: Mapping[str, Any]) -> Transcript:
        """Return the texts in *body*, valid or not."""
        return inputs(body)

    def charge(self, http: HttpRequest) -> Charge | None:
        """Return what *http* takes of limits; None if it is unreadable."""
        try:
            return charge_of_inputs(validation.read_body(http))
        except ApiError:
            return None

    def bill_prompt(self, request: ModelRequest, model: Model) -> BilledPrompt:
        """Return the tokens of all inputs: nothing is billed around them."""
        if model.family.encoding == request.family.encoding:
            return BilledPrompt(request.prompt_tokens, model.known)
        vocabulary = tokens.vocabulary(model.family.encoding)
        return BilledPrompt(vocabulary.count_all(request.inputs), model.known)

    def heard(self, sent: Mapping[str, Any], body: Any, events: Sequence[ServerEvent]) -> Heard:
        """Return what an answer says that this server did not make."""
        del sent, events
        return vectors_heard(body, _MARKS)

    def render(self, answer: Answer) -> JsonBody:
        """Return the vectors of *answer*, as numbers or in base64."""
        vectors: Sequence[Vector] = answer.results
        is_coded = as_openai(answer.request).body.get("encoding_format") == BASE64
        data = [
            _coded(index, vector) if is_coded else _written(index, vector)
            for index, vector in enumerate(vectors)
        ]
        bill = answer.bill
        usage = None
        if bill is not None:
            usage = {"prompt_tokens": bill.prompt_tokens, "total_tokens": bill.total_tokens}
        body: Json = {
            "object": "list",
            "data": data,
            "model": answer.model_name,
            "usage": usage,
        }
        return JsonBody(body, "api" if is_coded else "vectors", _MARKS if usage else ())


def _coded(index: int, vector: Vector) -> Json:
    """Return *vector* in 32-bit numbers, lower bytes first, as base64."""
    numbers = array("f", vector.numbers)
    if sys.byteorder != "little":
        numbers.byteswap()
    return {
        "object": "embedding",
        "index": index,
        "embedding": b64encode(numbers.tobytes()).decode("ascii"),
    }


def _written(index: int, vector: Vector) -> Json:
    """Return *vector* in decimal: of 16 bits for each number, unless they are stated."""
    numbers = vector.numbers
    if vector.is_stated:
        texts = map(number, numbers)
    else:
        halves = struct.pack(f"={len(numbers)}e", *numbers)
        texts = map(_HALVES.__getitem__, memoryview(halves).cast("H"))
    return {"object": "embedding", "embedding": JsonText(f"[{','.join(texts)}]"), "index": index}


class _Halves(dict[int, str]):
    """The numbers of 16 bits as text, by their bits; there are no more than 65,536."""

    def __missing__(self, bits: int) -> str:
        (value,) = struct.unpack("=e", struct.pack("=H", bits))
        text = self[bits] = number(value)
        return text


_HALVES: Final[Mapping[int, str]] = _Halves()
