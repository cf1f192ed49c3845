"""Mode conversion: whatever kind of pixel Pillow decodes to, as 8-bit grey or RGB, with alpha or without, or CMYK."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, reduce
from typing import TYPE_CHECKING

from ..formats.header import DamagedFile
from .colour import to_srgb
from .levels import Range, as_i16, check_within_8_bit, choose_in_8_bit, colour_to_8_bit, look_up, to_8_bit
from .raster import Raster

if TYPE_CHECKING:
    from PIL import Image


def simple_mode(raster: Raster, chosen: Range | None, steps: list[str]) -> Image.Image:
    """The decoded picture as L, LA, RGB, RGBA or CMYK. `chosen` is `ImageOptions.range`. May raise DamagedFile."""
    image = raster.image
    if _is_deep_grey(image):
        return _deep_grey(raster, chosen, steps)
    if raster.low_bytes is not None and image.mode in _DEEP_COLOURS:
        return _deep_colour(raster, cache(raster.low_bytes), chosen, steps)
    simple = _keyed(raster, _shallow(image, steps))
    if chosen is not None and not raster.ranged:
        simple = _chosen(simple, chosen, steps)
    return simple if raster.mask is None else with_alpha(simple, raster.mask)


_DEEP_COLOURS = ("RGB", "RGBA")


def _is_deep_grey(image: Image.Image) -> bool:
    return image.mode.startswith("I;16") or (image.mode == "I" and image.format in ("PNG", "PPM"))


def with_alpha(image: Image.Image, alpha: Image.Image) -> Image.Image:
    """LA or RGBA of a picture, which keeps the alpha that it has."""
    from PIL import Image as pil
    from PIL import ImageChops

    if image.mode in ("LA", "RGBA"):
        alpha = ImageChops.darker(image.getchannel("A"), alpha)
    bands = image.convert("RGB").split() if image.mode == "CMYK" else image.split()
    grey = len(image.getbands()) < 3
    return pil.merge("LA" if grey else "RGBA", (*bands[: 1 if grey else 3], alpha))


def _deep_grey(raster: Raster, chosen: Range | None, steps: list[str]) -> Image.Image:
    plane = as_i16(raster.image)
    alpha = raster.mask
    key = raster.transparent or _told(raster.image)
    if key is not None and len(key) == 1:
        hidden = [255] * (1 << 16)
        hidden[key[0]] = 0
        alpha = _both(look_up(plane, hidden), alpha)
    grey, step = to_8_bit([plane], stated=raster.stated, chosen=chosen, bits=raster.bits, visible=alpha)
    steps.append(step)
    return grey if alpha is None else with_alpha(grey, alpha)


def _deep_colour(
    raster: Raster, low_bytes: Callable[[], Image.Image], chosen: Range | None, steps: list[str]
) -> Image.Image:
    image = raster.image
    alpha = raster.mask
    if image.mode == "RGBA":
        alpha = _both(image.getchannel("A"), alpha)
    high = image if image.mode == "RGB" else image.convert("RGB")
    key = raster.transparent or _told(image)
    if key is not None and len(key) == 3:
        visible = _unlike(high, [value >> 8 for value in key])
        if visible.getextrema()[0] == 0:
            from PIL import ImageChops

            visible = ImageChops.lighter(visible, _unlike(low_bytes(), [value & 0xFF for value in key]))
        alpha = _both(visible, alpha)
    colour, step = colour_to_8_bit(
        high, low_bytes, stated=raster.stated, chosen=chosen, bits=raster.bits, visible=alpha
    )
    steps.append(step)
    return colour if alpha is None else with_alpha(colour, alpha)


def _shallow(image: Image.Image, steps: list[str]) -> Image.Image:
    mode = image.mode
    if mode in ("L", "RGB", "CMYK", "LA", "RGBA"):
        return image
    if mode == "1":
        return image.convert("L")
    if mode in ("P", "PA"):
        steps.append("converted from palette")
        return image.convert("RGBA" if mode == "PA" or "transparency" in image.info else "RGB")
    if mode == "LAB":
        steps.append("converted from LAB")
        return to_srgb(image, None)
    if mode in ("RGBa", "La"):
        return image.convert("RGBA" if mode == "RGBa" else "LA")
    if mode in ("RGBX", "YCbCr", "HSV"):
        return image.convert("RGB")
    raise _without_brightness(mode)


def check_shown(raster: Raster, chosen: Range | None) -> None:
    """That `simple_mode` will show the picture, as far as it tells before it is decoded. Raises DamagedFile."""
    image = raster.image
    check_brightness(image)
    deep = _is_deep_grey(image) or (raster.low_bytes is not None and image.mode in _DEEP_COLOURS)
    if chosen is not None and not raster.ranged and not deep:
        check_range(chosen, inks=image.mode == "CMYK")


def check_range(chosen: Range, *, inks: bool) -> None:
    """That the range can be that of a picture of 8 bits, or of `inks` (CMYK). Raises DamagedFile."""
    if inks:
        raise DamagedFile(
            "is CMYK, and a range of values from dark to bright means nothing in inks",
            "Leave the range out for it, or save it as RGB first.",
        )
    check_within_8_bit(chosen)


def check_brightness(image: Image.Image) -> None:
    """That the picture, which need not be decoded, has values that mean a brightness. Raises DamagedFile."""
    if image.mode == "F" or (image.mode == "I" and image.format not in ("PNG", "PPM")):
        raise _without_brightness(image.mode)


def _without_brightness(mode: str) -> DamagedFile:
    return DamagedFile(
        f"has pixels of a kind ({mode}) that have no natural brightness", "Scale them to 8 bit, 0 to 255, first."
    )


def _keyed(raster: Raster, image: Image.Image) -> Image.Image:
    """With alpha, where one grey or colour stands for transparent."""
    key = raster.transparent or _told(raster.image)
    if key is None or image.mode not in ("L", "RGB") or len(key) != len(image.getbands()):
        return image
    return with_alpha(image, _unlike(image, key))


def _told(image: Image.Image) -> tuple[int, ...] | None:
    """The transparent grey or colour that Pillow tells of; palettes' is another matter."""
    told = image.info.get("transparency")
    if image.mode in ("P", "PA"):
        return None
    if isinstance(told, int):
        return (told,)
    return tuple(told) if isinstance(told, tuple) else None


def _unlike(image: Image.Image, key: Sequence[int]) -> Image.Image:
    """255 where a picture of mode L or RGB has another value than this, 0 where it has it."""
    from PIL import ImageChops

    others = [
        band.point([0 if grey == value else 255 for grey in range(256)])
        for band, value in zip(image.split(), key, strict=True)
    ]
    return reduce(ImageChops.lighter, others)


def _both(alpha: Image.Image, other: Image.Image | None) -> Image.Image:
    from PIL import ImageChops

    return alpha if other is None else ImageChops.darker(alpha, other)


def _chosen(image: Image.Image, chosen: Range, steps: list[str]) -> Image.Image:
    check_range(chosen, inks=image.mode == "CMYK")
    alpha = image.getchannel("A") if image.mode in ("LA", "RGBA") else None
    opaque = image if alpha is None else image.convert("L" if image.mode == "LA" else "RGB")
    shown, step = choose_in_8_bit(opaque, chosen, visible=alpha)
    steps.append(step)
    return shown if alpha is None else with_alpha(shown, alpha)
