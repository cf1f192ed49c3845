"""Regions and tiles: what is cut out shows the right pixels, of every kind of picture, and boxes lead back to them."""

from __future__ import annotations

import io
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageOps
from pydantic import ValidationError

from ollama_vision.errors import ImageError
from ollama_vision.pictures import BoxMapping, ImageOptions, PictureSource, prepare_image
from ollama_vision.pictures.preparing import prepare_documents
from ollama_vision.pictures.regions import parts_of
from ollama_vision.pictures.render.convert import render
from ollama_vision.pictures.render.raster import Raster
from tests.support.picture_corpus import TURN_BACK, encoded, heic
from tests.support.pixel_maps import AS_IT_IS, SIZE, difference, map_of, pixels_of, turned_map
from tests.support.video_corpus import film, taken


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("region", [(10, 20, 111, 93), (0.25, 0.5, 0.75, 1.0), (239, 159, 240, 160)])
def test_a_region_is_of_the_upright_picture_and_leads_back_to_what_is_stored(orientation: int, region: Any) -> None:
    data = turned_map(orientation)
    picture = prepare_image(data, ImageOptions(region=region, **AS_IT_IS))
    expected = (60, 80, 180, 160) if isinstance(region[0], float) else region
    assert picture.region == expected
    assert difference(pixels_of(picture), map_of().crop(expected)) == 0
    with Image.open(io.BytesIO(data)) as stored:
        back = stored.crop(picture.to_original((0, 0, *picture.size)))
        upright = back if orientation == 1 else ImageOps.exif_transpose(back)
        assert difference(upright.convert("RGB"), map_of().crop(expected)) == 0
    again = BoxMapping.from_description(picture.describe()["mapping"])
    assert again.to_original((0, 0, 1, 1), "0-1") == picture.to_original((0, 0, *picture.size))
    assert picture.describe()["region"] == list(expected)


def test_a_region_of_a_larger_picture_is_cut_before_it_is_scaled() -> None:
    whole = map_of((2240, 1600))
    picture = prepare_image(encoded(whole, "PNG"), ImageOptions(region=(1200, 700, 1700, 1200), format="png"))
    assert picture.size == (500, 500), "scaled with the whole of it, it would have 264"
    assert difference(pixels_of(picture), whole.crop((1200, 700, 1700, 1200))) == 0
    assert picture.to_original((100, 200, 150, 260)) == (1300, 900, 1350, 960)


