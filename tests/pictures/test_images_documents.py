"""Videos become frames, PDFs pages, text text, and sounds stay what they are; what is damaged is refused."""

from __future__ import annotations

import io
import sys
import threading
import wave
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.base.llms.types import (
    AudioBlock,
    CacheControl,
    CachePoint,
    DocumentBlock,
    ImageBlock,
    TextBlock,
)
from PIL import Image

from ollama_vision.pictures import ImageOptions, PreparedAudio, prepare_block, prepare_documents
from tests.support.picture_corpus import card, encoded, pixel, wrong_corners
from tests.support.prepared_documents import OPTIONS, WHERE, opened, pictures, said


@pytest.fixture(scope="module")
def pdf() -> bytes:
    colours = ("red", "lime", "blue")
    first, *later = [Image.new("RGB", (595, 842), colour) for colour in colours]
    return encoded(first, "PDF", save_all=True, append_images=later)


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


PAGES = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"


def text_pdf(body: bytes, *, encrypt: bool = False) -> bytes:
    """A PDF of one page, 200 by 100 points, with a stream of drawing commands."""
    return pdf_of(
        b"<< /Type /Catalog /Pages 2 0 R >>",
        PAGES,
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 100] /Contents 4 0 R >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(body), body),
        b"<< /Filter /Standard /V 1 /R 2 /P -4 /O <" + b"41" * 32 + b"> /U <" + b"42" * 32 + b"> >>",
        trailer=b" /Encrypt 5 0 R /ID [<00> <00>]" if encrypt else b"",
    )


