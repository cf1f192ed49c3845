"""What bytes really are, told from the bytes alone: no name, suffix or MIME type is believed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

HEAD = 4096
"""So many first bytes are enough for `sniff`."""


@dataclass(frozen=True)
class Kind:
    """A kind of file, in the words in which an error names it."""

    name: str
    family: Literal["picture", "sound", "video", "document", "text", "other"]
    phrase: str
    """With its article, after "is": "a TIFF picture"."""
    way_out: str = ""
    """What to do with it when it cannot be sent, as a sentence; empty when there is nothing particular."""
    media_type: str = ""
    """Of what pictures can be made of."""


def _picture(name: str, article: str = "a") -> Kind:
    return Kind(name, "picture", f"{article} {name} picture", media_type=f"image/{name.lower()}")


JPEG, PNG, WEBP, GIF = _picture("JPEG"), _picture("PNG"), _picture("WebP"), _picture("GIF")
BMP, TIFF, AVIF = _picture("BMP"), _picture("TIFF"), _picture("AVIF", "an")
ICO = Kind("ICO", "picture", "a Windows icon (ICO)", media_type="image/vnd.microsoft.icon")
HEIC = _picture("HEIC")
READABLE = frozenset({JPEG, PNG, WEBP, GIF, BMP, TIFF, AVIF, ICO, HEIC})
"""Kinds of which pictures can be made."""

_SAVE_AS = "Save it as PNG or JPEG first."
_WITH_DOCUMENT_BLOCK = "Put it into a chat message as DocumentBlock(path=...): its pages are sent as pictures."
SVG = Kind("SVG", "other", "an SVG drawing", "Render it to PNG first, for example with rsvg-convert or cairosvg.")
PDF = Kind("PDF", "document", "a PDF document", _WITH_DOCUMENT_BLOCK, "application/pdf")
HTML = Kind("HTML", "text", "an HTML page", "Give the address of the picture itself, not of the page that shows it.")
TEXT = Kind("text", "text", "text", "Put text into the prompt, or into a TextBlock of the message.")
JSON = Kind("JSON", "text", "JSON text", "If a server sent it, it is probably its error message.")
XML = Kind("XML", "text", "XML text", "If a server sent it, it is probably its error message.")
LFS = Kind("Git LFS pointer", "text", "a Git LFS pointer, not the file it stands for", "Run `git lfs pull` first.")
EMPTY = Kind("empty", "other", "empty (0 bytes)", "Look at how it was written or fetched; there is nothing in it.")
UNKNOWN = Kind(
    "unknown",
    "other",
    "of no known format",
    "Readable are JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF, ICO and, with the extra `heif`, HEIC.",
)
WAV, MP3 = Kind("WAV", "sound", "a WAV sound"), Kind("MP3", "sound", "an MP3 sound")
MP4 = Kind("MP4", "video", "an MP4 or QuickTime video", media_type="video/mp4")
MATROSKA = Kind("Matroska", "video", "a Matroska or WebM video", media_type="video/x-matroska")
AVI = Kind("AVI", "video", "an AVI video", media_type="video/x-msvideo")
MPEG_TS = Kind("MPEG-TS", "video", "an MPEG transport stream", media_type="video/mp2t")
MPEG_PS = Kind("MPEG-PS", "video", "an MPEG program stream", media_type="video/mpeg")
OGG = Kind("Ogg", "sound", "an Ogg sound or video", "Convert it to WAV or MP3 (sound) or MP4 (video) first.")
_RAW = Kind("camera raw", "other", "a camera's raw file", "Export it as JPEG or PNG first.")

_CONVERT_SOUND = "Ollama takes WAV and MP3 only: convert it, for example with ffmpeg."

# (offset, bytes, kind), the first that fits.
_MAGIC: tuple[tuple[int, bytes, Kind], ...] = (
    (0, b"\xff\xd8\xff", JPEG),
    (0, b"\x89PNG\r\n\x1a\n", PNG),
    (0, b"GIF87a", GIF),
    (0, b"GIF89a", GIF),
    (8, b"CR\x02\x00", _RAW),
    (0, b"II*\x00", TIFF),
    (0, b"MM\x00*", TIFF),
    (0, b"II+\x00", TIFF),
    (0, b"MM\x00+", TIFF),
    (0, b"IIRO", _RAW),
    (0, b"IIRS", _RAW),
    (0, b"IIU\x00", _RAW),
    (0, b"FUJIFILMCCD-RAW", _RAW),
    (0, b"\x00\x00\x02\x00\x01\x00", Kind("CUR", "other", "a Windows cursor", _SAVE_AS)),
    (0, b"8BPS", Kind("PSD", "other", "a Photoshop file (PSD)", _SAVE_AS)),
    (0, b"\x00\x00\x00\x0cJXL \r\n\x87\n", Kind("JPEG XL", "other", "a JPEG XL picture", _SAVE_AS)),
    (0, b"\xff\x0a", Kind("JPEG XL", "other", "a JPEG XL picture", _SAVE_AS)),
    (0, b"\x00\x00\x00\x0cjP  \r\n\x87\n", Kind("JPEG 2000", "other", "a JPEG 2000 picture", _SAVE_AS)),
    (0, b"\xff\x4f\xff\x51", Kind("JPEG 2000", "other", "a JPEG 2000 picture", _SAVE_AS)),
    (0, b"qoif", Kind("QOI", "other", "a QOI picture", _SAVE_AS)),
    (0, b"icns", Kind("ICNS", "other", "a macOS icon (ICNS)", _SAVE_AS)),
    (0, b"v/1\x01", Kind("OpenEXR", "other", "an OpenEXR picture", _SAVE_AS)),
    (0, b"#?RADIANCE", Kind("HDR", "other", "a Radiance HDR picture", _SAVE_AS)),
    (0, b"DDS ", Kind("DDS", "other", "a DDS texture", _SAVE_AS)),
    (0, b"SIMPLE  =", Kind("FITS", "other", "a FITS file", _SAVE_AS)),
    (128, b"DICM", Kind("DICOM", "other", "a DICOM file", "Export its picture as PNG first.")),
    (0, b"\x93NUMPY", Kind("npy", "other", "a numpy file", "Load it with numpy.load and pass the array.")),
    (0, b"%!PS", Kind("PostScript", "document", "a PostScript file", "Convert it to PDF or PNG first.")),
    (0, b"\xc5\xd0\xd3\xc6", Kind("EPS", "document", "an EPS drawing", "Render it to PNG first.")),
    (0, b"\x1a\x45\xdf\xa3", MATROSKA),
    (0, b"OggS", OGG),
    (0, b"\x00\x00\x01\xba", MPEG_PS),
    (0, b"fLaC", Kind("FLAC", "sound", "a FLAC sound", _CONVERT_SOUND)),
    (0, b"ID3", MP3),
    (0, b"\x1f\x8b", Kind("gzip", "other", "gzip-compressed data", "Unpack it first.")),
    (0, b"7z\xbc\xaf\x27\x1c", Kind("7z", "other", "a 7z archive", "Unpack it first.")),
    (0, b"Rar!\x1a\x07", Kind("RAR", "other", "a RAR archive", "Unpack it first.")),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Kind("Office", "document", "an old Office document", "")),
    (0, b"version https://git-lfs.github.com/spec/", LFS),
)

_ZIP_INSIDES = (
    (b"word/", Kind("DOCX", "document", "a Word document (DOCX)", "Save it as PDF first.")),
    (b"ppt/", Kind("PPTX", "document", "a PowerPoint document (PPTX)", "Save it as PDF first.")),
    (b"xl/", Kind("XLSX", "document", "an Excel document (XLSX)", "Save it as PDF or CSV first.")),
    (b"opendocument", Kind("ODF", "document", "an OpenDocument file", "Save it as PDF first.")),
)
_ZIP = Kind("ZIP", "other", "a ZIP archive", "Unpack it first.")


def sniff(head: bytes) -> Kind:
    """What the bytes are, from the first `HEAD` of them; `UNKNOWN` when they fit nothing."""
    if not head:
        return EMPTY
    for offset, magic, kind in _MAGIC:
        if head.startswith(magic, offset):
            return kind
    if head[4:8] == b"ftyp":
        return _iso_media(head)
    if head[:4] in (b"RIFF", b"RF64"):
        riff = {b"WEBP": WEBP, b"WAVE": WAV, b"AVI ": AVI}
        return riff.get(head[8:12], Kind("RIFF", "other", "a RIFF file of no known content"))
    if head[:2] == b"BM" and len(head) >= 26 and head[14] in (12, 16, 40, 52, 56, 64, 108, 124):
        return BMP
    if head[:4] == b"\x00\x00\x01\x00" and len(head) >= 22 and head[4:6] != b"\x00\x00":
        return ICO
    if head[:4] == b"PK\x03\x04":
        return next((kind for name, kind in _ZIP_INSIDES if name in head), _ZIP)
    if b"%PDF-" in head[:1024]:
        return PDF
    if len(head) > 188 and head[0] == 0x47 and all(sync == 0x47 for sync in head[188::188]):
        return MPEG_TS
    if len(head) >= 4 and head[0] == 0xFF and head[1] & 0xE6 == 0xE2 and head[2] & 0xF0 not in (0, 0xF0):
        return MP3
    if looks_like_text(head):
        return _text(head)
    return UNKNOWN


def _iso_media(head: bytes) -> Kind:
    length = int.from_bytes(head[:4], "big")
    brands = {head[8:12], *(head[at : at + 4] for at in range(16, min(length, len(head), 256), 4))}
    if brands & {b"avif", b"avis"}:
        return AVIF
    if brands & {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}:
        return HEIC
    if head[8:12] == b"crx ":
        return _RAW
    if head[8:12] in (b"M4A ", b"M4B "):
        return Kind("M4A", "sound", "an M4A sound", _CONVERT_SOUND)
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
    if start.startswith(b"<"):
        if b"<svg" in start:
            return SVG
        if b"<html" in start or start.startswith(b"<!doctype html"):
            return HTML
        return XML if start.startswith(b"<?xml") else TEXT
    return JSON if re.match(rb'[{\[]\s*["{\[\]}\d]', start) else TEXT
