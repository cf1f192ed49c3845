"""What a page says of itself: its text layer, what of it cannot be drawn, whether there is ink on it."""

from __future__ import annotations

import io
import random
from dataclasses import replace
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from ollama_vision.documents import PageFacts, page_facts
from ollama_vision.errors import ImageError
from ollama_vision.pictures import ImageOptions, PictureSource
from tests.support.documents import LETTER, pdf_with
from tests.support.pdf_files import CATALOG, PAGES, page_pdf, pdf_of, standard_font, stream, text_page, words

OPTIONS = ImageOptions()


def facts_of(source: Any) -> list[PageFacts]:
    opened = replace(PictureSource.of(source, OPTIONS), document=True)
    return [page_facts(picture) for picture in opened.pages()]


def file_of(image: Image.Image, format_: str, **parameters: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format_, **parameters)
    return buffer.getvalue()


def test_the_text_of_a_page() -> None:
    assert facts_of(text_page(words(b"(Paid 45)"), *standard_font(b"Helvetica"))) == [PageFacts("Paid 45", (), True)]


@pytest.mark.parametrize("shown", [0, 90, 180, 270])
@pytest.mark.parametrize(
    "written", ["1 0 0 1 10 {down}", "0 1 -1 0 {up} 30", "-1 0 0 -1 270 {up}", "0 -1 1 0 {down} 390"]
)
def test_lines_keep_their_order_however_a_page_is_turned(shown: int, written: str) -> None:
    """PDFium gives them backwards where a page shows them on their side, or upside down."""
    lines = [
        f"{written.format(up=40 + 24 * row, down=260 - 24 * row)} Tm ({line}) Tj"
        for row, line in enumerate(LETTER.split("\n"))
    ]
    pdf = pdf_with(f"BT /F1 12 Tf {' '.join(lines)} ET".encode(), size=(300, 420))
    (facts,) = facts_of(pdf.replace(b"/MediaBox", b"/Rotate %d /MediaBox" % shown))
    assert (facts.layer or "").splitlines() == LETTER.split("\n")


def test_a_page_of_lines_alone_has_no_layer() -> None:
    assert facts_of(page_pdf(b"10 10 m 300 90 l 5 w S")) == [PageFacts(None, (), True)]


def test_an_empty_page() -> None:
    assert facts_of(page_pdf(b"")) == [PageFacts(None, (), False)]


def test_what_lies_outside_the_page_is_not_read() -> None:
    body = words(b"(on it)") + b" BT /F1 10 Tf 10 -40 Td (below it) Tj ET"
    assert facts_of(text_page(body, *standard_font(b"Helvetica")))[0].layer == "on it"


def test_a_page_with_a_broken_picture_is_drawn_without_it() -> None:
    about = b"/Type /XObject /Subtype /Image /Width 40 /Height 40 /ColorSpace /DeviceGray /BitsPerComponent 8"
    broken = stream(b"nothing", about + b" /Filter /DCTDecode")
    fonts = b"/XObject << /Im1 6 0 R >> /Font << /F1 5 0 R >>"
    body = words(b"(Paid 45)") + b" q 40 0 0 40 300 30 cm /Im1 Do Q"
    pdf = page_pdf(body, fonts, *standard_font(b"Helvetica"), broken)
    with pytest.raises(ImageError, match="cannot be drawn whole"):
        [*PictureSource.of(pdf, OPTIONS).pages()]
    (facts,) = facts_of(pdf)
    assert (facts.layer, facts.has_ink) == ("Paid 45", True)
    assert len(facts.undrawn) == 1
    assert "Im1" in facts.undrawn[0]


def test_what_is_filled_into_a_form_is_text_of_the_page() -> None:
    shown = b"/Type /XObject /Subtype /Form /BBox [0 0 100 20] /Resources << /Font << /F1 5 0 R >> >>"
    field = (
        b"<< /Type /Annot /Subtype /Widget /FT /Tx /F 4 /T (amount) /V (45.50) /Rect [200 35 300 55]"
        b" /AP << /N 7 0 R >> >>"
    )
    link = b"<< /Type /Annot /Subtype /Link /Rect [0 0 10 10] >>"
    page = (
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 400 100] /Contents 4 0 R /Annots [6 0 R 8 0 R]"
        b" /Resources << /Font << /F1 5 0 R >> >> >>"
    )
    appearance = stream(b"BT /F1 12 Tf 2 5 Td (45.50) Tj ET", shown)
    catalog = CATALOG.replace(b">>", b"/AcroForm << /Fields [6 0 R] >> >>")
    pdf = pdf_of(catalog, PAGES, page, stream(words(b"(Paid)")), *standard_font(b"Helvetica"), field, appearance, link)
    (facts,) = facts_of(pdf)
    assert facts.layer is not None
    assert facts.layer.split() == ["Paid", "45.50"]


