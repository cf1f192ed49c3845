"""DICOM: shown as pydicom and dcm2pnm (dcmtk 3.6.7) show it, frame by frame, and nothing about a patient is told."""

from __future__ import annotations

import io
import logging
import shutil
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ollama_vision.errors import ImageError, MissingExtraError
from ollama_vision.pictures import ImageOptions, prepare_documents, prepare_image
from ollama_vision.pictures.source import PictureSource
from tests.support.dicom_files import BIG_ENDIAN, BIRTHDAY, DEFLATED, IMPLICIT, JPEG, JPEG_LS, RGB, dicom, lut, words

pytest.importorskip("pydicom")

EXACT = ImageOptions(max_pixels=None, min_side=1, format="png")
VALUES = [0, 100, 300, 500, 700, 900, 1100, 4095]


def nested(name: str, **fields: Any) -> Any:
    """Functional groups, as newer kinds of files have them: a sequence with a sequence in it."""
    from pydicom.dataset import Dataset
    from pydicom.sequence import Sequence

    inner, outer = Dataset(), Dataset()
    for field, value in fields.items():
        setattr(inner, field, value)
    setattr(outer, name, Sequence([inner]))
    return Sequence([outer])


def greys(data: bytes, **options: Any) -> list[int]:
    picture = prepare_image(data, EXACT.model_copy(update=options))
    return list(Image.open(picture.open()).convert("L").tobytes())


def steps(data: bytes) -> tuple[str, ...]:
    return prepare_image(data, EXACT).steps


COLOURS = bytes([200, 30, 30, 30, 200, 30, 30, 30, 200, 240, 240, 240])
SAMPLES: dict[str, tuple[bytes, list[int]]] = {
    "window": (dicom(words(*VALUES), WindowCenter=600, WindowWidth=1000), [0, 0, 51, 102, 153, 204, 255, 255]),
    "window, the first of two": (
        dicom(words(*VALUES), WindowCenter=[600, 40], WindowWidth=[1000, 400]),
        [0, 0, 51, 102, 153, 204, 255, 255],
    ),
    "window of rescaled values": (
        dicom(words(*VALUES), WindowCenter=-400, WindowWidth=1000, RescaleSlope=1, RescaleIntercept=-1000),
        [0, 0, 51, 102, 153, 204, 255, 255],
    ),
    "window of values below zero": (
        dicom(words(-500, -300, -100, 0, 100, 300, 499, 600), PixelRepresentation=1, WindowCenter=0, WindowWidth=1000),
        [0, 51, 102, 128, 153, 204, 255, 255],
    ),
    "MONOCHROME1": (
        dicom(words(*VALUES), WindowCenter=600, WindowWidth=1000, PhotometricInterpretation="MONOCHROME1"),
        [255, 255, 204, 153, 102, 51, 0, 0],
    ),
    "implicit types": (
        dicom(words(*VALUES), syntax=IMPLICIT, WindowCenter=600, WindowWidth=1000),
        [0, 0, 51, 102, 153, 204, 255, 255],
    ),
    "big-endian": (
        dicom(words(*VALUES, order=">"), syntax=BIG_ENDIAN, WindowCenter=600, WindowWidth=1000),
        [0, 0, 51, 102, 153, 204, 255, 255],
    ),
    "no window: lowest to highest": (
        dicom(words(400, 400, 500, 600, 700, 800, 900, 900)),
        [0, 0, 51, 102, 153, 204, 255, 255],
    ),
    "8 bits": (
        dicom(bytes(range(0, 160, 20)), BitsAllocated=8, BitsStored=8, HighBit=7),
        [0, 20, 40, 60, 80, 100, 120, 140],
    ),
    "VOI LUT": (
        dicom(words(*[7, 8, 9, 10, 11, 12, 0, 4000]), VOILUTSequence=lut(8, 8, 250, 200, 150, 100)),
        [250, 250, 200, 150, 100, 100, 250, 100],
    ),
    "groups of newer kinds": (
        dicom(
            words(*VALUES),
            SharedFunctionalGroupsSequence=nested("FrameVOILUTSequence", WindowCenter=600, WindowWidth=1000),
        ),
        [0, 0, 51, 102, 153, 204, 255, 255],
    ),
}
"""Values as dcm2pnm 3.6.7 shows them (`dcm2pnm +Wi 1`, or `+Wm` where there is no window), but for the groups, at
which it does not look, and the VOI LUT, which it shows with `+Wl 1`."""


