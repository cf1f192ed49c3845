"""Strips and tiles of a page as one Pillow picture: those never written (sparse files) are empty, volumes are sliced.

Pillow and the libtiff in it decode; here is decided what they are given.
"""

from __future__ import annotations

import io
import sys
import zlib
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import TYPE_CHECKING

from ...formats import tiff_tags as tags
from ...formats.header import DamagedFile
from ...formats.tiff_tags import TiffFile
from ...render.levels import as_i16
from .page import FAXES, JPEG, OLD_JPEG, PALETTE, RAW, YCBCR, Block, Page
from .refusals import WHOLE_PICTURES
from .rewrite import FLOAT, LONG, SHORT, UNDEFINED, Fields, open_beside, open_in_place, open_rewritten

if TYPE_CHECKING:
    from PIL import Image

_MOST_TABLES = 1 << 20
_DEFLATE = 8


@dataclass(frozen=True)
class View:
    """What Pillow is told of a page, or of one plane or slice of it."""

    photometric: int
    samples: int
    bits: int
    extra: tuple[int, ...] = ()
    plane: int = 0
    layer: int = 0
    """The slice of a volume or of a stack."""
    widened: int = 1
    """So many samples of a pixel lie beside each other as grey pixels."""
    empty: int = 0
    """What a sample is where nothing was ever written."""


def picture(page: Page, view: View) -> Image.Image:
    """The page seen so, decoded, as large as it is stored (and `widened`). Raises DamagedFile and Pillow's errors."""
    if page.compression == OLD_JPEG:
        image = open_beside(page.directory.tiff, _old_jpeg_fields(page, view))
    elif _in_pieces(page, view):
        return _pasted(page, view)
    else:
        width, height = page.size
        size = (width * view.widened, height)
        if _as_it_is(page, view):
            tiff, fields = page.directory.tiff, _all_fields(page, view)
            image = open_in_place(tiff, page.directory.offset, fields, _order(page, view))
        else:
            image = _opened(page, view, _blocks(page, view), size, page.block_size[1])
    image.load()
    return _summed(image, view.widened) if _differences(page, view) else image


def _in_pieces(page: Page, view: View) -> bool:
    """Whether Pillow cannot be given all of the page at once."""
    apart = page.tile_layers > 1 or page.written_share < 1 or page.compression in WHOLE_PICTURES
    return apart or (page.tiled and _differences(page, view))


def _as_it_is(page: Page, view: View) -> bool:
    """Whether libtiff can read the page in the file: nothing of where or how it lies is to be corrected."""
    return (
        page.compression != RAW
        and view.samples == page.samples
        and not (page.layers > 1 or view.layer)
        and (page.fill_order != 2 or page.compression in FAXES)
        and page.directory.offset < 1 << 31
        and page.lengths_stated
        and page.ordinary
    )


def _all_fields(page: Page, view: View) -> Fields:
    fields = _fields(page, view, page.compression, page.size)
    # Where they are libtiff reads itself.
    fields[tags.STRIP_OFFSETS] = (LONG, [0])
    return fields


def _order(page: Page, view: View) -> str:
    # 12 bits are packed the same in either byte order, and Pillow knows them in one.
    return "<" if view.bits == 12 else page.directory.tiff.order


