"""The training loop: data-parallel processes that share their gradients, checkpoints, and going on from the last."""

from __future__ import annotations

import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from pickle import UnpicklingError
from random import Random
from typing import Any
from zipfile import is_zipfile

import numpy as np
import torch
from torch import Tensor, distributed, nn
from torch.nn import functional as F

from training.model.auxiliary_losses import PAIRS, SPOKEN, AuxiliaryHeads, Truths, Words
from training.model.network import Context, Model
from training.model.optimizer import SHORT_NUMBERS, Optimizer, Seat
from training.model.packing import BINS, Rows, RowWriter
from training.model.recipe import Recipe, Stage
from training.model.tokenizer import id_of, load
from training.model_config import END_OF_TEXT
from training.scenes.shards import Scenes

CHECKPOINT = "checkpoint.pt"
BEFORE = "checkpoint-before.pt"
"""The one before it: should the last be unreadable, two minutes more are lost, and no more."""
WEIGHTS = "weights.pt"
LOG = "log.jsonl"
_REPORT_EVERY = 20


class Trainer:
    """One process of the training."""

    def __init__(self, recipe: Recipe, folder: Path, seat: Seat) -> None:
        torch.set_num_threads(1)
        # PyTorch's other library for products knows no AVX-512 on AMD: there this makes a step a third shorter and
        # changes nothing else. Only on a CPU with AMX are numbers rounded to bfloat16 before they are multiplied.
        torch.set_float32_matmul_precision("medium")
        self.short_numbers = partial(torch.autocast, "cpu", torch.bfloat16, enabled=SHORT_NUMBERS)
        self.recipe, self.folder, self.seat = recipe, folder, seat
        torch.manual_seed(recipe.seed)
        self.model, self.auxiliary = Model(recipe.model), AuxiliaryHeads(recipe.model)
        self.whole = nn.ModuleDict({"model": self.model, "auxiliary": self.auxiliary})
        self.scenes = Scenes(folder / "scenes")
        self.tokenizer = load(folder / "tokenizer.json")
        self.register = id_of(self.tokenizer, END_OF_TEXT)
        self.word_ids = [torch.tensor([self._word(word) for word in words]) for words in SPOKEN]
        self.with_pair = _with_pair(self.scenes)
        self.began, self.seconds_before = time.monotonic(), 0.0

    def run(self, report: Callable[[str, int, dict[str, float]], None]) -> None:
        """Every stage from where it was left."""
        at_stage, at_step, state = self._restore()
        names = list(self.recipe.stages)
        for name in names[names.index(at_stage) :]:
            stage = self.recipe.stages[name]
            optimizer = Optimizer(self._learners(stage), self.seat)
            if state is not None:
                optimizer.restore(state)
            self._stage(name, stage, optimizer, at_step, report)
            at_step, state = 0, None
        if self.seat.rank == 0:
            _write(self.folder / WEIGHTS, self.model.state_dict())

    def _learners(self, stage: Stage) -> dict[str, nn.Module]:
        """Who learns in a stage: the decoder has nothing to do with sight."""
        seeing = {"vision": self.model.vision, "projector": self.model.projector, "auxiliary": self.auxiliary}
        return {**seeing, "decoder": self.model.decoder} if stage.talks else seeing

    def _stage(self, name: str, stage: Stage, optimizer: Optimizer, start: int, report: Callable[..., None]) -> None:
        losses = self._talk if stage.talks else self._sight
        saved = time.monotonic()
        gathered: dict[str, list[float]] = defaultdict(list)
        parent = os.getppid()
        for step in range(start, stage.steps):
            if os.getppid() != parent:
                raise SystemExit("who started this training is gone; go on from its last checkpoint")
            # Each step is seeded by its number: going on from a checkpoint makes the same random draws.
            rng = Random(f"{self.recipe.seed}/{name}/{step}/{self.seat.rank}")
            common = Random(f"{self.recipe.seed}/{name}/{step}")
            optimizer.clear()
            measure = step % _REPORT_EVERY < 2
            loss, figures = losses(stage, rng, common, measure)
            torch.autograd.backward(loss)
            share = stage.share(step)
            optimizer.step(muon=stage.muon * share, adam=stage.adam * share, vision=stage.vision)
            if self.seat.rank == 0:
                gathered["loss"].append(float(loss.detach()))
                for figure, value in figures.items():
                    gathered[figure].append(value)
                if step % _REPORT_EVERY == _REPORT_EVERY - 1 or step == stage.steps - 1:
                    means = {figure: sum(values) / len(values) for figure, values in gathered.items()}
                    report(name, step + 1, {"seconds": self._seconds()} | means)
                    gathered.clear()
                if time.monotonic() - saved > self.recipe.checkpoint_seconds or step == stage.steps - 1:
                    self._save(name, step + 1, optimizer, stage)
                    saved = time.monotonic()

    def _save(self, name: str, step: int, optimizer: Optimizer, stage: Stage) -> None:
        names = list(self.recipe.stages)
        following = names.index(name) + 1
        state: dict[str, Any] = {"stage": name, "step": step, "optimizer": optimizer.state()}
        if step == stage.steps and following < len(names):
            state = {"stage": names[following], "step": 0, "optimizer": None}
        path = self.folder / CHECKPOINT
        if path.exists():
            path.replace(self.folder / BEFORE)
        _write(path, {**state, "seconds": self._seconds(), "whole": self.whole.state_dict()})

    def _seconds(self) -> float:
        return self.seconds_before + time.monotonic() - self.began

    def _restore(self) -> tuple[str, int, Any]:
        state = last_checkpoint(self.folder)
        if state is None:
            return next(iter(self.recipe.stages)), 0, None
        self.whole.load_state_dict(state["whole"])
        self.seconds_before = state.get("seconds", 0.0)
        return state["stage"], state["step"], state["optimizer"]

    def _word(self, word: str) -> int:
        """The token of a word within a sentence; of one that is cut, the first piece."""
        return int(self.tokenizer.encode(f" {word}").ids[0])

    def _help(self, seen: Tensor, projected: Tensor, truths: Truths) -> Tensor:
        """What all talking is accompanied by: seeing, and the words for what is seen."""
        words = Words(*(self.model.decoder.embedding(ids) for ids in self.word_ids))
        return self.auxiliary.look(seen, projected, truths) + self.auxiliary.name(projected, truths, words)

    def _look(self, indices: list[int]) -> tuple[Tensor, Tensor, Truths]:
        pictures = torch.from_numpy(np.stack([self.scenes.picture(index) for index in indices]))
        truths = Truths.of(
            torch.from_numpy(self.scenes.labels[indices]),
            torch.from_numpy(self.scenes.spots[indices]),
            torch.from_numpy(self.scenes.grounds[indices]),
            self.recipe.model,
        )
        with self.short_numbers():
            seen, projected = self.model.look(pictures)
        return seen.float(), projected.float(), truths

    def _sight(self, stage: Stage, rng: Random, common: Random, measure: bool) -> tuple[Tensor, dict[str, float]]:
        seen, projected, truths = self._look([rng.randrange(len(self.scenes)) for _ in range(stage.rows)])
        figures = {"things right": self.auxiliary.shapes_right(seen.detach(), truths)} if measure else {}
        return self.auxiliary.look(seen, projected, truths), figures

    def _talk(self, stage: Stage, rng: Random, common: Random, measure: bool) -> tuple[Tensor, dict[str, float]]:
        writer = RowWriter(rng, self.tokenizer, practises=stage.practises)
        chance, recipe = common.random(), self.recipe
        pictures = 2 if chance < recipe.two_pictures else 0 if chance > 1 - recipe.no_picture else 1
        if recipe.two_pictures <= chance < recipe.two_pictures + recipe.text_first:
            return self._talk_text_first(stage, rng, writer, measure)
        indices = [self._row_of_scenes(rng, max(pictures, 1)) for _ in range(stage.rows)]
        truths_of = [[self.scenes.truth(index) for index in row] for row in indices]
        if pictures == 0:
            rows = writer.write_without_pictures([row[0] for row in truths_of])
            loss, figures, _ = self._answer(rows, None, measure)
            return loss, figures
        rows = writer.write(truths_of)
        seen, projected, truths = self._look([index for row in indices for index in row])
        loss, figures, after = self._answer(rows, projected, measure)
        helped = self._help(seen, projected, truths) + self._refer(rows, after)
        if rows.layout.registers:
            first, second = self._registers(rows, after)
            helped = helped + self.auxiliary.gather(first, second, truths)
            if measure:
                figures["pairs"] = self.auxiliary.all_pairs_right(first[1].detach(), truths)
        return loss + helped, figures

    def _refer(self, rows: Rows, after: list[Tensor]) -> Tensor:
        """What is known at the tokens where the answers hang on it, after the second and the third block."""
        if not rows.facts:
            return torch.zeros(())
        prefix = rows.layout.length(self.recipe.model.patches)
        where = [row for row, _, _ in rows.facts], [prefix + at for _, at, _ in rows.facts]
        return self.auxiliary.refer([hidden[where] for hidden in after[1:3]], [fact for _, _, fact in rows.facts])

    def _talk_text_first(
        self, stage: Stage, rng: Random, writer: RowWriter, measure: bool
    ) -> tuple[Tensor, dict[str, float]]:
        indices = [rng.randrange(len(self.scenes)) for _ in range(stage.rows * BINS)]
        truths_of = [self.scenes.truth(index) for index in indices]
        seen, projected, truths = self._look(indices)
        rows = writer.write_text_first(truths_of, self.recipe.model.patches)
        loss, figures, after = self._answer(rows, projected, measure)
        right = {"text first": sum(figures.values()) / len(figures)} if figures else {}
        return loss + self._help(seen, projected, truths) + self._refer(rows, after), right

    def _row_of_scenes(self, rng: Random, pictures: int) -> list[int]:
        first = rng.randrange(len(self.scenes))
        if pictures == 1:
            return [first]
        labels = self.scenes.labels[first]
        things = [int(colour) * (PAIRS // 8) + int(kind) for colour, kind, *_ in labels if colour >= 0]
        if things and rng.random() < 0.5:
            # Two pictures with a thing in common are rare by themselves.
            return [first, int(rng.choice(self.with_pair[rng.choice(things)]))]
        return [first, rng.randrange(len(self.scenes))]

    def _registers(self, rows: Rows, after: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        """The hidden states of each picture's two registers after the first two blocks."""
        layout, patches = rows.layout, self.recipe.model.patches
        ends = [len(layout.head) + (number + 1) * (patches + 2) for number in range(layout.pictures)]

        def at(back: int) -> list[Tensor]:
            return [hidden[:, [end - back for end in ends]].flatten(0, 1) for hidden in after[:2]]

        return at(2), at(1)

    def _answer(
        self, rows: Rows, projected: Tensor | None, measure: bool
    ) -> tuple[Tensor, dict[str, float], list[Tensor]]:
        decoder, layout = self.model.decoder, rows.layout
        number = len(rows.tokens)
        embedded = decoder.embedding(torch.from_numpy(rows.tokens))
        head = decoder.embedding(torch.tensor(layout.head)).expand(number, -1, -1)
        parts = [head]
        if projected is not None and rows.inside:
            where = [row * embedded.shape[1] + at for row, at, _ in rows.inside]
            places = torch.tensor(where)[:, None] + torch.arange(projected.shape[1])
            flat = embedded.flatten(0, 1).index_copy(0, places.flatten(), projected.flatten(0, 1))
            embedded = flat.view_as(embedded)
        elif projected is not None:
            registers = decoder.embedding(torch.full((number, layout.registers), self.register))
            for picture in projected.unflatten(0, (number, layout.pictures)).unbind(1):
                parts += [picture, registers]
        prefix = torch.cat(parts, 1)
        context = Context(
            prefix.shape[1],
            BINS,
            torch.from_numpy(rows.segments),
            torch.from_numpy(rows.offsets),
            decoder.head_width,
        )
        with self.short_numbers():
            hidden, after = decoder(torch.cat([prefix, embedded], 1), context)
        weights = torch.from_numpy(rows.weights)
        said = weights > 0
        logits = decoder.logits(hidden[:, prefix.shape[1] :][said])
        targets = torch.from_numpy(rows.targets)[said]
        losses = F.cross_entropy(logits, targets, reduction="none")
        loss = (losses * weights[said]).sum() / weights.sum()
        figures = _right_by_kind(rows, said, logits.detach().argmax(-1) == targets) if measure else {}
        return loss, figures, after


def _right_by_kind(rows: Rows, said: Tensor, right: Tensor) -> dict[str, float]:
    """The share of questions of each kind whose whole answer is right, token after true token."""
    where = said.nonzero()
    segments = rows.segments[where[:, 0].numpy(), where[:, 1].numpy()]
    wrong = {(int(row), int(segment)) for (row, _), segment, ok in zip(where, segments, right, strict=True) if not ok}
    found: dict[str, list[float]] = defaultdict(list)
    for row, kinds in enumerate(rows.kinds):
        for segment, kind in enumerate(kinds):
            found[kind].append(float((row, segment) not in wrong))
    return {kind: sum(values) / len(values) for kind, values in found.items()}


def _with_pair(scenes: Scenes) -> list[np.ndarray[Any, np.dtype[np.int64]]]:
    """The scenes that have each of the 48 pairs; one without any finds itself another."""
    pairs = np.where(scenes.labels[:, :, 0] >= 0, scenes.labels[:, :, 0] * (PAIRS // 8) + scenes.labels[:, :, 1], -1)
    return [np.flatnonzero((pairs == pair).any(1)) for pair in range(PAIRS)]


def last_checkpoint(folder: Path) -> dict[str, Any] | None:
    """The last one that can be read, if there is any."""
    for path in (folder / CHECKPOINT, folder / BEFORE):
        if not path.exists():
            continue
        # What was cut or overwritten has no table at its end, and torch would take it for a file of another kind.
        if is_zipfile(path):
            try:
                return dict(torch.load(path, weights_only=True))
            except (RuntimeError, UnpicklingError) as fault:
                print(f"{path.name} cannot be read: {fault}", file=sys.stderr)
        print(f"{path.name} is passed over.", file=sys.stderr)
    return None


def weights_as_arrays(folder: Path) -> dict[str, np.ndarray[Any, np.dtype[np.float32]]]:
    """The finished weights, by the names that the export knows."""
    return {name: weight.numpy() for name, weight in torch.load(folder / WEIGHTS, weights_only=True).items()}


def _write(path: Path, state: Any) -> None:
    """Whole or not at all."""
    unfinished = path.with_suffix(".unfinished")
    with unfinished.open("wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


def _process(rank: int, recipe: Recipe, folder: Path, address: str, queue: Any) -> None:
    if recipe.processes > 1:
        distributed.init_process_group("gloo", init_method=address, rank=rank, world_size=recipe.processes)

    def report(stage: str, step: int, figures: dict[str, float]) -> None:
        queue.put((stage, step, figures))

    Trainer(recipe, folder, Seat(rank, recipe.processes)).run(report)
    if recipe.processes > 1:
        distributed.destroy_process_group()


def train(recipe: Recipe, folder: Path) -> Iterator[tuple[str, int, dict[str, float]]]:
    """Train to the end, giving the stage, its step and its figures every now and then."""
    context = torch.multiprocessing.get_context("spawn")
    queue = context.Queue()
    rendezvous = folder / "rendezvous"
    rendezvous.unlink(missing_ok=True)
    address = f"file://{rendezvous.resolve()}"
    running = torch.multiprocessing.spawn(
        _process, (recipe, folder, address, queue), nprocs=recipe.processes, join=False, daemon=True
    )
    with (folder / LOG).open("a") as log:
        finished = False
        while not finished:
            finished = running.join(timeout=1.0)
            while not queue.empty():
                stage, step, figures = queue.get()
                rounded = {figure: round(value, 4) for figure, value in figures.items()}
                log.write(json.dumps({"stage": stage, "step": step, **rounded}) + "\n")
                log.flush()
                yield stage, step, figures
    rendezvous.unlink(missing_ok=True)
