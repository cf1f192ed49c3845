"""What is no picture of ours is refused by its true name, with a command or a line that makes it readable.

Each way out was tried on a file that the format's own library wrote: astropy 8.0, nibabel 5.4, h5py 3.16, netCDF4 1.7,
mrcfile 1.5, pynrrd 1.1, fabio, SimpleITK, imagecodecs 2026.3, ImageMagick 6.9.11, FFmpeg 5.1, Ghostscript 10, dcmtk.
Not tried for want of files or programs: bfconvert, djxl, ddjvu, soffice, gdal_translate.
"""

from __future__ import annotations

import base64
import errno
import gzip
import io
import os
import struct
import tarfile
from pathlib import Path

import pytest
from llama_index.core.base.llms.types import VideoBlock

from ollama_vision.errors import ImageError
from ollama_vision.pictures import ImageOptions, prepare_documents, prepare_image
from tests.support.picture_corpus import card, encoded

NIFTI = struct.pack("<i", 348).ljust(344, b"\0") + b"n+1\0" + bytes(200)
TIFF_HEADER = b"II*\0\x08\0\0\0"


def compound(*streams: str, sector: int = 0) -> bytes:
    """An OLE compound file whose directory, with these names, lies in this sector."""
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".ljust(30, b"\0") + struct.pack("<H", 9)
    head = (head.ljust(48, b"\0") + struct.pack("<I", sector)).ljust(512, b"\0")
    names = b"".join(name.encode("utf-16-le").ljust(128, b"\0") for name in ("Root Entry", *streams))
    return head + bytes(512 * sector) + names.ljust(4096, b"\0")


def tar() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a.png"))
    return buffer.getvalue()


