"""Runs out of results.jsonl: of each model and request the last line of each picture, as far as comparing needs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..results.ledger import Version, lines_of
from ..results.requests import read_requests

LABEL, TEXT = "label", "text"


@dataclass(frozen=True)
class Said:
    """What one line says of its picture."""

    path: str
    page: int | None
    pages: int | None
    version: Version
    sha256: str
    text: str
    fields: Mapping[str, Any]
    label: str | None
    """Of a choice; `None` where there was none."""
    probabilities: Mapping[str, float] | None
    confidence: Mapping[str, Any]
    """How sure the model was of fields of its answer."""
    error: str
    """The error's type; empty for an answer."""
    seconds: float | None
    tokens: int | None

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Said:
        choice, fields, usage = record.get("choice"), record.get("fields"), record.get("usage")
        choice = choice if isinstance(choice, dict) else {}
        shares = choice.get("probabilities")
        confidence = record.get("confidence")
        error = record["error"]
        tokens = usage.get("total_tokens") if isinstance(usage, dict) else None
        seconds = record.get("seconds")
        return cls(
            path=record["path"],
            page=record["page"],
            pages=record["pages"],
            version=Version(record["size"], record["modified"]),
            sha256=str(record.get("sha256") or ""),
            text=record["text"],
            fields=fields if isinstance(fields, dict) else {},
            label=choice.get("label"),
            probabilities=shares if isinstance(shares, dict) and shares else None,
            confidence=confidence if isinstance(confidence, dict) else {},
            error="" if error is None else str(error.get("type") or "Error"),
            seconds=seconds if isinstance(seconds, (int, float)) else None,
            tokens=tokens if isinstance(tokens, int) else None,
        )

    def answer(self, column: str) -> Any:
        """What it says of a column: the label, the text, or a field, a nested one by its path with dots."""
        if column == TEXT:
            return self.text
        if column == LABEL:
            return self.text if self.label is None else self.label
        if (column := column.removeprefix("fields.")) in self.fields:
            return self.fields[column]
        value: Any = self.fields
        for part in column.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        return value

    def certainty(self, column: str) -> float | None:
        """The probability of what it says of a column; `None` where it is not told."""
        if column == LABEL and self.probabilities:
            return max(self.probabilities.values())
        told = self.confidence.get(column.removeprefix("fields."))
        return told if isinstance(told, (int, float)) else None


@dataclass
class RunLines:
    """What one model said to one request."""

    file: str
    model: str
    request: str
    asked: Mapping[str, Any]
    """What was asked, as the file beside the results says; empty where it says nothing."""
    said: dict[tuple[str, int | None], Said] = field(default_factory=dict)


def read_runs(file: Path) -> list[RunLines]:
    """The runs of a file, in the order of their first lines; raises DamagedResultsError, OSError."""
    requests = read_requests(file)
    runs: dict[tuple[str, str], RunLines] = {}
    with file.open("rb") as lines:
        for line in lines_of(lines, file):
            record = line.record
            asking = record["model"], record["request"]
            run = runs.get(asking)
            if run is None:
                run = runs[asking] = RunLines(str(file), *asking, requests.get(asking[1], {}))
            run.said[record["path"], record["page"]] = Said.of(record)
    return list(runs.values())
