"""ISO base media boxes (ISO-BMFF: MP4, HEIF, AVIF), found by their lengths and never read beyond what is asked for."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

MOST_BOXES = 1 << 20
"""In a row: a recording with a fragment for each frame has 430,000 an hour, a hostile file one for each 8 bytes."""
LARGEST_BODY = 4_000_000
"""Bytes of a box that are read at once. The index of a picture of 200 megapixels takes 100 kB, an ICC profile 1 MB."""


class NoBox(ValueError):
    """A length that no box can have."""


@dataclass(frozen=True)
class Box:
    name: bytes
    start: int
    """Where its body begins in the file, and, at `end`, where the next box does. That may lie behind the file's end."""
    end: int


def each_box(file: BinaryIO, start: int, end: int) -> Iterator[Box]:
    """The boxes from `start` on, the last of which may reach beyond `end`. Raises NoBox at what is none.

    A length of 0 means up to `end`. Fewer than 8 bytes at the end are no box, and nothing is said about them.
    """
    position = start
    for _ in range(MOST_BOXES):
        if position + 8 > end:
            return
        file.seek(position)
        head = file.read(16)
        if len(head) < 8:
            return
        length, name = struct.unpack_from(">I4s", head)
        body = 8
        if length == 1 and len(head) == 16:
            length, body = struct.unpack_from(">Q", head, 8)[0], 16
        elif length == 0:
            length = end - position
        if length < body:
            raise NoBox
        yield Box(name, position + body, position + length)
        position += length


def inner_boxes(file: BinaryIO, box: Box, skip: int = 0) -> Iterator[Box]:
    """The boxes in a box, behind the `skip` bytes of its own fields. What reaches out of it ends the list."""
    try:
        for inner in each_box(file, box.start + skip, box.end):
            if inner.end > box.end:
                return
            yield inner
    except NoBox:
        return


def first_box(file: BinaryIO, box: Box, *names: bytes, skip: int = 0) -> Box | None:
    """The first box of the first name in it, in that the first of the second name, and so on; `None` without it."""
    found: Box | None = box
    for name in names:
        if found is not None:
            found = next((inner for inner in inner_boxes(file, found, skip) if inner.name == name), None)
        skip = 0
    return found


def body_of(file: BinaryIO, box: Box) -> bytes:
    """What is in it; empty when that is more than `LARGEST_BODY`."""
    length = box.end - box.start
    if length > LARGEST_BODY:
        return b""
    file.seek(box.start)
    return file.read(length)
