"""What else a message may hold: PDF pages as pictures, text as text, sounds as they are."""

from __future__ import annotations

import math
import threading
from collections.abc import Container, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from .anatomy import Damaged, Walker
from .decoding import Leaves, NotAsked, choose_pages
from .encoded import decode_base64
from .foreign import SVG
from .formats import MP3, PDF, READABLE, UNKNOWN, WAV
from .material import Material
from .options import ImageOptions
from .patience import look_at_the_clock
from .pictures import check_size, pictures_of, rendered, whole
from .prepared import Content, PreparedAudio, PreparedImage
from .raster import Raster
from .sources import of_fields

_POINTS_PER_INCH = 72
_SHARPEST = 300
"""Dots per inch. More shows no more of a printed page."""
_UNSCALED = 150
"""Dots per inch of a page when `max_pixels` is None."""

# PDFium is not safe to use from two threads, not even for two documents.
_pdfium = threading.Lock()


def document_block(block: Any, options: ImageOptions, *, where: str) -> list[PreparedImage | str]:
    """A DocumentBlock: the pages of a PDF or TIFF, a picture, or the text of a text file."""
    material = of_fields(block.data, block.path, block.url, options, where=where, name="DocumentBlock")
    if isinstance(block.data, bytes) and material.content.data == block.data:
        # Core keeps every document in base64, text too; what is in it counts, even when that is of no known kind.
        decoded = decode_base64(block.data)
        if decoded:
            material = Material(Content(where, material.source, data=decoded))
    kind = material.kind()
    if kind is PDF:
        return [*pdf_pages(material, options)]
    if kind in READABLE:
        return [*pictures_of(material, options)]
    if kind.family == "text" or kind is SVG:
        return [_text(material)]
    if kind is UNKNOWN:
        way_out = "Taken are text in UTF-8, PDF, and pictures."
        raise material.refuse("is neither text nor a known document", way_out, kind)
    way_out = kind.way_out or "Save it as PDF or text first."
    raise material.refuse(f"is {kind.phrase}, which cannot be sent", way_out, kind)


def _text(material: Material) -> str:
    with material.open() as file:
        data = file.read()
    encoding = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise material.refuse(f"is not text in {encoding[:6].upper()}: {error}", "Convert it to UTF-8.") from error


def pdf_pages(material: Material, options: ImageOptions, only: Container[int] | None = None) -> Iterator[PreparedImage]:
    """The pages that `options.pages` asks for and that are in `only`, drawn on white, one at a time.

    Raises ImageError.
    """
    with _pdf_faults_named(material), _opened(material) as document:
        total, numbers = _chosen(document, options)
        for number in numbers:
            if only is None or number in only:
                look_at_the_clock()
                # No name holds the drawn page while the next one is drawn.
                yield whole(material, rendered(_drawn(document, number, total, material, options), options))


def pdf_leaves(material: Material, options: ImageOptions) -> Leaves:
    """Which pages `pdf_pages` will draw. Raises ImageError."""
    with _pdf_faults_named(material), _opened(material) as document:
        return Leaves(*_chosen(document, options))


@contextmanager
def _pdf_faults_named(material: Material) -> Iterator[None]:
    try:
        import pypdfium2  # type: ignore[import-untyped]
    except ImportError as error:
        raise material.lacks(PDF) from error
    try:
        yield
    except NotAsked as error:
        raise material.refuse(error.problem, error.way_out, PDF) from error
    except (pypdfium2.PdfiumError, Damaged) as error:
        encrypted = "password" in str(error).lower()
        problem = (
            "is encrypted with a password"
            if encrypted
            else f"is a PDF document that cannot be read: {str(error).rstrip('.')}"
        )
        way_out = "Save it without the password first." if encrypted else "Get the whole file again."
        raise material.refuse(problem, way_out, PDF) from error


@contextmanager
def _opened(material: Material) -> Iterator[Any]:
    import pypdfium2

    with material.open() as file:
        _prove_pdf(file, len(material.content))
        with _pdfium:
            document = pypdfium2.PdfDocument(file)
        try:
            with _pdfium:
                # Without it, what was filled into a form stays invisible.
                document.init_forms()
            yield document
        finally:
            with _pdfium:
                document.close()


def _chosen(document: Any, options: ImageOptions) -> tuple[int, tuple[int, ...]]:
    """How many pages there are, and the numbers of those that are asked for."""
    with _pdfium:
        count = len(document)
    if count == 0:
        raise Damaged("it has no pages")
    return count, tuple(choose_pages(count, options, what="page"))


def _prove_pdf(file: BinaryIO, size: int) -> None:
    # PDFium repairs what it can of half a file, and says nothing about the pages that are gone.
    file.seek(max(0, size - 4096))
    if b"%%EOF" not in file.read():
        raise Damaged("it is cut short: it has no end mark")
    file.seek(0)


def _drawn(document: Any, number: int, count: int, material: Material, options: ImageOptions) -> Raster:
    with _pdfium:
        page = document[number - 1]
        try:
            width, height = page.get_size()
            if not (width > 0 and height > 0 and math.isfinite(width * height)):
                raise Damaged(f"page {number} has no size")
            scale = _scale(width, height, options)
            check_size(material, (math.ceil(width * scale), math.ceil(height * scale)), options, PDF)
            image = page.render(scale=scale).to_pil().convert("RGB")
        finally:
            page.close()
    steps = [f"drew page {number} of {count} at {scale * _POINTS_PER_INCH:.0f} dpi"]
    original = (max(1, round(width)), max(1, round(height)))
    return Raster(image, material.where, material.source, steps=steps, page=number, original_size=original)


def _scale(width: float, height: float, options: ImageOptions) -> float:
    """Pixels per point: drawn at the size at which it leaves, so that nothing is resampled."""
    if options.max_pixels is None:
        return _UNSCALED / _POINTS_PER_INCH
    scale = min(math.sqrt(options.max_pixels / (width * height)), _SHARPEST / _POINTS_PER_INCH)
    while math.ceil(width * scale) * math.ceil(height * scale) > options.max_pixels and min(width, height) * scale > 1:
        scale *= 0.999
    return scale


def audio_block(block: Any, options: ImageOptions, *, where: str) -> PreparedAudio:
    """An AudioBlock of WAV or MP3, byte for byte."""
    material = of_fields(block.audio, block.path, block.url, options, where=where, name="AudioBlock")
    kind = material.kind()
    if kind not in (WAV, MP3):
        way_out = "Ollama takes WAV and MP3 only: convert it, for example with ffmpeg."
        raise material.refuse(f"is {kind.phrase}", kind.way_out or way_out, kind)
    if kind is WAV:
        _prove_wav(material)
    return PreparedAudio("wav" if kind is WAV else "mp3", material.content)


def _prove_wav(material: Material) -> None:
    with material.open() as file:
        declared = int.from_bytes(Walker(file).take(8, "its header")[4:], "little")
    # Writers that do not know the length beforehand leave one of these two.
    if declared not in (0, 0xFFFFFFFF) and declared + 8 > len(material.content):
        raise material.refuse("is a WAV sound that is cut short", "Get the whole file again.", WAV)
