"""High dynamic range (PQ, HLG) to sRGB: linear light, tone mapping, gamut, each pixel exactly."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from ..formats.cicp import HDR_PEAK, HLG, PQ, PRIMARIES, REFERENCE_WHITE
from ..formats.icc import BT709, BT2020, Matrix, Primaries, inverse, product

if TYPE_CHECKING:
    from PIL import Image

_KAPPA = 0.65
"""How far the shoulder of the tone curve follows its tangents (SMPTE ST 2094-50, reference white tone mapping)."""
# Chromium 156's values for the ramps in tests/pictures/test_images_colours.py are those of this curve to 1 of 255.


def to_sdr(
    image: Image.Image, primaries: int, transfer: int, peak: float, low_bytes: Image.Image | None = None
) -> Image.Image:
    """An RGB picture in PQ or HLG as sRGB. Reference white, 203 cd/m2, becomes half of the light of sRGB's white when
    highlights of 1,000 have to fit in above it, and sRGB's white itself when `peak` is 203; more is white, too.

    So Chromium does it. A peak of 0 is white at 203 as FFmpeg's zscale has it, which takes HLG's exponent on each
    channel by itself, and so makes vivid colours more vivid than BT.2100 has them.

    With `low_bytes` the picture is the high bytes of 16: 8 bits are 2 to 3 of 255 apart in what is shown of PQ, and
    more in vivid colours."""
    from PIL import Image as pil
    from PIL import ImageMath

    lows = [None] * 3 if low_bytes is None else low_bytes.split()
    light = [_light(channel, low, transfer) for channel, low in zip(image.split(), lows, strict=True)]
    if transfer == HLG:
        luminance = PRIMARIES[primaries].to_xyz()[1] if peak else None
        light = [ImageMath.lambda_eval(_ootf(at, luminance), r=light[0], g=light[1], b=light[2]) for at in "rgb"]
    space = PRIMARIES[primaries]
    tone = _tone(peak / REFERENCE_WHITE)
    if tone is not None:
        # The curve looks at the largest channel in BT.2020 and scales all three alike: hues stay.
        seen = _mixed(light, _between(space, BT2020)) if space is not BT2020 else light
        gain = ImageMath.lambda_eval(tone, r=seen[0], g=seen[1], b=seen[2])
        light = [ImageMath.lambda_eval(lambda v: v["x"] * v["gain"], x=channel, gain=gain) for channel in light]
    shown = _mixed(light, _between(space, BT709))
    return pil.merge("RGB", [_encoded(channel) for channel in shown])


def _light(channel: Image.Image, low: Image.Image | None, transfer: int) -> Image.Image:
    """In units of reference white (PQ), or of the scene, 0 to 1 (HLG); of mode F."""
    from PIL import ImageMath

    if low is None:
        return channel.point([_light_of(value / 255, transfer) for value in range(256)], "F")
    # Between two high bytes the curves are straight to 0.02 %.
    nodes = [_light_of(value * 256 / 65535, transfer) for value in range(257)]
    slopes = [(after - before) / 256 for before, after in pairwise(nodes)]
    start, slope = channel.point(nodes[:256], "F"), channel.point(slopes, "F")
    mixed: Image.Image = ImageMath.lambda_eval(
        lambda v: v["start"] + v["slope"] * v["float"](v["low"]), start=start, slope=slope, low=low
    )
    return mixed


def _light_of(signal: float, transfer: int) -> float:
    return _pq(min(signal, 1.0)) / REFERENCE_WHITE if transfer == PQ else _hlg(min(signal, 1.0))


def _pq(signal: float) -> float:
    """cd/m2 (SMPTE ST 2084)."""
    root = signal ** (32 / 2523)
    light: float = (max(root - 3424 / 4096, 0.0) / (2413 / 128 - 2392 / 128 * root)) ** (16384 / 2610)
    return 10_000.0 * light


def _hlg(signal: float) -> float:
    """Light of the scene, 0 to 1 (ITU-R BT.2100)."""
    if signal <= 0.5:
        return signal * signal / 3
    return (math.exp((signal - 0.55991073) / 0.17883277) + 0.28466892) / 12


def _ootf(channel: str, luminance: tuple[float, float, float] | None) -> Callable[[dict[str, Any]], Any]:
    """Scene to display of 1,000 cd/m2, HLG's reference, in units of reference white: exponent 1.2, on luminance or
    on the channel."""
    scale = HDR_PEAK / REFERENCE_WHITE
    if luminance is None:
        return lambda v: v[channel] ** 1.2 * scale
    red, green, blue = luminance
    return lambda v: v[channel] * (v["r"] * red + v["g"] * green + v["b"] * blue) ** 0.2 * scale


def _tone(most: float) -> Callable[[dict[str, Any]], Any] | None:
    """The gain by which light up to `most` times reference white comes to lie within 0 to 1: a straight line up to
    reference white, and a quadratic Bézier curve from there on. `None` when nothing is brighter than white."""
    if most <= 1.0:
        return None
    white = 1 - 0.5 * min(math.log(most) / math.log(HDR_PEAK / REFERENCE_WHITE), 1.0)
    middle = (1 - _KAPPA + _KAPPA / white, (1 - _KAPPA) * white + _KAPPA)
    bend, rise = 1 - 2 * middle[0] + most, 2 * (middle[0] - 1)
    bend_y, rise_y = white - 2 * middle[1] + 1, 2 * (middle[1] - white)

    def expression(v: dict[str, Any]) -> Any:
        lowest, highest = v["max"], v["min"]
        largest = lowest(lowest(v["r"], lowest(v["g"], v["b"])), 1.0)
        t = ((4 * bend * (highest(largest, most) - 1.0) + rise * rise) ** 0.5 - rise) / (2 * bend)
        return (white + t * (rise_y + t * bend_y)) / largest

    return expression


def _between(space: Primaries, other: Primaries) -> Matrix:
    """Linear light in the one to the other, white to white."""
    return product(inverse(other.colorants()), space.colorants())


def _mixed(light: list[Image.Image], matrix: Matrix) -> list[Image.Image]:
    from PIL import ImageMath

    red, green, blue = light
    return [
        ImageMath.lambda_eval(
            lambda v, row=row: v["r"] * row[0] + v["g"] * row[1] + v["b"] * row[2],  # type: ignore[misc]
            r=red, g=green, b=blue,
        )
        for row in matrix
    ]  # fmt: skip


def _encoded(light: Image.Image) -> Image.Image:
    from PIL import ImageMath

    whole: Image.Image = ImageMath.lambda_eval(lambda v: v["int"](v["x"] * 65535.0 + 0.5), x=light)
    return whole.point(_encoding(), "L")


@lru_cache(maxsize=1)
def _encoding() -> list[int]:
    """sRGB's value of each of 65,536 lights."""
    values = (at / 65535 for at in range(65536))
    return [round(255 * (12.92 * v if v <= 0.0031308 else 1.055 * v ** (1 / 2.4) - 0.055)) for v in values]