def test_boxes_of_a_scaled_region_are_exact() -> None:
    """A white square on black, where it is found in what is sent, is where it stands in the original."""
    whole = Image.new("RGB", (3000, 2000))
    whole.paste("white", (1500, 1000, 1620, 1100))
    picture = prepare_image(encoded(whole, "PNG"), ImageOptions(region=(900, 500, 2900, 1900), format="png"))
    assert picture.size[0] < 2000
    seen = pixels_of(picture).convert("L").point([0] * 128 + [255] * 128).getbbox()
    assert seen is not None
    found = picture.to_original(seen)
    assert max(abs(one - other) for one, other in zip(found, (1500, 1000, 1620, 1100), strict=True)) <= 1


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_jpeg_that_is_decoded_smaller_is_cut_at_the_same_place(orientation: int) -> None:
    """4800x3200 at a quarter: the region begins at no multiple of what the decoder steps in."""
    smooth = Image.radial_gradient("L").resize((4800, 3200)).convert("RGB")
    stored = smooth if orientation == 1 else smooth.transpose(TURN_BACK[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(stored, "JPEG", exif=exif, quality=95)
    region = (1001, 203, 4403, 3099)
    picture = prepare_image(data, ImageOptions(region=region, max_pixels=200_000, format="png"))
    expected = smooth.crop(region).resize(picture.size, Image.Resampling.BICUBIC)
    assert difference(pixels_of(picture), expected) <= 4


@pytest.mark.parametrize("kind", ["TIFF", "WEBP", "BMP", "GIF", "HEIC", "AVIF", "array", "PIL", "JPEG2000"])
def test_of_every_kind(kind: str, tmp_path: Path) -> None:
    shown = map_of()
    if kind == "HEIC":
        given: Any = heic(shown, chroma=444)
    elif kind == "AVIF":
        given = encoded(shown, kind, quality=100, subsampling="4:4:4")
    elif kind == "array":
        import numpy

        given = numpy.asarray(shown)
    elif kind == "PIL":
        given = shown
    elif kind == "WEBP":
        given = encoded(shown, kind, lossless=True)
    elif kind == "GIF":
        shown = shown.quantize(256).convert("RGB")
        given = encoded(shown.convert("P", palette=Image.Palette.ADAPTIVE), kind)
    else:
        given = encoded(shown, kind)
    picture = prepare_image(given, ImageOptions(region=(33, 21, 199, 140), **AS_IT_IS))
    assert difference(pixels_of(picture), shown.crop((33, 21, 199, 140))) <= (24 if kind in ("HEIC", "AVIF") else 0)
    assert picture.to_original((0, 0, 166, 119)) == (33, 21, 199, 140)


def test_of_deep_grey_the_brightness_is_that_of_the_whole() -> None:
    """So that a region and the tiles beside it can be compared; and the pixels are those of the whole, cut."""
    deep = Image.new("I;16", (100, 50))
    deep.putdata([x * 650 for _ in range(50) for x in range(100)])
    data = encoded(deep, "PNG")
    whole = pixels_of(prepare_image(data, ImageOptions(**AS_IT_IS)))
    part = pixels_of(prepare_image(data, ImageOptions(region=(0, 0, 30, 50), **AS_IT_IS)))
    assert difference(part, whole.crop((0, 0, 30, 50))) == 0


def test_of_a_frame_of_a_video() -> None:
    data = film("matroska", "ffv1", [(at, map_of((64, 48))) for at in range(3)], pix_fmt="bgr0")
    (picture,) = taken(data, frames=1, region=(20, 8, 44, 40), **AS_IT_IS)
    assert difference(pixels_of(picture), map_of((64, 48)).crop((20, 8, 44, 40))) <= 1


@pytest.mark.skipif(not shutil.which("convert"), reason="needs ImageMagick")
@pytest.mark.parametrize("orientation", [1, 3, 5, 6, 7, 8])
def test_image_magick_cuts_out_the_same(orientation: int, tmp_path: Path) -> None:
    (tmp_path / "in.jpg").write_bytes(turned_map(orientation, "JPEG", quality=100, subsampling=0))
    command = ["convert", "in.jpg", "-auto-orient", "+repage", "-crop", "101x73+10+20", "+repage", "out.png"]
    subprocess.run(command, cwd=tmp_path, check=True)
    picture = prepare_image(tmp_path / "in.jpg", ImageOptions(region=(10, 20, 111, 93), **AS_IT_IS))
    with Image.open(tmp_path / "out.png") as expected:
        assert difference(pixels_of(picture), expected.convert("RGB")) <= 2, "decoders of JPEG differ by one"


def test_a_region_that_is_all_of_it_leaves_byte_for_byte() -> None:
    data = encoded(map_of(), "PNG")
    for region in [(0, 0, *SIZE), (0.0, 0.0, 1.0, 1.0)]:
        picture = prepare_image(data, ImageOptions(region=region))
        assert (picture.read(), picture.steps, picture.region) == (data, (), None)


@pytest.mark.parametrize(
    ("region", "said"),
    [
        ((0.5, 0, 1, 0.5), "mixes pixels with fractions: four whole numbers are pixels, and four floats are fractions"),
        ((300, 0, 100, 50), "is inverted: the order is left, top, right, bottom"),
        ((0.0, 0.9, 1.0, 0.2), "is inverted"),
        ((10, 10, 10, 50), "is empty: it has no width"),
        ((10, 50, 20, 50), "is empty: it has no height"),
        ((-1, 0, 10, 10), "reaches outside the picture: pixels count from 0"),
        ((0.0, 0.0, 1.2, 1.0), "reaches outside the picture: fractions go from 0.0 to 1.0"),
        ((float("nan"), 0.0, 1.0, 1.0), "must be finite numbers"),
        ((0, 0, 10), "must be four numbers"),
        ("0,0,10,10", "must be four numbers"),
        ((True, 0, 1, 1), "must be four numbers"),
    ],
)
def test_what_no_picture_has_is_refused_where_it_is_written(region: Any, said: str) -> None:
    with pytest.raises(ValidationError) as refused:
        ImageOptions(region=region)
    assert said in str(refused.value)


@pytest.mark.parametrize("format_", ["PNG", "JPEG", "TIFF"])
@pytest.mark.parametrize(
    ("region", "said"),
    [
        ((200, 100, 241, 160), "reaches outside"),
        ((240, 0, 300, 10), "lies outside"),
        ((0, 0, 160, 240), "reaches outside"),
    ],
)
def test_what_this_picture_has_not_is_an_error_with_its_size(region: Any, said: str, format_: str) -> None:
    """The third is right for what is stored, and not for what is shown."""
    data = turned_map(6, format_) if format_ != "TIFF" else encoded(map_of(), "TIFF")
    with pytest.raises(ImageError) as refused:
        prepare_image(data, ImageOptions(region=region))
    assert f"is 240x160 when upright, and the region {region} {said}" in str(refused.value)
    if format_ != "TIFF":
        with pytest.raises(ImageError, match=said):
            PictureSource.of(data, ImageOptions(region=region)).check_headers()


def test_prepare_image_prepares_one() -> None:
    with pytest.raises(ImageError, match="becomes 5 with its tiles, and prepare_image prepares one"):
        prepare_image(map_of(), ImageOptions(tiles=(2, 2)))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_region_of_what_is_cropped_already_counts_within_it(orientation: int) -> None:
    """A clean aperture, as AVIF has it: the picture is a part of what is stored, and the region a part of that."""
    shown = map_of((120, 80)) if orientation == 1 else map_of((120, 80)).transpose(TURN_BACK[orientation])
    stored = Image.new("RGB", (300, 260))
    stored.paste(shown, (50, 30))
    raster = Raster(stored, "", "test", orientation, crop=(50, 30, 50 + shown.width, 30 + shown.height))
    options = ImageOptions(region=(13, 21, 97, 66), **AS_IT_IS)
    (picture,) = render(raster, options, parts_of((120, 80), options))
    assert difference(pixels_of(picture), map_of((120, 80)).crop((13, 21, 97, 66))) == 0
    back = stored.crop(picture.to_original((0, 0, *picture.size)))
    assert back.size in ((84, 45), (45, 84))
    upright = back if orientation == 1 else back.transpose(_UPRIGHT[orientation])
    assert difference(upright, map_of((120, 80)).crop((13, 21, 97, 66))) == 0


_UPRIGHT = {**TURN_BACK, 6: TURN_BACK[8], 8: TURN_BACK[6]}


@pytest.mark.skipif(not shutil.which("pdftoppm"), reason="needs Poppler")
@pytest.mark.parametrize("region", [(300, 200, 450, 300), (0.5, 0.25, 0.75, 0.375)])
def test_a_region_of_a_pdf_page_is_drawn_as_sharp_as_it_needs(region: Any, tmp_path: Path) -> None:
    """600x800 points, with a square of 30 in the region, whose edges Poppler finds at the same places."""
    mark = Image.new("L", (600, 800), 255)
    mark.paste(0, (360, 240, 390, 270))
    mark.save(tmp_path / "page.pdf", resolution=72)
    whole = prepare_documents(str(tmp_path / "page.pdf"), ImageOptions())[0]
    (part,) = prepare_documents(str(tmp_path / "page.pdf"), ImageOptions(region=region))
    expected = (300, 200, 450, 300)
    assert part.region == expected
    dots = [int(step.rpartition(" at ")[2].removesuffix(" dpi")) for step in (whole.steps[0], part.steps[0])]
    assert dots[1] > 1.9 * dots[0], "a part of it has more dots an inch"
    command = ["pdftoppm", "-r", str(dots[1]), "-gray", "-png", "page.pdf", "drawn"]
    subprocess.run(command, cwd=tmp_path, check=True)
    (drawn,) = tmp_path.glob("drawn*.png")
    with Image.open(drawn) as page:
        scale = dots[1] / 72
        box = [round(side * scale) for side in expected]
        theirs = page.convert("L").crop((box[0], box[1], box[2], box[3])).point([255] * 128 + [0] * 128).getbbox()
    ours = pixels_of(part).convert("L").point([255] * 128 + [0] * 128).getbbox()
    assert ours is not None
    assert theirs is not None
    assert max(abs(one - other) for one, other in zip(ours, theirs, strict=True)) <= 2
    assert part.to_original(ours) == (360, 240, 390, 270)
