"""What a HEIF file (HEIC, AVIF) says of its primary item or first track: clean aperture, colours (nclx), codec."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import BinaryIO

from ..frames import Crop, Size
from .isobmff import Box, NoBox, body_of, each_box, first_box, inner_boxes

MOST_PROPERTIES = 255
"""Of one item: the file format has no room for more."""
_SAMPLE_ENTRY = 78
"""Bytes of a visual sample entry before its boxes."""

OTHER_CODECS = {
    b"avc1": "AVC (H.264)",
    b"av01": "AV1, without saying that it is an AVIF",
    b"evc1": "EVC",
    b"j2k1": "JPEG 2000",
    b"jpeg": "JPEG",
    b"vvc1": "VVC (H.266)",
}
"""Types of items of a HEIF file for which the libheif in pillow-heif has no decoder: it has one of HEVC."""

Property = tuple[bytes, bytes]
"""Name and body of a box that says something of a picture."""


@dataclass(frozen=True)
class Track:
    """A track of pictures."""

    identity: int
    handler: bytes
    """`b"pict"` of an image sequence, `b"vide"` of a video, `b"auxv"` of its alpha or depth."""
    enabled: bool
    serves: bool
    """Whether it is there for another track only: its thumbnails, its alpha, its depth."""
    size: Size
    """As coded: nothing is cropped or turned yet."""
    properties: tuple[Property, ...]


@dataclass(frozen=True)
class Heif:
    codec: bytes | None
    """Type of the primary item, of a grid that of its tiles: `b"hvc1"`, `b"av01"`. `None` without a still picture."""
    properties: tuple[Property, ...]
    """Of the primary item, in the order in which they are to be applied; of a grid also its first tile's `colr`."""
    tracks: tuple[Track, ...]
    plays: bool = False
    """Whether the file is a sequence before it is a still picture, by its major brand."""


def heif_of(file: BinaryIO) -> Heif:
    """What the boxes say. Whatever is broken in them is as if it were not there: decoders have to judge that."""
    size = file.seek(0, 2)
    file.seek(8)
    plays = file.read(4) in (b"avis", b"msf1", b"hevc", b"hevx", b"hevm", b"hevs")
    still: tuple[bytes | None, tuple[Property, ...]] = (None, ())
    tracks: tuple[Track, ...] = ()
    try:
        for box in each_box(file, 0, size):
            if box.name == b"meta" and still[0] is None:
                still = _primary(file, box)
            elif box.name == b"moov" and not tracks:
                tracks = tuple(_tracks(file, box))
    except (NoBox, struct.error):
        pass
    return Heif(*still, tracks, plays)


def sequence_of(heif: Heif, *, several: bool = False) -> Track | None:
    """The track to show of a file that has no still picture; `None` of one that has, unless several are asked for."""
    return main_track(heif) if heif.codec is None else sequence_beside(heif) if several else None


def sequence_beside(heif: Heif) -> Track | None:
    """The image sequence in a file, also beside a still picture."""
    track = main_track(heif)
    return track if track is not None and track.handler == b"pict" else None


def alpha_track(heif: Heif, of: Track) -> Track | None:
    """The track whose brightness is the other one's transparency."""
    for track in heif.tracks:
        if track.handler == b"auxv" and track.identity != of.identity and b"alpha" in _last(track.properties, b"auxi"):
            return track
    return None


def shown_properties(heif: Heif) -> tuple[Property, ...]:
    """Of the still picture, or of the track where that is shown."""
    track = main_track(heif)
    return track.properties if track is not None and (heif.plays or heif.codec is None) else heif.properties


def main_track(heif: Heif) -> Track | None:
    """The track that is shown: of pictures first, else of a video."""
    for handler in (b"pict", b"vide"):
        for track in heif.tracks:
            if track.handler == handler and track.enabled and not track.serves:
                return track
    return None


def clean_aperture(properties: tuple[Property, ...], size: Size) -> Crop | None:
    """The part of a picture of that size, not turned yet, that is to be shown; `None` for all of it.

    An aperture with no width, or beside the picture, is taken for none, as by libavif and libheif.
    """
    body = _last(properties, b"clap")
    if len(body) < 32:
        return None
    values = struct.unpack(">8i", body[:32])
    if not all(values[at] > 0 for at in (0, 1, 2, 3, 5, 7)):
        return None
    width, height, right, down = (Fraction(values[at], values[at + 1]) for at in (0, 2, 4, 6))
    # The offsets are between the centres of the two.
    sides = ((size[0], width, right), (size[1], height, down))
    starts = [(whole - part) / 2 + offset for whole, part, offset in sides]
    left, top = (max(0, round(start)) for start in starts)
    end_x, end_y = (min(whole, round(start + part)) for (whole, part, _), start in zip(sides, starts, strict=True))
    if left >= end_x or top >= end_y or (left, top, end_x, end_y) == (0, 0, *size):
        return None
    return left, top, end_x, end_y


def colour_codes(properties: tuple[Property, ...]) -> tuple[int, int] | None:
    """ColourPrimaries and TransferCharacteristics (CICP) of an nclx colour box; `None` when it says none."""
    for name, body in properties:
        if name == b"colr" and body[:4] in (b"nclx", b"nclc") and len(body) >= 8:
            primaries, transfer = struct.unpack_from(">HH", body, 4)
            return primaries, transfer
    return None


def brightest(properties: tuple[Property, ...]) -> int:
    """cd/m2 of the brightest pixel (MaxCLL of the content light level box); 0 when nobody says."""
    body = _last(properties, b"clli")
    return int.from_bytes(body[:2], "big")


