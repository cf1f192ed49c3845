"""What EXIF says of a photograph, from every kind of file that has some; exiftool reads the same."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ollama_vision.pictures import ImageOptions, PhotoFacts, PictureSource, photo_facts_of_file
from ollama_vision.pictures.photo_facts import photo_facts
from tests.support.photo_files import GPS, MAIN, PHOTO, PHOTOS, SAYS, exif_block, jpeg_photo
from tests.support.raw_files import arw, cr2, dng, nef, orf

every_kind = pytest.mark.parametrize(("name", "made"), PHOTOS.items(), ids=[*PHOTOS])


def facts(main: Mapping[int, Any] = MAIN, photo: Mapping[int, Any] = PHOTO, gps: Mapping[int, Any] = GPS) -> PhotoFacts:
    return photo_facts(io.BytesIO(jpeg_photo(exif_block(main, photo, gps))))


@every_kind
def test_every_kind_of_file_tells_its_facts(name: str, made: Callable[[bytes], bytes], tmp_path: Path) -> None:
    if name.endswith(".heic"):
        pytest.importorskip("pillow_heif")
    data = made(exif_block())
    file = tmp_path / name
    file.write_bytes(data)
    assert vars(photo_facts_of_file(file)) == SAYS
    assert PictureSource.of(data, ImageOptions()).photo_facts() == photo_facts_of_file(file)


@every_kind
def test_exiftool_reads_the_same(name: str, made: Callable[[bytes], bytes], tmp_path: Path) -> None:
    if shutil.which("exiftool") is None:
        pytest.skip("needs exiftool; what 12.57 said of these files are the values of SAYS")
    if name.endswith(".heic"):
        pytest.importorskip("pillow_heif")
    file = tmp_path / name
    file.write_bytes(made(exif_block()))
    command = ["exiftool", "-json", "-n", "-DateTimeOriginal", "-Model", "-LensModel", "-GPSLatitude", "-GPSLongitude"]
    command += [str(file)]
    (told,) = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    words = (PHOTO[0x9003], MAIN[0x0110], PHOTO[0xA434])
    assert (told["DateTimeOriginal"], told["Model"], told["LensModel"]) == words
    said = (float(SAYS["latitude"]), float(SAYS["longitude"]))
    assert (told["GPSLatitude"], told["GPSLongitude"]) == pytest.approx(said, abs=1e-6)


RED = Image.new("RGB", (64, 64), "red")
WITHOUT: Mapping[str, Callable[[], bytes]] = {
    **{name: partial(PHOTOS[name], exif_block({}, {}, {})) for name in PHOTOS if name[:3] not in ("old", "beh")},
    "camera.jpg": partial(jpeg_photo, b""),
    "photo.dng": partial(dng, RED, RED),
    "photo.nef": partial(nef, RED, RED, RED),
    "photo.cr2": partial(cr2, RED, (64, 64), RED),
    "photo.arw": partial(arw, RED, RED),
    "photo.orf": partial(orf, RED),
}


@pytest.mark.parametrize("name", [name for name in WITHOUT if name not in ("photo.raf", "photo.cr3")])
def test_what_exiftool_writes_is_read(name: str, tmp_path: Path) -> None:
    """It puts EXIF where it likes, in each kind of file; into an RAF or CR3 of ours it writes none."""
    if shutil.which("exiftool") is None:
        pytest.skip("needs exiftool; of 12.57 each of these files is read so")
    if name.endswith(".heic"):
        pytest.importorskip("pillow_heif")
    file = tmp_path / name
    file.write_bytes(WITHOUT[name]())
    words = {"Make": "NIKON CORPORATION", "Model": "NIKON Z 6", "LensModel": "NIKKOR Z 24-70mm f/4 S"}
    words |= {"DateTimeOriginal": "2021:03:04 05:06:07", "GPSLatitude": "12.3456789", "GPSLatitudeRef": "S"}
    words |= {"GPSLongitude": "98.7654321", "GPSLongitudeRef": "E"}
    tags = [f"-EXIF:{tag}={word}" for tag, word in words.items()]
    subprocess.run(["exiftool", "-m", "-q", "-overwrite_original", *tags, str(file)], check=True)
    assert photo_facts_of_file(file) == PhotoFacts(
        "2021-03-04 05:06:07", "NIKON Z 6", "NIKKOR Z 24-70mm f/4 S", "-12.345679", "98.765432"
    )


@pytest.mark.parametrize(
    ("written", "date"),
    [
        ("2026:11:29 14:05:00", "2026-11-29 14:05:00"),
        ("2026-11-29T14:05:00.25+01:00", "2026-11-29 14:05:00"),
        ("2026:11:29 14:05", "2026-11-29 14:05"),
        ("2026:11:29", "2026-11-29"),
        ("2026:11:29   :  :  ", "2026-11-29"),
        ("2026: 1: 2  3: 4: 5", "2026-01-02 03:04:05"),
        ("2026:11:29 24:05:00", "2026-11-29"),
        ("0000:00:00 00:00:00", None),
        ("    :  :     :  :  ", None),
        ("2026:13:45 14:05:00", None),
        ("2026:02:30 14:05:00", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_a_date_is_what_is_said_of_it_and_no_more(written: str, date: str | None) -> None:
    assert facts({}, {0x9003: written}, {}).date == date


def test_when_it_was_taken_counts_before_when_the_file_was_made() -> None:
    assert facts(MAIN, {0x9004: PHOTO[0x9004]}, {}).date == "2026-11-30 08:00:00"
    assert facts(MAIN, {0x9003: "0000:00:00 00:00:00"}, {}).date == "2026-12-01 00:00:00"
    assert facts({}, {}, {}).date is None


@pytest.mark.parametrize(
    ("make", "model", "camera"),
    [
        ("Canon", "Canon EOS R5", "Canon EOS R5"),
        ("NIKON CORPORATION", "NIKON D850", "NIKON D850"),
        ("Apple", "iPhone 15 Pro", "Apple iPhone 15 Pro"),
        ("SONY", "ILCE-7M3", "SONY ILCE-7M3"),
        ("LEICA CAMERA AG", "LEICA Q2", "LEICA Q2"),
        ("  OLYMPUS IMAGING CORP.  ", "E-M1MarkII      ", "OLYMPUS IMAGING CORP. E-M1MarkII"),
        ("EASTMAN KODAK COMPANY", "KODAK DX4530", "KODAK DX4530"),
        ("Canonical", "Canon EOS", "Canonical Canon EOS"),
        ("Canon", None, "Canon"),
        (None, "X100", "X100"),
        ("Größe\nGmbH", "Ü1", "Größe GmbH Ü1"),
        (" ", "\0", None),
        (None, None, None),
    ],
)
def test_a_camera_is_maker_and_model_and_nobody_is_named_twice(
    make: str | None, model: str | None, camera: str | None
) -> None:
    main = {tag: text.encode() for tag, text in ((0x010F, make), (0x0110, model)) if text is not None}
    assert facts(main, {}, {}).camera == camera


@pytest.mark.parametrize(
    ("lens", "said"),
    [("EF50mm f/1.8 STM", "EF50mm f/1.8 STM"), ("----", None), ("", None), (b"35\xb0 mm", "35° mm")],
    ids=["named", "dashes", "empty", "latin-1"],
)
def test_a_lens_is_named_or_not_there(lens: str | bytes, said: str | None) -> None:
    assert facts({}, {0xA434: lens}, {}).lens == said


@pytest.mark.parametrize(
    ("gps", "latitude"),
    [
        ({1: "N", 2: (52, 30, 0)}, "52.5"),
        ({1: "S", 2: (52, 30, 0)}, "-52.5"),
        ({1: "s", 2: (52, 0, 0)}, "-52"),
        ({1: "N", 2: (0, 0, 0)}, "0"),
        ({1: "S", 2: (0, 0, 0)}, "0"),
        ({1: "N", 2: (52, (30123, 1000), (0, 0))}, "52.50205"),
        ({1: "N", 2: ((0, 0), (0, 0), (0, 0))}, None),
        ({1: "N", 2: (52, (0, 0), 30)}, None),
        ({1: "N", 2: ((52, 0), 30, 0)}, None),
        ({1: "N", 2: (91, 0, 0)}, None),
        ({2: (52, 30, 0)}, None),
        ({1: "", 2: (52, 30, 0)}, None),
        ({1: "X", 2: (52, 30, 0)}, None),
        ({1: "N"}, None),
    ],
    ids=str,
)
def test_coordinates_are_signed_degrees_or_not_there(gps: dict[int, Any], latitude: str | None) -> None:
    """Without its hemisphere, a degree is one of two places."""
    assert facts({}, {}, gps).latitude == latitude


def test_what_is_broken_or_not_there_tells_nothing_and_is_no_error(tmp_path: Path) -> None:
    block, nothing = exif_block(), PhotoFacts()
    whole = jpeg_photo(block)
    for count in range(0, len(block) + 30, 7):
        photo_facts(io.BytesIO(whole[:count]))
        photo_facts(io.BytesIO(whole[: 20 + count] + b"\xff" * 40 + whole[60 + count :]))
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "GIF")
    for data in (
        b"",
        b"text",
        buffer.getvalue(),
        b"%PDF-1.7",
        whole[:2],
        b"II*\0\xff\xff\xff\xff",
        b"\x89PNG\r\n\x1a\n",
    ):
        assert photo_facts(io.BytesIO(data)) == nothing
    assert photo_facts_of_file(tmp_path) == photo_facts_of_file(tmp_path / "none.jpg") == nothing
    assert photo_facts_of_file("\0") == nothing


def test_no_more_is_read_than_leads_to_the_facts(tmp_path: Path) -> None:
    """A photograph of 12 megapixels has 4 MB behind its EXIF."""

    class Counted(io.BytesIO):
        count = 0

        def read(self, size: int | None = -1, /) -> bytes:
            data = super().read(size)
            self.count += len(data)
            return data

    file = Counted(jpeg_photo(exif_block()) + bytes(4_000_000))
    assert photo_facts(file).camera == "Canon EOS R5"
    assert file.count < 8_000
