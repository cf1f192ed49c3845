"""A line of results.jsonl as an answer, with types: a value that is not of its kind counts as not said."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from ollama_vision.protocol import value_at

from .ledger import Version

LABEL, TEXT = "label", "text"


@dataclass(frozen=True)
class RecordedAnswer:
    """What one line says of its picture, or why it says nothing."""

    path: str
    page: int | None
    """The page or frame, counted from 1; `None` for a picture of its own, and for all pages together."""
    pages: int | None
    version: Version
    sha256: str
    text: str
    fields: Any
    """`None` where no class was asked for."""
    label: str | None
    """Of a choice; `None` where there was none."""
    probabilities: Mapping[str, float] | None
    """Of each label, where the server tells them."""
    confidence: Mapping[str, float]
    """How sure the model was of fields of its answer."""
    error: str | None
    """The error's type; `None` for an answer."""
    seconds: float | None
    seconds_in_video: float | None
    """Of a frame: when it is shown."""
    tokens: int | None
    """Of the prompt and the answer."""
    is_copied: bool
    """Whether it is the answer to another picture, which alone was asked about."""

    @classmethod
    def of(cls, record: Mapping[str, Any], **more: Any) -> Self:
        """Whoever reads more of a line passes it on."""
        choice, error = record.get("choice"), record["error"]
        choice = choice if isinstance(choice, dict) else {}
        return cls(
            path=record["path"],
            page=record["page"],
            pages=record["pages"],
            version=Version(record["size"], record["modified"]),
            sha256=str(record.get("sha256") or ""),
            text=record["text"],
            fields=record.get("fields"),
            label=choice.get("label"),
            probabilities=_numbers(choice.get("probabilities")) or None,
            confidence=_numbers(record.get("confidence")),
            error=None if error is None else str(error.get("type") or "Error"),
            seconds=number_in(record, "seconds"),
            seconds_in_video=number_in(record, "seconds_in_video"),
            tokens=usage_in(record).get("total_tokens"),
            is_copied=record.get("same_as") is not None,
            **more,
        )

    @property
    def text_beside(self) -> str:
        """The text, unless it says only what the fields say."""
        if self.fields is not None:
            try:
                if json.loads(self.text) == self.fields:
                    return ""
            except (ValueError, RecursionError):
                pass
        return self.text

    def answer(self, column: str) -> Any:
        """What it says of a column: the label, the text, or a field, a nested one by its path with dots."""
        if column == TEXT:
            return self.text
        if column == LABEL:
            return self.text if self.label is None else self.label
        fields = self.fields if isinstance(self.fields, Mapping) else {}
        name = column.removeprefix("fields.")
        return fields[name] if name in fields else value_at(fields, name)

    def certainty(self, column: str) -> float | None:
        """The probability of what it says of a column; `None` where it is not told."""
        if column == LABEL and self.probabilities:
            return max(self.probabilities.values())
        return self.confidence.get(column.removeprefix("fields."))


def number_in(record: Mapping[str, Any], name: str) -> float | None:
    """A number of a line, which may have been written by hand."""
    value = record.get(name)
    # Also turns down what JSON does not have and Python reads: NaN, Infinity.
    return float(value) if isinstance(value, (int, float)) and 0 <= value < 1e9 else None


def usage_in(record: Mapping[str, Any]) -> dict[str, int]:
    """Tokens by the names of `Answer.usage`."""
    told = record.get("usage")
    return {name: count for name, count in told.items() if isinstance(count, int)} if isinstance(told, dict) else {}


def _numbers(told: Any) -> dict[str, float]:
    if not isinstance(told, dict):
        return {}
    return {str(name): number for name in told if (number := number_in(told, name)) is not None}
