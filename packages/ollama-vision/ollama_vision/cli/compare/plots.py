"""Plots as inline SVG: accuracies with their intervals, and a calibration curve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..report.html import Html, element
from ..report.page_frame import svg

_SIDE = 240
_EDGE = 34
_WIDTH, _ROW = 520, 26
_NAME = 80


def calibration_curve(bins: Sequence[Mapping[str, Any]]) -> Html:
    """How often the chosen label is right, over its probability; a dot's area is the number of pictures."""
    most = max((each["n"] for each in bins), default=1) or 1
    whole = _SIDE + 2 * _EDGE
    told = [each for each in bins if each["n"]]
    points = " ".join(f"{_x(each['probability'])},{_y(each['accuracy'])}" for each in told)
    return svg(
        whole,
        whole,
        "Calibration curve",
        element("rect", x=_EDGE, y=_EDGE, width=_SIDE, height=_SIDE, class_="plot"),
        element("line", x1=_x(0), y1=_y(0), x2=_x(1), y2=_y(1), class_="even"),
        element("polyline", points=points, class_="curve"),
        *(
            element(
                "circle",
                element("title", f"{each['n']} pictures, {each['probability']:.2f}: {each['accuracy']:.1%} right"),
                cx=_x(each["probability"]),
                cy=_y(each["accuracy"]),
                r=f"{2 + 6 * (each['n'] / most) ** 0.5:.1f}",
                class_="dot",
            )
            for each in told
        ),
        *(element("text", name, x=_x(at), y=whole - 14, class_="middle") for at, name in _TICKS),
        *(element("text", name, x=_EDGE - 6, y=str(float(_y(at)) + 4), class_="end") for at, name in _TICKS),
    )


_TICKS = ((0.0, "0"), (0.5, "0.5"), (1.0, "1"))


def accuracy_bars(rows: Sequence[tuple[str, Mapping[str, Any]]]) -> Html:
    """The accuracy of each run, with its interval."""
    height = _ROW * len(rows) + 8
    marks = []
    for index, (name, field) in enumerate(rows):
        middle = _ROW * index + _ROW // 2 + 4
        low, high, share = (_NAME + field[each] * (_WIDTH - _NAME - 10) for each in ("low", "high", "accuracy"))
        marks += [
            element("text", name, x=_NAME - 8, y=middle + 4, class_="end"),
            element("line", x1=_NAME, y1=middle, x2=_WIDTH - 10, y2=middle, class_="axis"),
            element("line", x1=f"{low:.1f}", y1=middle, x2=f"{high:.1f}", y2=middle, class_="interval"),
            element(
                "circle", element("title", f"{field['accuracy']:.1%}"), cx=f"{share:.1f}", cy=middle, r=5, class_="dot"
            ),
        ]
    return svg(_WIDTH, height, "Accuracy of each run, with its 95 % interval", *marks)


def _x(share: float) -> str:
    return f"{_EDGE + share * _SIDE:.1f}"


def _y(share: float) -> str:
    return f"{_EDGE + (1 - share) * _SIDE:.1f}"
