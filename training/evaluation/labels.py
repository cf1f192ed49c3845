"""Questions with a line that names their labels, held to these by an enum, about clean scenes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from random import Random

from ollama_embedded.scenes import COLOURS, KINDS, Shape, draw_scene, random_shapes
from training.evaluation import row_names
from training.evaluation.cases import Case, Picture, one_turn
from training.evaluation.scoring import Json, part
from training.evaluation.sets import seeded
from training.questions.answers import PLACE_WORDS, article

Asked = tuple[str, Sequence[str], str]
"""A question, its labels and the right one."""
CORNERS = ("top left", "top right", "bottom left", "bottom right")


def labels_line(labels: Sequence[str]) -> str:
    """As the product writes it: the labels as JSON strings, in the order given."""
    return f"Answer with one of: {', '.join(map(json.dumps, labels))}."


def held_to(labels: Sequence[str]) -> dict[str, object]:
    return {"type": "string", "enum": list(labels)}


def _some(rng: Random, right: str, every: Sequence[str]) -> list[str]:
    others = rng.sample([each for each in every if each != right], rng.randint(1, min(len(every) - 1, 7)))
    return rng.sample([right, *others], len(others) + 1)


def _colour(rng: Random, shapes: Sequence[Shape]) -> Asked:
    return "What color is the shape?", _some(rng, shapes[0].colour, tuple(COLOURS)), shapes[0].colour


def _kind(rng: Random, shapes: Sequence[Shape]) -> Asked:
    return "What shape is it?", _some(rng, shapes[0].kind, KINDS), shapes[0].kind


def _there(rng: Random, shapes: Sequence[Shape]) -> Asked:
    pairs = [f"{colour} {kind}" for colour in COLOURS for kind in KINDS]
    there = [str(shape) for shape in shapes]
    thing = rng.choice(there) if rng.random() < 0.5 else rng.choice([pair for pair in pairs if pair not in there])
    labels = rng.choice((("yes", "no"), ("no", "yes"), ("Yes", "No")))
    return (
        f"Is there {article(thing)}?",
        labels,
        next(each for each in labels if (each.lower() == "yes") == (thing in there)),
    )


def _number(rng: Random, shapes: Sequence[Shape]) -> Asked:
    return "How many shapes are there?", rng.sample(("1", "2", "3", "4"), 4), str(len(shapes))


def _place(rng: Random, shapes: Sequence[Shape]) -> Asked:
    word = PLACE_WORDS[shapes[0].place]
    return "Where is the shape?", _some(rng, word, tuple(PLACE_WORDS.values())), word


def _corner(rng: Random, shapes: Sequence[Shape]) -> Asked:
    return f"In which corner is the {shapes[0].kind}?", rng.sample(CORNERS, 4), shapes[0].place


_KINDS: Mapping[str, tuple[Callable[[Random, Sequence[Shape]], Asked], Sequence[int]]] = {
    "colour": (_colour, (1,)),
    "kind": (_kind, (1,)),
    "yes and no": (_there, (1, 2, 3, 4)),
    "numbers": (_number, (1, 2, 3, 4)),
    "places": (_place, (1,)),
    "corners": (_corner, (1,)),
}
"""The questions, and how many things their scenes hold."""


def labelled(seed: int, n: int) -> Iterator[Case]:
    """`n` questions of each sort."""
    rng = seeded(seed, "labels")
    for name, (ask, counts) in _KINDS.items():
        for number in range(n):
            shapes = random_shapes(rng, counts[number % len(counts)])
            if name == "corners":
                shapes = (Shape(shapes[0].colour, shapes[0].kind, rng.choice(CORNERS), shapes[0].size),)
            question, labels, right = ask(rng, shapes)
            yield _case(name, question, labels, right, Picture.of(draw_scene(*shapes)))
    for _ in range(n):
        pair = [(shape,) for shape in random_shapes(rng, 2)]
        shown = rng.randrange(2)
        labels = rng.choice((("first", "second"), ("second", "first"), ("the first picture", "the second picture")))
        right = next(each for each in labels if ("second" in each) == bool(shown))
        question = f"Which picture shows {article(str(pair[shown][0]))}?"
        yield _case("which of two", question, labels, right, *(Picture.of(draw_scene(*shapes)) for shapes in pair))


def _case(name: str, question: str, labels: Sequence[str], right: str, *pictures: Picture) -> Case:
    turns = one_turn(f"{question}\n{labels_line(labels)}", *pictures)
    rows = (row_names.LABELS, part(row_names.LABELS, name))
    return Case(rows, turns, Json(right), {"format": held_to(labels)})
