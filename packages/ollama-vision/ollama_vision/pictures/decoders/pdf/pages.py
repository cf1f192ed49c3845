"""A PDF's pages as pictures, drawn by PDFium on white; what it cannot draw is an error that names it."""

from __future__ import annotations

import logging
import math
import re
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO

from ...blob import Blob
from ...cancellation import check_deadline
from ...formats.header import PIECE, DamagedFile
from ...formats.kinds import PDF
from ...frames import Size
from ...options import ImageOptions
from ...page_selection import PageRequest, PageSelection, PageSelectionError, choose_pages
from ...page_text import PageText
from ...regions import RegionError, parts_of
from ...render.raster import Raster
from ...render.size import check_size, in_steps, most_canvas
from .faults import Copied, PageFault, PageParts, faults_of_text, flattened, undrawn_picture
from .images import sharpest
from .layer import has_written_annotations, layer_of
from .shells import Shell, opened_without_a_word, shell_of
from .streams import Findings

if TYPE_CHECKING:
    from PIL import Image

logger = logging.getLogger(__name__)

_POINTS_PER_INCH = 72
_SHARPEST = 300
"""Dots per inch. More shows no more of a printed page, unless a picture on it is sharper."""
_UNSCALED = 150
"""Dots per inch of a page when `max_pixels` is None and no picture on it is sharper."""

_LARGE = 250_000
"""Bytes of a page that take longer to unpack than a thread takes to start."""

PDFIUM = threading.Lock()
"""PDFium is not safe to use from two threads, not even for two documents."""


def rasters(request: PageRequest) -> Iterator[Raster]:
    """The pages that `options.pages` asks for and that are in `only`, drawn on white, one at a time.

    Raises ImageError, also for a page of which a picture, a font or a stream is missing or broken.
    """
    blob, options, only = request.blob, request.options, request.only
    with _as_image_errors(blob, options), _opened(blob, options) as (document, shell):
        chosen = _chosen(document, shell, options)
        wanted = [number for number in chosen.numbers if only is None or number in only]
        notes = (shell.note,) if shell else ()
        parts = PageParts(document, wanted, len(blob))
        drawing = _Drawing(blob, options, document, chosen.total, notes, parts, request.document)
        for number in wanted:
            check_deadline()
            # No name holds the drawn page while the next one is drawn.
            yield drawing.page(number)


def select_pages(request: PageRequest) -> PageSelection:
    """Which pages `rasters` will draw. Raises ImageError."""
    blob, options = request.blob, request.options
    with _as_image_errors(blob, options), _opened(blob, options) as (document, shell):
        return _chosen(document, shell, options)


@contextmanager
def _as_image_errors(blob: Blob, options: ImageOptions) -> Iterator[None]:
    try:
        import pypdfium2  # type: ignore[import-untyped]
    except ImportError as error:
        raise blob.missing_extra(PDF) from error
    try:
        yield
    except (PageSelectionError, PageFault, RegionError) as error:
        raise blob.error(error.problem, error.way_out, PDF) from error
    except (pypdfium2.PdfiumError, DamagedFile) as error:
        problem = f"is a PDF document that cannot be read: {str(error).rstrip('.')}"
        way_out = "Get the whole file again."
        if "password" in str(error).lower() and options.password is None:
            problem = "is encrypted with a password"
            way_out = "Save it without the password first, or give it: ImageOptions(password=...)."
        elif "password" in str(error).lower():
            problem = "is encrypted with a password, and it is not the one that was given"
            way_out = "Give the right one: ImageOptions(password=...)."
        raise blob.error(problem, way_out, PDF) from error


@contextmanager
def _opened(blob: Blob, options: ImageOptions) -> Iterator[tuple[Any, Shell | None]]:
    with blob.open() as file:
        _check_complete(file)
        with PDFIUM:
            password = None if options.password is None else options.password.get_secret_value()
            document, is_portfolio = opened_without_a_word(file, password)
        try:
            with PDFIUM:
                shell = shell_of(document, is_portfolio=is_portfolio)
            yield document, shell
        finally:
            with PDFIUM:
                document.close()


