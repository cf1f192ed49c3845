"""PDF files for tests, written byte by byte: pages, fonts that are not in the file, pictures; and what is sent."""

from __future__ import annotations

import base64
import io
import zlib

import pytest
from llama_index.core.base.llms.types import DocumentBlock
from PIL import Image, ImageStat

from llama_index.multi_modal_llms.ollama import ImageOptions, PreparedImage
from ollama_vision.errors import ImageError
from ollama_vision.pictures import prepare_block

OPTIONS = ImageOptions()
CATALOG = b"<< /Type /Catalog /Pages 2 0 R >>"
PAGES = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"


def pdf_of(*objects: bytes, trailer: bytes = b"") -> bytes:
    """A PDF of these objects, numbered from 1; the first is its catalog."""
    data, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    count = len(objects) + 1
    table = b"xref\n0 %d\n0000000000 65535 f \n" % count + b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"trailer\n<< /Size %d /Root 1 0 R%s >>\nstartxref\n%d\n%%%%EOF\n" % (count, trailer, len(data))
    return data + table + end


def stream(body: bytes, about: bytes = b"") -> bytes:
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(body), about, body)


def page_pdf(
    body: bytes, resources: bytes = b"", *more: bytes, size: tuple[int, int] = (400, 100), about: bytes = b""
) -> bytes:
    """A page of drawing commands; `more` are the objects from number 5 on, `about` says how the commands are packed."""
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %d %d] /Contents 4 0 R /Resources << %s >> >>"
    return pdf_of(CATALOG, PAGES, page % (*size, resources), stream(body, about), *more)


def text_page(commands: bytes, *font: bytes) -> bytes:
    """A page with one font, /F1, which is object 5."""
    return page_pdf(commands, b"/Font << /F1 5 0 R >>", *font)


def words(shown: bytes, before: bytes = b"") -> bytes:
    """The commands that show text 30 points high; `before` sets colours and modes."""
    return b"%s BT /F1 30 Tf 10 40 Td %s Tj ET" % (before, shown)


def utf_16(text: str) -> bytes:
    return b"<" + text.encode("utf-16-be").hex().encode() + b">"


def cid_font(name: bytes, ordering: bytes, encoding: bytes) -> tuple[bytes, ...]:
    """A font of East Asia, as ReportLab's UnicodeCIDFont writes it: named, and not in the file. Objects 5 to 7."""
    return (
        b"<< /Type /Font /Subtype /Type0 /BaseFont /%s /Encoding /%s /DescendantFonts [6 0 R] >>" % (name, encoding),
        b"<< /Type /Font /Subtype /CIDFontType0 /BaseFont /%s /DW 1000 /FontDescriptor 7 0 R"
        b" /CIDSystemInfo << /Registry (Adobe) /Ordering (%s) /Supplement 2 >> >>" % (name, ordering),
        _descriptor(name, b"4"),
    )


def simple_font(name: bytes, differences: bytes = b"") -> tuple[bytes, ...]:
    """A TrueType font of 256 glyphs that is not in the file; `differences` names glyphs: 1 /afii10017. Objects 5, 6."""
    encoding = b"<< /BaseEncoding /WinAnsiEncoding /Differences [%s] >>" % differences
    return (
        b"<< /Type /Font /Subtype /TrueType /BaseFont /%s /FirstChar 0 /LastChar 255 /Widths [%s] /Encoding %s"
        b" /FontDescriptor 6 0 R >>" % (name, b"600 " * 256, encoding),
        _descriptor(name, b"32"),
    )


def standard_font(name: bytes) -> tuple[bytes, ...]:
    """One of the 14 fonts that every program that shows PDFs has. Object 5."""
    return (b"<< /Type /Font /Subtype /Type1 /BaseFont /%s >>" % name,)


def _descriptor(name: bytes, flags: bytes) -> bytes:
    return (
        b"<< /Type /FontDescriptor /FontName /%s /Flags %s /FontBBox [-100 -200 1000 900] /ItalicAngle 0"
        b" /Ascent 880 /Descent -120 /CapHeight 700 /StemV 80 >>" % (name, flags)
    )


