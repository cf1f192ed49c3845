"""What is out of the ordinary within a format, and what becomes of it: right, refused, or what is lost.

These rows are the lower half of docs/reference/formats.md. A row is true by a test; it stands beside its format.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

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
    SGI,
    TGA,
    TIFF,
    WEBP,
    Kind,
)


@dataclass(frozen=True)
class OddKind:
    """One kind of file within a format, as a row of the table."""

    what: str
    verdict: Literal["right", "refused", "lost"]
    """`lost`: it is sent, and something of it is not in what is sent."""
    words: str = ""
    """Refused: why, and the way out. Lost: what. Right: only what is not obvious."""


def _right(what: str, words: str = "") -> OddKind:
    return OddKind(what, "right", words)


def _refused(what: str, words: str) -> OddKind:
    return OddKind(what, "refused", words)


def _lost(what: str, words: str) -> OddKind:
    return OddKind(what, "lost", words)


ODD_KINDS: Mapping[Kind, tuple[OddKind, ...]] = {
    JPEG: (
        _right("CMYK, YCCK, RGB, arithmetic coding, lossless of 8 bits", "converted"),
        _right("turned by EXIF"),
        _right("unequal densities (JFIF)", "sent as stored, as browsers and ImageMagick show them"),
        _refused("JPEG-LS; more than 8 bits a sample", "make a PNG of it with imagecodecs; the error has the command"),
        _refused("hierarchical", "save it as an ordinary JPEG first"),
        _lost(
            "further pictures in one file (MPO, gain maps, depth, motion photos)", "the first one is sent, as page 1"
        ),
    ),
    PNG: (
        _right("colours described by cICP, iCCP, sRGB, gAMA and cHRM, PQ and HLG among them"),
        _lost("animation", "the first frame, or `frames` of them"),
    ),
    WEBP: (
        _right("animations whose frames leave the canvas bare", "transparent there, whatever colour the file names"),
        _lost("animation", "the first frame, or `frames` of them"),
    ),
    GIF: (
        _right("frames that leave the screen bare, or are cleared again", "transparent there, as in browsers"),
        _lost("animation", "the first frame, or `frames` of them"),
    ),
    BMP: (),
    TIFF: (
        _right("several pages", "each a picture; thumbnails, masks, and the smaller copies in a slide are no pages"),
        _right("stacks behind one directory (ImageJ, tifffile, STK, ImageDepth)", "each slice is a page"),
        _right("1, 2, 4, 8, 12 and 16 bits, signed bytes, planes, strips, tiles, BigTIFF, either byte order"),
        _right("palettes of 8 and 16 bits, CMYK, YCbCr with its own coefficients", "bands beside them: left out"),
        _right("CIELab and ICCLab, also L* alone", "white is D50, as ICC has it"),
        _lost("a fax (G3) with lines that a telephone line damaged", "those lines, and `steps` gives their count"),
        _refused(
            "tags that contradict each other, picture data that libtiff finds damaged", "the error says what is wrong"
        ),
        _right("masks of GDAL", "the background shows where the mask is 0"),
        _right("pixels that are not square (faxes)", "made square"),
        _right("compressed with LZW, Deflate, PackBits, JPEG, G3, G4, Zstandard, LZMA; WebP, PNG, JPEG 2000 of 8 bits"),
        _lost("strips or tiles that were never written (sparse)", "they are 0, and `steps` says how much of it"),
        _lost(
            "an ImageJ or tifffile stack that is compressed or cut down", "what is there, and `steps` gives the count"
        ),
        _refused("floating point, complex, int16, 32 bits", "`gdal_translate -ot Byte -scale in.tif out.tif`"),
        _refused(
            "bands that are not called red, green and blue",
            "`gdal_translate -b 1 -b 2 -b 3 -co PHOTOMETRIC=RGB in.tif out.tif`",
        ),
        _refused(
            "LERC, JPEG XR, JPEG XL, JPEG of 12 or 16 bits, PNG and JPEG 2000 of more than 8",
            "with tifffile and imagecodecs: `tifffile.imwrite('out.tif', tifffile.imread('in.tif'))`",
        ),
        _refused("JBIG, palettes of 16 bits, other depths such as 6, 10 and 14 bits", "`convert in.tif out.png`"),
        _refused("SGI LogLuv", "`tiff2rgba -c none in.tif out.tif`"),
        _refused("dark colours of 16 bits multiplied with their transparency", "save them with unassociated alpha"),
        _refused(
            "what a sensor measured (CFA, raw), ITU Lab, YCbCr in planes of different sizes", "export it as JPEG or PNG"
        ),
    ),
    AVIF: (
        _right("clean aperture, turned, mirrored, grids, 10 and 12 bits", "an aperture anywhere, as libheif crops"),
        _right("colours described by numbers (nclx), PQ and HLG among them"),
        _right("data appended to it"),
        _lost("PQ and HLG without the extra `video`", "their last 2 to 4 bits"),
        _right("image sequences without a still picture", "with the extra `video`: the first, or `frames` of them"),
        _lost("animation", "the first frame, or `frames` of them"),
    ),
    ICO: (_lost("several sizes", "the largest is sent"),),
    JPEG_2000: (
        _right("grey of 9 to 16 bits, CMYK, sYCC, palettes, colour profiles"),
        _refused("colour of more than 8 bits, or at half its size", "`convert IN -depth 8 OUT.png`"),
        _refused("CIELab and other colour spaces, values below zero", "`convert IN -depth 8 OUT.png`"),
        _lost("several pictures in one file (JPX)", "the first one is sent"),
    ),
    PNM: (
        _right("plain and binary, any highest value up to 65,535, PAM with alpha"),
        _refused("PFM: floating point", "no natural brightness: scale it to 8 bits first"),
        _refused("PAM of other than grey or RGB", "make grey or RGB of it first"),
        _lost("several pictures in one file", "the first one is sent, and `steps` says so"),
    ),
    TGA: (_right("palette, run-length coding, 15 to 32 bits", "alpha only where the header says that there is some"),),
    PCX: (_refused("2 or 4 bits in one plane, 8 bits in four", "`convert IN OUT.png`"),),
    SGI: (
        _right("grey and RGB, with alpha or without, of 8 and 16 bits, run-length coded or not"),
        _refused("palettes, dithering", "`convert IN OUT.png`"),
    ),
    QOI: (_right("RGB and RGBA"),),
    HEIC: (
        _right("clean aperture, turned, mirrored, grids, 10 and 12 bits"),
        _right("colours described by numbers (nclx), PQ and HLG among them"),
        _right("data appended to it"),
        _refused("coded in AVC, VVC, JPEG or JPEG 2000", "export it as JPEG or PNG from a program that shows it"),
        _right("image sequences without a still picture", "with the extra `video`: the first, or `frames` of them"),
        _right(
            "image sequences beside a still picture", "with the extra `video`: `frames` of them, else the still one"
        ),
        _lost("several pictures", "the primary one is sent, as page 1"),
    ),
    CAMERA_RAW: (
        _right(
            "DNG, NEF, CR2, ARW, ORF, RAF: a JPEG of full size in it (embedded preview)",
            "it is sent, upright: the picture that the camera shows",
        ),
        _right(
            "no such preview, or one that is damaged or smaller",
            "developed by LibRaw: the camera's white balance, sRGB; `steps` says so",
        ),
        _right("TIFFs that hold a sensor's values", "told by their tags; their thumbnail is never sent for them"),
        _refused("cut short, where it has to be developed", "LibRaw would put black in place of what is missing"),
        _right(
            "DNG, CR2, ARW, ORF, RAF as cameras write them",
            "never seen whole here: tried on files that pidng and the tests write",
        ),
        _lost(
            "CR3, RW2, PEF, SRW, CRW, MRW, X3F, IIQ, 3FR and others",
            "read as LibRaw reads them, and whole ones were never seen here; kinds that it does not know are refused",
        ),
    ),
    DICOM: (
        _right("window or VOI LUT, rescaling, MONOCHROME1, palettes, YBR", "`steps` says which range is shown"),
        _right("no window", "the lowest to the highest value; `range` chooses otherwise"),
        _right("several frames", "each a page"),
        _lost("overlays, annotations", "the picture alone is sent"),
        _refused("JPEG-LS, lossless JPEG, HTJ2K", "the message has the command that lets pydicom read it"),
        _refused("without its first 132 bytes", "`dcmconv IN OUT.dcm`"),
    ),
    PDF: (
        _right("filled forms, annotations, pages turned or cropped"),
        _right("bytes behind its end mark", "padding, and what servers append"),
        _right("text that is not to be seen, such as the words under a scan", "whatever its font"),
        _refused(
            "words in a font that is neither in the file nor on this machine", "the error names it, and a package"
        ),
        _refused(
            "pictures, forms or content that are damaged or cannot be drawn whole",
            "the error names the page and the object",
        ),
        _refused(
            "XFA forms, portfolios", "open it in Acrobat and print it, or take the files out: `pdfdetach -saveall`"
        ),
        _lost(
            "a wrong checksum (Flate), disturbed rows (fax), no end mark (JBIG2), Wingdings drawn as letters",
            "`steps` and a warning say so",
        ),
        _lost("a few changed bytes in JPEG, JPEG 2000 or JBIG2", "nothing in them tells"),
        _refused("encrypted with a password", "unless it is given: `ImageOptions(password=...)`"),
    ),
    MP4: (
        _right("QuickTime without `ftyp`: cameras up to about 2008"),
        _right("variable frame rates, slide shows, clocks that do not begin at 0"),
        _right("turned or mirrored by its display matrix", "all eight"),
        _right("HDR (PQ, HLG), wide gamuts", "as sRGB; what is brighter than a white page becomes white"),
        _right("transparency (ProRes 4444, Animation, PNG)", "laid on the background"),
        _right("interlaced", "deinterlaced where something moved between the fields"),
        _refused("sound with a cover picture", "has no pictures in it, only sound"),
    ),
    MATROSKA: (
        _right("live recordings that do not say how long they are"),
        _right("transparency of VP8 and VP9 (WebM)", "laid on the background"),
        _right("grey and colour of 10 to 16 bits (FFV1)", "by the range that is used, as of pictures"),
    ),
    AVI: (),
    MPEG_TS: (
        _right("AVCHD and Blu-ray (.mts, .m2ts)"),
        _right("joined recordings, a clock that wraps or begins anew", "one after the other"),
        _right("joined pieces of other sizes, pixel shapes or colours", "each as it says itself"),
        _refused("joined pieces with different streams (PIDs)", "give each by itself, or join them anew"),
        _lost("cut at either end", "a transport stream may begin and end anywhere: nobody can tell"),
    ),
    MPEG_PS: (_right("DVD video (.vob), joined recordings"),),
    OGG: (
        _right("Theora with repeated frames, chained pieces"),
        _refused("sound only", "convert it to WAV or MP3"),
    ),
    ASF: (_refused("sound only (WMA)", "convert it to WAV or MP3"),),
    FLV: (),
    MXF: (),
}
"""By format, in the order of the table of formats."""
