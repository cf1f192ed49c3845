"""Sketches drawn by Chromium: as SVG, and by a script on a canvas. One page draws many of them."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

from training.evaluation.hands.forms import corners
from training.evaluation.hands.sketch import KINDS, Mark, Sketch

_AT_ONCE = 20
"""Pictures that a page draws: more take more memory than they save time."""
_PAGE = Path(__file__).with_name("canvas.html")
_SECONDS = 300.0


def program() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def draw_all_as_svg(sketches: Sequence[Sketch]) -> list[bytes]:
    """PNG files, in their order."""
    return _drawn([{"size": sketch.size, "svg": svg(sketch)} for sketch in sketches])


def draw_all_on_canvas(sketches: Sequence[Sketch]) -> list[bytes]:
    """PNG files, in their order."""
    return _drawn([asdict(sketch) for sketch in sketches])


def _drawn(jobs: Sequence[object]) -> list[bytes]:
    return [png for at in range(0, len(jobs), _AT_ONCE) for png in _page(jobs[at : at + _AT_ONCE])]


def _page(jobs: Sequence[object]) -> list[bytes]:
    told = {"jobs": jobs, "corners": {kind: corners(kind) for kind in KINDS if kind != "circle"}}
    with TemporaryDirectory() as folder:
        page = Path(folder) / "page.html"
        page.write_text(_PAGE.read_text(encoding="utf-8").replace("TOLD", json.dumps(told)), encoding="utf-8")
        words = [
            *(str(program()), "--headless", "--no-sandbox", "--disable-gpu", "--force-color-profile=srgb"),
            *(f"--user-data-dir={folder}/profile", "--virtual-time-budget=100000000", "--dump-dom", page.as_uri()),
        ]
        done = subprocess.run(words, capture_output=True, text=True, timeout=_SECONDS, check=False)  # noqa: S603
    found = re.search(r'<pre id="drawn">(.*?)</pre>', done.stdout, re.DOTALL)
    urls: list[str] = json.loads(html.unescape(found[1])) if found and found[1] else []
    if len(urls) != len(jobs):
        raise RuntimeError(f"Chromium drew {len(urls)} of {len(jobs)} pictures: {done.stderr[-500:]}")
    return [b64decode(url.partition(",")[2]) for url in urls]


def svg(sketch: Sketch) -> str:
    width, height = sketch.size
    parts = [*_ground(sketch), *map(_mark, sketch.marks)]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}">{"".join(parts)}</svg>'
    )


def _ground(sketch: Sketch) -> list[str]:
    ground, step = sketch.ground, sketch.ground.step
    first, last = ground.colours[0], ground.colours[-1]
    whole = '<rect width="100%" height="100%" fill="{}"/>'
    if ground.kind == "photograph":
        data = f"data:image/png;base64,{ground.photograph}"
        return [f'<image width="100%" height="100%" preserveAspectRatio="none" href="{data}"/>']
    if ground.kind == "graded":
        stops = f'<stop offset="0" stop-color="{first}"/><stop offset="1" stop-color="{last}"/>'
        turned = f'gradientTransform="rotate({ground.angle:.1f} .5 .5)"'
        return [f'<linearGradient id="g" {turned}>{stops}</linearGradient>', whole.format("url(#g)")]
    parts = [whole.format(first)]
    if ground.kind == "paper" or ground.pattern == "noise":
        rate, strength = (0.9, 0.10) if ground.kind == "paper" else (0.12, 0.22)
        parts.append(
            f'<filter id="n"><feTurbulence type="fractalNoise" baseFrequency="{rate}" numOctaves="3" '
            f'seed="{sketch.seed % 1000}"/><feColorMatrix type="saturate" values="0"/></filter>'
            f'<rect width="100%" height="100%" filter="url(#n)" opacity="{strength}"/>'
        )
    inside = {
        "stripes": f'<rect width="{step:.1f}" height="{2 * step:.1f}" fill="{last}"/>',
        "dots": f'<circle cx="{step / 2:.1f}" cy="{step / 2:.1f}" r="{step / 3:.1f}" fill="{last}"/>',
        "checks": f'<path d="M0 0h{step:.1f}v{step:.1f}H0zM{step:.1f} {step:.1f}h{step:.1f}v{step:.1f}h-{step:.1f}z" '
        f'fill="{last}"/>',
        "ruled": f'<path d="M0 1H{2 * step:.1f}" stroke="#7fa6d9" opacity=".6"/>',
        "squared": f'<path d="M0 1H{2 * step:.1f}M1 0V{2 * step:.1f}" stroke="#7fa6d9" opacity=".6"/>',
    }.get(ground.pattern)
    if inside:
        parts.append(
            f'<pattern id="p" width="{2 * step:.1f}" height="{2 * step:.1f}" patternUnits="userSpaceOnUse" '
            f'patternTransform="rotate({ground.angle})">{inside}</pattern>'
        )
        parts.append(whole.format("url(#p)"))
    return parts


def _mark(mark: Mark) -> str:
    stroke = f'stroke="{mark.line}" stroke-width="{mark.width:.2f}"' if mark.line else ""
    inner = mark.radius - mark.width / 2
    look = f'fill="{mark.fill}" {stroke} transform="translate({mark.x:.2f} {mark.y:.2f}) rotate({mark.turn:.2f})"'
    if mark.kind == "circle":
        return f'<circle r="{inner:.2f}" {look}/>'
    if mark.kind == "square":
        half = 0.87 * inner
        return (
            f'<rect x="{-half:.2f}" y="{-half:.2f}" width="{2 * half:.2f}" height="{2 * half:.2f}" '
            f'rx="{mark.rounded:.2f}" {look}/>'
        )
    if mark.rounded:
        inner -= mark.rounded
        look += f' stroke="{mark.fill}" stroke-width="{2 * mark.rounded:.2f}" stroke-linejoin="round"'
    points = " ".join(f"{x * inner:.2f},{y * inner:.2f}" for x, y in corners(mark.kind))
    return f'<polygon points="{points}" {look}/>'
