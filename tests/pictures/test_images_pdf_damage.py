"""Damage inside a picture of a PDF's page is an error, or a step and a warning that name the picture."""

from __future__ import annotations

import base64
import logging
import random
import struct
import threading
import zlib
from typing import Any

import pytest
from PIL import Image

from ollama_vision.errors import ImageError
from ollama_vision.pictures.decoders.pdf import pages
from ollama_vision.pictures.decoders.pdf.faults import Copied
from ollama_vision.pictures.decoders.pdf.streams import Findings
from tests.support.pdf_files import (
    RGB,
    WHOLE_PAGE,
    encoded,
    fax,
    fax_as,
    flate,
    ink,
    jbig2_of,
    jbig2_segment,
    noise,
    page_of,
    page_pdf,
    picture_page,
    said,
    stream,
)

pytest.importorskip("pypdfium2")

NOISE = noise()
DRAWN = "drew page 1 of 1 at 300 dpi"
FLATE = RGB + b" /Filter /FlateDecode"
JPX = b"/Filter /JPXDecode"
GREY = b"/ColorSpace /DeviceGray /BitsPerComponent 1"
PACKED = flate(NOISE.tobytes())
CHECKSUM = PACKED[-4:]


def steps_of(data: bytes) -> tuple[str, ...]:
    return page_of(data).steps[1:]


def outcome(data: bytes) -> str:
    """The error, or the steps beside the usual one."""
    try:
        return "; ".join(steps_of(data))
    except ImageError as error:
        return str(error)


