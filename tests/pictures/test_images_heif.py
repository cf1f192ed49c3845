"""AVIF and HEIC leave as their boxes say: cropped, turned, in their colours; and with whatever was appended to them.

Expected values come from avifdec 0.11.1, heif-convert (libheif 1.15.1) and Chromium 156, run on the same bytes.
"""

from __future__ import annotations

import io
import struct
from typing import Any

import pytest
from PIL import Image

from ollama_vision.errors import ImageError
from ollama_vision.pictures import ImageOptions, PreparedImage, prepare_image
from ollama_vision.pictures.formats.heif import heif_of
from ollama_vision.pictures.formats.isobmff import each_box
from ollama_vision.pictures.source import PictureSource
from tests.support.heif_files import box, clap, clli, imir, irot, nclx, part_of, pasp, still
from tests.support.picture_corpus import BLUE, GREEN, LIGHT, RED, card, encoded, heic, profile, wrong_corners

WHOLE = (320, 200)
PNG = ImageOptions(format="png")


def opened(picture: PreparedImage) -> Image.Image:
    return Image.open(io.BytesIO(picture.read())).convert("RGB")


def pixel(image: Image.Image, x: float, y: float) -> tuple[int, int, int]:
    """At these shares of the width and the height."""
    return image.getpixel((int(x * image.width), int(y * image.height)))  # type: ignore[return-value]


def near(seen: tuple[int, ...], wanted: tuple[int, ...], tolerance: int = 4) -> bool:
    return max(abs(one - other) for one, other in zip(seen, wanted, strict=True)) <= tolerance


def framed(size: tuple[int, int] = (160, 100)) -> Image.Image:
    """The card at (70, 20) of a grey picture."""
    image = Image.new("RGB", WHOLE, "#808080")
    image.paste(card(size), (70, 20))
    return image


class TestCleanAperture:
    """Chromium crops to an aperture at the top left only, and shows the whole picture else; libheif crops to all."""

    @pytest.mark.parametrize("codec", ["AVIF", "HEIC"])
    def test_what_was_cropped_away_does_not_leave(self, codec: str) -> None:
        picture = prepare_image(still(framed(), clap(160, 100, 70, 20, WHOLE), codec=codec), PNG)
        assert picture.size == (160, 100)
        assert wrong_corners(picture.read()) == []
        assert all(near(pixel(opened(picture), x, y), colour, 12) for x, y, colour in (
            (0.02, 0.02, RED), (0.98, 0.02, GREEN), (0.02, 0.98, BLUE), (0.98, 0.98, LIGHT)
        ))  # fmt: skip

    def test_the_step_says_so(self) -> None:
        picture = prepare_image(still(framed(), clap(160, 100, 70, 20, WHOLE)))
        assert picture.steps == ("converted from AVIF", "cropped to 160x100")

    @pytest.mark.parametrize("codec", ["AVIF", "HEIC"])
    @pytest.mark.parametrize(
        ("turns", "size", "corners"),
        [
            # The colours at top left and top right, as heif-convert shows them.
            ((irot(1),), (100, 160), (GREEN, LIGHT)),
            ((irot(2),), (160, 100), (LIGHT, BLUE)),
            ((irot(3),), (100, 160), (BLUE, RED)),
            ((imir(0),), (160, 100), (BLUE, LIGHT)),
            ((imir(1),), (160, 100), (GREEN, RED)),
            ((irot(1), imir(0)), (100, 160), (RED, BLUE)),
            ((irot(3), imir(1)), (100, 160), (RED, BLUE)),
            ((irot(1), imir(1)), (100, 160), (LIGHT, GREEN)),
        ],
    )
    def test_cropped_first_and_turned_then(
        self, codec: str, turns: tuple[bytes, ...], size: tuple[int, int], corners: tuple[tuple[int, int, int], ...]
    ) -> None:
        picture = prepare_image(still(framed(), clap(160, 100, 70, 20, WHOLE), *turns, codec=codec), PNG)
        assert picture.size == size
        image = opened(picture)
        assert near(pixel(image, 0.25, 0.25), corners[0], 12)
        assert near(pixel(image, 0.75, 0.25), corners[1], 12)

    @pytest.mark.parametrize("turns", [(), (irot(1),), (irot(1), imir(0)), (imir(1),)])
    def test_boxes_lead_back_into_the_stored_picture(self, turns: tuple[bytes, ...]) -> None:
        data = still(framed(), clap(160, 100, 70, 20, WHOLE), *turns)
        picture = prepare_image(data, ImageOptions(max_pixels=4000, format="png"))
        stored = Image.open(io.BytesIO(data)).convert("RGB")
        assert picture.original_size == stored.size == WHOLE
        assert picture.to_original((0, 0, *picture.size)) == (70, 20, 230, 120)
        sent = opened(picture)
        for x, y in ((0, 0), (0.5, 0), (0, 0.5), (0.5, 0.5)):
            part = stored.crop(picture.to_original((x, y, x + 0.5, y + 0.5), "0-1"))
            assert part.width * part.height == 80 * 50
            assert near(pixel(part, 0.5, 0.5), pixel(sent, x + 0.25, y + 0.25), 12)

    @pytest.mark.parametrize(
        "nothing",
        [
            clap(100, 100, 500, 50, WHOLE),  # beside the picture
            box(b"clap", struct.pack(">8i", 160, 0, 100, 1, 0, 1, 0, 1)),  # no fraction
            box(b"clap", struct.pack(">8i", -160, 1, 100, 1, 0, 1, 0, 1)),
            clap(*WHOLE, 0, 0, WHOLE),
        ],
    )
    def test_an_aperture_that_means_nothing_crops_nothing(self, nothing: bytes) -> None:
        picture = prepare_image(still(card(WHOLE), nothing), PNG)
        assert picture.size == WHOLE
        assert picture.steps == ("converted from AVIF",)

    @pytest.mark.parametrize("codec", ["AVIF", "HEIC"])
    def test_an_aperture_larger_than_the_picture_ends_with_it(self, codec: str) -> None:
        # heif-convert: 320x100.
        picture = prepare_image(still(card(WHOLE), clap(400, 100, -40, 50, WHOLE), codec=codec), PNG)
        assert picture.size == opened(picture).size == (320, 100)

    def test_the_order_of_avif_is_fixed_whatever_the_file_lists(self) -> None:
        # Chromium 156 and avifdec; libheif follows the list.
        picture = prepare_image(still(framed(), irot(1), clap(160, 100, 70, 20, WHOLE)), PNG)
        assert picture.size == (100, 160)
        assert near(pixel(opened(picture), 0.25, 0.25), GREEN, 12)


