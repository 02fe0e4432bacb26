"""JSON that is valid for the schema in the request, varied by the seed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Final

from mockserver import sampling
from mockserver.contracts import ChoicePlace, Reply
from mockserver.conversation import Choice, IncomingCall, Text
from mockserver.errors import BadValue
from mockserver.seeding import Draw
from mockserver.wire.jsontext import JsonValue, compact, is_list, is_object

PATH: Final = re.compile(r"[^.\[\]]+(?:\[\d+\])*(?:\.[^.\[\]]+(?:\[\d+\])*)*|(?:\[\d+\])+")
STEP: Final = re.compile(r"[^.\[\]]+|\[\d+\]")
OF_SCHEMAS: Final = 16
"""How many characters of a text that is only sent one of a schema takes as long as."""
MOST_STEPS: Final = 32
"""How deep an override may be: as deep as a scenario's own values."""
MOST_ITEMS: Final = 1_000
"""How long a list may become to make room for an override."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonSchema(Reply):
    """Answer with JSON that is valid for the request's schema.

    A request without a schema gets an object.

    Attributes:
        overrides: Values of your own, by their path: `address.city`, `items[0].price`.

    """

    kind = "json_schema"
    constant: ClassVar[bool] = False

    overrides: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])

    def __post_init__(self) -> None:
        super(JsonSchema, self).__post_init__()
        for path in self.overrides:
            if not PATH.fullmatch(path):
                what = f"'{path}' is not a path into JSON"
                raise BadValue("overrides", what, "write 'address.city' or 'items[0].price'")
            steps = STEP.findall(path)
            if len(steps) > MOST_STEPS:
                what = f"'{path}' is too deep: a path has at most {MOST_STEPS} steps"
                raise BadValue("overrides", what)
            if any(int(step[1:-1]) >= MOST_ITEMS for step in steps if step[0] == "["):
                raise BadValue("overrides", f"'{path}' names an item beyond the {MOST_ITEMS}th")

    def expected_length(self, call: IncomingCall) -> int:
        """Return the length of the request, and more where a value is made up by a schema in it."""
        request = call.request
        makes_up = request is not None and request.format.schema is not None
        return len(call.http.body) * (OF_SCHEMAS if makes_up else 1)

    def choice(self, call: IncomingCall, place: ChoicePlace, draw: Draw) -> Choice:
        """Return a value that is drawn for this choice, with the overrides in it."""
        value = sampling.sample(_schema(call), draw.rng(f"json-{place.index}"))
        for path, override in self.overrides.items():
            value = _with(value, STEP.findall(path), override)
        return Choice((Text(compact(value)),))


def _schema(call: IncomingCall) -> JsonValue:
    schema = None if call.request is None else call.request.format.schema
    return {"type": "object"} if schema is None else schema


def _with(value: JsonValue, path: list[str], new: JsonValue) -> JsonValue:
    """Return *value* with *new* at *path*; what is missing on the way is made."""
    if not path:
        return new
    step, *rest = path
    if not step.startswith("["):
        members = dict(value) if is_object(value) else {}
        members[step] = _with(members.get(step), rest, new)
        return members
    items = list(value) if is_list(value) else []
    index = int(step[1:-1])
    items += [None] * (index + 1 - len(items))
    items[index] = _with(items[index], rest, new)
    return items
