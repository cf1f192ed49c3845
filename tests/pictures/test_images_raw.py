"""Cameras' raw files: the camera's own picture of full size, else developed, upright; never a thumbnail.

Right values: `exiftool -b -JpgFromRaw` and `dcraw -e` for previews, `dcraw -w -g 2.4 12.92 -c` (9.28) for what is
developed. On a real NEF (Nikon D7100) what leaves is, byte for byte, what leaves of the JPEG that exiftool takes out.
"""

from __future__ import annotations

import io
import struct
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from llama_index.multi_modal_llms.ollama import ImageOptions, OllamaMultiModal, prepare_image
from ollama_embedded import EmbeddedOllama, draw_scene
from ollama_vision.errors import ImageError, MissingExtraError
from ollama_vision.pictures.source import PictureSource
from tests.support.command_line import CommandLine
from tests.support.describe_cli import lines
from tests.support.picture_corpus import encoded, pixel
from tests.support.raw_files import SIZE, arw, cr2, dng, jpeg, nef, orf, raf
from tests.support.tiff_files import Page, tiff

pytest.importorskip("rawpy")

THUMBNAIL, MEASURED, SHOWN = (draw_scene(each).resize(SIZE) for each in ("red circle", "blue star", "green triangle"))
PREVIEW = "took the full-size preview out of a camera's raw file"
LARGE = SHOWN.resize((640, 480))
TURNED = Image.Exif()
TURNED[274] = 6

WITH_PREVIEW: dict[str, Callable[[int], bytes]] = {
    "DNG": lambda turn: dng(THUMBNAIL, MEASURED, SHOWN, turn),
    "NEF": lambda turn: nef(THUMBNAIL, MEASURED, SHOWN, turn),
    "CR2": lambda turn: cr2(THUMBNAIL, LARGE.size, LARGE, turn),
    "RAF": lambda turn: raf(MEASURED, SHOWN, TURNED.tobytes() if turn == 6 else b""),
}
WITHOUT: dict[str, Callable[[int], bytes]] = {
    "DNG": lambda turn: dng(THUMBNAIL, MEASURED, None, turn),
    "ARW": lambda turn: arw(THUMBNAIL, MEASURED, turn),
    "ORF": lambda turn: orf(MEASURED, turn),
}


def sent(data: bytes, **options: Any) -> tuple[Image.Image, tuple[str, ...]]:
    prepared = prepare_image(data, ImageOptions(format="png", **options))
    return Image.open(prepared.open()).convert("RGB"), prepared.steps


def unlike(one: Image.Image, other: Image.Image) -> float:
    """The mean difference of their values."""
    from PIL import ImageChops, ImageStat

    return sum(ImageStat.Stat(ImageChops.difference(one, other.convert("RGB").resize(one.size))).mean) / 3


@pytest.mark.parametrize("name", WITH_PREVIEW)
@pytest.mark.parametrize("turn", [1, 6])
def test_the_preview_of_full_size_is_sent_upright(name: str, turn: int) -> None:
    image, steps = sent(WITH_PREVIEW[name](turn))
    upright = SHOWN if turn == 1 else SHOWN.transpose(Image.Transpose.ROTATE_270)
    assert (image.width > image.height) == (turn == 1)
    assert steps[0] == PREVIEW
    assert unlike(image, upright) < 2


@pytest.mark.parametrize("name", WITHOUT)
@pytest.mark.parametrize("turn", [1, 3, 6, 8])
def test_without_one_it_is_developed_upright(name: str, turn: int) -> None:
    image, steps = sent(WITHOUT[name](turn))
    turns = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_270, 8: Image.Transpose.ROTATE_90}
    upright = MEASURED if turn == 1 else MEASURED.transpose(turns[turn])
    assert image.size == upright.size
    assert steps[0].startswith("developed from a camera's raw file by LibRaw ")
    # The star is where it was, and blue; what is brighter is brighter everywhere.
    assert pixel(image.resize((32, 24) if turn in (1, 3) else (24, 32)), 0, 0) > (190, 190, 190)
    at = {1: (53, 38), 3: (266, 201), 6: (201, 53), 8: (38, 266)}[turn]
    red, green, blue = pixel(image, *at)
    assert blue > 200
    assert blue > 60 + max(red, green)


def test_colours_are_those_of_another_developer() -> None:
    """dcraw shows the star in (36, 71, 255) on (238, 238, 238)."""
    image, _ = sent(dng(THUMBNAIL, MEASURED))
    assert (pixel(image, 53, 38), pixel(image, 160, 120)) == ((36, 71, 255), (238, 238, 238))


