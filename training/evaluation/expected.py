"""Expected answers: for each kind of question the subject and the right answer, from the truth of the scenes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Protocol

from ollama_embedded.scenes import COLOURS, KINDS, PLACES, Shape
from training.evaluation.scoring import Expected, Json, Words
from training.questions import answers
from training.questions.answers import Wanted
from training.scenes.draw import PAIRS

PRESENT, ABSENT, HARD_ABSENT = "present", "absent", "colour and shape there, on different things"
SOME, NONE = "some of a kind", "none of a kind"
ONLY_FIRST, ONLY_SECOND, BOTH, NEITHER = "first", "second", "both", "neither"
SHOWN = {ONLY_FIRST: (True, False), ONLY_SECOND: (False, True), BOTH: (True, True), NEITHER: (False, False)}

Shapes = Sequence[Shape]
_EVERY = (
    *(Wanted(colour, kind) for colour, kind in PAIRS),
    *(Wanted(kind=kind) for kind in KINDS),
    *(Wanted(colour=colour) for colour in COLOURS),
)


class Truth(Protocol):
    """What is on a picture: `shapes` in reading order, and the ground's name."""

    @property
    def shapes(self) -> Shapes: ...

    @property
    def ground(self) -> str: ...


@dataclass(frozen=True)
class Subject:
    """What fills a wording's fields, and the answer; `wanted` is the thing that is asked for, if one is."""

    expected: Expected
    fields: Mapping[str, str] = field(default_factory=dict)
    wanted: Wanted = field(default_factory=Wanted)

    @classmethod
    def of(cls, wanted: Wanted, answer: str) -> Subject:
        named = {"thing": wanted.thing, "a_thing": wanted.a_thing, "things": wanted.things}
        return cls(Words(answer), named | {"colour": wanted.colour or "", "kind": wanted.kind or ""}, wanted)


OfOne = Callable[[Truth, str, Random], Subject | None]
"""A subject in a scene, of a variant ("absent"); `None` when this scene has none of it."""
OfTwo = Callable[[Sequence[Truth], str, Random], Subject | None]


def _chosen(rng: Random, possible: Sequence[Wanted]) -> Wanted | None:
    """One of them: a pair, a kind or a colour in equal shares, if there are all three."""
    forms = [
        [wanted for wanted in possible if wanted.colour and wanted.kind],
        [wanted for wanted in possible if not wanted.colour],
        [wanted for wanted in possible if not wanted.kind],
    ]
    filled = [form for form in forms if form]
    return rng.choice(rng.choice(filled)) if filled else None


def _once(shapes: Shapes) -> list[Wanted]:
    """What names one thing and no other."""
    return [wanted for wanted in _EVERY if len(wanted.among(shapes)) == 1]


def _there(shapes: Shapes) -> list[Wanted]:
    return [wanted for wanted in _EVERY if wanted.among(shapes)]


def _not_there(shapes: Shapes) -> list[Wanted]:
    return [wanted for wanted in _EVERY if not wanted.among(shapes)]


def _hard(shapes: Shapes) -> list[Wanted]:
    """Colour and kind are there, on different things."""
    return [
        Wanted(colour, kind)
        for colour, kind in PAIRS
        if Wanted(colour).among(shapes) and Wanted(kind=kind).among(shapes) and not Wanted(colour, kind).among(shapes)
    ]


_AMONG: Mapping[str, Callable[[Shapes], list[Wanted]]] = {
    PRESENT: _there,
    SOME: _there,
    ABSENT: _not_there,
    NONE: _not_there,
    HARD_ABSENT: _hard,
}


def _asking(
    answer: Callable[[Shapes, Wanted], str],
    *,
    once: bool = False,
    only: Callable[[Wanted], bool] = lambda wanted: True,
) -> OfOne:
    """Questions about a thing. With `once`, a thing that is there is the only one of its name."""

    def subject(scene: Truth, variant: str, rng: Random) -> Subject | None:
        possible = _once(scene.shapes) if once and variant == PRESENT else _AMONG[variant](scene.shapes)
        wanted = _chosen(rng, [wanted for wanted in possible if only(wanted)])
        return Subject.of(wanted, answer(scene.shapes, wanted)) if wanted else None

    return subject


