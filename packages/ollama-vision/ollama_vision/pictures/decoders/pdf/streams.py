"""What a page of a PDF is drawn from, proven to be there and whole: its content streams, pictures, forms and glyphs.

Only what the drawing commands name is looked at: a broken picture that no command draws is nobody's loss.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from ...formats.header import DamagedFile
from .filters import Filter, unpacked
from .objects import Name, Objects, Stream, Unreadable, name_of, names_in

_DEEPEST = 32
"""Forms within forms."""
_MOST_STREAMS = 20_000
_HIDDEN = 0b10
"""The flag of an annotation that is not shown."""
_DRAWN = re.compile(rb"/([^\x00\t\n\f\r ()<>\[\]{}/%]*)[\x00\t\n\f\r ]+Do(?![A-Za-z0-9*'\"])")
_INLINE = re.compile(
    rb"(?<![^\x00\t\n\f\r ])BI(?P<about>[\x00\t\n\f\r ]*/[^\x00]{0,4000}?[\x00\t\n\f\r ])ID[\x00\t\n\f\r ]"
)
_INLINE_FILTERS = re.compile(rb"/F(?:ilter)?[\x00\t\n\f\r ]*(?:\[(?P<several>[^\]]*)\]|/(?P<one>\w+))")
_INLINE_NUMBER = rb"/(?:%s)[\x00\t\n\f\r ]+(\d{1,6})\b"
_INLINE_COLOURS = re.compile(rb"/(?:CS|ColorSpace)[\x00\t\n\f\r ]*/(G|RGB|CMYK|DeviceGray|DeviceRGB|DeviceCMYK)\b")
_INLINE_MASK = re.compile(rb"/(?:IM|ImageMask)[\x00\t\n\f\r ]+true\b")
_INLINE_END = re.compile(rb"[\x00\t\n\f\r ]*EI(?![A-Za-z0-9])")
_MOST_INLINE = 500
_PROGRAMS = ("FontFile", "FontFile2", "FontFile3")
_BEGINNINGS = (b"\x00\x01\x00\x00", b"true", b"OTTO", b"ttcf", b"%!", b"\x80\x01", b"\x01\x00")
"""Of TrueType, OpenType, Type 1 and CFF."""
_COMPONENTS = {
    "DeviceGray": 1, "G": 1, "CalGray": 1, "Indexed": 1, "I": 1, "Separation": 1,
    "DeviceRGB": 3, "RGB": 3, "CalRGB": 3, "Lab": 3, "DeviceCMYK": 4, "CMYK": 4,
}  # fmt: skip


@dataclass
class Findings:
    """What a look at the objects of a page brought."""

    fault: str | None = None
    """What of it cannot be drawn, or only in part: "its picture Im1 (600x800, DCTDecode) is cut short ..."."""
    suspicions: list[str] = field(default_factory=list)
    """What may be cut short, and nothing proves it."""
    has_pictures: bool = False
    lacks_fonts: bool = False
    """Whether a font that it uses is not in the file, or is no font."""
    annotations_lack_fonts: bool = False


class _Faulty(Exception):
    """What of the page cannot be drawn, in words that follow "page 2 of it cannot be drawn whole:"."""


def look_at(objects: Objects, page: Mapping[str, Any]) -> Findings:
    """What a page is drawn from. Unpacks, and needs no PDFium."""
    resources = objects.get(page, "Resources")
    walk = _Walk(objects, resources)
    findings = walk.findings
    try:
        walk.content(_contents(objects, page), resources, "its content", 0)
        of_content, findings.lacks_fonts = findings.lacks_fonts, False
        for annotation in objects.list_of(page, "Annots"):
            walk.annotation(annotation)
        findings.lacks_fonts, findings.annotations_lack_fonts = of_content, findings.lacks_fonts
    except _Faulty as fault:
        findings.fault = str(fault)
    except Unreadable:
        return UNKNOWN
    return findings


UNKNOWN = Findings(has_pictures=True, lacks_fonts=True)
"""Of a page whose objects cannot be looked at."""


def names_missing_content(objects: Objects, page: Mapping[str, Any]) -> bool:
    """Whether the page speaks of content streams that are not there."""
    return "Contents" in page and not all(isinstance(one, Stream) for one in _contents(objects, page))


def _contents(objects: Objects, page: Mapping[str, Any]) -> list[Any]:
    return objects.list_of(page, "Contents") or ([None] if "Contents" in page else [])


class _Walk:
    """One pass over a page; everything is looked at once."""

    def __init__(self, objects: Objects, resources: Any) -> None:
        self._objects = objects
        self._of_page = resources
        self._seen: set[int] = set()
        self.findings = Findings()

    def content(self, streams: Iterable[Any], resources: Any, what: str, depth: int) -> None:
        """Content streams that are drawn one after the other, and what they name."""
        pieces = [self._content_of(stream, what) for stream in streams if isinstance(stream, Stream)]
        drawn = b"\n".join(pieces)
        self._inline_pictures(drawn)
        names = names_in((drawn,))
        if depth < _DEEPEST:
            self._named(names, resources, depth)
        for found in _DRAWN.finditer(drawn):
            name = name_of(found[1])
            if not any(isinstance(form, Stream) for _, form in self._used(resources, "XObject", {name})):
                raise _Faulty(f"its picture or form {name} is not in the file")

    def _content_of(self, stream: Stream, what: str) -> bytes:
        try:
            made = unpacked(self._objects.bytes_of(stream), self._filters(stream))
        except DamagedFile as error:
            raise _Faulty(f"{what} {error}") from error
        self._doubt(what, made.doubt)
        return made.content or b""

    def _doubt(self, what: str, doubt: str | None) -> None:
        if doubt and (words := f"{what} {doubt}") not in self.findings.suspicions:
            self.findings.suspicions.append(words)

    def _named(self, names: set[str], resources: Any, depth: int) -> None:
        for name, form in self._used(resources, "XObject", names):
            if not isinstance(form, Stream) or self._was_seen(form):
                continue
            if self._objects.get(form, "Subtype") == "Image":
                self._picture(form, f"its picture {name}")
            else:
                own = self._objects.get(form, "Resources") or resources
                self.content([form], own, f"its form {name}", depth + 1)
        for name, pattern in self._used(resources, "Pattern", names):
            if isinstance(pattern, Stream) and not self._was_seen(pattern):
                own = self._objects.get(pattern, "Resources") or resources
                self.content([pattern], own, f"its pattern {name}", depth + 1)
        for name, state in self._used(resources, "ExtGState", names):
            self.findings.lacks_fonts |= self._objects.get(state, "Font") is not None
            group = self._objects.get(self._objects.get(state, "SMask"), "G")
            if isinstance(group, Stream) and not self._was_seen(group):
                own = self._objects.get(group, "Resources") or resources
                self.content([group], own, f"the mask of its state {name}", depth + 1)
        for name, font in self._used(resources, "Font", names):
            if self._objects.get(font, "Subtype") == "Type3":
                self._drawn_glyphs(font, resources, f"a glyph of its font {name}", depth)
            else:
                self.findings.lacks_fonts |= not self._is_embedded(font)

    def _is_embedded(self, font: Any) -> bool:
        inner = self._objects.list_of(font, "DescendantFonts")
        about = self._objects.get(inner[0] if inner else font, "FontDescriptor")
        program = next(filter(None, (self._objects.get(about, key) for key in _PROGRAMS)), None)
        if not isinstance(program, Stream):
            return False
        data, filters = self._objects.bytes_of(program), self._filters(program)
        if [one.full_name for one in filters] != ["FlateDecode"]:
            return True
        try:
            return zlib.decompressobj().decompress(data[:1024], 4).startswith(_BEGINNINGS)
        except zlib.error:
            return False

    def _drawn_glyphs(self, font: Any, resources: Any, what: str, depth: int) -> None:
        own = self._objects.get(font, "Resources") or resources
        glyphs = self._objects.get(font, "CharProcs")
        for value in glyphs.values() if isinstance(glyphs, dict) else ():
            glyph = self._objects.resolved(value)
            if isinstance(glyph, Stream) and not self._was_seen(glyph):
                self.content([glyph], own, what, depth + 1)

    def _used(self, resources: Any, kind: str, names: set[str]) -> Iterator[tuple[str, Any]]:
        # What a form's own resources do not have, PDFium looks for in the page's.
        for place in (resources, self._of_page):
            there = self._objects.get(place, kind)
            for name, value in there.items() if isinstance(there, dict) else ():
                if name in names:
                    yield name, self._objects.resolved(value)

    def _was_seen(self, stream: Stream) -> bool:
        seen = stream.start in self._seen or len(self._seen) >= _MOST_STREAMS
        self._seen.add(stream.start)
        return seen

    def annotation(self, annotation: Any) -> None:
        """What an annotation or a form's field looks like."""
        flags = self._objects.get(annotation, "F")
        if isinstance(flags, int) and flags & _HIDDEN:
            return
        look = self._objects.get(self._objects.get(annotation, "AP"), "N")
        if isinstance(look, dict):
            look = self._objects.get(look, str(self._objects.get(annotation, "AS")))
        if isinstance(look, Stream) and not self._was_seen(look):
            kind = self._objects.get(annotation, "Subtype") or "unknown"
            self.content([look], self._objects.get(look, "Resources"), f"what its annotation ({kind}) looks like", 1)

    def _picture(self, picture: Stream, what: str) -> None:
        self.findings.has_pictures = True
        filters = self._filters(picture)
        width, height = (self._objects.get(picture, key) for key in ("Width", "Height"))
        shown = "".join(f", {one.full_name}" for one in filters)
        needed = self._bytes_needed(picture, width, height)
        size = (width, height) if isinstance(width, int) and isinstance(height, int) else None
        try:
            made = unpacked(self._objects.bytes_of(picture), filters, needed, size)
        except DamagedFile as error:
            raise _Faulty(f"{what} ({width}x{height}{shown}) {error}") from error
        self._doubt(f"{what} ({width}x{height}{shown})", made.doubt)
        for key in ("SMask", "Mask"):
            mask = self._objects.get(picture, key)
            if isinstance(mask, Stream) and not self._was_seen(mask):
                self._picture(mask, f"the mask of {what.removeprefix('the mask of ')}")

    def _bytes_needed(self, picture: Stream, width: Any, height: Any) -> int | None:
        """Bytes of its pixels when they are unpacked; `None` when that cannot be told."""
        components: int | None = 1
        bits = self._objects.get(picture, "BitsPerComponent")
        if self._objects.get(picture, "ImageMask") is True:
            bits = 1
        else:
            components = self._components(self._objects.get(picture, "ColorSpace"))
        if not all(isinstance(value, int) and 0 < value < 1 << 20 for value in (width, height, bits, components)):
            return None
        return int((width * bits * components + 7) // 8 * height)

    def _components(self, space: Any) -> int | None:
        if isinstance(space, Name):
            return _COMPONENTS.get(space)
        if not isinstance(space, list) or not space:
            return None
        family = self._objects.resolved(space[0])
        if family == "ICCBased" and len(space) > 1:
            count = self._objects.get(self._objects.resolved(space[1]), "N")
            return count if isinstance(count, int) else None
        if family == "DeviceN" and len(space) > 1:
            names = self._objects.resolved(space[1])
            return len(names) if isinstance(names, list) else None
        return _COMPONENTS.get(str(family))

    def _filters(self, stream: Stream) -> list[Filter]:
        names = self._objects.list_of(stream, "Filter", "F")
        parameters = self._objects.list_of(stream, "DecodeParms", "DP")
        made = []
        for number, name in enumerate(names):
            given = parameters[number] if number < len(parameters) else None
            own = (
                {key: self._objects.resolved(value) for key, value in given.items()} if isinstance(given, dict) else {}
            )
            if "JBIG2Globals" in own:
                own["JBIG2Globals"] = self._shared(own["JBIG2Globals"])
            made.append(Filter(str(name), own))
        return made

    def _shared(self, stream: Any) -> bytes:
        """What several pictures in JBIG2 have in common: the shapes of letters."""
        what = "what its pictures in JBIG2 share (JBIG2Globals)"
        if not isinstance(stream, Stream):
            raise _Faulty(f"{what} is not in the file")
        return self._content_of(stream, what)

    def _inline_pictures(self, drawn: bytes) -> None:
        """Those that stand among the commands: they end where their data end."""
        view = memoryview(drawn)
        for number, found in enumerate(islice(_INLINE.finditer(drawn), _MOST_INLINE), 1):
            self.findings.has_pictures = True
            filters, about = _inline_filters(found["about"]), found["about"]
            needed = _bytes_of_pixels(about)
            packed = ", ".join(one.full_name for one in filters) or "not packed"
            what = f"picture {number} among its commands ({packed})"
            try:
                if filters:
                    made = unpacked(view[found.end() :], filters, needed)
                    self._doubt(what, made.doubt)
                    # Flate, asked for so many bytes, proves that they are there, and gives none of them.
                    if made.content and needed is not None and len(made.content) < needed:
                        raise DamagedFile("is cut short: its pixels end too early")
                elif needed is not None and not _INLINE_END.match(drawn, found.end() + needed):
                    raise DamagedFile("is cut short: its pixels end too early")
            except DamagedFile as error:
                raise _Faulty(f"{what} {error}") from error


def _inline_filters(about: bytes) -> list[Filter]:
    found = _INLINE_FILTERS.search(about)
    if found is None:
        return []
    return [Filter(name.decode()) for name in re.findall(rb"\w+", found["several"] or found["one"] or b"")]


def _bytes_of_pixels(about: bytes) -> int | None:
    """How many bytes an inline picture's pixels take; `None` where its colours have a name of the page's own."""
    numbers = [re.search(_INLINE_NUMBER % names, about) for names in (b"W|Width", b"H|Height", b"BPC|BitsPerComponent")]
    width, height, bits = (int(number[1]) if number else None for number in numbers)
    colours = _INLINE_COLOURS.search(about)
    if _INLINE_MASK.search(about):
        bits, parts = 1, 1
    elif colours is not None:
        parts = _COMPONENTS[colours[1].decode()]
    else:
        return None
    return None if width is None or height is None or bits is None else (width * bits * parts + 7) // 8 * height
