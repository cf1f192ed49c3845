"""A raster: a decoded or decodable picture of Pillow, with the metadata that Pillow does not hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..error_words import image_error
from ..frames import Crop, Size

if TYPE_CHECKING:
    from PIL import Image

    from ollama_vision.errors import ImageError

    from ..formats.kinds import Kind
    from ..page_text import PageText


@dataclass
class Raster:
    """A picture, perhaps not decoded yet."""

    image: Image.Image
    where: str
    source: str
    orientation: int = 1
    lossy: bool = False
    """Whether it went through a lossy code, or comes from a camera: then PNG would only store its noise."""
    steps: list[str] = field(default_factory=list)
    page: int | None = None
    seconds: float | None = None
    original_size: Size | None = None
    """When it is another than the image's: a PDF page in points."""
    full_size: Size | None = None
    """Of what was drawn: the pixels at which all of it is to be seen, whatever was drawn."""
    aspect: float = 1.0
    """Width of one of the image's pixels over its height: where it is not 1 the picture is stretched."""
    crop: Crop | None = None
    """The part of the image that is the picture (clean aperture); `None`: all of it. Both are as before turning."""
    profile: bytes | None = None
    """The ICC profile, when it is another than the image's own: colours said in another way, see `profile_of`.
    Empty: the colours are sRGB, whatever profile the image has."""
    bits: int = 16
    """How many bits a deep value has in the file; colours are scaled to 16 here, an image of mode I;16 is not."""
    stated: tuple[int, int] | None = None
    """The range of values that the file itself says is to be shown as black to white."""
    ranged: bool = False
    """Whether the decoder itself shows the range that the caller chose: it knows values that the image has not."""
    low_bytes: Callable[[], Image.Image] | None = None
    """Of 16-bit colour, of which `image` has the high bytes: gives the low ones as RGB, perhaps by decoding again."""
    deep: Callable[[], tuple[Image.Image, Image.Image] | None] | None = None
    """Of colour of more than 8 bits, of which `image` has 8: decodes it to high and low bytes of 16, both RGB; gives
    `None` where that cannot be done."""
    transparent: tuple[int, ...] | None = None
    """The grey or colour that stands for nothing, of all bits; else Pillow's `info["transparency"]` is believed."""
    mask: Image.Image | None = None
    """Of mode L and the image's size: 0 where there is no picture, 255 elsewhere."""
    text: PageText | None = None
    """Of a page of a document whose text is wanted: what is known of it, be it nothing."""

    def error(self, problem: str, way_out: str = "", kind: Kind | None = None) -> ImageError:
        """The error to raise: which picture and what it is, the problem, and what to do."""
        return image_error(self.where, self.source, problem, way_out, kind.name if kind else "")

    def fingerprint(self) -> bytes:
        """All pixels, their form and their colours: equal for pictures that show the same."""
        image = self.image
        colours = image.info.get("icc_profile") if self.profile is None else self.profile
        low = self.low_bytes().tobytes() if self.low_bytes is not None else b""
        mask = self.mask.tobytes() if self.mask is not None else b""
        return f"{image.mode} {image.size} ".encode() + image.tobytes() + (colours or b"") + low + mask
