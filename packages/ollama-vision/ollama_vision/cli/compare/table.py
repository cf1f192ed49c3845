"""A comparison as lines of a terminal: a row for each run and column of the labels, what was taken for what, chance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..common.screen import one_line

_HEADINGS = ("run", "model", "detail", "of", "right", "accuracy", "95 %", "Brier", "CER", "WER", "seconds", "tokens")
_LEFT = {"model", "detail", "of"}
_MOST_WRONG = 8
_LONGEST_PROMPT = 60
REAL = 0.05
"""A split as uneven by chance alone in less than this share of cases is called real."""


def lines_of_runs(told: Mapping[str, Any]) -> Iterator[str]:
    """What stands on standard output."""
    runs: Sequence[Mapping[str, Any]] = told["runs"]
    yield from _aligned([_HEADINGS, *(row for number, run in enumerate(runs) for row in _rows(number, run))])
    if len(runs) > 1:
        yield ""
        for number, run in enumerate(runs):
            prompt = one_line(str(run["prompt"] or ""))
            shown = prompt[: _LONGEST_PROMPT - 1] + "…" if len(prompt) > _LONGEST_PROMPT else prompt
            yield f"Run {number} is {one_line(run['file'])}, {one_line(run['model'])}" + (f": {shown}" if shown else "")
    for number, run in enumerate(runs):
        whose = f" (run {number})" if len(runs) > 1 else ""
        for column, field in run["fields"].items():
            wrong = wrong_pairs(field["confusion"] or {})
            if wrong:
                yield ""
                yield f"Taken for something else, {one_line(column)}{whose}:"
                yield from (
                    f"  {count:>5}  {one_line(truth)!r} was said to be {one_line(answer)!r}"
                    for count, truth, answer in wrong[:_MOST_WRONG]
                )
    if told["differences"]:
        yield ""
        yield from map(difference_line, told["differences"])


def wrong_pairs(confusion: Mapping[str, Mapping[str, int]]) -> list[tuple[int, str, str]]:
    """What was taken for what, the most frequent first."""
    pairs = [
        (count, truth, answer)
        for truth, answers in confusion.items()
        for answer, count in answers.items()
        if answer != truth
    ]
    return sorted(pairs, key=lambda pair: -pair[0])


def difference_line(difference: Mapping[str, Any]) -> str:
    """Whether one run is better than another, in words."""
    a, b, p = difference["a"], difference["b"], difference["p"]
    only_a, only_b = difference["only_a"], difference["only_b"]
    split = f"{only_a} only run {a} has right, {only_b} only run {b}; p = {p:.3g}"
    if p >= REAL:
        return f"{difference['field']}: runs {a} and {b} differ by no more than chance ({split})."
    better, other = (a, b) if only_a > only_b else (b, a)
    return f"{difference['field']}: run {better} is better than run {other} ({split})."


def _rows(number: int, run: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    for column, field in run["fields"].items():
        yield (
            str(number),
            one_line(run["model"]),
            str(run["detail"] or ""),
            one_line(column),
            f"{field['right']:,} of {field['n']:,}",
            f"{field['accuracy']:.1%}",
            f"{field['low']:.1%} to {field['high']:.1%}",
            _number(field["brier"], 4),
            _number(field["cer"], 4),
            _number(field["wer"], 4),
            _number(run["seconds"], 2),
            _number(run["tokens"], 0),
        )


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:,.{digits}f}"


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Columns in which something is told, aligned."""
    kept = [index for index in range(len(rows[0])) if any(row[index] for row in rows[1:])]
    widths = {index: max(len(row[index]) for row in rows) for index in kept}
    for row in rows:
        cells = (
            row[index].ljust(widths[index]) if _HEADINGS[index] in _LEFT else row[index].rjust(widths[index])
            for index in kept
        )
        yield "  ".join(cells).rstrip()
