"""JSON Schemas that have a valid value, made so: each keyword is drawn with room for one."""

from typing import Any

from hypothesis import strategies as st

Schema = dict[str, Any] | bool
Schemas = st.SearchStrategy[Any]

NAMES = (
    "name", "email", "city", "price", "age", "created_at", "tags", "id", "website", "status",
    "items", "notes", "orderID", "start-date", "x", "größe", "",
)  # fmt: skip
PATTERNS = (
    r"^[A-Z]{3}$", r"^\d{4}-\d{2}-\d{2}$", r"^[a-z]+(-[a-z]+)*$", r"^#[0-9a-fA-F]{6}$",
    r"^(red|green|blue)$", r"^\+?[1-9]\d{6,14}$", r"^[^@\s]+@[^@\s]+\.[a-z]{2,}$", r"\d", r"^sku_",
    r"^(?=.*\d)(?=.*[a-z])[a-z0-9]{8,16}$", r"^[\w.\-]{1,20}$", r"^v\d+\.\d+\.\d+(-rc\d)?$",
    r"^(?!admin)[a-z]{4,8}$", r"^[^0-9]*$", r"^([01]\d|2[0-3]):[0-5]\d$", r"end$",
)  # fmt: skip
FORMATS = (
    "date", "time", "date-time", "duration", "email", "hostname", "ipv4", "ipv6", "uri",
    "uri-reference", "uuid", "json-pointer", "regex", "url", "phone", "no-such-format",
)  # fmt: skip


def _stated(**keywords: Any) -> dict[str, Any]:
    return {keyword: value for keyword, value in keywords.items() if value is not None}


@st.composite
def integers(draw: st.DrawFn) -> Schema:
    """Whole numbers within bounds that hold a multiple of the step."""
    step = draw(st.none() | st.integers(1, 12))
    least = draw(st.integers(-1_000, 1_000))
    most = least + 2 * (step or 1) + draw(st.integers(0, 500))
    keyword_low, keyword_high = draw(
        st.sampled_from([
            ("minimum", "maximum"), ("exclusiveMinimum", "exclusiveMaximum"),
            ("minimum", None), (None, "maximum"), (None, None),
        ])
    )  # fmt: skip
    schema = _stated(type="integer", multipleOf=step)
    if keyword_low:
        schema[keyword_low] = least
    if keyword_high:
        schema[keyword_high] = most
    return schema


@st.composite
def numbers(draw: st.DrawFn) -> Schema:
    """Numbers within bounds, some of them narrow."""
    step = draw(st.sampled_from([None, None, 0.01, 0.1, 0.25, 0.5, 2.5, 3]))
    least = draw(st.integers(-400, 400)) / 4
    width = draw(st.sampled_from([0.003, 0.5, 1, 10, 1e6]))
    most = least + max(width, 2 * (step or 0))
    low, high = draw(
        st.sampled_from([("minimum", "maximum"), ("exclusiveMinimum", "exclusiveMaximum")])
    )
    return {"type": "number", low: least, high: most, **_stated(multipleOf=step)}


@st.composite
def texts(draw: st.DrawFn) -> Schema:
    """Texts by length, pattern or format."""
    which = draw(st.sampled_from(["plain", "length", "pattern", "format"]))
    if which == "length":
        least = draw(st.integers(0, 60))
        return {
            "type": "string",
            "minLength": least,
            "maxLength": least + draw(st.integers(0, 40)),
        }
    if which == "pattern":
        return {"type": "string", "pattern": draw(st.sampled_from(PATTERNS))}
    if which == "format":
        return {"type": "string", "format": draw(st.sampled_from(FORMATS))}
    return {"type": "string"}


VALUES = (
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.sampled_from(["a", "b", "C", 1.5, [1], {"k": 2}])
)
LEAVES: Schemas = (
    integers()
    | numbers()
    | texts()
    | st.sampled_from([{"type": "null"}, {"type": "boolean"}, {}, True])
    | st.builds(lambda value: {"const": value}, VALUES)
    | st.builds(
        lambda values: {"enum": values}, st.lists(VALUES, min_size=1, max_size=4, unique_by=repr)
    )
    | st.builds(
        lambda kind: {"type": [kind, "null"]},
        st.sampled_from(["string", "integer", "number", "boolean"]),
    )
    | st.builds(
        lambda default: {"type": "string", "default": default, "examples": ["one", "two"]},
        st.sampled_from(["here", 7, None]),
    )
    | st.sampled_from([{"$ref": "#/$defs/Money"}, {"$ref": "#/$defs/Color"}, {"$ref": "#tree"}])
)
DEFINITIONS: dict[str, Any] = {
    "Money": {
        "type": "object",
        "properties": {"amount": {"type": "number", "minimum": 0}, "currency": {"type": "string"}},
        "required": ["amount", "currency"],
        "additionalProperties": False,
    },
    "Color": {"enum": ["red", "green", "blue"]},
    "Tree": {
        "$anchor": "tree",
        "type": "object",
        "properties": {
            "value": {"type": "string"},
            "left": {"anyOf": [{"$ref": "#/$defs/Tree"}, {"type": "null"}]},
            "children": {"type": "array", "items": {"$ref": "#/$defs/Tree"}},
        },
        "required": ["value", "left"],
    },
}


