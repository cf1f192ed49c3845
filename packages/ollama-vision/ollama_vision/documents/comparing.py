"""An answer beside the text that it should be (diff): the words that differ, as findings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from .alignment import Span, align_in_any_order, differences_in_order, have_runs_in_common
from .folding import Folded
from .page_words import SIGNS, Word, words_of
from .repeats import said_again
from .verdicts import NUMBERS_DIFFER, ONLY_IN_ANSWER, ONLY_IN_LAYER, ORDER_DIFFERS, REPEATS, WORDS_DIFFER, Finding

_NO_MATTER = re.compile(rf"(?<!\d)[^\w\s{SIGNS}](?!\d)")
_STRICT = re.compile(r"@|://")
_PIECES = re.compile(r"\d+")
_BOUNDARY = "\x00"
_WORDS_OF_COLUMN = 3
"""Letters' words that a run must have to be a part of a column: less may be a cell in the wrong row."""


def compare(answer: Folded, layer: Folded, reader: str | None = None) -> list[Finding]:
    """Where they differ, in the order of the answer. Raises MissingExtraError."""
    said, true = words_of(answer), words_of(layer)
    keys, true_keys = [word.key for word in said], [word.key for word in true]
    if keys == true_keys:
        return []
    spans = _that_matter(differences_in_order(true_keys, keys), true, said)
    moved: tuple[Span, ...] = ()
    if have_runs_in_common(true_keys, keys, spans):
        aligned = align_in_any_order(true_keys, keys)
        others = _that_matter(aligned.differences, true, said)
        unsafe = [span for span in aligned.moved if not _is_column(true[span.start : span.end])]
        if not unsafe and _extent(others) < _extent(spans):
            spans, moved = others, aligned.moved
    found = [(span.other_start, _finding(span, true, said, reader)) for span in spans]
    found += [(span.other_start, Finding(ORDER_DIFFERS, *_shown(span, true, said), reader)) for span in moved]
    return [finding for _, finding in sorted(found, key=lambda one: one[0])]


def _extent(spans: Iterable[Span]) -> int:
    return sum(span.length + span.other_length for span in spans)


def _is_column(words: Sequence[Word]) -> bool:
    """Whether a run that stands elsewhere is text, and not numbers that have come into another row."""
    letters = sum(word.is_of_letters for word in words)
    return letters >= _WORDS_OF_COLUMN and letters >= sum(word.has_digits for word in words)


def _that_matter(spans: Iterable[Span], true: Sequence[Word], said: Sequence[Word]) -> list[Span]:
    """Without those that differ in spaces and punctuation alone, and without equal words at their ends."""
    return [
        span
        for span in spans
        if not _says_the_same(true[span.start : span.end], said[span.other_start : span.other_end])
    ]


def _says_the_same(true: Sequence[Word], said: Sequence[Word]) -> bool:
    first, second = _bare(true), _bare(said)
    if first.replace(_BOUNDARY, "") != second.replace(_BOUNDARY, ""):
        return False
    return all(_same_groups(one, other) for one, other in zip(_numbers(first), _numbers(second), strict=True))


def _bare(words: Sequence[Word]) -> str:
    """The keys without what spaces and punctuation between letters make different, and with marks between words."""
    keys = [word.key if _STRICT.search(word.key) else _NO_MATTER.sub("", word.key) for word in words]
    return _BOUNDARY.join(keys)


def _numbers(bare: str) -> list[list[int]]:
    """Of each row of digits, whatever words it is in: how long its pieces are."""
    joined = re.sub(rf"(?<!\d){_BOUNDARY}|{_BOUNDARY}(?!\d)", "", bare)
    return [[len(piece) for piece in one[0].split(_BOUNDARY)] for one in re.finditer(rf"\d(?:{_BOUNDARY}?\d)*", joined)]


def _same_groups(first: list[int], second: list[int]) -> bool:
    """Whether digits are grouped alike, or in one way by thousands or one by one, and in the other not at all."""
    if first == second or max(first) == 1 or max(second) == 1:
        return True
    fewer, more = sorted((first, second), key=len)
    return len(fewer) == 1 and more[0] <= 3 and all(length == 3 for length in more[1:])


def _finding(span: Span, true: Sequence[Word], said: Sequence[Word], reader: str | None) -> Finding:
    of_layer, of_answer = true[span.start : span.end], said[span.other_start : span.other_end]
    if not of_layer:
        verdict = REPEATS if said_again(said, span.other_start, span.other_end) else ONLY_IN_ANSWER
    elif not of_answer:
        verdict = ONLY_IN_LAYER
    else:
        numbers = [[word.key for word in words if word.has_digits] for words in (of_layer, of_answer)]
        verdict = NUMBERS_DIFFER if numbers[0] != numbers[1] else WORDS_DIFFER
    return Finding(verdict, *_shown(span, true, said), reader)


def _shown(span: Span, true: Sequence[Word], said: Sequence[Word]) -> tuple[str, str]:
    of_layer, of_answer = true[span.start : span.end], said[span.other_start : span.other_end]
    return " ".join(_each_once(of_layer)), " ".join(_each_once(of_answer))


def _each_once(words: Sequence[Word]) -> Iterator[str]:
    """As they stand there: a word of several parts is not said for each of them."""
    last: Word | None = None
    for word in words:
        if last is None or word.whole != last.whole:
            yield word.shown
        last = word
