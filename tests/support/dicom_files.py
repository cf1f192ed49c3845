"""DICOM files of few pixels, made by pydicom, with a patient in them of whom nothing may be told."""

from __future__ import annotations

import io
import struct
from typing import Any

PATIENT, BIRTHDAY, PLACE = "Roe^Richard", "19451231", "Saint Nowhere"
EXPLICIT, IMPLICIT, BIG_ENDIAN = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2", "1.2.840.10008.1.2.2"
JPEG, JPEG_LS, DEFLATED = "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.1.99"
RGB: dict[str, Any] = {
    "Columns": 4, "SamplesPerPixel": 3, "PhotometricInterpretation": "RGB", "PlanarConfiguration": 0,
    "BitsAllocated": 8, "BitsStored": 8, "HighBit": 7,
}  # fmt: skip


def dicom(pixels: bytes, *, syntax: str = EXPLICIT, preamble: bytes = bytes(128), **fields: Any) -> bytes:
    """A file of these elements; what is not said is grey of 12 bits in 16, in one row of eight."""
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.encaps import encapsulate
    from pydicom.uid import UID

    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = UID(syntax)
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID = UID("1.2.840.10008.5.1.4.1.1.7")
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID = UID("1.2.3.4")
    dataset.PatientName, dataset.PatientBirthDate, dataset.InstitutionName = PATIENT, BIRTHDAY, PLACE
    described: dict[str, Any] = {
        "Rows": 1, "Columns": 8, "SamplesPerPixel": 1, "PhotometricInterpretation": "MONOCHROME2",
        "BitsAllocated": 16, "BitsStored": 12, "HighBit": 11, "PixelRepresentation": 0, **fields,
    }  # fmt: skip
    for name, value in described.items():
        setattr(dataset, name, value)
    if syntax in (JPEG, JPEG_LS):
        pixels = encapsulate([pixels])
    dataset.PixelData = pixels
    dataset["PixelData"].VR = "OB" if syntax in (JPEG, JPEG_LS) else "OW"
    buffer = io.BytesIO()
    dataset.preamble = preamble
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def words(*values: int, order: str = "<") -> bytes:
    """Of 16 bits each."""
    return struct.pack(f"{order}{len(values)}{'h' if min(values) < 0 else 'H'}", *values)


def lut(first: int, bits: int, *entries: int) -> Any:
    """The sequence of a VOI LUT or modality LUT."""
    from pydicom.dataset import Dataset
    from pydicom.sequence import Sequence

    item = Dataset()
    item.add_new("LUTDescriptor", "SS" if first < 0 else "US", [len(entries), first, bits])
    item.add_new("LUTData", "US", list(entries))
    return Sequence([item])
