import json
import random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from schema_strategies import JSON, schemas

from mockserver.effort import Budget
from mockserver.sampling import sample
from mockserver.sampling.judging import Judge
from mockserver.sampling.references import References

thorough = settings(
    derandomize=True, deadline=None, suppress_health_check=list(HealthCheck), max_examples=550
)


@thorough
@given(schema=schemas(), seed=st.integers(0, 2**32))
def test_what_is_drawn_for_a_satisfiable_schema_is_valid(schema: Any, seed: int) -> None:
    judge = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)

    value = sample(schema, random.Random(seed))

    judge.validate(value)


@settings(thorough, max_examples=150)
@given(schema=schemas(), other=schemas(), seed=st.integers(0, 2**32))
def test_the_second_look_sees_what_jsonschema_sees(schema: Any, other: Any, seed: int) -> None:
    judge = Judge(References(schema), Budget(100_000))
    values = [sample(one, random.Random(seed)) for one in (schema, other)]

    for value in values:
        assert judge.accepts(value, schema) == Draft202012Validator(schema).is_valid(value)


@settings(thorough, max_examples=300)
@given(schema=JSON)
def test_anything_for_a_schema_gives_some_json(schema: Any) -> None:
    value = sample(schema, random.Random(1))

    assert json.loads(json.dumps(value)) == value or value != value  # noqa: PLR0124 - NaN as const