def test_a_preview_that_is_smaller_or_damaged_is_left_out() -> None:
    _, steps = sent(arw(THUMBNAIL, MEASURED))
    assert steps[1] == "its preview of 160x120 is smaller, and left out"
    data = jpeg(SHOWN)
    image, steps = sent(dng(THUMBNAIL, MEASURED, SHOWN, shown_as=data[: len(data) // 2]))
    assert PREVIEW not in steps
    assert unlike(image, MEASURED) < unlike(image, SHOWN)


def test_one_that_is_stored_upright_is_not_turned_again() -> None:
    upright = SHOWN.transpose(Image.Transpose.ROTATE_270)
    image, steps = sent(dng(THUMBNAIL, MEASURED, upright, 6))
    assert (image.size, steps) == (upright.size, (PREVIEW,))
    assert unlike(image, upright) < 2


def test_half_its_size_is_developed_where_that_is_enough() -> None:
    large = MEASURED.resize((640, 480))
    whole = prepare_image(dng(THUMBNAIL, large), ImageOptions(format="png"))
    small = prepare_image(dng(THUMBNAIL, large), ImageOptions(format="png", max_pixels=160 * 120))
    assert (whole.size, small.size) == ((640, 480), (160, 120))
    assert small.original_size == whole.original_size == (640, 480)
    assert small.to_original((0, 0, 160, 120)) == (0, 0, 640, 480)
    assert unlike(Image.open(small.open()).convert("RGB"), Image.open(whole.open())) < 4
    part = prepare_image(
        dng(THUMBNAIL, large), ImageOptions(format="png", max_pixels=160 * 120, region=(0, 0, 160, 120))
    )
    assert part.size == (160, 120)


def test_what_is_a_tiff_by_its_first_bytes_is_told_by_its_tags() -> None:
    for data in (dng(THUMBNAIL, MEASURED), nef(THUMBNAIL, MEASURED, SHOWN), arw(THUMBNAIL, MEASURED)):
        assert data[:4] == b"II*\0"
        kind = PictureSource.of(data, ImageOptions()).kind()
        assert kind is not None
        assert kind.name == "camera raw"
    plain = PictureSource.of(encoded(SHOWN, "TIFF"), ImageOptions()).kind()
    assert plain is not None
    assert plain.name == "TIFF"
    mosaic = tiff(Page(64, 48, [bytes(64 * 48)], photometric=32803))
    with pytest.raises(ImageError, match="is a camera's raw file"):
        prepare_image(mosaic)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
@pytest.mark.parametrize("name", WITHOUT)
def test_a_part_of_a_file_is_not_developed(name: str, share: float) -> None:
    """LibRaw itself gives black where nothing is."""
    data = {
        "DNG": dng(THUMBNAIL, MEASURED, None, last=True),
        "ARW": arw(THUMBNAIL, MEASURED, last=True),
        "ORF": orf(MEASURED, last=True),
    }[name]
    assert sent(data)[1]
    with pytest.raises(ImageError, match=r"cut short|broken"):
        prepare_image(data[: int(len(data) * share)])


def test_missing_tiles_are_missed() -> None:
    """ExifTool's sample DNG is so: 1 of 140 tiles, of which LibRaw makes a black picture."""
    whole = bytearray(dng(THUMBNAIL, MEASURED))
    strips = struct.pack("<HHI", 273, 4, 1)
    at = whole.index(strips, whole.index(struct.pack("<HHII", 262, 3, 1, 32803)))
    whole[at : at + 2] = struct.pack("<H", 324)
    counts = whole.index(struct.pack("<HHI", 279, 4, 1), at)
    whole[counts : counts + 2] = struct.pack("<H", 325)
    rows = whole.index(struct.pack("<HHI", 278, 4, 1), at)
    whole[rows : rows + 12] = struct.pack("<HHII", 322, 4, 1, 16)
    plane = whole.index(struct.pack("<HHI", 284, 3, 1), at)
    whole[plane : plane + 12] = struct.pack("<HHII", 323, 4, 1, 16)
    with pytest.raises(ImageError, match="it has 1 of its 300 tiles"):
        prepare_image(bytes(whole))


def test_it_is_too_large_before_it_is_decoded() -> None:
    limit = ImageOptions(max_source_pixels=320 * 240 - 1)
    for data in (dng(THUMBNAIL, MEASURED), dng(THUMBNAIL, MEASURED, SHOWN)):
        for work in (partial(prepare_image, data, limit), PictureSource.of(data, limit).check_headers):
            with pytest.raises(ImageError, match="says that it is 320x240"):
                work()
    # A preview that says it is larger than any sensor is held to the same limit.
    bomb = bytearray(jpeg(SHOWN))
    frame = bomb.index(b"\xff\xc0")
    bomb[frame + 5 : frame + 9] = struct.pack(">HH", 60_000, 60_000)
    with pytest.raises(ImageError, match="says that it is 60000x60000"):
        prepare_image(dng(THUMBNAIL, MEASURED, SHOWN, shown_as=bytes(bomb)))


def test_headers_tell_its_size(tmp_path: Path) -> None:
    (tmp_path / "a.dng").write_bytes(dng(THUMBNAIL, MEASURED, None, 6))
    source = PictureSource.of(tmp_path / "a.dng", ImageOptions())
    source.check_headers()
    assert (source.size(), source.count()) == ((240, 320), 1)
    with pytest.raises(ImageError, match="region"):
        PictureSource.of(tmp_path / "a.dng", ImageOptions(region=(0, 0, 241, 10))).check_headers()


def test_without_the_extra_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rawpy", None)
    with pytest.raises(MissingExtraError, match=r"the package rawpy is not there.*\[raw\]") as caught:
        prepare_image(dng(THUMBNAIL, MEASURED, SHOWN))
    assert caught.value.extra == "raw"


STUBS = {
    "CRW": b"II\x1a\0\0\0HEAPCCDR",
    "MRW": b"\0MRM",
    "X3F": b"FOVb",
    "IIQ": b"II*\0\x08\0\0\0IIII",
    "RAF": b"FUJIFILMCCD-RAW ",
    "ORF": b"IIRO\x08\0\0\0",
    "RW2": b"IIU\0\x18\0\0\0",
    "CR2": b"II*\0\x10\0\0\0CR\x02\0",
    "CR3": b"\0\0\0\x18ftypcrx \0\0\0\1crx isom",
}


@pytest.mark.parametrize("name", STUBS)
def test_it_is_named_where_nothing_follows_its_first_bytes(name: str) -> None:
    with pytest.raises(ImageError, match="is a camera's raw file that ") as caught:
        prepare_image(STUBS[name] + bytes(200))
    assert caught.value.kind == "camera raw"


def test_a_sensors_page_beside_plain_ones_is_a_page() -> None:
    plain, mosaic = (Page(64, 48, [bytes(64 * 48)], photometric=each) for each in (1, 32803))
    data = tiff(plain, mosaic)
    assert prepare_image(data, ImageOptions(pages=(1,))).size == (64, 48)
    with pytest.raises(ImageError, match="holds what a camera's sensor measured"):
        prepare_image(data, ImageOptions(pages=(2,)))
    small = Page(8, 6, [bytes(8 * 6)], photometric=1)
    kind = PictureSource.of(tiff(small, mosaic), ImageOptions()).kind()
    assert kind is not None
    assert kind.name == "camera raw"


def test_the_demo_model_sees_the_preview_and_not_the_thumbnail(demo: OllamaMultiModal) -> None:
    for data, colour in ((dng(THUMBNAIL, MEASURED, SHOWN), "green"), (dng(THUMBNAIL, MEASURED), "blue")):
        said = demo.complete("Describe the image.", [data]).text.lower()
        assert [each for each in ("red", "green", "blue") if each in said] == [colour]


def test_describe_finds_them_in_a_folder(describe: CommandLine, folder: Path, demo_server: EmbeddedOllama) -> None:
    (folder / "card").mkdir()
    Path("card/1.DNG").write_bytes(dng(THUMBNAIL, MEASURED, SHOWN))
    Path("card/2.nef").write_bytes(nef(THUMBNAIL, MEASURED, SHOWN))
    Path("card/3.tif").write_bytes(arw(THUMBNAIL, MEASURED))
    dry = describe("card", "--host", demo_server.url, "--dry-run")
    assert "card/1.DNG: 320x240, about 81 tokens" in dry.out
    assert describe("card", "--host", demo_server.url, "--no-sight-check").code == 0
    said = {line["path"]: line["text"].lower() for line in lines()}
    assert ["green" in said["card/1.DNG"], "green" in said["card/2.nef"], "blue" in said["card/3.tif"]] == [True] * 3


def test_one_file_is_read_once_it_is_open(tmp_path: Path) -> None:
    """A file that changes meanwhile is refused, as any other."""
    file = tmp_path / "a.dng"
    file.write_bytes(dng(THUMBNAIL, MEASURED))
    source = PictureSource.of(file, ImageOptions())
    file.write_bytes(dng(THUMBNAIL, MEASURED) + b"more")
    with pytest.raises(ImageError, match="has changed on disk"):
        source.pictures()
    assert prepare_image(io.BytesIO(dng(THUMBNAIL, MEASURED))).size == SIZE
