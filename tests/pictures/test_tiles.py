"""Tiles: in which order and from where they are cut, how many, and the line before the question."""

from __future__ import annotations

from typing import Any

import pytest
from PIL import Image
from pydantic import ValidationError

from ollama_vision.errors import ImageError
from ollama_vision.pictures import ImageOptions, PictureSource, name_tiles
from ollama_vision.pictures.preparing import prepare_documents
from ollama_vision.pictures.regions import Tile, parts_of
from tests.support.picture_corpus import encoded
from tests.support.pixel_maps import AS_IT_IS, difference, map_of, pixels_of, turned_map


def test_tiles_come_after_the_file_itself_byte_for_byte() -> None:
    data = encoded(map_of(), "PNG")
    whole, *tiles = prepare_documents(data, ImageOptions(tiles=(2, 2)))
    assert whole.read() == data
    assert len(tiles) == 4


def test_auto_leaves_a_picture_alone_that_is_sent_at_its_full_size() -> None:
    data = encoded(map_of(), "PNG")
    (picture,) = prepare_documents(data, ImageOptions(tiles="auto"))
    assert (picture.read(), picture.tile) == (data, None)


def test_tiles_are_in_reading_order_and_cover_all_of_it_with_overlap() -> None:
    whole = map_of((700, 500))
    overview, *tiles = prepare_documents(whole, ImageOptions(tiles=(3, 2), **AS_IT_IS))
    assert (overview.tile, overview.region) == (None, None)
    assert [tile.tile for tile in tiles] == [Tile(column, row, 3, 2) for row in (1, 2) for column in (1, 2, 3)]
    regions = [tile.region or (0, 0, 0, 0) for tile in tiles]
    for tile, region in zip(tiles, regions, strict=True):
        assert difference(pixels_of(tile), whole.crop(region)) == 0
        assert tile.to_original((0, 0, *tile.size)) == region
    assert (regions[0][:2], regions[-1][2:]) == ((0, 0), (700, 500))
    assert [region[0] for region in regions[:3]] == [0, 225, 450], "250 wide, and a tenth of that is shared"
    assert regions[0][3] - regions[3][1] == pytest.approx(26, abs=1)
    assert tiles[4].describe()["tile"] == {"column": 2, "row": 2, "columns": 3, "rows": 2}
    assert tiles[4].describe()["region"] == list(regions[4])


def test_tiles_of_a_region_are_in_the_original_too() -> None:
    whole = map_of((700, 500))
    options = ImageOptions(region=(100, 50, 500, 450), tiles=(2, 1), **AS_IT_IS)
    overview, left, right = prepare_documents(whole, options)
    assert (overview.region, left.region, right.region) == (
        (100, 50, 500, 450),
        (100, 50, 311, 450),
        (289, 50, 500, 450),
    )
    assert right.to_original((0, 0, 10, 10)) == (289, 50, 299, 60)


@pytest.mark.parametrize("orientation", [1, 6, 7])
def test_tiles_of_a_jpeg_that_is_stored_turned(orientation: int) -> None:
    data = turned_map(orientation, "JPEG", quality=100, subsampling=0)
    overview, *tiles = prepare_documents(data, ImageOptions(tiles=(2, 2), **AS_IT_IS))
    assert difference(pixels_of(overview), map_of()) <= 12
    for tile in tiles:
        assert tile.region is not None
        assert difference(pixels_of(tile), map_of().crop(tile.region)) <= 12


@pytest.mark.parametrize(
    ("size", "grid"),
    [
        ((1200, 1000), (2, 1)),
        ((2240, 2240), (2, 3)),
        ((4000, 3000), (5, 3)),
        ((12000, 9000), (4, 4)),
        ((900, 900), None),
    ],
)
def test_auto_takes_the_fewest_tiles_that_need_no_scaling(size: tuple[int, int], grid: tuple[int, int] | None) -> None:
    last = parts_of(size, ImageOptions(tiles="auto"))[-1]
    assert (last.tile and (last.tile.columns, last.tile.rows)) == grid
    if last.region is not None and grid != (4, 4):
        assert (last.region[2] - last.region[0]) * (last.region[3] - last.region[1]) <= 1_003_520


def test_each_frame_of_an_animation_has_its_tiles() -> None:
    frames = [Image.new("RGB", (100, 80), colour) for colour in ("red", "lime", "blue")]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    pictures = prepare_documents(data, ImageOptions(frames=3, tiles=(2, 1), **AS_IT_IS))
    assert [(one.page, one.tile and one.tile.column) for one in pictures] == [
        (page, column) for page in (1, 2, 3) for column in (None, 1, 2)
    ]
    assert [pixels_of(one).getpixel((3, 3)) for one in pictures[::3]] == [(255, 0, 0), (0, 255, 0), (0, 0, 255)]


def test_pages_for_questions_of_their_own_keep_their_tiles() -> None:
    frames = [Image.new("RGB", (100, 80), colour) for colour in ("red", "lime")]
    data = encoded(frames[0], "TIFF", save_all=True, append_images=frames[1:])
    source = PictureSource.of(data, ImageOptions(tiles=(2, 1)))
    assert [[one.page for one in page] for page in source.pages_with_tiles()] == [[1, 1, 1], [2, 2, 2]]


def test_the_line_says_which_image_is_the_whole_and_which_part_each_other_one_is() -> None:
    whole = map_of((700, 500))
    pictures = prepare_documents(whole, ImageOptions(tiles=(3, 2), **AS_IT_IS))
    assert name_tiles(pictures) == (
        "Image 1 is the whole of the picture, images 2 to 7 are parts of it, closer: image 2 top left; image 3 top "
        "middle; image 4 top right; image 5 bottom left; image 6 bottom middle; image 7 bottom right."
    )
    assert name_tiles(pictures[:1]) == ""
    (alone,) = prepare_documents(whole, ImageOptions())
    both = prepare_documents(whole, ImageOptions(tiles=(2, 1), **AS_IT_IS))
    assert name_tiles([alone, *both, *both]) == (
        "Image 1 is a picture by itself. Image 2 is the whole of one picture, images 3 to 4 are parts of it, closer: "
        "image 3 left; image 4 right. Image 5 is the whole of one picture, images 6 to 7 are parts of it, closer: "
        "image 6 left; image 7 right."
    )


def test_a_large_grid_is_told_by_numbers() -> None:
    pictures = prepare_documents(map_of((700, 500)), ImageOptions(tiles=(4, 3), **AS_IT_IS))
    assert name_tiles(pictures).endswith("image 12 row 3 of 3, column 3 of 4; image 13 row 3 of 3, column 4 of 4.")
    pictures = prepare_documents(map_of((700, 500)), ImageOptions(tiles=(3, 3), **AS_IT_IS))
    assert "image 5 middle left; image 6 middle; image 7 middle right;" in name_tiles(pictures)


@pytest.mark.parametrize("tiles", [(1, 1), (0, 2), (2, -1), (2,), "3x2", 4, (2.0, 2.0), (True, 2)])
def test_what_is_no_grid_is_refused_where_it_is_written(tiles: Any) -> None:
    with pytest.raises(ValidationError, match="must be 'auto', or columns and rows"):
        ImageOptions(tiles=tiles)


def test_too_many_tiles_for_its_pixels_are_an_error_with_numbers() -> None:
    with pytest.raises(ImageError, match=r"240x160 pixels there, too few for 30x2 tiles: one would have a side of 9"):
        prepare_documents(map_of(), ImageOptions(tiles=(30, 2)))