@st.composite
def objects(draw: st.DrawFn, children: Schemas) -> Schema:
    """Objects, open or closed, with some of their members required."""
    names = draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=5))
    required = [name for name in names if draw(st.booleans())]
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {name: draw(children) for name in names},
        "required": required,
    }
    extra = draw(st.sampled_from(["", "", "closed", "map", "patterns", "named"]))
    if extra == "closed":
        schema[draw(st.sampled_from(["additionalProperties", "unevaluatedProperties"]))] = False
        schema["minProperties"] = draw(st.integers(0, len(names)))
    elif extra == "map":
        schema["additionalProperties"] = draw(children)
        schema["minProperties"] = draw(st.integers(0, 4))
        schema["maxProperties"] = max(len(names), schema["minProperties"], 1)
    elif extra == "patterns":
        schema["patternProperties"] = {"^meta_": draw(children)}
        schema["additionalProperties"] = False
        schema["minProperties"] = len(names) + 1
    elif extra == "named":
        schema["propertyNames"] = {"enum": [*names, "spare", "other"]}
        schema["minProperties"] = len(names) + 1
    if len(names) > 1 and draw(st.booleans()):
        schema["dependentRequired"] = {names[0]: names[1:2], names[-1]: names[:1]}
    return schema


@st.composite
def arrays(draw: st.DrawFn, children: Schemas) -> Schema:
    """Arrays, sets, tuples, and arrays that contain something."""
    which = draw(st.sampled_from(["list", "set", "tuple", "contains"]))
    least = draw(st.integers(0, 4))
    if which == "set":
        items = draw(
            st.sampled_from([{"type": "string"}, {"type": "integer"}, {"enum": [1, 2, 3, 4]}])
        )
        return {"type": "array", "items": items, "uniqueItems": True, "minItems": least}
    if which == "tuple":
        first = draw(st.lists(children, min_size=1, max_size=3))
        rest = draw(st.sampled_from([False, {"type": "integer"}, None]))
        return {"type": "array", "prefixItems": first, **_stated(items=rest)}
    if which == "contains":
        return {
            "type": "array",
            "contains": {"type": "integer", "minimum": 5},
            "minContains": draw(st.integers(0, 3)),
            "maxContains": 3,
            "maxItems": 3 + least,
        }
    return {
        "type": "array",
        "items": draw(children),
        "minItems": least,
        "maxItems": least + draw(st.integers(0, 3)),
    }


@st.composite
def unions(draw: st.DrawFn, children: Schemas) -> Schema:
    """Branches: any of some, or exactly one of tagged or differently typed ones."""
    which = draw(st.sampled_from(["anyOf", "tagged", "typed", "multiples"]))
    if which == "anyOf":
        return {"anyOf": draw(st.lists(children, min_size=1, max_size=3))}
    if which == "typed":
        return {"oneOf": [draw(objects(children)), draw(texts()), {"type": "null"}]}
    if which == "multiples":
        return {
            "oneOf": [{"type": "integer", "multipleOf": 3}, {"type": "integer", "multipleOf": 2}]
        }
    return {
        "oneOf": [
            {
                "type": "object",
                "properties": {"kind": {"const": kind}, "value": draw(children)},
                "required": ["kind"],
            }
            for kind in ("circle", "square")
        ]
    }


@st.composite
def combinations(draw: st.DrawFn, children: Schemas) -> Schema:
    """Several schemas for one value, refusals, conditions."""
    inner, other = draw(children), draw(children)
    country = {"properties": {"country": {"const": "US"}}, "required": ["country"]}
    return draw(
        st.sampled_from([
            {"allOf": [inner, {"title": "Named"}, True]},
            {"allOf": [{"minimum": 3}, {"maximum": 9}, {"type": "integer"}]},
            {
                "allOf": [
                    {"properties": {"a": inner}, "required": ["a"]},
                    {"type": "object", "properties": {"b": other}, "required": ["b"]},
                ]
            },
            {"type": "string", "not": {"enum": ["", "none"]}, "minLength": 1},
            {"type": ["string", "integer"], "not": {"type": "string"}},
            {"type": "object", "properties": {"a": inner}, "not": {"required": ["a"]}},
            {
                "type": "object",
                "properties": {"country": {"enum": ["US", "NL"]}, "code": {"type": "string"}},
                "required": ["country", "code"],
                "if": country,
                "then": {"properties": {"code": {"pattern": "^[0-9]{5}$"}}},
                "else": {"properties": {"code": {"pattern": "^[0-9]{4} [A-Z]{2}$"}}},
            },
            {
                "type": "object",
                "properties": {"card": {"type": "integer"}, "note": inner},
                "dependentSchemas": {
                    "card": {"properties": {"billing": other}, "required": ["billing"]}
                },
            },
        ])
    )  # fmt: skip


def _deeper(children: Schemas) -> Schemas:
    return objects(children) | arrays(children) | unions(children) | combinations(children)


@st.composite
def schemas(draw: st.DrawFn) -> Schema:
    """Schemas of all sorts, with definitions to refer to."""
    schema = draw(st.recursive(LEAVES, _deeper, max_leaves=8))
    return {"$defs": DEFINITIONS, **(schema if isinstance(schema, dict) else {})}


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["string", "object", "array", "#", "#/properties/a", "(", "^a+$"]),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from([
            "type", "properties", "items", "required", "enum", "const", "anyOf", "oneOf", "allOf",
            "not", "if", "then", "else", "$ref", "$defs", "minimum", "maximum", "multipleOf",
            "exclusiveMinimum", "minLength", "maxLength", "pattern", "format", "minItems",
            "maxItems", "uniqueItems", "contains", "minContains", "prefixItems", "minProperties",
            "additionalProperties", "patternProperties", "propertyNames", "dependentRequired",
            "dependentSchemas", "dependencies", "default", "examples", "a", "$anchor",
        ]),
        inner,
        max_size=5,
    ),
    max_leaves=12,
)  # fmt: skip
"""Anything at all, with a liking for what looks like a schema."""