def _chosen(document: Any, shell: Shell | None, options: ImageOptions) -> PageSelection:
    """How many pages there are, and the numbers of those that are asked for."""
    with PDFIUM:
        count = len(document)
    if shell is not None and not isinstance(options.pages, tuple):
        raise PageSelectionError(shell.problem, shell.way_out)
    if count == 0:
        raise DamagedFile("it has no pages")
    return choose_pages(count, options)


_START_OF_TABLE = re.compile(rb"startxref[\x00\t\n\f\r ]+(\d+)")
_OBJECT = re.compile(rb"\d[\x00\t\n\f\r ]+\d+[\x00\t\n\f\r ]+obj\b")
_LONGEST_MARK = 64


def _check_complete(file: BinaryIO) -> None:
    """Raises DamagedFile when the file ends before its last table; leaves it at its start.

    PDFium repairs half a file as it can, and says nothing about the pages that are gone.
    """
    size = file.seek(0, 2)
    tail, end = b"", size
    while end > 0:
        start = max(0, end - PIECE)
        file.seek(start)
        # With the beginning of the piece behind it, in which what is looked for may end.
        tail = file.read(end - start) + tail[:_LONGEST_MARK]
        if found := list(_START_OF_TABLE.finditer(tail)):
            if _ends_there(file, start + found[-1].end(), first_half=found[-1][1].strip(b"0") == b""):
                file.seek(0)
                return  # what follows, padding or a web server's page, is no harm
            break
        if _OBJECT.search(tail):
            break
        end = start
    raise DamagedFile("it is cut short: it ends before its table of contents")


def _ends_there(file: BinaryIO, position: int, *, first_half: bool) -> bool:
    """Whether no object comes any more."""
    file.seek(0)
    if first_half and b"/Linearized" in file.read(1024):
        return False  # The first table of a file made for the web stands before most of its pages.
    file.seek(position)
    kept = b""
    while piece := file.read(PIECE):
        if _OBJECT.search(kept + piece):
            return False
        kept = piece[-_LONGEST_MARK:]
    return True


