"""The questions about pictures by other hands, and the rows of the card's table in which each answer counts."""

from __future__ import annotations

import io
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from random import Random
from shutil import which
from typing import Any

import numpy as np
from PIL import Image, ImageFilter

from ollama_embedded.scenes import COLOURS, KINDS
from training.evaluation import row_names
from training.evaluation.cases import Case, Picture, one_turn
from training.evaluation.hands import by_cairo, by_chromium, by_magick
from training.evaluation.hands.sketch import GROUNDS, SIZES, STYLES, Ground, Sketch, random_sketch
from training.evaluation.held_out_wordings import PLAIN
from training.evaluation.scoring import Json, Things, Words, part
from training.evaluation.sets import seeded
from training.questions import answers

PROGRAMS: Mapping[str, Callable[[Sequence[Sketch]], list[bytes]]] = {
    "cairo": by_cairo.draw_all,
    "SVG in Chromium": by_chromium.draw_all_as_svg,
    "a canvas in Chromium": by_chromium.draw_all_on_canvas,
    "ImageMagick": by_magick.draw_all,
}
TINY, *OF_SIZE = SIZES
FORMS = ("as high as wide", "wider than high", "higher than wide")
_SEVERAL = ((0.06, 0.12), (0.08, 0.2), (0.1, 0.16), (0.06, 0.1))
"""Radii of the first thing, of the second ..."""
_PHOTOGRAPHS = 24
_SMALL = 112
"""Pixels of the shorter side of a picture that was made smaller."""


def missing() -> tuple[str, ...]:
    """The programs that this machine lacks."""
    lacks = {
        "cairo (the Python package cairocffi, and libcairo)": find_spec("cairocffi") is None,
        "Chromium": by_chromium.program() is None,
        "ImageMagick": which(by_magick.PROGRAM) is None,
    }
    return tuple(program for program, is_missing in lacks.items() if is_missing)


class Drawing:
    """A sketch as a program drew it."""

    def __init__(self, sketch: Sketch, program: str, style: str, size: str, png: bytes) -> None:
        self.sketch, self.program, self.style, self.size = sketch, program, style, size
        self.image = Image.open(io.BytesIO(png)).convert("RGB")
        self.picture = Picture(b64encode(png).decode("ascii"))

    @property
    def parts(self) -> tuple[str, ...]:
        wide, high = self.sketch.size
        form = FORMS[0] if wide == high else FORMS[1] if wide > high else FORMS[2]
        return (self.size, f"ground: {self.sketch.ground.kind}", self.program, self.style, form)


