"""DICOM decoder (pydicom): modality and VOI transformations, window and level, frames as pages.

Of the header only what describes pixels is read: nothing about a patient is, so that no step, error or log can tell it.
pydicom's own words are never passed on, for the same reason.
"""

from __future__ import annotations

import logging
import re
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import numpy as np
from PIL import Image
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut, apply_voi_lut
from pydicom.pixels.utils import pixel_array
from pydicom.uid import UID, JPEGExtended12Bit

from ..formats.header import DamagedFile
from ..render.levels import Range, said
from .dicom_tables import LookupTable, palette_colours

_WINDOW = ("WindowCenter", "WindowWidth", "VOILUTFunction")
_RESCALE = ("RescaleSlope", "RescaleIntercept")
_TAGS = [
    *("Rows", "Columns", "NumberOfFrames", "SamplesPerPixel", "PhotometricInterpretation", "PixelAspectRatio"),
    *("BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "PlanarConfiguration"),
    *("PixelPaddingValue", "PixelPaddingRangeLimit", *_WINDOW, *_RESCALE, "ModalityLUTSequence", "VOILUTSequence"),
    *(f"{colour}PaletteColorLookupTableDescriptor" for colour in ("Red", "Green", "Blue")),
    *(f"{colour}PaletteColorLookupTableData" for colour in ("Red", "Green", "Blue")),
    *(f"Segmented{colour}PaletteColorLookupTableData" for colour in ("Red", "Green", "Blue")),
    *("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"),
]
_WAYS_OUT = {
    "1.2.840.10008.1.2.4.51": "Uncompress it first: `dcmdjpeg IN.dcm OUT.dcm` (dcmtk).",
    "1.2.840.10008.1.2.4.57": "Uncompress it first: `dcmdjpeg IN.dcm OUT.dcm` (dcmtk).",
    "1.2.840.10008.1.2.4.70": "Uncompress it first: `dcmdjpeg IN.dcm OUT.dcm` (dcmtk).",
    "1.2.840.10008.1.2.4.80": "`pip install pyjpegls` lets it be read.",
    "1.2.840.10008.1.2.4.81": "`pip install pyjpegls` lets it be read.",
    "1.2.840.10008.1.2.4.201": "`pip install pylibjpeg pylibjpeg-openjpeg` lets it be read.",
    "1.2.840.10008.1.2.4.202": "`pip install pylibjpeg pylibjpeg-openjpeg` lets it be read.",
    "1.2.840.10008.1.2.4.203": "`pip install pylibjpeg pylibjpeg-openjpeg` lets it be read.",
}
"""By the UID of a transfer syntax that pydicom does not decode with Pillow alone."""
_CONVERTED = "Uncompress it first: `gdcmconv --raw IN.dcm OUT.dcm` (gdcm)."
_DEFLATED = re.compile(rb"\x02\x00\x10\x00UI..1\.2\.840\.10008\.1\.2\.1\.99", re.DOTALL)
_HEAD = 4096
_INSIDE = "is cut short: it ends inside its picture data"

_quiet = threading.local()


class _Silence(logging.Filter):
    """Drops what pydicom logs while this thread reads for us: it logs what it stumbles over, with its value."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not getattr(_quiet, "on", False)


logging.getLogger("pydicom").addFilter(_Silence())


@contextmanager
def _only_our_words(problem: str) -> Iterator[None]:
    """Whatever pydicom raises is DamagedFile in our words, and what it logs is dropped."""
    _quiet.on = True
    try:
        yield
    except DamagedFile:
        raise
    except Exception:
        raise DamagedFile(problem) from None
    finally:
        _quiet.on = False


class DicomFile:
    """Opened: the header is read, no pixel is. Raises DamagedFile."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        if _DEFLATED.search(file.read(_HEAD)):
            # pydicom would inflate it at once, however large it becomes.
            raise DamagedFile("is deflated as a whole", "Inflate it first: `dcmconv +te IN.dcm OUT.dcm` (dcmtk).")
        file.seek(0)
        with _only_our_words("has a header that cannot be read"):
            self._header = dcmread(file, stop_before_pixels=True, specific_tags=_TAGS)
            self._syntax = UID(self._header.file_meta.TransferSyntaxUID)
            self._start = file.tell()
            if "Rows" not in self._header or "Columns" not in self._header:
                raise DamagedFile(
                    "has no picture in it, or is cut short before it", "Look at it with `dcmdump IN.dcm`."
                )
            self.size = int(self._header.Columns), int(self._header.Rows)
            self.n_frames = int(self._header.get("NumberOfFrames") or 1)
            self.info: dict[str, Any] = {}
        if min(*self.size, self.n_frames) < 1:
            raise DamagedFile("is broken: its size or its number of frames is none")
        self._check_syntax()
        with _only_our_words("is broken: its picture data do not begin as they should"):
            self._check_complete()

    @property
    def aspect(self) -> float:
        """Width of a pixel over its height."""
        ratio = self._header.get("PixelAspectRatio")
        if ratio is None or len(ratio) != 2 or min(ratio) <= 0:
            return 1.0
        return float(ratio[1]) / float(ratio[0])

    @property
    def is_grey(self) -> bool:
        return str(self._header.get("PhotometricInterpretation", "")).startswith("MONOCHROME")

    @property
    def lossy(self) -> bool:
        return "Lossy" in self._syntax.name or "Baseline" in self._syntax.name or "Extended" in self._syntax.name

    def frame(self, number: int, chosen: Range | None, steps: list[str]) -> Image.Image:
        """One frame, counted from 1, decoded with `load`, which adds to the steps."""
        return _Frame(self, number - 1, chosen, steps)

    def decoded(self, index: int, chosen: Range | None, steps: list[str]) -> Image.Image:
        with self._decoding():
            values = pixel_array(self._file, index=index, raw=False)
            header = _of_frame(self._header, index)
            kind = str(header.PhotometricInterpretation)
            if kind == "PALETTE COLOR":
                steps.append("converted from palette")
                values = _palette_colours(values, header)
            elif values.ndim == 2:
                values = _grey(values, header, chosen, steps)
                if kind == "MONOCHROME1":
                    values = 255 - values
                    steps.append("inverted, as MONOCHROME1 is shown")
            elif values.dtype != np.uint8:
                values = (values.astype(np.float64) * 255 / ((1 << int(header.BitsStored)) - 1)).clip(0, 255)
            return Image.fromarray(np.ascontiguousarray(values.astype(np.uint8)))

    @contextmanager
    def _decoding(self) -> Iterator[None]:
        try:
            with _only_our_words("has picture data that cannot be decoded"):
                yield
        except DamagedFile:
            if not self._syntax.is_encapsulated:
                raise
            # Whether it is damaged or of a kind that the decoder does not know, pydicom does not tell.
            raise self._unknown() from None

    def _check_syntax(self) -> None:
        bits = int(self._header.get("BitsStored") or 0)
        with _only_our_words("has pixels in a transfer syntax that is not known"):
            try:
                available = get_decoder(self._syntax).is_available
            except NotImplementedError:
                available = False
        if not available or (self._syntax == JPEGExtended12Bit and bits != 8):
            raise self._unknown()

    def _unknown(self) -> DamagedFile:
        way_out = _WAYS_OUT.get(str(self._syntax), _CONVERTED)
        return DamagedFile(f"has a picture in it, coded as {self._syntax.name}, that cannot be decoded here", way_out)

    def _check_complete(self) -> None:
        """Walks the picture's element to its end."""
        file, size = self._file, self._file.seek(0, 2)
        file.seek(self._start)
        order = "<" if self._syntax.is_little_endian else ">"
        head = file.read(8)
        if len(head) < 8:
            raise DamagedFile("is cut short: it ends before its picture data")
        (length,) = struct.unpack_from(f"{order}I", head, 4)
        if not self._header.original_encoding[0]:
            (length,) = struct.unpack(f"{order}I", file.read(4))
        if length != 0xFFFFFFFF:
            pixels = self.size[0] * self.size[1] * int(self._header.SamplesPerPixel) * self.n_frames
            bits = pixels * int(self._header.BitsAllocated)
            if str(self._header.PhotometricInterpretation) == "YBR_FULL_422":
                bits = bits * 2 // 3
            if file.tell() + length > size or length < (bits + 7) // 8:
                raise DamagedFile(_INSIDE)
            return
        items = 0
        while True:
            item = file.read(8)
            if not item and items > self.n_frames:
                return  # without its end mark, as some writers leave it
            items += 1
            if len(item) < 8:
                raise DamagedFile(_INSIDE)
            group, element, length = struct.unpack("<HHI", item)
            if (group, element) == (0xFFFE, 0xE0DD):
                return
            if (group, element) != (0xFFFE, 0xE000) or file.tell() + length > size:
                raise DamagedFile(_INSIDE)
            file.seek(length, 1)


class _Frame(Image.Image):
    def __init__(self, file: DicomFile, index: int, chosen: Range | None, steps: list[str]) -> None:
        super().__init__()
        self._size, self._mode = file.size, "RGB"
        self._told = file, index, chosen, steps

    def load(self) -> Any:
        if self._im is None:
            file, index, chosen, steps = self._told
            image = file.decoded(index, chosen, steps)
            self._mode, self.im = image.mode, image.im
        return super().load()


def _of_frame(header: Dataset, index: int) -> Dataset:
    """The header with the window and the rescaling of one frame, which newer kinds of files keep in groups."""
    own = Dataset()
    own.update(header)
    own.file_meta = header.file_meta
    own.set_original_encoding(*header.original_encoding)
    groups = [sequence[at] for sequence, at in _groups(header, index)]
    for group in groups:
        for name, wanted in (("FrameVOILUTSequence", _WINDOW), ("PixelValueTransformationSequence", _RESCALE)):
            for item in group.get(name) or []:
                for keyword in wanted:
                    if keyword in item:
                        own[keyword] = item[keyword]
    return own


def _groups(header: Dataset, index: int) -> Iterator[tuple[Any, int]]:
    shared, each = header.get("SharedFunctionalGroupsSequence"), header.get("PerFrameFunctionalGroupsSequence")
    if shared:
        yield shared, 0
    if each and index < len(each):
        yield each, index


def _grey(stored: Any, header: Dataset, chosen: Range | None, steps: list[str]) -> Any:
    """Stored values as 0 to 255: by the range chosen, the file's VOI LUT or window, or the lowest to the highest."""
    bits, signed = int(header.BitsStored), bool(header.get("PixelRepresentation"))
    if tables := header.get("ModalityLUTSequence"):
        values = LookupTable.of(tables[0], _order(header))(stored)
    else:
        values = apply_modality_lut(stored, header)
    least, most = _possible(header, bits, signed=signed)
    if chosen is not None:
        steps.append(f"{said(chosen)}, as asked")
        return _spread(values, *chosen)
    if tables := header.get("VOILUTSequence"):
        table = LookupTable.of(tables[0], _order(header), below_zero=least < 0)
        steps.append("VOI LUT applied, as the file says")
        return _spread(table(values), 0, (1 << table.depth) - 1)
    if window := _window(header):
        steps.append(f"window {window[0]:g}/{window[1]:g} (center/width), as the file says")
        return _spread(apply_voi_lut(values, header), least, most)
    if bits <= 8 and not signed and values is stored:
        return _spread(values, 0, (1 << bits) - 1)
    low, high = _extrema(stored, values, header)
    if low < high:
        steps.append(f"{low:,.10g} to {high:,.10g} shown as 0 to 255")
        return _spread(values, low, high)
    return _spread(values, least, most)


def _possible(header: Dataset, bits: int, *, signed: bool) -> tuple[float, float]:
    """The lowest and highest value after the modality transformation, as `apply_voi_lut` spreads a window over them."""
    if header.get("ModalityLUTSequence"):
        return 0, (1 << int(header.ModalityLUTSequence[0].LUTDescriptor[2])) - 1
    least, most = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    slope, intercept = header.get("RescaleSlope"), header.get("RescaleIntercept")
    if slope is None or intercept is None:
        return least, most
    return least * float(slope) + float(intercept), most * float(slope) + float(intercept)


def _window(header: Dataset) -> tuple[float, float] | None:
    """Center and width of the first window; `None` where there is none that means anything."""
    center, width = header.get("WindowCenter"), header.get("WindowWidth")
    if center is None or width is None:
        return None
    first, wide = (float(value[0] if hasattr(value, "append") else value) for value in (center, width))
    return (first, wide) if np.isfinite([first, wide]).all() and wide >= 1 else None


def _extrema(stored: Any, values: Any, header: Dataset) -> tuple[float, float]:
    """Of what is no padding."""
    padding = header.get("PixelPaddingValue")
    if padding is not None:
        limit = header.get("PixelPaddingRangeLimit", padding)
        meant = (stored < min(padding, limit)) | (stored > max(padding, limit))
        if meant.any():
            values = values[meant]
    finite = values[np.isfinite(values)]
    return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)


def _spread(values: Any, low: float, high: float) -> Any:
    """`low` to 0 and `high` to 255, rounded, whatever lies beyond them cut off."""
    low, high = float(low), float(high)
    scaled = (values.astype(np.float64) - low) * (255 / (high - low) if high != low else 0.0)
    return np.nan_to_num(np.rint(scaled), nan=0.0).clip(0, 255).astype(np.uint8)


def _palette_colours(stored: Any, header: Dataset) -> Any:
    if "RedPaletteColorLookupTableData" in header:
        colours = palette_colours(stored, header, _order(header))
    else:
        colours = apply_color_lut(stored, header)[..., :3]
    # Some writers put 8 bits into entries of 16, as they do in TIFF.
    return colours >> 8 if colours.dtype != np.uint8 and colours.max() > 255 else colours


def _order(header: Dataset) -> str:
    """The byte order of the file, in numpy's words."""
    return "<" if header.file_meta.TransferSyntaxUID.is_little_endian else ">"
