"""The data set on disk, in shards: pictures as the model sees them, and their truth. No shard is drawn twice."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ollama_embedded.scenes import COLOURS, KINDS, PLACES, Shape
from training.model_config import ModelConfig
from training.scenes.damage import SEVERE, damage, severe
from training.scenes.draw import MOST, RADII, Scene, Thing, disturb, draw, random_scene
from training.scenes.fit import fit, fitted_size
from training.scenes.free import ALIKE, FreeScene, Placed, free_scene
from training.scenes.grounds import UNNAMED
from training.scenes.palette import GROUNDS

SHARD = 4000
NONE = -1
ON_THE_GRID = 0.4
"""The part of the scenes that stand in the cells of a grid, as `ollama_embedded.draw_scene` draws them."""
_EMPTY = 0.01
"""The part without a thing."""
_COLOURS, _SIZES, _GROUNDS = tuple(COLOURS), tuple(RADII), tuple(GROUNDS)
SHAPES = {
    (colour, kind, size, place): Shape(colour, kind, PLACES[place], size)
    for colour in COLOURS
    for kind in KINDS
    for size in RADII
    for place in range(len(PLACES))
}


@dataclass(frozen=True)
class SceneTruth:
    """What is on a picture, as questions need it."""

    shapes: tuple[Shape, ...]
    ground: str


class Scenes:
    """Many drawn scenes, read from disk as they are asked for.

    `pictures` are [n, side, side, 3] bytes. `labels` are [n, 4, 4]: colour, kind, size and place of every thing, -1
    where there is none; `spots` are [n, 4, 3]: its centre and radius in pixels of the picture; `grounds` are [n], -1
    for one of no one colour.
    """

    def __init__(self, folder: Path) -> None:
        shards = sorted(folder.glob("truth-*.npz"))
        if not shards:
            raise FileNotFoundError(f"{folder} has no drawn scenes: draw them first")
        self.pictures = [np.load(_pictures_file(shard), mmap_mode="r") for shard in shards]
        truths = [np.load(shard) for shard in shards]
        self.labels = np.concatenate([truth["labels"] for truth in truths])
        self.spots = np.concatenate([truth["spots"] for truth in truths])
        self.grounds = np.concatenate([truth["grounds"] for truth in truths])

    def __len__(self) -> int:
        return len(self.grounds)

    def picture(self, index: int) -> NDArray[np.uint8]:
        size = len(self.pictures[0])
        picture: NDArray[np.uint8] = self.pictures[index // size][index % size]
        return picture

    def truth(self, index: int) -> SceneTruth:
        shapes = tuple(
            SHAPES[tuple(COLOURS)[colour], KINDS[kind], _SIZES[size], int(place)]
            for colour, kind, size, place in self.labels[index]
            if colour != NONE
        )
        ground = self.grounds[index]
        return SceneTruth(shapes, UNNAMED if ground == NONE else _GROUNDS[ground])


def draw_shards(folder: Path, count: int, seed: int, config: ModelConfig, processes: int) -> Iterator[int]:
    """Draw `count` scenes in shards, giving the number of drawn ones after each; what is there is kept."""
    folder.mkdir(parents=True, exist_ok=True)
    size = min(SHARD, count)
    starts = range(0, count, size)
    missing = [start for start in starts if not _truth_file(folder, start).exists()]
    done = count - sum(min(size, count - start) for start in missing)
    yield done
    jobs = [(folder, start, min(size, count - start), seed, config.image_size) for start in missing]
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        for drawn in pool.imap_unordered(_draw_shard, jobs):
            done += drawn
            yield done


def _truth_file(folder: Path, start: int) -> Path:
    return folder / f"truth-{start:07}.npz"


def _pictures_file(truth: Path) -> Path:
    return truth.with_name(truth.name.replace("truth-", "pictures-")).with_suffix(".npy")


def _draw_shard(job: tuple[Path, int, int, int, int]) -> int:
    folder, start, count, seed, side = job
    pictures = np.zeros((count, side, side, 3), np.uint8)
    labels = np.full((count, MOST, 4), NONE, np.int64)
    spots = np.zeros((count, MOST, 3), np.float32)
    grounds = np.zeros(count, np.int64)
    for number in range(count):
        # A lot of its own for each scene: a shard does not depend on the ones before it.
        rng = Random(f"{seed}/scene/{start + number}")
        scene, picture = drawn_scene(rng)
        pictures[number] = np.asarray(fit(picture, side))
        labels[number], spots[number] = _truth_of(scene, picture.size, side)
        grounds[number] = NONE if scene.ground == UNNAMED else _GROUNDS.index(scene.ground)
    truth = _truth_file(folder, start)
    # The truth comes last, and under its name only when it is whole: a shard that has one is finished.
    np.save(_pictures_file(truth), pictures)
    unfinished = folder / f"unfinished-{truth.name}"
    np.savez(unfinished, labels=labels, spots=spots, grounds=grounds)
    unfinished.replace(truth)
    return count


def drawn_scene(rng: Random) -> tuple[Scene | FreeScene, Image.Image]:
    """A scene of training and its picture, whatever befell that."""
    count = 0 if rng.random() < _EMPTY else None
    if rng.random() < ON_THE_GRID:
        scene = random_scene(rng, count, alike=ALIKE)
        picture = draw(scene)
        return scene, disturb(severe(picture, rng) if rng.random() < SEVERE else picture, rng)
    free, picture = free_scene(rng, count)
    return free, damage(picture, rng)


def labels_of(shape: Shape) -> tuple[int, int, int, int]:
    """Colour, kind, size and place as numbers."""
    colour, kind = _COLOURS.index(shape.colour), KINDS.index(shape.kind)
    return (colour, kind, _SIZES.index(shape.size), PLACES.index(shape.place))


def _truth_of(
    scene: Scene | FreeScene, padded: tuple[int, int], side: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    labels = np.full((MOST, 4), NONE, np.int64)
    spots = np.zeros((MOST, 3), np.float32)
    inner = _inner_size(scene.size, padded, side)
    left, top = (side - inner[0]) / 2, (side - inner[1]) / 2
    things: Sequence[Thing | Placed] = scene.things
    for number, thing in enumerate(things):
        labels[number] = labels_of(thing.shape)
        radius = thing.radius * min(inner) / 6
        spots[number] = (left + thing.centre[0] * inner[0], top + thing.centre[1] * inner[1], radius)
    return labels, spots


def _inner_size(drawn: Sequence[int], padded: tuple[int, int], side: int) -> tuple[float, float]:
    """The drawn scene's own size within the square: scaled as a whole, perhaps with bars of its own."""
    whole = fitted_size(padded, side)
    fits = min(whole[0] / drawn[0], whole[1] / drawn[1])
    return (drawn[0] * fits, drawn[1] * fits)
