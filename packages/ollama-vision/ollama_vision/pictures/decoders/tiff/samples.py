"""The samples of a TIFF page (channels, bit depth, photometric interpretation) as a picture that Pillow can go on with.

What Pillow reads right in one go it reads so; of all else each sample is decoded as a grey picture of its own, and
they are put together here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import TYPE_CHECKING

from ...formats import tiff_tags as tags
from ...formats.header import DamagedFile
from ...render.colour import to_srgb
from ...render.levels import FEWEST_GREYS, Range, join_bytes, shifted, split_bytes
from .blocks import View, picture
from .libtiff_errors import heard
from .page import (
    ASSOCIATED,
    CIELAB,
    CMYK,
    ICCLAB,
    JPEG,
    LAB,
    MASK,
    MIN_IS_BLACK,
    MIN_IS_WHITE,
    OLD_JPEG,
    PALETTE,
    RGB,
    SIGNED,
    UNSPECIFIED,
    YCBCR,
    Page,
)
from .pages import TiffPicture
from .ranges import nodata_of, significant_bits, stated_range
from .refusals import WHOLE_PICTURES

if TYPE_CHECKING:
    from PIL import Image

_GREY = (MIN_IS_WHITE, MIN_IS_BLACK, MASK)
_FROM_SIGNED = [value ^ 128 for value in range(256)]
_COMPLEMENT = [255 - value for value in range(256)]


@dataclass
class Decoded:
    """The pixels of a page, as large as it is stored and not turned yet, and what belongs to them."""

    image: Image.Image
    """Grey of more than 8 bits is of mode I;16; of such colour here are the high bytes, scaled to 16 bits."""
    steps: list[str] = field(default_factory=list)
    bits: int = 16
    """That a deep value has in the file."""
    stated: Range | None = None
    """The range of deep values that the file says is to be shown."""
    low_bytes: Callable[[], Image.Image] | None = None
    """Of 16-bit colour, as RGB."""
    transparent: tuple[int, ...] | None = None
    """Of deep grey: the value that stands for no data."""
    mask: Image.Image | None = None
    """Of mode L: 0 where there is no picture."""


def decode(stored: TiffPicture) -> Decoded:
    """The picture of the page. Raises DamagedFile for what is refused, and whatever Pillow raises."""
    page = stored.page
    if (refusal := stored.refusal()) is not None:
        raise refusal
    share = page.written_share
    with heard(page) as said:
        decoded = _decoded(page, stored.slice)
    if said:
        decoded.steps.append(f"damaged lines of the fax: {len(said)}")
    if share < 1:
        decoded.steps.append(f"{max(0.1, 100 * (1 - share)):.{0 if share < 0.99 else 1}f} % of it was never written")
    if dropped := sum(each == UNSPECIFIED for each in page.extra):
        decoded.steps.append(f"{dropped} further band{'s' if dropped > 1 else ''} left out")
    if stored.mask is not None:
        with heard(stored.mask):
            decoded.mask = _darker(_mask(stored.mask), decoded.mask)
    profile = page.directory.data(tags.PROFILE)
    if decoded.mask is not None and decoded.image.mode == "CMYK":
        # With its own profile, which means nothing to the RGB that it becomes.
        decoded.image = to_srgb(decoded.image, profile or None)
        decoded.steps.append("converted from CMYK")
    elif profile:
        decoded.image.info["icc_profile"] = profile
    return decoded


def _decoded(page: Page, layer: int) -> Decoded:
    if page.samples == 1 and page.depth > 8 and page.photometric not in LAB:
        return _deep_grey(page, layer)
    if (view := _at_once(page, layer)) is not None:
        if page.photometric != RGB or page.depth == 8:
            return Decoded(picture(page, view))
        if significant_bits(page) == 16:
            # Pillow has the high bytes; the low ones are only decoded when these do not do.
            return Decoded(
                picture(page, view),
                stated=stated_range(page),
                low_bytes=lambda: _low_bytes(page, layer),
            )
    return _composed(page, _planes(page, layer))


def _low_bytes(page: Page, layer: int) -> Image.Image:
    with heard(page):
        return _merged([split_bytes(plane)[0] for plane in _planes(page, layer)[:3]])


def _at_once(page: Page, layer: int) -> View | None:
    """The view in which Pillow has the page right in one go; `None` when it has not."""
    if page.planar or set(page.sample_formats) == {SIGNED}:
        return None
    photometric, samples, bits, extra = page.photometric, page.samples, page.depth, page.extra
    if photometric in _GREY and bits <= 8:
        photometric = MIN_IS_BLACK if photometric == MASK else photometric
        right = samples == 1 or (samples == 2 and bits == 8 and photometric == MIN_IS_BLACK)
    elif photometric == PALETTE:
        right = samples == 1 or (samples == 2 and bits == 8 and extra[0] != ASSOCIATED)
    elif photometric == RGB and bits == 8:
        right = samples <= 6 and not any(extra[1:])
    elif photometric == RGB and bits == 16:
        right = samples == 3
    elif photometric == CMYK:
        right = page.alpha is None and ((samples <= 6 and bits == 8) or (samples == 4 and bits == 16))
    elif photometric == YCBCR:
        right = page.compression in (JPEG, OLD_JPEG) or samples in (1, 3)
    else:
        right = photometric == CIELAB and samples == 3 and bits == 8
    if not right and page.compression not in WHOLE_PICTURES:
        return None
    if photometric == YCBCR and samples == 1:
        photometric = MIN_IS_BLACK
    # In a white that is zero, what was never written is white: Pillow inverts what it reads.
    nodata = nodata_of(page) or 0
    empty = 255 - nodata if photometric == MIN_IS_WHITE else nodata
    return View(photometric, samples, bits, extra, layer=layer, empty=empty)


def _planes(page: Page, layer: int) -> list[Image.Image]:
    """Each sample that is shown as a picture of mode L or I;16."""
    from PIL import Image as pil

    wanted = range(page.shown)
    if page.planar:
        views = [View(MIN_IS_BLACK, 1, page.depth, plane=at, layer=layer) for at in wanted]
        return [_grey(picture(page, view)) for view in views]
    wide = _grey(picture(page, View(MIN_IS_BLACK, 1, page.depth, layer=layer, widened=page.samples)))
    data = memoryview(wide.tobytes())
    values = data if wide.mode == "L" else data.cast("H")
    return [pil.frombytes(wide.mode, page.size, values[at :: page.samples].tobytes()) for at in wanted]


def _grey(image: Image.Image) -> Image.Image:
    """As L, or as I;16 with the low byte first."""
    from PIL import Image as pil

    if image.mode == "I;16B":
        return pil.frombytes("I;16", image.size, image.tobytes(), "raw", "I;16B")
    return image.convert("L") if image.mode == "1" else image


def _deep_grey(page: Page, layer: int) -> Decoded:
    nodata, bits, stated = nodata_of(page), significant_bits(page), stated_range(page)
    plane = _grey(picture(page, View(MIN_IS_BLACK, 1, page.depth, layer=layer, empty=nodata or 0)))
    if page.photometric == MIN_IS_WHITE:
        plane = _inverted(plane, bits)
        nodata = (1 << bits) - 1 - nodata if nodata is not None else None
    return Decoded(plane, bits=bits, stated=_as_shown(page, stated), transparent=None if nodata is None else (nodata,))


def _as_shown(page: Page, stated: Range | None) -> Range | None:
    """A range of stored values in those of the picture, where white may be zero."""
    if stated is None or page.photometric != MIN_IS_WHITE:
        return stated
    highest = (1 << significant_bits(page)) - 1
    return highest - stated[1], highest - stated[0]


def _inverted(plane: Image.Image, bits: int) -> Image.Image:
    """A plane of mode I;16 with its values counted from the other end."""
    low, high = split_bytes(plane)
    highest = (1 << bits - 8) - 1
    return join_bytes(high.point([max(highest - value, 0) for value in range(256)]), low.point(_COMPLEMENT))


def _composed(page: Page, planes: Sequence[Image.Image]) -> Decoded:
    """One picture of the planes of its samples."""
    said_signed = set(page.sample_formats) == {SIGNED}
    signed = said_signed and _really_signed(planes)
    if signed:
        planes = [plane.point(_FROM_SIGNED) for plane in planes]
    if page.depth > 8:
        # From here on they use all of 16 bits.
        used = significant_bits(page)
        planes = [shifted(plane, 16 - used) for plane in planes]
        if page.photometric == MIN_IS_WHITE:
            planes = [_inverted(planes[0], 16), *planes[1:]]
    elif page.photometric == MIN_IS_WHITE:
        planes = [planes[0].point(_COMPLEMENT), *planes[1:]]
    high = [plane if plane.mode == "L" else split_bytes(plane)[1] for plane in planes]
    alpha = high[page.alpha] if page.alpha is not None else None
    colours = high[: page.colours]
    if page.photometric in LAB:
        colours = _lab(page, planes, colours)
    image = _merged(colours, page.photometric)
    hides = alpha is not None and alpha.getextrema() != (255, 255)
    if page.premultiplied and alpha is not None and hides and image.mode in ("L", "RGB"):
        if page.depth > 8 and _is_dark(colours):
            raise DamagedFile(
                "has 16 bits of which few are used, multiplied with its transparency: they cannot be spread",
                "Save it with unassociated alpha, or without any.",
            )
        return Decoded(_merged([*colours, alpha], page.photometric, premultiplied=True))
    decoded = Decoded(image, mask=alpha)
    if page.is_deep:
        decoded.bits, decoded.stated = significant_bits(page), stated_range(page)
        if image.mode == "RGB":
            decoded.low_bytes = lambda: _merged([split_bytes(plane)[0] for plane in planes[:3]])
        else:
            decoded.image = shifted(planes[0], decoded.bits - 16)
            decoded.stated = _as_shown(page, decoded.stated)
    if signed:
        decoded.steps.append("-128 to 127 shown as 0 to 255")
    elif said_signed and _has_high_values(planes):
        decoded.steps.append("called signed, and shown as unsigned")
    return decoded


def _lab(page: Page, planes: Sequence[Image.Image], high: Sequence[Image.Image]) -> list[Image.Image]:
    """L*, a* and b* of 8 bits as Pillow counts them; `high` has their high bytes."""
    from PIL import Image as pil
    from PIL import ImageChops

    bands = list(high)
    if page.photometric == CIELAB:
        # a and b are signed in the file, and count from 128 in Pillow.
        bands[1:] = [band.point(_FROM_SIGNED) for band in bands[1:]]
    if page.depth > 8:
        # Half a level that is cut off, in a and b, turns a green of sRGB's edge by 12 of 255.
        halves = [split_bytes(plane)[0].point([0] * 128 + [1] * 128) for plane in planes[: len(bands)]]
        bands = [ImageChops.add(band, half) for band, half in zip(bands, halves, strict=True)]
    return bands if len(bands) == 3 else [*bands, *[pil.new("L", bands[0].size, 128)] * 2]


def _is_dark(colours: Sequence[Image.Image]) -> bool:
    """Whether the high bytes make so few greys that a picture without alpha would be spread."""
    lowest, highest = zip(*(plane.getextrema() for plane in colours), strict=True)
    return bool(max(highest) - min(lowest) + 1 < FEWEST_GREYS)


def _really_signed(planes: Sequence[Image.Image]) -> bool:
    """Whether bytes that are said to be signed are so: some writers say it of unsigned ones."""
    if not _has_high_values(planes):
        return False  # both readings are alike
    lowest, highest = zip(*(plane.getextrema() for plane in planes), strict=True)
    if max(highest) - min(lowest) + 1 < FEWEST_GREYS:
        return True  # as unsigned ones they would leave next to nothing to see
    # Unsigned ones, read as signed, jump from black to white where neighbours are nearly alike.
    return sum(map(_share_of_jumps, planes)) / len(planes) < _FEWEST_JUMPS


_FEWEST_JUMPS = 0.001
"""Of all neighbours."""


def _has_high_values(planes: Sequence[Image.Image]) -> bool:
    return any(plane.point([0] * 128 + [255] * 128).getbbox() for plane in planes)


def _share_of_jumps(plane: Image.Image) -> float:
    """How many pixels are near their left neighbour as unsigned bytes, and at the other end as signed ones."""
    from PIL import ImageChops, ImageStat

    width, height = plane.size
    if width < 2:
        return 0.0

    def differences(image: Image.Image) -> Image.Image:
        return ImageChops.difference(image.crop((1, 0, width, height)), image.crop((0, 0, width - 1, height)))

    near = differences(plane).point([255] * 64 + [0] * 192)
    far = differences(plane.point(_FROM_SIGNED)).point([0] * 192 + [255] * 64)
    return ImageStat.Stat(ImageChops.darker(near, far)).mean[0] / 255


def _merged(bands: Sequence[Image.Image], photometric: int = RGB, *, premultiplied: bool = False) -> Image.Image:
    from PIL import Image as pil

    if premultiplied:
        return pil.merge("La" if len(bands) == 2 else "RGBa", bands).convert("LA" if len(bands) == 2 else "RGBA")
    if len(bands) == 1:
        return bands[0]
    mode = {CMYK: "CMYK", YCBCR: "YCbCr", CIELAB: "LAB", ICCLAB: "LAB"}.get(photometric, "RGB")
    image = pil.merge(mode, bands)
    return image.convert("RGB") if mode == "YCbCr" else image


def _mask(page: Page) -> Image.Image:
    """255 where the page that it belongs to is to be seen, else 0."""
    from PIL import Image as pil

    if page.written_share == 0:
        return pil.new("L", page.size, 0)
    grey = _grey(picture(page, View(MIN_IS_BLACK, 1, page.depth)))
    return grey.convert("L").point([0, *[255] * 255])


def _darker(*masks: Image.Image | None) -> Image.Image | None:
    from PIL import ImageChops

    return reduce(ImageChops.darker, [mask for mask in masks if mask is not None])
