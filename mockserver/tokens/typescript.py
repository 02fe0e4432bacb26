r"""Tool definitions as the model reads them: a TypeScript namespace, which is what is billed.

Nobody outside knows these bytes for sure; two kinds of evidence say what they are. Recorded
bills fix the numbers of tokens (docs/usage.md holds the table). And the same renderer has been
watched from outside: the project json-schema-to-openai-typescript publishes what OpenAI made
of 76 probing schemas ("capture" below), and models have quoted their own tool definitions.
Rules that only the capture confirms are flagged in `Rendering.used`.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mockserver.tokens.evidence import NO_RULE, Rule
from mockserver.tokens.layouts import Layout
from mockserver.tokens.schemas import (
    MOST_NODES,
    Schema,
    as_list,
    as_schema,
    resolved,
    text_at,
    variants_of,
)


@dataclass(frozen=True, slots=True)
class Rendering:
    """A text that the model reads, and the rules it was written by."""

    text: str
    used: Rule = NO_RULE


def render_tools(functions: Iterable[Schema], layout: Layout) -> Rendering:
    """Return the headings and the namespace that declares *functions*, as *layout* writes types."""
    namespace = render_namespace(functions, layout)
    return Rendering(f"# Tools\n\n## functions\n\n{namespace.text}", namespace.used)


def render_namespace(
    functions: Iterable[Schema],
    layout: Layout,
    customs: Iterable[Schema] = (),
    *,
    bounds_by_type: bool = False,
) -> Rendering:
    """Return the namespace that declares *functions*, as *layout* writes types.

    After them come *customs*: tools that take any text. With *bounds_by_type*, bounds of numbers
    are written of numbers alone; else of whatever has them.
    """
    writer = _Writer(layout, bounds_by_type=bounds_by_type)
    text = "".join(
        [
            "namespace functions {\n\n",
            *(writer.declaration(function) + "\n\n" for function in functions),
            *(_custom_declaration(custom) + "\n\n" for custom in customs),
            "} // namespace functions",
        ]
    )
    return Rendering(text, writer.used)


def _custom_declaration(custom: Schema) -> str:
    """Return the type of a tool that takes a text, as models have quoted it."""
    description = text_at(custom, "description")
    above = _comment(description) if description else ""
    return f"{above}type {custom['name']} = (FREEFORM) => any;"


def _comment(text: str) -> str:
    """Return *text* as comment lines: stripped as a whole and line by line."""
    return "".join([f"// {line.strip()}".rstrip() + "\n" for line in text.strip().split("\n")])


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class _Written:
    """A written schema: the comment lines above it, its type, and the notes after it."""

    header: str
    type: str
    notes: str

    @property
    def plain(self) -> bool:
        """Nothing but a type on one line."""
        return not self.header and not self.notes and "\n" not in self.type

    @property
    def behind(self) -> str:
        """The notes as written at the end of a line."""
        return f" // {self.notes}" if self.notes else ""


_DEEPEST = 60
"""How many types within types are written: six times as many as strict schemas may have."""


class _Writer:
    """Writes types, and records the rules it used."""

    def __init__(self, layout: Layout, *, bounds_by_type: bool) -> None:
        self._bounds_by_type = bounds_by_type
        self._modern = layout.modern_types
        self._left = MOST_NODES
        self._depth = 0
        self.used = NO_RULE

    def declaration(self, function: Schema) -> str:
        """Return the type of *function*, its description above it."""
        description = text_at(function, "description")
        above = _comment(description) if description else ""
        root = as_schema(function.get("parameters"))
        schema, used = resolved(root) if root else (None, NO_RULE)
        self.used |= used
        arguments = ""
        if schema is not None and as_schema(schema.get("properties")):
            arguments = f"_: {self._header(schema)}{self._object(schema)}"
        return f"{above}type {function['name']} = ({arguments}) => any;"

    def _write(self, schema: Any, *, of_variant: bool = False) -> _Written:
        content = as_schema(schema)
        if content is None:
            # Boolean schemas (capture): true allows everything, false nothing.
            return _Written("", "never" if schema is False else "any", "")
        self._left -= 1
        if self._left < 0 or self._depth > _DEEPEST:
            # Types within types, of which each is a list, make millions of a few lines.
            self.used |= Rule.TYPES_WITHOUT_END
            return _Written("", "any", "")
        self._depth += 1
        kind = self._type(content)
        self._depth -= 1
        return _Written(self._header(content), kind, self._notes(content, of_variant=of_variant))

    def _type(self, schema: Schema) -> str:
        written = self._plain_type(schema)
        if schema.get("nullable") is True and "null" not in written:
            # OpenAPI's keyword (20 requests, instructor-php; capture).
            return written + " | null"
        return written

    def _plain_type(self, schema: Schema) -> str:
        variants = variants_of(schema)
        if variants:
            types = as_list(schema.get("type"))
            if types and types[0] == "null":
                self.used |= Rule.NULL_FIRST
            return self._alternatives(variants, "|")
        parts = as_list(schema.get("allOf"))
        if parts:
            self.used |= Rule.ALL_OF
            return self._alternatives(parts, "&")
        if "const" in schema and "enum" not in schema:
            self.used |= Rule.CONSTANTS
            return _json(schema["const"])
        values = as_list(schema.get("enum"))
        if values:
            return " | ".join(map(_json, values))
        match schema.get("type"):
            case "string" | "boolean" | "null" | "number" | "integer" as name:
                return str(name)
            case "array":
                return self._array(schema)
            case kind if kind == "object" or "properties" in schema:
                return self._object(schema)
            case _:
                return "any"

    def _alternatives(self, variants: Sequence[Any], sign: str) -> str:
        """Return alternatives: on one line, or each on its own if one has comments or lines.

        53 requests, 5 repositories (inline: copilot, ruby_llm; own lines: crewAI, ellmer, rig);
        the order of comment and sign: capture.
        """
        written = [self._write(variant, of_variant=True) for variant in variants]
        if all(variant.plain for variant in written):
            return f" {sign} ".join([variant.type for variant in written])
        lines = [f"{v.header} {sign} {v.type}{v.behind}\n" for v in written]
        return "\n" + "".join(lines)

    def _array(self, schema: Schema) -> str:
        """Return `T[]`, or `Array<...>` where a comment, lines or alternatives are in it.

        17 requests (crewAI, instructor-php) and 18 for alternatives; enums stay `"a" | "b"[]`.
        The models of 2023-06 do not see the types of items (2 requests, dd-trace-py).
        """
        places = as_list(schema.get("prefixItems"))
        if places:
            return self._tuple(places, schema.get("items"))
        item = schema.get("items")
        if not item:
            return "any[]"
        written = self._write(item)
        if self._modern and not written.plain:
            return f"Array<\n{written.header}{written.type}{written.behind}\n>"
        return f"Array<{written.type}>" if variants_of(item) else f"{written.type}[]"

    def _tuple(self, places: Sequence[Any], rest: Any) -> str:
        """Return `[item0?: A, item1?: B, ...items: C[]]` (capture)."""
        self.used |= Rule.TUPLES
        types = [f"item{place}?: {self._write(item).type}" for place, item in enumerate(places)]
        if rest is not None and rest is not False:
            types.append(f"...items: {self._write(rest).type}[]")
        return f"[{', '.join(types)}]"

    def _object(self, schema: Schema) -> str:
        """Return an object: on one line unless a property has a comment or spans lines.

        15 requests, 2 repositories; capture. One line ends with a blank before its brace, which
        shows where an enum is before it (63 requests, 4 repositories). The models of 2023-06
        read one property a line (2 requests, langchaingo), indented in an inner object.
        """
        properties: Schema = as_schema(schema.get("properties")) or {}
        required = as_list(schema.get("required")) or ()
        rest = self._rest(schema, named=bool(properties))
        if not properties:
            return f"{{ {rest} }}" if rest else "object"
        members = [
            (f"{key}{'' if key in required else '?'}:", self._write(value))
            for key, value in properties.items()
        ]
        if self._modern and all(written.plain for _, written in members):
            inline = [f"{key} {written.type}" for key, written in members]
            return f"{{ {', '.join([*inline, rest] if rest else inline)} }}"
        lines = "".join([_property(key, written) for key, written in members])
        if rest:
            lines += f"{rest},\n"
        if not self._modern and self._depth:
            self.used |= Rule.NESTED_OBJECTS
            lines = "".join([f"  {line}\n" for line in lines.splitlines()])
        return f"{{\n{lines}}}"

    def _rest(self, schema: Schema, *, named: bool) -> str:
        """Return what represents members that are not *named*, or nothing.

        `true` beside properties: 2 requests (openai-dotnet) and capture; a schema: capture.
        """
        more = schema.get("additionalProperties")
        if more is True and named:
            return "[key: string]: any"
        if as_schema(more):
            self.used |= Rule.OTHER_MEMBERS
            return f"[key: string]: {self._write(more).type}"
        return ""

    def _header(self, schema: Schema) -> str:
        """Return the comment lines above what *schema* describes: title, description, examples."""
        description = text_at(schema, "description")
        below = _comment(description) if description else ""
        examples = as_list(schema.get("examples"))
        if examples:
            self.used |= Rule.EXAMPLES
            below += _examples(examples)
        title = text_at(schema, "title") if self._modern else ""
        if not title:
            return below
        return f"// {title}\n//\n{below}" if below else f"// {title}\n"

    def _notes(self, schema: Schema, *, of_variant: bool) -> str:
        """Return default, bounds and format as written after a type, or nothing.

        `default`: 7 requests (instructor-php, two families) and capture, also of enums.
        Numeric bounds: 7 requests (lingua, braintrust; gpt-5-nano); those of a `number` are
        written with a point (`0.0`), as in the capture. The models of 2023-06 do not see them
        (3 requests). Of strings and arrays: capture.
        `format`: of an alternative 2 requests (beeai) and capture, of a property 1 and capture.
        """
        notes = [f"default: {_json(schema['default'])}"] if "default" in schema else []
        if not self._modern:
            return ", ".join(notes)
        kind = schema.get("type")
        by_type = self._bounds_by_type and kind not in _NUMBERS
        for key in _NUMERIC_BOUNDS:
            value = schema.get(key)
            if isinstance(value, int | float) and not isinstance(value, bool):
                if by_type:
                    self.used |= Rule.BOUNDS_OF_UNIONS
                    continue
                self.used |= Rule.BOUNDS
                notes.append(f"{key}: {_number(value) if kind == 'number' else _json(value)}")
        for key, write in _OTHER_BOUNDS.items():
            if key in schema and kind in ("string", "array"):  # it may be a list, too
                self.used |= Rule.BOUNDS_OF_TEXTS
                notes.append(f"{key}: {write(schema[key])}")
        form = text_at(schema, "format") if kind == "string" else ""
        if form:
            self.used |= Rule.FORMATS_OF_ALTERNATIVES if of_variant else Rule.FORMATS
            notes.append(f"format: {_json(form)}")
        return ", ".join(notes)


_NUMERIC_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
_NUMBERS = ("number", "integer")
_OTHER_BOUNDS: Mapping[str, Callable[[Any], str]] = {
    "minLength": _json,
    "maxLength": _json,
    "pattern": lambda value: f"/{value}/",
    "minItems": _json,
    "maxItems": _json,
}


def _number(value: float) -> str:
    """Return *value* with a point in it, unless it is a whole number beyond all that have one."""
    try:
        return _json(float(value))
    except OverflowError:
        return _json(value)


def _property(key: str, written: _Written) -> str:
    """Return the lines of one property.

    Notes follow a type of one line, and above the key of one that spans lines
    (7 requests for `default`; capture).
    """
    gap = "" if written.type.startswith("\n") else " "
    if "\n" in written.type:
        above = f"// {written.notes}\n" if written.notes else ""
        return f"{written.header}{above}{key}{gap}{written.type},\n"
    return f"{written.header}{key}{gap}{written.type},{written.behind}\n"


def _examples(examples: Sequence[Any]) -> str:
    if len(examples) == 1:
        return f"// Example: {_json(examples[0])}\n"
    return "".join(["// Examples:\n", *(f"// - {_json(example)}\n" for example in examples)])
