"""The numbers of a model's vision part, from `/api/show`, under whatever prefix its file keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .single import half_away, single

Size = tuple[int, int]

_PINPOINTS = "image_grid_pinpoints"
_OLLAMAS_LEAST = 1024
_WITH_A_LEAST = ("qwen2vl", "qwen25vl", "qwen3vl", "qwen3vlmoe")
"""Text architectures for which Ollama starts llama-server with `--image-min-tokens 1024`, whatever the projector."""
_LIMITS = {"image_size": 8193, "patch_size": 65536, "spatial_merge_size": 65536, "projector.scale_factor": 65536}
"""From where on llama.cpp does not load a file."""
_PINPOINTS_BY_SIDE: Mapping[int, tuple[Size, ...]] = {
    336: ((336, 672), (672, 336), (672, 672), (1008, 336), (336, 1008)),
    384: tuple(
        (384 * columns, 384 * rows)
        for columns, most in enumerate((10, 5, 3, 2, 2, 1, 1, 1, 1, 1), 1)
        for rows in range(1, most + 1)
        if columns * rows > 1
    ),
}
"""Of the models that have such a list, LLaVA 1.6 and Granite Vision: for servers that do not tell it.

Where they are asked with `verbose`, they do.
"""
_UNLESS_SAID: Mapping[str, Mapping[str, int]] = {
    "llama4": {"projector.scale_factor": 2},
    "mistral3": {"spatial_merge_size": 2},
    "nemotron_h_omni": {"image_size": 512, "patch_size": 16, "projector.scale_factor": 2},
}
"""What Ollama's compatibility layer puts in where a file that holds text and vision says nothing."""
_WHATEVER_IS_SAID: Mapping[str, Mapping[str, int]] = {
    "gemma3": {"projector.scale_factor": 4},
    "gemma4": {"projector.scale_factor": 3},
}
"""What it does not hand on of such a file, and llama.cpp then takes to be."""


@dataclass(frozen=True)
class VisionFacts:
    """What decides how a picture is scaled and cut."""

    family: str
    """The projector's type, or the architecture of a model in one file; empty for a model without vision."""
    text_architecture: str
    numbers: Mapping[str, Any]

    @classmethod
    def from_show(cls, show: Mapping[str, Any]) -> VisionFacts:
        projector, model = show.get("projector_info") or {}, show.get("model_info") or {}
        architecture = str(model.get("general.architecture") or "")
        text, vision = (_under(f"{architecture}.{part}", model) for part in ("", "vision."))
        if show.get("elsewhere") or not (projector or vision):
            return cls(architecture if architecture in _WITHOUT_NUMBERS else "", architecture, {})
        if projector:
            # Files from before there was a choice of projectors say no type; Ollama takes them as LLaVA's.
            kind = projector.get("clip.projector_type") or projector.get("clip.vision.projector_type") or "mlp"
            named = {name.removeprefix("clip.").removeprefix("vision."): value for name, value in projector.items()}
            return cls(str(kind), architecture, named)
        loaded = dict(_UNLESS_SAID.get(architecture, {}))
        ratio = vision.get("pixel_shuffle_ratio")
        if isinstance(ratio, (int, float)) and 0.01 < ratio < 100:
            loaded["projector.scale_factor"] = half_away(single(1 / single(ratio))) or 2
        said = {**text, **vision}
        return cls(architecture, architecture, {**loaded, **said, **_WHATEVER_IS_SAID.get(architecture, {})})

    def number(self, name: str, default: int | None = None) -> int | None:
        """A number that llama.cpp takes, more than 0; `default` where the file has none."""
        value = self.numbers.get(name)
        if isinstance(value, (int, float)) and not isinstance(value, bool) and 1 <= value < _LIMITS.get(name, 2**31):
            return int(value)
        return default

    @property
    def least_by_flag(self) -> int | None:
        """Tokens that Ollama's own start of llama-server asks for at least."""
        return _OLLAMAS_LEAST if self.text_architecture in _WITH_A_LEAST else None

    @property
    def has_pinpoints(self) -> bool:
        return _PINPOINTS in self.numbers

    @property
    def pinpoints(self) -> tuple[Size, ...] | None:
        """The sizes that a picture is fitted into before it is cut; `None` where they are not known."""
        flat = self.numbers.get(_PINPOINTS)
        if isinstance(flat, (list, tuple)) and flat and all(isinstance(side, int) and side > 0 for side in flat):
            return tuple(zip(flat[::2], flat[1::2], strict=False))
        return _PINPOINTS_BY_SIDE.get(self.number("image_size") or 0)


_WITHOUT_NUMBERS = ("qwen3_5", "qwen3_5_moe")
"""Safetensors models, which Ollama's MLX runner runs: nothing is told of their vision part."""


def _under(prefix: str, info: Mapping[str, Any]) -> dict[str, Any]:
    return {name.removeprefix(prefix): value for name, value in info.items() if name.startswith(prefix)}
