#!/usr/bin/env bash
# pydicom 3.0.2: `apply_voi_lut` counts places in a VOI LUT in the type of its entries. In one with 8 bits an entry and
# more than 256 entries, as X-rays of 12 bits have them (LUT Descriptor 4096\0\8), it takes every value modulo 256: a
# ramp from 0 to 4,095, whose table rises evenly from 0 to 255, comes out as 0 to 15 again and again, all but black.
# With 10 to 16 bits an entry it is right. No error, no warning. `apply_color_lut` has the same in palettes. dcm2pnm
# (dcmtk 3.6.7) shows the ramp.
#
# Seen: of 0, 1000, 2000, 3000, 4095 with 8 bits [0, 14, 12, 11, 15], right is [0, 62, 124, 186, 255]; 12 bits right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pydicom==3.0.2 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import numpy
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.pixels import apply_voi_lut
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian

VALUES = [0, 1000, 2000, 3000, 4095]
seen = {}
for bits in (8, 12):
    entries = [value * ((1 << bits) - 1) // 4095 for value in range(4096)]
    table = Dataset()
    table.add_new("LUTDescriptor", "US", [len(entries), 0, bits])
    table.add_new("LUTData", "US", entries)
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.VOILUTSequence = Sequence([table])
    seen[bits] = (apply_voi_lut(numpy.array(VALUES, "uint16"), data).tolist(), [entries[value] for value in VALUES])
print(seen)
assert seen[12][0] == seen[12][1]
assert seen[8] == ([0, 14, 12, 11, 15], [0, 62, 124, 186, 255]), "values beyond 255 are looked up now"
PYTHON
