"""Sketches drawn by cairo."""

from __future__ import annotations

import io
import math
from base64 import b64decode
from collections.abc import Sequence
from random import Random
from typing import Any

from training.evaluation.hands.forms import corners
from training.evaluation.hands.sketch import Mark, Sketch, rgb


def draw_all(sketches: Sequence[Sketch]) -> list[bytes]:
    """PNG files, in their order."""
    return [_drawn(sketch) for sketch in sketches]


def _drawn(sketch: Sketch) -> bytes:
    import cairocffi as cairo

    width, height = sketch.size
    surface = cairo.ImageSurface(cairo.FORMAT_RGB24, width, height)
    pen = cairo.Context(surface)
    _ground(cairo, pen, sketch)
    for mark in sketch.marks:
        _mark(cairo, pen, mark)
    file = io.BytesIO()
    surface.write_to_png(file)
    return file.getvalue()


def _part(colour: str) -> tuple[float, float, float]:
    red, green, blue = rgb(colour)
    return (red / 255, green / 255, blue / 255)


def _ground(cairo: Any, pen: Any, sketch: Sketch) -> None:
    ground, (width, height) = sketch.ground, sketch.size
    pen.set_source_rgb(*_part(ground.colours[0]))
    pen.paint()
    if ground.kind == "graded":
        turn = math.radians(ground.angle)
        dx, dy = math.cos(turn) * width / 2, math.sin(turn) * height / 2
        shade = cairo.LinearGradient(width / 2 - dx, height / 2 - dy, width / 2 + dx, height / 2 + dy)
        for at, colour in enumerate(ground.colours):
            shade.add_color_stop_rgb(at, *_part(colour))
        pen.set_source(shade)
        pen.paint()
    elif ground.kind == "photograph":
        photograph = cairo.ImageSurface.create_from_png(io.BytesIO(b64decode(ground.photograph)))
        pen.save()
        pen.scale(width / photograph.get_width(), height / photograph.get_height())
        pen.set_source_surface(photograph)
        pen.get_source().set_extend(cairo.EXTEND_PAD)
        pen.paint()
        pen.restore()
    elif ground.kind == "textured":
        _texture(pen, sketch)
    elif ground.kind == "paper":
        _specks(pen, sketch, 900, (0.0, 0.0, 0.0, 0.035))
        pen.set_source_rgba(0.35, 0.5, 0.8, 0.45)
        pen.set_line_width(max(1.0, ground.step / 16))
        _lines(pen, sketch, across=bool(ground.pattern), down=ground.pattern == "squared")


def _texture(pen: Any, sketch: Sketch) -> None:
    ground, (width, height) = sketch.ground, sketch.size
    pen.set_source_rgb(*_part(ground.colours[1]))
    if ground.pattern == "noise":
        red, green, blue = _part(ground.colours[1])
        _specks(pen, sketch, 4000, (red, green, blue, 0.6))
        return
    step = ground.step
    if ground.pattern == "stripes":
        pen.save()
        pen.translate(width / 2, height / 2)
        pen.rotate(math.radians(ground.angle))
        for number in range(-60, 60):
            pen.rectangle(-2000, number * step * 2, 4000, step)
        pen.fill()
        pen.restore()
        return
    for row in range(int(height / step) + 1):
        for column in range(int(width / step) + 1):
            if ground.pattern == "dots":
                pen.arc((column + 0.5) * step, (row + 0.5) * step, step / 5, 0, 2 * math.pi)
                pen.close_path()
            elif (row + column) % 2:
                pen.rectangle(column * step, row * step, step, step)
    pen.fill()


def _specks(pen: Any, sketch: Sketch, number: int, colour: tuple[float, float, float, float]) -> None:
    rng = Random(sketch.seed)
    pen.set_source_rgba(*colour)
    side = min(sketch.size) / 70
    for _ in range(number):
        pen.rectangle(rng.uniform(0, sketch.size[0]), rng.uniform(0, sketch.size[1]), side, side)
        pen.fill()


def _lines(pen: Any, sketch: Sketch, *, across: bool, down: bool) -> None:
    (width, height), step = sketch.size, sketch.ground.step
    if across:
        for row in range(1, int(height / step) + 1):
            pen.move_to(0, row * step)
            pen.line_to(width, row * step)
    if down:
        for column in range(1, int(width / step) + 1):
            pen.move_to(column * step, 0)
            pen.line_to(column * step, height)
    pen.stroke()


def _mark(cairo: Any, pen: Any, mark: Mark) -> None:
    pen.save()
    pen.translate(mark.x, mark.y)
    pen.rotate(math.radians(mark.turn))
    pen.new_path()
    inner = mark.radius - mark.width / 2 - mark.rounded
    if mark.kind == "circle":
        pen.arc(0, 0, mark.radius - mark.width / 2, 0, 2 * math.pi)
    else:
        for x, y in corners(mark.kind):
            pen.line_to(x * inner, y * inner)
    pen.close_path()
    pen.set_source_rgb(*_part(mark.fill))
    pen.fill_preserve()
    if mark.rounded and mark.kind != "circle":
        pen.set_line_join(cairo.LINE_JOIN_ROUND)
        pen.set_line_width(2 * mark.rounded)
        pen.stroke()
    elif mark.line:
        pen.set_source_rgb(*_part(mark.line))
        pen.set_line_width(mark.width)
        pen.stroke()
    pen.restore()
