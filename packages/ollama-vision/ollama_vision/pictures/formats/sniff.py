"""Format detection by signature (magic numbers): no name, suffix or media type is believed."""

from __future__ import annotations

import re
import zlib
from typing import BinaryIO

from . import foreign
from .data_urls import decode_base64
from .kinds import (
    ASF,
    AVI,
    AVIF,
    BMP,
    CAMERA_RAW,
    DICOM,
    FLV,
    GIF,
    HEIC,
    ICO,
    JPEG,
    JPEG_2000,
    MATROSKA,
    MP3,
    MP4,
    MPEG_PS,
    MPEG_TS,
    MXF,
    OGG,
    PCX,
    PDF,
    PNG,
    PNM,
    QOI,
    READABLE,
    SGI,
    TGA,
    TIFF,
    UNKNOWN,
    WAV,
    WEBP,
    Kind,
)

HEAD = 4096
"""So many first bytes are enough for `sniff`."""

# (offset, bytes, kind), the first that fits.
_MAGIC: tuple[tuple[int, bytes, Kind], ...] = (
    (0, b"\xff\xd8\xff", JPEG),
    (0, b"\x89PNG\r\n\x1a\n", PNG),
    # Ends of lines that were changed, bytes that were taken for Latin-1, or for broken UTF-8.
    (0, b"\x89PNG\n", foreign.AS_TEXT),
    (0, b"\x89PNG\r\r", foreign.AS_TEXT),
    (0, b"\xc2\x89PNG", foreign.AS_TEXT),
    (0, b"\xef\xbf\xbdPNG", foreign.AS_TEXT),
    (0, b"GIF87a", GIF),
    (0, b"GIF89a", GIF),
    # Before TIFF: what stands in its first 128 bytes is nobody's business, and some archives put a TIFF header there.
    (128, b"DICM", DICOM),
    (8, b"CR\x02\x00", CAMERA_RAW),
    (0, b"II*\x00", TIFF),
    (0, b"MM\x00*", TIFF),
    (0, b"II+\x00", TIFF),
    (0, b"MM\x00+", TIFF),
    (0, b"II\xbc", foreign.JPEG_XR),
    (0, b"IIRO", CAMERA_RAW),
    (0, b"MMOR", CAMERA_RAW),
    (6, b"HEAPCCDR", CAMERA_RAW),
    (0, b"\0MRM", CAMERA_RAW),
    (0, b"FOVb", CAMERA_RAW),
    (0, b"IIRS", CAMERA_RAW),
    (0, b"IIU\x00", CAMERA_RAW),
    (0, b"FUJIFILMCCD-RAW", CAMERA_RAW),
    (0, b"\x00\x00\x02\x00\x01\x00", foreign.CUR),
    (0, b"8BPS", foreign.PSD),
    (0, b"\x00\x00\x00\x0cJXL \r\n\x87\n", foreign.JPEG_XL),
    (0, b"\xff\x0a", foreign.JPEG_XL),
    (0, b"\x00\x00\x00\x0cjP  \r\n\x87\n", JPEG_2000),
    (0, b"\xff\x4f\xff\x51", JPEG_2000),
    (0, b"qoif", QOI),
    (0, b"\x01\xda\x00\x01\x00", SGI),
    (0, b"\x01\xda\x00\x02\x00", SGI),
    (0, b"\x01\xda\x01\x01\x00", SGI),
    (0, b"\x01\xda\x01\x02\x00", SGI),
    (0, b"icns", foreign.ICNS),
    (0, b"v/1\x01", foreign.EXR),
    (0, b"#?RADIANCE", foreign.HDR),
    (0, b"#?RGBE", foreign.HDR),
    (0, b"DDS ", foreign.DDS),
    (0, b"SDPX", foreign.DPX),
    (0, b"XPDS", foreign.DPX),
    (0, b"\x80\x2a\x5f\xd7", foreign.DPX),
    (0, b"\x8aMNG\r\n\x1a\n", foreign.MNG),
    (0, b"gimp xcf", foreign.XCF),
    (0, b"AT&TFORM", foreign.DJVU),
    (0, b"/* XPM */", foreign.XPM),
    (0, b"\xd7\xcd\xc6\x9a", foreign.METAFILE),
    (344, b"n+1\0", foreign.NIFTI),
    (344, b"ni1\0", foreign.NIFTI),
    (4, b"n+2\0", foreign.NIFTI),
    (4, b"ni2\0", foreign.NIFTI),
    (0, b"ZISRAWFILE", foreign.MICROSCOPE),
    (0, b"\xda\xce\xbe\n", foreign.MICROSCOPE),
    (0, b"\x89HDF\r\n\x1a\n", foreign.HDF5),
    (0, b"CDF\x01", foreign.NETCDF),
    (0, b"CDF\x02", foreign.NETCDF),
    (0, b"CDF\x05", foreign.NETCDF),
    (0, b"NRRD000", foreign.NRRD),
    (0, b"\xfd7zXZ\0", foreign.COMPRESSED),
    (0, b"\x28\xb5\x2f\xfd", foreign.COMPRESSED),
    (0, b"SIMPLE  =", foreign.FITS),
    (0, b"\x93NUMPY", foreign.NPY),
    (0, b"%!PS", foreign.POSTSCRIPT),
    (0, b"\xc5\xd0\xd3\xc6", foreign.EPS),
    (0, b"\x1a\x45\xdf\xa3", MATROSKA),
    (0, b"OggS", OGG),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c", ASF),
    (0, b"FLV\x01", FLV),
    (0, b"\x00\x00\x01\xba", MPEG_PS),
    (0, b"fLaC", foreign.FLAC),
    (0, b"ID3", MP3),
    (0, b"7z\xbc\xaf\x27\x1c", foreign.SEVEN_ZIP),
    (0, b"Rar!\x1a\x07", foreign.RAR),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", foreign.OFFICE),
    (0, b"version https://git-lfs.github.com/spec/", foreign.LFS),
)