@dataclass
class _Drawing:
    """One document while its pages are drawn."""

    blob: Blob
    options: ImageOptions
    document: Any
    count: int
    notes: tuple[str, ...]
    parts: PageParts
    as_document: bool = False
    """Whether a page's text is wanted, and what of the page cannot be drawn is told with it and no error."""
    undrawn: list[str] = field(default_factory=list)
    """Of the page that is being drawn."""

    def page(self, number: int) -> Raster:
        self.undrawn.clear()
        with PDFIUM:
            copied = self.parts.copied(number)
        with _looked_at(copied) as look, PDFIUM, self._loaded(number) as page:
            scale, full_size = self._scale(page, number, look)
            image = _draw(page, scale)
            annotated = self.as_document and has_written_annotations(page)
            layer = layer_of(page) if self.as_document and not annotated else None
            raster = self._proven(page, number, image, scale, self._findings(number, look))
            raster.full_size = full_size
            if self.as_document:
                if annotated:
                    layer = self._layer_with_annotations(page, number)
                raster.text = PageText(layer, tuple(self.undrawn))
            return raster

    def _layer_with_annotations(self, page: Any, number: int) -> str | None:
        """The text of a page with what was filled in, or written on it; the page is changed, or has been, for it."""
        flattened(page)
        with self._loaded(number) as flat:
            return layer_of(flat)

    @contextmanager
    def _loaded(self, number: int) -> Iterator[Any]:
        page = self.document[number - 1]
        try:
            yield page
        finally:
            page.close()

    def _findings(self, number: int, look: Future[Findings]) -> Findings:
        findings = look.result()
        if findings.fault:
            self._refuse(number, PageFault(findings.fault))
        return findings

    def _scale(self, page: Any, number: int, look: Future[Findings]) -> tuple[float, Size]:
        """Pixels per point, and the pixels at which all of the page is to be seen."""
        # What is known by now need not be drawn, or has no pictures to measure.
        has_pictures = not look.done() or self._findings(number, look).has_pictures
        width, height = page.get_size()
        if not (width > 0 and height > 0 and math.isfinite(width * height)):
            raise DamagedFile(f"page {number} has no size")
        sharpest_picture = sharpest(page, (width, height)) if has_pictures else 0
        full = max(_UNSCALED, sharpest_picture) / _POINTS_PER_INCH
        full_size = (math.ceil(width * full), math.ceil(height * full))
        part = parts_of(_in_points(page), self.options, full_size)[-1].region
        shown = (width, height) if part is None else (part[2] - part[0], part[3] - part[1])
        scale = _scale(shown[0], shown[1], sharpest_picture, self.options)
        check_size(self.blob, (math.ceil(width * scale), math.ceil(height * scale)), self.options, PDF)
        return scale, full_size

    def _proven(self, page: Any, number: int, image: Image.Image, scale: float, findings: Findings) -> Raster:
        # Where a fault is known and noted, the search for others would find the same picture again.
        fault = None
        if findings.has_pictures and not findings.fault:
            fault = undrawn_picture(page, image, lambda: _draw(page, scale))
        if fault:
            self._refuse(number, fault)
        notes = [*findings.suspicions]
        if findings.lacks_fonts:
            notes += self._text_proven(page, number, image, scale)
        if findings.annotations_lack_fonts and flattened(page):
            # Only what is part of the page can be looked at as text.
            with self._loaded(number) as flat:
                notes += self._text_proven(flat, number, _draw(flat, scale), scale)
        for note in notes:
            logger.warning("%s, page %d: %s", self.blob.source, number, note)
        steps = [f"drew page {number} of {self.count} at {scale * _POINTS_PER_INCH:.0f} dpi", *self.notes, *notes]
        raster = Raster(image, self.blob.where, self.blob.source, steps=steps, page=number)
        raster.original_size = _in_points(page)
        return raster

    def _text_proven(self, page: Any, number: int, image: Image.Image, scale: float) -> list[str]:
        fault, notes = faults_of_text(page, image, lambda: _draw(page, scale))
        if fault:
            self._refuse(number, fault)
        self.undrawn += notes
        return notes

    def _refuse(self, number: int, fault: PageFault) -> None:
        """Raises what is wrong with a page, or notes it where the page is wanted with all that can be drawn."""
        if self.as_document:
            if fault.problem not in self.undrawn:
                self.undrawn.append(fault.problem)
            return
        problem = f"is a PDF document whose page {number} cannot be drawn whole: {fault.problem}"
        raise PageFault(problem, fault.way_out)


@contextmanager
def _looked_at(copied: Copied) -> Iterator[Future[Findings]]:
    """What is found in the page's streams; of large ones while PDFium draws, which unpacks them as well."""
    look: Future[Findings] = Future()
    if copied.size < _LARGE:
        look.set_result(copied.findings())
        yield look
        return
    with ThreadPoolExecutor(1, "pdf-streams") as beside:
        yield beside.submit(copied.findings)


def _in_points(page: Any) -> Size:
    return max(1, round(page.get_width())), max(1, round(page.get_height()))


def _draw(page: Any, scale: float) -> Image.Image:
    drawn: Image.Image = page.render(scale=scale).to_pil().convert("RGB")
    return drawn


def _scale(width: float, height: float, sharpest_picture: float, options: ImageOptions) -> float:
    """Pixels per point: drawn at the size at which it leaves, so that nothing is resampled, also by the server."""
    if options.max_pixels is None:
        return max(_UNSCALED, sharpest_picture) / _POINTS_PER_INCH
    limit = most_canvas(options)
    scale = min(math.sqrt(limit / (width * height)), max(_SHARPEST, sharpest_picture) / _POINTS_PER_INCH)

    def canvas() -> Size:
        return in_steps((math.ceil(width * scale), math.ceil(height * scale)), options)

    while math.prod(canvas()) > limit and min(width, height) * scale > 1:
        scale *= 0.999
    return scale
