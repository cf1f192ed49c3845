"""Rendering: a raster scaled, turned, flattened and encoded as an upright, opaque, 8-bit RGB or grey JPEG or PNG."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from ..blob import Blob
from ..boxes import BoxMapping
from ..frames import Size
from ..options import ImageOptions
from ..prepared import PreparedImage
from .colour import changes_colours, is_hdr, to_srgb
from .modes import simple_mode, with_alpha
from .raster import Raster
from .size import LONGEST_JPEG_SIDE, Plan, plan_size, squared

if TYPE_CHECKING:
    from PIL import Image

PNG_LEVEL = 1
"""Level 6 makes drawings 15 % smaller, photographs no smaller, and takes half as long again."""
WASTEFUL = 0.4
"""A PNG that is expected to keep more than this share of the raw pixels becomes a JPEG: drawings, text and
screens keep up to 0.15, photographs 0.6 and more."""
_ALWAYS_LOSSLESS_PIXELS = 256 * 256

TURNS = {
    2: "mirrored",
    3: "rotated 180",
    4: "mirrored, rotated 180",
    5: "mirrored, rotated 270",
    6: "rotated 90",
    7: "mirrored, rotated 90",
    8: "rotated 270",
}


def render(raster: Raster, options: ImageOptions) -> PreparedImage:
    """Decode, reduce, turn and encode. Pillow's own exceptions, and DamagedFile, go through to the caller."""
    image = raster.image
    jpeg = image.format in ("JPEG", "MPO")
    if not jpeg:
        image.load()  # of odd clean apertures libheif knows the size only now
    original = raster.original_size or image.size
    left, top, right, bottom = raster.crop or (0, 0, *image.size)
    stored = (right - left, bottom - top)
    square = squared(stored, raster.aspect)
    turned = raster.orientation >= 5
    plan = plan_size((square[1], square[0]) if turned else square, options)
    content = (plan.content[1], plan.content[0]) if turned else plan.content
    steps = list(raster.steps)
    profile = image.info.get("icc_profile") if raster.profile is None else raster.profile
    reduced = None
    if jpeg:
        # It decodes at 1/2, 1/4 or 1/8 of its size for a fraction of the cost, as good as a box filter.
        reduced = image.draft(None, content)
        image.load()
    box = reduced[1] if reduced else (0, 0, *stored)
    if profile and options.range is None and is_hdr(profile) and (deep := _deep(raster)) is not None:
        raster = replace(raster, image=to_srgb(deep[0], profile, deep[1]), low_bytes=None)
        steps.append("colours to sRGB")
        profile = b""
    image = simple_mode(raster, options.range, steps)
    if raster.crop is not None:
        image = image.crop(raster.crop)
        steps.append(f"cropped to {stored[0]}x{stored[1]}")
    if content != stored:
        image = _resized(image, content, box)
    if profile:
        image = _with_profile(image, profile, steps)
    image = _opaque(image, options.background, steps)
    if raster.orientation != 1:
        image = _turned(image, raster.orientation)
        steps.append(TURNS[raster.orientation])
    if square != stored:
        steps.append("pixels made square")
    if content != square:
        before = f"{square[1]}x{square[0]}" if turned else f"{square[0]}x{square[1]}"
        steps.append(f"scaled {before} -> {plan.content[0]}x{plan.content[1]}")
    if plan.canvas != plan.content:
        image = _padded(image, plan, options.background)
        steps.append(f"padded to {plan.canvas[0]}x{plan.canvas[1]}")
    format_ = _format_for(image, options, lossy=raster.lossy)
    steps = steps or [f"encoded as {format_}"]
    return PreparedImage(
        format=format_,
        mapping=BoxMapping(original, raster.orientation, plan.content, plan.canvas, raster.crop),
        steps=tuple(steps),
        content=Blob(raster.where, raster.source, data=encode(image, format_, options, lossy=raster.lossy)),
        page=raster.page,
        seconds=raster.seconds,
    )


def _deep(raster: Raster) -> tuple[Image.Image, Image.Image] | None:
    """The high bytes of 16-bit colour, with the picture's alpha, and its low bytes; `None` when it has 8 bits."""
    if raster.transparent is not None or raster.image.mode not in ("RGB", "RGBA"):
        return None
    if raster.deep is not None:
        pair = raster.deep()
        if pair is None or raster.image.mode == "RGB":
            return pair
        return with_alpha(pair[0], raster.image.getchannel("A")), pair[1]
    return None if raster.low_bytes is None else (raster.image, raster.low_bytes())


