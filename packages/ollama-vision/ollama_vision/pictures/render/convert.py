"""Rendering: a raster scaled, turned, flattened and encoded as an upright, opaque, 8-bit RGB or grey JPEG or PNG."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from ..blob import Blob
from ..boxes import BoxMapping
from ..frames import Crop, Size
from ..ink import has_ink
from ..options import ImageOptions
from ..prepared import PreparedImage
from ..regions import WHOLE, Part, stored_region
from .colour import changes_colours, is_hdr, to_srgb
from .modes import simple_mode, with_alpha
from .raster import Raster
from .size import LONGEST_JPEG_SIDE, Plan, plan_size, squared

if TYPE_CHECKING:
    from PIL import Image

    from ..page_text import PageFacts

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


def render(raster: Raster, options: ImageOptions, parts: Sequence[Part] = WHOLE) -> Iterator[PreparedImage]:
    """Decode once, and of each part: cut out, reduce, turn and encode.

    Pillow's own exceptions, and DamagedFile, go through to the caller.
    """
    stored = None if _is_jpeg(raster.image) else _loaded(raster.image).size
    cuts = [_cut(raster, part, options, stored or raster.image.size) for part in parts]
    decoded = _decode(raster, options, cuts)
    for part, cut in zip(parts, cuts, strict=True):
        yield _encoded(decoded, part, cut, options)


def _is_jpeg(image: Image.Image) -> bool:
    return image.format in ("JPEG", "MPO")


def _loaded(image: Image.Image) -> Image.Image:
    image.load()  # of odd clean apertures libheif knows the size only now
    return image


@dataclass(frozen=True)
class _Cut:
    """What a part is cut out of, and what becomes of it."""

    crop: Crop | None
    """In the original, before it is turned; `None`: all of it."""
    box: tuple[float, float, float, float]
    """In the decoded picture, as large as its file says that it is."""
    stored: Size
    """Its pixels there."""
    square: Size
    """The same once each pixel is square."""
    plan: Plan
    content: Size
    """The plan's, before it is turned."""


def _cut(raster: Raster, part: Part, options: ImageOptions, size: Size) -> _Cut:
    original = raster.original_size or size
    crop = raster.crop
    box: tuple[float, float, float, float] = crop or (0, 0, *size)
    if part.region is not None:
        crop = stored_region(part.region, raster.orientation, raster.crop or (0, 0, *original))
        across, down = size[0] / original[0], size[1] / original[1]
        box = (crop[0] * across, crop[1] * down, crop[2] * across, crop[3] * down)
    stored = (max(1, round(box[2] - box[0])), max(1, round(box[3] - box[1])))
    square = squared(stored, raster.aspect)
    turned = raster.orientation >= 5
    plan = plan_size((square[1], square[0]) if turned else square, options, drawn=raster.full_size is not None)
    content = (plan.content[1], plan.content[0]) if turned else plan.content
    return _Cut(crop, box, stored, square, plan, content)


@dataclass(frozen=True)
class _Decoded:
    """A picture in a simple mode, with what is still to be done to each part of it."""

    raster: Raster
    image: Image.Image
    original: Size
    shrunk: tuple[float, float]
    """By what its decoder made it smaller, across and down; 1 where it did not."""
    profile: bytes | None
    """Of its colours; empty when they are sRGB."""
    steps: tuple[str, ...]


def _decode(raster: Raster, options: ImageOptions, cuts: Sequence[_Cut]) -> _Decoded:
    image = raster.image
    steps = list(raster.steps)
    profile = image.info.get("icc_profile") if raster.profile is None else raster.profile
    size = image.size
    shrunk = (1.0, 1.0)
    if _is_jpeg(image):
        if len(cuts) == 1:
            # It decodes at 1/2, 1/4 or 1/8 of its size for a fraction of the cost, as good as a box filter.
            share = [min(1.0, cuts[0].content[axis] / cuts[0].stored[axis]) for axis in (0, 1)]
            drafted = image.draft(None, (math.ceil(size[0] * share[0]), math.ceil(size[1] * share[1])))
            if drafted:
                shrunk = (drafted[1][2] / size[0], drafted[1][3] / size[1])
        image.load()
    if profile and options.range is None and is_hdr(profile) and (deep := _deep(raster)) is not None:
        raster = replace(raster, image=to_srgb(deep[0], profile, deep[1]), low_bytes=None)
        steps.append("colours to sRGB")
        profile = b""
    image = simple_mode(raster, options.range, steps)
    return _Decoded(raster, image, raster.original_size or size, shrunk, profile, tuple(steps))


