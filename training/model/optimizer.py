"""Muon for the blocks' matrices, Adam for all else, over one flat buffer of gradients that processes share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, distributed, nn

_POLYNOMIAL = (3.4445, -4.7750, 2.0315)
_STEPS = 5
_MOMENTUM = 0.95
_LONGEST_GRADIENT = 4.0
SHORT_NUMBERS = bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
"""Whether the CPU multiplies bfloat16 itself, as those with AVX-512 do from 2022 on: a third off a step."""


@dataclass(frozen=True)
class Seat:
    """Which of the processes this is."""

    rank: int = 0
    of: int = 1

    def add(self, buffer: Tensor) -> None:
        """Make the buffer the sum of all processes' own."""
        if self.of > 1:
            distributed.all_reduce(buffer)


def orthogonal(matrices: Tensor) -> Tensor:
    """Matrices [n, rows, columns] with all their singular values near 1, by Newton and Schulz."""
    a, b, c = _POLYNOMIAL
    wide = matrices.shape[1] <= matrices.shape[2]
    x = matrices if wide else matrices.transpose(1, 2)
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    if SHORT_NUMBERS:
        # "Near" 1 needs no more figures than bfloat16 has.
        x = x.bfloat16()
    for _ in range(_STEPS):
        gram = x @ x.transpose(1, 2)
        x = a * x + torch.baddbmm(b * gram, gram, gram, alpha=c) @ x
    x = x.float()
    return x if wide else x.transpose(1, 2)


@dataclass(frozen=True)
class _Matrices:
    """Parameters of one shape and one rate, which go through their iterations together."""

    parameters: list[nn.Parameter]
    momentum: Tensor
    changes: Tensor
    vision: bool

    @property
    def scale(self) -> float:
        _, rows, columns = self.momentum.shape
        return float(max(1.0, rows / columns) ** 0.5)


class Optimizer:
    """One step for named modules. Rates: Muon's for matrices, Adam's for embeddings, norms, biases and heads."""

    def __init__(self, modules: Mapping[str, nn.Module], seat: Seat, decay: float = 0.02) -> None:
        named = [(f"{module}.{name}", p) for module in modules for name, p in modules[module].named_parameters()]
        self._seat, self._decay = seat, decay
        self.gradient = torch.zeros(sum(p.numel() for _, p in named))
        at = 0
        for _, p in named:
            p.grad = self.gradient[at : at + p.numel()].view_as(p)
            at += p.numel()
        alike: dict[tuple[bool, int, int], list[nn.Parameter]] = {}
        for name, p in named:
            if p.ndim == 2 and ".blocks." in name:
                alike.setdefault((name.startswith("vision."), p.shape[0], p.shape[1]), []).append(p)
        self._changes = torch.zeros(sum(p.numel() for same in alike.values() for p in same))
        self._matrices = []
        at = 0
        for (vision, *shape), same in alike.items():
            size = len(same) * shape[0] * shape[1]
            changes = self._changes[at : at + size].view(len(same), *shape)
            self._matrices.append(_Matrices(same, torch.zeros(len(same), *shape), changes, vision))
            at += size
        taken = {id(p) for same in alike.values() for p in same}
        others = [p for _, p in named if id(p) not in taken]
        self._adam = torch.optim.AdamW(others, betas=(0.9, 0.98), weight_decay=0.01, foreach=True)

    def clear(self) -> None:
        self.gradient.zero_()

    @torch.no_grad()
    def step(self, *, muon: float, adam: float, vision: float = 1.0) -> None:
        """Move by the mean of all processes' gradients; `vision` is the part of Muon's rate that the ViT gets."""
        self._seat.add(self.gradient)
        self.gradient /= self._seat.of
        self.gradient *= (_LONGEST_GRADIENT / (self.gradient.norm() + 1e-6)).clamp(max=1.0)
        self._changes.zero_()
        for matrices in self._matrices:
            gradients = torch.stack([p.grad for p in matrices.parameters if p.grad is not None])
            matrices.momentum.lerp_(gradients, 1 - _MOMENTUM)
            # Each process turns its share of the matrices; the sum below hands them to the others.
            mine = slice(self._seat.rank, None, self._seat.of)
            if len(gradients[mine]):
                matrices.changes[mine] = orthogonal(gradients[mine].lerp(matrices.momentum[mine], _MOMENTUM))
        self._seat.add(self._changes)
        for matrices in self._matrices:
            rate = muon * vision if matrices.vision else muon
            for p, change in zip(matrices.parameters, matrices.changes, strict=True):
                p.mul_(1 - rate * self._decay).add_(change, alpha=-rate * matrices.scale)
        for group in self._adam.param_groups:
            group["lr"] = adam
        self._adam.step()

    def state(self) -> dict[str, Any]:
        return {"momenta": [matrices.momentum for matrices in self._matrices], "adam": self._adam.state_dict()}

    def restore(self, state: Mapping[str, Any]) -> None:
        for matrices, momentum in zip(self._matrices, state["momenta"], strict=True):
            matrices.momentum.copy_(momentum)
        self._adam.load_state_dict(state["adam"])
