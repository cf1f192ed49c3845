"""When an answer is the truth: texts folded, numbers by value, everything else as JSON; edit distances of texts."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from ollama_vision.errors import LabelsError
from ollama_vision.extras import install_hint

Fold = Callable[[str], str]


def folded(text: str) -> str:
    """A text as it is compared: NFC, without white space around it, in one case, without a final full stop."""
    text = unicodedata.normalize("NFC", text).strip().casefold()
    return text.removesuffix(".").rstrip() if text != "." else text


def exactly(text: str) -> str:
    """A text as it is."""
    return text


def is_right(answer: Any, truth: str, fold: Fold) -> bool:
    """Whether an answer, as JSON has it, is what a cell says."""
    if isinstance(answer, (int, float)) and not isinstance(answer, bool):
        try:
            return Decimal(str(answer)) == Decimal(truth.strip())
        except InvalidOperation:
            return False
    if isinstance(answer, (dict, list)):
        try:
            return bool(json.loads(truth) == answer)
        except ValueError:
            return False
    return fold(shown(answer)) == fold(truth)


def shown(answer: Any) -> str:
    """An answer as a cell would say it."""
    return answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)


def error_rates(pairs: Sequence[tuple[str, str]], fold: Fold) -> tuple[float | None, float | None]:
    """Character and word error rate of answers against truths: edits over all of them, by the length of all truths.

    `None` where the truths have no length. Raises LabelsError without the package that counts edits.
    """
    try:
        from rapidfuzz.distance.Levenshtein import distance
    except ImportError as error:
        raise LabelsError(f"Labels that are texts need the extra read. Get it with: {install_hint('read')}") from error
    edits = words = length = count = 0
    for answer, truth in pairs:
        said, true = fold(answer), fold(truth)
        edits += distance(said, true)
        length += len(true)
        words += distance(said.split(), true.split())
        count += len(true.split())
    return (edits / length if length else None), (words / count if count else None)
