"""`--schema`: a JSON Schema in a file, or a pydantic class in a Python file, as the class that answers must fit."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from jsonschema import Draft202012Validator, SchemaError
from jsonschema.validators import validator_for
from pydantic import BaseModel, ConfigDict, create_model, model_validator
from referencing import Registry, Resource
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

from ..common.access import UsageError, read_schema

_MOST_PROBLEMS = 10


def read_answer_schema(text: str) -> type[BaseModel]:
    """The class for `schema.json` or `file.py:Class`; only the second runs code. Raises `UsageError`."""
    file, colon, name = text.rpartition(":")
    if colon and file.endswith(".py"):
        return class_in(Path(file), name)
    if text.endswith(".py"):
        raise UsageError(f"--schema {text}: name the class in it as well, such as {text}:Receipt.")
    return class_for(read_schema(text, option="--schema"), where=f"--schema {text}")


class SchemaAnswer(BaseModel):
    """An answer held to a JSON Schema: the server enforces its form, but not bounds of numbers, lengths or patterns."""

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


def class_for(schema: dict[str, Any], *, where: str) -> type[BaseModel]:
    """A class whose instances fit the schema, and dump as they came; raises `UsageError`."""
    try:
        _draft(schema).check_schema(schema)
    except SchemaError as error:
        raise UsageError(f"{where}: it is no JSON Schema: {_problem(error)}.") from error
    whole = Resource.from_contents(schema, default_specification=DRAFT202012)
    resolver = Registry().with_resource(whole.id() or "", whole).resolver(whole.id() or "")
    for reference in _references(schema):
        try:
            resolver.lookup(reference)
        except Unresolvable as error:
            raise UsageError(
                f'{where}: "$ref": "{reference}" leads nowhere in this file, and nothing is fetched. '
                "Put what it refers to into it."
            ) from error
    if schema.get("type") != "object":
        raise UsageError(
            f'{where}: an answer is an object: its schema begins {{"type": "object", "properties": ...}}. '
            "Make of a list or a word a field of an object."
        )
    title = schema.get("title")
    made = create_model(title if isinstance(title, str) and title.isidentifier() else "Answer", __base__=SchemaAnswer)
    made.held_to = schema
    return made


def class_in(file: Path, name: str) -> type[BaseModel]:
    """The class of that name, from a file that is run as an import would; raises `UsageError`."""
    where = f"--schema {file}:{name}"
    if not file.is_file():
        raise UsageError(f"{where}: there is no file {file}.")
    module_name = f"_schema_in_{file.stem}"
    spec = importlib.util.spec_from_file_location(module_name, file)
    if spec is None or spec.loader is None:
        raise UsageError(f"{where}: {file} cannot be imported.")
    module = importlib.util.module_from_spec(spec)
    # Annotations that are texts are looked up by the module's name, and its imports beside its file.
    sys.modules[module_name] = module
    sys.path.insert(0, str(file.resolve().parent))
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise UsageError(f"{where}: {file} does not run: {type(error).__name__}: {error}") from error
    finally:
        sys.path.pop(0)
    found = getattr(module, name, None)
    if isinstance(found, type) and issubclass(found, BaseModel):
        return found
    classes = [each for each, value in vars(module).items() if _is_written_in(value, module_name)]
    has = f"It has {', '.join(classes)}" if classes else "It has none"
    what = "is no pydantic class" if found is not None else "is not in it"
    raise UsageError(f"{where}: {name or 'a class without a name'} {what}. {has}; write file.py:Class.")


def _draft(schema: Mapping[str, Any]) -> Any:
    """The class that knows the draft which the schema names; the newest when it names none that is known."""
    return validator_for(schema, default=Draft202012Validator)


def _is_written_in(value: Any, module: str) -> bool:
    return isinstance(value, type) and issubclass(value, BaseModel) and value.__module__ == module


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
