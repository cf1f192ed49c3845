"""DICOM's lookup tables (modality LUT, VOI LUT, palette): stored and rescaled values to what the table has for them.

Not by pydicom 3.0: of a table with more than 256 entries of 8 bits it takes the values modulo 256; it knows no modality
LUT of 10 to 15 bits; and in files of implicit types it takes the sign of where a VOI LUT begins from the stored values,
though that goes by the rescaled ones (DICOM PS3.3, C.11.2.1.1), and then all of a CT may be the table's first entry.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from pydicom.dataset import Dataset


@dataclass(frozen=True)
class LookupTable:
    first: int
    """The value of the first entry. What is less has that entry too, what is beyond the last one has the last."""
    entries: Any
    depth: int
    """Bits of an entry that count."""

    @classmethod
    def of(cls, item: Dataset, order: str, *, below_zero: bool = False) -> LookupTable:
        """Of an item of a sequence. `below_zero`: the values that are looked up may be negative."""
        count, first, depth = item.LUTDescriptor
        if below_zero and first > 0x7FFF:
            first -= 0x10000
        return cls(int(first), _entries(item.LUTData, _count(count), order), int(depth))

    def __call__(self, values: Any) -> Any:
        places = np.rint(values).astype(np.int64) - self.first
        return self.entries[places.clip(0, len(self.entries) - 1)]


def palette_colours(stored: Any, header: Dataset, order: str) -> Any:
    """Red, green and blue of a palette that is not segmented."""
    planes = []
    for colour in ("Red", "Green", "Blue"):
        count, first, depth = header[f"{colour}PaletteColorLookupTableDescriptor"].value
        data = header[f"{colour}PaletteColorLookupTableData"].value
        planes.append(LookupTable(int(first), _entries(data, _count(count), order), int(depth))(stored))
    return np.stack(planes, axis=-1)


def _count(said: int) -> int:
    """As 16 bits without a sign, in which 0 stands for 65,536."""
    return int(said) & 0xFFFF or 0x10000


def _entries(data: Any, count: int, order: str) -> Any:
    if not isinstance(data, bytes):
        return np.atleast_1d(np.asarray(data, np.uint16))
    # A byte an entry, if there are no more; one is added where their number is odd.
    return np.frombuffer(data, np.uint8 if len(data) < 2 * count else f"{order}u2")[:count]