def _encoded(decoded: _Decoded, part: Part, cut: _Cut, options: ImageOptions) -> PreparedImage:
    raster, steps = decoded.raster, list(decoded.steps)
    content, plan, turned = cut.content, cut.plan, raster.orientation >= 5
    image, box = _within(decoded, cut)
    if raster.crop is not None:
        steps.append(f"cropped to {raster.crop[2] - raster.crop[0]}x{raster.crop[3] - raster.crop[1]}")
    if part.region is not None:
        steps.append(f"cut out {part.region[0]},{part.region[1]} to {part.region[2]},{part.region[3]}")
    if content != image.size or box != (0, 0, *image.size):
        image = _resized(image, content, box, halved=decoded.shrunk[0] < 1)
    if decoded.profile:
        image = _with_profile(image, decoded.profile, steps)
    image = _opaque(image, options.background, steps)
    if raster.orientation != 1:
        image = _turned(image, raster.orientation)
        steps.append(TURNS[raster.orientation])
    if cut.square != cut.stored:
        steps.append("pixels made square")
    if content != cut.square:
        width, height = cut.square
        before = f"{height}x{width}" if turned else f"{width}x{height}"
        steps.append(f"scaled {before} -> {plan.content[0]}x{plan.content[1]}")
    facts = _facts(raster, image) if part.region is None and part.tile is None else None
    if plan.canvas != plan.content:
        image = _padded(image, plan, options.background)
        steps.append(f"padded to {plan.canvas[0]}x{plan.canvas[1]}")
    format_ = _format_for(image, options, lossy=raster.lossy)
    steps = steps or [f"encoded as {format_}"]
    return PreparedImage(
        format=format_,
        mapping=BoxMapping(decoded.original, raster.orientation, plan.content, plan.canvas, cut.crop),
        steps=tuple(steps),
        content=Blob(raster.where, raster.source, data=encode(image, format_, options, lossy=raster.lossy)),
        page=raster.page,
        seconds=raster.seconds,
        region=part.region,
        tile=part.tile,
        facts=facts,
    )


def _facts(raster: Raster, image: Image.Image) -> PageFacts | None:
    if raster.text is None:
        return None
    from ..page_text import PageFacts

    return PageFacts(raster.text.layer, raster.text.undrawn, has_ink(image))


def _within(decoded: _Decoded, cut: _Cut) -> tuple[Image.Image, tuple[float, float, float, float]]:
    """The pixels of a part, whole ones, and where it lies in them: what is scaled mixes with nothing beyond them."""
    image, (across, down) = decoded.image, decoded.shrunk
    left, top, right, bottom = cut.box[0] * across, cut.box[1] * down, cut.box[2] * across, cut.box[3] * down
    outer = (
        math.floor(left + 1e-6),
        math.floor(top + 1e-6),
        min(math.ceil(right - 1e-6), image.size[0]),
        min(math.ceil(bottom - 1e-6), image.size[1]),
    )
    if outer != (0, 0, *image.size):
        image = image.crop(outer)
    width, height = image.size
    within = (left - outer[0], top - outer[1], min(right - outer[0], width), min(bottom - outer[1], height))
    if all(abs(side - edge) < 1e-6 for side, edge in zip(within, (0, 0, width, height), strict=True)):
        within = (0, 0, width, height)
    return image, within


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


def _resized(image: Image.Image, size: Size, box: tuple[float, float, float, float], *, halved: bool) -> Image.Image:
    from PIL import Image as pil

    # Lanczos takes half as long again as bicubic, and the model scales once more anyway. What JPEG's own halving has
    # made smaller already is within 1 to 3 dB of that when it is scaled linearly, in 0.6 of the time: 44 dB and more
    # against the whole picture by Lanczos. From three times the size on, whole pixels are averaged first.
    resampling = pil.Resampling.BILINEAR if halved else pil.Resampling.BICUBIC
    return image.resize(size, resampling, box=box, reducing_gap=3.0)


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
