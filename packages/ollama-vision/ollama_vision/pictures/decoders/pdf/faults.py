"""PDF page checks: streams, pictures and fonts that cannot be drawn, as the error's words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .fonts import FontFault, font_faults
from .images import undecoded
from .objects import MOST_BYTES, Objects, Unreadable
from .streams import UNKNOWN, Findings, look_at, names_missing_content

if TYPE_CHECKING:
    from PIL import Image

_SHARED = 4_000_000
"""Bytes: a page with more that makes up half of its file probably shares them with the other pages."""
_ANOTHER_WAY = (
    "or draw the page with another program and look at what it shows, as with `pdftoppm -r 150 -png`, and pass that"
)
_GET_ANEW = f"Get the whole file again; {_ANOTHER_WAY}."


class PageFault(Exception):
    """A page, or a part of one, that cannot be drawn."""

    def __init__(self, problem: str, way_out: str = _GET_ANEW) -> None:
        super().__init__(problem)
        self.problem, self.way_out = problem, way_out


@dataclass(frozen=True)
class Copied:
    """A page's own objects; no objects where PDFium could not write them, or where they are too many."""

    objects: Objects | None = None
    page: Mapping[str, Any] = field(default_factory=dict)
    content_is_missing: bool = False

    @property
    def size(self) -> int:
        """Bytes, packed, of all that the page is made of and of what it shares with others."""
        return self.objects.size if self.objects else 0

    def findings(self) -> Findings:
        """What of the page's streams is missing or broken. Unpacks, and needs no PDFium."""
        if self.content_is_missing:
            return Findings("its content is not in the file")
        return look_at(self.objects, self.page) if self.objects else UNKNOWN


class PageParts:
    """The pages of a document as plain objects. All of it is used under PDFium's lock."""

    def __init__(self, document: Any, wanted: Sequence[int], size: int) -> None:
        self._document, self._wanted, self._size = document, wanted, size
        self._together: dict[int, tuple[Objects, Mapping[str, Any]]] = {}
        self._contents_missing: frozenset[int] | None = None
        self._too_large = False

    def copied(self, number: int) -> Copied:
        objects, page = self._together.get(number) or self._alone(number)
        # A copy has no empty references: it is the same for a page whose content is gone and one that has none.
        gone = objects is not None and "Contents" not in page and number in self._without_contents()
        return Copied(objects, page, gone)

    def _alone(self, number: int) -> tuple[Objects | None, Mapping[str, Any]]:
        if self._too_large:
            return None, {}
        data = self._copy([number])
        left = [one for one in self._wanted if one > number]
        if len(data) > _SHARED and len(data) * 2 > self._size and len(left) > 1:
            # One after the other they would take time with the square of their number.
            self._together = dict(zip(left, _pages_of(self._copy(left)), strict=False))
        self._too_large = len(data) > MOST_BYTES
        return next(_pages_of(data), (None, {}))

    def _copy(self, numbers: Iterable[int]) -> bytes:
        import pypdfium2  # type: ignore[import-untyped]

        copy = pypdfium2.PdfDocument.new()
        try:
            copy.import_pages(self._document, pages=[number - 1 for number in numbers])
            return _written(copy)
        except pypdfium2.PdfiumError:
            return b""
        finally:
            copy.close()

    def _without_contents(self) -> frozenset[int]:
        """The pages that name content streams which are not in the file; the whole document is written for it."""
        if self._contents_missing is None:
            pages = enumerate(_pages_of(_written(self._document)), 1)
            self._contents_missing = frozenset(
                number for number, (objects, page) in pages if names_missing_content(objects, page)
            )
        return self._contents_missing


class _Sink:
    """Takes what is written, up to a limit."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.size = 0

    def write(self, piece: Any) -> int:
        self.size += len(piece)
        if self.size <= MOST_BYTES:
            self.pieces.append(bytes(piece))
        return len(piece)


def _written(document: Any) -> bytes:
    sink = _Sink()
    document.save(sink)
    return b"".join(sink.pieces)


def _pages_of(data: bytes) -> Any:
    try:
        objects = Objects(data)
        for page in objects.pages():
            yield objects, page
    except (Unreadable, ValueError):
        return


def undrawn_picture(page: Any, drawn: Image.Image, draw: Callable[[], Image.Image]) -> PageFault | None:
    """The first picture that PDFium could not decode. Needs PDFium's lock; `draw` draws the page as it is then."""
    broken = undecoded(page, drawn, draw)
    return PageFault(f"{broken} cannot be decoded") if broken else None


def flattened(page: Any) -> bool:
    """Makes what annotations and fields look like a part of the page, once it is loaded anew. Needs PDFium's lock."""
    import pypdfium2.raw as pdfium  # type: ignore[import-untyped]

    return bool(pdfium.FPDFPage_Flatten(page, pdfium.FLAT_NORMALDISPLAY) == pdfium.FLATTEN_SUCCESS)


def faults_of_text(
    page: Any, drawn: Image.Image, draw: Callable[[], Image.Image]
) -> tuple[PageFault | None, list[str]]:
    """The words that are missing, and steps that say of which fonts other signs stand there.

    Needs PDFium's lock, and may change the page: it must not be drawn afterwards.
    """
    found = font_faults(page, drawn, draw)
    missing = [one for one in found if one.missing]
    notes = [
        f"drew signs of the font {one.name} as letters: it is neither in the file nor on this machine"
        for one in found
        if not one.missing
    ]
    return (_missing_text(missing) if missing else None), notes


def _missing_text(missing: Sequence[FontFault]) -> PageFault:
    scripts = sorted(set().union(*(one.scripts for one in missing)))
    names = ", ".join(one.name for one in missing[:3])
    count = sum(one.count for one in missing)
    characters = "1 character" if count == 1 else f"{count} different characters"
    of = f" ({', '.join(scripts)})" if scripts else ""
    fonts, are = ("font", "is") if len(missing) == 1 else ("fonts", "are")
    lost = "missing or wrong" if any(one.by_chance for one in missing) else "missing"
    problem = f"its {fonts} {names} {are} neither in the file nor on this machine, and {characters}{of} would be {lost}"
    install = (
        "Install a font for them (Debian and Ubuntu: apt install fonts-noto-cjk)"
        if scripts
        else "Install a font of that name on this machine"
    )
    return PageFault(problem, f"{install}, or save the PDF with its fonts embedded; {_ANOTHER_WAY}.")
