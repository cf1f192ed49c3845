"""Text of a PDF whose font is neither in the file nor on this machine, and which PDFium therefore leaves out.

PDFium carries substitutes for the standard 14 fonts, all of them for western languages. What no font at hand has a
glyph for, it leaves blank.
"""

from __future__ import annotations

import ctypes
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import cycle, islice
from typing import TYPE_CHECKING, Any

from .images import address_of

if TYPE_CHECKING:
    from PIL import Image

_DEEPEST = 16
"""Forms within forms."""
_MOST_OBJECTS = 200_000
_GLYPH_SIZE = 12.0
_NO_EXTENT = 0.02
"""Points: with half of it PDFium takes text for nothing."""
_STAND_INS = "xX0一"
"""Signs, of which every font that is at hand has one: put in the place of what is missing, they show whether anybody
would have seen it."""
_SUBSET = re.compile(r"^[A-Z]{6}\+")
_OF_SIGNS = re.compile(r"wingding|webding|marlett|symbol|mt ?extra|dingbat", re.IGNORECASE)
_SCRIPTS = {"CJK": "Chinese", "HIRAGANA": "Japanese", "KATAKANA": "Japanese", "HANGUL": "Korean"}


@dataclass(frozen=True)
class FontFault:
    """A font that is not there, and what that means for the page."""

    name: str
    scripts: frozenset[str]
    """Languages of what is missing, of those that need a font of their own."""
    count: int
    """So many different characters."""
    missing: bool
    """Whether its characters are missing, or else other signs stand in their place."""
    by_chance: bool = False
    """Whether the place of those that are missing may be taken by others."""


@dataclass(frozen=True)
class _Text:
    """A piece of text in a font that is not in the file."""

    raw: Any
    font: Any


def font_faults(page: Any, drawn: Image.Image, draw: Callable[[], Image.Image]) -> list[FontFault]:
    """What of the page's text is missing in what was drawn of it, or stands there in other signs.

    `page` is a pypdfium2.PdfPage and may be changed: it must not be drawn afterwards. `draw` draws it as it is then.
    Invisible text is left out: words under a scan, white on white, behind a clipping path.
    """
    import pypdfium2.raw as pdfium  # type: ignore[import-untyped]

    texts = {address_of(text.raw): text for text in _texts(page, pdfium)}
    if not texts:
        return []
    for text in texts.values():
        _widen(text.raw, pdfium)
    textpage = page.get_textpage()
    try:
        faulty = _faulty(textpage, texts, pdfium)
        found = []
        for missing in faulty.values():
            if not missing.texts or _would_be_seen(missing, drawn, draw, pdfium):
                found.append(missing.fault(pdfium))
        return found
    finally:
        textpage.close()


class _Missing:
    """What one font does not have."""

    def __init__(self, font: Any) -> None:
        self.font = font
        self.texts: dict[int, Any] = {}
        self.characters: set[str] = set()
        self.lengths: dict[int, int] = {}
        """Characters of each text, those that are there included."""
        self.by_chance = False
        """Whether glyphs are numbered by the font that is not there: what is drawn then, is drawn by chance."""

    def fault(self, pdfium: Any) -> FontFault:
        scripts = {_SCRIPTS.get(unicodedata.name(one, "").split(" ")[0].split("-")[0]) for one in self.characters}
        named = frozenset(script for script in scripts if script)
        return FontFault(_name(self.font, pdfium), named, len(self.characters), bool(self.texts), self.by_chance)


def _texts(page: Any, pdfium: Any) -> Iterator[_Text]:
    count = 0

    def within(number: int, get: Callable[[int], Any], depth: int) -> Iterator[_Text]:
        nonlocal count
        for index in range(number):
            raw = get(index)
            count += 1
            if not raw or count > _MOST_OBJECTS:
                continue
            kind = pdfium.FPDFPageObj_GetType(raw)
            if kind == pdfium.FPDF_PAGEOBJ_TEXT:
                font = pdfium.FPDFTextObj_GetFont(raw)
                hidden = pdfium.FPDFTextObj_GetTextRenderMode(raw) in (
                    pdfium.FPDF_TEXTRENDERMODE_INVISIBLE,
                    pdfium.FPDF_TEXTRENDERMODE_CLIP,
                )
                if font and not hidden and pdfium.FPDFFont_GetIsEmbedded(font) == 0:
                    yield _Text(raw, font)
            elif kind == pdfium.FPDF_PAGEOBJ_FORM and depth < _DEEPEST:
                count_within = pdfium.FPDFFormObj_CountObjects(raw)
                yield from within(count_within, partial(pdfium.FPDFFormObj_GetObject, raw), depth + 1)

    yield from within(pdfium.FPDFPage_CountObjects(page), partial(pdfium.FPDFPage_GetObject, page), 0)


def _widen(raw: Any, pdfium: Any) -> None:
    """Gives text without any extent some, as a glyph alone that is missing: PDFium leaves it out of a page's text.

    An outline widens it, and it stays wide when the outline is taken away again.
    """
    left, bottom, right, top, outline = (ctypes.c_float() for _ in range(5))
    pdfium.FPDFPageObj_GetBounds(raw, left, bottom, right, top)
    if right.value - left.value >= _NO_EXTENT:
        return
    mode, matrix = pdfium.FPDFTextObj_GetTextRenderMode(raw), pdfium.FS_MATRIX()
    pdfium.FPDFPageObj_GetStrokeWidth(raw, outline)
    pdfium.FPDFPageObj_GetMatrix(raw, matrix)
    pdfium.FPDFTextObj_SetTextRenderMode(raw, pdfium.FPDF_TEXTRENDERMODE_FILL_STROKE)
    pdfium.FPDFPageObj_SetStrokeWidth(raw, 1.0)
    pdfium.FPDFPageObj_SetMatrix(raw, matrix)
    pdfium.FPDFPageObj_SetStrokeWidth(raw, outline)
    pdfium.FPDFTextObj_SetTextRenderMode(raw, mode)


