"""PIL images and arrays (numpy's array interface, without numpy) as rasters."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from functools import reduce
from typing import TYPE_CHECKING, Any

from ..decoders.gif_frames import covered
from ..error_words import image_error
from ..formats.png_colours import profile_of_info
from ..render.levels import few_greys
from ..render.low_bytes import low_bytes, stored_bits
from ..render.raster import Raster

if TYPE_CHECKING:
    from PIL import Image

_MODES = {3: "RGB", 4: "RGBA"}


def is_pil_image(value: Any) -> bool:
    # Where Pillow is not loaded there is no image of it.
    pil = sys.modules.get("PIL.Image")
    return pil is not None and isinstance(value, pil.Image)


def pil_raster(image: Any, *, where: str, deep: bool = False) -> Raster:
    """The picture's current frame. The caller's object keeps its size and mode.

    Of 16-bit colour Pillow has the high bytes alone, once it is decoded. When it is not, the low ones are read too if
    they are needed: for a chosen range (`deep`), a transparent colour, or since few greys would be left.
    """

    try:
        low = low_bytes(image, _reopener(image))
        bits = stored_bits(image)
        partial = image.format == "GIF" and image.tile and image.tell() == 0
        mask = covered(image) if partial else None
        image.load()
        orientation = image.getexif().get(0x0112, 1)
        lossy = image.format in ("JPEG", "MPO", "HEIF")
        own: Image.Image = image.copy()
        deep = deep or "transparency" in own.info
        lower = low() if low is not None and (deep or few_greys(own.convert("RGB"))) else None
    except (OSError, ValueError, SyntaxError) as error:
        raise image_error(where, "PIL image", f"cannot be decoded: {error}") from error
    if 0 in own.size:
        raise image_error(where, "PIL image", "has no pixels", kind="empty")
    raster = Raster(own, where, "PIL image", orientation if orientation in range(1, 9) else 1, lossy)
    raster.profile = profile_of_info(own.info)
    raster.mask = mask
    if lower is not None:
        raster.low_bytes = lambda: lower
    key = own.info.get("transparency")
    if bits != 8 and isinstance(key, int):
        raster.transparent = (key * 255 // ((1 << bits) - 1),)
    return raster


def _reopener(image: Any) -> Callable[[], Image.Image]:
    file, name, kind, frame = getattr(image, "fp", None), getattr(image, "filename", ""), type(image), image.tell()

    def reopen() -> Image.Image:
        # Pillow closes a file that it has opened itself when it has decoded it.
        if file is None or file.closed:
            again = kind(name)
        else:
            file.seek(0)
            again = kind(file)
        again.seek(frame)
        opened: Image.Image = again
        return opened

    return reopen


def array_raster(array: Any, *, where: str) -> Raster:
    """An array of HxW, HxWx3 or HxWx4 unsigned numbers of 8 or 16 bits, in the order red, green, blue, alpha.

    Where a numpy masked array is masked, in any channel, there is no picture.
    """
    from PIL import Image

    interface = array.__array_interface__
    shape, kind = tuple(interface["shape"]), interface["typestr"]
    source = f"array {'x'.join(map(str, shape))} {kind}"
    if kind not in ("|u1", "<u2", ">u2"):
        way_out = "Scale it to 0..255 and convert it, for numpy: (array * 255).astype('uint8') if it is 0..1."
        raise image_error(where, source, "is not of unsigned numbers of 8 or 16 bits (uint8, uint16)", way_out)
    if len(shape) not in (2, 3) or (len(shape) == 3 and shape[2] not in _MODES):
        way_out = "Height comes first: (height, width), (height, width, 3) or (height, width, 4)."
        raise image_error(where, source, "has not the shape of a picture", way_out)
    if 0 in shape:
        raise image_error(where, source, "has no pixels", kind="empty")
    try:
        mask = _mask(array, shape)
        data = _values(array if mask is None else array.data)
    except (TypeError, ValueError, AttributeError) as error:
        raise image_error(where, source, f"cannot be read: {error}") from error
    if len(data) != math.prod(shape) * int(kind[2:]):
        raise image_error(where, source, f"holds {len(data):,} bytes, which does not fit its shape")
    size, mode = (shape[1], shape[0]), _MODES.get(shape[-1], "L") if len(shape) == 3 else "L"
    if kind == "|u1":
        # Arrays are mostly camera frames: as PNG they would be several times as large, all of it noise.
        return Raster(Image.frombytes(mode, size, data), where, source, lossy=True, mask=mask)
    order, other = ("L", "B") if kind[0] == "<" else ("B", "L")
    if mode == "L":
        plane = Image.frombytes("I;16", size, data, "raw", "I;16" if order == "L" else "I;16B")
        return Raster(plane, where, source, mask=mask)
    low = Image.frombytes(mode, size, data, "raw", f"{mode};16{other}").convert("RGB")
    image = Image.frombytes(mode, size, data, "raw", f"{mode};16{order}")
    return Raster(image, where, source, mask=mask, low_bytes=lambda: low)


def _values(array: Any) -> bytes:
    """All values, row by row, whatever strides the array has."""
    if hasattr(array, "tobytes"):
        return bytes(array.tobytes())
    data = array.__array_interface__.get("data")
    if isinstance(data, bytes) and array.__array_interface__.get("strides") is None:
        return data
    return memoryview(array).tobytes()


def _mask(array: Any, shape: tuple[int, ...]) -> Image.Image | None:
    """Of a numpy masked array: 0 where it is masked, 255 elsewhere."""
    from PIL import Image, ImageChops

    # Where numpy.ma is not loaded there is no array of it.
    masked = sys.modules.get("numpy.ma")
    if masked is None or not isinstance(array, masked.MaskedArray):
        return None
    channels = shape[2] if len(shape) == 3 else 1
    values = masked.getmaskarray(array).tobytes()
    size = shape[1], shape[0]
    # What is masked in one channel has no right colour.
    bands = [Image.frombytes("L", size, values[channel::channels]) for channel in range(channels)]
    return reduce(ImageChops.lighter, bands).point([255, *[0] * 255])
