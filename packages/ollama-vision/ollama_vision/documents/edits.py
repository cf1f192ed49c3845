"""Edit distances (Levenshtein, Indel) by rapidfuzz, which comes with the extra `read`."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import TYPE_CHECKING

from ollama_vision.errors import MissingExtraError
from ollama_vision.extras import install_hint

from .verdicts import ErrorRates

if TYPE_CHECKING:
    from .folding import Folded


Opcode = tuple[str, int, int, int, int]
"""What is to be done, where the words start and end in the first, and where in the second."""


def indel_opcodes(first: Sequence[Hashable], second: Sequence[Hashable]) -> Iterable[Opcode]:
    """How the first becomes the second by inserting and deleting. Raises MissingExtraError."""
    try:
        from rapidfuzz.distance import Indel
    except ImportError as error:
        raise missing_extra() from error
    return [
        (code.tag, code.src_start, code.src_end, code.dest_start, code.dest_end)
        for code in Indel.opcodes(first, second)
    ]


def error_rates(answer: Folded, truth: Folded) -> ErrorRates:
    """Of an answer against what it should be. Raises MissingExtraError."""
    try:
        from rapidfuzz.distance import Levenshtein
    except ImportError as error:
        raise missing_extra() from error
    words = truth.text.split()
    return ErrorRates(
        Levenshtein.distance(answer.text, truth.text) / len(truth.text) if truth.text else None,
        Levenshtein.distance(answer.text.split(), words) / len(words) if words else None,
    )


def missing_extra() -> MissingExtraError:
    return MissingExtraError(f"Comparing what was read with a page's text needs the extra read: {install_hint('read')}")