RGB = b"/ColorSpace /DeviceRGB /BitsPerComponent 8"
WHOLE_PAGE = b"q 400 0 0 100 0 0 cm /I Do Q"


def picture(about: bytes, body: bytes) -> bytes:
    """A picture of 64 by 64."""
    return stream(body, b"/Type /XObject /Subtype /Image /Width 64 /Height 64 " + about)


def picture_page(about: bytes, body: bytes, *more: bytes, commands: bytes = WHOLE_PAGE) -> bytes:
    """A page that is one picture, /I, which is object 5; `more` are objects from number 6 on."""
    return page_pdf(commands, b"/XObject << /I 5 0 R >>", picture(about, body), *more)


def noise() -> Image.Image:
    """64 by 64, of many colours everywhere, and the same each time."""
    values = bytes((index * index * 7 + index * 13) % 251 for index in range(64 * 64 * 3))
    return Image.frombytes("RGB", (64, 64), values)


def encoded(image: Image.Image, format_: str, **parameters: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format_, **parameters)
    return buffer.getvalue()


def fax(image: Image.Image) -> bytes:
    """The picture in ITU-T T.6 (group 4), as libtiff writes it, with its end mark."""
    return fax_as(image, "group4")


def fax_as(image: Image.Image, compression: str, **parameters: object) -> bytes:
    """As `group4` or `group3`; `tiff_ccitt` is group 3 with rows that begin at a byte and have no marks."""
    data = encoded(image.convert("1"), "TIFF", compression=compression, strip_size=1 << 30, **parameters)
    with Image.open(io.BytesIO(data)) as opened:
        (start,), (length,) = opened.tag_v2[273], opened.tag_v2[279]  # type: ignore[attr-defined]
    return data[start : start + length]


def jbig2(image: Image.Image) -> bytes:
    """The picture as one region of JBIG2 whose pixels are in T.6, without the header of a file."""
    return jbig2_of(image.size, b"\x01" + fax(image)) + jbig2_segment(2, 49, b"")


def jbig2_of(size: tuple[int, int], *regions: bytes) -> bytes:
    """A page of JBIG2 with regions that cover it, told by what follows on size and place."""
    width, height = (side.to_bytes(4, "big") for side in size)
    page = jbig2_segment(0, 48, width + height + bytes(11))
    about = width + height + bytes(9)
    return page + b"".join(jbig2_segment(number, 38, about + body) for number, body in enumerate(regions, 1))


def jbig2_segment(number: int, kind: int, body: bytes, *refers_to: int) -> bytes:
    head = number.to_bytes(4, "big") + bytes((kind, len(refers_to) << 5, *refers_to, 1))
    return head + len(body).to_bytes(4, "big") + body


def flate(body: bytes) -> bytes:
    return zlib.compress(body)


