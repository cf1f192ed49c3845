"""Generated pages as a PDF, written by PDFium with the fonts in the file."""

from __future__ import annotations

import ctypes
import io
import math
from collections.abc import Sequence
from typing import Any

import pypdfium2  # type: ignore[import-untyped]
import pypdfium2.raw as pdfium  # type: ignore[import-untyped]

from .layouts import HEIGHT, WIDTH, Page, Placed


def pdf_of(pages: Sequence[Page]) -> bytes:
    document = pypdfium2.PdfDocument.new()
    try:
        fonts: dict[str, Any] = {}
        for page in pages:
            if str(page.font) not in fonts:
                data = page.font.read_bytes()
                buffer = (ctypes.c_uint8 * len(data)).from_buffer_copy(data)
                loaded = pdfium.FPDFText_LoadFont(document, buffer, len(data), pdfium.FPDF_FONT_TRUETYPE, True)
                fonts[str(page.font)] = loaded
            _add(document, page, fonts[str(page.font)])
        written = io.BytesIO()
        document.save(written)
        return written.getvalue()
    finally:
        document.close()


def _add(document: Any, page: Page, font: Any) -> None:
    """A page that is turned is shown upright: what stands on it is turned the other way."""
    on_its_side = page.rotation in (90, 270)
    size = (HEIGHT, WIDTH) if on_its_side else (WIDTH, HEIGHT)
    made = document.new_page(*size)
    made.set_rotation(page.rotation)
    for placed in page.placed:
        shown = pdfium.FPDFPageObj_CreateTextObj(document, font, placed.size)
        text = (placed.text + "\0").encode("utf-16-le")
        pdfium.FPDFText_SetText(shown, ctypes.cast(ctypes.create_string_buffer(text), pdfium.FPDF_WIDESTRING))
        pdfium.FPDFPageObj_Transform(shown, *_matrix(placed, page.rotation))
        pdfium.FPDFPage_InsertObject(made, shown)
    made.gen_content()
    made.close()


def _matrix(placed: Placed, rotation: int) -> tuple[float, ...]:
    angle = math.radians(rotation)
    cos, sin = round(math.cos(angle)), round(math.sin(angle))
    x, y = placed.x, placed.y
    moved = {0: (x, y), 90: (HEIGHT - y, x), 180: (WIDTH - x, HEIGHT - y), 270: (y, WIDTH - x)}[rotation]
    return (cos, sin, -sin, cos, *moved)
