"""DICOM's lookup tables: looked up as dcm2pnm (dcmtk 3.6.7) does, where pydicom 3.0 does otherwise."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ollama_vision.pictures import ImageOptions, prepare_image
from tests.support.dicom_files import IMPLICIT, dicom, lut, words

pytest.importorskip("pydicom")

EXACT = ImageOptions(max_pixels=None, min_side=1, format="png")
VALUES = [0, 100, 300, 500, 700, 900, 1100, 4095]
COLOURS = bytes([200, 30, 30, 30, 200, 30, 30, 30, 200, 240, 240, 240])


def ramp(bits: int) -> list[int]:
    """An entry for each value of 12 bits, rising evenly."""
    return [value * ((1 << bits) - 1) // 4095 for value in range(4096)]


SAMPLES: dict[str, tuple[bytes, list[int]]] = {
    "VOI LUT of 8 bits for values of 12": (
        dicom(words(*VALUES), VOILUTSequence=lut(0, 8, *ramp(8))),
        [0, 6, 18, 31, 43, 56, 68, 255],
    ),
    "VOI LUT that begins below zero": (
        dicom(words(*VALUES), VOILUTSequence=lut(-1000, 12, *ramp(12)), RescaleSlope=1, RescaleIntercept=-1000),
        [0, 6, 19, 31, 44, 56, 68, 255],
    ),
    "VOI LUT that begins below zero, implicit types": (
        dicom(
            words(*VALUES),
            syntax=IMPLICIT,
            VOILUTSequence=lut(-1000, 12, *ramp(12)),
            RescaleSlope=1,
            RescaleIntercept=-1000,
        ),
        [0, 6, 19, 31, 44, 56, 68, 255],
    ),
    "VOI LUT after a modality LUT of 12 bits": (
        dicom(
            words(*VALUES), ModalityLUTSequence=lut(0, 12, *reversed(ramp(12))), VOILUTSequence=lut(0, 12, *ramp(12))
        ),
        [255, 249, 236, 224, 211, 199, 187, 0],
    ),
}
"""Values as `dcm2pnm +Wl 1` shows them."""


def greys(data: bytes) -> list[int]:
    return list(Image.open(prepare_image(data, EXACT).open()).convert("L").tobytes())


def far(seen: list[int], wanted: list[int]) -> int:
    return max(abs(one - other) for one, other in zip(seen, wanted, strict=True))


@pytest.mark.parametrize("name", SAMPLES)
def test_values(name: str) -> None:
    data, wanted = SAMPLES[name]
    assert far(greys(data), wanted) <= 1, greys(data)


@pytest.mark.skipif(shutil.which("dcm2pnm") is None, reason="dcmtk is not installed")
@pytest.mark.parametrize("name", SAMPLES)
def test_as_dcm2pnm_shows_it(name: str, tmp_path: Path) -> None:
    data, _ = SAMPLES[name]
    path, shown = tmp_path / "x.dcm", tmp_path / "x.pgm"
    path.write_bytes(data)
    subprocess.run(["dcm2pnm", "+Wl", "1", path, shown], check=True)
    assert far(greys(data), list(Image.open(shown).convert("L").tobytes())) <= 1


def test_palette_of_more_colours_than_8_bits_count() -> None:
    values = (300, 301, 302, 303)
    described: dict[str, Any] = {"Columns": 4, "PhotometricInterpretation": "PALETTE COLOR"}
    for channel, name in enumerate(("Red", "Green", "Blue")):
        table = bytearray(512)
        table[values[0] : values[-1] + 1] = COLOURS[channel::3]
        described[f"{name}PaletteColorLookupTableDescriptor"] = [512, 0, 8]
        described[f"{name}PaletteColorLookupTableData"] = bytes(table)
    picture = Image.open(prepare_image(dicom(words(*values), **described), EXACT).open()).convert("RGB")
    assert picture.tobytes() == COLOURS
