"""Pictures of every format, mode and orientation that the tests need, all made here from one test card."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image, ImageCms, ImageDraw

RED, GREEN, BLUE, LIGHT = (220, 40, 40), (40, 180, 60), (50, 70, 210), (240, 240, 240)
CORNERS = (("top left", RED), ("top right", GREEN), ("bottom left", BLUE), ("bottom right", LIGHT))

TURN_BACK = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def card(size: tuple[int, int] = (160, 120)) -> Image.Image:
    """Four quarters, all different in colour and brightness: no turn or mirroring goes unnoticed."""
    width, height = size
    image = Image.new("RGB", size, RED)
    draw = ImageDraw.Draw(image)
    draw.rectangle((width // 2, 0, width, height // 2 - 1), fill=GREEN)
    draw.rectangle((0, height // 2, width // 2 - 1, height), fill=BLUE)
    draw.rectangle((width // 2, height // 2, width, height), fill=LIGHT)
    return image


def pixel(image: Image.Image, x: int, y: int) -> tuple[int, ...]:
    value = image.getpixel((x, y))
    assert isinstance(value, (int, tuple))
    return (value,) if isinstance(value, int) else value


def luma(colour: tuple[int, int, int]) -> int:
    return round(0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2])


def wrong_corners(data: bytes, tolerance: int = 25) -> list[str]:
    """Which quarters of an encoded card do not have their colour; an empty list when it is the card."""
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        wrong = []
        for (name, colour), (x, y) in zip(CORNERS, ((1, 1), (3, 1), (1, 3), (3, 3)), strict=True):
            seen = pixel(image, image.width * x // 4, image.height * y // 4)
            wanted = (luma(colour),) if image.mode == "L" else colour
            if max(abs(one - other) for one, other in zip(seen, wanted, strict=True)) > tolerance:
                wrong.append(f"{name}: {seen} instead of {wanted}")
        return wrong


def encoded(image: Image.Image, format_: str, **parameters: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format_, **parameters)
    return buffer.getvalue()


def turned(format_: str, orientation: int, size: tuple[int, int] = (160, 120), **parameters: object) -> bytes:
    """The card, stored turned, with the EXIF orientation that makes it upright again."""
    image = card(size)
    if orientation != 1:
        image = image.transpose(TURN_BACK[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    if format_ == "HEIC":
        return heic(image, exif=exif.tobytes())
    return encoded(image, format_, exif=exif, **parameters)


def heic(image: Image.Image, **parameters: object) -> bytes:
    import pillow_heif

    buffer = io.BytesIO()
    pillow_heif.from_pillow(image).save(buffer, quality=95, **parameters)
    return buffer.getvalue()


def png_chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(body, zlib.crc32(name)))


def raw_png(image: Image.Image, *, depth: int = 8, interlaced: bool = False, extra: bytes = b"") -> bytes:
    """A PNG of an L or RGB picture with 8 or 16 bits a channel, perhaps interlaced: Pillow writes neither."""
    width, height = image.size
    channels = len(image.getbands())
    pixels = image.tobytes()

    def sample(x: int, y: int) -> bytes:
        pixel = pixels[(y * width + x) * channels :][:channels]
        return pixel if depth == 8 else bytes(value for channel in pixel for value in (channel, channel))

    whole = [(0, 0, 1, 1)]
    adam7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    rows = bytearray()
    for left, top, right, down in adam7 if interlaced else whole:
        for y in range(top, height, down):
            row = b"".join(sample(x, y) for x in range(left, width, right))
            if row:
                rows += b"\x00" + row
    header = struct.pack(">IIBBBBB", width, height, depth, 0 if channels == 1 else 2, 0, 0, int(interlaced))
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + extra
        + png_chunk(b"IDAT", zlib.compress(bytes(rows)))
        + png_chunk(b"IEND", b"")
    )


def raw_tiff_16(image: Image.Image) -> bytes:
    """An uncompressed RGB TIFF of 16 bits a channel."""
    width, height = image.size
    body = b"".join(struct.pack("<H", value * 257) for value in image.tobytes())
    entries = [
        (256, 3, 1, width), (257, 3, 1, height), (258, 3, 3, 8), (259, 3, 1, 1), (262, 3, 1, 2),
        (273, 4, 1, 14), (277, 3, 1, 3), (278, 3, 1, height), (279, 4, 1, len(body)),
    ]  # fmt: skip
    start = 14 + len(body)
    table = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"II*\x00" + struct.pack("<I", start) + struct.pack("<3H", 16, 16, 16) + body + table + b"\x00" * 4


def profile(primaries: tuple[tuple[float, float, float], ...], gamma: float = 2.2) -> bytes:
    """A display profile: the XYZ (D50) of its red, green and blue, and a gamma."""

    def fixed(value: float) -> bytes:
        return struct.pack(">i", round(value * 65536))

    def xyz(values: tuple[float, float, float]) -> bytes:
        return b"XYZ \x00\x00\x00\x00" + b"".join(map(fixed, values))

    curve = b"curv\x00\x00\x00\x00" + struct.pack(">IH", 1, round(gamma * 256)) + b"\x00\x00"
    text = b"desc\x00\x00\x00\x00" + struct.pack(">I", 5) + b"test\x00" + b"\x00" * 78
    text += b"\x00" * (-len(text) % 4)
    tags = [
        (b"desc", text), (b"wtpt", xyz((0.9642, 1.0, 0.8249))),
        (b"rXYZ", xyz(primaries[0])), (b"gXYZ", xyz(primaries[1])), (b"bXYZ", xyz(primaries[2])),
        (b"rTRC", curve), (b"gTRC", curve), (b"bTRC", curve),
    ]  # fmt: skip
    table, body, position = struct.pack(">I", len(tags)), b"", 132 + 12 * len(tags)
    for name, content in tags:
        table += struct.pack(">4sII", name, position + len(body), len(content))
        body += content
    header = struct.pack(">I", position + len(body)) + b"\x00" * 4 + b"\x02\x10\x00\x00mntrRGB XYZ "
    header += struct.pack(">6H", 2024, 1, 1, 0, 0, 0) + b"acsp" + b"\x00" * 28
    header += b"".join(map(fixed, (0.9642, 1.0, 0.8249)))
    return header.ljust(128, b"\x00") + table + body


SRGB_PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
_P3 = ((0.5151, 0.2412, -0.0011), (0.2920, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841))
P3_PROFILE = profile(_P3)
SWAPPED_PROFILE = profile((_P3[2], _P3[1], _P3[0]))
"""Red and blue exchanged: ignoring it shows a picture in entirely wrong colours."""


def animation(format_: str) -> bytes:
    """Four frames: the card, then plain red, green, blue."""
    later = [Image.new("RGB", (160, 120), colour) for colour in (RED, GREEN, BLUE)]
    return encoded(card(), format_, save_all=True, append_images=later, duration=100)


def with_alpha(mode: str = "RGBA") -> Image.Image:
    """The card, whose bottom right quarter is transparent black: on white it is light again."""
    image = card().convert(mode)
    hole = Image.new("L", image.size, 255)
    ImageDraw.Draw(hole).rectangle((80, 60, 160, 120), fill=0)
    image.paste(0, (80, 60, 160, 120))
    image.putalpha(hole)
    return image


@dataclass(frozen=True)
class Sample:
    name: str
    make: Callable[[], bytes]
    passes: bool = False
    """Whether it leaves byte for byte."""
    grey: bool = False
    tolerance: int = 25


def _adobe_rgb() -> bytes:
    """Stored as RGB without conversion, which only Adobe's marker says."""
    data = bytearray(encoded(card(), "JPEG", keep_rgb=True))
    for start, step in ((data.index(b"\xff\xc0") + 10, 3), (data.index(b"\xff\xda") + 5, 2)):
        for number, letter in enumerate(b"RGB"):
            assert data[start + number * step] == letter
            data[start + number * step] = number + 1
    return bytes(data)


