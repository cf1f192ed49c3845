"""JPEG 2000, PNM, TGA, PCX, SGI and QOI: shown as other programs show them, and never half of one."""

from __future__ import annotations

import base64
import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from PIL import Image, ImageFile

from ollama_vision.errors import ImageError
from ollama_vision.pictures import ImageOptions, prepare_image
from tests.support.picture_corpus import SWAPPED_PROFILE, card, encoded, pixel, wrong_corners

EXACT = ImageOptions(max_pixels=None, min_side=1, format="png")
INSIDE = "cut short|broken|cannot be decoded|image file is truncated"


def shown(data: bytes | Path) -> Image.Image:
    image = Image.open(prepare_image(data, EXACT).open())
    image.load()
    return image


def row(data: bytes, count: int, y: int = 0) -> list[tuple[int, ...]]:
    image = shown(data)
    return [pixel(image, x, y) for x in range(count)]


def packed(image: Image.Image, mode: str) -> bytes:
    return image.tobytes("raw", mode)


def tga(
    kind: int, bits: int, flags: int, body: bytes, size: tuple[int, int] = (160, 120), footer: bool = False
) -> bytes:
    head = struct.pack("<BBBHHBHHHHBB", 0, 0, kind, 0, 0, 0, 0, 0, *size, bits, flags)
    return head + body + (struct.pack("<II", 0, 0) + b"TRUEVISION-XFILE.\x00" if footer else b"")