def _what_at(scene: Truth, variant: str, rng: Random) -> Subject:
    taken = [shape.place for shape in scene.shapes]
    place = rng.choice(taken if variant == PRESENT else [place for place in PLACES if place not in taken])
    return Subject(Words(answers.what_at(scene.shapes, place)), {"at_place": answers.AT_PLACE[place]})


def _json_keys(scene: Truth, variant: str, rng: Random) -> Subject:
    names = rng.sample(tuple(answers.JSON_VALUES), int(variant.split()[0]))
    shapes = answers.as_list(scene.shapes, {name: name for name in names})
    return Subject(Json({"shapes": shapes}, ordered=True), {"keys": answers.listed(names)})


ONE_PICTURE: Mapping[str, OfOne] = {
    "describe": lambda scene, variant, rng: Subject(Words(answers.describe(scene.shapes))),
    "count_all": lambda scene, variant, rng: Subject(Words(answers.count(scene.shapes))),
    "count_things": _asking(answers.count),
    "colour_of": _asking(answers.colour_of, once=True, only=lambda wanted: not wanted.colour),
    "shape_of": _asking(answers.shape_of, once=True, only=lambda wanted: not wanted.kind),
    "exists": _asking(answers.exists),
    "where": _asking(answers.where, once=True),
    "what_at": _what_at,
    "size_of": _asking(answers.size_of, once=True),
    "background": lambda scene, variant, rng: Subject(Words(answers.background(scene.ground))),
    "json_list": lambda scene, variant, rng: Subject(Json({"shapes": answers.as_list(scene.shapes)})),
    "json_keys": _json_keys,
    "json_array": lambda scene, variant, rng: Subject(Json(answers.as_list(scene.shapes))),
    "json_count": lambda scene, variant, rng: Subject(Json({"count": len(scene.shapes)})),
}


def _which_image(scenes: Sequence[Truth], variant: str, rng: Random) -> Subject | None:
    pictures = [scene.shapes for scene in scenes]
    everything = [shape for shapes in pictures for shape in shapes]
    possible = [
        wanted
        for wanted in _EVERY
        if tuple(bool(wanted.among(shapes)) for shapes in pictures) == SHOWN[variant] and _is_near(wanted, everything)
    ]
    wanted = _chosen(rng, possible)
    return Subject.of(wanted, answers.which_image(pictures, wanted)) if wanted else None


def _is_near(wanted: Wanted, shapes: Shapes) -> bool:
    """A colour or a kind alone, or a pair of which at least one half is to be seen: others are too easy to miss."""
    # Of a colour or a kind alone, the half that is missing matches anything.
    return any(half.among(shapes) for half in (Wanted(wanted.colour), Wanted(kind=wanted.kind)))


def _more_shapes(scenes: Sequence[Truth], variant: str, rng: Random) -> Subject | None:
    first, second = (len(scene.shapes) for scene in scenes)
    found = BOTH if first == second else ONLY_FIRST if first > second else ONLY_SECOND
    return Subject(Words(answers.more_shapes([scene.shapes for scene in scenes]))) if found == variant else None


def _of_one(kind: str) -> OfTwo:
    """A question about one of two pictures; what is absent from it is looked for in the other one first."""

    def subject(scenes: Sequence[Truth], variant: str, rng: Random) -> Subject | None:
        number = rng.randrange(2)
        scene, other = scenes[number], scenes[1 - number]
        if kind == "exists" and variant == ABSENT:
            wanted = _chosen(rng, [wanted for wanted in _there(other.shapes) if not wanted.among(scene.shapes)])
            found = Subject.of(wanted, answers.exists(scene.shapes, wanted)) if wanted else None
        else:
            found = ONE_PICTURE[kind](scene, variant, rng)
        return found and replace(found, fields={**found.fields, "ordinal": answers.ORDINALS[number]})

    return subject


TWO_PICTURES: Mapping[str, OfTwo] = {
    "which_image": _which_image,
    "more_shapes": _more_shapes,
    "describe_one": _of_one("describe"),
    "exists_one": _of_one("exists"),
    "count_one": _of_one("count_all"),
    "colour_one": _of_one("colour_of"),
}