def sheet(seed: int = 0, *, lid: int = 0) -> Image.Image:
    """A scanned or photographed empty sheet: grain, uneven light, and a dark edge so many pixels wide."""
    size, shade, noise = (1240, 1754), 30, 4.0
    paper = Image.linear_gradient("L").resize(size).point([round(235 - shade * level / 255) for level in range(256)])
    grain = Image.effect_noise(size, noise)
    scanned = Image.blend(paper, grain, 0.5).point([min(255, max(0, 2 * level - 128)) for level in range(256)])
    drawing, draw = ImageDraw.Draw(scanned), random.Random(seed)
    for _ in range(40):
        x, y = draw.randrange(size[0]), draw.randrange(size[1])
        drawing.rectangle((x, y, x + 1, y + 1), fill=draw.randrange(120, 200))
    if lid:
        drawing.rectangle((0, 0, lid, size[1]), fill=70)
    return scanned


@pytest.mark.parametrize("format_", ["PNG", "JPEG", "TIFF"])
@pytest.mark.parametrize("lid", [0, 25])
def test_an_empty_sheet_has_no_ink(format_: str, lid: int) -> None:
    assert not facts_of(file_of(sheet(lid=lid), format_))[0].has_ink


@pytest.mark.parametrize("format_", ["PNG", "JPEG", "TIFF"])
def test_a_number_in_a_corner_is_ink(format_: str) -> None:
    page = sheet(lid=25)
    ImageDraw.Draw(page).text((1100, 1650), "17", fill=60, font_size=24)
    assert facts_of(file_of(page, format_))[0].has_ink


def test_a_blurred_photograph_of_pale_print_is_ink() -> None:
    page = sheet()
    ImageDraw.Draw(page).text((300, 700), "A pale line, which a pencil has written", fill=150, font_size=26)
    assert facts_of(file_of(page.filter(ImageFilter.GaussianBlur(1.2)), "JPEG"))[0].has_ink


def test_pages_of_a_tiff_each_by_itself() -> None:
    written = sheet(1)
    ImageDraw.Draw(written).text((300, 700), "Paid 45", fill=40, font_size=30)
    data = file_of(sheet(), "TIFF", save_all=True, append_images=[written, sheet(2)])
    assert [facts.has_ink for facts in facts_of(data)] == [False, True, False]


def photograph(*, noise: float, quality: int = 75) -> Image.Image:
    """An empty sheet as a telephone's camera takes it: dark corners, noise, and JPEG's squares."""
    size = (1240, 1754)
    light = Image.radial_gradient("L").resize(size).point([round(225 - 60 * level / 255) for level in range(256)])
    grain = ImageChops.add(light, Image.effect_noise(size, noise), 1, -128).convert("RGB")
    return Image.open(io.BytesIO(file_of(grain, "JPEG", quality=quality)))


@pytest.mark.parametrize("noise", [2, 8, 16])
def test_a_photograph_of_an_empty_sheet_has_no_ink(noise: float) -> None:
    assert not facts_of(file_of(photograph(noise=noise), "JPEG"))[0].has_ink


def test_a_sheet_on_a_scanner_of_which_all_edges_show_has_no_ink() -> None:
    page = sheet(lid=20)
    drawing = ImageDraw.Draw(page)
    drawing.polygon([(0, 0), (1240, 0), (1240, 40)], fill=60)
    drawing.rectangle((1215, 0, 1240, 1754), fill=90)
    drawing.rectangle((0, 1720, 1240, 1754), fill=40)
    assert not facts_of(file_of(page, "PNG"))[0].has_ink


@pytest.mark.parametrize(
    ("words", "at", "colour", "size"),
    [
        ("3", (620, 1690), "#404040", 18),
        ("Approved", (700, 300), "#3040a0", 30),
        ("A pale line, which a pencil has written", (200, 900), "#b8b8b8", 34),
        ("rev. 12", (100, 1700), "#505050", 14),
    ],
)
def test_a_few_words_on_an_empty_sheet_are_ink(words: str, at: tuple[int, int], colour: str, size: int) -> None:
    page = sheet().convert("RGB")
    ImageDraw.Draw(page).text(at, words, fill=colour, font_size=size)
    assert facts_of(file_of(page, "PNG"))[0].has_ink


def test_white_words_on_black_are_ink() -> None:
    page = Image.new("RGB", (850, 1100), "black")
    ImageDraw.Draw(page).text((300, 500), "THE END", fill="white", font_size=40)
    assert facts_of(file_of(page, "PNG"))[0].has_ink


@pytest.mark.parametrize(("ground", "shape"), [(205, "#ffdc00"), (205, "#ffffff"), (255, "#ffff00"), (60, "#909090")])
def test_what_is_brighter_than_its_ground_or_another_colour_is_ink(ground: int, shape: str) -> None:
    page = Image.new("RGB", (448, 448), (ground, ground, ground))
    ImageDraw.Draw(page).ellipse((330, 180, 400, 250), fill=shape)
    assert facts_of(file_of(page, "PNG"))[0].has_ink
    assert not facts_of(file_of(Image.new("RGB", (448, 448), (ground, ground, ground)), "PNG"))[0].has_ink


def test_a_dull_sheet_on_a_dark_lid_has_no_ink() -> None:
    """Beside the lid all of the paper is bright, and is not for that something bright on a dark ground."""
    page = sheet(lid=60).point([max(0, level - 40) for level in range(256)])
    assert not facts_of(file_of(page, "PNG"))[0].has_ink
