#!/usr/bin/env bash
# pydicom 3.0.1: `pydicom.pixels.pixel_array(file)` and `iter_pixels(file)`, the ways to pixels that need little
# memory, find no pixel data in a valid file of Deflated Explicit VR Little Endian (1.2.840.10008.1.2.1.99): they
# read the compressed bytes as elements ("Expected explicit VR, but found implicit VR") and raise AttributeError.
# `dcmread(file).pixel_array` unpacks the same file and gives its pixels.
#
# Seen: dcmread [[1, 2], [3, 4]]; both others AttributeError, "... no pixel data to decode".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pydicom==3.0.1 numpy
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import io

from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.pixels import iter_pixels, pixel_array
from pydicom.uid import DeflatedExplicitVRLittleEndian, SecondaryCaptureImageStorage

data = Dataset()
data.file_meta = FileMetaDataset()
data.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = SecondaryCaptureImageStorage
data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID = "1.2.3"
data.Rows = data.Columns = 2
data.BitsAllocated = data.BitsStored = 8
data.HighBit, data.PixelRepresentation, data.SamplesPerPixel = 7, 0, 1
data.PhotometricInterpretation = "MONOCHROME2"
data.PixelData = b"\x01\x02\x03\x04"
file = io.BytesIO()
data.save_as(file, enforce_file_format=True)


def outcome(read):
    try:
        return read(io.BytesIO(file.getvalue()))
    except AttributeError as error:
        return str(error)


whole = outcome(lambda bytes_: dcmread(bytes_).pixel_array.tolist())
others = [outcome(lambda bytes_: pixel_array(bytes_).tolist()), outcome(lambda bytes_: list(iter_pixels(bytes_)))]
print(whole, others)
assert whole == [[1, 2], [3, 4]]
assert all("no pixel data to decode" in str(other) for other in others), "they read a deflated file now"
PYTHON
