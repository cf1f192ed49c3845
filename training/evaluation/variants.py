"""The same mixed questions asked in many ways: other formats, sizes and frames, capitals, other chats and templates."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from random import Random

from PIL import Image

from training.evaluation import row_names
from training.evaluation.cases import (
    NO_REGISTERS,
    OWN,
    TEXT_FIRST,
    TEXT_FIRST_NO_REGISTERS,
    Case,
    Picture,
    Turn,
    one_turn,
)
from training.evaluation.held_out_wordings import SYSTEM_PROMPTS
from training.evaluation.scoring import Expected, part
from training.evaluation.sets import Pool, of_row, seeded
from training.questions import answers
from training.scenes.draw import disturb, padded

MIXED = (
    row_names.DESCRIBE,
    row_names.COUNT,
    row_names.COLOUR,
    row_names.SHAPE,
    row_names.EXISTS,
    row_names.WHERE,
    row_names.SIZE,
    row_names.BACKGROUND,
    row_names.JSON_LIST,
    row_names.WHICH,
)
"""The kinds of question, in equal shares."""


@dataclass(frozen=True)
class Question:
    """A question about undisturbed pictures, `expected` to be answered in the same way however it is asked."""

    row: str
    text: str
    images: tuple[Image.Image, ...]
    pictures: tuple[Picture, ...]
    counts: tuple[int, ...]
    """How many shapes are on each picture."""
    expected: Expected

    def with_pictures(self, change: Callable[[Image.Image], Picture]) -> tuple[Turn, ...]:
        return one_turn(self.text, *(change(image) for image in self.images))


@lru_cache(maxsize=1)
def mixed(seed: int, n: int) -> tuple[Question, ...]:
    """`n` questions, the same ones for every variant."""
    rng = seeded(seed, "mixed")
    pool = Pool.drawn(rng, n, disturbed=False)
    questions = []
    for number, row in enumerate(MIXED):
        share = n // len(MIXED) + (number < n % len(MIXED))
        for _, case, asked in of_row(row, share, pool, rng):
            images = tuple(drawn.image for drawn in asked)
            counts = tuple(len(drawn.scene.shapes) for drawn in asked)
            questions.append(Question(row, case.question, images, case.turns[-1].pictures, counts, case.expected))
    return tuple(questions)


def _as_is(question: Question) -> tuple[Turn, ...]:
    return one_turn(question.text, *question.pictures)


def _scaled(factor: float) -> Callable[[Image.Image], Picture]:
    def change(image: Image.Image) -> Picture:
        size = (round(image.width * factor), round(image.height * factor))
        return Picture.of(image.resize(size, Image.Resampling.BICUBIC))

    return change


def _framed(width: int, height: int) -> Callable[[Image.Image], Picture]:
    return lambda image: Picture.of(padded(image, width / height))


def _second_turn(question: Question) -> tuple[Turn, ...]:
    """After a right answer about the same pictures, which stay with the first question."""
    if len(question.counts) == 1:
        first, said = "How many shapes are there?", _count(question.counts[0])
    else:
        first, said = "Which image has more shapes?", _more(question.counts)
    return (Turn("user", first, question.pictures), Turn("assistant", said), Turn("user", question.text))


def _count(number: int) -> str:
    return "There is 1 shape." if number == 1 else f"There are {number} shapes."


def _more(counts: tuple[int, ...]) -> str:
    if counts[0] == counts[1]:
        return "Both images."
    return f"The {answers.ORDINALS[counts[1] > counts[0]]} image."


Change = Callable[[Question, Random], tuple[Turn, ...]]


def _seen(change: Callable[[Image.Image], Picture]) -> Change:
    return lambda question, rng: question.with_pictures(change)


CHANGES: Mapping[str, Change] = {
    row_names.AS_IS: lambda question, rng: _as_is(question),
    row_names.JPEG: _seen(lambda image: Picture.of(image, "JPEG", quality=70)),
    row_names.WEBP: _seen(lambda image: Picture.of(image, "WEBP")),
    **{row: _seen(_scaled(factor)) for factor, row in row_names.SCALED.items()},
    **{row: _seen(_framed(*aspect)) for aspect, row in row_names.PADDED.items()},
    row_names.ANY: lambda question, rng: question.with_pictures(lambda image: Picture.of(disturb(image, rng))),
    row_names.CAPITALS: lambda question, rng: one_turn(question.text.upper(), *question.pictures),
    row_names.SECOND_TURN: lambda question, rng: _second_turn(question),
    row_names.SYSTEM_PROMPT: lambda question, rng: (Turn("system", rng.choice(SYSTEM_PROMPTS)), *_as_is(question)),
}
UNDER_TEMPLATES: Mapping[str, str] = {
    row_names.NO_REGISTERS: NO_REGISTERS,
    row_names.TEXT_FIRST: TEXT_FIRST,
    row_names.TEXT_FIRST_NO_REGISTERS: TEXT_FIRST_NO_REGISTERS,
}


def variants(seed: int, n: int) -> Iterator[Case]:
    """The mixed questions in every way in which they are asked."""
    rng = seeded(seed, "variants")
    for row, change in {**CHANGES, **dict.fromkeys(UNDER_TEMPLATES, CHANGES[row_names.AS_IS])}.items():
        for question in mixed(seed, n):
            case = Case((row, part(row, question.row)), change(question, rng), question.expected)
            yield replace(case, template=UNDER_TEMPLATES.get(row, OWN))
