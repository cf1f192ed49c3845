"""Camera raw files by LibRaw (rawpy): the camera's own full-size JPEG in them (embedded preview), else developed.

Loaded with the first raw file.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from ..cancellation import check_deadline
from ..formats.header import DamagedFile
from ..formats.jpeg import walk_jpeg
from ..formats.kinds import CAMERA_RAW
from ..formats.raw_files import check_data
from ..frames import Size
from ..options import ImageOptions
from ..page_selection import PageRequest
from ..render.raster import Raster
from ..render.size import plan_size, too_large

if TYPE_CHECKING:
    from ..formats.header import FileHeader

_FULL = 0.9
"""Of the sensor's side: cameras leave a rim out of their JPEG. One that is cut to another shape has one full side."""
_ORIENTATIONS = {0: 1, 1: 2, 2: 4, 3: 3, 4: 5, 5: 8, 6: 6, 7: 7}
"""LibRaw's `flip` in EXIF's words."""
_SRGB = (2.4, 12.92)
"""The curve's power and the slope of its toe."""


def rasters(request: PageRequest) -> Iterator[Raster]:
    """The picture. Raises DamagedFile, and ImportError without rawpy."""
    blob = request.blob
    with blob.open() as file, opened(file) as raw:
        _check_size(raw, request.options)
        preview = preview_of(raw)
        if isinstance(preview, Preview):
            raster = _of_preview(preview, request)
        else:
            check_data(file)
            raster = _developed(raw, request)
            raster.steps[1:1] = [preview] if preview else []
    yield raster


def check_header(file: BinaryIO, options: ImageOptions) -> Size:
    """Raises what `rasters` will raise, as far as headers tell it: nothing is developed. Gives the upright size."""
    with opened(file) as raw:
        _check_size(raw, options)
        preview = preview_of(raw)
        if isinstance(preview, Preview):
            width, height = preview.header.size
            return (height, width) if preview.orientation >= 5 else (width, height)
        check_data(file)
        return _upright(raw)


class RawFile:
    """As Pillow's openers have it: what knows its size."""

    def __init__(self, file: BinaryIO) -> None:
        self.size = check_header(file, ImageOptions(max_source_pixels=1 << 62))


@contextmanager
def opened(file: BinaryIO) -> Iterator[Any]:
    """LibRaw's handle of it, nothing decoded yet; what goes wrong with it is a DamagedFile."""
    import rawpy

    try:
        file.seek(0)
        with rawpy.imread(file) as raw:
            yield raw
    except (rawpy.LibRawFileUnsupportedError, rawpy.LibRawNotImplementedError) as error:
        check_data(file)  # of one that is cut before what tells its kind, LibRaw says the same
        raise DamagedFile("is of a kind that this LibRaw does not know", CAMERA_RAW.way_out) from error
    except rawpy.LibRawIOError as error:
        check_data(file)
        raise DamagedFile("holds less than LibRaw looks for in it", CAMERA_RAW.way_out) from error
    except (rawpy.LibRawTooBigError, rawpy.LibRawUnsufficientMemoryError) as error:
        raise DamagedFile("is larger than LibRaw takes", CAMERA_RAW.way_out) from error
    except (rawpy.LibRawError, rawpy.NotSupportedError) as error:
        raise DamagedFile(f"cannot be developed: {_words(error)}", CAMERA_RAW.way_out) from error


def _words(error: Exception) -> str:
    said = error.args[0] if error.args else ""
    return said.decode("ascii", "replace") if isinstance(said, bytes) else str(said)


def _check_size(raw: Any, options: ImageOptions) -> None:
    """Before a pixel is decoded. Raises DamagedFile for what would fill the memory."""
    sizes = raw.sizes
    if (bomb := too_large((sizes.raw_width, sizes.raw_height), options)) is not None:
        raise bomb


@dataclass(frozen=True)
class Preview:
    """The camera's own JPEG, at the size of what the sensor measured."""

    data: bytes
    header: FileHeader
    orientation: int
    """EXIF orientation that makes it upright."""


def preview_of(raw: Any) -> Preview | str:
    """The largest preview if it is a whole JPEG of full size; else what is to be said of it, mostly nothing."""
    import rawpy

    try:
        thumb = raw.extract_thumb()
    except (rawpy.LibRawError, rawpy.NotSupportedError):
        return ""  # none, or of a form that is used for small ones
    if thumb.format != rawpy.ThumbFormat.JPEG:
        return ""
    data = bytes(thumb.data)
    sizes = raw.sizes
    sensor = (sizes.iwidth, sizes.iheight)
    try:
        header = walk_jpeg(io.BytesIO(data))
    except DamagedFile:
        return "its preview is damaged, and left out"
    is_turned = sensor[0] != sensor[1] and (header.size[0] > header.size[1]) != (sensor[0] > sensor[1])
    stored = header.size[::-1] if is_turned else header.size
    if stored[0] < _FULL * sensor[0] and stored[1] < _FULL * sensor[1]:
        return f"its preview of {header.size[0]}x{header.size[1]} is smaller, and left out"
    return Preview(data, header, _orientation(header, sizes.flip, sensor, is_turned=is_turned))


def _orientation(header: FileHeader, flip: int, sensor: Size, *, is_turned: bool) -> int:
    """LibRaw gives a JPEG without EXIF the file's own turn; where it has EXIF, the shape tells whom to believe."""
    quarter = flip >= 4 and sensor[0] != sensor[1]
    if is_turned and quarter:
        return 1  # stored upright already, while the sensor's values are not
    if not is_turned and quarter and header.orientation < 5:
        return _ORIENTATIONS.get(flip, 1)
    return header.orientation


def _of_preview(preview: Preview, request: PageRequest) -> Raster:
    from PIL.JpegImagePlugin import JpegImageFile

    image = JpegImageFile(io.BytesIO(preview.data))
    steps = ["took the full-size preview out of a camera's raw file"]
    return Raster(image, request.blob.where, request.blob.source, preview.orientation, lossy=True, steps=steps)


def _upright(raw: Any) -> Size:
    sizes = raw.sizes
    return (sizes.iheight, sizes.iwidth) if sizes.flip >= 4 else (sizes.iwidth, sizes.iheight)


def _developed(raw: Any, request: PageRequest) -> Raster:
    """By the camera's white balance, in sRGB; LibRaw turns it. Where half its size is enough, four sensor cells make a
    pixel: a quarter of the time."""
    import rawpy
    from PIL import Image

    full, options = _upright(raw), request.options
    sent = plan_size(full, options).content
    whole = options.region is None and options.tiles is None
    half = whole and 4 * sent[0] * sent[1] <= full[0] * full[1]
    check_deadline()
    pixels = raw.postprocess(use_camera_wb=True, gamma=_SRGB, half_size=half, output_color=rawpy.ColorSpace.sRGB)
    height, width = pixels.shape[:2]
    mode = "RGB" if pixels.ndim == 3 and pixels.shape[2] == 3 else "L"
    image = Image.frombytes(mode, (width, height), pixels.tobytes())
    version = ".".join(map(str, rawpy.libraw_version))
    raster = Raster(image, request.blob.where, request.blob.source, lossy=True)
    raster.steps = [f"developed from a camera's raw file by LibRaw {version}"]
    # The original is what the sensor measured, whatever was drawn of it; some sensors are turned by 45 degrees.
    if abs(2 * width - full[0]) <= 2 and abs(2 * height - full[1]) <= 2:
        raster.original_size = full
    return raster
