"""GIF's frames, composed as browsers do (disposal methods, transparency).

Pillow composes frames too, but gives what no frame covers, and what is cleared again, a colour of the palette, and lets
a frame without a disposal method inherit that of the one before.
"""

from __future__ import annotations

import io
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

from ..formats.gif import Frame, Gif
from ..frames import Size
from ..options import ImageOptions
from ..render.size import too_large

if TYPE_CHECKING:
    from PIL import Image

_CLEAR, _BRING_BACK, _BRING_BACK_TOO = 2, 3, 4


def covered(image: Any, options: ImageOptions | None = None) -> Image.Image | None:
    """The mask of the first frame's place on a canvas that it does not cover; `None` where Pillow sees to it.

    `image` is not decoded yet. With options, a canvas that would fill the memory is a DamagedFile.
    """
    from PIL import Image as pil

    extent = image.tile[0].extents
    if extent == (0, 0, *image.size) or "transparency" in image.info:
        return None
    if options is not None:
        _check_size(image.size, options)
    mask = pil.new("L", image.size)
    mask.paste(255, extent)
    return mask


def composed(
    file: BinaryIO, gif: Gif, numbers: Collection[int], options: ImageOptions
) -> Iterator[tuple[int, Image.Image]]:
    """What is seen at the frames of these numbers, counted from 1: transparent where nothing is. Raises DamagedFile."""
    from PIL import Image as pil

    _check_size(gif.size, options)
    grey = all(frame.grey for frame in gif.frames)
    canvas = pil.new("LA" if grey else "RGBA", gif.size)
    for number, frame in enumerate(gif.frames[: max(numbers)], 1):
        before = canvas.copy() if frame.disposal in (_BRING_BACK, _BRING_BACK_TOO) else None
        if all(frame.size):
            _check_size(frame.size, options)
            picture = _decoded(file, frame).convert(canvas.mode)
            canvas.paste(picture, frame.at, None if frame.key is None else picture.getchannel("A"))
        if number in numbers:
            bare = canvas.getchannel("A").getextrema() != (255, 255)
            yield number, canvas.copy() if bare else canvas.convert("L" if grey else "RGB")
        if before is not None:
            canvas = before
        elif frame.disposal == _CLEAR:
            canvas.paste((0,) * len(canvas.getbands()), frame.box)


def _decoded(file: BinaryIO, frame: Frame) -> Image.Image:
    from PIL.GifImagePlugin import GifImageFile

    return GifImageFile(io.BytesIO(frame.alone(file)))


def _check_size(size: Size, options: ImageOptions) -> None:
    if (bomb := too_large(size, options)) is not None:
        raise bomb
