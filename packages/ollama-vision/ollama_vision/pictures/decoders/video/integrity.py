"""Integrity checks of WMV, FLV, MXF and Ogg videos: all bytes are there; of others, formats/integrity.py."""

from __future__ import annotations

from typing import BinaryIO

from ...formats.header import DamagedFile
from ...formats.kinds import ASF, MXF, Kind

_HEAD = 1 << 16
_FILE_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_PAGE = b"OggS\0"
"""How a page of Ogg begins."""
_LONGEST_PAGE = 27 + 255 + 255 * 255
_HEADER_PARTITION = bytes.fromhex("060e2b34020501010d01020101")


def check_by_header(file: BinaryIO, kind: Kind) -> None:
    """Raises DamagedFile when the header promises more bytes than there are; leaves the file at its start."""
    size = file.seek(0, 2)
    file.seek(0)
    head = file.read(_HEAD)
    promised = _of_asf(head) if kind is ASF else _of_mxf(head) if kind is MXF else 0
    if promised > size:
        raise DamagedFile("is cut short: it ends inside its picture data")
    file.seek(0)


def _of_asf(head: bytes) -> int:
    at = head.find(_FILE_PROPERTIES)
    if at < 0 or len(head) < at + 92:
        return 0
    broadcast = head[at + 88] & 1  # its writer did not know the size
    return 0 if broadcast else int.from_bytes(head[at + 40 : at + 48], "little")


def _of_mxf(head: bytes) -> int:
    """Where the last partition begins, if the header knows it."""
    at = head.find(_HEADER_PARTITION)
    if at < 0 or len(head) < at + 64:
        return 0
    length = head[at + 16]
    value = at + 17 + (length & 0x7F if length & 0x80 else 0)
    footer = int.from_bytes(head[value + 24 : value + 32], "big")
    return at + footer + 1 if footer else 0


def ends_with_a_tag(file: BinaryIO) -> bool:
    """Whether the last thing in an FLV file is a whole tag: behind each stands how long it was."""
    size = file.seek(0, 2)
    if size < 28:
        return False
    file.seek(size - 4)
    length = int.from_bytes(file.read(4), "big")
    if not 11 <= length <= size - 13:
        return False
    file.seek(size - 4 - length)
    tag = file.read(4)
    return tag[0] & 0x1F in (8, 9, 18) and int.from_bytes(tag[1:], "big") == length - 11


def check_last_page(file: BinaryIO) -> None:
    """Raises DamagedFile when an Ogg file ends within a page, or within a packet that goes on in the next one
    (RFC 3533); leaves the file at its start.

    That its last page is not marked as the end of a stream proves nothing: recordings of live streams have no such
    mark.
    """
    size = file.seek(0, 2)
    file.seek(max(0, size - 2 * _LONGEST_PAGE))
    tail = file.read()
    file.seek(0)
    begin = tail.rfind(_PAGE)
    if begin < 0:
        return  # something else was put behind it
    page = tail[begin:]
    lengths = page[27 : 27 + page[26]] if len(page) > 26 else b""
    end = 27 + len(lengths) + sum(lengths)
    behind = page[end:]
    whole = len(page) >= max(end, 27) and len(lengths) == page[26]
    # A length of 255 says that the packet goes on.
    if not whole or (not behind and lengths[-1:] == b"\xff") or (behind and _PAGE.startswith(behind)):
        raise DamagedFile("is cut short: it ends inside its picture data")
