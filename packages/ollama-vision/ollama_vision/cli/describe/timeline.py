"""`--timeline`: the answers about each video of a run with their times, as Markdown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ollama_vision.atomic_replace import replacing
from ollama_vision.batch import lines_of
from ollama_vision.pictures import clock

from ..common.screen import named


@dataclass(frozen=True)
class Moment:
    """What one question about frames of a video came to."""

    times: tuple[float, ...]
    """Of its frames, in seconds."""
    text: str
    """The answer, or why there is none."""
    is_answer: bool


def write_timeline(results: Path, file: Path, paths: Sequence[str], requests: Mapping[str, str]) -> int:
    """Put it there in one step, and say of how many videos it tells.

    Args:
        results: the lines that the run has written, and those that were there.
        paths: of the run's files, in their order.
        requests: of the run, with the model of each.

    Raises:
        DamagedResultsError: the lines are not what a run writes.
    """
    with results.open("rb") as lines:
        moments = moments_of((line.record for line in lines_of(lines, results)), requests)
    told = [path for path in paths if any((path, request) in moments for request in requests)]
    text = "".join(["# Timeline\n", *(_section(path, moments, requests) for path in told)])
    with replacing(file) as fresh:
        fresh.write_text(text if told else f"{text}\nThere is no answer about a video.\n", encoding="utf-8")
    return len(told)


def moments_of(
    records: Iterable[Mapping[str, Any]], requests: Mapping[str, str]
) -> dict[tuple[str, str], list[Moment]]:
    """Of each file and request, by time; the last line of a frame counts."""
    found: defaultdict[tuple[str, str], dict[int | None, Moment]] = defaultdict(dict)
    for record in records:
        times = record.get("seconds_in_video")
        if times is None or record["request"] not in requests:
            continue
        error = record["error"]
        text = record["text"] if error is None else str(error.get("message", ""))
        each = tuple(times) if isinstance(times, list) else (times,)
        found[record["path"], record["request"]][record["page"]] = Moment(each, text, error is None)
    return {key: sorted(moments.values(), key=lambda moment: moment.times) for key, moments in found.items()}


def _section(path: str, moments: Mapping[tuple[str, str], Sequence[Moment]], requests: Mapping[str, str]) -> str:
    parts = [f"\n## {named(path)}\n"]
    for request, model in requests.items():
        if (path, request) in moments:
            parts.append(f"\n### {named(model)}\n" if len(requests) > 1 else "")
            parts.append("\n" + "".join(map(_entry, moments[path, request])))
    return "".join(parts)


def _entry(moment: Moment) -> str:
    """An item of a list; further lines of an answer are indented, so that they belong to it."""
    times = ", ".join(map(clock, moment.times))
    text = "\n  ".join(moment.text.strip().splitlines()).replace("\n  \n", "\n\n")
    return f"- **{times}** {text}\n" if moment.is_answer else f"- **{times}** *failed:* {text}\n"
