"""How pictures are prepared: one frozen value that says everything a caller may decide."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

LOW_DETAIL_PIXELS = 401_408
"""`ImageBlock.detail="low"`: 512 tokens of Qwen2.5-VL, if it did not take 1,024 at least."""
DEFAULT_PIXELS = 1_003_520
"""1,280 tokens of Qwen2.5-VL, the hungriest family that scales with size: two such pictures leave a third of
the default context to question and answer."""
HIGH_DETAIL_PIXELS = 3_211_264
"""`ImageBlock.detail="high"`: 4,096 tokens of Qwen2.5-VL, the most that it takes of one picture."""
_LEVELS = (LOW_DETAIL_PIXELS, DEFAULT_PIXELS, HIGH_DETAIL_PIXELS)

PageNumber = Annotated[int, Field(ge=1)]
FrameCount = Annotated[int, Field(ge=1, le=1000)]
SceneFrames = Annotated[str, Field(pattern=r"^scenes(:([1-9][0-9]{0,2}|1000))?$")]
Region = tuple[int, int, int, int] | tuple[float, float, float, float]
"""Left, top, right and bottom of the upright original: whole numbers are pixels, floats are fractions."""
Tiles = Literal["auto"] | tuple[int, int]
"""Columns and rows, or "auto": as many as it takes to send each at its full size."""


@dataclass(frozen=True)
class ServerSizes:
    """The sizes of pictures that a server leaves alone; it scales all others once more, and fills them up with bars."""

    multiple: int
    """Both sides are multiples of so many pixels."""
    min_pixels: int
    """Width times height is at least this."""
    max_pixels: int

    def __contains__(self, size: object) -> bool:
        """Whether a picture of that width and height is left alone."""
        match size:
            case (int(width), int(height)):
                in_steps = width > 0 < height and width % self.multiple == height % self.multiple == 0
                return in_steps and self.min_pixels <= width * height <= self.max_pixels
        return False


class ImageOptions(BaseModel):
    """What is done to a picture before it leaves, and what may be fetched.

    Every endpoint takes one as `image_options=`; the client's field of that name is the default. Frozen:
    `options.model_copy(update={...})` gives a changed one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_pixels: int | None = Field(default=DEFAULT_PIXELS, ge=1024)
    """Larger pictures are scaled down to at most so many pixels, width times height. `None`: never. The default and the
    two levels of `with_detail` yield to a model whose server scales smaller pictures up: they are sent at its least."""
    min_side: int = Field(default=32, ge=1, le=1024)
    """Pictures with a shorter side are scaled up to it: some models crash under 28 or 32 pixels."""
    format: Literal["jpeg", "png"] | None = None
    """What leaves. `None`: a JPEG or PNG that needs nothing done stays as it is, lossless pictures become PNG
    while that is not wasteful, photographs become JPEG."""
    background: str = "white"
    """The colour under transparent pixels: a CSS name, `#rrggbb` or `rgb(...)`."""
    jpeg_quality: int = Field(default=90, ge=1, le=100)
    frames: FrameCount | SceneFrames | None = None
    """How many frames, evenly spaced, are taken of an animation or a video. `None`: the first of an
    animation, 8 of a video (or what its `fps` asks for). "scenes": of a video the first clear frame of each scene, and
    of the longest where there are more than fit into the model's context; "scenes:12": 12 at the most. Of an animation,
    whose frames have no scenes, 8 or that number."""
    clip: tuple[float, float | None] | None = None
    """The part of a video from which frames are taken: from and to, in seconds from its first picture; `None` as the
    second is its end. What is no video is sent whole."""
    pages: PageNumber | tuple[PageNumber, ...] | None = None
    """Which pages of a TIFF, PDF or DICOM file are taken: a number for so many from the first on, a tuple for these,
    counted from 1. `None`: all of them, and an error when there are more than 20. A page that is not there is an error.
    What has no pages counts as page 1, a video as none, unless `frames` is set too."""
    password: SecretStr | None = Field(default=None, exclude=True, repr=False)
    """What opens a locked PDF. It is in no dump, log or error; `None`: a locked one is an error."""
    range: tuple[int, int] | None = None
    """The values that are shown as black and as white, the lowest and the highest: for depth maps, masks, thermal
    and microscopes' pictures. They are values as stored: 0 to 65,535 of a picture of 16 bits, one range for all
    three colours, and 0 to 255 of one of 8. `None`: the range that the file itself states; else, where 16 bits use so
    little of theirs that fewer than 32 greys would be left, from the lowest to the highest value that there is; else
    the whole range. `PreparedImage.steps` says which it was. A range that would make one grey of a picture is an
    error."""
    server_sizes: ServerSizes | None = None
    """The sizes that the server leaves alone: what is scaled anyway is scaled to one of them, within `max_pixels`, so
    that it is scaled once and boxes are exact. `None`: those of the model that is asked, as
    `ModelCapabilities.server_sizes` tells them; with `prepare_image`, which knows no model, any size."""
    region: Region | None = None
    """The part of a picture that is sent, (left, top, right, bottom) of the upright original, cut out before it is
    scaled: four ints are pixels (of a PDF page points), four floats from 0.0 to 1.0 fractions of width and height.
    What does not lie in the picture is an error. `None`: all of it."""
    tiles: Tiles | None = None
    """Looking closer: the picture, or its region, is sent as a whole and then once more in tiles, in reading order,
    each with as many pixels as `max_pixels` allows; a line before the question says which is which. (columns, rows),
    or "auto": as many as it takes to scale none down, 16 at the most, and none for a picture that is sent at full size
    anyway. Neighbours share a tenth of a tile. Each costs what a picture costs."""
    max_source_pixels: int = Field(default=200_000_000, ge=1)
    """A picture that says it is larger is refused before it is decoded. The default lets the largest phone
    cameras through (199.8 megapixels)."""
    allow_private_urls: bool = False
    """Also fetch from private, loopback and link-local addresses."""
    url_max_bytes: int = Field(default=64_000_000, ge=1)
    url_timeout: float = Field(default=30.0, gt=0, allow_inf_nan=False)
    """Seconds for one URL in all: resolving, connecting, redirects and reading."""
    url_max_redirects: int = Field(default=5, ge=0, le=50)

    def with_detail(self, detail: Literal["low", "auto", "high"]) -> ImageOptions:
        """These options, with as many pixels as `ImageBlock.detail` stands for; "auto" changes nothing."""
        pixels = {"low": LOW_DETAIL_PIXELS, "auto": self.max_pixels, "high": HIGH_DETAIL_PIXELS}[detail]
        return self.model_copy(update={"max_pixels": pixels})

    def for_server(self, sizes: ServerSizes | None) -> ImageOptions:
        """These options for a server that leaves such sizes alone, unless they name some themselves."""
        return self if sizes is None or self.server_sizes else self.model_copy(update={"server_sizes": sizes})

    @property
    def by_scenes(self) -> bool:
        """Whether of a video the scenes are taken, instead of frames at even times."""
        return isinstance(self.frames, str)

    @property
    def frame_count(self) -> int | None:
        """How many frames are asked for, of scenes at the most; `None`: that is not said."""
        if isinstance(self.frames, str):
            return int(self.frames.partition(":")[2] or 0) or None
        return self.frames

    @property
    def most_pixels(self) -> int | None:
        """`max_pixels`; one of the three levels of detail is no less than what the server scales up to anyway, for a
        smaller picture costs as much there."""
        if self.server_sizes is not None and self.max_pixels in _LEVELS:
            return max(self.max_pixels, self.server_sizes.min_pixels)
        return self.max_pixels

    @field_validator("background")
    @classmethod
    def _is_a_colour(cls, colour: str) -> str:
        from PIL import ImageColor

        ImageColor.getrgb(colour)
        return colour

    @field_validator("pages", mode="before")
    @classmethod
    def _one_list_of_pages(cls, pages: Any) -> Any:
        if pages == () or pages == []:
            raise ValueError("pages=() would send nothing: name at least one page, or leave it at None")
        return pages

    @field_validator("region", mode="before")
    @classmethod
    def _is_a_region(cls, sides: Any) -> Any:
        return None if sides is None else checked_region(sides)

    @field_validator("tiles", mode="before")
    @classmethod
    def _is_a_grid(cls, tiles: Any) -> Any:
        if tiles is None or tiles == "auto":
            return tiles
        grid = list(tiles) if isinstance(tiles, (tuple, list)) else []
        if len(grid) != 2 or not all(_is_whole(count) and count > 0 for count in grid) or grid == [1, 1]:
            raise ValueError(f"tiles={tiles!r} must be 'auto', or columns and rows, such as (3, 2) for six tiles")
        return int(grid[0]), int(grid[1])

    @field_validator("clip")
    @classmethod
    def _from_one_time_to_a_later(cls, clip: tuple[float, float | None] | None) -> tuple[float, float | None] | None:
        if clip is None:
            return None
        begin, end = clip
        if not (math.isfinite(begin) and begin >= 0 and (end is None or (math.isfinite(end) and end > begin))):
            raise ValueError(f"clip={clip} must be seconds from the start of the video, then later ones, or None")
        return clip

    @field_validator("range")
    @classmethod
    def _from_black_to_white(cls, range: tuple[int, int] | None) -> tuple[int, int] | None:
        if range is not None and range[0] >= range[1]:
            raise ValueError(f"range={range} must be the value shown as black, then a higher one, shown as white")
        return range


