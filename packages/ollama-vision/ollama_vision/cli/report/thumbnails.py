"""Thumbnails: a small JPEG of each original that is still what was asked about, or why there is none."""

from __future__ import annotations

import hashlib
import io
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

from PIL import Image
from pybase64 import b64encode

from ollama_vision.batch import FoundFile, PageReader, RecordedAnswer, Version, open_page
from ollama_vision.pictures import BoxMapping, ImageOptions

from .earlier import EarlierThumbnails, name_of

PIXELS = 60_000
"""245 x 245, or 283 x 212: 6 to 12 kB each of a photograph, so 200 of them stay under 4 MB as base64."""
PAGE_PIXELS = 330_000
"""A page that was read beside its text: 480 x 680 of A4, which can be read; 40 to 70 kB."""
QUALITY = 72
DRAWN_AS = f"{QUALITY} 1"
"""The last number is another one when thumbnails are drawn in another way: then those of earlier reports are left."""
_MOMENT = 0.002
"""Seconds; in its middle lies what a time in milliseconds stands for."""
WORKERS = min(8, os.cpu_count() or 1)
"""Decoding leaves the interpreter to others; more of them cost memory, up to 600 MB each for the largest pictures."""

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Sight:
    """What there is to see of a picture."""

    state: Literal["shown", "missing", "changed", "unreadable"]
    original: Path
    """Absolute."""
    base64: str = ""
    """Of the small JPEG."""
    size: tuple[int, int] = (0, 0)
    problem: str = ""
    mapping: BoxMapping | None = None
    """Between the thumbnail and the original."""
    name: str = ""
    """By what the thumbnail is known again; empty where it is not."""

    @property
    def data_url(self) -> str:
        return f"data:image/jpeg;base64,{self.base64}"


def look_at(
    answers: Sequence[RecordedAnswer], root: Path, earlier: EarlierThumbnails | None = None, pixels: int = PIXELS
) -> Sight:
    """The picture that these answers are about. Whatever is wrong with it is said in the sight, nothing is raised.

    `earlier` thumbnails are not drawn again.
    """
    original = root / answers[0].path
    try:
        if not original.is_file():
            return Sight("missing", original, problem="The picture is not there any more.")
        if not all(_is_as_asked(answer, original) for answer in answers):
            return Sight("changed", original, problem="The picture has changed since it was asked about.")
        name = name_of(answers[0], f"{pixels} {DRAWN_AS}")
        if earlier is not None and name and (kept := earlier.get(name)) is not None:
            return Sight("shown", original, kept.base64, kept.mapping.sent_size, mapping=kept.mapping, name=name)
        jpeg, size, mapping = _thumbnail(answers[0], original, pixels)
    except Exception as error:
        # A damaged file makes decoders raise whatever they stumble over, and one picture is not worth the report.
        # By its name alone: a report is passed on, and where it lay here is nobody's business.
        words = str(error).replace(str(original), original.name) or type(error).__name__
        return Sight("unreadable", original, problem=f"No thumbnail: {words}")
    return Sight("shown", original, b64encode(jpeg).decode("ascii"), size, mapping=mapping, name=name)


def _is_as_asked(answer: RecordedAnswer, original: Path) -> bool:
    """By size and date, as a run knows its pictures again; by content where only the date is another."""
    status = original.stat()
    if answer.version == Version.of(status.st_size, status.st_mtime_ns):
        return True
    return status.st_size == answer.version.size and _sha256(original) == answer.sha256


def _sha256(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as opened:
        while piece := opened.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def _thumbnail(answer: RecordedAnswer, original: Path, pixels: int) -> tuple[bytes, tuple[int, int], BoxMapping]:
    number = answer.page or 1
    # Of an animation: as many frames as there were, so that each is the one that was asked about.
    frames = min(answer.pages, 1000) if answer.page and answer.pages else None
    clip: tuple[float, float] | None = None
    if (seconds := answer.seconds_in_video) is not None:
        # Of a video what is shown at that time, which lines have in milliseconds, whatever else was taken of it.
        number, frames, clip = 1, 1, (seconds, seconds + _MOMENT)
    options = ImageOptions(max_pixels=pixels, min_side=1, format="jpeg", jpeg_quality=QUALITY, frames=frames, clip=clip)
    status = original.stat()
    file = FoundFile(original, status.st_size, status.st_mtime_ns, original, named=True)
    page = next(PageReader(options, facts=False, document=pixels == PAGE_PIXELS).pages_of(file, only={number}), None)
    if page is None:
        raise ValueError(f"{original.name} has no page {number}.")
    (prepared,) = open_page(page, 0, options).pictures()
    if prepared.steps and prepared.format == "jpeg":
        return prepared.read(), prepared.size, prepared.mapping
    out = io.BytesIO()
    # Encoded anew, always: what leaves byte for byte may carry a place, a face, or the film of a motion photo.
    with prepared.open() as sent, Image.open(sent) as picture:
        picture.convert("RGB").save(out, "JPEG", quality=QUALITY, optimize=True)
        return out.getvalue(), picture.size, prepared.mapping


def in_order(items: Iterable[T], work: Callable[[T], R], *, workers: int = WORKERS) -> Iterator[tuple[T, R]]:
    """Each item with what became of it, in their order; a few ahead are worked on in threads, never all."""
    waiting: deque[tuple[T, Future[R]]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for item in items:
                waiting.append((item, pool.submit(work, item)))
                if len(waiting) > 2 * workers:
                    first, future = waiting.popleft()
                    yield first, future.result()
            while waiting:
                first, future = waiting.popleft()
                yield first, future.result()
        finally:
            pool.shutdown(cancel_futures=True)
