"""The one table of file formats: names, suffixes, media types, which decoder reads each, which extra it needs.

Readers, the command, refusals and docs/reference/formats.md are made from it. What is told apart only to be refused
stands in foreign.py, what is out of the ordinary within a format in odd_kinds.py; sniff.py tells kinds from bytes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Family = Literal["picture", "sound", "video", "document", "text", "other"]


@dataclass(frozen=True)
class Extra:
    """An extra of the distribution, and the package that it brings."""

    name: str
    package: str
    """As pip knows it."""
    module: str
    """As it is imported."""


_DECODERS = "ollama_vision.pictures.decoders"
"""By name: which decoder reads a kind is known here, and none is opened for it."""

HEIF = Extra("heif", "pillow-heif", "pillow_heif")
PDF_PAGES = Extra("pdf", "pypdfium2", "pypdfium2")
VIDEO_FRAMES = Extra("video", "av", "av")
MEDICAL = Extra("dicom", "pydicom", "pydicom")
RAW_FILES = Extra("raw", "rawpy", "rawpy")


@dataclass(frozen=True, eq=False)
class Kind:
    """A kind of file, in the words in which an error names it, and how it is read. Each stands once in these lists, and
    is told from others by that: sets and dicts of them are asked at every picture."""

    name: str
    family: Family
    phrase: str
    """With its article, after "is": "a TIFF picture"."""
    way_out: str = ""
    """What to do with it when it cannot be sent, as a sentence; empty when there is nothing particular."""
    media_type: str = ""
    """Of what pictures can be made of."""
    suffixes: tuple[str, ...] = ()
    """In lower case, with their dots. By them alone a folder's files are taken; what they hold is told from bytes."""
    decoder: tuple[str, str] | None = None
    """Module and class that open it as Pillow's own do, of what is read as a picture."""
    demuxer: str | None = None
    """FFmpeg's name of what reads it, of videos: FFmpeg's own guess may be a playlist, which opens other files."""
    extra: Extra | None = None
    """What has to be installed to read it."""
    moving: bool = False
    """Of pictures: whether there may be an animation in it."""
    shown_by_browsers: bool = False
    paged: bool = False
    """Whether it has pages, of which `ImageOptions.pages` chooses."""


class NeedsExtra(ImportError):
    """A file needs another extra than its format does."""

    def __init__(self, kind: Kind) -> None:
        super().__init__(kind.phrase)
        self.kind = kind


def _pillow(
    name: str,
    plugin: str,
    suffixes: str,
    *,
    article: str = "a",
    media_type: str = "",
    moving: bool = False,
    browsers: bool = False,
    paged: bool = False,
) -> Kind:
    """What Pillow reads, by its plugin of that name."""
    return Kind(
        name,
        "picture",
        f"{article} {name} picture",
        media_type=media_type or f"image/{name.lower()}",
        suffixes=tuple(suffixes.split()),
        decoder=(f"PIL.{plugin}ImagePlugin", f"{plugin}ImageFile"),
        moving=moving,
        shown_by_browsers=browsers,
        paged=paged,
    )


JPEG = Kind(
    "JPEG",
    "picture",
    "a JPEG picture",
    media_type="image/jpeg",
    suffixes=(".jpg", ".jpeg", ".jpe", ".jfif", ".jif", ".pjpeg", ".pjp", ".jpg_large", ".mpo", ".jps"),
    decoder=("PIL.JpegImagePlugin", "JpegImageFile"),
    shown_by_browsers=True,
)
PNG = _pillow("PNG", "Png", ".png .apng", moving=True, browsers=True)
WEBP = Kind(
    "WebP",
    "picture",
    "a WebP picture",
    media_type="image/webp",
    suffixes=(".webp",),
    decoder=("PIL.WebPImagePlugin", "WebPImageFile"),
    moving=True,
    shown_by_browsers=True,
)
GIF = _pillow("GIF", "Gif", ".gif", moving=True, browsers=True)
BMP = _pillow("BMP", "Bmp", ".bmp .dib", browsers=True)
TIFF = _pillow("TIFF", "Tiff", ".tif .tiff .bigtiff .btf .tf8 .svs .ndpi .scn .lsm .stk", paged=True)
AVIF = _pillow("AVIF", "Avif", ".avif .avifs", article="an", moving=True, browsers=True)
ICO = Kind(
    "ICO",
    "picture",
    "a Windows icon (ICO)",
    media_type="image/vnd.microsoft.icon",
    suffixes=(".ico",),
    decoder=("PIL.IcoImagePlugin", "IcoImageFile"),
    shown_by_browsers=True,
)
HEIC = Kind(
    "HEIC",
    "picture",
    "a HEIC picture",
    media_type="image/heic",
    suffixes=(".heic", ".heif", ".hif", ".heics", ".heifs"),
    decoder=("pillow_heif", "HeifImageFile"),
    extra=HEIF,
)