# The same, of what is no text: words may stand there too.
_MAGIC_OF_BINARY: tuple[tuple[int, bytes, Kind], ...] = (
    (40, b" EMF", foreign.METAFILE),
    (208, b"MAP ", foreign.MRC),
    (257, b"ustar", foreign.TAR),
    (0, b"GRIB", foreign.GRIB),
    (4, b"1AY&SY", foreign.COMPRESSED),
    # A JPEG's first bytes, taken for Latin-1 or for broken UTF-8.
    (0, b"\xc3\xbf\xc3\x98\xc3\xbf", foreign.AS_TEXT),
    (0, b"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", foreign.AS_TEXT),
)

_ZIP_INSIDES = (
    (b"word/", foreign.DOCX),
    (b"ppt/", foreign.PPTX),
    (b"xl/", foreign.XLSX),
    (b"opendocument", foreign.ODF),
)


def sniff(head: bytes) -> Kind:
    """What the bytes are, from the first `HEAD` of them; `UNKNOWN` when they fit nothing."""
    if not head:
        return foreign.EMPTY
    if head[:2] in (b"II", b"MM") and head[8:12] in (b"IIII", b"MMMM"):
        return CAMERA_RAW  # Phase One's and Leaf's, whose first directory calls itself a whole picture
    for offset, magic, kind in _MAGIC:
        if head.startswith(magic, offset):
            return kind
    if b"\0" in head:
        for offset, magic, kind in _MAGIC_OF_BINARY:
            if head.startswith(magic, offset):
                return kind
    if head[:2] == b"\x1f\x8b":
        return foreign.gzip_of(_inside_gzip(head))
    if head[:4] == b"\x70\0\0\0" and head[8:9] == b"\x2a":
        return foreign.MICROSCOPE
    if head[4:8] == b"ftyp":
        return _iso_media(head)
    # The length before the name tells a small atom from text: "the free ...".
    if head[4:8] in (b"moov", b"mdat") or (head[4:8] in (b"wide", b"free", b"skip", b"pnot") and head[0] == 0):
        return MP4  # QuickTime before `ftyp`: cameras up to about 2008
    if head[:4] in (b"RIFF", b"RF64"):
        riff = {b"WEBP": WEBP, b"WAVE": WAV, b"AVI ": AVI}
        return riff.get(head[8:12], foreign.RIFF)
    if head[:2] == b"BM" and len(head) >= 26 and head[14] in (12, 16, 40, 52, 56, 64, 108, 124):
        return BMP
    if head[:4] == b"\x00\x00\x01\x00" and len(head) >= 22 and head[4:6] != b"\x00\x00":
        return ICO
    if head[:4] == b"PK\x03\x04":
        return next((kind for name, kind in _ZIP_INSIDES if name in head), foreign.ZIP)
    if b"%PDF-" in head[:1024]:
        return PDF
    if _transport_stream(head):
        return MPEG_TS
    if b"\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01\x02\x01\x01\x02" in head:  # its header partition, behind a run-in
        return MXF
    if len(head) >= 4 and head[0] == 0xFF and head[1] & 0xE6 == 0xE2 and head[2] & 0xF0 not in (0, 0xF0):
        return MP3
    if re.match(rb"\{\s*(?:HeaderID|EDF_\w+|ByteOrder|Dim_1|Image)\s*=", head):
        return foreign.EDF
    if re.match(rb"(?:Comment\s*=[^\n]*\n)?(?:ObjectType\s*=\s*Image|NDims\s*=\s*\d)", head):
        return foreign.METAIMAGE
    if re.match(rb"P[1-6]\s|P[Ff]\s|P7\n", head) and _is_pnm(head):
        return PNM
    if _is_pcx(head):
        return PCX
    if looks_like_text(head):
        return _text(head)
    if _is_bare_dicom(head):
        return foreign.DICOM_BARE
    return TGA if _is_tga(head) else UNKNOWN


