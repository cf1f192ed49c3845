"""The comparison as one HTML page: the runs, their calibration curves, and the pictures on which they disagree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ollama_vision.batch import Comparison, Verdict
from ollama_vision.words import counted

from ..report.html import Html, element, joined
from ..report.page_frame import CLOSING, opening, put_in_place, table, title_line
from ..report.thumbnails import Sight, in_order, look_at
from .plots import accuracy_bars, calibration_curve
from .table import difference_line, wrong_pairs

MOST_PICTURES = 200
"""On the page; each has a thumbnail of some 10 kB."""
_STYLES = ("report.css", "compare.css")
_SHOWN_TEXT = 2_000


@dataclass(frozen=True)
class Disagreement:
    """A picture that at least one run has wrong, with what each says of it."""

    column: str
    verdicts: tuple[Verdict | None, ...]
    """By run; `None` where one has no answer or no such picture."""

    @property
    def badness(self) -> tuple[int, float]:
        """How many have it wrong, and how sure they were."""
        wrong = [verdict for verdict in self.verdicts if verdict and not verdict.right]
        return len(wrong), sum(verdict.said.certainty(self.column) or 0.0 for verdict in wrong)

    @property
    def first(self) -> Verdict:
        return next(verdict for verdict in self.verdicts if verdict)


def disagreements(comparison: Comparison) -> list[Disagreement]:
    """The pictures on which runs disagree, worst first; of one run alone, those that it has wrong."""
    found: dict[tuple[str, int], list[Verdict | None]] = {}
    count = len(comparison.runs)
    for number, run in enumerate(comparison.runs):
        for column, verdicts in run.verdicts.items():
            for verdict in verdicts:
                found.setdefault((column, verdict.row), [None] * count)[number] = verdict
    made = [Disagreement(column, tuple(verdicts)) for (column, _), verdicts in found.items()]
    return sorted(filter(_is_one, made), key=lambda each: each.badness, reverse=True)


def _is_one(each: Disagreement) -> bool:
    told = [verdict for verdict in each.verdicts if verdict]
    if all(verdict.right for verdict in told):
        return False
    return len(each.verdicts) == 1 or len({verdict.answer for verdict in told}) > 1 or len(told) < len(each.verdicts)


def write_page(page: Path, comparison: Comparison, told: Mapping[str, Any], root: Path) -> None:
    """Write the page; it is there when it is whole, and not before. Raises OSError."""
    put_in_place(page, _pieces(comparison, told, root))


def _pieces(comparison: Comparison, told: Mapping[str, Any], root: Path) -> Iterator[str]:
    title = "Results compared with labels"
    yield opening(title, _STYLES)
    yield element("header", title_line(title))
    runs: Sequence[Mapping[str, Any]] = told["runs"]
    columns = list(dict.fromkeys(column for run in runs for column in run["fields"]))
    for column in columns:
        yield _column(column, runs)
    if told["differences"]:
        lines = (element("li", difference_line(each)) for each in told["differences"])
        yield element("section", element("h2", "Which differences are real"), element("ul", *lines), class_="compared")
    yield from _pictures(comparison, root)
    yield CLOSING


def _column(column: str, runs: Sequence[Mapping[str, Any]]) -> Html:
    """One column of the labels, over all runs."""
    fields = [(number, run, run["fields"][column]) for number, run in enumerate(runs) if column in run["fields"]]
    return element(
        "section",
        element("h2", column),
        _table(fields),
        accuracy_bars([(f"run {number}", field) for number, _, field in fields]),
        *(
            element(
                "figure",
                calibration_curve(field["calibration"]),
                element(
                    "figcaption",
                    f"Run {number}: how often the chosen label is right, by its probability. "
                    f"Expected calibration error {field['calibration_error']:.3f}.",
                ),
            )
            for number, _, field in fields
            if field["calibration"]
        ),
        *(_confusion(number, field["confusion"]) for number, _, field in fields if field["confusion"]),
        class_="compared",
    )


def _table(fields: Sequence[tuple[int, Mapping[str, Any], Mapping[str, Any]]]) -> Html:
    headings = ("run", "model", "detail", "prompt", "right", "accuracy", "95 %", "Brier", "CER", "WER", "s", "tokens")
    rows = []
    for number, run, field in fields:
        cells = (
            f"{number}",
            run["model"],
            run["detail"] or "",
            run["prompt"] or "",
            f"{field['right']:,} of {field['n']:,}",
            f"{field['accuracy']:.1%}",
            f"{field['low']:.1%} to {field['high']:.1%}",
            *("" if field[name] is None else f"{field[name]:.4f}" for name in ("brier", "cer", "wer")),
            "" if run["seconds"] is None else f"{run['seconds']:.2f}",
            "" if run["tokens"] is None else f"{run['tokens']:,.0f}",
        )
        rows.append(cells)
    return table(headings, rows)


def _confusion(number: int, confusion: Mapping[str, Mapping[str, int]]) -> Html:
    """Rows are what is true, columns what was said; large ones as a list of what went wrong."""
    answers = sorted({*confusion, *(answer for row in confusion.values() for answer in row)})
    if len(answers) > 20:
        wrong = wrong_pairs(confusion)[:50]
        items = (element("li", f"{count:,} times {truth} was said to be {answer}") for count, truth, answer in wrong)
        return element("details", element("summary", f"Run {number}: taken for something else"), element("ul", *items))
    head = element("tr", element("th", "true \\ said"), *(element("th", answer) for answer in answers))
    rows = (
        element(
            "tr",
            element("th", truth),
            *(
                element("td", str(row.get(answer, "")), class_="right" if answer == truth else None)
                for answer in answers
            ),
        )
        for truth, row in sorted(confusion.items())
    )
    table = element("table", element("thead", head), element("tbody", *rows))
    return element("details", element("summary", f"Run {number}: what was taken for what"), table, open=True)


def _pictures(comparison: Comparison, root: Path) -> Iterator[str]:
    found = disagreements(comparison)
    alone = len(comparison.runs) == 1
    heading = "Pictures that are wrong" if alone else "Pictures on which the runs disagree"
    note = f"{counted(len(found), 'picture')}, worst first" if found else "None."
    if len(found) > MOST_PICTURES:
        note += f"; the first {MOST_PICTURES} are shown"
    yield Html('<section class="compared">')
    yield joined(element("h2", heading), element("p", note, class_="label"), Html('<ol class="cases">'))
    for each, sight in in_order(found[:MOST_PICTURES], lambda each: look_at((each.first.said,), root)):
        yield _case(each, sight, alone)
    yield Html("</ol></section>")


def _case(each: Disagreement, sight: Sight, alone: bool) -> Html:
    first = each.first
    place = first.said.path if first.said.page is None else f"{first.said.path}, page {first.said.page}"
    shown = (
        element("img", src=sight.data_url, alt=place, width=sight.size[0], height=sight.size[1])
        if sight.state == "shown"
        else element("p", sight.problem, class_="label")
    )
    said = (
        element(
            "li",
            element("b", f"run {number}: ") if not alone else "",
            "no answer" if verdict is None else verdict.answer[:_SHOWN_TEXT],
            _sure(verdict, each.column),
            class_="wrong" if verdict is None or not verdict.right else "right",
        )
        for number, verdict in enumerate(each.verdicts)
    )
    truth = element("p", element("b", f"{each.column}: "), first.truth[:_SHOWN_TEXT] or "(nothing)")
    return element("li", shown, element("div", element("p", place, class_="place"), truth, element("ul", *said)))


def _sure(verdict: Verdict | None, column: str) -> str:
    share = None if verdict is None else verdict.said.certainty(column)
    return "" if share is None else f" ({share:.0%})"
