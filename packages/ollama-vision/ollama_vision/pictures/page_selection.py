"""Which pages or frames of a file are taken: `ImageOptions.pages` and `frames` against how many there are."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, field

from .blob import Blob
from .formats.header import FileHeader
from .formats.kinds import Kind
from .options import ImageOptions

MOST_PAGES = 20
"""More pages than this are only sent when `ImageOptions.pages` asks for them."""
USUAL_FRAMES = 8
"""At the default size they cost what eight pictures cost; more needs a larger context anyway."""


@dataclass(frozen=True)
class PageRequest:
    """One file to be decoded: which of its pages or frames, and how."""

    blob: Blob
    kind: Kind
    options: ImageOptions
    only: Container[int] | None = None
    """The numbers of those that are needed of what the options choose; `None`: all."""
    header: FileHeader | None = field(default=None, compare=False)
    """Of a JPEG or PNG that was walked through already."""
    fps: int | None = None
    """Of a video: how many frames a second, where the options do not say how many."""
    document: bool = False
    """Whether a page's text is wanted, and what of it cannot be drawn is told with it and no error."""


@dataclass(frozen=True)
class PageSelection:
    """Which pages or frames of a file are taken."""

    total: int
    """How many it has; of a video, how many frames are taken."""
    numbers: tuple[int, ...]
    """Those that are taken, counted from 1."""


ONE_PAGE = PageSelection(1, (1,))


class PageSelectionError(ValueError):
    """The pages or frames that the options ask for cannot be taken; says why, and what to do."""

    def __init__(self, problem: str, way_out: str) -> None:
        super().__init__(problem)
        self.problem, self.way_out = problem, way_out


def choose_pages(count: int, options: ImageOptions, *, what: str = "page") -> PageSelection:
    """Raises PageSelectionError for pages that are not there, or more than are sent unasked."""
    if options.pages is None:
        if count > MOST_PAGES:
            raise PageSelectionError(
                f"has {count} {what}s, and no more than {MOST_PAGES} are sent unasked",
                "Choose: ImageOptions(pages=10) for the first ten, pages=(3, 7) for these two.",
            )
        return PageSelection(count, tuple(range(1, count + 1)))
    if isinstance(options.pages, int):
        return PageSelection(count, tuple(range(1, min(count, options.pages) + 1)))
    missing = [number for number in options.pages if number > count]
    if missing:
        has = f"has only {count} {what}s" if count > 1 else f"has one {what} only"
        raise PageSelectionError(f"{has}, and page {missing[0]} was asked for", "Look at ImageOptions(pages=...).")
    return PageSelection(count, tuple(options.pages))


def choose_frames(count: int, wanted: int) -> PageSelection:
    """Evenly spaced ones of the frames of an animation; all when there are fewer."""
    return PageSelection(count, tuple(index + 1 for index in evenly(count, wanted)))


def frames_of_animation(options: ImageOptions) -> int | None:
    """How many of an animation are asked for; `None`: the first. What has no times has no scenes."""
    return options.frame_count or (USUAL_FRAMES if options.by_scenes else None)


def evenly(count: int, wanted: int) -> list[int]:
    """Indices of `wanted` of `count` things, each from the middle of its share; all when there are fewer."""
    taken = min(count, wanted)
    return [(2 * index + 1) * count // (2 * taken) for index in range(taken)]