def _is_bare_dicom(head: bytes) -> bool:
    """Whether it begins with an element of the groups 2 or 8, with a known type or, of the oldest kind, a length."""
    if head[:2] == b"\x00\x08":
        return head[4:6] in (b"UL", b"CS")
    if head[:2] not in (b"\x02\x00", b"\x08\x00") or head[3:4] > b"\x01":
        return False
    if head[4:6] in (b"UL", b"UI", b"CS", b"DA", b"SH", b"LO"):
        return True
    return head[:8] in (b"\x02\0\0\0\x04\0\0\0", b"\x08\0\0\0\x04\0\0\0") or (
        head[:4] in (b"\x08\0\x05\0", b"\x08\0\x08\0") and 0 < head[4] < 64 and head[5:8] == b"\0\0\0"
    )


_OLE_DIRECTORY = 4096
_OFFICE_STREAMS = tuple(
    name.encode("utf-16-le") for name in ("WordDocument", "Workbook", "Book", "PowerPoint Document")
)
_MICROSCOPE_STREAMS = tuple(name.encode("utf-16-le") for name in ("OibInfo.txt", "Image\0"))


def sniff_file(file: BinaryIO) -> Kind:
    """The same of an open file, of which more than the head is read where the head does not tell."""
    head = file.read(HEAD)
    kind = sniff(head)
    if kind is TIFF:
        from .raw_files import is_raw  # opened with the first TIFF

        return CAMERA_RAW if is_raw(file) else TIFF
    if kind is foreign.OFFICE and len(head) >= 512:
        # A compound file's streams are named in a directory, which may lie anywhere.
        size = 1 << min(int.from_bytes(head[30:32], "little"), 12)
        file.seek((int.from_bytes(head[48:52], "little") + 1) * size)
        names = file.read(_OLE_DIRECTORY)
        if not any(name in names for name in _OFFICE_STREAMS) and any(name in names for name in _MICROSCOPE_STREAMS):
            return foreign.MICROSCOPE
    if kind is foreign.TEXT and _is_base64_of_picture(head):
        return foreign.BASE64
    if kind is UNKNOWN and not any(head) and _is_zero(file):
        return foreign.ZEROS
    if kind is UNKNOWN and len(head) >= 18 and file.seek(0, 2) > 44:
        file.seek(-18, 2)
        return TGA if file.read() == b"TRUEVISION-XFILE.\0" else UNKNOWN
    return kind


