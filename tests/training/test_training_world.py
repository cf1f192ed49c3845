"""The world of training: things of any size anywhere, words that stay true of them, grounds, shades and damage."""

from __future__ import annotations

import colorsys
import math
from collections import Counter
from itertools import combinations
from random import Random

import numpy as np
import pytest
from PIL import Image

from ollama_embedded.scenes import COLOURS, KINDS, PLACES
from training.scenes import palette
from training.scenes.damage import damage, dimmed, grained, scaled, severe
from training.scenes.draw import RADII, random_scene
from training.scenes.free import LARGEST, SMALLEST, FreeScene, free_scene
from training.scenes.grounds import UNNAMED, random_ground
from training.scenes.outlines import Figure, random_figure
from training.scenes.shards import ON_THE_GRID, drawn_scene
from training.scenes.terms import place_at, reading_order, size_of


def scenes(number: int = 150, seed: str = "world") -> list[tuple[FreeScene, Image.Image]]:
    return [free_scene(Random(f"{seed}/{each}")) for each in range(number)]


@pytest.mark.parametrize(
    ("x", "y", "place"),
    [
        (0.1, 0.1, "top left"),
        (0.34, 0.32, "top center"),
        (0.5, 0.5, "middle center"),
        (0.66, 0.67, "bottom center"),
        (0.99, 0.4, "middle right"),
        (1.0, 1.0, "bottom right"),
        (0.0, 0.0, "top left"),
    ],
)
def test_a_place_is_the_cell_of_a_things_middle(x: float, y: float, place: str) -> None:
    assert place_at(x, y) == place


def test_the_words_are_true_of_scenes_in_cells_too() -> None:
    """What was taught before is taught still: the grid's own words are those of its things' middles and diameters."""
    for number in range(300):
        for thing in random_scene(Random(number)).things:
            assert place_at(*thing.centre) == thing.shape.place
            # A radius in half cells is a diameter in thirds of the shorter side.
            assert size_of(thing.radius / 3) == thing.shape.size
    assert {size_of(end / 3) for end in RADII["medium"]} == {"medium"}


def test_things_are_told_like_a_page_is_read() -> None:
    at = [(0.9, 0.1), (0.1, 0.9), (0.2, 0.05), (0.05, 0.3)]
    assert sorted(at, key=lambda spot: reading_order(*spot)) == [(0.05, 0.3), (0.2, 0.05), (0.9, 0.1), (0.1, 0.9)]


def test_things_stand_anywhere_within_the_picture_and_do_not_touch() -> None:
    cells: Counter[str] = Counter()
    radii = []
    for scene, picture in scenes():
        assert picture.size == scene.size
        assert 9 / 16 - 0.01 <= scene.size[0] / scene.size[1] <= 16 / 9 + 0.01
        short = min(scene.size)
        circles = [
            (thing.centre[0] * scene.size[0], thing.centre[1] * scene.size[1], thing.radius * short / 6)
            for thing in scene.things
        ]
        for x, y, radius in circles:
            assert SMALLEST - 1e-9 <= radius / short <= LARGEST + 1e-9
            assert radius - 1 <= x <= scene.size[0] - radius + 1
            assert radius - 1 <= y <= scene.size[1] - radius + 1
            radii.append(radius / short)
        for one, other in combinations(circles, 2):
            assert math.dist(one[:2], other[:2]) > one[2] + other[2]
        cells.update(thing.shape.place for thing in scene.things)
        assert list(scene.things) == sorted(scene.things, key=lambda thing: reading_order(*thing.centre))
    assert set(cells) == set(PLACES)
    assert min(radii) < 0.05
    assert max(radii) > 0.35


def test_the_words_of_a_free_thing_are_those_of_its_middle_and_its_part_of_the_side() -> None:
    for scene, _ in scenes(80):
        for thing in scene.things:
            assert thing.shape.place == place_at(*thing.centre)
            assert thing.shape.size == size_of(thing.radius / 3)


def test_the_middle_of_a_thing_has_a_shade_of_its_colour() -> None:
    """Told by hue, saturation and value as the standard library has them, not by what drew it."""
    seen: Counter[str] = Counter()
    for scene, picture in scenes(250):
        for thing in scene.things:
            if thing.radius * min(scene.size) / 6 < 8:
                continue
            middle = picture.getpixel((int(thing.centre[0] * scene.size[0]), int(thing.centre[1] * scene.size[1])))
            assert isinstance(middle, tuple)
            hue, saturation, value = colorsys.rgb_to_hsv(*(channel / 255 for channel in middle))
            name = thing.shape.colour
            seen[name] += 1
            if name == "black":
                assert value < 0.2
            elif name == "white":
                assert (value > 0.9, saturation < 0.08) == (True, True)
            else:
                assert saturation > 0.35
                nearest = min(
                    _HUES, key=lambda each: min((hue * 360 - _HUES[each]) % 360, (_HUES[each] - hue * 360) % 360)
                )
                assert nearest == name, (middle, hue * 360)
    assert set(seen) == set(COLOURS)