def _is_whole(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def checked_region(sides: Any) -> Region:
    """What a caller wrote as a region, as far as no picture is needed to check it.

    Raises:
        ValueError: says what is wrong with it, and what a region is.
    """
    given = list(sides) if isinstance(sides, (tuple, list)) else []
    if len(given) != 4 or not all(isinstance(side, Real) and not isinstance(side, bool) for side in given):
        raise ValueError(f"region={sides!r} must be four numbers: left, top, right, bottom")
    shown = f"region=({', '.join(map(str, given))})"
    in_pixels = [_is_whole(side) for side in given]
    if any(in_pixels) and not all(in_pixels):
        raise ValueError(
            f"{shown} mixes pixels with fractions: four whole numbers are pixels, and four floats are fractions, with "
            "0.0 and 1.0 for the edges"
        )
    left, top, right, bottom = numbers = [float(side) for side in given]
    if not all(math.isfinite(side) for side in numbers):
        raise ValueError(f"{shown} must be finite numbers")
    if left > right or top > bottom:
        raise ValueError(f"{shown} is inverted: the order is left, top, right, bottom, from the top left corner")
    if left == right or top == bottom:
        raise ValueError(f"{shown} is empty: it has {'no width' if left == right else 'no height'}")
    if min(numbers) < 0 or (not all(in_pixels) and max(numbers) > 1):
        all_of_it = "pixels count from 0" if all(in_pixels) else "fractions go from 0.0 to 1.0"
        raise ValueError(f"{shown} reaches outside the picture: {all_of_it}")
    if all(in_pixels):
        return int(left), int(top), int(right), int(bottom)
    return left, top, right, bottom
