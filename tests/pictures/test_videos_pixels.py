"""What a decoded frame looks like: display matrix, transparency, HDR, fields, deep samples, pixel aspect ratio.

Right values are those of FFmpeg 5.1.9's program, named at each test.
"""

from __future__ import annotations

import io
import struct
from fractions import Fraction
from typing import Any, ClassVar

import pytest
from PIL import Image, ImageChops, ImageStat

from tests.support.video_corpus import BLUE, GREEN, RED, WHITE, colour_of, film, named, opened, taken

av = pytest.importorskip("av")


def coded(codec: str, frames: list[Any], *, container: str = "matroska", set_up: Any = None, **options: str) -> bytes:
    """Frames of PyAV as they are, a tenth of a second each."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as output:
        stream = output.add_stream(codec, rate=10, options=options)
        stream.width, stream.height, stream.pix_fmt = frames[0].width, frames[0].height, frames[0].format.name
        if set_up is not None:
            set_up(stream.codec_context)
        for at, frame in enumerate(frames):
            frame.pts, frame.time_base = at, Fraction(1, 10)
            output.mux(stream.encode(frame))
        output.mux(stream.encode())
    return buffer.getvalue()


def planes(form: str, size: tuple[int, int], *samples: bytes) -> Any:
    """A frame of these planes, each without padding."""
    frame = av.VideoFrame(*size, form)
    for plane, data in zip(frame.planes, samples, strict=True):
        row = len(data) // plane.height
        plane.update(b"".join(data[at : at + row].ljust(plane.line_size, b"\0") for at in range(0, len(data), row)))
    return frame


# ffmpeg -i FILE -frames:v 1 (autorotate): top left, top right, bottom left, bottom right.
MATRICES = {
    (1, 0, 0, 1): "red green blue white",
    (-1, 0, 0, 1): "green red white blue",
    (-1, 0, 0, -1): "white blue green red",
    (1, 0, 0, -1): "blue white red green",
    (0, 1, 1, 0): "red blue green white",
    (0, 1, -1, 0): "blue red white green",
    (0, -1, -1, 0): "white green blue red",
    (0, -1, 1, 0): "green white red blue",
}


@pytest.fixture(scope="module")
def corners() -> bytes:
    image = Image.new("RGB", (64, 48))
    for at, colour in enumerate((RED, GREEN, BLUE, WHITE)):
        left, top = at % 2 * 32, at // 2 * 24
        image.paste(colour, (left, top, left + 32, top + 24))
    return film("mp4", "mpeg4", [(at, image) for at in range(3)])


@pytest.mark.parametrize("matrix", MATRICES)
def test_each_display_matrix(corners: bytes, matrix: tuple[int, int, int, int]) -> None:
    at = corners.index(b"tkhd") + 44
    a, b, c, d = (value << 16 for value in matrix)
    nine = struct.pack(">9i", a, b, 0, c, d, 0, 64 << 16, 64 << 16, 1 << 30)
    (picture,) = taken(corners[:at] + nine + corners[at + 36 :], 1)
    image = opened(picture)
    width, height = image.size
    assert (width, height) == ((64, 48) if matrix[0] else (48, 64))
    places = ((8, 8), (width - 8, 8), (8, height - 8), (width - 8, height - 8))
    assert " ".join(named(image.getpixel(place)) for place in places) == MATRICES[matrix]  # type: ignore[arg-type]
    # Boxes lead back to the frame as it is stored: where red is.
    red = places[MATRICES[matrix].split().index("red")]
    _, _, right, bottom = picture.to_original((red[0] - 4, red[1] - 4, red[0] + 4, red[1] + 4))
    assert right <= 32
    assert bottom <= 24


SIZE = (64, 48)
HALF = bytes([255] * 32 + [0] * 32) * 48


def half_there(form: str) -> Any:
    """Black all over; the right half of it is transparent."""
    count = 64 * 48
    frames = {
        "argb": [bytes(value for opaque in HALF for value in (opaque, 0, 0, 0))],
        "rgba": [bytes(value for opaque in HALF for value in (0, 0, 0, opaque))],
        "bgra": [bytes(value for opaque in HALF for value in (0, 0, 0, opaque))],
        "yuva420p": [b"\x10" * count, b"\x80" * (32 * 24), b"\x80" * (32 * 24), HALF],
        "yuva444p10le": [
            struct.pack("<H", 64) * count,
            struct.pack("<H", 512) * count,
            struct.pack("<H", 512) * count,
            b"".join(struct.pack("<H", opaque * 1023 // 255) for opaque in HALF),
        ],
    }
    return planes(form, SIZE, *frames[form])


@pytest.mark.parametrize(
    ("codec", "form", "container"),
    [
        ("qtrle", "argb", "mov"),
        ("png", "rgba", "mov"),
        ("prores_ks", "yuva444p10le", "mov"),
        ("ffv1", "bgra", "matroska"),
        ("ffv1", "yuva420p", "matroska"),
        ("libvpx", "yuva420p", "webm"),
        ("libvpx-vp9", "yuva420p", "webm"),
    ],
)
def test_what_is_transparent_shows_the_background(codec: str, form: str, container: str) -> None:
    """`ffmpeg -f lavfi -i color=white -i FILE -filter_complex overlay` shows black and white; of WebM with
    `-c:v libvpx` (or libvpx-vp9) before `-i`."""
    options = {"auto-alt-ref": "0"} if codec.startswith("libvpx") else {}
    data = coded(codec, [half_there(form) for _ in range(20)], container=container, **options)
    for picture in taken(data, 3):
        assert max(colour_of(picture, (10, 24))) <= 3
        assert min(colour_of(picture, (54, 24))) >= 252
        assert "flattened on white" in picture.steps
    assert colour_of(taken(data, 1, background="lime")[0], (54, 24))[1] > 250


class TestHdr:
    """10-bit codes that FFmpeg's zscale made of red (220,40,40) and of white in BT.2020, reference white 203 cd/m2; it
    makes (220,41,40) and (255,255,255) of them again (HLG), or (219,42,40) and (252,255,255) (PQ)."""

    CODES: ClassVar = {
        18: (((392, 436, 659), (220, 40, 40)), ((721, 512, 512), (255, 255, 255))),
        16: (((388, 464, 591), (220, 40, 40)), ((573, 512, 511), (255, 255, 255))),
    }

    def frame(self, *codes: tuple[int, int, int]) -> Any:
        width, height = SIZE[0] // len(codes), SIZE[1]
        rows = [b"".join(struct.pack("<H", code[part]) * width for code in codes) for part in range(3)]
        return planes("yuv444p10le", SIZE, *(row * height for row in rows))

    def film(self, transfer: int, *codes: tuple[int, int, int]) -> bytes:
        def bt2020(codec: Any) -> None:
            codec.color_primaries, codec.color_trc, codec.colorspace, codec.color_range = 9, transfer, 9, 1

        return coded("ffv1", [self.frame(*codes)], set_up=bt2020)

    @pytest.mark.parametrize("transfer", [16, 18])
    def test_colours_are_those_that_were_filmed(self, transfer: int) -> None:
        codes = self.CODES[transfer]
        (picture,) = taken(self.film(transfer, *(code for code, _ in codes)), 1, format="png")
        for place, (_, right) in zip(((10, 24), (54, 24)), codes, strict=True):
            assert colour_of(picture, place) == pytest.approx(right, abs=4)
        assert "colours to sRGB" in picture.steps

    def test_what_is_not_hdr_stays(self) -> None:
        codes = self.CODES[18]
        (picture,) = taken(coded("ffv1", [self.frame(*(code for code, _ in codes))]), 1, format="png")
        assert "colours to sRGB" not in picture.steps

    def test_a_ramp_of_ten_bits_has_no_bands(self) -> None:
        """PQ from black to reference white (code 573), which 8 bits have only 148 steps for."""
        codes = tuple((64 + round(509 * at / 31), 512, 512) for at in range(32))
        image = opened(taken(self.film(16, *codes), 1, format="png")[0])
        greys = [image.getpixel((2 * at, 24))[0] for at in range(32)]  # type: ignore[index]
        assert greys == sorted(greys)
        assert greys[-1] >= 252
        # ST 2084 by its formula: cd/m2 of each code, as sRGB.
        for code, grey in zip(codes, greys, strict=True):
            root = ((code[0] - 64) / 876) ** (32 / 2523)
            light = 10_000 * (max(root - 0.8359375, 0) / (18.8515625 - 18.6875 * root)) ** (16384 / 2610) / 203
            srgb = 12.92 * light if light <= 0.0031308 else 1.055 * min(light, 1.0) ** (1 / 2.4) - 0.055
            assert grey == pytest.approx(255 * srgb, abs=4)


class TestFields:
    """A bar that moves 8 dots from field to field."""

    def whole(self, at: int) -> Image.Image:
        image = Image.new("L", (160, 120), 40)
        image.paste(220, (8 * at % 120, 20, 8 * at % 120 + 30, 100))
        return image

    def woven(self, at: int) -> Image.Image:
        image = self.whole(2 * at)
        other = self.whole(2 * at + 1)
        for line in range(1, 120, 2):
            image.paste(other.crop((0, line, 160, line + 1)), (0, line))
        return image

    def film(self, images: list[Image.Image]) -> bytes:
        frames = [planes("yuv420p", (160, 120), image.tobytes(), *[b"\x80" * 4800] * 2) for image in images]

        def fields(codec: Any) -> None:
            codec.bit_rate = 4_000_000
            codec.flags |= 0x40000 | 0x20000000  # interlaced DCT and motion estimation

        return coded("mpeg2video", frames, container="mpegts", set_up=fields, alternate_scan="1")

    def difference(self, picture: Image.Image, truth: Image.Image) -> float:
        """Of grey levels, on average; the pictures are of 16 to 235, as in videos."""
        shown = truth.point(lambda level: (level - 16) * 255 / 219)
        return ImageStat.Stat(ImageChops.difference(picture.convert("L"), shown)).mean[0]

    def test_what_moved_between_the_fields_is_made_whole(self) -> None:
        """Combed, the frames are 8 levels from either moment; `ffmpeg -vf yadif` comes within 1.35."""
        pictures = taken(self.film([self.woven(at) for at in range(6)]), 6, format="png")
        assert len(pictures) == 6
        for at, picture in enumerate(pictures):
            assert "deinterlaced" in picture.steps
            moments = (self.whole(2 * at), self.whole(2 * at + 1))
            near = min(self.difference(opened(picture), moment) for moment in moments)
            assert near < 1.5

    def test_whole_pictures_that_are_stored_as_fields_stay(self) -> None:
        for picture in taken(self.film([self.whole(at) for at in range(6)]), 6):
            assert "deinterlaced" not in picture.steps


class TestDeepSamples:
    def ramp(self, form: str, most: int) -> bytes:
        row = b"".join(struct.pack("<H", round(most * at / 63)) for at in range(64))
        parts = 3 if form.startswith("gbr") else 1
        opaque = [b"\xff" * len(row) * 48] if form.startswith("gbrap") else []
        return coded("ffv1", [planes(form, SIZE, *[row * 48] * parts, *opaque)])

    @pytest.mark.parametrize(
        ("form", "most", "step"),
        [
            ("gray16le", 65535, "reduced from 16 bit"),
            ("gray16le", 4095, "16 bit: 0 to 4,095 shown as 0 to 255"),
            ("gray12le", 4095, "reduced from 12 bit"),
            ("gray10le", 1023, "reduced from 10 bit"),
            ("gbrp16le", 65535, "reduced from 16 bit"),
            ("gbrp16le", 3000, "16 bit: 0 to 3,000 shown as 0 to 255"),
            ("gbrp12le", 4095, "reduced from 16 bit"),
            ("gbrp10le", 63, "16 bit: 0 to 4,035 shown as 0 to 255"),
            ("gbrp12le", 200, "16 bit: 0 to 3,200 shown as 0 to 255"),
            ("gbrap16le", 3000, "16 bit: 0 to 3,000 shown as 0 to 255"),
        ],
    )
    def test_they_leave_as_bright_as_they_can_be_told_apart(self, form: str, most: int, step: str) -> None:
        (picture,) = taken(self.ramp(form, most), 1, format="png")
        assert picture.steps[1] == step
        for at in range(0, 64, 7):
            assert colour_of(picture, (at, 24)) == pytest.approx((at / 63 * 255,) * 3, abs=2)

    def test_the_range_can_be_chosen(self) -> None:
        (picture,) = taken(self.ramp("gray16le", 65535), 1, format="png", range=(0, 32768))
        assert colour_of(picture, (63, 24)) == (255, 255, 255)
        assert colour_of(picture, (31, 24))[0] == pytest.approx(251, abs=3)


def test_pixels_that_are_not_square_are_stretched_and_boxes_lead_back() -> None:
    def anamorphic(codec: Any) -> None:
        codec.sample_aspect_ratio = Fraction(16, 11)

    grey = planes("yuv420p", (64, 48), b"\x80" * 3072, b"\x80" * 768, b"\x80" * 768)
    (picture,) = taken(coded("mpeg4", [grey], set_up=anamorphic), 1)
    assert picture.size == (93, 48)
    assert "pixels made square" in picture.steps
    assert picture.to_original((0, 0, 93, 48)) == (0, 0, 64, 48)
