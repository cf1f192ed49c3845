"""An answer beside the text that it should be (diff): the words that differ, as findings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from .alignment import Move, Span, align_in_any_order, differences_in_order, have_words_in_common
from .folding import Folded, unspaced
from .likeness import is_same_row, says_the_same
from .page_words import Word, words_of
from .rejoining import rejoined
from .repeats import said_again
from .turning import in_rows
from .verdicts import NUMBERS_DIFFER, ONLY_IN_ANSWER, ONLY_IN_LAYER, ORDER_DIFFERS, REPEATS, WORDS_DIFFER, Finding

_WORDS_OF_COLUMN = 3
"""Letters' words that a run must have to be a part of a column: less may be a cell in the wrong row."""
_AT_THE_END = 3
"""Words of the page from its beginning or end, where its number may stand."""
_MOST_TABLES = 8
_MOST_NEIGHBOURS = 6
_BETWEEN = 3
"""Words between two differences that may be one."""
_MUCH_MORE = 3
"""Times the words of the layer: an answer that has so many in their place may have said some again."""


def compare(answer: Folded, layer: Folded, reader: str | None = None) -> list[Finding]:
    """Where they differ, in the order of the answer. Raises MissingExtraError."""
    said, true = words_of(answer), words_of(layer)
    if [word.key for word in said] == [word.key for word in true]:
        return []
    true = rejoined(true, said)
    compared = _by_columns(_in_rows(_Comparison.of(true, said)))
    return [*compared.findings(reader)]


@dataclass(frozen=True)
class _Comparison:
    true: Sequence[Word]
    said: Sequence[Word]
    spans: Sequence[Span]
    """Where they differ."""
    moved: Sequence[Span] = ()
    """Where they are equal, and in another order."""
    turned: tuple[Finding, ...] = ()
    """What was put in another order before."""

    @classmethod
    def of(cls, true: Sequence[Word], said: Sequence[Word]) -> _Comparison:
        true_keys, keys = [word.key for word in true], [word.key for word in said]
        plain = cls(true, said, differences_in_order(true_keys, keys)).reduced()
        if not have_words_in_common(true_keys, keys, plain.spans):
            return plain
        aligned = align_in_any_order(true_keys, keys)
        spans, moved = [*aligned.differences], []
        for move in aligned.moved:
            if _may_stand_elsewhere(move, true, said):
                moved.append(move.span)
            else:
                spans += [move.gone, move.come]
        other = cls(true, said, spans, moved).reduced()
        return other if other.extent < plain.extent else plain

    @property
    def extent(self) -> int:
        return sum(span.length + span.other_length for span in self.spans)

    def better(self, other: _Comparison) -> _Comparison:
        """The one of both that has fewer differences; of the other one it is told that its words were put in order."""
        if other.extent >= self.extent:
            return self
        finding = Finding(ORDER_DIFFERS, *_turned(self.true, other.true, self.said, other.said))
        return replace(other, turned=(*self.turned, finding))

    def reduced(self) -> _Comparison:
        """Without what differs in spaces and punctuation alone, or in how the lines of a row's cells follow."""
        spans = [span for span in self.spans if not says_the_same(*self._words(span))]
        spans = [*self._not_in_one(spans)]
        moved = list(self.moved)
        for row in self._rows(spans):
            if is_same_row(*self._words(row)):
                spans = [span for span in spans if not row.covers(span)]
                moved.append(row)
        return replace(self, spans=spans, moved=moved)

    def _not_in_one(self, spans: Sequence[Span]) -> Iterator[Span]:
        """Without neighbours that say the same together: of "P a r t a n d" the "a" may have found another one."""
        at = 0
        while at < len(spans):
            last = at
            for other in range(at + 1, min(len(spans), at + _MOST_NEIGHBOURS)):
                before, behind = spans[other - 1], spans[other]
                between = behind.start - before.end
                if not 0 < between <= _BETWEEN or behind.other_start - before.other_end != between:
                    break
                together = Span(spans[at].start, behind.end, spans[at].other_start, behind.other_end)
                if says_the_same(*self._words(together)):
                    last = other
            if last == at:
                yield spans[at]
            at = last + 1

    def _rows(self, spans: Sequence[Span]) -> Iterator[Span]:
        """What of each row of a table differs, from the first word to the last."""
        rows: dict[int, list[Span]] = {}
        for span in spans:
            at = min(span.other_start, len(self.said) - 1)
            for index in {at, max(0, at - 1)}:
                if self.said and self.said[index].table >= 0:
                    rows.setdefault(self.said[index].line, []).append(span)
        for line, parts in rows.items():
            parts = [span for span in parts if all(word.line == line for word in self._words(span)[1])]
            if len(parts) > 1:
                yield Span(
                    min(span.start for span in parts),
                    max(span.end for span in parts),
                    min(span.other_start for span in parts),
                    max(span.other_end for span in parts),
                )

    def _words(self, span: Span) -> tuple[Sequence[Word], Sequence[Word]]:
        return self.true[span.start : span.end], self.said[span.other_start : span.other_end]

    def findings(self, reader: str | None) -> Iterator[Finding]:
        found = [(span.other_start, self._finding(span, reader)) for span in self.spans]
        for span in self.moved:
            of_layer, of_answer = self._words(span)
            found.append((span.other_start, Finding(ORDER_DIFFERS, _shown(of_layer), _shown(of_answer), reader)))
        yield from (replace(finding, reader=reader) for finding in self.turned)
        yield from (finding for _, finding in sorted(found, key=lambda one: one[0]))

    def _finding(self, span: Span, reader: str | None) -> Finding:
        of_layer, of_answer = self._words(span)
        if span.other_length > _MUCH_MORE * span.length:
            # Where one word is another as well, what is said again begins or ends beside it.
            again = said_again(self.said, span.other_start, span.other_end)
            if not again and of_layer:
                again = said_again(self.said, span.other_start + span.length, span.other_end)
            if again:
                return Finding(REPEATS, _shown(of_layer), _shown(again), reader)
        numbers = [[word.key for word in words if word.has_digits] for words in (of_layer, of_answer)]
        if not of_layer:
            verdict = ONLY_IN_ANSWER
        elif not of_answer:
            verdict = ONLY_IN_LAYER
        else:
            verdict = NUMBERS_DIFFER if numbers[0] != numbers[1] else WORDS_DIFFER
        return Finding(verdict, _shown(of_layer), _shown(of_answer), reader)


