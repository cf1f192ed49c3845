"""Auxiliary losses and their heads, for training alone: what each patch, picture and register ought to know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ollama_embedded.scenes import COLOURS, KINDS, PLACES
from training.model_config import ModelConfig
from training.questions import answers
from training.questions.subjects import Counted, Fact, Ground, Meant, Shown
from training.scenes.draw import MOST, RADII
from training.scenes.palette import GROUNDS
from training.scenes.shards import NONE, labels_of

PROPERTIES = (len(COLOURS), len(KINDS), len(RADII), len(PLACES))
"""Colours, kinds, sizes, places: in the order of the labels."""
_SIZE = 2
"""The hardest of them: two pixels lie between a medium thing and a large one."""
PAIRS = len(COLOURS) * len(KINDS)
_REACH = 0.7
"""Up to this part of its radius a shape surely covers a square that is centred on it."""
_CENTRE_WEIGHT = 4.0
_NOTHING_WEIGHT = 0.15
_REFERRED = (1, *PROPERTIES, len(GROUNDS), MOST + 1, 2)
"""Whether the thing is there, its properties, the ground, a number, and whether each of two pictures shows it."""
_REFERRED_WEIGHTS = (0.1, 0.2)
"""After the second block and after the third, if there is one."""
_NUMBERS = MOST + 1
_ALIKE = (_NUMBERS,) * 3
"""How many other things have a thing's colour, how many are of its kind, and how many there are at all."""
_SUMMED = ((len(COLOURS) + len(KINDS)) * _NUMBERS, len(PLACES), _NUMBERS)
"""How many there are of each colour and of each kind, at which places something is, and how many there are in all."""


@dataclass(frozen=True)
class Truths:
    """Targets of a batch of pictures. `patches` is [n, patches]: the number of the thing there, or -1.

    `labels` is [n, 4, 4] as the shards have it, `pairs` [n, 48] of 0 and 1, `weights` [n, patches].
    """

    labels: Tensor
    patches: Tensor
    weights: Tensor
    pairs: Tensor
    grounds: Tensor

    @classmethod
    def of(cls, labels: Tensor, spots: Tensor, grounds: Tensor, config: ModelConfig) -> Truths:
        middles = (torch.arange(config.side) + 0.5) * config.patch_size
        down, across = torch.meshgrid(middles, middles, indexing="ij")
        at = torch.stack([across.flatten(), down.flatten()], -1)
        distance = (at[None, None] - spots[:, :, None, :2]).abs().amax(-1)
        there = labels[:, :, 0] >= 0
        reach = (spots[:, :, 2] * _REACH)[..., None]
        relative = (distance / reach.clamp_min(1e-3)).masked_fill(~there[..., None], float("inf"))
        # The patch with a thing's centre in it is its own, however small the thing.
        centred = (distance <= config.patch_size / 2) & there[..., None]
        nearest = relative.masked_fill(centred, 0).min(1)
        patches = torch.where(nearest.values <= 1, nearest.indices, -1)
        weights = 1 + (_CENTRE_WEIGHT - 1) * centred.any(1).float()
        pair = labels[:, :, 0] * len(KINDS) + labels[:, :, 1]
        return cls(labels, patches, weights, _flags(pair, there, PAIRS), grounds)

    def there(self) -> Tensor:
        """Whether there is a first thing, a second one ...: [n, 4]."""
        return self.labels[:, :, 0] >= 0

    def of_each(self) -> Tensor:
        """How many things have each colour, then how many are of each kind: [n, colours + kinds]."""
        there = self.there()[..., None]
        numbers = []
        for which, size in ((0, len(COLOURS)), (1, len(KINDS))):
            each = F.one_hot(self.labels[:, :, which].clamp_min(0), size)
            numbers.append((each * there).sum(1))
        return torch.cat(numbers, 1)

    def places(self) -> Tensor:
        """At which places something is: [n, places] of 0 and 1."""
        return _flags(self.labels[:, :, 3], self.there(), len(PLACES))

    def others(self) -> Tensor:
        """Of each thing, how many others have its colour, how many are of its kind, how many there are: [n, 4, 3]."""
        there = self.there()
        with_another = there[:, :, None] & there[:, None, :]
        alike = [self.labels[:, :, None, which] == self.labels[:, None, :, which] for which in (0, 1)]
        shared = torch.stack([*(with_another & same for same in alike), with_another], -1)
        return shared.sum(2) - 1

    def of_patches(self, values: Tensor) -> Tensor:
        """A value of each thing [n, 4] spread to the patches, counted from 1; 0 where nothing is."""
        found = values.gather(1, self.patches.clamp_min(0)) + 1
        return found.masked_fill(self.patches < 0, 0)