@pytest.mark.parametrize("name", SAMPLES)
def test_grey_values(name: str) -> None:
    data, wanted = SAMPLES[name]
    seen = greys(data)
    assert max(abs(one - other) for one, other in zip(seen, wanted, strict=True)) <= 1, seen


@pytest.mark.skipif(shutil.which("dcm2pnm") is None, reason="dcmtk is not installed")
@pytest.mark.parametrize("name", [name for name in SAMPLES if not name.startswith("groups")])
def test_as_dcm2pnm_shows_it(name: str, tmp_path: Path) -> None:
    data, _ = SAMPLES[name]
    path, shown = tmp_path / "x.dcm", tmp_path / "x.ppm"
    path.write_bytes(data)
    way = ["+Wm"] if name.startswith("no window") else ["+Wl", "1"] if "LUT" in name else ["+Wi", "1"]
    subprocess.run(["dcm2pnm", *([] if name == "8 bits" else way), path, shown], check=True)
    theirs = Image.open(shown).convert("L").tobytes()
    assert max(abs(one - other) for one, other in zip(greys(data), theirs, strict=True)) <= 1


def test_a_tiff_header_before_it_is_nobodys_business() -> None:
    tiff = b"II*\x00\x08\x00\x00\x00" + bytes(120)
    data = dicom(words(*VALUES), preamble=tiff, WindowCenter=600, WindowWidth=1000)
    assert greys(data) == greys(SAMPLES["window"][0])
    assert "converted from DICOM" in steps(data)


def test_what_is_shown_is_said() -> None:
    assert "window 600/1000 (center/width), as the file says" in steps(SAMPLES["window"][0])
    assert "400 to 900 shown as 0 to 255" in steps(SAMPLES["no window: lowest to highest"][0])
    assert "inverted, as MONOCHROME1 is shown" in steps(SAMPLES["MONOCHROME1"][0])
    assert "VOI LUT applied, as the file says" in steps(SAMPLES["VOI LUT"][0])


@pytest.mark.parametrize(("center", "width"), [(600, 0.5), (600, 0), ("", "")])
def test_a_window_that_means_nothing_is_no_window(center: Any, width: Any) -> None:
    data = dicom(words(400, 400, 500, 600, 700, 800, 900, 900), WindowCenter=center, WindowWidth=width)
    assert greys(data) == [0, 0, 51, 102, 153, 204, 255, 255]


def test_padding_is_no_lowest_value() -> None:
    data = dicom(
        words(-2000, 400, 500, 600, 700, 800, 900, -2000), PixelRepresentation=1, BitsStored=16, HighBit=15,
        PixelPaddingValue=-2000,
    )  # fmt: skip
    assert greys(data) == [0, 0, 51, 102, 153, 204, 255, 0]


def test_one_grey_everywhere_keeps_its_place() -> None:
    assert greys(dicom(words(*[4095] * 8))) == [255] * 8
    assert greys(dicom(words(*[0] * 8))) == [0] * 8


def test_a_chosen_range_is_one_of_rescaled_values() -> None:
    data = dicom(words(*VALUES), WindowCenter=600, WindowWidth=1000, RescaleSlope=1, RescaleIntercept=-1000)
    picture = prepare_image(data, EXACT.model_copy(update={"range": (-900, 100)}))
    assert Image.open(picture.open()).convert("L").tobytes() == bytes([0, 0, 51, 102, 153, 204, 255, 255])
    assert "-900 to 100 shown as 0 to 255, as asked" in picture.steps
    colours = prepare_image(dicom(COLOURS, **RGB), EXACT.model_copy(update={"range": (30, 230)}))
    assert any("30 to 230" in step for step in colours.steps)


