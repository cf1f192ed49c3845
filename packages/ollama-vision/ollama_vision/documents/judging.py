"""The verdict on one page: its answer beside its text layer and what others read, and its answer by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .comparing import compare
from .edits import error_rates
from .folding import Folded, fold
from .page_words import words_of
from .repeats import find_repetitions
from .verdicts import (
    AGREES,
    CUT,
    NO_INK,
    NO_LAYER,
    NOT_COMPARED,
    NOT_DRAWN,
    ONLY_IN_ANSWER,
    REPEATS,
    ErrorRates,
    Finding,
    PageVerdict,
    worst,
)

_LAST_WORDS = 8
"""Words that show where an answer was cut."""


def judge_page(
    answer: str,
    *,
    layer: str | None,
    second: Mapping[str, str] | None = None,
    cut: bool = False,
    undrawn: Sequence[str] = (),
    compared: bool = True,
    ink: bool = True,
) -> PageVerdict:
    """What is to be thought of one page's answer.

    Args:
        answer: what the model said, Markdown or HTML; empty of a page without ink that was not asked about.
        layer: the page's own text, plain; `None` where it has none. One without any word counts as none.
        second: what second readers said of the same page, by their names, Markdown or plain.
        cut: whether the answer was cut, and came out no longer when it was asked again.
        undrawn: what of the page could not be drawn, as `PageFacts.undrawn` says it.
        compared: whether the layer is looked at (`--layer check`) or left aside (`--layer ignore`).
        ink: whether there is anything on the page, as `PageFacts.has_ink` says it.

    Raises:
        MissingExtraError: there is something to compare with, and the extra `read` is not installed.
    """
    of_layer = fold(layer, beside=answer) if layer is not None and compared else Folded(())
    said = fold(answer, markdown=True, beside=layer or "")
    findings: list[Finding] = []
    if cut:
        findings.append(Finding(CUT, answer=" ".join(said.text.split()[-_LAST_WORDS:])))
    findings += [Finding(NOT_DRAWN, reason=reason) for reason in undrawn]
    rates, readers = ErrorRates(None, None), {}
    otherwise = NO_LAYER if compared else NOT_COMPARED
    if of_layer.lines:
        otherwise = AGREES
        rates = error_rates(said, of_layer)
        findings += compare(said, of_layer)
    for name, text in (second or {}).items():
        read = fold(text, markdown=True, beside=answer)
        readers[name] = error_rates(said, read)
        if read.lines or not of_layer.lines:
            otherwise = AGREES
            findings += compare(said, read, name)
    if otherwise != AGREES:
        findings += _repetitions(said)
        if not ink:
            otherwise = NO_INK
            findings += [Finding(ONLY_IN_ANSWER, answer=said.text)] if said.lines else []
    verdict = worst((one.verdict for one in findings), otherwise)
    return PageVerdict(verdict, tuple(findings), rates.cer, rates.wer, readers)


def _repetitions(said: Folded) -> list[Finding]:
    words = words_of(said)
    return [
        Finding(REPEATS, answer=" ".join(word.shown for word in words[one.start : one.start + one.period]))
        for one in find_repetitions(words)
    ]
