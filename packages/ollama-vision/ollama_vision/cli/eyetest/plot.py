"""The share of right answers over the size, a curve for each way to send a picture, as inline SVG."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import log2

from ollama_vision.sight import Tried

from ..report.html import Html, element
from ..report.page_frame import svg

_WIDTH, _HEIGHT = 620, 240
_LEFT, _TOP = 44, 12
_LEGEND = 150
_ROW = 22


def shares_by_size(what: str, rows: Sequence[tuple[str, Sequence[Tried]]]) -> Html:
    """Sizes on a logarithmic scale, the smallest at the left."""
    sizes = sorted({each.px for _, tried in rows for each in tried})
    low, high = log2(sizes[0]), max(log2(sizes[-1]), log2(sizes[0]) + 1)

    def x(px: int) -> str:
        return f"{_LEFT + (log2(px) - low) / (high - low) * _WIDTH:.1f}"

    return svg(
        _LEFT + _WIDTH + _LEGEND,
        _TOP + _HEIGHT + 40,
        f"{what}: share of right answers by size",
        element("rect", x=_LEFT, y=_TOP, width=_WIDTH, height=_HEIGHT, class_="plot"),
        *(element("text", f"{share}", x=_LEFT - 6, y=str(_y(share) + 4), class_="end") for share in (0.0, 0.5, 1.0)),
        *(element("text", f"{px}", x=x(px), y=_TOP + _HEIGHT + 18, class_="middle") for px in sizes),
        element("text", "px", x=_LEFT + _WIDTH + 14, y=_TOP + _HEIGHT + 18),
        *(mark for at, (name, tried) in enumerate(rows) for mark in _curve(at, name, [(x(t.px), t) for t in tried])),
    )


def _curve(at: int, name: str, points: Sequence[tuple[str, Tried]]) -> Iterator[Html]:
    if not points:
        return
    way = f"way-{at}"
    line = " ".join(f"{x},{_y(tried.right / tried.asked):.1f}" for x, tried in points)
    yield element("polyline", points=line, class_=f"curve {way}")
    for x, tried in points:
        told = f"{name}, {tried.px} px: {tried.right} of {tried.asked}"
        yield element(
            "circle",
            element("title", told),
            cx=x,
            cy=f"{_y(tried.right / tried.asked):.1f}",
            r=4,
            class_=f"dot {way}",
        )
    row, edge = _TOP + 10 + at * _ROW, _LEFT + _WIDTH + 14
    yield element("line", x1=edge, y1=row, x2=edge + 26, y2=row, class_=f"curve {way}")
    yield element("text", name, x=edge + 34, y=row + 4)


def _y(share: float) -> float:
    return _TOP + (1 - share) * _HEIGHT
