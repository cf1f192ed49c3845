"""Image preprocessing and its cache: large pictures are scaled once, as llama.cpp scales them, and kept (LRU)."""

from __future__ import annotations

import hashlib
import io
import math
import struct
import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL import Image

MOST_BYTES = 16 * 1024 * 1024
"""What is kept of all pictures together; the demo model's, of 112 by 112 pixels, take 40 KB at the most."""
_LARGE = 512 * 512
"""Pixels. llama.cpp itself reads what is smaller in 5 ms."""
_SOON_HASHED = 256 * 1024
"""Bytes; a millisecond at the most."""
_BACKGROUND = (122, 116, 104)
"""What llama.cpp fills the rest of a square up with, whatever the projector's own mean is."""
_SINGLE = struct.Struct("f")


class ScaledPictures:
    """Large pictures as the small ones that a model of one fixed square makes of them, by the SHA-256 of their bytes.

    llama.cpp decodes and scales a picture again for each question about it, also where it has its tokens in the cache
    of prompts: a quarter of a second for 12 megapixels. It leaves one that has the square's size as it is. So what is
    kept are the scaled pixels, as PNG.

    Pixels are llama.cpp's own for PNG and WebP. Those of a JPEG differ by a level or two in some places, since two
    decoders round in their own ways. All that might be read otherwise goes as it came: small pictures, other formats,
    16 bits, CMYK, progressive JPEG, and what Pillow does not read to its end.
    """

    def __init__(self, side: int, *, most_bytes: int = MOST_BYTES) -> None:
        self._side, self._most_bytes = side, most_bytes
        self._kept: OrderedDict[bytes, bytes | None] = OrderedDict()
        """By the hash of a picture; `None` for one that goes as it came."""
        self.size = 0
        """Bytes that are kept."""
        self._lock = threading.Lock()

    @classmethod
    def for_projector(cls, projector: Mapping[str, Any]) -> ScaledPictures | None:
        """For a model of LLaVA's first kind: one square, no tiles. `None` for others, which scale in their own ways."""
        side = projector.get("clip.vision.image_size")
        if projector.get("clip.projector_type") != "mlp" or not isinstance(side, int) or side < 1:
            return None
        return None if projector.get("clip.vision.image_grid_pinpoints") else cls(side)

    def kept(self, data: bytes) -> bytes | None:
        """The same as `scaled` for a picture that was asked about before; `None` for others. Decodes nothing.

        Large files are others, too: to hash them takes too long for an event loop.
        """
        return self._found(_key(data), data) if len(data) <= _SOON_HASHED else None

    def scaled(self, data: bytes) -> bytes:
        """What llama.cpp gets in place of a picture's bytes. Decodes: not for the event loop; several threads may."""
        key = _key(data)
        if (found := self._found(key, data)) is not None:
            return found
        small = _scaled(data, self._side)
        with self._lock:
            if key not in self._kept:
                self._kept[key] = small
                self.size += _size(small)
            while self.size > self._most_bytes:
                _, oldest = self._kept.popitem(last=False)
                self.size -= _size(oldest)
        return data if small is None else small

    def _found(self, key: bytes, data: bytes) -> bytes | None:
        with self._lock:
            if key not in self._kept:
                return None
            self._kept.move_to_end(key)
            small = self._kept[key]
        return data if small is None else small

    def forget(self) -> None:
        """Give the memory back."""
        with self._lock:
            self._kept.clear()
            self.size = 0


def _key(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _size(small: bytes | None) -> int:
    return len(small or b"") + hashlib.sha256().digest_size


def _scaled(data: bytes, side: int) -> bytes | None:
    """The picture in its square; `None` for what goes as it came."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(data), formats=["JPEG", "PNG", "WEBP"]) as picture:
            if picture.width * picture.height <= _LARGE or not _is_read_alike(picture):
                return None
            whole = _fit(picture.convert("RGB"), side)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    png = io.BytesIO()
    whole.save(png, "PNG", compress_level=1)
    return png.getvalue()


def _is_read_alike(picture: Image.Image) -> bool:
    """Whether llama.cpp takes the picture as well, and makes the same pixels of it."""
    if picture.format in ("JPEG", "MPO"):
        # Of a progressive one that is damaged llama.cpp refuses what libjpeg passes over.
        return picture.mode in ("RGB", "L") and not picture.info.get("progressive")
    return picture.mode in ("1", "L", "LA", "P", "RGB", "RGBA") and not getattr(picture, "is_animated", False)


def _fit(picture: Image.Image, side: int) -> Image.Image:
    """Scaled into the square and centred, with Pillow's own bicubic filter, which is llama.cpp's."""
    from PIL import Image

    # llama.cpp reckons in single precision, and rounds up: one bit may be a row of pixels.
    scale = min(_single(side / picture.width), _single(side / picture.height))
    width, height = (min(math.ceil(_single(length * scale)), side) for length in picture.size)
    whole = Image.new("RGB", (side, side), _BACKGROUND)
    # Rows first, as llama.cpp; in one call newer versions of Pillow begin with the columns of a tall picture.
    rows = picture.resize((width, picture.height), Image.Resampling.BICUBIC)
    inner = rows.resize((width, height), Image.Resampling.BICUBIC)
    whole.paste(inner, ((side - width) // 2, (side - height) // 2))
    return whole


def _single(value: float) -> float:
    rounded: float = _SINGLE.unpack(_SINGLE.pack(value))[0]
    return rounded