def _in_rows(best: _Comparison) -> _Comparison:
    """The same with the tables that one of both has by columns, and the other one by rows."""
    if best.spans and (said := in_rows(best.said, best.true)) is not None:
        best = best.better(_Comparison.of(best.true, said))
    if best.spans and (true := in_rows(best.true, best.said)) is not None:
        best = best.better(_Comparison.of(true, best.said))
    return best


def _by_columns(best: _Comparison) -> _Comparison:
    """The same, each table of the answer by its columns where the layer has it so: many programs write them so."""
    for table in sorted({word.table for word in best.said if word.table >= 0})[:_MOST_TABLES]:
        if not best.spans:
            break
        places = [at for at, word in enumerate(best.said) if word.table == table]
        start, end = places[0], places[-1] + 1
        turned = sorted(best.said[start:end], key=lambda word: word.column)
        best = best.better(_Comparison.of(best.true, [*best.said[:start], *turned, *best.said[end:]]))
    return best


def _may_stand_elsewhere(move: Move, true: Sequence[Word], said: Sequence[Word]) -> bool:
    """Whether a run is text in another column, or a page's number, and no word that has come into another sentence, no
    number that has come into another row."""
    span = move.span
    words = true[span.start : span.end]
    letters = sum(word.is_of_letters for word in words)
    numbers = len({word.whole for word in words if word.has_digits})
    if letters >= numbers and letters >= _WORDS_OF_COLUMN:
        return True
    in_table = any(word.table >= 0 for word in said[span.other_start : span.other_end])
    if _is_part(true, span.start, span.end) or _is_part(said, span.other_start, span.other_end):
        return False
    has_room = not (in_table or move.takes_place) and (letters > 0 or _ends_column(move, true, said))
    if not move.put_between and (not numbers or has_room):
        return True
    first = [span.start < _AT_THE_END, span.other_start < _AT_THE_END]
    last = [span.end > len(true) - _AT_THE_END, span.other_end > len(said) - _AT_THE_END]
    is_line = _is_line(true, span.start, span.end) and _is_line(said, span.other_start, span.other_end)
    return is_line and (first[0] != first[1] or last[0] != last[1])


def _is_part(words: Sequence[Word], start: int, end: int) -> bool:
    """Whether it begins or ends within a word: a year of a date."""
    pairs = [(start - 1, start), (end - 1, end)]
    return any(one >= 0 and two < len(words) and words[one].whole == words[two].whole for one, two in pairs)


def _ends_column(move: Move, true: Sequence[Word], said: Sequence[Word]) -> bool:
    """Whether it may be the last line of a column: any other number has a word beside it that is the same."""
    span = move.span
    ends = span.other_end == len(said) or said[span.other_end].line != said[span.other_end - 1].line
    begins_line = span.start == 0 or true[span.start - 1].line != true[span.start].line
    ends_line = span.end == len(true) or true[span.end].line != true[span.end - 1].line
    return ends and (begins_line or ends_line)


def _is_line(words: Sequence[Word], start: int, end: int) -> bool:
    """Whether these words are all of a line, and no row of a table."""
    begins = start == 0 or words[start - 1].line != words[start].line
    ends = end == len(words) or words[end].line != words[end - 1].line
    return begins and ends and words[start].table < 0


def _turned(
    true: Sequence[Word], other_true: Sequence[Word], said: Sequence[Word], other_said: Sequence[Word]
) -> tuple[str, str]:
    """What both texts have in the place where one of them was put in another order, each in its own."""
    before, after = (said, other_said) if true is other_true else (true, other_true)
    changed = [at for at, (one, other) in enumerate(zip(before, after, strict=True)) if one is not other]
    start, end = (changed[0], changed[-1] + 1) if changed else (0, 0)
    shown = _shown(before[start:end]), _shown(after[start:end])
    return (shown[1], shown[0]) if true is other_true else shown


def _shown(words: Iterable[Word]) -> str:
    """As they stand there: a word of several parts is not said for each of them."""
    return unspaced(" ".join({word.whole: word.shown for word in words}.values()))
