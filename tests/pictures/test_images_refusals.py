"""What is no picture, or not all of one, is refused: where it stood, what it really is, and what to do."""

from __future__ import annotations

import io
import pickle
import struct
import sys
import zipfile
import zlib
from pathlib import Path

import pytest
from PIL import Image, ImageFile

from ollama_vision.errors import ImageError
from ollama_vision.pictures import ImageOptions, prepare_documents, prepare_image
from tests.support.picture_corpus import BY_NAME, SAMPLES, card, encoded, heic, png_chunk


def office(name: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, "x")
    return buffer.getvalue()


IMPOSTORS: dict[str, tuple[bytes, str, str]] = {
    "empty": (b"", "empty", "nothing in it"),
    "text": (b"not a picture at all", "text", "Put text into the prompt"),
    "text that is base64 of nothing": (b"hello", "text", "Put text into the prompt"),
    "svg": (b"<?xml version='1.0'?>\n<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG", "Render it to PNG"),
    "html": (b"\n<!DOCTYPE html><html><body>404</body></html>", "HTML", "not of the page that shows it"),
    "json": (b'{"error": "not found"}', "JSON", "error message"),
    "pdf": (b"%PDF-1.7\n...", "PDF", "Get the whole file again"),
    "lfs": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git LFS pointer", "git lfs pull"),
    "psd": (b"8BPS\x00\x01" + b"\x00" * 40, "PSD", "convert 'IN.psd[0]'"),
    "docx": (office("word/document.xml"), "DOCX", "Save it as PDF"),
    "zip": (office("readme"), "ZIP", "Unpack it"),
    "mp4": (b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2", "MP4", ""),
    "wav": (b"RIFF\x24\x00\x00\x00WAVEfmt " + b"\x00" * 24, "WAV", "AudioBlock"),
    "mp3": (b"\xff\xfb\x90\x64" + b"\x00" * 60, "MP3", "AudioBlock"),
    "jxl": (b"\xff\x0a\xfa\x1f\x41\x91", "JPEG XL", "djxl"),
    "npy": (b"\x93NUMPY\x01\x00v\x00{'descr'", "npy", "numpy.load"),
    "gzip": (b"\x1f\x8b\x08\x00\x00\x00\x00\x00", "gzip", "Unpack it"),
    "rubbish": (bytes(range(256)), "unknown", "Readable are JPEG, PNG"),
    "base64 of text": (b"PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciLz4=", "SVG", "Render it to PNG"),
}


@pytest.mark.parametrize("name", IMPOSTORS)
def test_an_impostor_is_named_for_what_it_is(name: str, tmp_path: Path) -> None:
    data, kind, way_out = IMPOSTORS[name]
    path = tmp_path / "picture.jpg"
    path.write_bytes(data)
    good = encoded(card(), "PNG")
    for source in (data, path):
        with pytest.raises(ImageError) as caught:
            prepare_documents([good, good, source], ImageOptions())
        said = str(caught.value)
        assert said.startswith("image_documents[2] (")
        assert caught.value.where == "image_documents[2]"
        if not (name.startswith("base64") and source is path):
            assert caught.value.kind == kind
            assert way_out in said
        if source is path:
            assert str(path) in said
            assert caught.value.source == str(path)


def test_one_picture_alone_has_no_number() -> None:
    with pytest.raises(ImageError, match=r"^image_documents \(bytes\) is text"):
        prepare_documents(b"some text", ImageOptions())
    with pytest.raises(ImageError, match=r"^The picture \(bytes\) is text"):
        prepare_image(b"some text")


def test_errors_survive_pickle() -> None:
    with pytest.raises(ImageError) as caught:
        prepare_documents([b"some text"], ImageOptions())
    again = pickle.loads(pickle.dumps(caught.value))
    assert str(again) == str(caught.value)
    assert (again.where, again.source, again.kind) == ("image_documents[0]", "bytes", "text")


@pytest.mark.parametrize("share", [0.3, 0.5, 0.9])
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_a_part_of_a_file_is_never_a_picture(sample, share: float) -> None:  # type: ignore[no-untyped-def]
    data = sample.make()
    if sample.name in ("jpeg motion photo", "png trailing bytes"):
        data = BY_NAME["jpeg baseline"].make()
    with pytest.raises(ImageError, match=r"cut short|broken|cannot be decoded"):
        prepare_image(data[: int(len(data) * share)])


@pytest.mark.parametrize("name", ["jpeg baseline", "jpeg progressive", "png rgb", "png interlaced", "png palette"])
def test_not_one_byte_may_be_missing_at_the_end(name: str) -> None:
    data = BY_NAME[name].make()
    for missing in (1, 2, 5, 13):
        with pytest.raises(ImageError, match="cut short"):
            prepare_image(data[:-missing])


@pytest.mark.parametrize("whole_process", [False, True], ids=["strict", "told to load truncated pictures"])
def test_a_tiff_whose_pixels_come_last(monkeypatch: pytest.MonkeyPatch, whole_process: bool) -> None:
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", whole_process)
    width, height = 100, 80
    entries = [
        (256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1),
        (273, 4, 1, 122), (277, 3, 1, 1), (278, 4, 1, height), (279, 4, 1, width * height),
    ]  # fmt: skip
    table = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *entry) for entry in entries)
    data = b"II*\x00\x08\x00\x00\x00" + table + b"\x00" * 4 + bytes(width * height)
    assert prepare_image(data).size == (width, height)
    with pytest.raises(ImageError, match="cut short: it ends inside its picture data"):
        prepare_image(data[:-2000])


