"""Runs out of results.jsonl: of each model and request the last line of each picture, as far as comparing needs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..results.ledger import lines_of
from ..results.recorded_answer import RecordedAnswer
from ..results.requests import read_requests


@dataclass
class RunLines:
    """What one model said to one request."""

    file: str
    model: str
    request: str
    asked: Mapping[str, Any]
    """What was asked, as the file beside the results says; empty where it says nothing."""
    said: dict[tuple[str, int | None], RecordedAnswer] = field(default_factory=dict)


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
            run.said[record["path"], record["page"]] = RecordedAnswer.of(record)
    return list(runs.values())