def test_pixels_of_unequal_sides_are_not_stretched() -> None:
    # Chromium 156 and heif-convert show 320x200.
    for codec in ("AVIF", "HEIC"):
        assert prepare_image(still(card(WHOLE), pasp(2, 1), codec=codec)).size == WHOLE


@pytest.mark.parametrize("codec", ["AVIF", "HEIC"])
@pytest.mark.parametrize(
    ("primaries", "transfer", "shown"),
    [
        # Chromium 156 of the AVIF: what the card's red, green, blue and light grey become.
        (1, 13, ((221, 40, 39), (38, 181, 59), (49, 71, 209), (240, 240, 240))),
        (1, 8, ((239, 110, 109), (108, 219, 132), (121, 144, 234), (248, 248, 248))),
        (1, 5, ((214, 17, 16), (15, 166, 35), (25, 47, 199), (237, 237, 237))),
        (9, 1, ((255, 0, 10), (0, 175, 13), (0, 81, 227), (240, 240, 240))),
        (12, 13, ((241, 0, 19), (0, 184, 28), (42, 72, 217), (240, 240, 240))),
        (9, 16, ((255, 0, 0), (0, 235, 0), (0, 0, 255), (255, 255, 255))),
        (9, 18, ((255, 0, 0), (0, 147, 5), (0, 58, 211), (243, 243, 243))),
        (2, 2, ((221, 40, 39), (38, 181, 59), (49, 71, 209), (240, 240, 240))),
    ],
)
def test_colours_are_those_of_the_colour_box(
    codec: str, primaries: int, transfer: int, shown: tuple[tuple[int, int, int], ...]
) -> None:
    image = opened(
        prepare_image(still(card(WHOLE), nclx(primaries, transfer, 9 if primaries == 9 else 6), codec=codec), PNG)
    )
    seen = [pixel(image, x, y) for x, y in ((0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75))]
    # HEIC halves the colours, and these curves make more of what that loses.
    tolerance = 3 if codec == "AVIF" else 8
    assert all(near(one, other, tolerance) for one, other in zip(seen, shown, strict=True)), seen