def _flags(values: Tensor, there: Tensor, size: int) -> Tensor:
    """Which of `size` values occur among those [n, 4] of the things that are there: [n, size] of 0 and 1."""
    return torch.zeros(len(values), size + 1).scatter(1, torch.where(there, values, size), 1.0)[:, :size]


def _of_named(logits: Tensor, grounds: Tensor) -> Tensor:
    """The loss over the grounds that have a name."""
    named = grounds != NONE
    return F.cross_entropy(logits[named], grounds[named]) if named.any() else torch.zeros(())


@dataclass(frozen=True)
class Words:
    """The decoder's embeddings of the words for each property, [number, width] each, in the order of the labels."""

    colours: Tensor
    kinds: Tensor
    sizes: Tensor
    places: Tensor
    grounds: Tensor


PLACE_WORDS = ("top", "bottom", "left", "right", "center")
"""One or two of these say where a thing is."""
PLACE_FLAGS = torch.tensor(
    [[float(word in said.split()) for word in PLACE_WORDS] for said in answers.PLACE_WORDS.values()]
)
SPOKEN = (tuple(COLOURS), KINDS, tuple(RADII), PLACE_WORDS, tuple(GROUNDS))
"""The words of `Words`, field by field."""


def _targets(facts: Sequence[Fact]) -> list[Tensor]:
    """What the heads for each part of `_REFERRED` should say of each fact; `NONE` where it says nothing of that."""
    there, grounds, numbers = ([[NONE] for _ in facts] for _ in range(3))
    labels = [[NONE] * len(PROPERTIES) for _ in facts]
    shown = [[NONE, NONE] for _ in facts]
    for at, fact in enumerate(facts):
        match fact:
            case Meant(shape):
                there[at] = [int(shape is not None)]
                labels[at] = list(labels_of(shape)) if shape else labels[at]
            case Ground(ground):
                grounds[at] = [tuple(GROUNDS).index(ground)]
            case Counted(number):
                numbers[at] = [number]
            case Shown(on):
                shown[at] = [int(each) for each in on]
    properties = torch.tensor(labels).split(1, 1)
    return [
        torch.tensor(there).float(),
        *properties,
        torch.tensor(grounds),
        torch.tensor(numbers),
        torch.tensor(shown).float(),
    ]


