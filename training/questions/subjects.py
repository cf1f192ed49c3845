"""Subjects of questions: the truth of a picture, the thing that is asked for, and the question with its answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Protocol

from ollama_embedded.scenes import COLOURS, KINDS, Shape
from training.questions.answers import Wanted
from training.scenes.draw import PAIRS

_SEVERAL = 0.4
"""Of the things to count that are there, the part that is there more than once on purpose."""


class Truth(Protocol):
    """What is on a picture: all that a question needs to know of it."""

    @property
    def shapes(self) -> Sequence[Shape]:
        """In reading order."""

    @property
    def ground(self) -> str:
        """The name of the ground's colour; empty when it has none, and nobody asks for it."""


@dataclass(frozen=True)
class Meant:
    """The one thing that the next words are about; `None` if it is not there."""

    shape: Shape | None


@dataclass(frozen=True)
class Ground:
    """The ground that is asked for."""

    ground: str


@dataclass(frozen=True)
class Counted:
    """How many things are asked for."""

    number: int


@dataclass(frozen=True)
class Shown:
    """Of each picture, whether what is asked for is on it."""

    on: tuple[bool, ...]


Fact = Meant | Ground | Counted | Shown


@dataclass(frozen=True)
class Ask:
    """A question and its answer. `untaught` are spans of the answer, from and to, that a grammar would force."""

    kind: str
    question: str
    answer: str
    untaught: tuple[tuple[int, int], ...] = ()
    facts: tuple[tuple[int, Fact], ...] = ()
    """What must be known for the answer to go on, and from which of its characters on."""


Words = Callable[..., str]
"""Gets the kind of a question and the fields of its wording, and gives one of its wordings, filled in."""


@dataclass(frozen=True)
class Phrasing:
    """How an `Asker` puts things: what a question that is made elsewhere needs of it."""

    words: Words
    as_typed: Callable[[str], str]
    """The question as people type it."""
    of_kind: Callable[[str, Truth], Ask]
    """Another question about the same scene."""


def meant_by(found: Sequence[Shape], *, counted: bool = False) -> tuple[tuple[int, Fact], ...]:
    """The fact of an answer about the one thing that was found, or about none; several are no one thing.

    Where they are counted, how many they are comes before it.
    """
    number = ((0, Counted(len(found))),) if counted else ()
    return (*number, (0, Meant(next(iter(found), None)))) if len(found) < 2 else number


def in_turn(answer: str, told: Iterable[tuple[str, Fact]]) -> tuple[tuple[int, Fact], ...]:
    """The facts of an answer that tells them one after the other, each from where its phrase begins.

    A string in JSON begins behind its quotation mark, which often is one token with the key before it.
    """
    found: list[tuple[int, Fact]] = []
    at = -1
    for phrase, fact in told:
        at = answer.index(phrase, at + 1)
        found.append((at + phrase.startswith('"'), fact))
    return tuple(found)


def described(kind: str, question: str, answer: str, shapes: Sequence[Shape]) -> Ask:
    """A question that is answered with a description of these shapes."""
    told = ((f"{shape.size} {shape}", Meant(shape)) for shape in shapes)
    return Ask(kind, question, answer, facts=in_turn(answer, told))


def fields(wanted: Wanted) -> dict[str, str]:
    """All the ways in which a wording may name it."""
    names = {"thing": wanted.thing, "a_thing": wanted.a_thing, "things": wanted.things}
    return names | {"colour": wanted.colour or "", "kind": wanted.kind or ""}


def choose_wanted(
    rng: Random, shapes: Sequence[Shape], *, present: bool, forms: str = "pkc", one: bool = True, counted: bool = False
) -> Wanted:
    """A subject that is there, or not: a pair (p), a kind (k) or a colour (c). With `one`, of it there is just one.

    An absent pair is mostly a near miss: its colour or its kind or both are there, on other shapes. What is
    `counted` is there more than once on purpose now and then: by itself, that would be rare.
    """
    if present and rng.random() < (_SEVERAL if counted else 0) and (often := _several(shapes)):
        return rng.choice(often)
    for _ in range(8):
        form = rng.choices(forms, [{"p": 4, "k": 3, "c": 2}[form] for form in forms])[0]
        wanted = _present(rng, shapes, form) if present and shapes else _absent(rng, shapes, form)
        found = len(wanted.among(shapes))
        if found == 0 or not one or found == 1:
            return wanted
    alone = [wanted for shape in shapes if len((wanted := Wanted(shape.colour, shape.kind)).among(shapes)) == 1]
    return alone[0] if alone and "p" in forms else _absent(rng, shapes, forms[0])


def _several(shapes: Sequence[Shape]) -> list[Wanted]:
    """The kinds and colours of which there is more than one."""
    possible = [*(Wanted(kind=kind) for kind in KINDS), *(Wanted(colour=colour) for colour in COLOURS)]
    possible += [Wanted(*pair) for pair in PAIRS]
    return [wanted for wanted in possible if len(wanted.among(shapes)) > 1]


def _present(rng: Random, shapes: Sequence[Shape], form: str) -> Wanted:
    shape = rng.choice(shapes)
    return Wanted(None if form == "k" else shape.colour, None if form == "c" else shape.kind)


def _absent(rng: Random, shapes: Sequence[Shape], form: str) -> Wanted:
    there = {(shape.colour, shape.kind) for shape in shapes}
    colours, kinds = {colour for colour, _ in there}, {kind for _, kind in there}
    if form == "k":
        return Wanted(kind=rng.choice([kind for kind in KINDS if kind not in kinds]))
    if form == "c":
        return Wanted(colour=rng.choice([colour for colour in COLOURS if colour not in colours]))
    chance = rng.random()
    near = [
        (colour, kind)
        for colour, kind in PAIRS
        if (colour in colours) >= (chance < 0.62) and (kind in kinds) >= (chance < 0.4 or 0.62 <= chance < 0.84)
    ]
    # Sets have no order that a seed could repeat: PAIRS has.
    possible = [pair for pair in near if pair not in there] or [pair for pair in PAIRS if pair not in there]
    return Wanted(*rng.choice(possible))
