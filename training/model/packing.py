"""Sequence packing: a row is one shared prefix with its pictures, and bins of questions that see the prefix alone.

A prefix is an optional system turn, the head of a user turn and the pictures, each with its registers. A question
stands in a bin as `question<|im_end|> <|im_start|>assistant answer<|im_end|>`; its positions go on from the prefix's
end, so every question is a first one. All the prefixes of a batch are alike, which leaves nothing to pad.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from random import Random

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from training.model_config import END_OF_TEXT, END_OF_TURN, REGISTERS
from training.questions import tool_questions
from training.questions.asker import Asker
from training.questions.subjects import Ask, Fact, Truth

BIN = 128
BINS = 2
SYSTEMS = (
    "You are a helpful assistant.",
    "You are a vision model.",
    "You look at images and answer questions about them.",
    "Answer briefly.",
    "Be concise.",
    "Answer in English.",
    "You are an expert in image analysis.",
    "Answer truthfully.",
    "If you do not know, say so.",
    "You describe drawings for a museum.",
    "Look closely at every picture.",
    "The user will show you pictures.",
    "You are an agent. Use the tools if they help.",
    "Do not make things up.",
    "Your name is Shapes.",
    "Follow the instructions of the user.",
    "You help people who cannot see well.",
    "Think before you answer.",
)
_HEAD = "<|im_start|>user\n"
_TO_ANSWER = "<|im_end|>\n<|im_start|>assistant\n"
_STAMMER = 0.6
"""Of the answers under a grammar, the part whose keys are cut at random."""
_CUTS = (1, 1, 2, 3)
_CUTS_IN_PRACTICE = (0, 0, 1, 1, 2, 3)
"""How often such a key is cut, or a run of marks. A grammar often leaves a mark whole beside a key that it cuts."""


@dataclass(frozen=True)
class Layout:
    """A prefix without its pictures' own tokens: ids before them, and how many pictures and registers follow."""

    head: tuple[int, ...]
    pictures: int
    registers: int

    def length(self, patches: int) -> int:
        return len(self.head) + self.pictures * (patches + self.registers)


@dataclass(frozen=True)
class Rows:
    """A batch. All arrays but the last are [rows, BINS * BIN].

    `segments` number the questions of a bin from 0, -1 where nothing is; `weights` are of the token after each.
    """

    layout: Layout
    tokens: NDArray[np.int64]
    segments: NDArray[np.int64]
    offsets: NDArray[np.int64]
    targets: NDArray[np.int64]
    weights: NDArray[np.float32]
    kinds: tuple[tuple[str, ...], ...]
    """The kind of every question of a row, by its segment's number."""
    inside: tuple[tuple[int, int, int], ...] = ()
    """Pictures that stand within a question: row, first token, and which of the batch's pictures."""
    facts: tuple[tuple[int, int, Fact], ...] = ()
    """What must be known at some tokens for the answer to go on: row, token, and that."""


@dataclass(frozen=True)
class Spoken:
    """A question and its answer as tokens; the weight of a token is 0 unless the model is to say it."""

    kind: str
    ids: list[int]
    weights: list[float]
    picture_at: int | None = None
    """Where the picture's tokens begin, when they are not in the prefix."""
    facts: tuple[tuple[int, Fact], ...] = ()
    """What must be known at some of the tokens."""

    def facts_after(self, before: int) -> tuple[tuple[int, Fact], ...]:
        """The same when so many tokens stand before these."""
        return tuple((before + at, fact) for at, fact in self.facts)