def test_half_a_file_filled_up_with_zeros_is_still_half() -> None:
    data = encoded(card((800, 600)), "JPEG")
    with pytest.raises(ImageError, match="cut short"):
        prepare_image(data[: len(data) // 2] + bytes(len(data) - len(data) // 2))


def test_a_jpeg_that_ends_before_all_its_colours_is_cut_short() -> None:
    data = encoded(card(), "JPEG", progressive=True)
    first_scan = data.index(b"\xff\xda")
    # Its first scan says that it holds one of three components only.
    broken = bytearray(data)
    length = int.from_bytes(data[first_scan + 2 : first_scan + 4], "big")
    header = b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00"
    broken[first_scan : first_scan + 2 + length] = header
    second = bytes(broken).index(b"\xff\xc4", first_scan)
    with pytest.raises(ImageError, match="before all its colours"):
        prepare_image(bytes(broken[:second]) + b"\xff\xd9")


def test_a_changed_byte_in_a_png_is_noticed() -> None:
    data = bytearray(encoded(card(), "PNG"))
    data[data.index(b"IDAT") + 20] ^= 1
    with pytest.raises(ImageError, match="checksum of its part IDAT does not fit"):
        prepare_image(bytes(data))


class TestBombs:
    """Declared sizes are believed before anything is decoded."""

    @pytest.fixture(autouse=True)
    def _no_decoding(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def load(self: object) -> None:
            raise AssertionError("decoded")

        monkeypatch.setattr("PIL.ImageFile.ImageFile.load", load)

    def test_png(self) -> None:
        header = struct.pack(">IIBBBBB", 60_000, 60_000, 1, 0, 0, 0, 0)
        data = b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header)
        data += png_chunk(b"IDAT", zlib.compress(bytes(1000))) + png_chunk(b"IEND", b"")
        with pytest.raises(ImageError, match=r"says that it is 60000x60000, 3,600 megapixels") as caught:
            prepare_image(data)
        assert "max_source_pixels" in str(caught.value)

    def test_jpeg(self) -> None:
        data = bytearray(encoded(card(), "JPEG"))
        at = data.index(b"\xff\xc0") + 5
        data[at : at + 4] = struct.pack(">HH", 65_000, 65_000)
        with pytest.raises(ImageError, match="65000x65000"):
            prepare_image(bytes(data), ImageOptions(max_pixels=None))

    @pytest.mark.parametrize("format_", ["GIF", "BMP", "TIFF", "WEBP"])
    def test_others(self, format_: str) -> None:
        data = encoded(card(), format_)
        with pytest.raises(ImageError, match="160x120, 0 megapixels"):
            prepare_image(data, ImageOptions(max_source_pixels=160 * 120 - 1))

    def test_a_gif_that_says_it_is_huge(self) -> None:
        data = bytearray(encoded(card(), "GIF"))
        data[6:10] = struct.pack("<HH", 65_535, 65_535)
        with pytest.raises(ImageError, match="65535x65535"):
            prepare_image(bytes(data))


def test_a_whole_file_of_a_kind_that_no_decoder_here_knows_is_not_called_damaged() -> None:
    """A BMP of 2 bits a pixel, as Windows CE wrote: Chromium 156 shows it, Pillow 13 does not."""
    header = struct.pack("<IiiHHIIiiII", 40, 4, 1, 1, 2, 0, 4, 0, 0, 4, 0)
    body = header + bytes(range(0, 16)) + b"\x1b\x00\x00\x00"
    file = b"BM" + struct.pack("<IHHI", 14 + len(body), 0, 0, 14 + 40 + 16) + body
    with pytest.raises(ImageError, match="cannot be read here: Unsupported BMP pixel depth") as caught:
        prepare_image(file)
    assert "convert IN OUT.png" in str(caught.value)
    assert "whole file again" not in str(caught.value)


def test_the_largest_phone_pictures_are_no_bombs() -> None:
    assert ImageOptions().max_source_pixels >= 16_320 * 12_240


def test_heic_without_its_extra_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    data = heic(card())
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(ImageError, match=r'pip install "ollama-vision\[heif\]>=1"'):
        prepare_image(data)


class TestPages:
    def tiff(self, pages: int) -> bytes:
        colours = [(10 * number, 0, 0) for number in range(1, pages + 1)]
        first, *later = [Image.new("RGB", (64, 48), colour) for colour in colours]
        return encoded(first, "TIFF", save_all=True, append_images=later)

    def reds(self, data: bytes, options: ImageOptions) -> list[int]:
        pictures = prepare_documents([data], options)
        return [Image.open(picture.open()).getpixel((5, 5))[0] for picture in pictures]  # type: ignore[index]

    def test_all_pages_unless_chosen(self) -> None:
        data = self.tiff(5)
        assert self.reds(data, ImageOptions()) == [10, 20, 30, 40, 50]
        assert self.reds(data, ImageOptions(pages=2)) == [10, 20]
        assert self.reds(data, ImageOptions(pages=9)) == [10, 20, 30, 40, 50]
        assert self.reds(data, ImageOptions(pages=(4, 2))) == [40, 20]
        pictures = prepare_documents([data], ImageOptions(pages=(4,)))
        assert pictures[0].page == 4
        assert pictures[0].describe()["page"] == 4

    def test_a_page_that_is_not_there(self) -> None:
        with pytest.raises(ImageError, match="has only 5 pages, and page 6 was asked for"):
            prepare_documents([self.tiff(5)], ImageOptions(pages=(1, 6)))
        with pytest.raises(ImageError, match="has one page only"):
            prepare_image(self.tiff(1), ImageOptions(pages=(2,)))

    def test_more_pages_than_anybody_meant(self) -> None:
        data = self.tiff(21)
        with pytest.raises(ImageError, match=r"has 21 pages, and no more than 20 .*pages=10"):
            prepare_documents([data], ImageOptions())
        assert len(prepare_documents([data], ImageOptions(pages=21))) == 21

    def test_one_picture_is_asked_for_and_there_are_several(self) -> None:
        with pytest.raises(ImageError, match=r"has 3 pages, and prepare_image prepares one\. .*pages=\(1,\)") as told:
            prepare_image(self.tiff(3))
        assert "frame" not in str(told.value)
        assert prepare_image(self.tiff(3), ImageOptions(pages=(3,))).page == 3

    def test_thumbnails_in_the_list_of_pages_are_no_pages(self) -> None:
        data = bytearray(self.tiff(2))
        # The second page's width tag, the first of its entries, becomes NewSubfileType 1: a reduced copy.
        first = struct.unpack_from("<I", data, 4)[0]
        count = struct.unpack_from("<H", data, first)[0]
        second = struct.unpack_from("<I", data, first + 2 + 12 * count)[0]
        entries = struct.unpack_from("<H", data, second)[0]
        tags = [struct.unpack_from("<H", data, second + 2 + 12 * at)[0] for at in range(entries)]
        spare = next(at for at, tag in enumerate(tags) if tag in (282, 284, 296, 317))
        struct.pack_into("<HHII", data, second + 2 + 12 * spare, 254, 4, 1, 1)
        picture = prepare_image(bytes(data))
        assert picture.page is None


class TestOptions:
    @pytest.mark.parametrize(
        "wrong",
        [
            {"max_pixels": 0}, {"max_pixels": 100}, {"min_side": 0}, {"format": "webp"}, {"jpeg_quality": 101},
            {"background": "no colour"}, {"frames": 0}, {"pages": 0}, {"pages": ()}, {"pages": (0,)},
            {"url_timeout": float("nan")}, {"url_max_bytes": 0}, {"nonsense": 1},
        ],
        ids=str,
    )  # fmt: skip
    def test_values_that_mean_nothing_are_refused(self, wrong: dict[str, object]) -> None:
        with pytest.raises(ValueError, match=next(iter(wrong))):
            ImageOptions(**wrong)  # type: ignore[arg-type]

    def test_round_trips(self) -> None:
        options = ImageOptions(max_pixels=None, pages=(1, 3), background="#123456", frames=4, format="png")
        assert ImageOptions.model_validate_json(options.model_dump_json()) == options
        assert pickle.loads(pickle.dumps(options)) == options
        assert hash(options) == hash(options.model_copy())

    def test_frozen(self) -> None:
        with pytest.raises(ValueError, match="frozen"):
            ImageOptions().max_pixels = 5


@pytest.mark.skipif(sys.platform != "linux", reason="the file that fails to be read is one of Linux's")
def test_a_disk_that_fails_while_it_is_read() -> None:
    # A regular file to all who look at it; its first byte belongs to nobody, and reading it is EIO.
    with pytest.raises(ImageError, match=r"/proc/self/mem.* cannot be read: Input/output error"):
        prepare_image("/proc/self/mem")
