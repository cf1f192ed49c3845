"""The result of preparing: an encoded picture or sound, opened to be sent in chunks, whose repr shows no bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

from .boxes import BoxMapping
from .frames import AnyFrame, BoxConvention, Crop, Size

if TYPE_CHECKING:
    from .blob import Blob
    from .page_text import PageFacts
    from .regions import Tile


@dataclass(frozen=True, repr=False)
class PreparedImage:
    """A picture as it leaves: upright, opaque, 8-bit RGB or grey, JPEG or PNG.

    Holds the encoded bytes, or, when the file goes out byte for byte, only its path and what it was known by.
    """

    format: Literal["jpeg", "png"]
    mapping: BoxMapping
    steps: tuple[str, ...]
    """What was done to it, in order; empty when it leaves byte for byte as it was given."""
    content: Blob
    page: int | None = None
    """The page of a document, or the frame of an animation or video, counted from 1; else `None`."""
    seconds: float | None = None
    """Where in the video the frame was, in seconds from its start."""
    region: Crop | None = None
    """The part that it shows, (left, top, right, bottom) in pixels of the upright original; `None`: all of it."""
    tile: Tile | None = None
    """Which tile it is of a picture that was sent in tiles; the one before the first shows the whole."""
    facts: PageFacts | None = None
    """Of a page of a document that was opened as one, and drawn or decoded: what it says of itself."""

    @property
    def media_type(self) -> str:
        return f"image/{self.format}"

    @property
    def size(self) -> Size:
        """Width and height as sent."""
        return self.mapping.sent_size

    @property
    def original_size(self) -> Size:
        """Width and height as stored in the file, before EXIF turns it; for a PDF page, in points."""
        return self.mapping.original_size

    @property
    def size_in_bytes(self) -> int:
        return len(self.content)

    @property
    def in_memory(self) -> bool:
        """Whether the bytes are held, and nothing is read to send them."""
        return self.content.data is not None

    @property
    def source(self) -> str:
        """Where it came from: a path, a URL without its secrets, "bytes", "base64"."""
        return self.content.source

    def open(self) -> BinaryIO:
        """A reader of the encoded bytes; raises ImageError when the file behind it changes under way."""
        return self.content.open()

    def read(self) -> bytes:
        with self.open() as file:
            return file.read()

    def to_original(
        self, box: Sequence[float], convention: BoxConvention | None = None, frame: AnyFrame = None
    ) -> tuple[int, int, int, int]:
        """A box that a model gave for this picture, as (left, top, right, bottom) in the original's pixels.

        Undoes scaling and EXIF rotation, so that `PIL.Image.open(path).crop(prepared.to_original(box))` is what the
        box shows.

        Args:
            box: its corners, as the model gave them.
            convention: `"model pixels"` (of the frame), `"pixels"` (of what was sent), or what the whole width and
                height count as: `"0-1000"`, `"0-1000 yx"` (top, left, bottom, right), `"0-999"`, `"0-500"`, `"0-1"`.
                Without it: the frame's own, and without a frame `"pixels"`.
            frame: what the server made of the picture, of which all but `"pixels"` count: a `PictureFrame` as
                `ModelCapabilities.picture_frame` gives it, or `frame` of the reply's `pictures` as it stands there.
                Without it they count of what was sent.

        Raises:
            ValueError: no box, none of it in the picture, or a convention that is unknown, lacks its frame, or is not
                certain for the model's family and was not named.
        """
        return self.mapping.to_original(box, convention, frame)

    def describe(self) -> dict[str, Any]:
        """What was sent, as plain JSON without the bytes."""
        description: dict[str, Any] = {
            "source": self.source,
            "format": self.format,
            "media_type": self.media_type,
            "size": list(self.size),
            "original_size": list(self.original_size),
            "bytes": self.size_in_bytes,
            "steps": list(self.steps),
            "mapping": self.mapping.describe(),
        }
        if self.page is not None:
            description["page"] = self.page
        if self.seconds is not None:
            description["seconds"] = round(self.seconds, 3)
        if self.region is not None:
            description["region"] = list(self.region)
        if self.tile is not None:
            description["tile"] = self.tile.describe()
        return description

    def __repr__(self) -> str:
        done = f", {', '.join(self.steps)}" if self.steps else ""
        width, height = self.size
        shown = f"{self.format} {width}x{height}, {self.size_in_bytes:,} bytes, {self.source}{done}"
        return f"<PreparedImage {shown}>"


@dataclass(frozen=True, repr=False)
class PreparedAudio:
    """A sound as it leaves, byte for byte as it was given."""

    format: Literal["wav", "mp3"]
    content: Blob

    @property
    def media_type(self) -> str:
        return "audio/wav" if self.format == "wav" else "audio/mpeg"

    @property
    def size_in_bytes(self) -> int:
        return len(self.content)

    @property
    def in_memory(self) -> bool:
        """Whether the bytes are held, and nothing is read to send them."""
        return self.content.data is not None

    @property
    def source(self) -> str:
        return self.content.source

    def open(self) -> BinaryIO:
        return self.content.open()

    def read(self) -> bytes:
        with self.open() as file:
            return file.read()

    def describe(self) -> dict[str, Any]:
        return {
            "source": self.source,
            "format": self.format,
            "media_type": self.media_type,
            "bytes": self.size_in_bytes,
        }

    def __repr__(self) -> str:
        return f"<PreparedAudio {self.format}, {self.size_in_bytes:,} bytes, {self.source}>"
