"""The default model: the only one on the server that sees."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

GOOD_FIRST_MODEL = "gemma3:4b"
"""Sees, answers without thinking first, and fits into the memory of most machines."""


class NoModel(Exception):
    """The server leaves no choice, or too much; the message says what to do."""


class Listed(Protocol):
    """A model as a server lists it."""

    @property
    def name(self) -> str: ...

    @property
    def capabilities(self) -> frozenset[str] | None:
        """`None` when the server does not tell."""


def only_vision_model(models: Iterable[Listed], *, server: str) -> str:
    """The name of the one model that sees; raises `NoModel`."""
    listed = list(models)
    seeing = [model.name for model in listed if model.capabilities and "vision" in model.capabilities]
    untold = [model.name for model in listed if model.capabilities is None]
    if len(seeing) == 1:
        return seeing[0]
    if seeing:
        raise NoModel(f"{len(seeing)} models on {server} see pictures. Choose one with --model: {_names(seeing)}.")
    if untold:
        raise NoModel(
            f"{server} does not say which of its models see pictures. "
            f"Choose one with --model: {_names(untold)}; or get one that does: ollama-vision pull {GOOD_FIRST_MODEL}"
        )
    blind = f" (it has {_names([model.name for model in listed])})" if listed else ""
    raise NoModel(f"No model on {server} sees pictures{blind}. Get one: ollama-vision pull {GOOD_FIRST_MODEL}")


def _names(names: Sequence[str]) -> str:
    return ", ".join(sorted(names))