def _resized(image: Image.Image, size: Size, box: tuple[float, float, float, float]) -> Image.Image:
    from PIL import Image as pil

    # Lanczos takes half as long again, and the model scales once more anyway. From three times the size on, whole
    # pixels are averaged first.
    return image.resize(size, pil.Resampling.BICUBIC, box=box, reducing_gap=3.0)


def _with_profile(image: Image.Image, profile: bytes, steps: list[str]) -> Image.Image:
    """What is stored, before anything is laid under it."""
    if image.mode == "CMYK":
        steps.append("converted from CMYK")
        return to_srgb(image, profile)
    if not changes_colours(profile, grey=image.mode in ("L", "LA")):
        return image
    steps.append("colours to sRGB")
    return to_srgb(image, profile)


def _opaque(image: Image.Image, background: str, steps: list[str]) -> Image.Image:
    """RGB or L; what shines through shows the background."""
    from PIL import Image as pil
    from PIL import ImageColor

    if image.mode in ("L", "RGB"):
        return image
    if image.mode == "CMYK":
        steps.append("converted from CMYK")
        return image.convert("RGB")
    alpha = image.getchannel("A")
    if alpha.getextrema() == (255, 255):
        steps.append("removed unused alpha")
        return image.convert("L" if image.mode == "LA" else "RGB")
    red, green, blue = ImageColor.getrgb(background)[:3]
    grey = image.mode == "LA" and red == green == blue
    under = pil.new("L" if grey else "RGB", image.size, red if grey else (red, green, blue))
    under.paste(image.convert(under.mode), mask=alpha)
    steps.append(f"flattened on {background}")
    return under


def _turned(image: Image.Image, orientation: int) -> Image.Image:
    from PIL.Image import Transpose

    return image.transpose(
        {
            2: Transpose.FLIP_LEFT_RIGHT,
            3: Transpose.ROTATE_180,
            4: Transpose.FLIP_TOP_BOTTOM,
            5: Transpose.TRANSPOSE,
            6: Transpose.ROTATE_270,
            7: Transpose.TRANSVERSE,
            8: Transpose.ROTATE_90,
        }[orientation]
    )


def _padded(image: Image.Image, plan: Plan, background: str) -> Image.Image:
    from PIL import Image as pil
    from PIL import ImageColor

    canvas = pil.new("RGB", plan.canvas, ImageColor.getrgb(background)[:3])
    canvas.paste(image, (0, 0))
    return canvas.convert(image.mode)


def _format_for(image: Image.Image, options: ImageOptions, *, lossy: bool) -> Literal["jpeg", "png"]:
    if max(image.size) > LONGEST_JPEG_SIDE:
        return "png"
    if options.format is not None:
        return options.format
    if lossy:
        return "jpeg"
    pixels = image.size[0] * image.size[1]
    if pixels <= _ALWAYS_LOSSLESS_PIXELS:
        return "png"
    return "jpeg" if _share_kept_by_png(image) > WASTEFUL else "png"


def _share_kept_by_png(image: Image.Image) -> float:
    """Expected PNG bytes per raw byte, from eight bands that are an eighth of the picture."""
    from PIL import Image as pil

    width, height = image.size
    rows = max(1, height // 64)
    bands = pil.new(image.mode, (width, rows * 8))
    for band in range(8):
        top = (2 * band + 1) * height // 16
        bands.paste(image.crop((0, top, width, top + rows)), (0, band * rows))
    return len(_save(bands, "PNG", compress_level=PNG_LEVEL)) / (width * rows * 8 * len(image.getbands()))


def encode(image: Image.Image, format_: Literal["jpeg", "png"], options: ImageOptions, *, lossy: bool) -> bytes:
    """The same pixels give the same bytes, so that the server's cache knows a picture again."""
    if format_ == "png":
        return _save(image, "PNG", compress_level=PNG_LEVEL)
    # Photographs have mostly halved colour already; in drawings that blurs thin coloured lines.
    return _save(image, "JPEG", quality=options.jpeg_quality, subsampling=2 if lossy else 0)


def _save(image: Image.Image, format_: str, **parameters: int) -> bytes:
    if image.info:
        # A PNG encoder writes the profile and transparency that stand here.
        image = image.copy()
        image.info = {}
    buffer = io.BytesIO()
    image.save(buffer, format_, **parameters)
    return buffer.getvalue()
