"""Scenes as users draw them, with `ollama_embedded.draw_scene`: small and medium shapes on its light grey ground."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ollama_embedded.scenes import PLACES, Shape, draw_scene, random_shapes
from training.evaluation import row_names
from training.evaluation.cases import Case, Picture, one_turn
from training.evaluation.expected import ONE_PICTURE, PRESENT
from training.evaluation.held_out_wordings import PLAIN, filled
from training.evaluation.scoring import Words
from training.evaluation.sets import seeded
from training.questions import answers


@dataclass(frozen=True)
class AsDrawn:
    """What is on such a picture."""

    shapes: Sequence[Shape]
    ground: str = "gray"


def drawn_scenes(seed: int, n: int) -> Iterator[Case]:
    """`n` scenes of one to four shapes: described, counted, and asked for a colour and for a shape."""
    rng = seeded(seed, "draw_scene")
    asked = ((row_names.DRAWN_COLOUR, "colour_of"), (row_names.DRAWN_SHAPE, "shape_of"))
    for number in range(n):
        shapes = sorted(random_shapes(rng, 1 + number % 4), key=lambda shape: PLACES.index(shape.place))
        picture = Picture.of(draw_scene(*shapes))
        yield Case(
            (row_names.DRAWN,),
            one_turn(rng.choice(PLAIN["describe"]), picture),
            Words(answers.describe(shapes)),
            things=tuple(map(str, shapes)),
            things_row=row_names.DRAWN_THINGS,
        )
        counted = one_turn(rng.choice(PLAIN["count_all"]), picture)
        yield Case((row_names.DRAWN_COUNT,), counted, Words(answers.count(shapes)))
        for row, kind in asked:
            subject = ONE_PICTURE[kind](AsDrawn(shapes), PRESENT, rng)
            if subject:
                turns = one_turn(filled(rng.choice(PLAIN[kind]), **subject.fields), picture)
                yield Case((row,), turns, subject.expected)