class TestColours:
    def shown(self, data: bytes) -> tuple[tuple[int, ...], ...]:
        image = Image.open(prepare_image(data, EXACT).open()).convert("RGB")
        return tuple(tuple(image.tobytes()[at : at + 3]) for at in range(0, 12, 3))

    wanted = ((200, 30, 30), (30, 200, 30), (30, 30, 200), (240, 240, 240))

    def test_rgb(self) -> None:
        assert self.shown(dicom(COLOURS, **RGB)) == self.wanted
        planes = COLOURS[0::3] + COLOURS[1::3] + COLOURS[2::3]
        assert self.shown(dicom(planes, **{**RGB, "PlanarConfiguration": 1})) == self.wanted

    def test_ybr(self) -> None:
        ybr = Image.frombytes("RGB", (4, 1), COLOURS).convert("YCbCr").tobytes()
        seen = self.shown(dicom(ybr, **{**RGB, "PhotometricInterpretation": "YBR_FULL"}))
        assert all(
            abs(one - other) <= 2
            for row in zip(seen, self.wanted, strict=True)
            for one, other in zip(*row, strict=True)
        )

    @pytest.mark.parametrize("shift", [0, 8], ids=["8 bits in 16", "16 bits"])
    def test_palette(self, shift: int) -> None:
        palette = {
            f"{name}PaletteColorLookupTable{part}": [4, 0, 16] if part == "Descriptor" else words(*entries)
            for name, channel in (("Red", 0), ("Green", 1), ("Blue", 2))
            for part in ("Descriptor", "Data")
            for entries in ([value << shift for value in COLOURS[channel::3]],)
        }
        described: dict[str, Any] = {"Columns": 4, "BitsAllocated": 8, "BitsStored": 8, "HighBit": 7}
        data = dicom(bytes(range(4)), **{**described, "PhotometricInterpretation": "PALETTE COLOR", **palette})
        assert self.shown(data) == self.wanted

    def test_jpeg_inside(self) -> None:
        buffer = io.BytesIO()
        Image.new("RGB", (64, 48), (200, 30, 30)).save(buffer, "JPEG", quality=95, subsampling=0)
        described = {**RGB, "Columns": 64, "Rows": 48, "PhotometricInterpretation": "YBR_FULL_422"}
        picture = prepare_image(dicom(buffer.getvalue(), syntax=JPEG, **described), EXACT)
        assert picture.size == (64, 48)
        red, green, blue = Image.open(picture.open()).convert("RGB").tobytes()[:3]
        assert (abs(red - 200), abs(green - 30), abs(blue - 30)) <= (3, 3, 3)


class TestFrames:
    data = dicom(b"".join(words(*[value] * 7, 4095) for value in (0, 2000, 4000)), NumberOfFrames=3)

    def test_each_is_a_page(self) -> None:
        pictures = prepare_documents([self.data], EXACT)
        assert [picture.page for picture in pictures] == [1, 2, 3]
        assert "page 2 of 3" in pictures[1].steps
        assert PictureSource.of(self.data, EXACT).select_pages().numbers == (1, 2, 3)
        assert PictureSource.of(self.data, EXACT).size() == (8, 1)

    def test_one_is_chosen(self) -> None:
        [second] = prepare_documents([self.data], EXACT.model_copy(update={"pages": (2,)}))
        assert second.page == 2
        with pytest.raises(ImageError, match="has only 3 pages"):
            prepare_image(self.data, ImageOptions(pages=(4,)))

    def test_a_window_of_each_frame(self) -> None:
        from pydicom.sequence import Sequence

        each = Sequence(
            [
                nested("FrameVOILUTSequence", WindowCenter=center, WindowWidth=1000)[0]
                for center in (600, 1600)
            ]
        )  # fmt: skip
        data = dicom(words(*VALUES) * 2, NumberOfFrames=2, PerFrameFunctionalGroupsSequence=each)
        first, second = prepare_documents([data], EXACT)
        assert any("600/1000" in step for step in first.steps)
        assert any("1600/1000" in step for step in second.steps)


