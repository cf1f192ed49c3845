"""Which of a TIFF's directories are pages, masks, smaller copies or stacks of slices (subfile types, pyramids)."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import BinaryIO

from ...formats import tiff_tags as tags
from ...formats.header import DamagedFile
from ...formats.tiff_tags import Directory, TiffFile
from .page import MASK, PALETTE, RAW, Page
from .refusals import nothing_written, refusal_of

_REDUCED, _MASK = 1, 4
_MOST_SLICES = 1_000_000


@dataclass(frozen=True)
class TiffPicture:
    """One page, or one slice of a stack behind one directory."""

    page: Page
    mask: Page | None = None
    """The transparency mask that belongs to it."""
    slice: int = 0
    """Of a stack behind one directory, counted from 0."""

    def refusal(self) -> DamagedFile | None:
        """Why it will be refused, from the tags alone; `None` when it can be read, as far as tags tell."""
        try:
            for page in (self.page, self.mask):
                if page is not None and (refusal := refusal_of(page)) is not None:
                    return refusal
            return nothing_written(self.page)
        except DamagedFile as error:
            return error


@dataclass(frozen=True)
class TiffPictures:
    """All pictures of the file, in their order."""

    pages: tuple[TiffPicture, ...]
    steps: tuple[str, ...] = ()
    """What was noticed, and left out."""


def read_pictures(file: BinaryIO) -> TiffPictures:
    """What the file holds, from its tags alone. Raises DamagedFile when that is no picture."""
    tiff = TiffFile.of(file)
    if tiff.read(8, min(4, tiff.size - 8)) in (b"IIII", b"MMMM"):
        # Phase One and Leaf: their first directory calls a thumbnail the picture.
        raise DamagedFile("is a camera's raw file", "Export it as JPEG or PNG first.")
    directories, loops = tiff.directories()
    steps = ["its list of pages leads back into itself"] if loops else []
    pages: list[TiffPicture] = []
    for directory in directories:
        page, subfile = Page(directory), _subfile(directory)
        if subfile & _MASK or (directory.number(tags.PHOTOMETRIC, 0) == MASK and pages):
            # That of a reduced copy, 5, is of another size.
            if pages and pages[-1].mask is None and page.size == pages[-1].page.size:
                pages[-1] = TiffPicture(pages[-1].page, page)
        elif not subfile & _REDUCED:
            pages.append(TiffPicture(page))
    if not pages:
        raise DamagedFile("holds only thumbnails, as cameras' raw files do", "Export it as JPEG or PNG first.")
    if tags.LEAF in directories[0]:
        raise DamagedFile("is a camera's raw file", "Export it as JPEG or PNG first.")
    kept = _without_copies(pages)
    if len(kept) < len(pages):
        steps.append(f"{len(pages) - len(kept)} smaller copies of it left out")
    if len(kept) == 1:
        kept, more = _slices(kept[0])
        steps += more
    return TiffPictures(tuple(kept), tuple(steps))


def _subfile(directory: Directory) -> int:
    """NewSubfileType, or the older tag in its terms."""
    if tags.NEW_SUBFILE in directory:
        return directory.number(tags.NEW_SUBFILE, 0)
    return _REDUCED if directory.number(tags.OLD_SUBFILE, 1) == 2 else 0


def _without_copies(pages: Sequence[TiffPicture]) -> list[TiffPicture]:
    """Without the levels of a slide scanner's pyramid, which nothing marks as reduced, and its thumbnail."""
    first = pages[0].page
    if len(pages) == 1 or not first.tiled:
        return list(pages)
    levels = [picture for picture in pages[1:] if _is_level(picture.page, first)]
    if not levels and not first.directory.text(tags.DESCRIPTION, 64).startswith("Aperio"):
        return list(pages)
    copies = [
        *levels,
        # The thumbnail comes second, in strips.
        *(picture for picture in pages[1:2] if not picture.page.tiled and _same_shape(picture.page, first)),
    ]
    return [picture for picture in pages if not any(picture is copy for copy in copies)]


def _is_level(page: Page, first: Page) -> bool:
    """Whether it is the first page once more, with sides that are a whole fraction of its own."""
    if not page.tiled or (page.bits, page.photometric) != (first.bits, first.photometric):
        return False
    (width, height), (whole_width, whole_height) = page.size, first.size
    factor = round(whole_width / width)
    # Each level is rounded, up or down, and so may those before it have been.
    return factor >= 2 and abs(whole_width / factor - width) <= 1 and abs(whole_height / factor - height) <= 1


def _same_shape(page: Page, first: Page) -> bool:
    (width, height), (whole_width, whole_height) = page.size, first.size
    return width < whole_width and abs(height - whole_height * width / whole_width) <= 1


def _slices(picture: TiffPicture) -> tuple[list[TiffPicture], list[str]]:
    """The only directory as what stands behind it, and what to say of slices that are not there."""
    page = picture.page
    if page.layers > 1:
        return [TiffPicture(page, picture.mask, at) for at in range(_bounded(page.layers))], []
    count, sure = _stated_count(page)
    if count <= 1:
        return [picture], []
    if page.compression == RAW and page.photometric != PALETTE and _room_for(page, count):
        return [TiffPicture(page, None, at) for at in range(_bounded(count))], []
    if sure:
        raise DamagedFile(
            f"is a stack of {count:,} slices behind one page, which are compressed or not all there",
            "Save them as pages first: Fiji, or tifffile.imwrite('out.tif', tifffile.imread('in.tif')).",
        )
    return [picture], [f"its description says {count:,} pictures, and there is one"]


def _bounded(count: int) -> int:
    if count > _MOST_SLICES:
        raise DamagedFile(f"is broken: it says that it has {count:,} slices")
    return count


def _stated_count(page: Page) -> tuple[int, bool]:
    """How many slices a microscope's program says there are, and whether it must be true: text may be left over."""
    directory = page.directory
    if tags.UIC2 in directory:  # MetaMorph: as many values as slices
        return directory.entries[tags.UIC2].count, True
    text = directory.text(tags.DESCRIPTION)
    if text.startswith("ImageJ=") and (found := re.search(r"^images=(\d{1,9})\s*$", text, re.MULTILINE)):
        return int(found[1]), False
    if text.startswith('{"shape":'):
        try:
            shape = json.loads(text)["shape"]
            values = math.prod(int(length) for length in shape)
        except (ValueError, TypeError, KeyError, RecursionError):
            return 1, False
        each = page.size[0] * page.size[1] * page.samples
        if values > 0 and values % each == 0:
            return values // each, False
    return 1, False


def slice_length(page: Page) -> int:
    """Bytes of one uncompressed slice."""
    return sum(block.length for block in page.blocks)


def _room_for(page: Page, count: int) -> bool:
    """Whether so many slices can lie behind each other: the blocks of the first do, and the file goes on."""
    blocks = page.blocks
    joined = all(one.offset + one.length == next_.offset for one, next_ in pairwise(blocks))
    return joined and blocks[0].offset + slice_length(page) * count <= page.directory.tiff.size
