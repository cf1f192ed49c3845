"""A decoded frame as a picture: pixel format, transparency, display matrix, pixel aspect ratio, colour description."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Any

from ...blob import Blob
from ...formats.cicp import HLG, PQ
from ...render.colour import profile_of
from ...render.raster import Raster
from .fields import deinterlaced
from .frames import Shown

if TYPE_CHECKING:
    from PIL import Image

_WIDE = frozenset({9, 11, 12})
"""ColourPrimaries that show pale when they are taken for BT.709's: BT.2020, DCI-P3, Display P3. Those of television
in standard definition differ by less than sets do, and FFmpeg and most players leave them alone."""

_EXACT = 0x2 | 0x2000 | 0x40000
"""swscale's flags: bilinear, full chroma interpolation, accurate rounding. PyAV has names for them from 18 on."""


def raster_of(shown: Shown, aspect: Fraction, blob: Blob, number: int, count: int, alpha: Any = None) -> Raster:
    """The frame as it is seen; `number` of `count` that were asked for. `aspect`: of its pixels. `alpha`: a frame that
    holds its transparency, where that is coded apart."""
    frame, deinterlacing = deinterlaced(shown)
    primaries, transfer = shown.frame.color_primaries, shown.frame.color_trc
    told = primaries in _WIDE or transfer in (PQ, HLG)
    raster = Raster(
        _image_of(frame),
        blob.where,
        blob.source,
        orientation_of(shown.frame),
        lossy=True,
        steps=[f"frame {number} of {count} at {shown.seconds:.1f} s", *deinterlacing],
        page=number,
        seconds=shown.seconds,
        aspect=float(aspect),
        profile=profile_of(primaries, transfer, medium="video") if told else None,
        # Deep colour is brought to 16 bits by FFmpeg.
        bits=16 if _is_deep_colour(frame) else _bits(frame),
        mask=None if alpha is None else _luma_of(alpha, (frame.width, frame.height)),
    )
    if _is_deep_colour(frame):
        raster.low_bytes = partial(_low_bytes, frame)
    return raster


def _image_of(frame: Any) -> Image.Image:
    """As RGB, RGBA, of grey of more than 8 bits I;16, of RGB of more than 8 bits the high bytes."""
    from PIL import Image as pil

    form, bits = frame.format, _bits(frame)
    size = (frame.width, frame.height)
    if form.name.startswith("gray") and 8 < bits <= 16:
        return pil.frombytes("I;16", size, _rows(frame.reformat(format=f"gray{bits}le"), 2))
    if _is_deep_colour(frame):
        return _colour_bytes(frame, "16L")
    if _has_alpha(frame) or form.name == "pal8":
        return pil.frombytes("RGBA", size, _rows(_rounded(frame, "rgba"), 4))
    return pil.frombytes("RGB", size, _rows(_rounded(frame, "rgb24"), 3))


def _bits(frame: Any) -> int:
    bits: int = max(component.bits for component in frame.format.components)
    return bits


def _is_deep_colour(frame: Any) -> bool:
    return bool(frame.format.is_rgb) and 8 < _bits(frame) <= 16


def _has_alpha(frame: Any) -> bool:
    return any(component.is_alpha for component in frame.format.components)


def _colour_bytes(frame: Any, order: str) -> Image.Image:
    """The high bytes of deep colour ("16L"), or, taken as if they stood in the other order, the low ones ("16B")."""
    from PIL import Image as pil

    mode, form, width = ("RGBA", "rgba64le", 8) if _has_alpha(frame) else ("RGB", "rgb48le", 6)
    samples = _rows(frame.reformat(format=form), width)
    return pil.frombytes(mode, (frame.width, frame.height), samples, "raw", f"{mode};{order}")


def _low_bytes(frame: Any) -> Image.Image:
    low = _colour_bytes(frame, "16B")
    # Pixels that are seen nowhere keep their low bytes: no conversion that looks at alpha.
    return low if low.mode == "RGB" else _merged_rgb(low)


def _merged_rgb(image: Image.Image) -> Image.Image:
    from PIL import Image as pil

    return pil.merge("RGB", image.split()[:3])


def _rounded(frame: Any, form: str) -> Any:
    """In another pixel format, samples of more than 8 bits rounded."""
    # FFmpeg's quick way cuts off up to 2 levels, which the curves of HDR make 9 of: 3 ms of 1280x720, and this 30.
    return frame.reformat(format=form, interpolation=_EXACT if _bits(frame) > 8 else None)


def _luma_of(frame: Any, size: tuple[int, int]) -> Image.Image:
    """The brightness of a YUV or grey frame of 8 bits, as it is stored."""
    from PIL import Image as pil

    plane = frame.planes[0]
    luma = pil.frombytes("L", (frame.width, frame.height), bytes(plane), "raw", "L", plane.line_size)
    return luma if luma.size == size else luma.resize(size)


def _rows(frame: Any, width: int) -> bytes:
    """The first plane without the padding at the end of each row; `width` bytes a pixel."""
    plane = frame.planes[0]
    used, data = frame.width * width, bytes(plane)
    if plane.line_size == used:
        return data
    return b"".join(data[start : start + used] for start in range(0, plane.line_size * frame.height, plane.line_size))


def orientation_of(frame: Any) -> int:
    """The display matrix in EXIF's words, 1 to 8; a turn by another angle becomes the nearest quarter."""
    from av.sidedata.sidedata import Type

    matrix = frame.side_data.get(Type.DISPLAYMATRIX)
    if matrix is None:
        return 1
    a, b, _, c, d = memoryview(bytes(matrix)).cast("i")[:5]
    if abs(a) + abs(d) >= abs(b) + abs(c):
        # Whether columns go to the right, and rows down.
        return {(True, True): 1, (False, True): 2, (False, False): 3, (True, False): 4}[a >= 0, d >= 0]
    # They change places: b says where columns go, c where rows do.
    return {(True, True): 5, (True, False): 6, (False, False): 7, (False, True): 8}[b >= 0, c >= 0]