def _palette() -> Image.Image:
    return card().quantize(8)


def _palette_with_alpha() -> bytes:
    image = with_alpha().quantize(8)
    return encoded(image, "PNG")


def _icon() -> bytes:
    return encoded(card((128, 128)), "ICO", sizes=[(16, 16), (128, 128)])


SAMPLES = (
    Sample("jpeg baseline", lambda: encoded(card(), "JPEG", quality=95), passes=True),
    Sample("jpeg progressive", lambda: encoded(card(), "JPEG", progressive=True), passes=True),
    Sample("jpeg 4:4:4", lambda: encoded(card(), "JPEG", subsampling=0), passes=True),
    Sample("jpeg grey", lambda: encoded(card().convert("L"), "JPEG"), passes=True, grey=True),
    Sample("jpeg restarts", lambda: encoded(card(), "JPEG", restart_marker_rows=1), passes=True),
    Sample("jpeg motion photo", lambda: encoded(card(), "JPEG") + b"\x00\x00\x00\x18ftypmp42" * 99, passes=True),
    Sample("jpeg srgb profile", lambda: encoded(card(), "JPEG", icc_profile=SRGB_PROFILE), passes=True),
    Sample("jpeg p3 profile", lambda: encoded(card(), "JPEG", icc_profile=P3_PROFILE), tolerance=45),
    Sample("jpeg cmyk", lambda: encoded(card().convert("CMYK"), "JPEG", quality=95)),
    Sample("jpeg stored as rgb", lambda: encoded(card(), "JPEG", keep_rgb=True)),
    Sample("jpeg stored as rgb by adobe", _adobe_rgb),
    Sample("png rgb", lambda: encoded(card(), "PNG"), passes=True),
    Sample("png grey", lambda: encoded(card().convert("L"), "PNG"), passes=True, grey=True),
    Sample("png interlaced", lambda: raw_png(card(), interlaced=True), passes=True),
    Sample("png trailing bytes", lambda: encoded(card(), "PNG") + b"more", passes=True),
    Sample("png palette", lambda: encoded(_palette(), "PNG")),
    Sample("png palette alpha", _palette_with_alpha),
    Sample("png 1 bit", lambda: encoded(card().convert("L").point(lambda v: v > 150 and 255).convert("1"), "PNG"),
           grey=True, tolerance=255),
    Sample("png 16 bit", lambda: raw_png(card(), depth=16)),
    Sample("png grey 16 bit", lambda: raw_png(card().convert("L"), depth=16), grey=True),
    Sample("png rgba", lambda: encoded(with_alpha(), "PNG")),
    Sample("png rgba opaque", lambda: encoded(card().convert("RGBA"), "PNG")),
    Sample("png grey alpha", lambda: encoded(with_alpha("L"), "PNG"), grey=True),
    Sample("png transparent colour", lambda: raw_png(
        card(), extra=png_chunk(b"tRNS", struct.pack(">3H", *LIGHT)))),
    Sample("apng", lambda: animation("PNG")),
    Sample("webp", lambda: encoded(card(), "WEBP", quality=95)),
    Sample("webp lossless", lambda: encoded(card(), "WEBP", lossless=True)),
    Sample("webp alpha", lambda: encoded(with_alpha(), "WEBP", lossless=True)),
    Sample("webp animated", lambda: animation("WEBP")),
    Sample("gif", lambda: encoded(_palette(), "GIF")),
    Sample("gif transparent", lambda: encoded(with_alpha(), "GIF")),
    Sample("gif animated", lambda: animation("GIF")),
    Sample("bmp", lambda: encoded(card(), "BMP")),
    Sample("bmp palette", lambda: encoded(_palette(), "BMP")),
    Sample("bmp grey", lambda: encoded(card().convert("L"), "BMP"), grey=True),
    Sample("tiff", lambda: encoded(card(), "TIFF")),
    Sample("tiff lzw", lambda: encoded(card(), "TIFF", compression="tiff_lzw")),
    Sample("tiff deflate", lambda: encoded(card(), "TIFF", compression="tiff_adobe_deflate")),
    Sample("tiff jpeg", lambda: encoded(card(), "TIFF", compression="jpeg", quality=95)),
    Sample("tiff cmyk", lambda: encoded(card().convert("CMYK"), "TIFF")),
    Sample("tiff 16 bit", lambda: raw_tiff_16(card())),
    Sample("tiff grey 16 bit", lambda: encoded(
        card().convert("L").convert("I").point(lambda v: v * 257).convert("I;16"), "TIFF"), grey=True),
    Sample("tiff palette", lambda: encoded(_palette(), "TIFF")),
    Sample("tiff rgba", lambda: encoded(with_alpha(), "TIFF")),
    Sample("tiff lab", lambda: encoded(_lab(), "TIFF")),
    Sample("avif", lambda: encoded(card(), "AVIF", quality=95)),
    Sample("avif alpha", lambda: encoded(with_alpha(), "AVIF", quality=95)),
    Sample("avif animated", lambda: animation("AVIF")),
    Sample("ico", _icon),
    Sample("heic", lambda: heic(card())),
    Sample("heic alpha", lambda: heic(with_alpha())),
)  # fmt: skip
BY_NAME = {sample.name: sample for sample in SAMPLES}


def _lab() -> Image.Image:
    lab = ImageCms.profileToProfile(
        card(), ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
    )
    assert lab is not None
    return lab
