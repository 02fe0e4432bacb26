"""Made-up answers: values valid for a schema, prose of a given length, names, vectors of texts.

The public functions of the package; all other modules are private to it. What is drawn depends
on the arguments alone: the same schema and the same state of the generator give the same
value, in every process.
"""

from collections.abc import Mapping
from random import Random
from typing import Any, Final

from mockserver.effort import current, entered
from mockserver.sampling.fakers import FAKERS, fake, lend
from mockserver.sampling.judging import Judge
from mockserver.sampling.places import Place
from mockserver.sampling.prose import prose
from mockserver.sampling.reading import is_object
from mockserver.sampling.references import References
from mockserver.sampling.sampler import Budgets, Sampler, steps_for
from mockserver.sampling.vectors import text_vector
from mockserver.wire.jsontext import JsonValue

__all__ = ["FAKERS", "accepts", "call_arguments", "fake", "prose", "sample", "text_vector"]

_FREE_STEPS: Final = 20
_FREE_LOOKS: Final = 20
_FREE_LETTERS: Final = 60
"""What each value may take, however much the values before it have taken."""


def accepts(value: JsonValue, schema: JsonValue) -> bool:
    """Return whether *value* is valid for *schema*; formats are not judged.

    Where judging would go on too long, the value is let pass.
    """
    try:
        with current().share("judging", 0) as looks:
            return Judge(References(schema), looks).accepts(value, schema)
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
        with (
            lend(rng) as fake,
            entered() as effort,
            effort.share("sampling", _FREE_STEPS, steps_for(schema)) as steps,
            effort.share("judging", _FREE_LOOKS) as looks,
            effort.share("letters", _FREE_LETTERS) as letters,
        ):
            sampler = Sampler(schema, rng, fake, Budgets(steps, looks, letters))
            value = sampler.draw(schema, Place()).value
            if any(budget.left < 0 for budget in (steps, looks, letters)):
                effort.give_up(_GIVEN_UP)
            return value
    except RecursionError:
        return None  # a schema written deeper than Python can follow


_GIVEN_UP: Final = "the schema asks for too much: what was drawn for it may not be valid"


def call_arguments(parameters: JsonValue, rng: Random) -> Mapping[str, Any]:
    """Return arguments for a tool that takes *parameters*: an object, whatever they are."""
    if not is_object(parameters):
        return {}
    arguments = sample({**parameters, "type": "object"}, rng)
    return arguments if is_object(arguments) else {}
