#!/usr/bin/env bash
# pydicom 3.0.2: a CT whose VOI LUT begins at -1,024 Hounsfield units is black all over when it is stored in Implicit VR
# Little Endian, DICOM's default, and right in Explicit VR. Files of implicit types do not say whether the number is
# signed; pydicom goes by the stored pixels (Pixel Representation), which are unsigned, and reads 64,512. What counts
# for a VOI LUT is the range after the rescale (DICOM PS3.3, C.11.2.1.1). `apply_voi_lut` then has the first entry for
# every value; no error, no warning. dcm2pnm (dcmtk 3.6.7) shows both alike.
#
# Seen: implicit descriptor [4096, 64512, 12], greys [0, 0, 0]; explicit [4096, -1024, 12], greys [0, 1024, 2000].
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pydicom==3.0.2 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import io

import numpy
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.pixels import apply_modality_lut, apply_voi_lut
from pydicom.sequence import Sequence
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, ImplicitVRLittleEndian

STORED = numpy.array([[0, 1024, 2000, 2000]], "uint16")
seen = {}
for name, syntax in (("explicit", ExplicitVRLittleEndian), ("implicit", ImplicitVRLittleEndian)):
    table = Dataset()
    table.add_new("LUTDescriptor", "SS", [4096, -1024, 12])
    table.add_new("LUTData", "US", list(range(4096)))
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = syntax
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = CTImageStorage
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID = "1.2.3"
    data.Rows, data.Columns = STORED.shape
    data.BitsAllocated, data.BitsStored, data.HighBit = 16, 12, 11
    data.PixelRepresentation, data.SamplesPerPixel, data.PhotometricInterpretation = 0, 1, "MONOCHROME2"
    data.RescaleSlope, data.RescaleIntercept = 1, -1024
    data.VOILUTSequence = Sequence([table])
    data.PixelData = STORED.tobytes()
    file = io.BytesIO()
    data.save_as(file, enforce_file_format=True)
    file.seek(0)
    read = dcmread(file)
    units = apply_modality_lut(read.pixel_array, read)
    greys = apply_voi_lut(units.astype(int), read)[0, :3].tolist()
    seen[name] = (list(read.VOILUTSequence[0].LUTDescriptor), greys)
print(seen)
assert seen["explicit"] == ([4096, -1024, 12], [0, 1024, 2000])
assert seen["implicit"] == ([4096, 64512, 12], [0, 0, 0]), "implicit types are read by the rescaled range now"
PYTHON
