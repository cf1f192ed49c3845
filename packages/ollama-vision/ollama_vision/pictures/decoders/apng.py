"""APNG decoder: an animated PNG's frames, each a PNG of its own, composed as the PNG specification says.

Pillow 13 begins an animation on the picture for other viewers, though that may be no part of it, multiplies alpha by
itself where one frame lies over another, and refuses a whole file for what is wrong with a later frame.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from ..formats.header import DamagedFile, FileHeader
from ..frames import Size
from ..render.low_bytes import low_bytes
from ..render.modes import simple_mode
from ..render.raster import Raster

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_KEEP, _CLEAR, _BRING_BACK = range(3)
_INSTEAD, _OVER = range(2)


@dataclass
class Frame:
    """A part of the canvas, and where its picture data stands in the file."""

    size: Size
    at: tuple[int, int]
    then: int
    """What is done to its place before the next frame (`dispose_op`)."""
    blend: int
    pieces: list[tuple[int, int]] = field(default_factory=list)
    """Offset and length."""

    @property
    def box(self) -> tuple[int, int, int, int]:
        return (*self.at, self.at[0] + self.size[0], self.at[1] + self.size[1])


@dataclass
class Animation:
    """The frames of a PNG, up to the first that is broken."""

    header: bytes = b""
    """Of the IHDR chunk."""
    shared: bytes = b""
    """The chunks that each frame needs: palette and transparency."""
    frames: list[Frame] = field(default_factory=list)
    broken: str = ""
    """What is wrong with the frames after these."""
    still: Frame | None = None
    """The picture for other viewers."""

    @property
    def size(self) -> Size:
        width, height = struct.unpack_from(">II", self.header)
        return width, height

    def png(self, file: BinaryIO, frame: Frame) -> BinaryIO:
        """One frame as a PNG file."""
        parts = []
        for start, length in frame.pieces:
            file.seek(start)
            parts.append(file.read(length))
        header = struct.pack(">II", *frame.size) + self.header[8:]
        chunks = _chunk(b"IHDR", header), self.shared, _chunk(b"IDAT", b"".join(parts)), _chunk(b"IEND", b"")
        return io.BytesIO(b"".join((_SIGNATURE, *chunks)))

    def first(self) -> Frame:
        """The first frame; without one the picture for other viewers. Raises DamagedFile when there is neither."""
        if not self.frames and self.still is None:
            raise self.damage()
        return self.frames[0] if self.frames or self.still is None else self.still

    def stands_alone(self, frame: Frame) -> bool:
        """Whether nothing of the frames before it is seen."""
        opaque = self.header[9] in (0, 2) and b"tRNS" not in self.shared
        return frame.box == (0, 0, *self.size) and (frame.blend == _INSTEAD or frame is self.frames[0] or opaque)

    def damage(self) -> DamagedFile:
        return DamagedFile(f"is a broken animation: {self.broken or 'it has no picture'}")


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(body, zlib.crc32(name)))


def read_animation(file: BinaryIO) -> Animation:
    """What a PNG with an acTL chunk, which was walked to its end before, has of frames."""
    animation = Animation()
    told: int | None = None
    sequence = 0
    frame: Frame | None = None
    file.seek(len(_SIGNATURE))
    while True:
        length, name = struct.unpack(">I4s", file.read(8))
        start = file.tell()
        if name == b"IEND":
            break
        if name == b"IHDR":
            animation.header = file.read(13)
        elif name in (b"PLTE", b"tRNS") and animation.still is None:
            animation.shared += _chunk(name, file.read(length))
        elif name == b"acTL" and told is None and animation.still is None:
            (told,) = struct.unpack(">I", file.read(4).rjust(4, b"\x00"))
        elif name == b"IDAT":
            if animation.still is None:
                animation.still = Frame(animation.size, (0, 0), _KEEP, _INSTEAD)
                if frame is not None and frame.box != animation.still.box:
                    animation.broken = "its first frame has another size"
            animation.still.pieces.append((start, length))
            if frame is not None and not animation.broken:
                frame.pieces.append((start, length))
        elif name in (b"fcTL", b"fdAT") and not animation.broken:
            if struct.unpack(">I", file.read(4).rjust(4, b"\x00"))[0] != sequence:
                animation.broken = "its frames are out of order"
            elif name == b"fdAT" and (frame is None or animation.still is None):
                animation.broken = "a frame has no size"
            elif frame is not None and name == b"fdAT":
                frame.pieces.append((start + 4, max(length - 4, 0)))
            elif len(animation.frames) == told and frame is not None and frame.pieces:
                break
            else:
                if frame is not None and not frame.pieces:
                    animation.frames.pop()
                frame = _frame(file.read(22), animation)
                animation.frames.extend([frame] if frame else [])
            sequence += 1
        file.seek(start + length + 4)
    if not told or told > 0x7FFFFFFF:
        # It is no animation, then, whatever parts of one it has.
        animation.frames, animation.broken = [], ""
    if animation.frames and not animation.frames[-1].pieces:
        animation.frames.pop()
        animation.broken = animation.broken or "a frame has no picture"
    return animation


def _frame(body: bytes, animation: Animation) -> Frame | None:
    if len(body) == 22:
        width, height, left, top, _, then, blend = struct.unpack(">4IIBB", body)
        frame = Frame((width, height), (left, top), then, blend)
        inside = frame.box[2] <= animation.size[0] and frame.box[3] <= animation.size[1]
        if width and height and inside and then <= _BRING_BACK and blend <= _OVER:
            return frame
    animation.broken = "a frame has no place in it"
    return None


def animation_rasters(
    file: BinaryIO, where: str, source: str, header: FileHeader, choose: Callable[[int], tuple[int, ...]] | None
) -> Iterator[Raster]:
    """The frames that `choose` takes of so many, counted from 1; without it the first. Raises DamagedFile.

    Such a frame that hides all before it is opened but not decoded, as any PNG.
    """
    animation = read_animation(file)
    if choose is not None and animation.broken:
        raise animation.damage()

    def alone(frame: Frame) -> Raster:
        image = PngImageFile(animation.png(file, frame))
        return Raster(
            image,
            where,
            source,
            header.orientation,
            profile=header.profile or b"",
            transparent=header.transparent,
            low_bytes=low_bytes(image, lambda: PngImageFile(animation.png(file, frame))),
        )

    if not animation.frames:
        raster = alone(animation.first())
        raster.steps = ["picture for viewers without animation, since that is broken"] if animation.broken else []
        yield raster
        return
    total = len(animation.frames)
    seen = enumerate(_composed(animation, map(alone, animation.frames)), 1)
    for number in (1,) if choose is None else choose(total):
        frame = animation.frames[number - 1]
        raster = alone(frame)
        if not animation.stands_alone(frame):
            raster.image = next(canvas for at, canvas in seen if at == number)
            raster.low_bytes = raster.transparent = None
        raster.steps = ["first frame"] if choose is None else [f"frame {number} of {total}"]
        raster.page = None if choose is None else number
        yield raster


def _composed(animation: Animation, rasters: Iterator[Raster]) -> Iterator[Image.Image]:
    """What is seen at each frame, as RGBA."""
    canvas = Image.new("RGBA", animation.size)
    for frame, raster in zip(animation.frames, rasters, strict=True):
        raster.image.load()
        picture = simple_mode(raster, None, []).convert("RGBA")
        before = canvas.copy() if frame.then == _BRING_BACK else None
        if frame.blend == _OVER:
            canvas.alpha_composite(picture, frame.at)
        else:
            canvas.paste(picture, frame.at)
        yield canvas.copy()
        if before is not None:
            canvas = before
        elif frame.then == _CLEAR:
            canvas.paste((0, 0, 0, 0), frame.box)
