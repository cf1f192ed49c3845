"""One page of a TIFF as its tags describe it: samples (channels), bits, compression, and where its strips or tiles are.

Defaults and corrections are libtiff's, where the tags are missing or do not fit each other.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property

from ...formats import tiff_tags as tags
from ...formats.header import DamagedFile
from ...formats.tiff_tags import Directory
from ...frames import Size

MIN_IS_WHITE, MIN_IS_BLACK, RGB, PALETTE, MASK, CMYK, YCBCR, CIELAB, ICCLAB = 0, 1, 2, 3, 4, 5, 6, 8, 9
RAW, CCITT, G3, G4, LZW, OLD_JPEG, JPEG, DEFLATE = 1, 2, 3, 4, 5, 6, 7, 8
FAXES = (CCITT, G3, G4)
UNSIGNED, SIGNED, FLOAT = 1, 2, 3
UNSPECIFIED, ASSOCIATED, UNASSOCIATED = 0, 1, 2
_COLOURS = {RGB: 3, CMYK: 4, YCBCR: 3, CIELAB: 3, ICCLAB: 3}
MOST_SAMPLES = 65_535
LAB = (CIELAB, ICCLAB)
_OUTSIDE = "is cut short: it ends inside its picture data"


def contradiction(words: str) -> DamagedFile:
    """The error for a page of which two tags cannot both be true."""
    return DamagedFile(
        f"is broken: its tags contradict each other: {words}",
        "Save it anew from a program that shows it right, or with the one that wrote it.",
    )


@dataclass(frozen=True)
class Block:
    """A strip or a tile: where it is in the file; nowhere (0, 0) when it was never written."""

    offset: int
    length: int

    @property
    def written(self) -> bool:
        return self.length > 0


@dataclass(frozen=True)
class Page:
    """A directory, read as the description of a picture. Its properties raise DamagedFile where the tags make none."""

    directory: Directory

    def _number(self, tag: int, otherwise: int) -> int:
        return self.directory.number(tag, otherwise)

    @cached_property
    def size(self) -> Size:
        """Width and height as stored."""
        width, height = self._number(tags.WIDTH, 0), self._number(tags.HEIGHT, 0)
        if width <= 0 or height <= 0:
            raise DamagedFile("is broken: it does not say how large it is")
        return width, height

    @cached_property
    def compression(self) -> int:
        return self._number(tags.COMPRESSION, RAW)

    @cached_property
    def samples(self) -> int:
        if tags.SAMPLES in self.directory:
            samples = self._number(tags.SAMPLES, 1)
        else:
            # Old-style JPEG leaves it out; the others mean one.
            samples = 3 if self.compression == OLD_JPEG else 1
        if not 0 < samples <= MOST_SAMPLES:
            raise DamagedFile(f"is broken: it has {samples:,} channels")
        return samples

    @cached_property
    def photometric(self) -> int:
        """What the samples mean; old-style JPEG is YCbCr whatever it says."""
        if self.compression == OLD_JPEG:
            return YCBCR if self.samples == 3 else MIN_IS_BLACK
        if tags.PHOTOMETRIC in self.directory:
            return self._number(tags.PHOTOMETRIC, MIN_IS_BLACK)
        if self.samples >= 3:
            return RGB
        return MIN_IS_WHITE if self.compression in FAXES else MIN_IS_BLACK

    @cached_property
    def bits(self) -> tuple[int, ...]:
        """Of each sample; as many as there are samples."""
        return self._each(tags.BITS, 8 if self.compression == OLD_JPEG else 1)

    @cached_property
    def depth(self) -> int:
        """The bits of the widest sample."""
        return max(self.bits)

    @property
    def is_deep(self) -> bool:
        """Whether it is shown by values of more than 8 bits, of which a range can be chosen."""
        return self.depth > 8 and self.photometric in (MIN_IS_WHITE, MIN_IS_BLACK, RGB)

    @cached_property
    def sample_formats(self) -> tuple[int, ...]:
        """Of each sample; what is left undefined counts as unsigned, and so do a* and b*: theirs is known."""
        formats = tuple(UNSIGNED if each == 4 else each for each in self._each(tags.SAMPLE_FORMAT, UNSIGNED))
        return (formats[0], UNSIGNED, UNSIGNED, *formats[3:]) if self.photometric == CIELAB else formats

    def _each(self, tag: int, otherwise: int) -> tuple[int, ...]:
        values = self.directory.whole_numbers(tag, self.samples)
        if len(values) == self.samples:
            return values
        return (values[0] if values else otherwise,) * self.samples

    @cached_property
    def extra(self) -> tuple[int, ...]:
        """What each sample beyond the colours is."""
        colours = self.colours
        if self.samples <= colours:
            return ()
        given = self.directory.whole_numbers(tags.EXTRA_SAMPLES, self.samples)[-(self.samples - colours) :]
        if not given and self.photometric == RGB and self.samples == 4:
            # It must say so, and does not: viewers take a fourth channel of RGB for alpha.
            return (UNASSOCIATED,)
        # Corel Draw 10 writes 999.
        given = tuple(UNASSOCIATED if each == 999 else each for each in given)
        return (UNSPECIFIED,) * (self.samples - colours - len(given)) + given

    @cached_property
    def colours(self) -> int:
        """Samples that make the colour of a pixel."""
        count = _COLOURS.get(self.photometric, 1)
        # YCbCr and L*a*b* of one sample have brightness alone.
        return 1 if self.photometric in (YCBCR, *LAB) and self.samples == 1 else count

    @cached_property
    def alpha(self) -> int | None:
        """Which sample is transparency."""
        found = [at for at, each in enumerate(self.extra) if each in (ASSOCIATED, UNASSOCIATED)]
        return self.colours + found[0] if found else None

    @property
    def premultiplied(self) -> bool:
        return self.alpha is not None and self.extra[self.alpha - self.colours] == ASSOCIATED

    @cached_property
    def planar(self) -> bool:
        """Whether each sample has a plane of its own."""
        return self.samples > 1 and self._number(tags.PLANAR, 1) == 2

    @cached_property
    def predictor(self) -> int:
        # Only these compressions have one; others carry the tag along.
        return self._number(tags.PREDICTOR, 1) if self.compression in (LZW, DEFLATE, 32946, 34925, 50000) else 1

    @cached_property
    def fill_order(self) -> int:
        return self._number(tags.FILL_ORDER, 1)

    @cached_property
    def orientation(self) -> int:
        found = self._number(tags.ORIENTATION, 1)
        return found if 1 <= found <= 8 else 1

    @cached_property
    def tiled(self) -> bool:
        return tags.TILE_OFFSETS in self.directory or (
            tags.TILE_WIDTH in self.directory and tags.STRIP_OFFSETS in self.directory
        )

    @cached_property
    def block_size(self) -> Size:
        """Width and height of a tile or a strip."""
        width, height = self.size
        if not self.tiled:
            rows = self._number(tags.ROWS_PER_STRIP, height)
            return width, min(rows, height) if rows > 0 else height
        tile = self._number(tags.TILE_WIDTH, 0), self._number(tags.TILE_HEIGHT, 0)
        if min(tile) <= 0 or max(tile) > max(65_535, *self.size):
            raise DamagedFile("is broken: it does not say how large its tiles are")
        return tile

    @cached_property
    def grid(self) -> tuple[int, int]:
        """How many blocks across and down."""
        (width, height), (across, down) = self.size, self.block_size
        return math.ceil(width / across), math.ceil(height / down)

    @property
    def extent(self) -> Size:
        """Width and height with all of the tiles at its edges: so much is decoded."""
        (across, down), (width, height) = self.grid, self.block_size
        return across * width, (down * height if self.tiled else self.size[1])

    @property
    def lossy(self) -> bool:
        """Whether it went through JPEG."""
        return self.compression in (JPEG, OLD_JPEG)

    @cached_property
    def layers(self) -> int:
        """Slices of a volume in this one directory (ImageDepth); some slide scanners write the tag, and have none."""
        layers = self._number(tags.IMAGE_DEPTH, 1)
        entry = self.directory.entries.get(self._where)
        wanted = self.grid[0] * self.grid[1] * self.planes * math.ceil(layers / self._tile_depth)
        return layers if layers > 1 and entry is not None and entry.count >= wanted else 1

    @property
    def _tile_depth(self) -> int:
        return max(1, self._number(tags.TILE_DEPTH, 1)) if self.tiled else 1

    @cached_property
    def tile_layers(self) -> int:
        """How many of them one tile holds."""
        return self._tile_depth if self.layers > 1 else 1

    @property
    def _where(self) -> int:
        return tags.TILE_OFFSETS if tags.TILE_OFFSETS in self.directory else tags.STRIP_OFFSETS

    @cached_property
    def planes(self) -> int:
        return self.samples if self.planar else 1

    def row_length(self, width: int) -> int:
        """Bytes of a row of so many pixels, of one plane."""
        return math.ceil(width * (self.depth if self.planar else sum(self.bits)) / 8)

    def unpacked_length(self, row: int) -> int:
        """Bytes of a block in that row of blocks when it is not compressed."""
        across, down = self.block_size
        if not self.tiled:
            down = min(down, self.size[1] - row * down)
        if self.photometric == YCBCR and not self.planar and self.samples == 3 and self.compression != JPEG:
            horizontal, vertical = self.subsampling
            units = math.ceil(across / horizontal) * math.ceil(down / vertical)
            return math.ceil(units * (horizontal * vertical + 2) * self.depth / 8)
        return self.row_length(across) * down * self.tile_layers

    @cached_property
    def subsampling(self) -> tuple[int, int]:
        values = self.directory.whole_numbers(tags.YCBCR_SUBSAMPLING, 2)
        if len(values) != 2:
            return 2, 2
        if any(value not in (1, 2, 4) for value in values):
            raise DamagedFile(f"is broken: its colour is subsampled {values[0]}x{values[1]}")
        return values[0], values[1]

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """All strips or tiles: row by row, then plane by plane. Raises DamagedFile when one lies outside the file."""
        directory, (across, down) = self.directory, self.grid
        wanted = across * down * self.planes * math.ceil(self.layers / self.tile_layers)
        where = self._where
        lengths = tags.TILE_COUNTS if where == tags.TILE_OFFSETS else tags.STRIP_COUNTS
        if self.compression == OLD_JPEG and where not in directory:
            return ()
        # Never more than the file can hold, however large it says that it is.
        offsets = directory.whole_numbers(where, wanted)
        if len(offsets) < wanted:
            kind = "tiles" if self.tiled else "strips"
            raise contradiction(f"by its size it has {wanted:,} {kind}, by their list {len(offsets):,}")
        if self.planar and self.layers == 1 and (listed := directory.entries[where].count) >= 2 * wanted:
            raise contradiction(f"by its size it has {wanted:,} strips or tiles, by their list {listed:,}")
        counts = directory.whole_numbers(lengths, wanted)
        counts += (0,) * (wanted - len(counts))
        return self._corrected(offsets, counts)

    def _corrected(self, offsets: tuple[int, ...], counts: tuple[int, ...]) -> tuple[Block, ...]:
        size, raw = self.directory.tiff.size, self.compression == RAW
        (across, down), unknown = self.grid, not any(counts)
        starts = sorted({*offsets, size}) if unknown and not raw else []
        # libtiff's rule: a single length, and the first two when they differ, may be nonsense.
        believed = len(counts) == 2 or (len(counts) > 2 and (counts[0] == counts[1] or not all(counts[:2])))
        blocks = []
        for at, (offset, count) in enumerate(zip(offsets, counts, strict=True)):
            if not offset or not (count or unknown):
                blocks.append(Block(0, 0))
                continue
            if raw:
                # Of what is not compressed the length is known, and some write a wrong one.
                needed = self.unpacked_length(at // across % down)
                if believed and 0 < count < needed:
                    raise contradiction(f"by its size a strip has {needed:,} bytes, by their list {count:,}")
                count = needed
            elif unknown:
                count = starts[min(bisect_right(starts, offset), len(starts) - 1)] - offset
            if offset + count > size or offset >= size:
                raise DamagedFile(_OUTSIDE)
            blocks.append(Block(offset, count))
        return tuple(blocks)

    @property
    def ordinary(self) -> bool:
        """Whether its tags are those of TIFF, in TIFF's types: of others libtiff complains on the standard error."""
        return all(tag >= tags.NEW_SUBFILE and 1 <= entry.kind <= 18 for tag, entry in self.directory.entries.items())

    @property
    def lengths_stated(self) -> bool:
        """Whether the file says how long its strips or tiles are, so that none was guessed."""
        lengths = tags.TILE_COUNTS if self._where == tags.TILE_OFFSETS else tags.STRIP_COUNTS
        return any(self.directory.whole_numbers(lengths, len(self.blocks)))

    @cached_property
    def shown(self) -> int:
        """So many samples, from the first on, are looked at: up to the last colour, or alpha."""
        return self.colours if self.alpha is None else self.alpha + 1

    @cached_property
    def written_share(self) -> float:
        """Which part of the blocks that are looked at there is, 0 to 1."""
        blocks = self.blocks
        if self.planar and self.layers == 1:
            blocks = blocks[: len(blocks) // self.planes * self.shown]
        return sum(block.written for block in blocks) / len(blocks) if blocks else 1.0