PASSWORD = "secret-1"
LOCKED = base64.b64decode(
    """
JVBERi0xLjcKJcfsj6IKJSVJbnZvY2F0aW9uOiBncyAtcSAtZE5PUEFVU0UgLWRCQVRDSCAtc0RFVklDRT1wZGZ3cml0ZSAtZEVuY3J5cHRpb25SPTMg
LWRLZXlMZW5ndGg9MTI4IC1zT3duZXJQYXNzd29yZD0/IC1zVXNlclBhc3N3b3JkPT8gLWRFbWJlZEFsbEZvbnRzPWZhbHNlIC1kT21pdEluZm9EYXRl
PXRydWUgLWRPbWl0SUQ9ZmFsc2UgLWRPbWl0WE1QPXRydWUgLXNPdXRwdXRGaWxlPT8gPwo1IDAgb2JqCjw8L0xlbmd0aCA2IDAgUi9GaWx0ZXIgL0Zs
YXRlRGVjb2RlPj4Kc3RyZWFtClRtAS4GelZ2Lk+RGRtieemTDyBJuuJfhaKly2PW0JUZTCG4We3uHLblJ19hYx+a+Q2DWpvM7Fik0bd0aBAtToPhzUHb
PLw+jlAkw7Q6n+d2p23fTNCSzApd4a5hE9Myt/tlbmRzdHJlYW0KZW5kb2JqCjYgMCBvYmoKOTcKZW5kb2JqCjQgMCBvYmoKPDwvVHlwZS9QYWdlL01l
ZGlhQm94IFswIDAgMjAwIDEwMF0KL1JvdGF0ZSAwL1BhcmVudCAzIDAgUgovUmVzb3VyY2VzPDwvUHJvY1NldFsvUERGIC9UZXh0XQovRm9udCA4IDAg
Ugo+PgovQ29udGVudHMgNSAwIFIKPj4KZW5kb2JqCjMgMCBvYmoKPDwgL1R5cGUgL1BhZ2VzIC9LaWRzIFsKNCAwIFIKXSAvQ291bnQgMQo+PgplbmRv
YmoKMSAwIG9iago8PC9UeXBlIC9DYXRhbG9nIC9QYWdlcyAzIDAgUgo+PgplbmRvYmoKOCAwIG9iago8PC9SNwo3IDAgUj4+CmVuZG9iago3IDAgb2Jq
Cjw8L0Jhc2VGb250L0hlbHZldGljYS9UeXBlL0ZvbnQKL0VuY29kaW5nL1dpbkFuc2lFbmNvZGluZy9TdWJ0eXBlL1R5cGUxPj4KZW5kb2JqCjIgMCBv
YmoKPDwvUHJvZHVjZXIoXDMwMlwyNTNcMjEwb1wzMjZSXDI2MFwyNjFcMzMxXDMzM1wzNTJcMzczXDI0NTNcMjUwXDIzNlZcMjMzXDI2NVwzMTFcMzQx
XHJqKT4+ZW5kb2JqCjkgMCBvYmoKPDwvRmlsdGVyIC9TdGFuZGFyZCAvViAyIC9MZW5ndGggMTI4IC9SIDMgL1AgNDI5NDk2NzI5MiAvTyAoXHK1hV/F
MmDngYSQR2tQXG4DsBqRehdk0sm4pkuObhHxDykKL1UgKFQQ/8melEsj2UfBtSyBWFxuXCi/Tl5OdYpBZABOVv/6AQgpPj4KZW5kb2JqCnhyZWYKMCAx
MAowMDAwMDAwMDAwIDY1NTM1IGYgCjAwMDAwMDA2MTIgMDAwMDAgbiAKMDAwMDAwMDc3OCAwMDAwMCBuIAowMDAwMDAwNTUzIDAwMDAwIG4gCjAwMDAw
MDA0MTIgMDAwMDAgbiAKMDAwMDAwMDIyNyAwMDAwMCBuIAowMDAwMDAwMzk0IDAwMDAwIG4gCjAwMDAwMDA2ODkgMDAwMDAgbiAKMDAwMDAwMDY2MCAw
MDAwMCBuIAowMDAwMDAwODgzIDAwMDAwIG4gCnRyYWlsZXIKPDwgL1NpemUgMTAgL1Jvb3QgMSAwIFIgL0luZm8gMiAwIFIKL0lEIFs8NDE1ODNBNzJB
MzNBQjIxMEJFRjFCRjIzMUREMzQ0N0M+PDQxNTgzQTcyQTMzQUIyMTBCRUYxQkYyMzFERDM0NDdDPl0KL0VuY3J5cHQgOSAwIFIgPj4Kc3RhcnR4cmVm
CjEwMzYKJSVFT0YK
"""
)
"""A page of 200 by 100 points, with "Locked 42" and a red rectangle, that this password opens: made by
Ghostscript 10.00, -dEncryptionR=3 -dKeyLength=128."""


def page_of(data: bytes, options: ImageOptions = OPTIONS) -> PreparedImage:
    (page,) = prepare_block(DocumentBlock(data=data), options, where="d")
    assert isinstance(page, PreparedImage)
    return page


def ink(page: PreparedImage) -> float:
    """How dark the page is on average: 0 is white, 1 is black."""
    with Image.open(io.BytesIO(page.read())) as image:
        return 1 - ImageStat.Stat(image.convert("L")).mean[0] / 255


def said(data: bytes, options: ImageOptions = OPTIONS) -> str:
    with pytest.raises(ImageError) as caught:
        prepare_block(DocumentBlock(data=data), options, where="d")
    return str(caught.value)
