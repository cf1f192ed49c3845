"""A page of a PDF leaves as it is meant, or is an error that names what of it cannot be drawn."""

from __future__ import annotations

import base64
import gc
import logging
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.base.llms.types import DocumentBlock
from PIL import Image

from llama_index.multi_modal_llms.ollama import ImageOptions, PictureReader, prepare_image
from ollama_vision.errors import ImageError
from ollama_vision.pictures import prepare_block
from ollama_vision.pictures.source import PictureSource
from tests.support.pdf_files import (
    CATALOG,
    OPTIONS,
    PAGES,
    RGB,
    WHOLE_PAGE,
    cid_font,
    encoded,
    fax,
    flate,
    ink,
    jbig2,
    noise,
    page_of,
    page_pdf,
    pdf_of,
    picture,
    picture_page,
    said,
    simple_font,
    standard_font,
    stream,
    text_page,
    utf_16,
    words,
)

pytest.importorskip("pypdfium2")

NOBODY_HAS_IT = b"1 /uniE7C3 /uniE7C4"
"""Glyphs of the private use area: no font has them but the one that is not in the file."""
MISSING = text_page(words(b"(\001\002 abc)"), *simple_font(b"ABCDEF+Nowhere", NOBODY_HAS_IT))


class TestFonts:
    """The share of ink is that of pdftoppm 22.12 at 300 dots per inch."""

    @pytest.mark.parametrize(
        ("font", "shown", "share"),
        [
            (standard_font(b"Helvetica"), b"(Hello, World)", 0.0267),
            (standard_font(b"Times-Italic"), b"(Hello, World)", 0.0193),
            (standard_font(b"ZapfDingbats"), b"(4l\101)", 0.0163),
            (standard_font(b"Symbol"), b"(abc)", 0.0092),
            (simple_font(b"ArialMT"), b"(Hello, \344\366\374 \200)", 0.0251),
        ],
    )
    def test_what_pdfium_has_stand_ins_for(self, font: tuple[bytes, ...], shown: bytes, share: float) -> None:
        page = page_of(text_page(words(shown), *font))
        assert ink(page) == pytest.approx(share, abs=0.001)
        assert page.steps == ("drew page 1 of 1 at 300 dpi",)

    def test_words_that_no_font_has(self) -> None:
        text = said(MISSING)
        assert (
            "d (bytes of DocumentBlock) is a PDF document whose page 1 cannot be drawn whole: its font Nowhere" in text
        )
        assert "is neither in the file nor on this machine, and 2 different characters would be missing" in text
        assert "Install a font of that name on this machine, or save the PDF with its fonts embedded" in text

    def test_a_glyph_alone(self) -> None:
        """As many programs place them, one by one."""
        data = text_page(words(b"(\001)") + words(b"(a)"), *simple_font(b"Nowhere", NOBODY_HAS_IT))
        assert "its font Nowhere" in said(data)

    def test_words_in_a_form_within_the_page(self) -> None:
        form = stream(words(b"(\001)"), b"/Type /XObject /Subtype /Form /BBox [0 0 400 100]")
        fonts = simple_font(b"Nowhere", NOBODY_HAS_IT)
        data = page_pdf(b"/X Do", b"/Font << /F1 5 0 R >> /XObject << /X 7 0 R >>", *fonts, form)
        assert "its font Nowhere" in said(data)

    def test_words_filled_into_a_field(self) -> None:
        look = stream(
            b"/Tx BMC BT /F1 12 Tf 2 10 Td (\001) Tj ET EMC",
            b"/Type /XObject /Subtype /Form /BBox [0 0 200 50] /Resources << /Font << /F1 5 0 R >> >>",
        )
        page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 400 100] /Annots [4 0 R] >>"
        field = (
            b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (name) /V (x) /F 4 /Rect [0 50 200 100] /P 3 0 R"
            b" /AP << /N 7 0 R >> >>"
        )
        catalog = b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [4 0 R] >> >>"
        missing = pdf_of(catalog, PAGES, page, field, *simple_font(b"Nowhere", NOBODY_HAS_IT), look)
        assert "its font Nowhere" in said(missing)
        there = pdf_of(catalog, PAGES, page, field, *standard_font(b"Helvetica"), b"null", look.replace(b"\001", b"A"))
        assert ink(page_of(there)) > 0

    @pytest.mark.parametrize(
        "commands",
        [
            words(b"(\001\002)", b"3 Tr"),
            words(b"(\001\002)", b"7 Tr"),
            words(b"(\001\002)", b"1 g"),
            words(b"(\001\002)") + b" 1 g 0 0 400 100 re f",
            b"q 300 0 50 50 re W n " + words(b"(\001\002)") + b" Q",
            b"BT /F1 0 Tf 10 40 Td (\001\002) Tj ET",
            b"BT /F1 0.01 Tf 10 40 Td (\001\002) Tj ET",
            b"BT /F1 30 Tf 1000 40 Td (\001\002) Tj ET",
            words(b"( )"),
            words(b"(\001)", b"1 g"),
        ],
        ids=["invisible", "clip", "white", "covered", "clipped", "no size", "tiny", "outside", "spaces", "white glyph"],
    )
    def test_words_that_nobody_would_see(self, commands: bytes) -> None:
        """As the text under a scan is, which is searched and never drawn."""
        assert ink(page_of(text_page(commands, *simple_font(b"Nowhere", NOBODY_HAS_IT)))) == 0

    def test_white_words_on_a_dark_ground_would_be_seen(self) -> None:
        ground = b"0 g 0 0 400 100 re f "
        data = text_page(ground + words(b"(\001\002)", b"1 g"), *simple_font(b"Nowhere", NOBODY_HAS_IT))
        assert "its font Nowhere" in said(data)

    def test_glyphs_numbered_by_a_font_that_is_not_there(self) -> None:
        """PDFium draws "$%&" for what pdftoppm 22.12, with a warning, draws as other signs: nobody knows them."""
        font = cid_font(b"Nowhere", b"Identity", b"Identity-H")
        assert "3 different characters would be missing or wrong" in said(text_page(words(b"<002400250026>"), *font))
        assert ink(page_of(text_page(words(b"<002400250026>", b"3 Tr"), *font))) == 0

    def test_a_font_in_the_file_that_is_broken(self) -> None:
        font, about = simple_font(b"Nowhere", NOBODY_HAS_IT)
        broken = about.replace(b"/StemV 80", b"/StemV 80 /FontFile2 7 0 R")
        data = text_page(words(b"(\001)"), font, broken, stream(b"rubbish" * 50, b"/Filter /FlateDecode"))
        assert "its font Nowhere" in said(data)

    def test_letters_in_the_place_of_signs_are_said(self, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level(logging.WARNING):
            page = page_of(text_page(words(b"(\374 l)"), *simple_font(b"Wingdings-Regular")))
        step = "drew signs of the font Wingdings-Regular as letters: it is neither in the file nor on this machine"
        if step not in page.steps:
            pytest.skip("Wingdings is installed here")
        assert step in caplog.text

    @pytest.mark.parametrize(
        ("name", "ordering", "encoding", "text", "script"),
        [
            (b"HeiseiMin-W3", b"Japan1", b"UniJIS-UCS2-H", "請求書 12,500円", "Chinese"),
            (b"HeiseiMin-W3", b"Japan1", b"UniJIS-UCS2-H", "カナ", "Japanese"),
            (b"STSong-Light", b"GB1", b"UniGB-UCS2-H", "发票 12,500", "Chinese"),
            (b"HYSMyeongJo-Medium", b"Korea1", b"UniKS-UCS2-H", "청구서", "Korean"),
        ],
    )
    def test_east_asia_without_fonts(
        self, tmp_path: Path, name: bytes, ordering: bytes, encoding: bytes, text: str, script: str
    ) -> None:
        """In a process whose PDFium finds no font on the machine, as in a slim container."""
        path = tmp_path / "invoice.pdf"
        path.write_bytes(text_page(words(utf_16(text)), *cid_font(name, ordering, encoding)))
        answer = said_without_fonts(path, tmp_path)
        assert f"its font {name.decode()} is neither in the file nor on this machine" in answer
        assert f"({script}) would be missing. Install a font for them (Debian and Ubuntu: apt install" in answer

    @pytest.mark.parametrize("glyphs", [b"1 /afii10017 /afii10018", b"1 /Alpha /lambda", b"1 /ccaron /rcaron"])
    def test_cyrillic_greek_and_czech_without_fonts(self, tmp_path: Path, glyphs: bytes) -> None:
        """pdftoppm 22.12 draws all three in Liberation Sans, where that is installed."""
        path = tmp_path / "letter.pdf"
        path.write_bytes(text_page(words(b"(\001\002 abc)"), *simple_font(b"ArialMT", glyphs)))
        assert "its font ArialMT is neither in the file" in said_without_fonts(path, tmp_path)

    def test_latin_without_fonts(self, tmp_path: Path) -> None:
        path = tmp_path / "letter.pdf"
        path.write_bytes(text_page(words(b"(Hello, \344\366\374 \200)"), *simple_font(b"ArialMT")))
        assert said_without_fonts(path, tmp_path) == "('drew page 1 of 1 at 300 dpi',)"


_WITHOUT_FONTS = """
import ctypes, sys
import pypdfium2, pypdfium2.raw as pdfium
pdfium.FPDF_DestroyLibrary()
folders = (ctypes.c_char_p * 2)(sys.argv[2].encode(), None)
config = pdfium.FPDF_LIBRARY_CONFIG(version=2)
config.m_pUserFontPaths = ctypes.cast(folders, type(config.m_pUserFontPaths))
pdfium.FPDF_InitLibraryWithConfig(config)
from llama_index.core.base.llms.types import DocumentBlock
from llama_index.multi_modal_llms.ollama import ImageOptions
from ollama_vision.pictures import prepare_block
from ollama_vision.errors import ImageError
sys.stdout.reconfigure(encoding="utf-8")
try:
    print(prepare_block(DocumentBlock(path=sys.argv[1]), ImageOptions(), where="d")[0].steps)
except ImageError as error:
    print(error)
"""


def said_without_fonts(path: Path, folder: Path) -> str:
    """What comes of a PDF where there is no font but those in `folder`, of which there are none."""
    command = [sys.executable, "-c", _WITHOUT_FONTS, str(path), str(folder)]
    return subprocess.run(command, capture_output=True, check=True, encoding="utf-8").stdout.strip()


NOISE = noise()
WHITE = Image.new("RGB", (64, 64), "white")
JPEG = encoded(NOISE, "JPEG")
JPEG_2000 = encoded(NOISE, "JPEG2000")
GREY = b"/ColorSpace /DeviceGray /BitsPerComponent 1"
DCT, JPX, FLATE = RGB + b" /Filter /DCTDecode", b"/Filter /JPXDecode", RGB + b" /Filter /FlateDecode"
PACKED = flate(NOISE.tobytes())
FAX = GREY + b" /Filter /CCITTFaxDecode /DecodeParms << /K -1 /Columns 64 /Rows 64 >>"
PREDICTED = FLATE + b" /DecodeParms << /Predictor 15 /Colors 3 /Columns 64 >>"
ROWS = [b"\0" + NOISE.tobytes()[192 * row : 192 * row + 192] for row in range(64)]


class TestPictures:
    """The share of ink is that of pdftoppm 22.12 at 300 dots per inch; of a JPEG without its end mark that one leaves
    half out, and PDFium does not."""

    @pytest.mark.parametrize(
        ("about", "body", "share"),
        [
            pytest.param(DCT, JPEG, 0.5295, id="JPEG"),
            pytest.param(DCT, JPEG[:-2], 0.5295, id="JPEG without end mark"),
            pytest.param(DCT, encoded(NOISE, "JPEG", progressive=True), 0.5295, id="progressive"),
            pytest.param(DCT, encoded(WHITE, "JPEG"), 0.0, id="white JPEG"),
            pytest.param(JPX, JPEG_2000, 0.5295, id="JPEG 2000"),
            pytest.param(JPX, encoded(WHITE, "JPEG2000"), 0.0, id="white JPEG 2000"),
            pytest.param(FLATE, PACKED, 0.5295, id="Flate"),
            pytest.param(FLATE, flate(WHITE.tobytes()), 0.0, id="white Flate"),
            pytest.param(PREDICTED, flate(b"".join(ROWS)), 0.5295, id="predictor"),
            pytest.param(RGB, NOISE.tobytes(), 0.5295, id="unpacked"),
            pytest.param(
                RGB + b" /Filter [/ASCII85Decode /FlateDecode]", base64.a85encode(PACKED) + b"~>", 0.5295, id="base 85"
            ),
            pytest.param(RGB + b" /Filter [/FlateDecode /DCTDecode]", flate(JPEG), 0.5295, id="packed JPEG"),
            pytest.param(RGB + b" /Filter /ASCIIHexDecode", NOISE.tobytes().hex().encode() + b">", 0.5295, id="hex"),
            pytest.param(FAX, fax(NOISE), 0.4684, id="fax"),
            pytest.param(GREY + b" /Filter /JBIG2Decode", jbig2(NOISE), 0.4684, id="JBIG2"),
            pytest.param(b"/ImageMask true /Filter /FlateDecode", flate(bytes(512)), 1.0, id="stencil"),
            pytest.param(b"/ImageMask true /Filter /FlateDecode", flate(b"\xff" * 512), 0.0, id="empty stencil"),
            pytest.param(DCT + b" /Mask [0 5 0 5 0 5]", JPEG, 0.5293, id="colour key"),
        ],
    )
    def test_whole(self, about: bytes, body: bytes, share: float) -> None:
        page = page_of(picture_page(about, body))
        assert ink(page) == pytest.approx(share, abs=0.002)
        assert page.steps == ("drew page 1 of 1 at 300 dpi",)

    @pytest.mark.parametrize(
        ("about", "body", "problem"),
        [
            pytest.param(DCT, JPEG[: len(JPEG) // 2], "(64x64, DCTDecode) is cut short", id="half JPEG"),
            pytest.param(DCT, JPEG[:-400], "(64x64, DCTDecode) is cut short", id="most of a JPEG"),
            pytest.param(DCT, bytes(len(JPEG)), "(64x64, DCTDecode) is no JPEG", id="zeroed JPEG"),
            pytest.param(DCT, b"", "(64x64, DCTDecode) is empty", id="empty JPEG"),
            pytest.param(JPX, JPEG_2000[: len(JPEG_2000) // 2], "JPXDecode) is cut short", id="half JPEG 2000"),
            pytest.param(
                JPX, JPEG_2000[:60] + bytes(20) + JPEG_2000[80:], "JPXDecode) cannot be decoded", id="broken JPEG 2000"
            ),
            pytest.param(FLATE, PACKED[: len(PACKED) // 2], "FlateDecode) is cut short", id="half Flate"),
            pytest.param(FLATE, b"rubbish" * 99, "it is no Flate data", id="rubbish"),
            pytest.param(FLATE, PACKED[:99] + b"\xff" * 99 + PACKED[198:], "FlateDecode) ", id="broken Flate"),
            pytest.param(PREDICTED, flate(b"".join(ROWS[:32])), "is cut short", id="half the rows"),
            pytest.param(RGB, NOISE.tobytes()[:6000], "is cut short", id="half of it unpacked"),
            pytest.param(
                RGB + b" /Filter /FooDecode", JPEG, "a filter that no program knows (FooDecode)", id="unknown"
            ),
            pytest.param(
                RGB + b" /Filter [/FlateDecode /DCTDecode]", flate(JPEG[:1000]), "is cut short", id="packed half JPEG"
            ),
            pytest.param(GREY + b" /Filter /JBIG2Decode", b"rubbish" * 30, "JBIG2Decode) is", id="broken JBIG2"),
            pytest.param(GREY + b" /Filter /JBIG2Decode", jbig2(NOISE)[:300], "is cut short", id="half JBIG2"),
        ],
    )
    def test_broken(self, about: bytes, body: bytes, problem: str) -> None:
        text = said(picture_page(about, body))
        assert "whose page 1 cannot be drawn whole: its picture" in text
        assert problem in text
        assert "Get the whole file again; or draw the page with another program" in text

    def test_a_mask(self) -> None:
        grey = b"/ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /FlateDecode"
        mask = flate(NOISE.convert("L").tobytes())
        assert ink(page_of(picture_page(DCT + b" /SMask 6 0 R", JPEG, picture(grey, mask)))) > 0.1
        text = said(picture_page(DCT + b" /SMask 6 0 R", JPEG, picture(grey, mask[: len(mask) // 2])))
        assert "the mask of its picture I (64x64, FlateDecode) is cut short" in text

    @pytest.mark.parametrize(("filter_", "body"), [(b"Fl", PACKED), (b"DCT", JPEG)])
    def test_a_picture_among_the_commands(self, filter_: bytes, body: bytes) -> None:
        def commands(data: bytes) -> bytes:
            return b"q 100 0 0 100 0 0 cm BI /W 64 /H 64 /BPC 8 /CS /RGB /F /%s ID %s EI Q" % (filter_, data)

        assert ink(page_of(page_pdf(commands(body)))) > 0.1
        assert "picture 1 among its commands" in said(page_pdf(commands(body[: len(body) // 2])))

    @pytest.mark.parametrize(
        ("filters", "pack"),
        [
            (b"", bytes),
            (b"/F /AHx", lambda data: data.hex().encode() + b">"),
            (b"/F [/AHx /Fl]", lambda data: flate(data).hex().encode() + b">"),
            (b"/F [ /A85 /Fl ]", lambda data: base64.a85encode(flate(data)) + b"~>"),
            (b"/Filter[/Fl]", flate),
        ],
        ids=["not packed", "hex", "hex and Flate", "base 85 and Flate", "a list of one"],
    )
    def test_one_among_the_commands_however_it_is_packed(self, filters: bytes, pack: Callable[[bytes], bytes]) -> None:
        """Whole, and with half of its rows."""

        def commands(rows: int) -> bytes:
            data = pack(NOISE.tobytes()[: rows * 64 * 3])
            return b"q 100 0 0 100 0 0 cm BI /W 64 /H 64 /BPC 8 /CS /RGB %s ID %s EI Q" % (filters, data)

        assert ink(page_of(page_pdf(commands(64)))) > 0.1
        assert "picture 1 among its commands" in said(page_pdf(commands(32)))

    def test_one_that_is_not_in_the_file(self) -> None:
        data = picture_page(DCT, JPEG).replace(b"/I 5 0 R", b"/I 9 0 R")
        assert "its picture or form I is not in the file" in said(data)

    def test_one_that_no_command_draws(self) -> None:
        assert ink(page_of(picture_page(DCT, b"", commands=b"0 0 10 10 re f"))) > 0

    @pytest.mark.parametrize("options", [OPTIONS, ImageOptions(max_pixels=None)])
    def test_a_slide_of_a_film_scanner_leaves_as_sharp_as_it_is(self, options: ImageOptions) -> None:
        """72 by 48 points, scanned at 1,800 dots per inch: more than print, and all of it may be looked at."""
        slide = stream(
            encoded(NOISE.resize((1800, 1200)), "JPEG"),
            b"/Type /XObject /Subtype /Image /Width 1800 /Height 1200 " + DCT,
        )
        for commands, size in ((b"q 72 0 0 48 0 0 cm /I Do Q", (72, 48)), (b"q 0 72 -48 0 48 0 cm /I Do Q", (48, 72))):
            page = page_of(page_pdf(commands, b"/XObject << /I 5 0 R >>", slide, size=size), options)
            assert sorted(page.size) == ([1200, 1800] if options.max_pixels is None else [818, 1226])

    def test_an_icon_does_not_make_its_page_huge(self) -> None:
        page = page_of(picture_page(DCT, JPEG, commands=b"q 2 0 0 2 0 0 cm /I Do Q"), ImageOptions(max_pixels=None))
        assert page.size == (834, 209)


COMMANDS = WHOLE_PAGE + b"".join(b" %d %d 9 9 re f" % (step * 7 % 190, step * 13 % 90) for step in range(200))


class TestContent:
    @pytest.mark.parametrize(
        ("body", "problem"),
        [
            (flate(COMMANDS)[:150], "its content is cut short: it ends inside its data"),
            (b"rubbish" * 9, "its content cannot be unpacked"),
            (b"", "its content is empty"),
        ],
    )
    def test_that_cannot_be_unpacked(self, body: bytes, problem: str) -> None:
        assert problem in said(page_pdf(body, about=b"/Filter /FlateDecode"))

    def test_that_is_flushed_and_never_ended(self) -> None:
        packer = zlib.compressobj()
        body = packer.compress(b"0 0 50 50 re f") + packer.flush(zlib.Z_SYNC_FLUSH)
        assert ink(page_of(page_pdf(body, about=b"/Filter /FlateDecode"))) > 0

    @pytest.mark.parametrize("contents", [b"/Contents 9 0 R", b"/Contents [4 0 R 9 0 R]", b"/Contents [9 0 R]"])
    def test_that_is_not_in_the_file(self, contents: bytes) -> None:
        page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 400 100] %s >>" % contents
        assert "its content is not in the file" in said(pdf_of(CATALOG, PAGES, page, stream(b"0 0 9 9 re f")))

    @pytest.mark.parametrize("contents", [b"", b"/Contents null", b"/Contents []", b"/Contents 4 0 R"])
    def test_of_a_blank_page(self, contents: bytes) -> None:
        page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 400 100] %s >>" % contents
        assert ink(page_of(pdf_of(CATALOG, PAGES, page, stream(b"")))) == 0

    def test_of_a_form(self) -> None:
        about = b"/Type /XObject /Subtype /Form /BBox [0 0 400 100] /Filter /FlateDecode"
        data = page_pdf(b"/X Do", b"/XObject << /X 5 0 R >>", stream(flate(COMMANDS)[:99], about))
        assert "its form X is cut short" in said(data)

    def test_of_a_glyph(self) -> None:
        def font(glyph: bytes) -> bytes:
            return text_page(
                words(b"(a)"),
                b"<< /Type /Font /Subtype /Type3 /FontBBox [0 0 1000 1000] /FontMatrix [0.001 0 0 0.001 0 0]"
                b" /CharProcs << /a 6 0 R >> /Encoding << /Differences [97 /a] >> /FirstChar 97 /LastChar 97"
                b" /Widths [1000] >>",
                stream(glyph, b"/Filter /FlateDecode"),
            )

        glyph = flate(b"1000 0 0 0 750 750 d1 0 0 750 750 re f" + b" 0 0 1 1 re f" * 30)
        assert ink(page_of(font(glyph))) > 0
        assert "a glyph of its font F1 is cut short" in said(font(glyph[:20]))

    def test_the_other_pages_go_on(self, tmp_path: Path) -> None:
        pages = b"<< /Type /Pages /Kids [3 0 R 4 0 R] /Count 2 >>"
        page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 400 100] /Contents %d 0 R >>"
        bad = stream(b"rubbish", b"/Filter /FlateDecode")
        data = pdf_of(CATALOG, pages, page % 5, page % 6, bad, stream(b"0 0 50 50 re f"))
        assert "whose page 1 cannot be drawn whole" in said(data)
        assert ink(page_of(data, ImageOptions(pages=(2,)))) > 0
        path = tmp_path / "two.pdf"
        path.write_bytes(data)
        first, second = PictureReader(on_error="keep").load_data(path)
        assert [node.metadata["page_label"] for node in (first, second)] == ["1", "2"]
        assert ink(prepare_image(second)) > 0
        with pytest.raises(ImageError, match="whose page 1 cannot be drawn whole: its content cannot be unpacked"):
            PictureSource.of(first, OPTIONS).pictures()

    def test_pages_that_share_large_pictures_are_copied_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from ollama_vision.pictures.decoders.pdf import faults as pdf_faults

        monkeypatch.setattr(pdf_faults, "_SHARED", 1000)
        copied: list[list[int]] = []
        real = pdf_faults.PageParts._copy

        def watched(parts: Any, numbers: Any) -> bytes:
            copied.append(list(numbers))
            return real(parts, copied[-1])

        monkeypatch.setattr(pdf_faults.PageParts, "_copy", watched)
        kids = b" ".join(b"%d 0 R" % number for number in range(5, 11))
        page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 40 10] /Contents 3 0 R /Resources 4 0 R >>"
        data = pdf_of(
            CATALOG,
            b"<< /Type /Pages /Kids [%s] /Count 6 >>" % kids,
            stream(WHOLE_PAGE),
            b"<< /XObject << /I 11 0 R >> >>",
            *[page] * 6,
            picture(DCT, JPEG),
        )
        assert len(prepare_block(DocumentBlock(data=data), OPTIONS, where="d")) == 6
        assert copied == [[1], [2, 3, 4, 5, 6]]


class TestTheEnd:
    """pdftoppm 22.12 draws all of these that are not cut."""

    @pytest.mark.parametrize(
        "tail",
        [bytes(5000), b" " * 300_000, b"\n<html><body>" + b"an advertisement " * 400 + b"</body></html>"],
        ids=["zeros", "blanks", "HTML"],
    )
    def test_what_follows_is_no_harm(self, tail: bytes) -> None:
        assert ink(page_of(page_pdf(b"0 0 50 50 re f") + tail)) > 0

    @pytest.mark.parametrize("missing", [1, 2, 6])
    def test_a_mark_that_is_not_whole(self, missing: int) -> None:
        assert ink(page_of(page_pdf(b"0 0 50 50 re f")[:-missing])) > 0

    def test_cut_anywhere_it_is_refused(self) -> None:
        data = page_pdf(b"0 0 50 50 re f", b"/XObject << /I 5 0 R >>", picture(DCT, JPEG))
        for end in range(20, data.rindex(b"startxref"), 37):
            assert "it is cut short: it ends before its table of contents" in said(data[:end]), end

    def test_cut_within_a_later_change_it_is_refused(self) -> None:
        whole = page_pdf(b"0 0 50 50 re f")
        table = b"xref\n4 1\n%010d 00000 n \n" % (len(whole) + 1)
        change = b"\n4 0 obj\n" + stream(b"0 0 99 99 re f") + b"\nendobj\n"
        end = b"trailer\n<< /Size 5 /Root 1 0 R /Prev %d >>\nstartxref\n%d\n%%%%EOF\n" % (
            whole.rindex(b"xref\n0 "),
            len(whole) + len(change),
        )
        assert ink(page_of(whole + change + table + end)) > ink(page_of(whole))
        for length in range(20, len(change + table), 17):
            assert "it is cut short" in said(whole + (change + table)[:length]), length

    def test_cut_behind_the_first_table_of_a_file_for_the_web(self) -> None:
        whole = page_pdf(b"0 0 50 50 re f")
        first = b"%PDF-1.4\n9 0 obj\n<< /Linearized 1 /L 99999 /N 9 >>\nendobj\nxref\n0 0\ntrailer\n<< >>\n"
        first += b"startxref\n0\n%%EOF\n"
        assert "it is cut short" in said(first + whole[9:60])
        assert "it is cut short" in said(first)


PLEASE_WAIT = (
    b"(Please wait... If this message is not eventually replaced by the proper contents of the document, your PDF"
    b" viewer may not be able to display this type of document.)"
)
FIELD = b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (a) /Rect [0 0 50 20] /F 4 /P 3 0 R >>"


def xfa(shown: bytes, *, rendered_by_xfa: bool, fields: bool) -> bytes:
    form = b"/AcroForm << /Fields [%s] /XFA 6 0 R >>" % (b"7 0 R" if fields else b"")
    catalog = b"<< /Type /Catalog /Pages 2 0 R %s %s >>" % (form, b"/NeedsRendering true" if rendered_by_xfa else b"")
    page = (
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 400 100] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> %s >>" % (b"/Annots [7 0 R]" if fields else b"")
    )
    template = stream(b"<xdp:xdp xmlns:xdp='http://ns.adobe.com/xdp/'></xdp:xdp>")
    return pdf_of(catalog, PAGES, page, stream(words(shown)), *standard_font(b"Helvetica"), template, FIELD)


def portfolio(files: int, *, collection: bool = True) -> bytes:
    names = b"".join(b"(%d) 5 0 R " % number for number in range(files))
    kind = b"/Collection << /Type /Collection >>" if collection else b""
    catalog = b"<< /Type /Catalog /Pages 2 0 R %s /Names << /EmbeddedFiles << /Names [%s] >> >> >>" % (kind, names)
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 400 100] /Contents 4 0 R >>"
    file = b"<< /Type /Filespec /F (bill.pdf) /UF (bill.pdf) /EF << /F 6 0 R >> >>"
    inside = stream(b"hello", b"/Type /EmbeddedFile")
    return pdf_of(catalog, PAGES, page, stream(b"0 0 50 50 re f"), file, inside)


class TestShells:
    @pytest.mark.parametrize(
        ("shown", "rendered_by_xfa"), [(PLEASE_WAIT, True), (PLEASE_WAIT, False), (b"(Bitte warten)", True)]
    )
    def test_a_form_whose_pages_are_in_xfa(
        self, shown: bytes, rendered_by_xfa: bool, capfd: pytest.CaptureFixture[str]
    ) -> None:
        data = xfa(shown, rendered_by_xfa=rendered_by_xfa, fields=False)
        text = said(data)
        assert "is a PDF form in XFA, whose pages only Adobe's programs can draw" in text
        assert "Open it in Adobe Acrobat or Reader, print it into a new PDF, and pass that" in text
        asked = page_of(data, ImageOptions(pages=(1,)))
        assert asked.steps[1] == "the form in XFA is not shown"
        assert capfd.readouterr().err == ""

    def test_a_form_that_has_its_pages_beside_xfa(self, capfd: pytest.CaptureFixture[str]) -> None:
        for fields, rendered_by_xfa in ((True, True), (True, False), (False, False)):
            page = page_of(xfa(b"(Name)", rendered_by_xfa=rendered_by_xfa, fields=fields))
            assert ink(page) > 0
            assert len(page.steps) == 1
        assert capfd.readouterr().err == ""

    def test_a_portfolio(self) -> None:
        """pdfdetach 22.12 lists these files."""
        text = said(portfolio(7))
        assert "is a PDF portfolio: its pages are only the cover of 7 files inside it (bill.pdf, " in text
        assert ", ...). Take them out, for example with `pdfdetach -saveall`, and pass those" in text
        asked = page_of(portfolio(1), ImageOptions(pages=(1,)))
        assert asked.steps[1] == "1 file inside the portfolio not shown"

    @pytest.mark.parametrize(("files", "collection"), [(0, True), (3, False), (0, False)])
    def test_a_document_with_files_attached_is_its_pages(self, files: int, collection: bool) -> None:
        assert len(page_of(portfolio(files, collection=collection)).steps) == 1

    def test_nobody_is_asked_about_portfolios_afterwards(self) -> None:
        """PDFium keeps the function that it is to call: one that is gone by then would end the process."""
        import pypdfium2  # type: ignore[import-untyped]

        said(portfolio(7))
        gc.collect()
        document = pypdfium2.PdfDocument(portfolio(7))
        assert len(document) == 1
        document.close()
