"""What came of one item of a run: its answer, or its error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from ollama_vision.errors import OllamaMultiModalError

Item = TypeVar("Item")


@dataclass(frozen=True, kw_only=True)
class AnswerOrError:
    """What came of one picture, whatever holds it."""

    text: str = ""
    fields: dict[str, Any] | None = None
    """The answer's fields as plain JSON; `None` when no class was asked for."""
    choice: dict[str, Any] | None = None
    """`label` and `probabilities`, where labels were to choose from."""
    confidence: dict[str, float | None] | None = None
    """How sure the model is of fields, where that was asked for."""
    error: OllamaMultiModalError | None = None
    """Why there is no answer: a fault of this picture, or of the answer to it."""
    finish_reason: str = ""
    model: str = ""
    host: str = ""
    """Which server answered, or failed over it; empty when none was asked."""
    usage: dict[str, int] = field(default_factory=dict)
    pictures: tuple[dict[str, Any], ...] = ()
    """What was sent of each picture, where that is known; not of an answer that was kept."""
    more: Mapping[str, Any] = field(default_factory=dict)
    """What was told of an answer that several questions made."""
    seconds: float = 0.0
    """The server's own time, of loading, reading and writing; where it does not tell, from when the request started."""
    waited: float = 0.0
    """Seconds beside these: for other requests that the server had to answer first, and on the way."""
    sha256: str = ""
    """Of the picture's file, in hex; empty when it could not be read."""
    cached: bool = False
    skipped: bool = False
    """It holds no picture, and nothing was asked."""


@dataclass(frozen=True)
class Outcome(AnswerOrError, Generic[Item]):
    """What came of one item."""

    index: int
    """Its place in what was given, from 0."""
    item: Item
    """What was given; it is never changed."""
    replaces: bool = False
    """It takes the place of an outcome that was given before: who answered turned out not to see."""
