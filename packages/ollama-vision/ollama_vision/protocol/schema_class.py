"""JSON Schema validation: a schema as a pydantic class, so that answers are held to all that it says.

Servers enforce a schema's form, but not bounds of numbers, lengths or patterns, and some enforce nothing. It takes
100 ms to import what validates, so the room's front opens this when it is first used.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from jsonschema import Draft202012Validator, SchemaError
from jsonschema.validators import validator_for
from pydantic import BaseModel, ConfigDict, create_model, model_validator
from referencing import Registry, Resource
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

from .schema import inline_references

_MOST_PROBLEMS = 10


class SchemaAnswer(BaseModel):
    """An answer held to a JSON Schema; it dumps as it came."""

    model_config = ConfigDict(extra="allow")

    held_to: ClassVar[Mapping[str, Any]] = {}

    @classmethod
    def model_json_schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return dict(cls.held_to)

    @model_validator(mode="before")
    @classmethod
    def _fits(cls, answer: Any) -> Any:
        # An empty registry: a schema's references are looked up in the schema, never on the network.
        validator = _draft(cls.held_to)(cls.held_to, registry=Registry())
        problems = [
            _problem(error) for error in sorted(validator.iter_errors(answer), key=lambda error: error.json_path)
        ]
        if problems:
            more = f"; and {len(problems) - _MOST_PROBLEMS} more" if len(problems) > _MOST_PROBLEMS else ""
            raise ValueError("; ".join(problems[:_MOST_PROBLEMS]) + more)
        return answer


def class_for_schema(schema: Mapping[str, Any], *, where: str = "schema") -> type[BaseModel]:
    """A class whose instances fit a JSON Schema of an object.

    Args:
        where: what the message of an error calls the schema.

    Raises:
        ValueError: it is no JSON Schema, not one of an object, or refers to what is not in it.
    """
    try:
        _draft(schema).check_schema(schema)
    except SchemaError as error:
        raise ValueError(f"{where}: it is no JSON Schema: {_problem(error)}.") from error
    whole = Resource.from_contents(dict(schema), default_specification=DRAFT202012)
    resolver = Registry().with_resource(whole.id() or "", whole).resolver(whole.id() or "")
    for reference in _references(schema):
        try:
            resolver.lookup(reference)
        except Unresolvable as error:
            raise ValueError(
                f'{where}: "$ref": "{reference}" leads nowhere in it, and nothing is fetched. '
                "Put what it refers to into the schema."
            ) from error
    if not _is_of_objects(inline_references(schema)):
        raise ValueError(
            f'{where}: an answer is an object: its schema begins {{"type": "object", "properties": ...}}. '
            "Make of a list or a word a field of an object."
        )
    title = schema.get("title")
    made = create_model(title if isinstance(title, str) and title.isidentifier() else "Answer", __base__=SchemaAnswer)
    made.held_to = dict(schema)
    return made


def _is_of_objects(schema: Mapping[str, Any]) -> bool:
    """Whether an answer can be nothing else: by its type, or as one of several that are objects each."""
    either = schema.get("anyOf") or schema.get("oneOf")
    if "type" not in schema and isinstance(either, list):
        return all(isinstance(each, Mapping) and _is_of_objects(each) for each in either)
    return bool(schema.get("type") == "object")


def _draft(schema: Mapping[str, Any]) -> Any:
    """The class that knows the draft which the schema names; the newest when it names none that is known."""
    return validator_for(schema, default=Draft202012Validator)


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, Mapping):
        if isinstance(reference := node.get("$ref"), str):
            yield reference
        node = list(node.values())
    if isinstance(node, list):
        for each in node:
            yield from _references(each)


def _problem(error: Any) -> str:
    where = ".".join(map(str, error.absolute_path))
    return f"{where}: {error.message}" if where else str(error.message)
