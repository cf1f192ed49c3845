"""Questions about drawn scenes, by lot: a colour, a place, a number, the order of two pictures. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from .scenes import COLOURS, CORNERS, KINDS, Cell, Scene, Thing
from .word import draw_by_lot

NUMBERS = ("2", "3", "4")
_ORDINALS = ("first", "second")
_MIDDLE: Cell = (1, 1)
_BOTTOM: Cell = (2, 1)
_WORDS = {"two": "2", "three": "3", "four": "4", "first": "1", "second": "2"}


@dataclass(frozen=True)
class Question:
    """One question, its pictures, and what is right."""

    kind: str
    """`place`, `number`, `colour`, `colour in order` or `which`."""
    text: str
    labels: tuple[str, ...]
    scenes: tuple[Scene, ...]
    about: Thing | None = None
    """The thing that a place is asked of, or the one that only one of two pictures shows."""
    at: int = 0
    """Of which picture it is."""

    @property
    def expected(self) -> str:
        answer = self.answer_to(self.scenes)
        if answer is None:
            raise AssertionError(f"no answer to {self.text!r}")
        return answer

    @property
    def prompt(self) -> str:
        """The question with the line that names its labels."""
        return f"{self.text}\nAnswer with one of: {', '.join(json.dumps(label) for label in self.labels)}."

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "string", "enum": list(self.labels)}

    def answer_to(self, scenes: Sequence[Scene]) -> str | None:
        """What one who sees these scenes in place of its own would say; `None` where that cannot be told."""
        if len(scenes) != len(self.scenes):
            return None
        said = _ANSWERS[self.kind](self, scenes)
        return said if said in self.labels else None

    def read(self, text: str) -> str | None:
        """The label that an answer is; also from a sentence of a model that no schema held."""
        try:
            said = json.loads(text)
        except ValueError:
            said = text
        said = (said if isinstance(said, str) else str(text)).strip().strip(".\"'`*").casefold()
        for label in self.labels:
            if said == label.casefold() or _WORDS.get(said) == label:
                return label
        words = [_WORDS.get(word, word) for word in re.findall(r"\w+", said)]
        spoken = f" {' '.join(words)} "
        found = [label for label in self.labels if f" {label.casefold()} " in spoken]
        return found[0] if len(found) == 1 else None


def _place(question: Question, scenes: Sequence[Scene]) -> str | None:
    things = scenes[0].things
    meant = [each for each in things if question.about and each.colour == question.about.colour]
    meant = meant or list(things)  # another colour is taken for the right one where it is the only thing
    return meant[0].corner if len(meant) == 1 else None


def _number(question: Question, scenes: Sequence[Scene]) -> str | None:
    # Fewer than any label are taken for the fewest: there is no better answer among them.
    return max(str(len(scenes[question.at].things)), min(question.labels))


def _colour(question: Question, scenes: Sequence[Scene]) -> str | None:
    things = scenes[question.at].things
    return things[0].colour if len(things) == 1 else None


def _which(question: Question, scenes: Sequence[Scene]) -> str | None:
    about = question.about
    showing = [
        number
        for number, scene in enumerate(scenes, 1)
        if any(about and (each.colour, each.kind) == (about.colour, about.kind) for each in scene.things)
    ]
    return str(showing[0]) if len(showing) == 1 else None


_ANSWERS: Mapping[str, Callable[[Question, Sequence[Scene]], str | None]] = {
    "place": _place,
    "number": _number,
    "colour": _colour,
    "colour in order": _colour,
    "which": _which,
}


class Lot:
    """Draws questions; the same seed draws the same ones."""

    def __init__(self, seed: int) -> None:
        self._random = Random(f"sight {seed}")  # noqa: S311

    def first_questions(self) -> list[Question]:
        """The four that are always asked.

        The first two ask the same words about the same thing, which has moved to another row: whoever answers them
        alike, whatever he saw, is wrong once. A picture that is turned, mirrored, upside down, cut or reduced to its
        mean is then as wrong as none. Of the two about two pictures each, one asks of the first, one of the second.
        """
        one = self.place()
        return [one, self.place(after=one), self.number_in_order(0), self.colour_in_order(1)]

    def any_of_first(self) -> Question:
        """One question, of the kinds of the first four."""
        return self._random.choice(self.first_questions())

    def candidates(self) -> list[Question]:
        """Some more of every kind, in an order drawn by lot."""
        drawn = [
            *(self.place() for _ in CORNERS),
            self.colour(),
            self.colour(),
            self.number(),
            self.colour_in_order(0),
            self.colour_in_order(1),
            self.which(),
        ]
        self._random.shuffle(drawn)
        return drawn

    def place(self, after: Question | None = None) -> Question:
        """Where one thing is; `after` another such question: the same thing, in the other row."""
        random = self._random
        corners = list(CORNERS.values())
        if after is None or after.about is None:
            thing = Thing(random.choice(list(COLOURS)), random.choice(KINDS), random.choice(corners))
        else:
            before = after.about
            others = [cell for cell in corners if cell[0] != before.cell[0]]
            thing = Thing(before.colour, before.kind, random.choice(others))
        return Question(
            "place", f"Where is the {thing.colour} {thing.kind}?", tuple(CORNERS), (self._scene(thing),), thing
        )

    def colour(self) -> Question:
        thing = Thing(self._random.choice(list(COLOURS)), "circle", self._random.choice(list(CORNERS.values())))
        return Question("colour", "What color is the circle?", tuple(COLOURS), (self._scene(thing),))

    def number(self) -> Question:
        return Question("number", "How many circles are there?", NUMBERS, (self._circles(self._count()),))

    def number_in_order(self, at: int) -> Question:
        """How many there are in one of two pictures, which have different numbers.

        Never the least: that is what one says who sees a half of them.
        """
        asked = int(self._random.choice(NUMBERS[1:]))
        other = int(self._random.choice([number for number in NUMBERS if int(number) != asked]))
        counts = (asked, other) if at == 0 else (other, asked)
        text = f"How many circles are in the {_ORDINALS[at]} image?"
        return Question("number", text, NUMBERS, tuple(self._circles(count) for count in counts), at=at)

    def colour_in_order(self, at: int) -> Question:
        """The colour in one of two pictures: one that changes when red and blue are exchanged."""
        random = self._random
        asked = random.choice(("red", "blue", "yellow", "orange"))
        other = random.choice([colour for colour in COLOURS if colour != asked])
        colours = (asked, other) if at == 0 else (other, asked)
        kind, cell, size = ("circle", _BOTTOM, 0.86) if at == 0 else ("square", _MIDDLE, 1.1)
        scenes = tuple(self._scene(Thing(colour, kind, cell, size)) for colour in colours)
        text = f"What color is the shape in the {_ORDINALS[at]} image?"
        return Question("colour in order", text, tuple(COLOURS), scenes, at=at)

    def which(self) -> Question:
        """Which of two pictures shows a thing."""
        random = self._random
        colours, kinds = random.sample(list(COLOURS), 2), random.sample(KINDS, 2)
        things = [
            Thing(colour, kind, random.choice(list(CORNERS.values())))
            for colour, kind in zip(colours, kinds, strict=True)
        ]
        about = random.choice(things)
        text = f"Which image shows a {about.colour} {about.kind}?"
        return Question("which", text, ("1", "2"), tuple(self._scene(thing) for thing in things), about)

    def word(self) -> tuple[str, int]:
        """A word that is none, for models that only transcribe, and a picture's own number."""
        return draw_by_lot(self._random), self._nonce()

    def _count(self) -> int:
        return int(self._random.choice(NUMBERS))

    def _circles(self, count: int) -> Scene:
        """Circles in corners, not all of them in one half: a part of the picture has another number."""
        random = self._random
        while True:
            cells = random.sample(list(CORNERS.values()), count)
            if len({cell[0] for cell in cells}) == len({cell[1] for cell in cells}) == 2:
                break
        colours = random.sample(list(COLOURS), count)
        return self._scene(*(Thing(colour, "circle", cell) for colour, cell in zip(colours, cells, strict=True)))

    def _scene(self, *things: Thing) -> Scene:
        return Scene(things, self._nonce())

    def _nonce(self) -> int:
        return self._random.getrandbits(32)