class TestRefused:
    def test_a_part_of_one(self) -> None:
        for name in ("window", "VOI LUT"):
            data = SAMPLES[name][0]
            for end in range(140, len(data) - 1, 7):
                with pytest.raises(ImageError):
                    prepare_image(data[:end], EXACT)
        with pytest.raises(ImageError, match="cut short: it ends inside its picture data"):
            prepare_image(SAMPLES["window"][0][:-2], EXACT)

    def test_a_coding_that_is_not_read_has_its_name_and_a_command(self) -> None:
        with pytest.raises(ImageError, match=r"JPEG-LS Lossless.*`pip install pyjpegls`") as caught:
            prepare_image(dicom(b"\xff\xd8\xff\xf7", syntax=JPEG_LS), EXACT)
        assert "whole file" not in str(caught.value)

    def test_deflated(self) -> None:
        with pytest.raises(ImageError, match=r"deflated as a whole.*dcmconv \+te"):
            prepare_image(dicom(words(*VALUES), syntax=DEFLATED), EXACT)

    def test_without_its_preamble(self) -> None:
        data = dicom(words(*VALUES))
        for bare in (data[132:], data[data.index(b"\x08\x00\x16\x00UI") :]):
            with pytest.raises(ImageError, match=r"without its first 132 bytes.*dcmconv"):
                prepare_image(bare)

    def test_no_picture_in_it(self) -> None:
        data = dicom(words(*VALUES))
        with pytest.raises(ImageError, match="has no picture in it, or is cut short before it"):
            prepare_image(data[: data.index(b"\x28\x00\x02\x00")])

    def test_its_size_is_believed_before_anything_is_decoded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delattr("ollama_vision.pictures.decoders.dicom.pixel_array")
        with pytest.raises(ImageError, match="8x1, 0 megapixels"):
            prepare_image(SAMPLES["window"][0], ImageOptions(max_source_pixels=7))

    def test_without_the_extra(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "pydicom", None)
        monkeypatch.delitem(sys.modules, "ollama_vision.pictures.decoders.dicom", raising=False)
        with pytest.raises(MissingExtraError, match=r"package pydicom is not there.*\[dicom\]"):
            prepare_image(SAMPLES["window"][0])


def test_nothing_about_a_patient_is_told(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    caplog.set_level(logging.DEBUG)
    whole = dicom(words(*VALUES), WindowCenter=600, WindowWidth=1000, PatientID="ID-4711")
    # Dates and names that are wrong make pydicom warn with them in its words.
    broken = whole.replace(BIRTHDAY.encode(), b"31.12.45").replace(b"1.2.3.4\0", b"1.2.03.x")
    variants = [whole, broken, *(broken[:end] for end in range(140, len(broken), 11)), broken.replace(b"US", b"ZZ")]
    said: list[str] = []
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        for data in variants:
            try:
                picture = prepare_image(data, EXACT)
                said += [*picture.steps, repr(picture), str(picture.describe())]
            except ImageError as error:
                said += [
                    str(error),
                    repr(error),
                    repr(error.__cause__),
                    repr(error.__cause__ and error.__cause__.__context__),
                ]
    said += [str(one.message) for one in warned] + [record.getMessage() for record in caplog.records]
    said += [*capsys.readouterr()]
    for secret in ("Roe", "Richard", BIRTHDAY, "31.12.45", "Nowhere", "4711", "1.2.03.x"):
        assert not any(secret in words for words in said), secret
