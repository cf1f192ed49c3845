"""Embeddings that a test sets: one vector for all texts, one for each text, or a function of a text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..protocol.embeddings import Vector

Script = Vector | Mapping[str, Vector] | Callable[[str], Vector]


class BadVector(Exception):
    """What a script has for a text is no vector."""


def check_script(script: Script | None) -> None:
    """Refuse what could give no vector, where it is written."""
    if script is None or callable(script):
        return
    for vector in script.values() if isinstance(script, Mapping) else (script,):
        try:
            _vector(vector, "embed holds")
        except BadVector as fault:
            raise TypeError(str(fault)) from None


def vector_of(script: Script, text: str) -> Vector:
    """The vector of one text; raises `BadVector`, and what the script's function raises."""
    if callable(script):
        return _vector(script(text), f"the function of embed returned for {text!r:.80}")
    if not isinstance(script, Mapping):
        return script
    if text not in script:
        raise BadVector(f"embed has no vector for {text!r:.80}: it has them for {', '.join(map(repr, script))[:200]}")
    return script[text]


def _vector(given: Any, what: str) -> Vector:
    is_list = isinstance(given, Sequence) and not isinstance(given, str | bytes | bytearray)
    if not is_list or not given or not all(isinstance(each, int | float) for each in given):
        raise BadVector(f"{what} {given!r:.200}: give a vector, a list of numbers")
    vector: Vector = given
    return vector
