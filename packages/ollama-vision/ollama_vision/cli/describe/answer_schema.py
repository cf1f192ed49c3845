"""`--schema`: a JSON Schema in a file, or a pydantic class in a Python file, as the class that answers must fit."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from ollama_vision.protocol import class_for_schema

from ..common.access import UsageError, read_schema


def read_answer_schema(text: str) -> type[BaseModel]:
    """The class for `schema.json` or `file.py:Class`; only the second runs code. Raises `UsageError`."""
    file, colon, name = text.rpartition(":")
    if colon and file.endswith(".py"):
        return class_in(Path(file), name)
    if text.endswith(".py"):
        raise UsageError(f"--schema {text}: name the class in it as well, such as {text}:Receipt.")
    try:
        return class_for_schema(read_schema(text, option="--schema"), where=f"--schema {text}")
    except ValueError as error:
        raise UsageError(str(error)) from error


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


def _is_written_in(value: Any, module: str) -> bool:
    return isinstance(value, type) and issubclass(value, BaseModel) and value.__module__ == module