# Chromium 156 of sixteen greys, 0 to 255, in a grey AVIF of BT.2020.
GREYS_SHOWN = {
    (16, None): (0, 1, 6, 18, 34, 54, 80, 112, 153, 200, 229, 250, 255, 255, 255, 255),
    (16, 100): (0, 2, 11, 28, 50, 77, 111, 154, 208, 255, 255, 255, 255, 255, 255, 255),
    (16, 400): (0, 1, 9, 24, 44, 68, 99, 138, 187, 241, 255, 255, 255, 255, 255, 255),
    (16, 4000): (0, 1, 6, 18, 34, 54, 80, 112, 153, 198, 210, 222, 235, 248, 255, 255),
    (18, None): (0, 3, 16, 31, 46, 61, 76, 91, 107, 126, 150, 179, 207, 225, 241, 255),
    (18, 100): (0, 7, 26, 46, 66, 87, 107, 127, 148, 173, 205, 244, 255, 255, 255, 255),
    (18, 400): (0, 5, 22, 41, 59, 77, 95, 113, 132, 155, 184, 219, 245, 255, 255, 255),
    (18, 4000): (0, 3, 16, 31, 46, 61, 76, 91, 107, 126, 150, 179, 200, 208, 217, 225),
}


@pytest.mark.parametrize(("transfer", "brightest"), GREYS_SHOWN)
@pytest.mark.parametrize("codec", ["AVIF", "HEIC"])
def test_highlights_fit_in_up_to_the_brightest_that_the_file_states(
    codec: str, transfer: int, brightest: int | None
) -> None:
    ramp = Image.new("RGB", (256, 64))
    for at in range(16):
        ramp.paste((at * 17,) * 3, (at * 16, 0, at * 16 + 16, 64))
    said = () if brightest is None else (clli(brightest),)
    image = opened(prepare_image(still(ramp, nclx(9, transfer, 9), *said, codec=codec), PNG))
    seen = [image.getpixel((at * 16 + 8, 32))[0] for at in range(16)]  # type: ignore[index]
    wanted = GREYS_SHOWN[transfer, brightest]
    assert max(abs(one - other) for one, other in zip(seen, wanted, strict=True)) <= 4, seen


@pytest.mark.parametrize("codec", ["AVIF", "HEIC", "WEBP"])
def test_a_profile_is_applied_beside_alpha_too(codec: str) -> None:
    prophoto = profile(((0.7977, 0.2880, 0.0), (0.1352, 0.7119, 0.0), (0.0313, 0.0001, 0.8249)), 1.8)
    image = Image.new("RGBA", (160, 120), (151, 67, 38, 255))
    image.paste((120, 160, 60, 128), (80, 0, 160, 120))
    if codec == "HEIC":
        data = heic(image, icc_profile=prophoto)
    else:
        parameters: dict[str, Any] = {"lossless": True} if codec == "WEBP" else {"quality": 95, "subsampling": "4:4:4"}
        data = encoded(image, codec, icc_profile=prophoto, **parameters)
    seen = opened(prepare_image(data, PNG))
    assert near(pixel(seen, 0.25, 0.5), (220, 41, 39))  # Chromium 156
    # Half of (120, 183, 36), Chromium's value, and half of white.
    assert near(pixel(seen, 0.75, 0.5), (187, 219, 145))


APPENDED = {
    "text": b"Text that some software appended. " * 25,
    "a length below 8": b"\x00\x00\x00\x05abcd" + b"more" * 100,
    "a length of 64 bits": b"\x00\x00\x00\x01\xff\xfe\xfd\xfc" * 20,
    "a camera's own data": bytes(range(256)) * 9 + b"8db42d694ccc418790edff439fe026bf",
    "zeros": bytes(850),
    "a few bytes": b"abc",
}
"""Chromium 156 and heif-convert open the pictures, ffprobe 5.1 counts all frames of the video."""


def film() -> bytes:
    """Eight frames, the index behind them."""
    av = pytest.importorskip("av")
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as output:
        stream = output.add_stream("mpeg4", rate=4)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(8):
            output.mux(stream.encode(av.VideoFrame.from_image(card((64, 48)))))
        output.mux(stream.encode())
    return buffer.getvalue()


