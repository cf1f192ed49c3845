"""Media types by magic bytes: pictures and sounds on their way to llama.cpp, which takes no WebP."""

from __future__ import annotations

import io
from base64 import b64encode
from typing import Any

from .base import EngineError

_MPEG_SYNC = 0xE0
_BAD_WEBP = "decode WebP image: webp: invalid format"


def is_webp(data: bytes) -> bool:
    return data[:4] == b"RIFF" and data[8:12] == b"WEBP"


def sound_format(data: bytes) -> str | None:
    """The format of a sound that Ollama knows; `None` for all else."""
    if data[:4] == b"RIFF" and data[8:12] == b"WAVE":
        return "wav"
    mpeg = len(data) > 1 and data[0] == 0xFF and data[1] & _MPEG_SYNC == _MPEG_SYNC
    return "mp3" if mpeg or data[:3] == b"ID3" else None


def readable(data: bytes) -> bytes:
    """Bytes that llama.cpp reads. It takes no WebP: Ollama turns still ones to PNG, and fails on others."""
    if not is_webp(data):
        return data
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(data), formats=["WEBP"]) as picture:
            if getattr(picture, "is_animated", False):
                raise EngineError(500, _BAD_WEBP)
            png = io.BytesIO()
            # Speed over size: the file only crosses the loopback.
            picture.save(png, "PNG", compress_level=1)
            return png.getvalue()
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError):
        raise EngineError(500, _BAD_WEBP) from None


def content_part(data: bytes) -> dict[str, Any]:
    """A part of a chat message, in the form of OpenAI."""
    sound = sound_format(data)
    if sound:
        return {"type": "input_audio", "input_audio": {"data": encoded(data), "format": sound}}
    # The label does not matter: llama.cpp looks at the bytes.
    url = "data:image/jpeg;base64," + encoded(readable(data))
    return {"type": "image_url", "image_url": {"url": url}}


def encoded(data: bytes) -> str:
    return b64encode(data).decode("ascii")
