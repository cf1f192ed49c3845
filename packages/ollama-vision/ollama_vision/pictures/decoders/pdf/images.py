"""Images on a PDF page: where they stand, their resolution, and which PDFium cannot decode."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL import Image

_DEEPEST = 16
"""Forms within forms."""
_MOST_OBJECTS = 100_000
_MOST_LOOKED_AT = 200
"""Pictures of a page that are decoded a second time."""
_SMALLEST_SHARE = 0.25
"""Of the page: a smaller picture does not decide how large the page is drawn."""

_FRAGILE = frozenset(("JPXDecode", "JBIG2Decode"))
"""Of broken data in these PDFium draws nothing; of the others it draws what there is."""
_MOST_LEFT_OUT = 8
"""Pictures that lie over each other and are left out one by one."""

Box = tuple[int, int, int, int]
Matrix = tuple[float, float, float, float, float, float]


@dataclass(frozen=True)
class Placed:
    raw: Any
    matrix: Matrix
    """From the unit square to the page, in points."""

    @property
    def sides(self) -> tuple[float, float]:
        a, b, c, d, _, _ = self.matrix
        return math.hypot(a, b), math.hypot(c, d)

    def corners(self) -> list[tuple[float, float]]:
        a, b, c, d, e, f = self.matrix
        return [(a * x + c * y + e, b * x + d * y + f) for x, y in ((0, 0), (1, 0), (0, 1), (1, 1))]


def sharpest(page: Any, size: tuple[float, float]) -> float:
    """Dots per inch of the sharpest picture that covers a good part of the page; 0 without one."""
    import pypdfium2.raw as pdfium  # type: ignore[import-untyped]

    most = 0.0
    for placed in _placed(page, pdfium):
        across, down = placed.sides
        if across * down < size[0] * size[1] * _SMALLEST_SHARE:
            continue
        width, height = _pixels(placed.raw, pdfium)
        most = max(most, 72 * width / across, 72 * height / down)
    return most


def covered_by_pictures(page: Any) -> float:
    """The share of the page that its largest picture covers."""
    import pypdfium2.raw as pdfium

    width, height = page.get_size()
    areas = [math.prod(placed.sides) for placed in _placed(page, pdfium)]
    return float(max(areas, default=0.0) / (width * height))


def undecoded(page: Any, drawn: Image.Image, draw: Callable[[], Image.Image]) -> str | None:
    """The first picture that PDFium has no pixels for, in words: "its picture 2 (600x800, JPXDecode)".

    Only where nothing shows that it was drawn is it decoded again, to tell a blank picture from none: the drawn page
    is of one colour there, or, of the formats that PDFium may give up, is the same when the picture is left out.
    """
    import pypdfium2.raw as pdfium

    for number, placed in islice(_unseen(page, drawn, draw, pdfium), _MOST_LOOKED_AT):
        bitmap = pdfium.FPDFImageObj_GetBitmap(placed.raw)
        if not bitmap:
            width, height = _pixels(placed.raw, pdfium)
            return f"its picture {number} ({', '.join((f'{width}x{height}', *_filters(placed.raw, pdfium)))})"
        pdfium.FPDFBitmap_Destroy(bitmap)
    return None


def _unseen(
    page: Any, drawn: Image.Image, draw: Callable[[], Image.Image], pdfium: Any
) -> Iterator[tuple[int, Placed]]:
    """Pictures of which nothing is to be seen on the drawn page, with their numbers."""
    fragile = []
    for number, placed in enumerate(_placed(page, pdfium), 1):
        box = _box(page, placed, drawn.size, pdfium)
        if box is None:
            continue
        if _is_one_colour(drawn, box):
            yield number, placed
        elif not _FRAGILE.isdisjoint(_filters(placed.raw, pdfium)) and not _is_alone(page, placed, pdfium):
            fragile.append((number, placed, box))
    if not fragile:
        return
    without = _drawn_without([placed for _, placed, _ in fragile], draw, pdfium)
    for index, (number, placed, box) in enumerate(fragile):
        others = [other for at, (_, _, other) in enumerate(fragile) if at != index]
        if any(_overlap(box, other) for other in others) and index < _MOST_LEFT_OUT:
            without_it = _drawn_without([placed], draw, pdfium)
        else:
            without_it = without
        if _same(drawn, without_it, box):
            yield number, placed


def _is_alone(page: Any, placed: Placed, pdfium: Any) -> bool:
    """Whether nothing else is on the page, but for words that are not to be seen: what is drawn there is it."""
    if pdfium.FPDFPage_GetAnnotCount(page):
        return False
    for index in range(min(_MOST_OBJECTS, pdfium.FPDFPage_CountObjects(page))):
        raw = pdfium.FPDFPage_GetObject(page, index)
        kind = pdfium.FPDFPageObj_GetType(raw)
        invisible = (
            kind == pdfium.FPDF_PAGEOBJ_TEXT
            and pdfium.FPDFTextObj_GetTextRenderMode(raw) == pdfium.FPDF_TEXTRENDERMODE_INVISIBLE
        )
        if not invisible and address_of(raw) != address_of(placed.raw):
            return False
    return True


def address_of(handle: Any) -> int:
    """What tells one handle of PDFium from another."""
    return ctypes.cast(handle, ctypes.c_void_p).value or 0


def _drawn_without(pictures: list[Placed], draw: Callable[[], Image.Image], pdfium: Any) -> Image.Image:
    """The page as it is without them. PDFium keeps the pixels of the others, and need not decode them again."""
    for placed in pictures:
        pdfium.FPDFPageObj_SetIsActive(placed.raw, False)
    try:
        return draw()
    finally:
        for placed in pictures:
            pdfium.FPDFPageObj_SetIsActive(placed.raw, True)


def _same(one: Image.Image, other: Image.Image, box: Box) -> bool:
    from PIL import ImageChops

    return ImageChops.difference(one.crop(box), other.crop(box)).getbbox() is None


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _placed(page: Any, pdfium: Any) -> Iterator[Placed]:
    left = [_MOST_OBJECTS]

    def within(count: int, get: Callable[[int], Any], outer: Matrix, depth: int) -> Iterator[Placed]:
        for index in range(count):
            raw = get(index)
            left[0] -= 1
            if not raw or left[0] < 0:
                continue
            kind = pdfium.FPDFPageObj_GetType(raw)
            if kind == pdfium.FPDF_PAGEOBJ_IMAGE:
                yield Placed(raw, _times(_matrix(raw, pdfium), outer))
            elif kind == pdfium.FPDF_PAGEOBJ_FORM and depth < _DEEPEST:
                count = pdfium.FPDFFormObj_CountObjects(raw)
                own = _times(_matrix(raw, pdfium), outer)
                yield from within(count, partial(pdfium.FPDFFormObj_GetObject, raw), own, depth + 1)

    count = pdfium.FPDFPage_CountObjects(page)
    yield from within(count, partial(pdfium.FPDFPage_GetObject, page), (1, 0, 0, 1, 0, 0), 0)


def _matrix(raw: Any, pdfium: Any) -> Matrix:
    found = pdfium.FS_MATRIX()
    pdfium.FPDFPageObj_GetMatrix(raw, found)
    return found.a, found.b, found.c, found.d, found.e, found.f


def _times(inner: Matrix, outer: Matrix) -> Matrix:
    a, b, c, d, e, f = inner
    k, m, n, o, p, q = outer
    return (a * k + b * n, a * m + b * o, c * k + d * n, c * m + d * o, e * k + f * n + p, e * m + f * o + q)


def _pixels(raw: Any, pdfium: Any) -> tuple[int, int]:
    width, height = ctypes.c_uint(), ctypes.c_uint()
    pdfium.FPDFImageObj_GetImagePixelSize(raw, width, height)
    return width.value, height.value


def _filters(raw: Any, pdfium: Any) -> Iterator[str]:
    for index in range(min(8, pdfium.FPDFImageObj_GetImageFilterCount(raw))):
        buffer = ctypes.create_string_buffer(64)
        pdfium.FPDFImageObj_GetImageFilter(raw, index, buffer, len(buffer))
        yield buffer.value.decode("ascii", "replace")


def _box(page: Any, placed: Placed, size: tuple[int, int], pdfium: Any) -> Box | None:
    """Where it stands on the drawn page; `None` when that is outside, or next to nothing."""
    places = []
    for x, y in placed.corners():
        across, down = ctypes.c_int(), ctypes.c_int()
        pdfium.FPDF_PageToDevice(page, 0, 0, *size, 0, x, y, across, down)
        places.append((across.value, down.value))
    left, right = max(0, min(x for x, _ in places)), min(size[0], max(x for x, _ in places))
    top, bottom = max(0, min(y for _, y in places)), min(size[1], max(y for _, y in places))
    return (left, top, right, bottom) if right - left > 1 and bottom - top > 1 else None


def _is_one_colour(drawn: Image.Image, box: Box) -> bool:
    left, top, right, bottom = box
    places = {(left + (right - left) * x // 7, top + (bottom - top) * y // 7) for x in range(7) for y in range(7)}
    if len({drawn.getpixel(place) for place in places}) > 1:
        return False
    return all(low == high for low, high in drawn.crop(box).getextrema())  # type: ignore[misc]