class AuxiliaryHeads(nn.Module):
    """The heads that ask. They are thrown away after training."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.sizes = [number + 1 for number in PROPERTIES]
        self.seen = nn.Linear(config.vision_width, sum(self.sizes))
        self.ground = nn.Linear(config.vision_width, len(GROUNDS))
        self.parts = (PAIRS + 1, *self.sizes[2:], *_ALIKE)
        self.projected = nn.Linear(config.width, sum(self.parts))
        self.present = nn.Linear(config.width, PAIRS)
        self.gathered = nn.ModuleList(nn.Linear(config.width, PAIRS) for _ in range(2))
        self.referred = nn.ModuleList(nn.Linear(config.width, sum(_REFERRED)) for _ in range(min(2, config.blocks - 1)))
        self.grounded = nn.ModuleList(nn.Linear(config.width, len(GROUNDS)) for _ in range(2))
        self.summed = nn.ModuleList(nn.Linear(config.width, sum(_SUMMED)) for _ in range(2))

    def look(self, seen: Tensor, projected: Tensor, truths: Truths) -> Tensor:
        """What the ViT and the projector should say of every patch, and of the whole."""
        properties = self.seen(seen).split(self.sizes, -1)
        loss = torch.zeros(())
        for number, logits in enumerate(properties):
            weight = 2.0 if number == _SIZE else 1.0
            loss = loss + weight * self._patch_loss(logits, truths, truths.labels[:, :, number])
        loss = loss * 0.3 / 4 + 0.1 * _of_named(self.ground(seen.mean(1)), truths.grounds)
        pairs, sizes, places, *alike = self.projected(projected).split(self.parts, -1)
        pair = truths.labels[:, :, 0] * len(KINDS) + truths.labels[:, :, 1]
        loss = loss + 0.3 * self._patch_loss(pairs, truths, pair)
        loss = loss + 0.2 * self._patch_loss(sizes, truths, truths.labels[:, :, 2])
        loss = loss + 0.12 * self._patch_loss(places, truths, truths.labels[:, :, 3])
        for logits, others in zip(alike, truths.others().unbind(-1), strict=True):
            loss = loss + 0.2 * self._patch_loss(logits, truths, others)
        return loss + 1.2 * F.binary_cross_entropy_with_logits(self.present(projected.mean(1)), truths.pairs)

    @staticmethod
    def name(projected: Tensor, truths: Truths, words: Words) -> Tensor:
        """How far the decoder's own words for a thing are from its patches.

        A patch of a red circle that lies near the embeddings of " red" and " circle" is found by a question that has
        these words, and gives an answer that has them: looking up and reading out become the copying of a token.
        """
        loss = torch.zeros(())
        things = truths.patches >= 0
        weights = truths.weights[things]
        for number, vectors in enumerate((words.colours, words.kinds, words.sizes)):
            targets = truths.of_patches(truths.labels[:, :, number])[things] - 1
            losses = F.cross_entropy(projected[things] @ vectors.T, targets, reduction="none")
            loss = loss + 0.1 * (losses * weights).sum() / weights.sum()
        places = PLACE_FLAGS[truths.of_patches(truths.labels[:, :, 3])[things] - 1]
        said = projected[things] @ words.places.T
        flags = F.binary_cross_entropy_with_logits(said, places, reduction="none").mean(-1)
        loss = loss + 0.2 * (flags * weights).sum() / weights.sum()
        return loss + 0.1 * _of_named(projected.mean(1) @ words.grounds.T, truths.grounds)

    def gather(self, first: list[Tensor], second: list[Tensor], truths: Truths) -> Tensor:
        """What the two registers [n, width] should know after each of the first two blocks: pairs, then sums."""
        loss = torch.zeros(())
        numbers, places, whole = truths.of_each(), truths.places(), truths.there().sum(1)
        for at, weight in enumerate((0.1, 0.3)):
            pairs = F.binary_cross_entropy_with_logits(self.gathered[at](first[at]), truths.pairs)
            of_each, at_places, in_all = self.summed[at](second[at]).split(_SUMMED, -1)
            counts = F.cross_entropy(of_each.unflatten(-1, (-1, _NUMBERS)).flatten(0, 1), numbers.flatten())
            loss = loss + weight * (6 * pairs + 2 * counts + 0.5 * F.cross_entropy(in_all, whole))
            loss = loss + weight * F.binary_cross_entropy_with_logits(at_places, places)
            loss = loss + weight * 0.5 * _of_named(self.grounded[at](second[at]), truths.grounds)
        return loss

    def refer(self, hidden: list[Tensor], facts: Sequence[Fact]) -> Tensor:
        """What a token [facts, width] should know after the second and the third block, for the answer to go on.

        Each question asks for one property; here all of them teach how the thing is found.
        """
        targets = _targets(facts)
        loss = torch.zeros(())
        for head, state, weight in zip(self.referred, hidden, _REFERRED_WEIGHTS, strict=False):
            for told, target in zip(head(state).split(_REFERRED, -1), targets, strict=True):
                known = (target != NONE).flatten(1).all(1)
                if not known.any():
                    continue
                if target.is_floating_point():
                    losses = 2 * F.binary_cross_entropy_with_logits(told[known], target[known])
                else:
                    losses = F.cross_entropy(told[known], target[known, 0])
                loss = loss + weight * losses
        return loss

    @torch.no_grad()
    def all_pairs_right(self, register: Tensor, truths: Truths) -> float:
        """The share of pictures whose 48 pairs the first register all has right after the second block."""
        said = self.gathered[1](register) > 0
        return float((said == truths.pairs.bool()).all(1).float().mean())

    @torch.no_grad()
    def shapes_right(self, seen: Tensor, truths: Truths) -> float:
        """The share of things whose colour, kind, size and place the ViT has right at their middle patch."""
        right = torch.ones_like(truths.patches, dtype=torch.bool)
        for number, logits in enumerate(self.seen(seen).split(self.sizes, -1)):
            right &= logits.argmax(-1) == truths.of_patches(truths.labels[:, :, number])
        middle = truths.weights > 1
        return float(right[middle].float().mean())

    @staticmethod
    def _patch_loss(logits: Tensor, truths: Truths, values: Tensor) -> Tensor:
        targets = truths.of_patches(values)
        weights = torch.where(targets > 0, truths.weights, _NOTHING_WEIGHT)
        losses = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="none")
        return (losses * weights.flatten()).sum() / weights.sum()
