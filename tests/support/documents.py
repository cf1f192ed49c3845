"""Generated documents whose text is known, and scripted models that read them by what they are sent."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from PIL import Image

from ollama_embedded import Reply, Request
from tests.support.pdf_files import CATALOG, flate, pdf_of, standard_font, stream

LETTER = (
    "Dear Ms Miller,\nthank you for your order of 12 May.\nWe have sent 3 boxes with 144 candles each.\n"
    "Please pay 1,250.75 euros until 30 June.\nYours sincerely, Paul Weber"
)
MINUTES = (
    "Minutes of the meeting\nPresent were Anna, Boris and Chen.\nThe budget for 2027 was agreed upon.\n"
    "It holds 48,900 francs in all.\nThe next meeting is on 7 October."
)
INVOICE = "Invoice 2026-118\nHammer 2 pieces 18.40\nNails 500 pieces 7.25\nTotal 44.05\nPayable within 14 days"
TEXTS = (LETTER, MINUTES, INVOICE)


def text_page(text: str) -> bytes:
    """Commands that set lines of 12 points on a page of 420 by 300."""
    lines = [line.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)") for line in text.split("\n")]
    shown = " ".join(f"({line}) Tj 0 -24 Td" for line in lines)
    return f"BT /F1 12 Tf 30 260 Td {shown} ET".encode("latin-1")


def pdf_with(*bodies: bytes, size: tuple[int, int] = (420, 300)) -> bytes:
    """A PDF of pages by their drawing commands; /F1 is Helvetica."""
    font = 3 + 2 * len(bodies)
    kids = b" ".join(b"%d 0 R" % (3 + 2 * at) for at in range(len(bodies)))
    objects = [CATALOG, b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, len(bodies))]
    for at, body in enumerate(bodies):
        resources = b"<< /Font << /F1 %d 0 R >> >>" % font
        page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %d %d] /Contents %d 0 R /Resources %s >>"
        objects += [page % (*size, 4 + 2 * at, resources), stream(body)]
    return pdf_of(*objects, *standard_font(b"Helvetica"))


def born_digital(*texts: str) -> bytes:
    return pdf_with(*map(text_page, texts))


def scan_of(*pages: Image.Image) -> bytes:
    """A PDF of pictures, without any text."""
    height = 300
    objects = [CATALOG, b""]
    kids = []
    for page in pages:
        first = len(objects) + 1
        kids.append(b"%d 0 R" % first)
        resources = b"<< /XObject << /I %d 0 R >> >>" % (first + 2)
        objects += [
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 420 %d] /Contents %d 0 R /Resources %s >>"
            % (height, first + 1, resources),
            stream(b"q 420 0 0 %d 0 0 cm /I Do Q" % height),
            stream(
                flate(page.convert("RGB").tobytes()),
                b"/Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceRGB /BitsPerComponent 8 "
                b"/Filter /FlateDecode" % page.size,
            ),
        ]
    objects[1] = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b" ".join(kids), len(pages))
    return pdf_of(*objects)


def inked(shade: int = 0, size: tuple[int, int] = (420, 300)) -> Image.Image:
    """A page with a dark bar, another one for each shade."""
    page = Image.new("RGB", size, "white")
    page.paste((shade, shade, shade), (40, 40, 40 + 60 + shade, 80))
    return page


class Reader:
    """A model that knows pages by the pictures it gets: what it says of each is told by the page's place in a file.

    It draws no conclusions: of a picture that it was not shown, it says so.
    """

    def __init__(self, says: Mapping[str, Reply | str | Sequence[Reply | str]]) -> None:
        self._says = {name: [said] if isinstance(said, (str, Reply)) else list(said) for name, said in says.items()}
        self.asked: list[str] = []
        self.requests: list[Request] = []

    def __call__(self, request: Request) -> Reply | str:
        self.requests.append(request)
        name = fingerprint(request.pictures[0])
        known = self._says.get(name)
        self.asked.append(name)
        if known is None:
            return "I was not shown this page."
        return known.pop(0) if len(known) > 1 else known[0]


def fingerprint(picture: bytes) -> str:
    """What a page looks like, as a few letters: scaled down so far that how it was drawn no longer counts."""
    with Image.open(io.BytesIO(picture)) as opened:
        small = opened.convert("L").resize((24, 16), Image.Resampling.BOX)
    return "".join("#" if value < 225 else "+" if value < 245 else "." for value in small.tobytes())


def shown(document: Path, page: int = 1, region: tuple[float, float, float, float] | None = None) -> str:
    """The fingerprint of a page as it is sent."""
    from ollama_vision.pictures import ImageOptions, PictureSource

    (picture,) = PictureSource.of_file(document, ImageOptions(region=region)).pages(only={page})
    return fingerprint(picture.read())


Script = Callable[[Request], Reply | str]