def _blocks(page: Page, view: View) -> tuple[Block, ...]:
    """Those of the view's plane and slice."""
    across, down = page.grid
    count = across * down
    if page.layers > 1:
        first = (view.layer // page.tile_layers * page.planes + view.plane) * count
        return page.blocks[first : first + count]
    blocks = page.blocks[view.plane * count :][:count]
    if not view.layer:
        return blocks
    # Slices lie behind each other, each like the first.
    step = view.layer * sum(block.length for block in page.blocks)
    return tuple(replace(block, offset=block.offset + step) for block in blocks)


def _opened(
    page: Page, view: View, blocks: Sequence[Block], size: tuple[int, int], rows: int, *, tiled: bool | None = None
) -> Image.Image:
    """These blocks, each so many rows high, as a picture of that size."""
    tiled = page.tiled if tiled is None else tiled
    tiff, compression = page.directory.tiff, page.compression
    if view.photometric == YCBCR and compression == RAW:
        # libtiff knows how to read it, and Pillow asks libtiff only for what is compressed.
        tiff, blocks, compression = *_stored(tiff, blocks), _DEFLATE
    fields = _fields(page, view, compression, size)
    if tiled:
        fields[tags.TILE_WIDTH] = (LONG, [page.block_size[0] * view.widened])
        fields[tags.TILE_HEIGHT] = (LONG, [rows])
    else:
        fields[tags.ROWS_PER_STRIP] = (LONG, [rows])
    return open_rewritten(
        tiff,
        fields,
        blocks,
        tiled=tiled,
        order=_order(page, view),
        bits_reversed=page.fill_order == 2 and compression not in (*FAXES, JPEG),
    )


def _fields(
    page: Page, view: View, compression: int, size: tuple[int, int]
) -> dict[int, tuple[int, Sequence[float] | bytes]]:
    directory = page.directory
    fields: dict[int, tuple[int, Sequence[float] | bytes]] = {
        tags.WIDTH: (LONG, [size[0]]),
        tags.HEIGHT: (LONG, [size[1]]),
        tags.BITS: (SHORT, [view.bits] * view.samples),
        tags.COMPRESSION: (SHORT, [compression]),
        tags.PHOTOMETRIC: (SHORT, [view.photometric]),
        tags.SAMPLES: (SHORT, [view.samples]),
        tags.PLANAR: (SHORT, [1]),
    }
    if view.extra:
        fields[tags.EXTRA_SAMPLES] = (SHORT, view.extra)
    if page.predictor != 1 and not _differences(page, view):
        fields[tags.PREDICTOR] = (SHORT, [page.predictor])
    if compression in FAXES:
        fields[tags.FILL_ORDER] = (SHORT, [page.fill_order])
        for tag in (tags.T4_OPTIONS, tags.T6_OPTIONS):
            if tag in directory:
                fields[tag] = (LONG, [directory.number(tag, 0)])
    if tags.JPEG_TABLES in directory and compression == JPEG:
        fields[tags.JPEG_TABLES] = (UNDEFINED, directory.data(tags.JPEG_TABLES, _MOST_TABLES))
    if view.photometric == PALETTE:
        fields[tags.COLOUR_MAP] = (SHORT, _palette(page))
    if view.photometric == YCBCR:
        fields |= _ycbcr_fields(page)
    return fields


def _ycbcr_fields(page: Page) -> Fields:
    fields: dict[int, tuple[int, Sequence[float] | bytes]] = {tags.YCBCR_SUBSAMPLING: (SHORT, page.subsampling)}
    if tags.YCBCR_POSITIONING in page.directory:
        fields[tags.YCBCR_POSITIONING] = (SHORT, [page.directory.number(tags.YCBCR_POSITIONING, 1)])
    for tag, count in ((tags.YCBCR_COEFFICIENTS, 3), (tags.REFERENCE_BLACK_WHITE, 6)):
        values = page.directory.values(tag, count)
        if len(values) == count and all(abs(value) < 1e9 for value in values):
            fields[tag] = (FLOAT, values)
    return fields


def _old_jpeg_fields(page: Page, view: View) -> Fields:
    """Its tables and streams stand anywhere in the file: the tags that say where, as they are."""
    fields = _fields(page, view, OLD_JPEG, page.size)
    for tag in (tags.ROWS_PER_STRIP, tags.TILE_WIDTH, tags.TILE_HEIGHT, *tags.OLD_JPEG):
        if tag in page.directory and (values := page.directory.whole_numbers(tag, 64)):
            fields[tag] = (SHORT if tag in (512, 515) else LONG, values)
    for tag in (tags.STRIP_OFFSETS, tags.STRIP_COUNTS, tags.TILE_OFFSETS, tags.TILE_COUNTS):
        if values := page.directory.whole_numbers(tag, max(1, len(page.blocks))):
            fields[tag] = (LONG, values)
    return fields


def _palette(page: Page) -> Sequence[int]:
    """Red, green and blue of each colour, in 16 bits."""
    entries = page.directory.whole_numbers(tags.COLOUR_MAP, 3 << page.depth)
    if len(entries) < 3 << page.depth:
        raise DamagedFile("is broken: its palette is not all there")
    # Older writers use 0 to 255; libtiff takes a palette for such a one by the same rule.
    return entries if max(entries) >= 256 else [entry * 257 for entry in entries]


def _stored(tiff: TiffFile, blocks: Sequence[Block]) -> tuple[TiffFile, list[Block]]:
    """Uncompressed blocks in the form of compressed ones (Deflate, stored)."""
    file, moved = io.BytesIO(), []
    for block in blocks:
        data = zlib.compress(tiff.read(block.offset, block.length), 0)
        moved.append(Block(file.tell(), len(data)))
        file.write(data)
    return TiffFile(file, file.tell(), tiff.order, big=False), moved


def _pasted(page: Page, view: View) -> Image.Image:
    """The page of a column of all blocks that there are, on an empty ground."""
    from PIL import Image as pil

    blocks = _blocks(page, view)
    written = [at for at, block in enumerate(blocks) if block.written]
    across, _ = page.grid
    width, rows = page.block_size
    width *= view.widened
    high = rows * (page.tile_layers if page.tiled else 1)
    skipped = view.layer % page.tile_layers * rows if page.layers > 1 else 0
    size = (page.size[0] * view.widened, page.size[1])

    def height_of(at: int) -> int:
        return high if page.tiled else min(high, size[1] - at // across * high)

    heights = [height_of(at) for at in written]
    column: Image.Image | None = None
    if page.compression in WHOLE_PICTURES:
        parts = (_whole_picture(page, blocks[at], view) for at in written)
    else:
        if written:
            stack = [blocks[at] for at in written]
            column = _opened(page, view, stack, (width, sum(heights)), high, tiled=page.tiled)
            column.load()
            if _differences(page, view):
                column = _summed(column, view.widened)
        tops = accumulate(heights, initial=0)
        parts = (
            column.crop((0, top + skipped, width, top + min(skipped + rows, height)))
            for top, height in zip(tops, heights, strict=False)
            if column is not None
        )
    canvas: Image.Image | None = None
    for at, part in zip(written, parts, strict=True):
        if canvas is None:
            canvas = pil.new(part.mode, size, _ink(part, view.empty))
            if part.mode in ("P", "PA") and part.palette is not None:
                canvas.palette = part.palette.copy()
        canvas.paste(part, (at % across * width, at // across * rows))
    if canvas is None:
        # Nothing of this plane or slice; of the page there is something.
        canvas = pil.new("I;16" if view.bits > 8 else "L", size, view.empty)
    return canvas


def _ink(part: Image.Image, value: int) -> int | tuple[int, ...]:
    bands = len(part.getbands())
    return value if bands == 1 else (value,) * bands


def _whole_picture(page: Page, block: Block, view: View) -> Image.Image:
    """A block that is a file of another format."""
    from PIL import Image as pil
    from PIL import UnidentifiedImageError

    data = page.directory.tiff.read(block.offset, block.length)
    format_ = WHOLE_PICTURES[page.compression]
    try:
        image = pil.open(io.BytesIO(data), formats=[format_])
    except UnidentifiedImageError as error:
        raise DamagedFile(f"is broken: one of its strips or tiles is no {format_}") from error
    with image:
        if image.width > page.block_size[0] or image.height > page.block_size[1]:
            raise DamagedFile("is broken: one of its tiles is larger than a tile")
        mode = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[view.samples]
        # WebP leaves an alpha that hides nothing out.
        return image.convert(mode)


def _differences(page: Page, view: View) -> bool:
    """Whether what comes out of the decoder are differences between pixels, since it was not told of their samples."""
    return page.predictor == 2 and view.widened > 1


def _summed(image: Image.Image, samples: int) -> Image.Image:
    """Sums of the differences along each row, for each of the samples of a pixel."""
    from PIL import Image as pil

    wide = image.mode != "L"
    if wide:
        image = as_i16(image)  # sums are of numbers, whatever order their bytes came in
    rows = memoryview(bytearray(image.tobytes()))
    values = rows.cast("H") if wide else rows
    length = image.width
    # Sums grow beyond a sample; what fits into it is their end.
    low = 0 if sys.byteorder == "little" else (3 if wide else 7)
    for start in range(0, length * image.height, length):
        for sample in range(start, start + samples):
            sums = array("Q", accumulate(values[sample : start + length : samples]))
            parts = memoryview(sums).cast("B")
            values[sample : start + length : samples] = parts.cast("H")[low::4] if wide else parts[low::8]
    return pil.frombytes(image.mode, image.size, rows)
