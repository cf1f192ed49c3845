"""Camera raw files (DNG, NEF, ARW, CR2, ORF, RAF, ...) by their tags: told from TIFF, and whether their data are there.

Raw files of most makers are TIFFs by their first bytes, and their first directory is a thumbnail.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from typing import BinaryIO

from . import tiff_tags as tags
from .header import DamagedFile
from .tiff_tags import Directory, TiffFile

COMPRESSIONS = frozenset({32767, 32769, 32770, 34713, 34892, 65000, 65535})
"""Of sensors' values, by Sony, Epson, Samsung, Nikon, Adobe, Kodak and Pentax."""
CFA, LINEAR_RAW = 32803, 34892
"""PhotometricInterpretation: one colour behind each pixel's filter (mosaic), or all three of each."""
_SUBDIRECTORIES, _DNG_VERSION = 330, 50706
_MOST_SUBDIRECTORIES = 16
_MOST_IN_A_ROW = 4
"""Canon's CR2 keeps the sensor's values in the fourth directory."""
_LONG_KINDS = (4, 13)
_NOWHERE = 0xFFFFFFFF


def is_raw(file: BinaryIO) -> bool:
    """Whether a TIFF by its first bytes holds what a sensor measured; leaves the file anywhere.

    Of what is too damaged to tell it says no: then it is told as a damaged TIFF.
    """
    try:
        tiff = TiffFile.of(file)
        first = tiff.directory(tiff.first())
        if _DNG_VERSION in first or tags.LEAF in first:
            return True
        least = _pixels(first)
        # A page beside plain ones of its size is a page: whoever asks for it is told what it is.
        return any(
            _is_of_a_sensor(each) and (each is first or is_below or _pixels(each) > least)
            for each, is_below in _directories(tiff, first)
        )
    except (DamagedFile, struct.error):
        return False


def _is_of_a_sensor(directory: Directory) -> bool:
    photometric, compression = directory.number(tags.PHOTOMETRIC, 0), directory.number(tags.COMPRESSION, 1)
    return photometric in (CFA, LINEAR_RAW) or compression in COMPRESSIONS


def _pixels(directory: Directory) -> int:
    return directory.number(tags.WIDTH, 0) * directory.number(tags.HEIGHT, 0)


def _directories(tiff: TiffFile, first: Directory) -> Iterator[tuple[Directory, bool]]:
    """The first few in the chain, and, marked as such, those that each of them refers to. Damaged ones end the list."""
    directory, seen = first, {first.offset}
    for _ in range(_MOST_IN_A_ROW):
        yield directory, False
        entry = directory.entries.get(_SUBDIRECTORIES)
        if entry is not None and entry.kind in _LONG_KINDS:
            for offset in directory.whole_numbers(_SUBDIRECTORIES, _MOST_SUBDIRECTORIES):
                if offset and offset not in seen:
                    seen.add(offset)
                    yield tiff.directory(offset), True
        if not directory.following or directory.following in seen:
            return
        seen.add(directory.following)
        directory = tiff.directory(directory.following)


def check_data(file: BinaryIO) -> None:
    """Raises DamagedFile for a raw file that ends before its sensor's values do: LibRaw puts black in their place.

    What is of no kind that is known here is left to LibRaw.
    """
    size = file.seek(0, 2)
    file.seek(0)
    head = file.read(128)
    if head[:2] in (b"II", b"MM") and head[6:10] != b"HEAP":
        end = _end_of_tiff(file)
    elif head.startswith(b"FUJIFILMCCD-RAW") and len(head) >= 108:
        start, length = struct.unpack_from(">II", head, 100)
        end = start + length
    elif head[4:8] == b"ftyp":
        end = _end_of_boxes(file, size)
    else:
        return
    if end > size:
        raise DamagedFile(f"is cut short: it ends inside what the sensor measured ({size:,} of {end:,} bytes)")


def _end_of_tiff(file: BinaryIO) -> int:
    """Where the last strip or tile of the largest picture ends. Raises DamagedFile where some of them are missing."""
    tiff = TiffFile.of(file)
    largest, found = 0, None
    for directory, _ in _directories(tiff, tiff.directory(tiff.first())):
        pixels = _pixels(directory)
        if pixels >= largest and (tags.STRIP_OFFSETS in directory or tags.TILE_OFFSETS in directory):
            largest, found = pixels, directory
    if found is None:
        return 0
    tiled = tags.TILE_OFFSETS in found
    starts = found.whole_numbers(tags.TILE_OFFSETS if tiled else tags.STRIP_OFFSETS)
    lengths = found.whole_numbers(tags.TILE_COUNTS if tiled else tags.STRIP_COUNTS)
    if tiled:
        across = math.ceil(found.number(tags.WIDTH, 0) / max(found.number(tags.TILE_WIDTH, 1), 1))
        wanted = across * math.ceil(found.number(tags.HEIGHT, 0) / max(found.number(tags.TILE_HEIGHT, 1), 1))
        if len(starts) < wanted:
            raise DamagedFile(f"is broken: it has {len(starts):,} of its {wanted:,} tiles")
    # Panasonic says where its values are in a tag of its own.
    known = [(start, length) for start, length in zip(starts, lengths, strict=False) if start < _NOWHERE]
    return max((start + length for start, length in known), default=0)


def _end_of_boxes(file: BinaryIO, size: int) -> int:
    """Of Canon's CR3: where the last of its boxes ends."""
    from .isobmff import NoBox, each_box

    end = 0
    try:
        for box in each_box(file, 0, size):
            end = max(end, box.end)
    except NoBox:
        return end
    return end