def _is_base64_of_picture(head: bytes) -> bool:
    text = re.sub(rb"^\s*data:[^,]*,|\s", b"", head)
    inner = decode_base64(text[: len(text) // 4 * 4])
    return len(text) >= 32 and inner is not None and sniff(inner) in READABLE - {TGA}


def _is_zero(file: BinaryIO) -> bool:
    """Whether nothing but zeros is left."""
    while piece := file.read(1 << 20):
        if piece.count(0) < len(piece):
            return False
    return True


def _inside_gzip(head: bytes) -> Kind:
    try:
        return sniff(zlib.decompressobj(31).decompress(head, HEAD))
    except zlib.error:
        return UNKNOWN


def _is_pnm(head: bytes) -> bool:
    """Whether a size follows: text may begin with these letters."""
    if head[:2] == b"P7":
        return re.match(rb"P7\n(?:#[^\n]*\n)*(?:WIDTH|HEIGHT|DEPTH|MAXVAL|TUPLTYPE)\s", head) is not None
    return re.match(rb"P[1-6Ff](?:\s|#[^\r\n]*[\r\n])+\d+\s", head) is not None


def _is_pcx(head: bytes) -> bool:
    if len(head) < 128 or head[0] != 10 or head[1] not in (0, 2, 3, 4, 5) or head[2] != 1:
        return False
    return head[3] in (1, 2, 4, 8) and head[64] == 0 and 1 <= head[65] <= 4


def _is_tga(head: bytes) -> bool:
    """Targa has no magic bytes: each field of its header must make sense beside the others."""
    if len(head) < 18:
        return False
    mapped, kind, bits, flags = head[1], head[2] & ~8, head[16], head[17]
    if head[12:14] == b"\0\0" or head[14:16] == b"\0\0" or flags & 0xC0:
        return False
    if mapped:
        return mapped == 1 and kind == 1 and head[5:7] != b"\0\0" and head[7] in (15, 16, 24, 32) and bits == 8
    depths = {2: (15, 16, 24, 32), 3: (8, 16)}
    return head[2] in (2, 3, 10, 11) and head[3:8] == bytes(5) and bits in depths[kind] and flags & 0x0F in (0, 1, 8)


def _transport_stream(head: bytes) -> bool:
    """Packets of 188 bytes, of 192 with a clock before each (AVCHD, Blu-ray), or of 204 with check bytes behind; where
    enough of them are seen, the first may be a piece of one."""
    if len(head) > 188 and head[0] == 0x47 and all(sync == 0x47 for sync in head[188::188]):
        return True
    return any(
        head[start] == 0x47 and all(sync == 0x47 for sync in head[start::length])
        for length in (188, 192, 204)
        if len(head) >= 8 * length
        for start in range(length)
    )


def _iso_media(head: bytes) -> Kind:
    length = int.from_bytes(head[:4], "big")
    brands = {head[8:12], *(head[at : at + 4] for at in range(16, min(length, len(head), 256), 4))}
    if brands & {b"avif", b"avis"}:
        return AVIF
    if brands & {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}:
        return HEIC
    if head[8:12] == b"crx ":
        return CAMERA_RAW
    if head[8:12] in (b"M4A ", b"M4B "):
        return foreign.M4A
    return MP4


def looks_like_text(head: bytes) -> bool:
    """Whether the bytes are UTF-8 (or UTF-16 that says so) without control characters."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    if re.search(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]", head):
        return False
    try:
        head.decode()
    except UnicodeDecodeError as error:
        # The head may end inside a character.
        return error.start >= len(head) - 3 and error.reason == "unexpected end of data"
    return True


def _text(head: bytes) -> Kind:
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if re.match(rb"(?:/\*.*?\*/\s*)?#define\s+\w+_width\s+\d", start, re.DOTALL):
        return foreign.XBM
    if start.startswith(b"<"):
        if b"<svg" in start:
            return foreign.SVG
        if b"<html" in start or start.startswith(b"<!doctype html"):
            return foreign.HTML
        return foreign.XML if start.startswith(b"<?xml") else foreign.TEXT
    return foreign.JSON if re.match(rb'[{\[]\s*["{\[\]}\d]', start) else foreign.TEXT
