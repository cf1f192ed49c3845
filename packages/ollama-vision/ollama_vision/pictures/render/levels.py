"""Deep samples to 8 bit (window and level, contrast stretching): 16 bits, few of them used, do not leave as black."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ..formats.header import DamagedFile

if TYPE_CHECKING:
    from PIL import Image

Range = tuple[int, int]
"""The value that is shown as black, and the one that is shown as white."""

FEWEST_GREYS = 32
"""What the high byte must leave of a picture's range, from its lowest to its highest value, for the high byte to be
taken. Depth in mm, thermal cameras and microscopes leave 2 to 14; a scan or a photograph hardly ever under 100."""
_SAMPLED = 8
"""Of so many pixels in either direction one is looked at first."""
_ROWS = 256
"""Rows that are looked up at a time: Pillow looks values up in 32 bits, and 200 megapixels of those are 800 MB."""


def to_8_bit(
    planes: Sequence[Image.Image],
    *,
    stated: Range | None = None,
    chosen: Range | None = None,
    bits: int = 16,
    visible: Image.Image | None = None,
) -> tuple[Image.Image, str]:
    """One plane as L or three as RGB, and the step that says how.

    The planes are of mode I;16, I;16B or I, with unsigned values of up to `bits` bits (9 to 16) which are not scaled
    to 16. The range `chosen` by the caller is shown, else the one that is `stated` by the file, else, where taking
    the high byte would leave fewer than `FEWEST_GREYS`, the lowest to the highest value; else the high byte is taken.
    It is one range for all three colours. `stated` is a range meant for showing (ImageJ's min and max, a DICOM
    window); a camera's number of significant bits is `bits`. Where `visible` (of mode L) is 0 values do not count,
    and come out as anything. Raises DamagedFile when the chosen range makes one grey of a picture that has several.
    """
    planes = [as_i16(plane) for plane in planes]
    plain = f"reduced from {bits} bit"
    if chosen is None and stated is None and _many(planes, visible, bits - 8):
        return _merged([_high_byte(plane, bits) for plane in planes]), plain
    low, high = _extrema(planes, visible)
    shown, why = None, ""
    if chosen is not None:
        if not _shows(chosen, low, high):
            raise shows_nothing(chosen, low, high)
        shown, why = chosen, ", as asked"
    elif stated is not None and stated != (0, (1 << bits) - 1) and _shows(stated, low, high):
        shown, why = stated, ", as the file says"
    elif low < high and _few(low >> bits - 8, high >> bits - 8):
        shown = low, high
    if shown is None:
        return _merged([_high_byte(plane, bits) for plane in planes]), plain
    table = spread(shown, 1 << 16)
    return _merged([look_up(plane, table) for plane in planes]), f"{bits} bit: {said(shown)}{why}"


def colour_to_8_bit(
    high_bytes: Image.Image,
    low_bytes: Callable[[], Image.Image],
    *,
    stated: Range | None = None,
    chosen: Range | None = None,
    bits: int = 16,
    visible: Image.Image | None = None,
) -> tuple[Image.Image, str]:
    """The same for samples of 16 bits whose bytes come apart: two pictures of mode L or RGB.

    Pillow decodes 16-bit colour to its high bytes alone; `low_bytes` is only called when these do not do. Values of
    fewer `bits` are scaled to 16 here, and the ranges are of values as they are stored.
    """
    enough = _many([high_bytes], visible, 0) or not _few(*_extrema([high_bytes], visible))
    if stated is None and chosen is None and enough:
        return high_bytes, f"reduced from {bits} bit"
    pairs = zip(high_bytes.split(), low_bytes().split(), strict=True)
    planes = [shifted(join_bytes(*pair), bits - 16) for pair in pairs]
    return to_8_bit(planes, stated=stated, chosen=chosen, bits=bits, visible=visible)


def choose_in_8_bit(
    image: Image.Image, chosen: Range, *, visible: Image.Image | None = None
) -> tuple[Image.Image, str]:
    """A picture of mode L or RGB, which has 8 bits from the start, with the chosen range of its values shown."""
    check_within_8_bit(chosen)
    low, high = _extrema([image], visible)
    if not _shows(chosen, low, high):
        raise shows_nothing(chosen, low, high)
    return image.point(spread(chosen, 256) * len(image.getbands())), f"8 bit: {said(chosen)}, as asked"


def check_within_8_bit(chosen: Range) -> None:
    """That a picture of 8 bits can have values from the range. Raises DamagedFile."""
    if chosen[0] < 0 or chosen[1] > 255:
        raise DamagedFile(
            f"has 8 bits, that is values from 0 to 255, and the range {chosen[0]:,} to {chosen[1]:,} goes beyond them",
            "Leave the range out for it, or choose one of its values.",
        )


def as_i16(plane: Image.Image) -> Image.Image:
    """A plane of 16-bit values in the mode in which Pillow does most with them."""
    from PIL import Image as pil

    if plane.mode == "I;16":
        return plane
    if plane.mode.startswith("I;16"):
        order = "I;16" if plane.mode == "I;16L" else plane.mode
        return pil.frombytes("I;16", plane.size, plane.tobytes(), "raw", order)
    return plane.convert("I;16")


def look_up(plane: Image.Image, table: list[int]) -> Image.Image:
    """What a table of 65,536 entries says of each value of a plane of mode I;16, as mode L."""
    from PIL import Image as pil

    width, height = plane.size
    shown = pil.new("L", plane.size)
    for top in range(0, height, _ROWS):
        rows = plane.crop((0, top, width, min(top + _ROWS, height)))
        shown.paste(rows.convert("I").point(table, "L"), (0, top))
    return shown


def few_greys(high_bytes: Image.Image) -> bool:
    """Whether the high bytes of a picture (L or RGB) do not do."""
    return _few(*_extrema([high_bytes], None))


def join_bytes(high: Image.Image, low: Image.Image) -> Image.Image:
    """A plane of mode I;16 of two of mode L."""
    from PIL import Image as pil

    # Two bands lie beside each other, byte by byte, as the two bytes of a little-endian number do.
    return pil.frombytes("I;16", high.size, pil.merge("LA", (low, high)).tobytes())


def split_bytes(plane: Image.Image) -> tuple[Image.Image, Image.Image]:
    """The low and the high bytes of a plane of mode I;16."""
    from PIL import Image as pil

    low, high = pil.frombytes("LA", plane.size, plane.tobytes()).split()
    return low, high


def shifted(plane: Image.Image, by: int) -> Image.Image:
    """A plane of mode I;16 with its values `by` bits, up to 8, further up, or further down where it is negative."""
    from PIL import ImageChops

    if not by:
        return plane
    low, high = split_bytes(plane)
    if by > 0:
        carried = low.point([value >> 8 - by for value in range(256)])
        upper = ImageChops.add(high.point([value << by & 0xFF for value in range(256)]), carried)
        return join_bytes(upper, low.point([value << by & 0xFF for value in range(256)]))
    carried = high.point([value << 8 + by & 0xFF for value in range(256)])
    lower = ImageChops.add(low.point([value >> -by for value in range(256)]), carried)
    return join_bytes(high.point([value >> -by for value in range(256)]), lower)


def spread(shown: Range, count: int) -> list[int]:
    """For each of the values from 0 to `count` - 1 what is shown of it, 0 to 255."""
    low, high = shown
    span = high - low
    return [min(max(((value - low) * 255 + span // 2) // span, 0), 255) for value in range(count)]


def said(shown: Range) -> str:
    """The range, for a step."""
    return f"{shown[0]:,} to {shown[1]:,} shown as 0 to 255"


def shows_nothing(chosen: Range, low: int, high: int) -> DamagedFile:
    """The error for a range that the picture has nothing in."""
    return DamagedFile(
        f"has values from {low:,} to {high:,}, and a range of {chosen[0]:,} to {chosen[1]:,} makes one grey of them",
        "Choose a range within them, or leave it out.",
    )


def _shows(shown: Range, low: int, high: int) -> bool:
    """Whether anything can be told apart; a picture of one value has nothing to be told apart."""
    return shown[0] < shown[1] and (low >= high or max(low, shown[0]) < min(high, shown[1]))


def _many(planes: Sequence[Image.Image], visible: Image.Image | None, shift: int) -> bool:
    """Whether a sample shows already that the high bytes, after a shift by so many bits, do: 0.1 ms instead of the 8
    that looking at all of 3 megapixels of colour takes."""
    width, height = planes[0].size
    size = max(width // _SAMPLED, 1), max(height // _SAMPLED, 1)
    sampled = [plane.resize(size, 0) for plane in planes]
    low, high = _extrema(sampled, None if visible is None else visible.resize(size, 0))
    return not _few(low >> shift, high >> shift)


def _few(low: int, high: int) -> bool:
    return high - low + 1 < FEWEST_GREYS


def _extrema(planes: Sequence[Image.Image], visible: Image.Image | None) -> Range:
    """The lowest and the highest value of all that is visible; (0, 0) when nothing is."""
    lows, highs = planes, planes
    if visible is not None and (hidden := visible.point([255, *[0] * 255])).getbbox():
        if hidden.getextrema() == (255, 255):
            return 0, 0
        lows = [_filled(plane, hidden, 0xFF) for plane in planes]
        highs = [_filled(plane, hidden, 0) for plane in planes]
    return min(_bounds(plane)[0] for plane in lows), max(_bounds(plane)[1] for plane in highs)


def _filled(plane: Image.Image, hidden: Image.Image, byte: int) -> Image.Image:
    if plane.mode == "I;16":
        # Pillow 13 pastes into wrong places of a picture of 16 bits.
        low, high = split_bytes(plane)
        return join_bytes(_filled(high, hidden, byte), _filled(low, hidden, byte))
    filled = plane.copy()
    filled.paste((byte,) * len(plane.getbands()), (0, 0, *plane.size), hidden)
    return filled


def _bounds(plane: Image.Image) -> Range:
    bounds = plane.getextrema()
    if isinstance(bounds[0], tuple):
        return min(int(band[0]) for band in bounds), max(int(band[1]) for band in bounds)
    return int(bounds[0]), int(bounds[1])


def _high_byte(plane: Image.Image, bits: int) -> Image.Image:
    from PIL import Image as pil

    if bits != 16:
        return look_up(plane, [min(value >> bits - 8, 255) for value in range(1 << 16)])
    return pil.frombytes("L", plane.size, plane.tobytes(), "raw", "L;16")


def _merged(bands: Sequence[Image.Image]) -> Image.Image:
    from PIL import Image as pil

    return bands[0] if len(bands) == 1 else pil.merge("RGB", bands)