_HUES = {"red": 0.0, "orange": 31.0, "yellow": 53.0, "green": 125.0, "blue": 226.0, "purple": 285.0}


def test_a_thing_stands_out_from_its_ground_or_has_an_outline_that_does() -> None:
    for scene, picture in scenes(120, "contrast"):
        pixels = np.asarray(picture, np.float32)
        for thing in scene.things:
            radius = thing.radius * min(scene.size) / 6
            x, y = (part * side for part, side in zip(thing.centre, scene.size, strict=True))
            reach = math.ceil(radius * 1.35) + 2
            left, top = max(0, int(x) - reach), max(0, int(y) - reach)
            about = pixels[top : int(y) + reach, left : int(x) + reach].reshape(-1, 3)
            assert np.ptp(about, axis=0).max() > 35


def test_a_ground_of_one_colour_has_a_name_and_others_have_none() -> None:
    names: Counter[str] = Counter()
    for number in range(200):
        ground = random_ground(Random(number), (64, 48))
        assert ground.pixels.shape == (48, 64, 3)
        names[ground.name] += 1
    assert set(names) <= {UNNAMED, *palette.GROUNDS}
    assert 20 < names[UNNAMED] < 90
    assert len(names) > 10


@pytest.mark.parametrize("kind", KINDS)
def test_a_figure_fills_its_circle_and_keeps_within_reach(kind: str) -> None:
    for number in range(30):
        figure = random_figure(Random(number), kind)
        mask, (left, top) = figure.mask((50.0, 40.0), 30.0)
        box = mask.getbbox()
        assert box is not None
        # No corner is further from the middle than a square's own, and what is drawn is about as large as was asked.
        assert min(box[0] + left - 50, box[1] + top - 40) >= -30 * 1.42 - 1
        assert max(box[2] + left - 50, box[3] + top - 40) <= 30 * 1.42 + 1
        assert max(box[2] - box[0], box[3] - box[1]) >= 30 * 1.4


def test_a_turned_figure_is_another_picture_of_equal_size() -> None:
    square = ((-0.87, -0.87), (0.87, -0.87), (0.87, 0.87), (-0.87, 0.87))
    straight, turned = (Figure(square, turn=turn).mask((40, 40), 24)[0] for turn in (0.0, 12.0))
    assert straight.tobytes() != turned.tobytes()
    areas = [np.asarray(mask, np.float64).sum() for mask in (straight, turned)]
    assert areas[0] == pytest.approx(areas[1], rel=0.02)


def test_damage_is_what_it_says() -> None:
    picture = Image.new("RGB", (120, 90), (200, 100, 50))
    assert scaled(picture, 0.5).size == (60, 45)
    assert min(scaled(picture, 0.01).size) == 24
    assert dimmed(picture, 0.3).getpixel((5, 5)) == (60, 30, 15)
    noisy = np.asarray(grained(Image.new("RGB", (200, 200), (128, 128, 128)), Random(1), 20.0), np.float64)
    assert noisy.std() == pytest.approx(20, rel=0.1)
    assert np.asarray(severe(picture, Random(3))).std(axis=(0, 1)).max() > 5


def test_a_good_part_of_the_pictures_is_left_as_it_was_drawn_and_some_are_beyond_telling() -> None:
    picture = free_scene(Random("one"))[1]
    results = [damage(picture, Random(number)) for number in range(200)]
    as_drawn = sum(result.size == picture.size and result.tobytes() == picture.tobytes() for result in results)
    assert 25 < as_drawn < 90
    assert sum(min(result.size) < 64 for result in results) > 2


def test_both_worlds_are_drawn_and_the_same_again() -> None:
    drawn = [drawn_scene(Random(f"mix/{number}")) for number in range(120)]
    free = sum(isinstance(scene, FreeScene) for scene, _ in drawn)
    assert 120 * (1 - ON_THE_GRID) * 0.75 < free < 120 * (1 - ON_THE_GRID) * 1.25
    again = [drawn_scene(Random(f"mix/{number}")) for number in range(120)]
    assert [scene for scene, _ in again] == [scene for scene, _ in drawn]
    assert all(one.tobytes() == other.tobytes() for (_, one), (_, other) in zip(drawn, again, strict=True))


def test_four_things_of_one_kind_or_colour_are_no_rarity() -> None:
    """By lot alone one scene of 1,200 had four circles, or four of another kind: nobody learnt to count them."""
    fours = [scene.shapes for scene, _ in (drawn_scene(Random(seed)) for seed in range(400)) if len(scene.shapes) == 4]
    assert sum(len({shape.kind for shape in shapes}) == 1 for shapes in fours) >= 4
    assert sum(len({shape.colour for shape in shapes}) == 1 for shapes in fours) >= 4