class TestPdf:
    def test_each_page_is_a_picture(self, pdf: bytes) -> None:
        taken = pictures(DocumentBlock(data=pdf, document_mimetype="application/pdf"))
        assert [pixel(opened(picture), 50, 50) for picture in taken] == [(255, 0, 0), (0, 255, 0), (0, 0, 255)] or [
            max(range(3), key=pixel(opened(picture), 50, 50).__getitem__) for picture in taken
        ] == [0, 1, 2]
        assert [picture.page for picture in taken] == [1, 2, 3]
        for picture in taken:
            assert 950_000 < picture.size[0] * picture.size[1] <= 1_003_520

    def test_from_a_path(self, pdf: bytes, tmp_path: Path) -> None:
        path = tmp_path / "paper"
        path.write_bytes(pdf)
        assert len(pictures(DocumentBlock(path=path))) == 3

    def test_in_image_documents_too(self, pdf: bytes) -> None:
        assert len(prepare_documents([DocumentBlock(data=pdf), card()], OPTIONS)) == 4

    def test_pages_that_are_asked_for(self, pdf: bytes) -> None:
        taken = pictures(DocumentBlock(data=pdf), ImageOptions(pages=(3, 1)))
        assert [picture.page for picture in taken] == [3, 1]
        assert "has only 3 pages, and page 4" in said(DocumentBlock(data=pdf), ImageOptions(pages=(4,)))

    def test_more_pages_than_anybody_meant(self) -> None:
        first, *later = [Image.new("L", (64, 64)) for _ in range(21)]
        data = encoded(first, "PDF", save_all=True, append_images=later)
        assert "has 21 pages, and no more than 20 are sent unasked" in said(DocumentBlock(data=data))

    def test_drawn_sharp_on_white_and_mapped_to_points(self) -> None:
        (picture,) = pictures(DocumentBlock(data=text_pdf(b"1 0 0 rg 20 60 40 30 re f")))
        image = opened(picture)
        assert picture.original_size == (200, 100)
        scale = picture.size[0] / 200
        assert pixel(image, round(40 * scale), round(25 * scale)) == (255, 0, 0)
        assert pixel(image, round(150 * scale), round(80 * scale)) == (255, 255, 255)
        box = (20 * scale, 10 * scale, 60 * scale, 40 * scale)
        assert picture.to_original(box) == pytest.approx((20, 10, 60, 40), abs=1)
        # 300 dpi at most.
        assert scale <= 300 / 72 + 0.01

    def test_what_was_filled_into_a_form_is_seen(self) -> None:
        look = b"1 0 0 rg 0 0 100 50 re f"
        data = pdf_of(
            b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [4 0 R] >> >>",
            PAGES,
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 100] /Annots [4 0 R] >>",
            b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (name) /V (x) /F 4 /Rect [0 50 100 100] /P 3 0 R"
            b" /AP << /N 5 0 R >> >>",
            b"<< /Type /XObject /Subtype /Form /BBox [0 0 100 50] /Length %d >>\nstream\n%s\nendstream"
            % (len(look), look),
        )
        (picture,) = pictures(DocumentBlock(data=data))
        image = opened(picture)
        assert pixel(image, image.width // 4, image.height // 4)[1] < 250
        assert pixel(image, image.width * 3 // 4, image.height * 3 // 4) == (255, 255, 255)

    def test_at_full_size_at_150_dpi(self) -> None:
        (picture,) = pictures(DocumentBlock(data=text_pdf(b"")), ImageOptions(max_pixels=None))
        assert picture.size[0] == pytest.approx(200 * 150 / 72, abs=1)

    def test_encrypted(self) -> None:
        text = said(DocumentBlock(data=text_pdf(b"", encrypt=True)))
        assert "is encrypted with a password. Save it without the password" in text

    @pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
    def test_a_part_of_a_pdf_is_refused(self, pdf: bytes, share: float) -> None:
        assert "cut short" in said(DocumentBlock(data=pdf[: int(len(pdf) * share)]))

    def test_rubbish(self) -> None:
        assert "is a PDF document that cannot be read" in said(DocumentBlock(data=b"%PDF-1.7\nrubbish\n%%EOF"))

    def test_without_the_extra(self, pdf: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "pypdfium2", None)
        assert 'pip install "ollama-vision[pdf]>=1"' in said(DocumentBlock(data=pdf))

    def test_pdfium_is_only_used_under_its_lock(self, pdf: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
        import pypdfium2  # type: ignore[import-untyped]

        from ollama_vision.pictures.decoders.pdf import pages as room

        held = []
        for name in ("get_size", "render", "close"):
            real = getattr(pypdfium2.PdfPage, name)

            def watched(page: Any, *arguments: Any, real: Any = real, **keywords: Any) -> Any:
                held.append(room.PDFIUM.locked())
                return real(page, *arguments, **keywords)

            monkeypatch.setattr(pypdfium2.PdfPage, name, watched)
        pictures(DocumentBlock(data=pdf))
        assert len(held) >= 9
        assert all(held)

    def test_many_threads_at_once(self, pdf: bytes) -> None:
        start = threading.Barrier(4)

        def work(_: int) -> list[bytes]:
            start.wait()
            return [picture.read() for picture in pictures(DocumentBlock(data=pdf), ImageOptions(max_pixels=40_000))]

        with ThreadPoolExecutor(4) as pool:
            results = list(pool.map(work, range(4)))
        assert all(result == results[0] for result in results)


class TestOtherDocuments:
    @pytest.mark.parametrize(
        ("data", "text"),
        [
            (b"plain words", "plain words"),
            ("Umläute, 漢字".encode(), "Umläute, 漢字"),
            (b"\xef\xbb\xbfwith a mark", "with a mark"),
            ("utf 16".encode("utf-16"), "utf 16"),
            (b"<html><body>a page</body></html>", "<html><body>a page</body></html>"),
            (b'{"a": 1}', '{"a": 1}'),
            (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "<svg xmlns='http://www.w3.org/2000/svg'/>"),
            (b"a,b\n1,2\n", "a,b\n1,2\n"),
        ],
    )
    def test_text_is_text(self, data: bytes, text: str, tmp_path: Path) -> None:
        assert prepare_block(DocumentBlock(data=data), OPTIONS, where=WHERE) == [text]
        path = tmp_path / "document"
        path.write_bytes(data)
        assert prepare_block(DocumentBlock(path=path), OPTIONS, where=WHERE) == [text]

    def test_a_picture_is_a_picture(self) -> None:
        (picture,) = pictures(DocumentBlock(data=encoded(card(), "TIFF")))
        assert wrong_corners(picture.read()) == []

    @pytest.mark.parametrize(
        ("data", "words"),
        [
            (b"PK\x03\x04" + b"\x00" * 26 + b"word/document.xml", "is a Word document (DOCX), which cannot be sent"),
            (b"caf\xe9 in latin-1", "is neither text nor a known document. Taken are text in UTF-8"),
            (bytes(range(256)), "is neither text nor a known document"),
            (b"", "holds nothing"),
        ],
    )
    def test_the_rest_is_refused(self, data: bytes, words: str) -> None:
        assert words in said(DocumentBlock(data=data))


def wav(seconds: float = 0.1) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(int(16000 * seconds)))
    return buffer.getvalue()


class TestAudio:
    def one(self, block: AudioBlock) -> PreparedAudio:
        (sound,) = prepare_block(block, OPTIONS, where=WHERE)
        assert isinstance(sound, PreparedAudio)
        return sound

    @pytest.mark.parametrize(
        ("data", "format_"),
        [(wav(), "wav"), (b"ID3\x04\x00\x00\x00\x00\x00\x00" + b"\xff\xfb\x90\x64" * 9, "mp3"),
         (b"\xff\xfb\x90\x64" + bytes(100), "mp3")],
    )  # fmt: skip
    def test_leaves_byte_for_byte(self, data: bytes, format_: str, tmp_path: Path) -> None:
        path = tmp_path / "sound"
        path.write_bytes(data)
        for block in (
            AudioBlock(audio=data),
            AudioBlock(path=path),
            AudioBlock.model_construct(audio=io.BytesIO(data)),
        ):
            sound = self.one(block)
            assert sound.format == format_
            assert sound.read() == data
            assert sound.size_in_bytes == len(data)
        assert sound.describe() == {
            "source": "open file",
            "format": format_,
            "media_type": "audio/wav" if format_ == "wav" else "audio/mpeg",
            "bytes": len(data),
        }
        assert "\\x" not in repr(sound)

    def test_others_are_refused(self) -> None:
        assert "is a FLAC sound. Ollama takes WAV and MP3 only" in said(AudioBlock(audio=b"fLaC" + bytes(40)))
        assert "is an Ogg sound or video" in said(AudioBlock(audio=b"OggS" + bytes(40)))
        assert "is an M4A sound" in said(AudioBlock(audio=b"\x00\x00\x00\x18ftypM4A " + bytes(40)))
        assert "is text" in said(AudioBlock(audio=b"some words"))

    def test_cut_short(self) -> None:
        assert "is a WAV sound that is cut short" in said(AudioBlock(audio=wav()[:-100]))

    def test_a_length_that_nobody_knew(self) -> None:
        data = wav()
        assert self.one(AudioBlock(audio=data[:4] + b"\xff\xff\xff\xff" + data[8:]))


def test_blocks_that_are_no_media_are_refused_by_name() -> None:
    assert "(TextBlock) is no block of" in said(TextBlock(text="x"))
    assert "(CachePoint) is no block of" in said(CachePoint(cache_control=CacheControl(type="x")))


def test_an_image_block_of_several_pages_is_several_pictures() -> None:
    later = [Image.new("RGB", (160, 120), "blue")]
    data = encoded(card(), "TIFF", save_all=True, append_images=later)
    assert [picture.page for picture in pictures(ImageBlock(image=data))] == [1, 2]