FOREIGN: dict[str, tuple[bytes, str, str]] = {
    "FITS": (b"SIMPLE  =                    T".ljust(80) * 36, "FITS", "astropy"),
    "NIfTI": (NIFTI, "NIfTI", "nibabel"),
    "NIfTI-2": (struct.pack("<i", 540) + b"n+2\0\r\n\x1a\n" + bytes(600), "NIfTI", "nibabel"),
    "NIfTI in gzip": (gzip.compress(NIFTI), "gzip", "nibabel"),
    "gzip of a FITS": (gzip.compress(b"SIMPLE  =" + bytes(200)), "gzip", "gunzip IN`. Then: "),
    "gzip of a PNG": (gzip.compress(b"\x89PNG\r\n\x1a\n" + bytes(200)), "gzip", "a PNG picture inside"),
    "tar": (tar(), "TAR", "tar xf"),
    "xz": (b"\xfd7zXZ\0" + bytes(30), "compressed", "Unpack"),
    "CZI": (b"ZISRAWFILE" + bytes(60), "microscope file", "bfconvert"),
    "ND2": (b"\xda\xce\xbe\n" + bytes(60), "microscope file", "Fiji"),
    "LIF": (b"\x70\0\0\0\x20\0\0\0\x2a" + bytes(60), "microscope file", "bfconvert"),
    "OIB": (compound("OibInfo.txt"), "microscope file", "bfconvert"),
    "OIB with its directory far behind": (compound("OibInfo.txt", sector=40), "microscope file", "bfconvert"),
    "ZVI": (compound("Image", "Tags"), "microscope file", "bfconvert"),
    "DOC": (compound("WordDocument", "Image"), "Office", "soffice"),
    "HDF5": (b"\x89HDF\r\n\x1a\n" + bytes(60), "HDF5", "h5py"),
    "NetCDF": (b"CDF\x01" + bytes(60), "NetCDF", "netCDF4"),
    "MRC": (bytes(208) + b"MAP \x44\x44" + bytes(900), "MRC", "mrcfile"),
    "NRRD": (b"NRRD0005\ntype: short\n", "NRRD", "nrrd.read"),
    "EDF": (b"{\nHeaderID = EH:000001:000000:000000 ;\nDim_1 = 60 ;\n}\n" + bytes(60), "EDF", "fabio"),
    "MetaImage": (b"ObjectType = Image\nNDims = 2\n", "MetaImage", "SimpleITK"),
    "MetaImage with its data": (b"NDims = 2\nElementDataFile = LOCAL\n\0\0\0", "MetaImage", "SimpleITK"),
    "XBM": (b"#define a_width 61\n#define a_height 47\nstatic char", "XBM", "convert IN OUT.png"),
    "XBM after a comment": (b"/* made by hand */\n#define a_width 61\n", "XBM", "convert IN OUT.png"),
    "XPM": (b"/* XPM */\nstatic char", "XPM", "convert IN OUT.png"),
    "DjVu": (b"AT&TFORM\0\0\1\0DJVU" + bytes(60), "DjVu", "ddjvu"),
    "JPEG XR": (b"II\xbc\x01\x20\0\0\0" + bytes(60), "JPEG XR", "JxrDecApp"),
    "JPEG XL": (b"\xff\x0a\x09\x41", "JPEG XL", "djxl"),
    "OpenEXR": (b"v/1\x01" + bytes(60), "OpenEXR", "convert IN OUT.png"),
    "HDR": (b"#?RADIANCE\n", "HDR", "convert IN OUT.png"),
    "PSD": (b"8BPS\0\1" + bytes(60), "PSD", "IN.psd[0]"),
    "DDS": (b"DDS |\0\0\0" + bytes(60), "DDS", "convert IN OUT.png"),
    "ICNS": (b"icns" + bytes(60), "ICNS", "PIL.Image.open"),
    "DPX": (b"SDPX" + bytes(60), "DPX", "convert IN OUT.png"),
    "GRIB": (b"GRIB\0\0\0\2" + bytes(60), "GRIB", "gdal_translate"),
    "EMF": (b"\1\0\0\0" + bytes(36) + b" EMF" + bytes(60), "metafile", "soffice"),
    "zeros": (bytes(9000), "zeros", "get it again"),
    "PNG, CR LF as LF": (b"\x89PNG\n\x1a\n\0\0\0\x0dIHDR" + bytes(60), "damaged as text", "binary"),
    "PNG, LF as CR LF": (b"\x89PNG\r\r\n\x1a\r\n\0\0\0\x0dIHDR" + bytes(60), "damaged as text", "binary"),
    "PNG, as Latin-1": ("\x89PNG\r\n\x1a\n\0\0".encode() + bytes(60), "damaged as text", "binary"),
    "PNG, as UTF-8": (b"\x89PNG\r\n\x1a\n".decode(errors="replace").encode() + bytes(60), "damaged as text", "binary"),
    "JPEG, as Latin-1": ("\xff\xd8\xff\xe0\0\x10JFIF".encode() + bytes(60), "damaged as text", "binary"),
    "JPEG, as UTF-8": (b"\xff\xd8\xff\xe0\0\x10JFIF".decode(errors="replace").encode(), "damaged as text", "binary"),
    "base64": (base64.encodebytes(encoded(card(), "PNG")), "base64", "base64 -d"),
    "base64, of one line": (base64.b64encode(encoded(card(), "JPEG")), "base64", "base64 -d"),
    "base64, short": (base64.b64encode(encoded(card((2, 2)), "GIF")), "base64", "base64 -d"),
    "data: URL": (b"data:image/png;base64," + base64.b64encode(encoded(card(), "PNG")), "base64", "read_bytes"),
    "something else": (bytes(range(256)) * 20, "unknown", "convert it to one of these"),
    "zeros, and something": (bytes(9000) + b"\1", "unknown", "get it whole"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_it_is_named_and_a_way_out_shown(name: str, tmp_path: Path) -> None:
    data, kind, way_out = FOREIGN[name]
    path = tmp_path / "picture.jpg"
    path.write_bytes(data)
    with pytest.raises(ImageError) as caught:
        prepare_image(path)
    assert caught.value.kind == kind
    assert way_out in str(caught.value)
    assert "whole file" not in str(caught.value)


def test_the_way_out_for_base64_holds(tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(b"data:image/png;base64," + base64.b64encode(encoded(card((300, 200)), "PNG")))
    assert prepare_image(path.read_bytes()).size == (300, 200)


@pytest.mark.parametrize("text", ["hello", "a" * 400, base64.b64encode(b"hello, world! " * 40).decode(), "data: 1, 2"])
def test_text_is_no_base64_of_a_picture(text: str, tmp_path: Path) -> None:
    path = tmp_path / "words.png"
    path.write_text(text)
    with pytest.raises(ImageError) as caught:
        prepare_image(path)
    assert caught.value.kind == "text"


def test_a_link_whose_file_is_gone(tmp_path: Path) -> None:
    link = tmp_path / "link.png"
    link.symlink_to("gone.png")
    with pytest.raises(
        ImageError, match=r"link\.png\) does not exist\. It is a link to gone\.png, which is gone: bring"
    ):
        prepare_image(link)


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "private.png"
    path.write_bytes(encoded(card(), "PNG"))
    path.chmod(0)
    if os.access(path, os.R_OK):  # the superuser may

        def denied(name: str, *_: object) -> int:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), name)

        monkeypatch.setattr(os, "open", denied)
    with pytest.raises(ImageError, match=r"cannot be read: Permission denied\. Make it readable .*, or leave it out"):
        prepare_image(path)


@pytest.mark.parametrize("words", ["MMMM", "MAP ", " EMF", "ustar", "GRIB", "1AY&SY"])
@pytest.mark.parametrize("offset", [0, 4, 8, 40, 208, 257])
def test_words_in_a_text_are_no_signature(words: str, offset: int) -> None:
    text = ("x" * offset + words).ljust(400, "y")
    with pytest.raises(ImageError) as caught:
        prepare_image(text.encode())
    assert caught.value.kind == "text"


def test_a_targa_whose_header_says_little_is_known_by_its_footer() -> None:
    # Its color map fields are not zero though it has none, which the format allows.
    head = struct.pack("<BBBHHBHHHHBB", 0, 0, 2, 7, 7, 24, 0, 0, 64, 48, 24, 0x20)
    data = head + bytes([30, 30, 200]) * 64 * 48 + bytes(8) + b"TRUEVISION-XFILE.\0"
    assert prepare_image(data).size == (64, 48)


def test_a_refusal_lists_videos_where_a_video_was_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(bytes(range(256)))
    with pytest.raises(ImageError, match=r"MP4, Matroska, AVI") as caught:
        prepare_documents([VideoBlock(path=path)], ImageOptions())
    assert "GIF" in str(caught.value)
    with pytest.raises(ImageError, match=r"Readable are JPEG, PNG"):
        prepare_documents([bytes(range(256))], ImageOptions())
