"""The text layer of a PDF page: its words as the file has them, where these can be words of what is to be seen.

All of it is used under PDFium's lock.
"""

from __future__ import annotations

import ctypes
import math
from collections import Counter
from typing import Any

from .images import covered_by_pictures

_UNREADABLE = 0.3
"""Of its characters: a font that does not say which letters its glyphs are gives private or no letters."""
_SCAN = 0.7
"""Of the page's area: a picture that covers so much is the page."""
_MARGIN = 0.1
"""Of the page's height: where a program stamps its number, or its name, onto a scan."""
_SAMPLES = 40
_TURNED = 0.1
"""Radians: text of a greater angle is written upwards, or down the page."""
_QUARTER = math.pi / 2
_NEXT_LINE = 0.5
"""Of the letters' size: what stands so much higher or lower is in another line."""


def layer_of(page: Any) -> str | None:
    """The text within the page, with line ends; `None` where there is none, or none that could be compared with.

    That is the case of garbage, of fonts whose glyphs have no letters, and of a scan with nothing but a stamp on it.
    """
    import pypdfium2.raw as pdfium  # type: ignore[import-untyped]

    textpage = _upright_text(page, pdfium)
    try:
        text: str = textpage.get_text_bounded()
        letters = [one for one in text if not one.isspace()]
        if not letters or sum(map(_is_no_letter, letters)) > _UNREADABLE * len(letters):
            return None
        if covered_by_pictures(page) > _SCAN and _is_stamp(page, textpage):
            return None
        return _with_line_ends(page, textpage, pdfium) if _is_turned(textpage, pdfium) else text
    finally:
        textpage.close()


def has_written_annotations(page: Any) -> bool:
    """Whether there are annotations or fields that may show text: it is drawn, and is none of the page's own."""
    import pypdfium2.raw as pdfium

    silent = (pdfium.FPDF_ANNOT_LINK, pdfium.FPDF_ANNOT_POPUP)
    for index in range(pdfium.FPDFPage_GetAnnotCount(page)):
        annotation = pdfium.FPDFPage_GetAnnot(page, index)
        kind = pdfium.FPDFAnnot_GetSubtype(annotation)
        pdfium.FPDFPage_CloseAnnot(annotation)
        if kind not in silent:
            return True
    return False


def _is_no_letter(sign: str) -> bool:
    is_control = sign < "\x20" and sign != "\x02"
    return is_control or sign == "\ufffd" or "\ue000" <= sign <= "\uf8ff" or sign >= "\U000f0000"


def _upright_text(page: Any, pdfium: Any) -> Any:
    """The page's text with the page turned so that most of it is upright.

    PDFium gives lines in the order in which the page shows them: the last one first where they are shown on their side.
    """
    textpage = page.get_textpage()
    turns = Counter(
        round(-pdfium.FPDFText_GetCharAngle(textpage, index) / _QUARTER) % 4 for index in _samples(textpage)
    )
    shown = page.get_rotation()
    upright = 90 * turns.most_common(1)[0][0] if turns else shown
    if upright == shown:
        return textpage
    textpage.close()
    page.set_rotation(upright)
    try:
        return page.get_textpage()
    finally:
        page.set_rotation(shown)


def _samples(textpage: Any) -> range:
    count = textpage.count_chars()
    return range(0, count, max(1, count // _SAMPLES))


def _is_stamp(page: Any, textpage: Any) -> bool:
    """Whether all of its text is at the top and the bottom."""
    left, bottom, right, top = page.get_bbox()
    margin = (top - bottom) * _MARGIN
    inner: str = textpage.get_text_bounded(left, bottom + margin, right, top - margin)
    return not inner.strip()


def _is_turned(textpage: Any, pdfium: Any) -> bool:
    """Whether some of its text is written upwards or downwards, as on a page that is shown on its side.

    Of such text PDFium does not find the lines' ends.
    """
    return any(pdfium.FPDFText_GetCharAngle(textpage, index) % math.pi > _TURNED for index in _samples(textpage))


def _with_line_ends(page: Any, textpage: Any, pdfium: Any) -> str:
    """The same by where each character stands: a line ends where the next one stands higher or lower than it runs."""
    left, bottom, right, top = page.get_bbox()
    x, y = ctypes.c_double(), ctypes.c_double()
    shown: list[str] = []
    last: tuple[float, float] | None = None
    for index in range(textpage.count_chars()):
        sign = chr(min(pdfium.FPDFText_GetUnicode(textpage, index), 0x10FFFF))
        if pdfium.FPDFText_IsGenerated(textpage, index) == 1 or sign in "\r\n":
            shown.append(sign)
            continue
        pdfium.FPDFText_GetCharOrigin(textpage, index, x, y)
        if not (left <= x.value <= right and bottom <= y.value <= top):
            continue
        if last is not None and shown[-1] not in "\n\x02":
            angle = pdfium.FPDFText_GetCharAngle(textpage, index)
            across = (y.value - last[1]) * math.cos(angle) - (x.value - last[0]) * math.sin(angle)
            if abs(across) > _NEXT_LINE * pdfium.FPDFText_GetFontSize(textpage, index):
                shown.append("\n")
        shown.append(sign)
        last = (x.value, y.value)
    return "".join(shown)
