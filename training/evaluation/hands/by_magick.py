"""Sketches drawn by ImageMagick; the photographs too, which are its own of a rose."""

from __future__ import annotations

import math
import shutil
import subprocess
from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from PIL import Image

from training.evaluation.hands.forms import corners
from training.evaluation.hands.sketch import Ground, Mark, Sketch

PROGRAM = "magick" if shutil.which("magick") else "convert"


def draw_all(sketches: Sequence[Sketch]) -> list[bytes]:
    """PNG files, in their order."""
    with TemporaryDirectory() as folder:
        return [_drawn(sketch, Path(folder)) for sketch in sketches]


def photographs(rng: Random, number: int) -> list[Ground]:
    """Blurred photographs: parts of a rose in other hues, and its own clouds of colour, with what colours they have."""
    grounds = []
    for at in range(number):
        hue, light = rng.randrange(200), rng.randrange(60, 115)
        if at % 2:
            source = ["rose:", "-crop", f"46x40+{rng.randrange(24)}+{rng.randrange(6)}", "+repage"]
        else:
            source = ["-seed", str(rng.randrange(2**31)), "-size", "80x80", "plasma:fractal"]
        change = ["-modulate", f"{light},{rng.randrange(50, 110)},{hue}", "-resize", "160x160!", "-blur", "0x6"]
        png = _run([*source, *change, "-strip", "-depth", "8", "PNG24:-"])
        small = Image.open(BytesIO(png)).convert("RGB").resize((4, 4), Image.Resampling.BOX)
        found = [small.getpixel((x, y)) for y in range(4) for x in range(4)]
        colours = tuple("#{:02x}{:02x}{:02x}".format(*pixel) for pixel in found if isinstance(pixel, tuple))
        grounds.append(Ground("photograph", colours, photograph=b64encode(png).decode()))
    return grounds


def _run(words: Sequence[str]) -> bytes:
    done = subprocess.run([PROGRAM, *words], capture_output=True, check=False)  # noqa: S603
    if done.returncode or not done.stdout:
        raise RuntimeError(f"ImageMagick drew nothing: {done.stderr.decode(errors='replace')}")
    return done.stdout


def _drawn(sketch: Sketch, folder: Path) -> bytes:
    # On the command line: many systems forbid it to read a script from a file.
    script = "\n".join(_script(sketch))
    return _run([*_canvas(sketch, folder), "-draw", script, "-strip", "-depth", "8", "PNG24:-"])


def _canvas(sketch: Sketch, folder: Path) -> list[str]:
    ground, (width, height) = sketch.ground, sketch.size
    size = ["-size", f"{width}x{height}"]
    if ground.kind == "graded":
        turn = ["-define", f"gradient:angle={ground.angle:.0f}"]
        return [*size, *turn, f"gradient:{ground.colours[0]}-{ground.colours[1]}"]
    if ground.kind == "photograph":
        path = folder / "photograph.png"
        path.write_bytes(b64decode(ground.photograph))
        return [str(path), "-resize", f"{width}x{height}!"]
    even = ["-seed", str(sketch.seed), *size, f"xc:{ground.colours[0]}"]
    if ground.kind == "paper" or ground.pattern == "noise":
        return [*even, "-attenuate", "0.25" if ground.kind == "paper" else "0.7", "+noise", "Gaussian"]
    return even


def _script(sketch: Sketch) -> Iterator[str]:
    yield from _pattern(sketch)
    for mark in sketch.marks:
        yield from _mark(mark)


def _pattern(sketch: Sketch) -> Iterator[str]:
    ground, (width, height), step = sketch.ground, sketch.size, sketch.ground.step
    rows, columns = int(height / step) + 1, int(width / step) + 1
    if ground.kind == "paper" and ground.pattern:
        yield f"fill none stroke #8fb3de80 stroke-width {max(1.0, step / 16):.2f}"
        for row in range(1, rows):
            yield f"line 0,{row * step:.1f} {width},{row * step:.1f}"
        for column in range(1, columns if ground.pattern == "squared" else 1):
            yield f"line {column * step:.1f},0 {column * step:.1f},{height}"
    if ground.kind != "textured" or ground.pattern == "noise":
        return
    yield f"stroke none fill {ground.colours[1]}"
    if ground.pattern == "stripes":
        far = math.hypot(width, height)
        yield f"push graphic-context translate {width / 2},{height / 2} rotate {ground.angle}"
        for number in range(-int(far / step / 2) - 1, int(far / step / 2) + 1):
            yield f"rectangle {-far:.0f},{number * 2 * step:.1f} {far:.0f},{(number * 2 + 1) * step:.1f}"
        yield "pop graphic-context"
        return
    for row in range(rows):
        for column in range(columns):
            x, y = column * step, row * step
            if ground.pattern == "dots":
                yield f"circle {x + step / 2:.1f},{y + step / 2:.1f} {x + step * 0.7:.1f},{y + step / 2:.1f}"
            elif (row + column) % 2:
                yield f"rectangle {x:.1f},{y:.1f} {x + step:.1f},{y + step:.1f}"


def _mark(mark: Mark) -> Iterator[str]:
    line, width = (mark.line, mark.width) if mark.line else ("none", 0.0)
    inner = mark.radius - width / 2
    if mark.rounded and mark.kind not in {"circle", "square"}:
        line, width, inner = mark.fill, 2 * mark.rounded, mark.radius - mark.rounded
    yield f"push graphic-context translate {mark.x:.2f},{mark.y:.2f} rotate {mark.turn:.2f}"
    joint = "round" if mark.rounded else "miter"
    yield f"fill {mark.fill} stroke {line} stroke-width {width:.2f} stroke-linejoin {joint}"
    if mark.kind == "circle":
        yield f"circle 0,0 0,{inner:.2f}"
    elif mark.kind == "square" and mark.rounded:
        half = 0.87 * inner
        yield f"roundrectangle {-half:.2f},{-half:.2f} {half:.2f},{half:.2f} {mark.rounded:.2f},{mark.rounded:.2f}"
    else:
        yield "polygon " + " ".join(f"{x * inner:.2f},{y * inner:.2f}" for x, y in corners(mark.kind))
    yield "pop graphic-context"
