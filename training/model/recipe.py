"""Hyperparameters: how long, how much and at which rates the demo model is trained."""

from __future__ import annotations

from dataclasses import dataclass

from training.model_config import DEMO, TOY, ModelConfig


@dataclass(frozen=True)
class Stage:
    """A part of the training. A step takes `rows` rows (or pictures) on each process; rates are Muon's and Adam's."""

    steps: int
    rows: int
    muon: float
    adam: float
    warm_up: int
    steady: float = 1.0
    """The part of the steps before the rates begin to fall in a line to nothing; with 1 they never do."""
    vision: float = 1.0
    """The part of Muon's rate that the ViT gets."""
    talks: bool = True
    """Whether it learns to answer; else only to see."""
    practises: bool = False
    """Whether more JSON under a schema is asked of it, with keys and marks as a grammar cuts them."""

    def share(self, step: int) -> float:
        """The part of the peak rates at this step, counted from 0."""
        rising = min(1.0, (step + 1) / self.warm_up)
        if self.steady == 1.0:
            return rising
        falling = (self.steps - step) / (self.steps * (1 - self.steady))
        return min(rising, max(falling, 0.01))


@dataclass(frozen=True)
class Recipe:
    """The stages in their order, and what they all share."""

    model: ModelConfig
    scenes: int
    stages: dict[str, Stage]
    seed: int = 20261130
    processes: int = 2
    texts: int = 30_000
    """Questions that the tokenizer is learnt from."""
    checkpoint_seconds: float = 120.0
    two_pictures: float = 0.25
    text_first: float = 0.07
    no_picture: float = 0.035
    """The parts of the steps that go to other rows than those with one picture in front."""


DEMO_RECIPE = Recipe(
    model=DEMO,
    scenes=200_000,
    stages={
        "sight": Stage(steps=9000, rows=48, muon=0.02, adam=3e-3, warm_up=50, steady=0.4, talks=False),
        # Batches are small: at the rates of `sight` the ViT forgets a fifth of what it saw, and nothing gets exact.
        "talk": Stage(steps=9000, rows=6, muon=0.01, adam=1.5e-3, warm_up=100, steady=0.3, vision=0.1),
        "practice": Stage(
            steps=900, rows=6, muon=0.002, adam=3e-4, warm_up=100, steady=0.3, vision=0.1, practises=True
        ),
    },
)
TOY_RECIPE = Recipe(
    model=TOY,
    scenes=40,
    stages={
        "sight": Stage(steps=1, rows=4, muon=0.02, adam=3e-3, warm_up=1, talks=False),
        "talk": Stage(steps=2, rows=2, muon=0.02, adam=3e-3, warm_up=1, vision=0.3),
        "practice": Stage(steps=1, rows=2, muon=0.02, adam=3e-3, warm_up=1, vision=0.3, practises=True),
    },
    processes=1,
    texts=300,
)
"""Everything once, in seconds: for tests."""