class TestFlate:
    """The share of ink is that of pdftoppm 22.12 at 300 dots per inch, which does not look at the checksum either."""

    @pytest.mark.parametrize(
        "body",
        [PACKED[:-4], PACKED[:-1], PACKED[:-4] + bytes(4), PACKED[:-1] + b"\n", PACKED + b"\r\n", PACKED + bytes(999)],
        ids=["no checksum", "most of one", "zeros", "line end in its last byte", "line end behind it", "padding"],
    )
    def test_what_writers_do_with_the_checksum(self, body: bytes) -> None:
        page = page_of(picture_page(FLATE, body))
        assert ink(page) == pytest.approx(0.5295, abs=0.002)
        assert page.steps == (DRAWN,)

    def test_a_wrong_checksum_is_said(self, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level(logging.WARNING):
            page = page_of(picture_page(FLATE, PACKED[:-4] + b"abcd"))
        assert ink(page) == pytest.approx(0.5295, abs=0.002)
        assert page.steps[1:] == ("its picture I (64x64, FlateDecode) may be damaged: its checksum is wrong",)
        assert page.steps[1] in caplog.text

    def test_pixels_that_are_not_coded_are_said(self) -> None:
        """Stored blocks unpack whatever is in them."""
        body = zlib.compress(NOISE.tobytes(), 0)
        assert steps_of(picture_page(FLATE, body)) == ()
        (step,) = steps_of(picture_page(FLATE, body[:3000] + bytes(500) + body[3500:]))
        assert "may be damaged: its checksum is wrong" in step

    def test_no_damage_anywhere_is_silent(self) -> None:
        for place in range(2, len(PACKED) - 5, 97):
            body = PACKED[:place] + bytes((PACKED[place] ^ 0x10,)) + PACKED[place + 1 :]
            assert "its picture I (64x64, FlateDecode) " in outcome(picture_page(FLATE, body)), place

    def test_damage_that_changes_the_length_is_an_error(self) -> None:
        body = flate(NOISE.tobytes() + NOISE.tobytes()[:3000])[:-4] + CHECKSUM[::-1]
        assert "its checksum is wrong, and its data have another length" in said(picture_page(FLATE, body))

    def test_commands(self) -> None:
        body = flate(b"0 0 50 50 re f")[:-4] + b"abcd"
        (step,) = steps_of(page_pdf(body, about=b"/Filter /FlateDecode"))
        assert step == "its content may be damaged: its checksum is wrong"

    def test_nothing_packed_as_a_header_alone(self) -> None:
        """As a writer of invoices does; Acrobat, Firefox and Chrome show the page."""
        assert steps_of(page_pdf(b"\x78\xda", about=b"/Filter /FlateDecode")) == ()


def fax_page(body: bytes, parameters: bytes = b"/K -1") -> bytes:
    about = b" /Filter /CCITTFaxDecode /DecodeParms << %s /Columns 64 /Rows 64 >>" % parameters
    return picture_page(GREY + about, body)


def bits(text: str) -> bytes:
    text += "0" * (-len(text) % 8)
    return int(text, 2).to_bytes(len(text) // 8, "big")


END = "000000000001" * 2
WHITE_ROW = "001" + "11011" + "00110101" + "0000110111"
"""Of T.6, as no usual writer codes it: a run of 64 white ones and one of no black ones, where one bit would do."""
FAX = fax(NOISE)


class TestFax:
    """The share of ink is that of pdftoppm 22.12 at 300 dots per inch."""

    @pytest.mark.parametrize(
        ("body", "parameters", "share"),
        [
            pytest.param(FAX, b"/K -1", 0.4684, id="T.6"),
            pytest.param(FAX[:-3], b"/K -1 /EndOfBlock false", 0.4684, id="T.6 without end mark"),
            pytest.param(FAX + b"\r\n", b"/K -1", 0.4684, id="T.6 and a line end"),
            pytest.param(fax_as(NOISE, "group3"), b"/K 0", 0.4684, id="T.4"),
            pytest.param(fax_as(NOISE, "group3", tiffinfo={292: 1}), b"/K 4", 0.4684, id="T.4 in two dimensions"),
            pytest.param(fax_as(NOISE, "tiff_ccitt"), b"/K 0 /EncodedByteAlign true", 0.4684, id="rows at bytes"),
            pytest.param(bits(WHITE_ROW * 64 + END), b"/K -1", 0.0, id="another writer"),
            pytest.param(fax(Image.new("1", (64, 64), 0)), b"/K -1", 0.0, id="white"),
            pytest.param(fax(Image.new("1", (64, 64), 1)), b"/K -1", 1.0, id="black"),
        ],
    )
    def test_whole(self, body: bytes, parameters: bytes, share: float) -> None:
        page = page_of(fax_page(body, parameters))
        assert ink(page) == pytest.approx(share, abs=0.002)
        assert page.steps == (DRAWN,)

    @pytest.mark.parametrize("usual", [True, False], ids=["as libtiff writes it", "another writer"])
    def test_cut_short(self, usual: bool) -> None:
        """With and without the mark that ends it."""
        body, whole = (FAX[: len(FAX) // 2], 32) if usual else (bits(WHITE_ROW * 40), 40)
        text = said(fax_page(body))
        assert "its picture I (64x64, CCITTFaxDecode) is cut short: it holds only " in text
        assert usual or f"only {whole} of its 64 rows" in text
        (step,) = steps_of(fax_page(bits(WHITE_ROW * 40 + END)))
        assert step == "its picture I (64x64, CCITTFaxDecode) holds only 40 of its 64 rows"

    def test_nothing_goes_to_the_standard_error(self, capfd: pytest.CaptureFixture[str]) -> None:
        """libtiff, which looks at the rows, writes there of its own accord."""
        said(fax_page(FAX[:46] + bytes.fromhex("5ac31e0f99d2b4e7") + FAX[54:]))
        assert capfd.readouterr().err == ""

    def test_zeroed(self) -> None:
        assert "CCITTFaxDecode) is empty" in said(fax_page(bytes(500)))

    def test_lost_bytes_anywhere(self) -> None:
        for place in range(0, len(FAX) - 40, 23):
            text = said(fax_page(FAX[:place] + bytes(16) + FAX[place + 16 :]))
            assert "(64x64, CCITTFaxDecode) is damaged: of its 64 rows only " in text, place

    def test_a_row_too_many(self) -> None:
        (step,) = steps_of(fax_page(bits(WHITE_ROW * 80 + END)))
        assert "may be damaged: it holds more than its 64 rows" in step

    def test_a_disturbed_row_of_t4_is_said(self) -> None:
        """As over the telephone: the next row begins anew."""
        body = fax_as(NOISE, "group3")
        (step,) = steps_of(fax_page(body[:400] + b"\xff\x01\xff" + body[403:], b"/K 0"))
        assert "(64x64, CCITTFaxDecode) is damaged: of its 64 rows only 6" in step


ARITHMETIC = base64.b64decode("""
    utB4eThBjXt9pBnjl4FaxOkZIvx/dnxxuxOyCfXTjfemVZ24WMXyvyqmWXe43DvIE9o+5FhFT+8RppxGOjzug0Jh5n5naQQzUGgG6Lv2
    fVlNrnCCQUavAeX9FrIItcURe4tcPfYpdhZsju75cYecPhpOHTUDZ9HnbrrB7DrpI7VjOrAudDTBKEEr1rw5j5UPvgFDJz4gDyVxbWik
    obRWrHc889vZnJYoYqFa8AtjkYeXNmmehoML07br3VI7o5yEwsCE25TSI1r6efmJ0O0j38GTyyt8Q7LPhabqtMyX8/r5l3YNlwIuSHuk
    AcD/Pym3le9AqDH0VnD2D6YwMbVlDbGcK0dZapb4qil7NL7c/YqdGNEwFXEusrX3RUQqw2VfB1Kkr5YHhrYrxwKXSBpgtttbhhnl4CYv
    zG0HggbpaSPgUDpcbUBuxul+SlxttslRujjKkRDAL4D3c0YgSGXCnb2PBeVn6niCapGywrasqIvCRvYN4H8JOjeDResiUP9bPdsJbnWZ
    1xAs63rDiK2X9Hr/d4x3C4MlcbOdEgqQ/1GaFAaj6GN0bYWbBPE//6w=
""")
"""NOISE in black and white as an arithmetic coder by ISO 14492, annex E, writes it; pdfimages 22.12 reads it back."""
TEMPLATE = b"\x00\x03\xff\xfd\xff\x02\xfe\xfe\xfe"


def jbig2_page(body: bytes, parameters: bytes = b"", *more: bytes) -> bytes:
    return picture_page(GREY + b" /Filter /JBIG2Decode " + parameters, body, *more)


class TestJbig2:
    @pytest.mark.parametrize("body", [ARITHMETIC, ARITHMETIC[:-1], ARITHMETIC + bytes(200)], ids=["", "FF", "padded"])
    def test_whole(self, body: bytes) -> None:
        page = page_of(jbig2_page(jbig2_of((64, 64), TEMPLATE + body)))
        assert ink(page) == pytest.approx(0.5313, abs=0.002)
        assert page.steps == (DRAWN,)

    def test_cut_short_inside_its_region(self) -> None:
        for end in range(20, len(ARITHMETIC) - 2, 32):
            (step,) = steps_of(jbig2_page(jbig2_of((64, 64), TEMPLATE + ARITHMETIC[:end])))
            assert step == ("its picture I (64x64, JBIG2Decode) may be cut short: its data have no end mark"), end

    def test_cut_short_before_its_region(self) -> None:
        (step,) = steps_of(jbig2_page(jbig2_of((64, 64))))
        assert "may be cut short: nothing is drawn in it" in step

    @pytest.mark.parametrize("lost", [bytes(100), b"\xff\xac" + b"rubbish" * 14], ids=["zeros", "a mark"])
    def test_what_no_coder_writes(self, lost: bytes) -> None:
        body = ARITHMETIC[:150] + lost + ARITHMETIC[250:]
        assert "is damaged: its picture data hold what no coder writes" in said(
            jbig2_page(jbig2_of((64, 64), TEMPLATE + body))
        )

    def test_shapes_that_it_shares(self) -> None:
        """No letter of them is used here: that they are there is what counts."""
        whole = jbig2_of((64, 64), TEMPLATE + ARITHMETIC) + jbig2_segment(9, 62, bytes(4), 8)
        shapes = jbig2_segment(8, 0, b"\x00\x00" + TEMPLATE[1:] + bytes(8) + b"\xff\xac")
        shared = b"/DecodeParms << /JBIG2Globals 6 0 R >>"
        assert steps_of(jbig2_page(whole, shared, stream(flate(shapes), b"/Filter /FlateDecode"))) == ()
        assert "a part that it refers to is missing" in said(jbig2_page(whole))
        assert "a part that it refers to is missing" in said(jbig2_page(whole, shared, stream(b"")))
        assert "a part that it refers to is missing" in said(jbig2_page(whole, shared))
        assert "(JBIG2Globals) is cut short" in said(
            jbig2_page(whole, shared, stream(flate(shapes)[:-9], b"/Filter /FlateDecode"))
        )


LARGE = noise().resize((300, 200))
JPEG_2000 = encoded(LARGE, "JPEG2000", no_jp2=True)


def with_marked_packet(stream_: bytes) -> bytes:
    """Of one packet, with a mark before it (SOP) whose number ends in FF."""
    style, tile, data = (stream_.index(mark) for mark in (b"\xff\x52", b"\xff\x90", b"\xff\x93"))
    made = bytearray(stream_)
    made[style + 4] |= 2
    made[tile + 6 : tile + 10] = (struct.unpack_from(">I", stream_, tile + 6)[0] + 6).to_bytes(4, "big")
    return bytes(made[: data + 2]) + b"\xff\x91\x00\x04\x00\xff" + bytes(made[data + 2 :])


class TestJpeg2000:
    @pytest.mark.parametrize("mode", ["RGB", "L", "RGBA"])
    @pytest.mark.parametrize(
        "parameters",
        [
            {},
            {"irreversible": True, "quality_mode": "rates", "quality_layers": [80, 20, 8]},
            {"tile_size": (70, 70), "progression": "RPCL"},
            {"num_resolutions": 1},
            {"precinct_size": (64, 64), "codeblock_size": (16, 16)},
        ],
        ids=["", "layers", "tiles", "one size", "precincts"],
    )
    @pytest.mark.parametrize("picture", [LARGE, Image.new("RGB", (301, 77), "white")], ids=["noise", "white"])
    def test_whole(self, picture: Image.Image, parameters: dict[str, Any], mode: str) -> None:
        body = encoded(picture.convert(mode), "JPEG2000", **parameters)
        assert steps_of(picture_page(JPX, body)) == ()

    def test_marked_packets(self) -> None:
        body = encoded(LARGE.convert("L"), "JPEG2000", no_jp2=True, num_resolutions=1)
        marked = with_marked_packet(body)
        assert marked[marked.index(b"\xff\x91") + 6] >= 0x90
        assert ink(page_of(picture_page(JPX, marked))) == ink(page_of(picture_page(JPX, body)))
        assert steps_of(picture_page(JPX, marked)) == ()

    @pytest.mark.parametrize("lost", [bytes(400), random.Random(1).randbytes(4000)], ids=["zeros", "others"])
    def test_what_no_coder_writes(self, lost: bytes) -> None:
        middle = len(JPEG_2000) // 2
        text = said(picture_page(JPX, JPEG_2000[:middle] + lost + JPEG_2000[middle + len(lost) :]))
        assert "JPXDecode) is damaged: its picture data hold what no coder writes" in text

    @pytest.mark.parametrize(
        "commands",
        [WHOLE_PAGE + b" 0 0 50 50 re f", b"0.5 g 0 0 50 50 re f " + WHOLE_PAGE, WHOLE_PAGE + b" /I Do"],
        ids=["under a stamp", "over a ground", "twice"],
    )
    def test_one_that_is_not_drawn_is_an_error_whatever_else_is_there(self, commands: bytes) -> None:
        """PDFium knows no picture of this file: its header is gone, which is all that is wrong with it."""
        body = encoded(NOISE, "JPEG2000")
        broken = body[:60] + bytes(20) + body[80:]
        assert "its picture 1 (64x64, JPXDecode) cannot be decoded" in said(
            picture_page(JPX, broken, commands=commands)
        )
        assert steps_of(picture_page(JPX, body, commands=commands)) == ()


class TestLargeStreams:
    """They are unpacked on a thread of their own, while PDFium draws."""

    @pytest.fixture(autouse=True)
    def every_page_is_large(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(pages, "_LARGE", 0)

    def test_unpacked_while_pdfium_draws(self, monkeypatch: pytest.MonkeyPatch) -> None:
        begun, met = threading.Event(), []
        draw, findings = pages._draw, Copied.findings

        def drawn(page: Any, scale: float) -> Image.Image:
            begun.set()
            return draw(page, scale)

        def found(copied: Copied) -> Findings:
            met.append(begun.wait(20))
            return findings(copied)

        monkeypatch.setattr(pages, "_draw", drawn)
        monkeypatch.setattr(Copied, "findings", found)
        assert steps_of(picture_page(FLATE, PACKED)) == ()
        assert met == [True]

    def test_damage(self) -> None:
        assert "FlateDecode) is cut short" in said(picture_page(FLATE, PACKED[: len(PACKED) // 2]))
        (step,) = steps_of(picture_page(FLATE, PACKED[:-4] + b"abcd"))
        assert "its checksum is wrong" in step

    def test_a_page_without_pictures(self) -> None:
        assert page_of(page_pdf(b"0 0 50 50 re f")).size == (1667, 417)