class TestAppendedData:
    @pytest.mark.parametrize("name", APPENDED)
    @pytest.mark.parametrize("codec", ["AVIF", "HEIC"])
    def test_what_follows_a_whole_picture_does_not_matter(self, codec: str, name: str) -> None:
        data = still(card(WHOLE), codec=codec)
        assert prepare_image(data + APPENDED[name]).read() == prepare_image(data).read()

    @pytest.mark.parametrize("name", APPENDED)
    def test_nor_does_what_follows_a_whole_video(self, name: str) -> None:
        data = film()
        options = ImageOptions(frames=4)
        whole, longer = (PictureSource.of(one, options).pictures() for one in (data, data + APPENDED[name]))
        assert [picture.read() for picture in longer] == [picture.read() for picture in whole]
        assert len(whole) == 4

    def test_a_cut_video_stays_refused(self) -> None:
        data = film()
        for length in (*range(28, len(data), 97), *range(len(data) - 9, len(data))):
            with pytest.raises(ImageError, match=r"cut short|cannot be decoded"):
                PictureSource.of(data[:length], ImageOptions()).pictures()

    @pytest.mark.parametrize("codec", ["AVIF", "HEIC"])
    def test_a_cut_is_a_cut_at_whatever_byte(self, codec: str) -> None:
        data = still(card((64, 48)), codec=codec)
        for length in range(28, len(data)):
            with pytest.raises(ImageError, match=r"cut short|cannot be decoded"):
                prepare_image(data[:length])

    @pytest.mark.parametrize("codec", ["AVIF", "HEIC"])
    def test_a_cut_in_the_picture_data_is_told_before_anything_is_decoded(self, codec: str) -> None:
        data = still(card(WHOLE), codec=codec)
        for length in (data.index(b"mdat") + 4, len(data) - 500, len(data) - 1):
            with pytest.raises(ImageError, match="is cut short: it ends inside its picture data"):
                prepare_image(data[:length])


@pytest.mark.parametrize(
    ("codec", "name"), [(b"avc1", r"AVC \(H.264\)"), (b"jpeg", "JPEG"), (b"vvc1", r"VVC \(H.266\)")]
)
def test_other_codecs_in_a_heif_file_are_named(codec: bytes, name: str) -> None:
    # As Nokia's multilayer004.heic, which is coded in AVC.
    data = still(card(WHOLE), codec="HEIC").replace(b"hvc1", codec)
    with pytest.raises(
        ImageError, match=f"is a HEIC picture that is coded in {name}, which is not read. Export"
    ) as caught:
        prepare_image(data)
    assert "whole file" not in str(caught.value)


def test_what_a_file_says_is_read_wherever_it_stands() -> None:
    data = still(card(WHOLE), irot(1), nclx(9, 16))
    told = heif_of(io.BytesIO(data))
    assert told.codec == b"av01"
    assert [name for name, _ in told.properties] == [b"ispe", b"pixi", b"av1C", b"irot", b"colr"]
    # Longer numbers everywhere: items of 32 bits, properties of 15, a box length of 64.
    table = part_of(data, b"ipma")
    marks = b"".join(struct.pack(">H", (mark & 0x7F) | (mark & 0x80) << 8) for mark in table[19:])
    longer = box(b"ipma", b"\x01\x00\x00\x01", struct.pack(">IIB", 1, 1, len(marks) // 2), marks)
    iprp = part_of(data, b"iprp")
    item = box(b"pitm", b"\x01\x00\x00\x00", struct.pack(">I", 1))
    name = box(b"infe", b"\x03\x00\x00\x00", struct.pack(">IH", 1, 0), b"av01\x00")
    items = box(b"iinf", b"\x01\x00\x00\x00", struct.pack(">I", 1), name)
    body = b"\x00" * 4 + item + items + box(b"iprp", iprp[8 : -len(table)], longer)
    meta = struct.pack(">I4sQ", 1, b"meta", 16 + len(body)) + body
    again = heif_of(io.BytesIO(box(b"ftyp", b"avif\x00\x00\x00\x00") + meta))
    assert again.codec == told.codec
    assert again.properties == told.properties


def test_boxes_of_rubbish_say_nothing_and_harm_nothing() -> None:
    data = still(card((32, 32)), clap(16, 16, 0, 0, (32, 32)))
    end = data.index(b"mdat")
    for at in range(8, end):
        for value in (0, 0x7F, 0xFF):
            broken = data[:at] + bytes([value]) + data[at + 1 :]
            assert len(heif_of(io.BytesIO(broken)).properties) <= 255


def test_a_file_of_nothing_but_empty_boxes_is_walked_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    from ollama_vision.pictures.formats import isobmff as boxes

    monkeypatch.setattr(boxes, "MOST_BOXES", 100)
    assert len([*each_box(io.BytesIO(box(b"free") * 1000), 0, 8000)]) == 100
