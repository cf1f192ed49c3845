"""Blocks of chat messages prepared: documents as pages or text, videos as frames, sounds as they are."""

from __future__ import annotations

from typing import Any

from .blob import Blob
from .formats.data_urls import decode_base64
from .formats.foreign import SVG
from .formats.header import ByteReader
from .formats.kinds import AVIF, GIF, MP3, PDF, READABLE, UNKNOWN, VIDEOS, WAV, WEBP
from .inputs.forms import from_block_fields
from .options import ImageOptions
from .page_selection import USUAL_FRAMES, frames_of_animation
from .picture import prepare, refuse_kind
from .prepared import PreparedAudio, PreparedImage

_PAGES = READABLE | {PDF}


def document_block(block: Any, options: ImageOptions, *, where: str) -> list[PreparedImage | str]:
    """A DocumentBlock: the pages of a PDF or TIFF, a picture, or the text of a text file."""
    blob = from_block_fields(block.data, block.path, block.url, options, where=where, name="DocumentBlock")
    if isinstance(block.data, bytes) and blob.data == block.data:
        # Core keeps every document in base64, text too; what is in it counts, even when that is of no known kind.
        decoded = decode_base64(block.data)
        if decoded:
            blob = Blob(where, blob.source, data=decoded)
    kind = blob.kind()
    if kind in _PAGES:
        return [*prepare(blob, options, kind, accepted=_PAGES)]
    if kind.family == "text" or kind is SVG:
        return [_text(blob)]
    if kind is UNKNOWN:
        way_out = "Taken are text in UTF-8, PDF, and pictures."
        raise blob.error("is neither text nor a known document", way_out, kind)
    way_out = kind.way_out or "Save it as PDF or text first."
    raise blob.error(f"is {kind.phrase}, which cannot be sent", way_out, kind)


def video_block(block: Any, options: ImageOptions, *, where: str) -> list[PreparedImage]:
    """A VideoBlock as `options.frames` frames, or as many as its `fps` asks for, or 8. Raises ImageError."""
    blob = from_block_fields(block.video, block.path, block.url, options, where=where, name="VideoBlock")
    kind = blob.kind()
    if kind in (GIF, WEBP, AVIF):
        return prepare(blob, options.model_copy(update={"frames": frames_of_animation(options) or USUAL_FRAMES}), kind)
    if kind.family == "picture":
        raise blob.error(f"is {kind.phrase}, not a video", "Put it into an ImageBlock.", kind)
    if kind not in VIDEOS:
        raise refuse_kind(blob, kind, asked="video")
    return prepare(blob, options, kind, accepted=VIDEOS, fps=block.fps)


def _text(blob: Blob) -> str:
    with blob.open() as file:
        data = file.read()
    encoding = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise blob.error(f"is not text in {encoding[:6].upper()}: {error}", "Convert it to UTF-8.") from error


def audio_block(block: Any, options: ImageOptions, *, where: str) -> PreparedAudio:
    """An AudioBlock of WAV or MP3, byte for byte."""
    blob = from_block_fields(block.audio, block.path, block.url, options, where=where, name="AudioBlock")
    kind = blob.kind()
    if kind not in (WAV, MP3):
        way_out = "Ollama takes WAV and MP3 only: convert it, for example with ffmpeg."
        raise blob.error(f"is {kind.phrase}", kind.way_out or way_out, kind)
    if kind is WAV:
        _check_wav(blob)
    return PreparedAudio("wav" if kind is WAV else "mp3", blob)


def _check_wav(blob: Blob) -> None:
    with blob.open() as file:
        declared = int.from_bytes(ByteReader(file).take(8, "its header")[4:], "little")
    # Writers that do not know the length beforehand leave one of these two.
    if declared not in (0, 0xFFFFFFFF) and declared + 8 > len(blob):
        raise blob.error("is a WAV sound that is cut short", "Get the whole file again.", WAV)
