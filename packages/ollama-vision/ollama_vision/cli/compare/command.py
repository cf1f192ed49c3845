"""`ollama-vision compare`: the command's body."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ollama_vision import batch
from ollama_vision.errors import DamagedResultsError, LabelsError
from ollama_vision.words import counted

from ..common.exits import DONE, FAILED, WRONG_COMMAND_LINE
from ..common.screen import Screen, named, silence_output
from ..report.page_frame import put_in_place
from .page import write_page
from .table import lines_of_runs

_NAMES = 5
"""Of pictures, before "and so many more"."""


def compare(
    results: Sequence[Path],
    labels: Path,
    *,
    exact: bool,
    page: Path | None,
    root: Path | None,
    calibration: Path | None,
    as_json: bool,
) -> int:
    """Compare, and give the exit code."""
    with Screen() as screen:
        screen.wait("Reading results")
        try:
            comparison = batch.compare(results, labels, exact=exact)
            told = comparison.to_dict()
            fitted = None if calibration is None else batch.fit(comparison)
            if fitted is not None and calibration is not None:
                put_in_place(calibration, [fitted.calibration.to_json()])
            if page is not None:
                screen.wait("Making the page")
                write_page(page, comparison, told, Path.cwd() if root is None else root)
            screen.pause()
            text = json.dumps(told, indent=2, ensure_ascii=False) if as_json else "\n".join(lines_of_runs(told))
            sys.stdout.write(text + "\n")
            sys.stdout.flush()
        except (LabelsError, DamagedResultsError) as error:
            screen.complain(str(error))
            return WRONG_COMMAND_LINE
        except BrokenPipeError:
            silence_output()
            return FAILED
        except OSError as error:
            screen.complain(f"{error.filename or labels}: {error.strerror or error}.")
            return WRONG_COMMAND_LINE
        _say_what_is_left_out(screen, told["runs"])
        if fitted is not None:
            _say_what_it_gains(screen, fitted, str(calibration))
    return DONE


def _say_what_is_left_out(screen: Screen, runs: Sequence[dict[str, Any]]) -> None:
    for number, run in enumerate(runs):
        whose = f"Run {number}: " if len(runs) > 1 else ""
        for what, names in (
            ("without a label", run["missing"]),
            ("labelled and not in the results", run["surplus"]),
            ("labelled twice", run["doubled"]),
        ):
            if names:
                screen.note(f"{whose}{counted(len(names), 'picture')} {what}: {_names(names)}.")
        if run["copied"]:
            screen.note(
                f"{whose}{counted(run['copied'], 'picture')} with the answer to another one (same_as), judged by "
                f"{'its own label' if run['copied'] == 1 else 'their own labels'}."
            )
        if run["failed"]:
            kinds = ", ".join(f"{count} {kind}" for kind, count in run["failures"].items())
            screen.note(f"{whose}{counted(run['failed'], 'picture')} without an answer, not counted: {kinds}.")


def _names(names: Sequence[str]) -> str:
    shown = ", ".join(map(named, names[:_NAMES]))
    return shown + (f" and {len(names) - _NAMES:,} more" if len(names) > _NAMES else "")


def _say_what_it_gains(screen: Screen, fitted: batch.Fitted, file: str) -> None:
    made = fitted.calibration
    screen.remark(
        f"Temperature {made.temperature:.3f} from {counted(made.n, 'picture')}, in {file}. On pictures that it was not "
        f"fitted on (5 folds) the log loss goes from {fitted.held_out_before:.4f} to {fitted.held_out_after:.4f} a "
        "picture."
    )
    if fitted.at_bound:
        screen.note(
            "The temperature is at the end of what was tried: too few labels are wrong, or too many, to fit it well."
        )
    elif fitted.held_out_after >= fitted.held_out_before:
        screen.note("It gains nothing on pictures that it was not fitted on: the probabilities are as good without it.")
