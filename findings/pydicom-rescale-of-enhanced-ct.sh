#!/usr/bin/env bash
# pydicom 3.0.2: `apply_modality_lut` and `apply_voi_lut` look at the top of a data set only. In an Enhanced CT the
# rescale and the window stand in its functional groups (PixelValueTransformationSequence, FrameVOILUTSequence), where
# the standard puts them: both functions then hand back what they were given, as if there were nothing to apply.
# Hounsfield units are off by 1,024, and the picture has no window; the same slice as a classic CT is right. No error,
# no warning.
#
# Seen: classic [-1024, 0, 40], windowed [-1024, 618, 1029]; enhanced [0, 1024, 1064], windowed [0, 1024, 1064].
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pydicom==3.0.2 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import io

import numpy
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.pixels import apply_modality_lut, apply_voi_lut
from pydicom.sequence import Sequence
from pydicom.uid import CTImageStorage, EnhancedCTImageStorage, ExplicitVRLittleEndian

STORED = numpy.array([[0, 1024, 1064]], "uint16")  # air, water, muscle


def a_slice(kind, frames):
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = kind
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID = "1.2.3"
    data.Modality, data.Rows, data.Columns = "CT", 1, 3
    data.BitsAllocated, data.BitsStored, data.HighBit = 16, 12, 11
    data.PixelRepresentation, data.SamplesPerPixel, data.PhotometricInterpretation = 0, 1, "MONOCHROME2"
    if frames > 1:
        data.NumberOfFrames = frames
    data.PixelData = STORED.tobytes() * frames + b"\0" * (len(STORED.tobytes()) * frames % 2)
    return data


def shown(data):
    file = io.BytesIO()
    data.save_as(file, enforce_file_format=True)
    file.seek(0)
    read = dcmread(file)
    units = apply_modality_lut(read.pixel_array, read)
    levels = apply_voi_lut(units, read)
    return units.reshape(-1, 3)[0].tolist(), levels.reshape(-1, 3)[0].round().tolist()


transformation, window = Dataset(), Dataset()
transformation.RescaleSlope, transformation.RescaleIntercept, transformation.RescaleType = 1, -1024, "HU"
window.WindowCenter, window.WindowWidth = 40, 400
classic = a_slice(CTImageStorage, 1)
classic.update(transformation)
classic.update(window)
enhanced = a_slice(EnhancedCTImageStorage, 2)
shared = Dataset()
shared.PixelValueTransformationSequence = Sequence([transformation])
shared.FrameVOILUTSequence = Sequence([window])
enhanced.SharedFunctionalGroupsSequence = Sequence([shared])
seen = {"classic": shown(classic), "enhanced": shown(enhanced)}
print(seen)
assert seen["classic"][0] == [-1024, 0, 40]
assert seen["classic"][1] != seen["classic"][0]
assert seen["enhanced"] == ([0, 1024, 1064], [0, 1024, 1064]), "the rescale of functional groups is applied now"
PYTHON
