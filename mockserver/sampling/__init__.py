"""Made-up answers: values valid for a schema, prose of a given length, names and addresses.

The public functions of the package; all other modules are private to it. What is drawn depends
on the arguments alone: the same schema and the same state of the generator give the same
value, in every process.
"""

from collections.abc import Mapping
from random import Random
from typing import Any, Final

from mockserver.sampling.fakers import FAKERS, fake, lend
from mockserver.sampling.judging import Judge
from mockserver.sampling.places import Budget, Place
from mockserver.sampling.prose import prose
from mockserver.sampling.reading import is_object
from mockserver.sampling.references import References
from mockserver.sampling.sampler import Sampler
from mockserver.wire.jsontext import JsonValue

__all__ = ["FAKERS", "accepts", "call_arguments", "fake", "prose", "sample"]

MOST_STEPS: Final = 100_000
"""How much work judging one value may be."""


def accepts(value: JsonValue, schema: JsonValue) -> bool:
    """Return whether *value* is valid for *schema*; formats are not judged.

    Where judging would go on too long, the value is let pass.
    """
    try:
        return Judge(References(schema), Budget(MOST_STEPS)).accepts(value, schema)
    except RecursionError:
        return True


def sample(schema: JsonValue, rng: Random) -> JsonValue:
    """Return a value that is valid for *schema*, natural to read, and varied by *rng*.

    Args:
        schema: JSON Schema 2020-12, or what older drafts and OpenAPI spelled otherwise. It may
            be anything: what is not understood is passed over.
        rng: Decides everything that is drawn.

    Returns:
        A valid value; the best that was found where the schema cannot be satisfied, or not
        with a bounded amount of work. References lead nowhere outside the schema, and
        `format` is followed, though it asserts nothing.

    """
    try:
        with lend(rng) as fake:
            return Sampler(schema, rng, fake).draw(schema, Place()).value
    except RecursionError:
        return None  # a schema written deeper than Python can follow


def call_arguments(parameters: JsonValue, rng: Random) -> Mapping[str, Any]:
    """Return arguments for a tool that takes *parameters*: an object, whatever they are."""
    if not is_object(parameters):
        return {}
    arguments = sample({**parameters, "type": "object"}, rng)
    return arguments if is_object(arguments) else {}
