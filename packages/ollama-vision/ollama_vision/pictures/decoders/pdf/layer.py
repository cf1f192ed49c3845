"""The text layer of a PDF page: its words as the file has them, where these can be words of what is to be seen.

All of it is used under PDFium's lock.
"""

from __future__ import annotations

from typing import Any

from .images import covered_by_pictures

_UNREADABLE = 0.3
"""Of its characters: a font that does not say which letters its glyphs are gives private or no letters."""
_SCAN = 0.7
"""Of the page's area: a picture that covers so much is the page."""
_MARGIN = 0.1
"""Of the page's height: where a program stamps its number, or its name, onto a scan."""


def layer_of(page: Any) -> str | None:
    """The text within the page, with line ends; `None` where there is none, or none that could be compared with.

    That is the case of garbage, of fonts whose glyphs have no letters, and of a scan with nothing but a stamp on it.
    """
    textpage = page.get_textpage()
    try:
        text: str = textpage.get_text_bounded()
        letters = [one for one in text if not one.isspace()]
        if not letters or sum(map(_is_no_letter, letters)) > _UNREADABLE * len(letters):
            return None
        return None if covered_by_pictures(page) > _SCAN and _is_stamp(page, textpage) else text
    finally:
        textpage.close()


def _is_no_letter(sign: str) -> bool:
    is_control = sign < "\x20" and sign != "\x02"
    return is_control or sign == "\ufffd" or "\ue000" <= sign <= "\uf8ff" or sign >= "\U000f0000"


def _is_stamp(page: Any, textpage: Any) -> bool:
    """Whether all of its text is at the top and the bottom."""
    left, bottom, right, top = page.get_bbox()
    margin = (top - bottom) * _MARGIN
    inner: str = textpage.get_text_bounded(left, bottom + margin, right, top - margin)
    return not inner.strip()
