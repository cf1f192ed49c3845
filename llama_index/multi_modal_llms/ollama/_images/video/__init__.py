"""Videos as a handful of evenly spaced frames. What takes them is loaded with the first video."""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..blob import Blob
    from ..decoding import PageSelection
    from ..options import ImageOptions
    from ..prepared import PreparedImage

__all__ = ["video_block", "video_frames", "video_selection"]


def video_block(block: Any, options: ImageOptions, *, where: str) -> list[PreparedImage]:
    """A VideoBlock as `options.frames` frames, or as many as its `fps` asks for, or 8. Raises ImageError."""
    from . import blocks

    return blocks.video_block(block, options, where=where)


def video_frames(
    blob: Blob, options: ImageOptions, fps: int | None = None, only: Container[int] | None = None
) -> Iterator[PreparedImage]:
    """Its frames, one at a time: those whose numbers are in `only`. Raises ImageError."""
    from . import blocks

    return blocks.video_frames(blob, options, fps, only)


def video_selection(blob: Blob, options: ImageOptions) -> PageSelection:
    """Which frames `video_frames` will give, as far as the file says. Raises ImageError."""
    from . import blocks

    return blocks.video_selection(blob, options)