def _last(properties: tuple[Property, ...], name: bytes) -> bytes:
    return next((body for found, body in reversed(properties) if found == name), b"")


def _primary(file: BinaryIO, meta: Box) -> tuple[bytes | None, tuple[Property, ...]]:
    parts = {box.name: box for box in reversed([*inner_boxes(file, meta, 4)])}
    if b"pitm" not in parts or b"iprp" not in parts:
        return None, ()
    item = _number(body_of(file, parts[b"pitm"]), 4, wide=body_of(file, parts[b"pitm"])[:1] != b"\x00")
    types = dict(item_types(file, parts[b"iinf"])) if b"iinf" in parts else {}
    shared = first_box(file, parts[b"iprp"], b"ipco")
    if shared is None:
        return types.get(item), ()
    held = [*inner_boxes(file, shared)]
    used = dict(_associations(file, parts[b"iprp"]))
    properties = _read(file, held, used.get(item, ()))
    codec = types.get(item)
    first: int | None = item
    for _ in range(4):  # a derived picture may be of a derived one
        if codec not in (b"grid", b"iovl", b"iden") or b"iref" not in parts:
            break
        first = _first_source(file, parts[b"iref"], first or 0)
        codec = types.get(first or 0)
    if first != item and not any(name == b"colr" for name, _ in properties):
        properties += tuple(one for one in _read(file, held, used.get(first or 0, ())) if one[0] == b"colr")
    return codec, properties


def _read(file: BinaryIO, held: list[Box], numbers: tuple[int, ...]) -> tuple[Property, ...]:
    """Numbers count from 1; 0 is none."""
    boxes = (held[number - 1] for number in numbers if 0 < number <= len(held))
    return tuple((box.name, body_of(file, box)) for box in boxes)


def _number(data: bytes, at: int, *, wide: bool) -> int:
    value: int = struct.unpack_from(">I" if wide else ">H", data, at)[0]
    return value


def item_types(file: BinaryIO, box: Box) -> Iterator[tuple[int, bytes]]:
    """The number and the type of each item that an `iinf` box names."""
    file.seek(box.start)
    for entry in inner_boxes(file, box, 6 if file.read(1) == b"\x00" else 8):
        file.seek(entry.start)
        head = file.read(min(16, entry.end - entry.start))
        if entry.name == b"infe" and len(head) >= 12 and head[0] in (2, 3):
            wide = head[0] == 3
            at = 10 if wide else 8
            yield _number(head, 4, wide=wide), head[at : at + 4]


def _associations(file: BinaryIO, box: Box) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Which properties each item has, by their numbers."""
    for table in inner_boxes(file, box):
        data = body_of(file, table) if table.name == b"ipma" else b""
        if len(data) < 8:
            continue
        wide, long = data[0] > 0, data[3] & 1
        position = 8
        for _ in range(struct.unpack_from(">I", data, 4)[0]):
            if position + 3 + 2 * wide > len(data):
                break
            item = _number(data, position, wide=wide)
            position += 4 if wide else 2
            count = data[position]
            numbers = data[position + 1 : position + 1 + count * (1 + long)]
            position += 1 + count * (1 + long)
            # The highest bit says whether a reader must know the property.
            if long:
                yield item, tuple(value & 0x7FFF for (value,) in struct.iter_unpack(">H", numbers[: len(numbers) & ~1]))
            else:
                yield item, tuple(value & 0x7F for value in numbers)


def _first_source(file: BinaryIO, box: Box, item: int) -> int | None:
    """The first item of which the derived one is made."""
    file.seek(box.start)
    wide = file.read(1) != b"\x00"
    step = 4 if wide else 2
    for reference in inner_boxes(file, box, 4):
        file.seek(reference.start)
        head = file.read(min(3 * step, reference.end - reference.start))
        if reference.name == b"dimg" and len(head) >= 2 * step + 2 and _number(head, 0, wide=wide) == item:
            return _number(head, step + 2, wide=wide)
    return None


def _tracks(file: BinaryIO, movie: Box) -> Iterator[Track]:
    for box in inner_boxes(file, movie):
        if box.name != b"trak":
            continue
        header = first_box(file, box, b"tkhd")
        handler = first_box(file, box, b"mdia", b"hdlr")
        if header is None or handler is None:
            continue
        head = body_of(file, header)[:24]
        if len(head) < 24:
            continue
        references = first_box(file, box, b"tref")
        kinds = {one.name for one in inner_boxes(file, references)} if references is not None else set()
        size, properties = _sample_entry(file, box)
        yield Track(
            identity=_number(head, 20 if head[0] == 1 else 12, wide=True),
            handler=body_of(file, handler)[8:12],
            enabled=bool(head[3] & 1),
            serves=bool(kinds & {b"thmb", b"auxl", b"cdsc"}),
            size=size,
            properties=properties,
        )


def _sample_entry(file: BinaryIO, track: Box) -> tuple[Size, tuple[Property, ...]]:
    """How its first sample is coded: its size, and the boxes that describe it."""
    table = first_box(file, track, b"mdia", b"minf", b"stbl", b"stsd")
    entry = next(inner_boxes(file, table, 8), None) if table is not None else None
    if entry is None or entry.end - entry.start < _SAMPLE_ENTRY:
        return (0, 0), ()
    file.seek(entry.start + 24)
    width, height = struct.unpack(">HH", file.read(4))
    inner = [*inner_boxes(file, entry, _SAMPLE_ENTRY)][:MOST_PROPERTIES]
    return (width, height), tuple((box.name, body_of(file, box)) for box in inner)
