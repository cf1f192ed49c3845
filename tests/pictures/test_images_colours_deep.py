"""HDR of more than 8 bits keeps them until its colours are converted: as 8 bits its dark values lie too far apart.

Expected values are those of Chromium 156 for the 16-bit PNG; the same picture as AVIF and HEIC has to look the same.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable

import pytest
from PIL import Image

from ollama_vision.pictures import ImageOptions, prepare_image
from tests.support.picture_corpus import png_chunk

Colour = tuple[int, int, int]

PQ, HLG = 16, 18
STORED: tuple[Colour, ...] = (
    *((grey, grey, grey) for grey in (4200, 14000, 25600, 31100, 36000, 39200)),
    (36100, 30200, 21000), (21100, 35400, 27700), (30200, 22100, 36450), (37250, 37150, 23250),
)  # fmt: skip
SHOWN: dict[int, tuple[Colour, ...]] = {
    PQ: (
        *((grey, grey, grey) for grey in (1, 21, 76, 116, 164, 199)),
        (193, 99, 31), (0, 165, 80), (124, 41, 176), (183, 177, 5),
    ),
    HLG: (
        *((grey, grey, grey) for grey in (3, 34, 74, 93, 111, 126)),
        (120, 89, 59), (0, 111, 81), (97, 60, 109), (119, 116, 65),
    ),
}  # fmt: skip
FIELD, HEIGHT = 16, 64
SIZE = (FIELD * len(STORED), HEIGHT)


def rows() -> list[bytes]:
    """Little-endian, red, green and blue."""
    return [b"".join(struct.pack("<3H", *colour) * FIELD for colour in STORED)] * HEIGHT


def png(transfer: int) -> bytes:
    swapped = [struct.pack(f">{3 * SIZE[0]}H", *struct.unpack(f"<{3 * SIZE[0]}H", row)) for row in rows()]
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", struct.pack(">IIBBBBB", *SIZE, 16, 2, 0, 0, 0))
        + png_chunk(b"cICP", bytes((9, transfer, 0, 1)))
        + png_chunk(b"IDAT", zlib.compress(b"".join(b"\x00" + row for row in swapped)))
        + png_chunk(b"IEND", b"")
    )


def avif(transfer: int) -> bytes:
    av = pytest.importorskip("av")
    frame = av.VideoFrame(*SIZE, "rgb48le")
    frame.planes[0].update(b"".join(row.ljust(frame.planes[0].line_size, b"\x00") for row in rows()))
    frame = frame.reformat(format="yuv420p10le", dst_colorspace=9, dst_color_range=2)
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="avif") as output:
        stream = output.add_stream("libsvtav1", rate=1, options={"crf": "2", "preset": "8", "svtav1-params": "avif=1"})
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p10le"
        for told in (stream.codec_context, frame):
            told.color_primaries, told.color_trc, told.colorspace, told.color_range = 9, transfer, 9, 2
        output.mux(stream.encode(frame))
        output.mux(stream.encode())
    return buffer.getvalue()


def heic(transfer: int) -> bytes:
    pillow_heif = pytest.importorskip("pillow_heif")
    buffer = io.BytesIO()
    pillow_heif.from_bytes("RGB;16", SIZE, b"".join(rows())).save(
        buffer, quality=-1, chroma="444", matrix_coefficients=0, color_primaries=9,
        transfer_characteristics=transfer, full_range_flag=1,
    )  # fmt: skip
    return buffer.getvalue()


def far_off(data: bytes, wanted: tuple[Colour, ...], tolerance: int) -> list[str]:
    shown = Image.open(io.BytesIO(data)).convert("RGB")
    seen = [shown.getpixel((FIELD * at + FIELD // 2, HEIGHT // 2)) for at in range(len(wanted))]
    return [
        f"{one} instead of {other}"
        for one, other in zip(seen, wanted, strict=True)
        if max(abs(a - b) for a, b in zip(one, other, strict=True)) > tolerance  # type: ignore[arg-type]
    ]


@pytest.mark.parametrize("transfer", [PQ, HLG])
@pytest.mark.parametrize(
    ("make", "tolerance"),
    # AVIF is compressed, and has colour for every fourth pixel only.
    [(png, 1), (heic, 1), (avif, 5)],
)
def test_as_chromium_shows_16_bit(make: Callable[[int], bytes], tolerance: int, transfer: int) -> None:
    picture = prepare_image(make(transfer), ImageOptions(format="png"))
    assert "colours to sRGB" in picture.steps
    assert far_off(picture.read(), SHOWN[transfer], tolerance) == []


@pytest.mark.parametrize("make", [png, heic, avif])
def test_a_range_that_was_asked_for_comes_first(make: Callable[[int], bytes]) -> None:
    """It is of stored values, which only means something before any colours are converted."""
    picture = prepare_image(make(PQ), ImageOptions(format="png", range=(0, 255 if make is not png else 65535)))
    assert any("as asked" in step for step in picture.steps)


def test_a_turned_picture_with_alpha_keeps_both() -> None:
    """Alpha is the decoder's, of 8 bits; colours are of 10."""
    from ollama_vision.pictures.formats.cicp import profile_of
    from ollama_vision.pictures.picture import render_pixels
    from ollama_vision.pictures.render.raster import Raster

    data = b"".join(rows())
    high, low = (Image.frombytes("RGB", SIZE, data[first::2]) for first in (1, 0))
    seen = high.copy()
    seen.putalpha(Image.linear_gradient("L").resize(SIZE).point(lambda value: 255 if value > 99 else 0))
    raster = Raster(seen, "picture 1", "test", 3, profile=profile_of(9, PQ), deep=lambda: (high, low))
    (sent,) = render_pixels(raster, ImageOptions(format="png"))
    assert sent.steps == ("colours to sRGB", "flattened on white", "rotated 180")
    image = Image.open(io.BytesIO(sent.read())).transpose(Image.Transpose.ROTATE_180)
    assert image.getpixel((FIELD // 2, 2)) == (255, 255, 255)
    assert image.getpixel((FIELD * 8 + 8, HEIGHT - 2)) == SHOWN[PQ][8]