class RowWriter:
    """Draws the questions of a batch and packs them."""

    def __init__(self, rng: Random, tokenizer: Tokenizer, *, practises: bool = False) -> None:
        self._rng = rng
        self._asker = Asker(rng, practises=practises)
        self._cuts = _CUTS_IN_PRACTICE if practises else _CUTS
        self._tokenizer = tokenizer

    def write(self, scenes: Sequence[Sequence[Truth]]) -> Rows:
        """A batch about these pictures: one list of none to two a row; with none, the row's questions are of it."""
        pictures = len(scenes[0])
        rng = self._rng
        tools = tool_questions.offer(rng) if pictures == 1 and rng.random() < 0.16 else {}
        head = self._ids(self._system(tools) + _HEAD)
        layout = Layout(tuple(head), pictures, 0 if rng.random() < 0.13 else REGISTERS)
        return self._pack(layout, [self._questions(row, tools) for row in scenes])

    def write_without_pictures(self, scenes: Sequence[Truth]) -> Rows:
        """A batch of people who forgot their picture."""
        layout = Layout(tuple(self._ids(self._system({}) + _HEAD)), 0, 0)

        def questions(scene: Truth) -> list[list[Spoken]]:
            return self._fill(lambda: self._spoken(self._asker.no_picture(scene)))

        return self._pack(layout, [questions(scene) for scene in scenes])

    def write_text_first(self, scenes: Sequence[Truth], patches: int) -> Rows:
        """A batch of questions in front of their pictures, as templates put them that know nothing of this model.

        One picture to a bin: BINS scenes a row.
        """
        layout = Layout(tuple(self._ids(self._system({}) + _HEAD)), 0, 0)
        spoken = [self._text_first(scene, patches) for scene in scenes]
        return self._pack(layout, [[[each] for each in spoken[at : at + BINS]] for at in range(0, len(spoken), BINS)])

    def _text_first(self, scene: Truth, patches: int) -> Spoken:
        while True:
            ask = self._asker.one_picture(scene)
            question = self._ids(ask.question + self._rng.choice(("", "\n", " ")))
            answer = self._spoken(Ask(ask.kind, "", ask.answer, ask.untaught, ask.facts))
            registers = self._ids(END_OF_TEXT) * self._rng.choice((0, REGISTERS))
            before = question + [0] * patches + registers
            if len(before) + len(answer.ids) <= BIN:
                weights = [0.0] * len(before) + answer.weights
                facts = answer.facts_after(len(before))
                return Spoken(ask.kind, before + answer.ids, weights, len(question), facts)

    def _system(self, tools: dict[str, tuple[str, ...]]) -> str:
        rng = self._rng
        lines = rng.sample(SYSTEMS, rng.choice((1, 1, 2, 3))) if rng.random() < (0.4 if tools else 0.14) else []
        text = "\n".join(filter(None, (" ".join(lines), tool_questions.tools_line(tools) if tools else "")))
        return f"<|im_start|>system\n{text}<|im_end|>\n" if text else ""

    def _questions(self, row: Sequence[Truth], tools: dict[str, tuple[str, ...]]) -> list[list[Spoken]]:
        if tools:
            return self._fill(lambda: self._tool_spoken(row[0], tools))
        if len(row) == 2:
            return self._fill(lambda: self._turns(lambda: self._asker.two_pictures(row)))
        return self._fill(lambda: self._turns(lambda: self._asker.one_picture(row[0])))

    def _turns(self, ask: Callable[[], Ask]) -> Spoken:
        first = self._spoken(ask())
        if self._rng.random() > 0.05:
            return first
        second = self._spoken(ask())
        between = self._ids("\n" + _HEAD)
        return Spoken(
            second.kind,
            first.ids + between + second.ids,
            first.weights + [0.0] * len(between) + second.weights,
            facts=first.facts + second.facts_after(len(first.ids) + len(between)),
        )

    def _tool_spoken(self, scene: Truth, tools: dict[str, tuple[str, ...]]) -> Spoken:
        ask = tool_questions.tool_ask(self._rng, scene, self._asker, tools)
        first = self._spoken(ask.first)
        if not ask.result:
            return first
        between = self._ids(f"\n<|im_start|>tool\n{ask.result}{_TO_ANSWER}")
        last = self._ids(ask.last + "<|im_end|>")
        weights = first.weights + [0.0] * len(between) + _weights(last)
        return Spoken("tool_result", first.ids + between + last, weights, facts=first.facts)

    def _spoken(self, ask: Ask) -> Spoken:
        question = self._ids(ask.question + _TO_ANSWER)
        stammers = bool(ask.untaught) and self._rng.random() < _STAMMER
        ids: list[int] = []
        taught: list[bool] = []
        ends: list[int] = []
        read = 0
        for text, is_taught in _cut(ask.answer + END_OF_TURN, ask.untaught):
            for piece in self._stammered(text, is_taught) if stammers else [text]:
                new = self._tokenizer.encode(piece)
                ids += new.ids
                taught += [is_taught] * len(new.ids)
                ends += (read + end for _, end in new.offsets)
                read += len(piece)
        weights = [weight * is_taught for weight, is_taught in zip(_weights(ids), taught, strict=True)]
        learnt = [0.0] * len(question) + weights
        # The token with a fact's first character is the first to end behind it; the one before it must know the fact.
        facts = tuple((len(question) + bisect_right(ends, at) - 1, fact) for at, fact in ask.facts)
        return Spoken(ask.kind, question + ids, learnt, facts=facts)

    def _stammered(self, text: str, is_taught: bool) -> Iterator[str]:
        """As a grammar brings it about: keys in pieces, and marks one by one that would have been one token."""
        if not is_taught:
            yield from self._pieces(text)
            return
        for run in re.findall(r'[{}\[\]":,]+|[^{}\[\]":,]+', text):
            yield from self._pieces(run) if len(run) > 1 and run[0] in '{}[]":,' else [run]

    def _pieces(self, text: str) -> list[str]:
        """A word cut at random: so does a grammar spell a key that the model would not have written."""
        cuts = sorted(self._rng.sample(range(1, len(text)), min(len(text) - 1, self._rng.choice(self._cuts))))
        return [text[start:end] for start, end in pairwise((0, *cuts, len(text)))]

    def _ids(self, text: str) -> list[int]:
        return list(self._tokenizer.encode(text).ids)

    def _fill(self, draw: Callable[[], Spoken]) -> list[list[Spoken]]:
        """Bins of questions; the first that fits nowhere ends it."""
        bins: list[list[Spoken]] = [[] for _ in range(BINS)]
        free = [BIN] * BINS
        while True:
            spoken = draw()
            length = len(spoken.ids)
            place = next((number for number in range(BINS) if free[number] >= length), None)
            if place is None:
                if all(len(spoken) for spoken in bins):
                    return bins
                continue
            bins[place].append(spoken)
            free[place] -= length

    def _pack(self, layout: Layout, rows: Sequence[Sequence[Sequence[Spoken]]]) -> Rows:
        shape = (len(rows), BINS * BIN)
        tokens, offsets = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        segments, targets = np.full(shape, -1, np.int64), np.zeros(shape, np.int64)
        weights = np.zeros(shape, np.float32)
        kinds: list[tuple[str, ...]] = []
        inside: list[tuple[int, int, int]] = []
        facts: list[tuple[int, int, Fact]] = []
        for row, bins in enumerate(rows):
            number = 0
            for place, spoken_ones in enumerate(bins):
                at = place * BIN
                for spoken in spoken_ones:
                    length = len(spoken.ids)
                    here = slice(at, at + length)
                    tokens[row, here] = spoken.ids
                    offsets[row, here] = np.arange(length)
                    segments[row, here] = number
                    facts += [(row, *told) for told in spoken.facts_after(at)]
                    if spoken.picture_at is not None:
                        inside.append((row, at + spoken.picture_at, len(inside)))
                    targets[row, at : at + length - 1] = spoken.ids[1:]
                    weights[row, at : at + length - 1] = spoken.weights[1:]
                    at, number = at + length, number + 1
            kinds.append(tuple(spoken.kind for spoken_ones in bins for spoken in spoken_ones))
        return Rows(
            layout,
            tokens,
            segments,
            offsets,
            targets,
            weights,
            tuple(kinds),
            tuple(inside),
            tuple(facts),
        )


def _cut(text: str, untaught: Sequence[tuple[int, int]]) -> Iterator[tuple[str, bool]]:
    """The text in pieces, and whether each is to be learnt."""
    at = 0
    for start, end in untaught:
        if at < start:
            yield text[at:start], True
        if start < end:
            yield text[start:end], False
        at = end
    yield text[at:], True


def _weights(ids: Sequence[int]) -> list[float]:
    """Long answers weigh more than short ones, but not in proportion; the first token says much of it."""
    each = len(ids) ** -0.5
    return [max(each, 0.5), *[each] * (len(ids) - 1)] if ids else []