def sgi(image: Image.Image, *, coded: bool = False, wide: int = 1) -> bytes:
    width, height = image.size
    bands = image.split()
    head = struct.pack(">HBBHHHHII", 474, coded, wide, 3, width, height, len(bands), 0, 255).ljust(512, b"\0")
    rows = [
        b"".join(bytes(wide - 1) + bytes([value]) for value in packed(band.crop((0, y, width, y + 1)), "L"))
        for band in bands
        for y in reversed(range(height))
    ]
    if not coded:
        return head + b"".join(rows)
    body, starts, lengths = b"", [], []
    for one in rows:
        code = b""
        for at in range(0, len(one), 100 * wide):
            piece = one[at : at + 100 * wide]
            code += bytes(wide - 1) + bytes([0x80 | len(piece) // wide]) + piece
        code += bytes(wide)
        starts.append(512 + 8 * len(rows) + len(body))
        lengths.append(len(code))
        body += code
    return head + struct.pack(f">{2 * len(rows)}I", *starts, *lengths) + body


def qoi(image: Image.Image) -> bytes:
    pixels = packed(image, "RGB")
    body = b"".join(b"\xfe" + pixels[at : at + 3] for at in range(0, len(pixels), 3))
    return b"qoif" + struct.pack(">IIBB", *image.size, 3, 0) + body + bytes(7) + b"\x01"


def ppm(magic: bytes, image: Image.Image, most: int = 255) -> bytes:
    return b"%s\n# made here\n%d %d\n%d\n" % (magic, *image.size, most) + packed(image, image.mode)


def plain(image: Image.Image) -> bytes:
    numbers = b"\n".join(b"%d" % value for value in packed(image, image.mode))
    return b"P3 # plain\n%d %d 255\n" % image.size + numbers + b"\n"


def pam(image: Image.Image, kind: str) -> bytes:
    head = "P7\nWIDTH {}\nHEIGHT {}\nDEPTH {}\nMAXVAL 255\nTUPLTYPE {}\nENDHDR\n"
    return head.format(*image.size, len(image.getbands()), kind).encode() + packed(image, image.mode)


UPSIDE_DOWN = card().transpose(Image.Transpose.FLIP_TOP_BOTTOM)
SAMPLES = {
    "JP2": lambda: encoded(card(), "JPEG2000"),
    "J2K codestream": lambda: encoded(card(), "JPEG2000", no_jp2=True),
    "JP2 in tiles, lossy": lambda: encoded(card(), "JPEG2000", tile_size=(64, 64), irreversible=True),
    "JP2 grey": lambda: encoded(card().convert("L"), "JPEG2000"),
    "PPM": lambda: ppm(b"P6", card()),
    "PGM": lambda: ppm(b"P5", card().convert("L")),
    "PPM plain": lambda: plain(card()),
    "PAM": lambda: pam(card(), "RGB"),
    "PAM with alpha": lambda: pam(card().convert("RGBA"), "RGB_ALPHA"),
    "TGA": lambda: tga(2, 24, 0x20, packed(card(), "BGR"), footer=True),
    "TGA from below": lambda: tga(2, 24, 0, packed(UPSIDE_DOWN, "BGR")),
    "TGA of 32 bits, none of them alpha": lambda: tga(2, 32, 0x20, packed(card(), "BGRX").replace(b"\xff", b"\xfe")),
    "TGA run-length coded": lambda: encoded(card(), "TGA", compression="tga_rle"),
    "TGA palette": lambda: encoded(card().quantize(8), "TGA"),
    "TGA grey": lambda: tga(3, 8, 0x20, packed(card().convert("L"), "L")),
    "PCX": lambda: encoded(card(), "PCX"),
    "PCX palette": lambda: encoded(card().quantize(8), "PCX"),
    "PCX grey": lambda: encoded(card().convert("L"), "PCX"),
    "SGI": lambda: sgi(card()),
    "SGI run-length coded": lambda: sgi(card(), coded=True),
    "SGI grey": lambda: encoded(card().convert("L"), "SGI"),
    "QOI": lambda: qoi(card()),
}  # fmt: skip
samples = pytest.mark.parametrize("name", SAMPLES)


@samples
def test_each_is_shown(name: str) -> None:
    picture = prepare_image(SAMPLES[name](), EXACT)
    assert picture.size == (160, 120)
    assert wrong_corners(picture.read(), tolerance=4) == []
    assert picture.steps[0].startswith("converted from ")


@samples
@pytest.mark.parametrize("truncated", [False, True], ids=["strict", "told to load truncated pictures"])
def test_a_part_of_one_is_an_error_or_all_of_it(name: str, truncated: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", truncated)
    data = SAMPLES[name]()
    whole = shown(data).tobytes()
    ends = {len(data) * share // 24 for share in range(24)} | {len(data) - missing for missing in (1, 9, 27, 60, 400)}
    refused = 0
    for end in sorted(ends):
        try:
            # What stands behind the last pixel (a footer, a last newline) may be missing.
            assert shown(data[:end]).tobytes() == whole, end
        except ImageError:
            refused += 1
    assert refused >= 23


@samples
def test_its_size_is_believed_before_anything_is_decoded(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = SAMPLES[name]()

    def load(self: object) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", load)
    monkeypatch.setattr("PIL.Image.Image.load", load)
    with pytest.raises(ImageError, match="160x120, 0 megapixels"):
        prepare_image(data, ImageOptions(max_source_pixels=160 * 120 - 1))


class TestPnm:
    """Values as ImageMagick 6.9.11 (`convert x png:-`) and netpbm's own description of the formats have them."""

    def test_bits(self) -> None:
        assert row(b"P4\n10 1\n\x55\x40", 10) == [(255,), (0,)] * 5
        assert row(b"P1\n# one is black\n4 1\n0 1\n10", 4) == [(255,), (0,), (0,), (255,)]
        assert row(b"P1 4 1 0110", 4) == [(255,), (0,), (0,), (255,)]

    def test_a_bit_in_pam_is_the_other_way_round(self) -> None:
        head = b"P7\nWIDTH 2\nHEIGHT 1\nDEPTH 1\nMAXVAL 1\nTUPLTYPE BLACKANDWHITE\nENDHDR\n"
        assert row(head + b"\0\1", 2) == [(0,), (255,)]

    def test_a_highest_value_of_its_own(self) -> None:
        assert row(b"P5 3 1 15\n\x00\x07\x0f", 3) == [(0,), (119,), (255,)]
        assert row(b"P2 3 1 100 0 50 100", 3) == [(0,), (127,), (255,)]

    def test_alpha(self) -> None:
        head = b"P7\nWIDTH 2\nHEIGHT 1\nDEPTH 2\nMAXVAL 255\nTUPLTYPE GRAYSCALE_ALPHA\nENDHDR\n"
        assert row(head + b"\x50\xff\x50\x00", 2) == [(80,), (255,)]

    @pytest.mark.parametrize("most", [255, 256, 300, 1023, 4095, 65534, 65535])
    def test_alpha_is_of_the_highest_value(self, most: int) -> None:
        """Opaque grey of three quarters, nothing, and half of it on white."""
        head = b"P7\nWIDTH 3\nHEIGHT 1\nDEPTH 2\nMAXVAL %d\nTUPLTYPE GRAYSCALE_ALPHA\nENDHDR\n" % most
        grey = most * 3 // 4
        samples = (grey, most, grey, 0, grey, most // 2)
        data = bytes(samples) if most == 255 else struct.pack(">6H", *samples)
        for seen, right in zip(row(head + data, 3), (191, 255, 223), strict=True):
            assert all(abs(value - right) <= 2 for value in seen)

    @pytest.mark.parametrize("most", [65535, 4095, 1000])
    def test_16_bits_over_their_whole_range(self, most: int) -> None:
        values = [0, most // 4, most // 2, most]
        deep = struct.pack(">4H", *values)
        for data in (b"P5 4 1 %d\n" % most + deep, b"P2 4 1 %d %d %d %d %d" % (most, *values)):
            for seen, value in zip(row(data, 4), values, strict=True):
                assert abs(seen[0] - value * 255 / most) <= 1

    def test_only_the_first_of_several_leaves_and_that_is_said(self) -> None:
        data = ppm(b"P6", card())
        assert "first of several pictures" in prepare_image(data + b"\n" + data).steps
        assert prepare_image(data + b"\n").steps == prepare_image(data).steps

    @pytest.mark.parametrize(
        ("data", "words"),
        [
            (b"Pf\n2 1\n-1.0\n" + bytes(8), "no natural brightness"),
            (b"PF\n2 1\n-1.0\n" + bytes(24), "no natural brightness"),
            (b"P7\nWIDTH 1\nHEIGHT 1\nDEPTH 5\nMAXVAL 255\nENDHDR\n12345", "5 values a pixel"),
            (b"P7\nWIDTH 1\nHEIGHT 1\nDEPTH 4\nMAXVAL 255\nTUPLTYPE CMYK\nENDHDR\n1234", "CMYK"),
            (b"P5 0 4 255\n", "its size"),
            (b"P2 2 1 255 7 seven", "something else"),
            (b"P2 2 1 15 7 16", "has a higher one"),
        ],
    )
    def test_what_is_no_picture_is_refused_by_name(self, data: bytes, words: str) -> None:
        with pytest.raises(ImageError, match=words) as caught:
            prepare_image(data, EXACT)
        assert caught.value.kind == "PNM"


class TestTarga:
    def test_no_alpha_where_the_header_says_none(self) -> None:
        # FFmpeg 5.1 and Pillow show these pixels as transparent, ImageMagick 6.9.11 and the format's definition do not.
        pixels = packed(card(), "BGRX").replace(b"\xff", b"\x00")
        assert wrong_corners(prepare_image(tga(2, 32, 0x20, pixels), EXACT).read()) == []
        alpha = tga(2, 32, 0x28, b"\x00\x00\xff\xff" + b"\x00\x00\xff\x00", (2, 1))
        assert row(alpha, 2) == [(255, 0, 0), (255, 255, 255)]

    def test_15_and_16_bits(self) -> None:
        words = struct.pack("<3H", 31 << 10, 31 << 5, 31)
        assert row(tga(2, 16, 0x20, words, (3, 1)), 3) == [(255, 0, 0), (0, 255, 0), (0, 0, 255)]

    @pytest.mark.parametrize("data", [bytes(40), b"\0\0\2" + b"\1" * 60, b"\0\1\1\0\0\0\0\x18" + b"\1" * 60])
    def test_what_has_no_sound_header_is_no_targa(self, data: bytes) -> None:
        with pytest.raises(ImageError) as caught:
            prepare_image(data)
        assert caught.value.kind == ("unknown" if any(data) else "zeros")


class TestPcx:
    def test_a_palette_that_is_cut_is_no_grey_picture(self) -> None:
        data = encoded(card().quantize(8), "PCX")
        for missing in (1, 100, 768, 769):
            with pytest.raises(ImageError, match="cut short"):
                prepare_image(data[:-missing])

    def test_what_pillow_does_not_read_says_what_does(self) -> None:
        data = bytearray(encoded(card(), "PCX"))
        data[65] = 4
        with pytest.raises(ImageError, match=r"8 bits in each of 4 planes.*`convert IN OUT.png`") as caught:
            prepare_image(bytes(data))
        assert "whole file" not in str(caught.value)


class TestSgi:
    def test_16_bits(self) -> None:
        deep = sgi(card().convert("L"), wide=2)
        image = Image.frombytes("L", (160, 120), deep[513::2], "raw", "L", 0, -1)
        spread = bytearray(deep)
        spread[512::2] = deep[513::2]
        assert shown(bytes(spread)).tobytes() == image.tobytes()
        colours = bytearray(sgi(card(), wide=2, coded=False))
        colours[512::2] = colours[513::2]
        assert wrong_corners(prepare_image(bytes(colours), EXACT).read(), tolerance=1) == []

    def test_run_length_coded_rows_of_another_writer(self) -> None:
        # As FFmpeg 5.1 writes them: runs, and a row that ends with its last pixel. Pillow 13.0: "buffer overrun".
        row = b"\x02\x07\x82\x01\x02"
        head = struct.pack(">HBBHHHHII", 474, 1, 1, 2, 4, 2, 1, 0, 255).ljust(512, b"\0")
        data = head + struct.pack(">4I", 528, 533, 5, 5) + row + row
        assert shown(data).tobytes() == bytes([7, 7, 1, 2] * 2)

    def test_a_row_that_is_too_short_is_an_error(self) -> None:
        head = struct.pack(">HBBHHHHII", 474, 1, 1, 2, 4, 1, 1, 0, 255).ljust(512, b"\0")
        with pytest.raises(ImageError, match="not as long as the others"):
            prepare_image(head + struct.pack(">2I", 520, 3) + b"\x02\x07\x00", EXACT)

    def test_a_palette_is_refused_by_name(self) -> None:
        data = bytearray(sgi(card()))
        data[104:108] = struct.pack(">I", 2)
        with pytest.raises(ImageError, match="palette or dithering"):
            prepare_image(bytes(data))


class TestJpeg2000:
    def test_deep_grey(self) -> None:
        image = Image.frombytes("I;16", (4, 1), struct.pack("<4H", 0, 20_000, 40_000, 65_535))
        assert row(encoded(image, "JPEG2000"), 4) == [(0,), (78,), (156,), (255,)]

    def test_twelve_bits_keep_their_values(self) -> None:
        """0, 1,000, 2,000, 3,000 and 4,095 by OpenJPEG 2.5.4; Pillow scales them to 16 bits, a range does not."""
        data = base64.b64decode(
            "/0//UQApAAAAAAAFAAAABAAAAAAAAAAAAAAABQAAAAQAAAAAAAAAAAABCwEB/1IADAAAAAEAAAQEAAH/XAAEQGD/ZAAlAAFDcmVhdGVkIGJ5"
            "IE9wZW5KUEVHIHZlcnNpb24gMi41LjT/kAAKAAAAAAAuAAH/k9/gdBFj9STAM31//BpH8ZUj6BdiPhgnQfRpeazMca5//9k="
        )
        assert row(data, 5) == [(0,), (62,), (125,), (187,), (255,)]
        prepared = prepare_image(data, ImageOptions(min_side=1, range=(1_000, 3_000)))
        assert "12 bit: 1,000 to 3,000 shown as 0 to 255, as asked" in prepared.steps
        assert Image.open(prepared.open()).tobytes()[:5] == bytes([0, 0, 128, 255, 255])

    def test_a_colour_profile_is_applied(self) -> None:
        data = with_profile(encoded(Image.new("RGB", (64, 64), (200, 80, 80)), "JPEG2000"), SWAPPED_PROFILE)
        # Under it red is blue; Little CMS gives the same of these pixels in a PNG.
        [(red, green, blue)] = row(data, 1)
        assert blue > 180
        assert red < 110
        assert green < 110

    @pytest.mark.parametrize(
        ("offset", "byte", "words"),
        [(40, 11, "more than 8 bits a channel in colour"), (44, 2, "at half its size"), (40, 0x87, "below zero")],
    )
    def test_what_pillow_misreads_is_refused(self, offset: int, byte: int, words: str) -> None:
        # Pillow 13.0 shows white of 16 bits as black, and colours at half size as others: ImageMagick 6.9.11 does not.
        data = bytearray(encoded(card(), "JPEG2000", no_jp2=True))
        data[data.index(b"\xff\x51") + offset] = byte
        with pytest.raises(ImageError, match=words) as caught:
            prepare_image(bytes(data))
        assert "whole file" not in str(caught.value)


def with_profile(data: bytes, profile: bytes) -> bytes:
    """A JP2 whose colours are those of an ICC profile."""
    at = data.index(b"colr") - 4
    length = int.from_bytes(data[at : at + 4], "big")
    box = struct.pack(">I", 11 + len(profile)) + b"colr\x02\x00\x00" + profile
    header = data.index(b"jp2h") - 4
    size = int.from_bytes(data[header : header + 4], "big") + len(box) - length
    return data[:header] + struct.pack(">I", size) + data[header + 4 : at] + box + data[at + length :]


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="FFmpeg is not installed")
@pytest.mark.parametrize("name", ["x.tga", "x.sgi", "x.pcx", "x.qoi", "x.ppm", "x.pam", "x.jp2"])
def test_as_ffmpeg_writes_it(name: str, tmp_path: Path) -> None:
    source, path = tmp_path / "card.png", tmp_path / name
    source.write_bytes(encoded(card(), "PNG"))
    subprocess.run(["ffmpeg", "-loglevel", "error", "-i", source, path], check=True)
    assert wrong_corners(prepare_image(path, EXACT).read(), tolerance=4) == []
