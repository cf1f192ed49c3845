"""The findings before they are judged: plain values, which a test can make up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

from ollama_vision.errors import OllamaMultiModalError

T = TypeVar("T")
Told: TypeAlias = T | OllamaMultiModalError
"""What a server said, or why it said nothing."""

USUAL_CONTEXT = 3900
"""Tokens that this client asks for unless told otherwise."""


@dataclass(frozen=True)
class Origin:
    """Where the server is looked for."""

    url: str
    source: str
    """Who said so: `--host`, `OLLAMA_HOST`, `ollama-vision.toml`, `default`."""
    is_here: bool


@dataclass(frozen=True)
class Model:
    """One model on the server."""

    name: str
    abilities: frozenset[str] | None
    """`None`: the server does not say."""
    size: int = 0
    context_length: int | None = None
    """The longest that it was trained for, in tokens; `None`: not told."""

    @property
    def sees(self) -> bool | None:
        return None if self.abilities is None else "vision" in self.abilities

    @property
    def thinks(self) -> bool | None:
        return None if self.abilities is None else "thinking" in self.abilities


@dataclass(frozen=True)
class Loaded:
    """One model in the server's memory."""

    name: str
    size: int
    """Bytes in memory, on GPUs or not."""
    size_vram: int
    """Bytes of these on GPUs."""
    context_length: int | None = None
    """Tokens that one answer has room for."""

    @property
    def on_gpu(self) -> float | None:
        """0 to 1; `None` when the server tells no size."""
        return min(1.0, self.size_vram / self.size) if self.size else None


@dataclass(frozen=True)
class Choice:
    """The model that is asked whether it sees."""

    name: str
    why: str


@dataclass(frozen=True)
class Disk:
    """Where pulled models go, on this machine, as far as it can be guessed: the server alone knows its folder."""

    folder: str
    free: int


@dataclass(frozen=True)
class Here:
    """What this machine says by itself."""

    versions: Mapping[str, str]
    extras: Mapping[str, bool]
    environment: Mapping[str, str] = field(repr=False)
    proxy: Told[str | None] = None
    """The proxy that requests to the server go through, without its password, and which variable names it; or what is
    wrong with that variable."""
    undrawable: tuple[str, ...] | None = None
    """The scripts whose text in PDFs cannot be drawn here for want of a font; `None` when no PDF can be read."""


def same_model(one: str, other: str) -> bool:
    """A name without a tag means `:latest`."""
    return _tagged(one) == _tagged(other)


def _tagged(name: str) -> str:
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"


def loaded_as(name: str, running: Sequence[Loaded]) -> Loaded | None:
    return next((model for model in running if same_model(model.name, name)), None)