def drawings(rng: Random, n: int, count: int, sizes: Sequence[str], photographs: Sequence[Ground]) -> list[Drawing]:
    """`n` pictures of so many things; grounds and sizes in turns, programs and styles by lot."""
    planned: list[tuple[Sketch, str, str, str]] = []
    for number in range(n):
        size = sizes[number % len(sizes)] if count == 1 else ""
        ground = GROUNDS[number // len(sizes) % len(GROUNDS)] if count == 1 else GROUNDS[number % len(GROUNDS)]
        style, program = rng.choice(STYLES), tuple(PROGRAMS)[rng.randrange(len(PROGRAMS))]
        radii = [SIZES[size]] if size else _SEVERAL
        planned.append((random_sketch(rng, count, ground, radii, style, photographs), program, style, size))
    files: dict[int, bytes] = {}
    for program, draw in PROGRAMS.items():
        own = [at for at, (_, by, _, _) in enumerate(planned) if by == program]
        files.update(zip(own, draw([planned[at][0] for at in own]), strict=True))
    return [
        Drawing(sketch, program, style, size, files[at]) for at, (sketch, program, style, size) in enumerate(planned)
    ]


def _noisy(image: Image.Image, rng: Random) -> Image.Image:
    noise = np.random.default_rng(rng.randrange(2**31)).normal(0, 25, (*image.size[::-1], 3))
    return Image.fromarray((np.asarray(image) + noise).clip(0, 255).astype(np.uint8))


def _small(image: Image.Image, rng: Random) -> Image.Image:
    factor = _SMALL / min(image.size)
    return image.resize((round(image.width * factor), round(image.height * factor)), Image.Resampling.LANCZOS)


DAMAGES: Mapping[str, Callable[[Image.Image, Random], Picture]] = {
    f"scaled to {_SMALL} pixels": lambda image, rng: Picture.of(_small(image, rng)),
    "blurred": lambda image, rng: Picture.of(image.filter(ImageFilter.GaussianBlur(min(image.size) / 100))),
    "at a third of the light": lambda image, rng: Picture.of(image.point(lambda level: level / 3)),
    "noisy": lambda image, rng: Picture.of(_noisy(image, rng)),
    "JPEG, quality 40": lambda image, rng: Picture.of(image, "JPEG", quality=40),
}


PARTS = (*OF_SIZE, *(f"ground: {ground}" for ground in GROUNDS), *PROGRAMS, *STYLES, *FORMS, *DAMAGES)
"""The parts of the row of one thing, in the order of the card."""


def by_other_hands(seed: int, n: int) -> Iterator[Case]:
    """One thing: `n` pictures as drawn and `n` damaged ones; several: `n`; and `n` for each other row."""
    rng = seeded(seed, "other hands")
    photographs = by_magick.photographs(rng, _PHOTOGRAPHS)
    ones = drawings(rng, n, 1, OF_SIZE, photographs)
    for drawing in ones:
        rows = (row_names.HANDS_ONE, *(part(row_names.HANDS_ONE, name) for name in drawing.parts))
        yield _described(rng, rows, drawing.picture, drawing.sketch)
    for number, drawing in enumerate(rng.sample(ones, len(ones))):
        damage = tuple(DAMAGES)[number % len(DAMAGES)]
        rows = (row_names.HANDS_ONE, part(row_names.HANDS_ONE, damage))
        yield _described(rng, rows, DAMAGES[damage](drawing.image, rng), drawing.sketch)
    for drawing in drawings(rng, max(n // 5, 1), 1, (TINY,), photographs):
        yield _described(rng, (row_names.HANDS_TINY,), drawing.picture, drawing.sketch)
    counted = ones[: max(n // 4, 1)]
    for count in (2, 3, 4):
        drawn = drawings(rng, max(n // 3, 1), count, OF_SIZE, photographs)
        counted += drawn[: max(n // 4, 1)]
        for drawing in drawn:
            rows = (row_names.HANDS_MORE, part(row_names.HANDS_MORE, f"{count} things"))
            yield _described(rng, rows, drawing.picture, drawing.sketch)
    yield from _counted(rng, counted)
    for number, drawing in enumerate(ones):
        yield _by_schema(rng, number, drawing)


def _described(rng: Random, rows: tuple[str, ...], picture: Picture, sketch: Sketch) -> Case:
    return Case(rows, one_turn(rng.choice(PLAIN["describe"]), picture), Things(sketch.names))


def _counted(rng: Random, drawn: Sequence[Drawing]) -> Iterator[Case]:
    for drawing in drawn:
        number = len(drawing.sketch.marks)
        turns = one_turn(rng.choice(PLAIN["count_all"]), drawing.picture)
        answer = "There is 1 shape." if number == 1 else f"There are {number} shapes."
        yield Case((row_names.HANDS_COUNT, part(row_names.HANDS_COUNT, str(number))), turns, Words(answer))


def _by_schema(rng: Random, number: int, drawing: Drawing) -> Case:
    """Colour, kind and whether there is one in turns; each as a bare value, and under a key."""
    (mark,) = drawing.sketch.marks
    value: Any
    schema: dict[str, Any]
    name = ("colour", "kind", "is there one")[number % 3]
    if name == "colour":
        text, key, schema, value = "What color is the shape?", "color", _enum(COLOURS), mark.colour
    elif name == "kind":
        text, key, schema, value = "What shape is it?", "shape", _enum(KINDS), mark.kind
    else:
        others = [f"{colour} {kind}" for colour in COLOURS for kind in KINDS if f"{colour} {kind}" != mark.name]
        asked = mark.name if rng.random() < 0.5 else rng.choice(others)
        text, key = f"Is there {answers.article(asked)}?", "present"
        schema, value = {"type": "boolean"}, asked == mark.name
    if number // 3 % 2 or name == "is there one":
        schema = {"type": "object", "properties": {key: schema}, "required": [key]}
        value = {key: value}
    rows = (row_names.HANDS_SCHEMA, part(row_names.HANDS_SCHEMA, name))
    return Case(rows, one_turn(text, drawing.picture), Json(value), {"format": schema})


def _enum(values: Sequence[str] | Mapping[str, object]) -> dict[str, object]:
    return {"type": "string", "enum": list(values)}