def _faulty(textpage: Any, texts: dict[int, _Text], pdfium: Any) -> dict[int, _Missing]:
    """By font. Of a usual page, whose fonts have all its characters, no character is looked at twice."""
    fonts = {address_of(text.font): text.font for text in texts.values()}
    characters = set(textpage.get_text_range(errors="ignore"))
    lacking = {
        address: {one for one in characters if _is_drawn(one) and not _has(font, one, pdfium)}
        for address, font in fonts.items()
    }
    of_signs = {address for address, font in fonts.items() if _OF_SIGNS.search(_name(font, pdfium))}
    found: dict[int, _Missing] = {}
    lengths: Counter[int] = Counter()
    if not any(lacking.values()) and not of_signs:
        return found
    for index in range(textpage.count_chars()):
        text = texts.get(address_of(pdfium.FPDFText_GetTextObject(textpage, index)))
        if text is None:
            continue
        lengths[address_of(text.raw)] += 1
        address = address_of(text.font)
        character = _character(pdfium.FPDFText_GetUnicode(textpage, index))
        missing = character in lacking[address]
        flat = address in of_signs and not missing and _is_flat(textpage, index, pdfium)
        if missing or (address in of_signs and _is_another_sign(text.font, character, flat, pdfium)):
            entry = found.setdefault(address, _Missing(text.font))
            entry.characters.add(character)
            if missing:
                entry.texts[address_of(text.raw)] = text.raw
                entry.by_chance |= pdfium.FPDFText_HasUnicodeMapError(textpage, index) == 1
    for entry in found.values():
        entry.lengths = {address: lengths[address] for address in entry.texts}
    return found


def _would_be_seen(missing: _Missing, drawn: Image.Image, draw: Callable[[], Image.Image], pdfium: Any) -> bool:
    """Whether anything changes on the page when other signs stand in the place of the missing ones."""
    from PIL import ImageChops

    if missing.by_chance:
        return _is_coloured(missing, pdfium)
    for address, raw in missing.texts.items():
        stand_ins = "".join(islice(cycle(_STAND_INS), missing.lengths[address]))
        text = (stand_ins + "\0").encode("utf-16-le")
        buffer = ctypes.create_string_buffer(text, len(text))
        pdfium.FPDFText_SetText(raw, ctypes.cast(buffer, pdfium.FPDF_WIDESTRING))
    return ImageChops.difference(drawn, draw()).getbbox() is not None


def _is_coloured(missing: _Missing, pdfium: Any) -> bool:
    """Whether some of it is neither white nor transparent: nothing can be put in the place of numbered glyphs."""
    for raw in missing.texts.values():
        red, green, blue, alpha = (ctypes.c_uint(0) for _ in range(4))
        pdfium.FPDFPageObj_GetFillColor(raw, red, green, blue, alpha)
        if alpha.value and min(red.value, green.value, blue.value) < 250:
            return True
    return False


def _name(font: Any, pdfium: Any, ask: str = "FPDFFont_GetBaseFontName") -> str:
    length = getattr(pdfium, ask)(font, None, 0)
    buffer = ctypes.create_string_buffer(max(1, length))
    getattr(pdfium, ask)(font, buffer, length)
    name = buffer.value.decode("utf-8", "replace")
    name = "".join(one for one in name if one.isprintable())[:80]
    return _SUBSET.sub("", name) or "without a name"


def _character(code: int) -> str:
    return chr(code) if code < 0x110000 else "\ufffd"


def _is_drawn(character: str) -> bool:
    """Whether a font draws anything for it: not for spaces, controls, joiners and halves of a pair."""
    category = unicodedata.category(character)
    return category[0] not in "Z" and category not in ("Cc", "Cf", "Cs", "Mn") and character != "\u2800"


def _has(font: Any, character: str, pdfium: Any) -> bool:
    """Whether PDFium finds an outline for it, in what stands for this font or in its own last resort."""
    return bool(pdfium.FPDFFont_GetGlyphPath(font, ord(character), _GLYPH_SIZE))


def _is_flat(textpage: Any, index: int, pdfium: Any) -> bool:
    """Whether the glyph came from another font than the one that stands for this one, or from none."""
    left, right, bottom, top = (ctypes.c_double() for _ in range(4))
    pdfium.FPDFText_GetCharBox(textpage, index, left, right, bottom, top)
    return top.value - bottom.value < 1e-6


def _is_another_sign(font: Any, character: str, flat: bool, pdfium: Any) -> bool:
    """Whether a letter stands where a font of signs has a sign: for Wingdings' check mark, a u with two dots."""
    if not _is_drawn(character) or character in "\u00b7\u2022":
        return False
    if _OF_SIGNS.search(_name(font, pdfium, "FPDFFont_GetFamilyName")) and not flat:
        return False
    is_symbol = "symbol" in _name(font, pdfium).lower()
    return not is_symbol or (character.isalpha() and ord(character) < 0x180)
