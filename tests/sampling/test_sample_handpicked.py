import random
import re
from datetime import datetime, time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from jsonschema import Draft4Validator, Draft7Validator, Draft202012Validator, FormatChecker

from mockserver.sampling import sample

FILE = Path(__file__).with_name("handpicked.yaml")
SCHEMAS: dict[str, Any] = {
    sentence: schema
    for group in yaml.safe_load_all(FILE.read_text("utf-8"))
    for sentence, schema in group.items()
}
SEEDS = range(6)

# `jsonschema` leaves these to packages that are not installed here.
formats = FormatChecker()
LABEL = r"[a-z0-9]([a-z0-9-]*[a-z0-9])?"
RULES = {
    "date-time": lambda text: datetime.fromisoformat(text).tzinfo is not None,
    "time": lambda text: time.fromisoformat(text).tzinfo is not None,
    "duration": re.compile(r"P(\d+[DWMY])*(T(\d+[HMS])+)?").fullmatch,
    "hostname": re.compile(rf"{LABEL}(\.{LABEL})*").fullmatch,
    "uri": lambda text: urlsplit(text).scheme and urlsplit(text).netloc and " " not in text,
    "uri-reference": lambda text: " " not in text,
    "json-pointer": re.compile(r"(/([^~/]|~[01])*)*").fullmatch,
}
for name, rule in RULES.items():
    formats.checks(name, raises=ValueError)(
        lambda value, rule=rule: not isinstance(value, str) or bool(rule(value))
    )


def test_there_are_enough_of_them() -> None:
    assert len(SCHEMAS) >= 70


@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS)
def test_a_real_schema_gets_valid_values(schema: Any) -> None:
    Draft202012Validator.check_schema(schema)
    judge = Draft202012Validator(schema, format_checker=formats)

    for seed in SEEDS:
        judge.validate(sample(schema, random.Random(seed)))


@pytest.mark.parametrize(
    ("schema", "judge"),
    [
        pytest.param(
            {"type": "integer", "minimum": 1, "exclusiveMinimum": True, "maximum": 2},
            Draft4Validator,
            id="an exclusive minimum as a flag",
        ),
        pytest.param(
            {"type": "number", "minimum": 0, "maximum": 1, "exclusiveMaximum": True},
            Draft4Validator,
            id="an exclusive maximum as a flag",
        ),
        pytest.param(
            {
                "type": "array",
                "items": [{"type": "string"}, {"type": "integer"}],
                "additionalItems": {"type": "boolean"},
                "minItems": 4,
            },
            Draft7Validator,
            id="a tuple as a list of items",
        ),
        pytest.param(
            {
                "definitions": {"id": {"$id": "#id", "type": "integer"}},
                "type": "object",
                "properties": {"id": {"$ref": "#/definitions/id"}},
                "required": ["id"],
            },
            Draft7Validator,
            id="definitions by their old name",
        ),
        pytest.param(
            {
                "type": "object",
                "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
                "dependencies": {"a": ["b"], "b": {"required": ["c"]}},
                "required": ["a"],
            },
            Draft7Validator,
            id="dependencies of both kinds",
        ),
        pytest.param(
            {"type": "string", "nullable": True, "enum": ["a", None]},
            Draft7Validator,
            id="null that only OpenAPI allows",
        ),
    ],
)
def test_what_older_drafts_wrote_is_understood(schema: Any, judge: Any) -> None:
    for seed in SEEDS:
        judge(schema).validate(sample(schema, random.Random(seed)))
