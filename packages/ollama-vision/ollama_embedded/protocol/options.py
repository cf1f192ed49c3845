"""Ollama's model options (sampling and loading): their names, types and defaults."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .gojson import kind_of
from .requests import RequestError

RUNNER = ("num_ctx", "num_batch", "num_gpu", "main_gpu", "num_thread", "draft_num_predict")
LOADING = (*RUNNER, "use_mmap")
"""A request with other values of these has the model loaded anew."""
INTEGERS = frozenset((*RUNNER, "num_keep", "seed", "num_predict", "top_k", "repeat_last_n"))
PENALTIES = ("repeat_penalty", "presence_penalty", "frequency_penalty")
FLOATS = frozenset((*PENALTIES, "temperature", "top_p", "min_p", "typical_p"))
DEFAULTS: Mapping[str, Any] = {
    "num_keep": 4,
    "seed": -1,
    "num_predict": -1,
    "top_k": 40,
    "top_p": 0.9,
    "min_p": 0.0,
    "typical_p": 1.0,
    "repeat_last_n": 64,
    "temperature": 0.8,
    "repeat_penalty": 1.0,
    "presence_penalty": 0.0,
    "frequency_penalty": 0.0,
    "stop": (),
}


def checked(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options that Ollama knows, converted. A wrong kind is refused, an unknown name is ignored."""
    known: dict[str, Any] = {}
    for name, value in options.items():
        if value is None:
            continue
        if name in INTEGERS:
            known[name] = int(_of_kind(name, value, "number", "integer"))
        elif name in FLOATS:
            known[name] = float(_of_kind(name, value, "number", "float32"))
        elif name == "use_mmap":
            known[name] = _of_kind(name, value, "bool", "boolean")
        elif name == "stop":
            _of_kind(name, value, "array", "array")
            if not all(isinstance(text, str) for text in value):
                raise RequestError(500, 'option "stop" must be of an array of strings')
            known[name] = tuple(value)
    return known


def _of_kind(name: str, value: Any, kind: str, shown: str) -> Any:
    if kind_of(value) != kind:
        raise RequestError(500, f'option "{name}" must be of type {shown}')
    return value
