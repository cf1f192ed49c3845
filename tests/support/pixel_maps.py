"""Pictures in which each pixel says where it is: what is cut out of one tells its place."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image

from ollama_vision.pictures import PreparedImage
from tests.support.picture_corpus import TURN_BACK, encoded

SIZE = (240, 160)
AS_IT_IS: dict[str, Any] = {"max_pixels": None, "min_side": 1, "format": "png"}


def map_of(size: tuple[int, int] = SIZE) -> Image.Image:
    """Each pixel says where it is: red across, green down, blue the hundreds of both."""
    made = Image.new("RGB", size)
    made.putdata([(x % 256, y % 256, x // 256 * 16 + y // 256) for y in range(size[1]) for x in range(size[0])])
    return made


def pixels_of(picture: PreparedImage) -> Image.Image:
    with Image.open(io.BytesIO(picture.read())) as opened:
        return opened.convert("RGB")


def difference(one: Image.Image, other: Image.Image) -> int:
    """The largest of any value; larger than any where the sizes differ."""
    from PIL import ImageChops

    if one.size != other.size:
        return 999
    return max(high for _, high in ImageChops.difference(one, other).getextrema())  # type: ignore[misc,unused-ignore]


def turned_map(orientation: int, format_: str = "PNG", **how: Any) -> bytes:
    """A file that shows the map upright, and is stored turned."""
    stored = map_of() if orientation == 1 else map_of().transpose(TURN_BACK[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(stored, format_, exif=exif, **how)
