"""A page of a PDF leaves as it is meant, or is an error that names what of it cannot be drawn."""

from __future__ import annotations

import base64
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
    stream,
    text_page,
    words,
)

pytest.importorskip("pypdfium2")
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