def _own(name: str, module: str, opener: str, suffixes: str, media_type: str, article: str = "a") -> Kind:
    """What Pillow reads, or nearly, through a module of ours that adds what it leaves out."""
    return Kind(
        name,
        "picture",
        f"{article} {name} picture",
        media_type=media_type,
        suffixes=tuple(suffixes.split()),
        decoder=(f"{_DECODERS}.{module}", opener),
    )


JPEG_2000 = _own("JPEG 2000", "jpeg2000", "open_jpeg2000", ".jp2 .j2k .j2c .jpc .jpx .jpf", "image/jp2")
PNM = _own("PNM", "pnm", "PnmFile", ".pnm .ppm .pgm .pbm .pam .pfm", "image/x-portable-anymap")
TGA = _own("TGA", "simple_formats", "open_tga", ".tga .icb .vda", "image/x-tga")
PCX = _own("PCX", "simple_formats", "open_pcx", ".pcx", "image/x-pcx")
SGI = _own("SGI", "sgi", "SgiFile", ".sgi .rgb .rgba .bw", "image/sgi", "an")
QOI = _own("QOI", "simple_formats", "open_qoi", ".qoi", "image/qoi")
DICOM = Kind(
    "DICOM",
    "picture",
    "a DICOM file",
    media_type="application/dicom",
    suffixes=(".dcm", ".dicom"),
    decoder=(f"{_DECODERS}.dicom", "DicomFile"),
    extra=MEDICAL,
    paged=True,
)
_RAW_SUFFIXES = ".dng .cr2 .cr3 .nef .nrw .arw .sr2 .raf .orf .rw2 .rwl .pef .srw .crw .mrw .3fr .fff .iiq .x3f"
CAMERA_RAW = Kind(
    "camera raw",
    "picture",
    "a camera's raw file",
    "Take the camera's own JPEG out of it: `exiftool -b -JpgFromRaw IN > OUT.jpg` (or -PreviewImage), or export it "
    "from a program that shows it.",
    media_type="image/x-dcraw",
    suffixes=tuple(_RAW_SUFFIXES.split()),
    decoder=(f"{_DECODERS}.raw", "RawFile"),
    extra=RAW_FILES,
)
PICTURES = (JPEG, PNG, WEBP, GIF, BMP, TIFF, AVIF, ICO, JPEG_2000, PNM, TGA, PCX, SGI, QOI, HEIC, CAMERA_RAW, DICOM)
"""Those that are decoded as a picture, or several; in the order in which people are told of them."""


def _video(name: str, phrase: str, demuxer: str, media_type: str, suffixes: str, family: Family = "video") -> Kind:
    return Kind(
        name,
        family,
        phrase,
        media_type=media_type,
        suffixes=tuple(suffixes.split()),
        demuxer=demuxer,
        extra=VIDEO_FRAMES,
    )


