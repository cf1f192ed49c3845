"""A decoded frame as a picture: pixel format, transparency, display matrix, pixel aspect ratio, colour description."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..cicp import HLG, PQ
from ..colour import profile_of
from ..levels import colour_to_8_bit
from ..material import Material
from ..raster import Raster
from .fields import deinterlaced
from .frames import Shown

if TYPE_CHECKING:
    from PIL import Image

_WIDE = frozenset({9, 11, 12})
"""ColourPrimaries that show pale when they are taken for BT.709's: BT.2020, DCI-P3, Display P3. Those of television
in standard definition differ by less than sets do, and FFmpeg and most players leave them alone."""


def raster_of(shown: Shown, stream: Any, material: Material, number: int, count: int, alpha: Any = None) -> Raster:
    """The frame as it is seen; `number` of `count` that were asked for. `alpha`: a frame that holds its transparency,
    where that is coded apart."""
    steps = [f"frame {number} of {count} at {shown.seconds:.1f} s"]
    frame, deinterlacing = deinterlaced(shown)
    steps += deinterlacing
    image, deep = image_of(frame)
    steps += deep
    if alpha is not None:
        image.putalpha(luma_of(alpha).resize(image.size))
    codec = stream.codec_context
    primaries, transfer = codec.color_primaries, codec.color_trc
    told = primaries in _WIDE or transfer in (PQ, HLG)
    return Raster(
        image,
        material.where,
        material.source,
        orientation_of(shown.frame),
        lossy=True,
        steps=steps,
        page=number,
        seconds=shown.seconds,
        aspect=float(stream.sample_aspect_ratio or 1),
        profile=profile_of(primaries, transfer, medium="video") if told else None,
    )


def image_of(frame: Any) -> tuple[Image.Image, list[str]]:
    """As RGB, RGBA or, of grey of more than 8 bits, I;16; and what was done to bring it there."""
    from PIL import Image as pil

    form = frame.format
    size = (frame.width, frame.height)
    bits = max(component.bits for component in form.components)
    if len(form.components) == 1 and form.name.startswith("gray") and bits > 8:
        return pil.frombytes("I;16", size, _rows(frame.reformat(format="gray16le"), 2)), []
    if any(component.is_alpha for component in form.components) or form.name == "pal8":
        return pil.frombytes("RGBA", size, _rows(frame.reformat(format="rgba"), 4)), []
    if form.is_rgb and bits == 16:
        samples = _rows(frame.reformat(format="rgb48le"), 6)
        high = pil.frombytes("RGB", size, samples, "raw", "RGB;16L")
        image, step = colour_to_8_bit(high, lambda: pil.frombytes("RGB", size, samples, "raw", "RGB;16B"))
        return image, [step]
    return pil.frombytes("RGB", size, _rows(frame.reformat(format="rgb24"), 3)), []


def luma_of(frame: Any) -> Image.Image:
    """The brightness of a YUV or grey frame of 8 bits, as it is stored."""
    from PIL import Image as pil

    plane = frame.planes[0]
    return pil.frombytes("L", (frame.width, frame.height), bytes(plane), "raw", "L", plane.line_size)


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
