"""PCX, Targa and QOI decoders: Pillow's, with the checks that it leaves out: that files are cut, or have no alpha."""

from __future__ import annotations

import io
from typing import BinaryIO

from PIL import Image
from PIL.PcxImagePlugin import PcxImageFile
from PIL.QoiImagePlugin import QoiImageFile
from PIL.TgaImagePlugin import TgaImageFile

from ..formats.header import DamagedFile

_INSIDE = "is cut short: it ends inside its picture data"
_HEADER = "is cut short: it ends inside its header"
_IMAGEMAGICK = "ImageMagick may: `convert IN OUT.png`."


class _Strict(io.RawIOBase):
    """A file in which reading on at its end is DamagedFile, also where Pillow was told to load truncated pictures."""

    def __init__(self, file: BinaryIO, end: int | None = None) -> None:
        self._file, self._end = file, end
        self._strict = False

    def be_strict(self, end: int | None = None) -> None:
        self._strict, self._end = True, end

    def read(self, size: int = -1) -> bytes:
        if self._end is not None:
            left = max(0, self._end - self._file.tell())
            size = left if size < 0 else min(size, left)
        data = self._file.read(size)
        if self._strict and not data:
            raise DamagedFile(_INSIDE)
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True


def _peeked(file: BinaryIO, count: int) -> bytes:
    head = file.read(count)
    file.seek(0)
    if len(head) < count:
        raise DamagedFile(_HEADER)
    return head


def open_pcx(file: BinaryIO) -> Image.Image:
    """Raises DamagedFile."""
    head = _peeked(file, 128)
    bits, planes = head[3], head[65]
    if (bits, planes) not in ((1, 1), (1, 2), (1, 4), (8, 1), (8, 3)) or (bits == 8 and head[1] != 5):
        raise DamagedFile(
            f"has {bits} bits in each of {planes} planes, which Pillow cannot read",
            _IMAGEMAGICK,
        )
    strict = _Strict(file)
    image = PcxImageFile(strict)  # type: ignore[arg-type]
    end = None
    if (bits, planes) == (8, 1) and head[68] != 2:
        # Its colours are the last 769 bytes: of one that is cut there Pillow makes a grey picture.
        size = file.seek(0, 2)
        end = size - 769
        file.seek(max(end, 0))
        if end < 128 or file.read(1) != b"\x0c":
            raise DamagedFile("is cut short: it ends before its palette")
    strict.be_strict(end)
    return image


class _Targa(TgaImageFile):
    opaque = False

    def load_end(self) -> None:
        super().load_end()
        if self.opaque and self.mode == "RGBA":
            self.im.fillband(3, 255)


def open_tga(file: BinaryIO) -> Image.Image:
    """Raises DamagedFile."""
    head = _peeked(file, 18)
    strict = _Strict(file)
    image = _Targa(strict)  # type: ignore[arg-type]
    if not image.tile:
        raise DamagedFile(f"has {head[16]} bits a pixel of a kind that Pillow cannot read", _IMAGEMAGICK)
    # The header says how many bits of a pixel are alpha: of many files of 32 bits none are, and all of them 0.
    image.opaque = not head[17] & 0x0F
    strict.be_strict()
    return image


def open_qoi(file: BinaryIO) -> Image.Image:
    """Raises DamagedFile."""
    data = file.read()
    if len(data) < 14:
        raise DamagedFile(_HEADER)
    # No picture data hold its end mark: two zeros may not follow each other there.
    if data.find(b"\0\0\0\0\0\0\0\1", 14) < 0:
        raise DamagedFile("is cut short: it has no end mark")
    return QoiImageFile(io.BytesIO(data))