MP4 = _video("MP4", "an MP4 or QuickTime video", "mov", "video/mp4", ".mp4 .mov .m4v .qt .3gp .3g2")
MATROSKA = _video("Matroska", "a Matroska or WebM video", "matroska", "video/x-matroska", ".mkv .webm .mk3d")
AVI = _video("AVI", "an AVI video", "avi", "video/x-msvideo", ".avi")
MPEG_TS = _video("MPEG-TS", "an MPEG transport stream", "mpegts", "video/mp2t", ".ts .mts .m2ts .m2t .tod")
MPEG_PS = _video("MPEG-PS", "an MPEG program stream", "mpeg", "video/mpeg", ".mpg .mpeg .vob .mod .m2v")
OGG = Kind(
    "Ogg",
    "sound",
    "an Ogg sound or video",
    "Convert it to WAV or MP3 (sound) or MP4 (video) first.",
    suffixes=(".ogv",),
    demuxer="ogg",
    extra=VIDEO_FRAMES,
)
ASF = _video("ASF", "a Windows Media video (WMV, ASF)", "asf", "video/x-ms-wmv", ".wmv .asf")
FLV = _video("FLV", "a Flash video (FLV)", "flv", "video/x-flv", ".flv")
MXF = _video("MXF", "an MXF video", "mxf", "application/mxf", ".mxf")
VIDEOS = (MP4, MATROSKA, AVI, MPEG_TS, MPEG_PS, OGG, ASF, FLV, MXF)
"""Those of which frames are taken."""

PDF = Kind(
    "PDF",
    "document",
    "a PDF document",
    "Put it into a chat message as DocumentBlock(path=...): its pages are sent as pictures.",
    "application/pdf",
    suffixes=(".pdf",),
    extra=PDF_PAGES,
    paged=True,
)
WAV, MP3 = Kind("WAV", "sound", "a WAV sound"), Kind("MP3", "sound", "an MP3 sound")

READABLE = frozenset(PICTURES)
"""What can be sent as pictures; of videos and PDFs frames and pages can."""
EVERY_KIND = frozenset((*PICTURES, PDF, *VIDEOS))
"""Kinds of which pictures can be made."""

PICTURE_SUFFIXES = frozenset(suffix for kind in (*PICTURES, PDF) for suffix in kind.suffixes)
"""What is taken of a folder."""
VIDEO_SUFFIXES = frozenset(suffix for kind in VIDEOS for suffix in kind.suffixes)
"""What is taken of a folder when videos are asked for."""

EXTRAS = tuple({kind.extra: None for kind in (*PICTURES, PDF, *VIDEOS) if kind.extra})
"""Each once."""


def suffixes_needing(extra: Extra) -> frozenset[str]:
    """Suffixes of files that cannot be read without it."""
    return frozenset(suffix for kind in (*PICTURES, PDF, *VIDEOS) if kind.extra == extra for suffix in kind.suffixes)


def listed(kinds: Iterable[Kind]) -> str:
    """Their names in a sentence: "JPEG, PNG, WebP and, with the extra `heif`, HEIC"."""
    plain: list[str] = []
    by_extra: dict[str, list[str]] = {}
    for kind in kinds:
        (by_extra.setdefault(kind.extra.name, []) if kind.extra else plain).append(kind.name)
    parts = [", ".join(plain)] if plain else []
    parts += [f"with the extra `{extra}`, {', '.join(names)}" for extra, names in by_extra.items()]
    return " and, ".join(parts) if len(parts) < 3 else f"{'; '.join(parts[:-1])}; and, {parts[-1]}"


_PICTURES_LISTED, _VIDEOS_LISTED = listed(PICTURES), ", ".join(kind.name for kind in VIDEOS)
_LOOK = "`file IN` says what it is: get it whole, or convert it to one of these."
UNKNOWN = Kind("unknown", "other", "of no known format", f"Readable are {_PICTURES_LISTED}. {_LOOK}")
UNKNOWN_VIDEO_WAY_OUT = (
    f"Videos of these formats are readable with the extra `{VIDEO_FRAMES.name}`: {_VIDEOS_LISTED}; "
    f"animated ones of {', '.join(kind.name for kind in PICTURES if kind.moving)} too. {_LOOK}"
)
"""The same when a video was asked for."""
