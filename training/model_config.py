"""The sizes of the demo model. Every figure that two rooms must agree on is here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ModelConfig:
    """A ViT, a projector of two layers and a Llama decoder. Lengths are in pixels, widths in numbers."""

    image_size: int = 144
    patch_size: int = 16
    vision_width: int = 128
    vision_blocks: int = 6
    vision_heads: int = 4
    vision_feed_forward: int = 512
    width: int = 192
    blocks: int = 4
    heads: int = 6
    feed_forward: int = 512
    vocabulary: int = 1024
    context: int = 2048
    mean: float = 0.5
    std: float = 0.25

    @property
    def side(self) -> int:
        """Patches in a row of the picture."""
        return self.image_size // self.patch_size

    @property
    def patches(self) -> int:
        """Tokens that a picture costs, its registers aside."""
        return self.side**2


DEMO = ModelConfig()
TOY = ModelConfig(
    vision_width=32,
    vision_blocks=2,
    vision_heads=2,
    vision_feed_forward=64,
    width=32,
    blocks=2,
    heads=2,
    feed_forward=64,
    vocabulary=700,
)
"""As small as llama.cpp loads it: for tests."""
END_OF_TEXT, TURN, END_OF_TURN = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
CONTROL_TOKENS = (END_OF_TEXT, TURN, END_OF_TURN)
"""The first tokens of the vocabulary; llama.cpp leaves them out of an answer's text."""
TOOL_TOKENS = ("<tool_call>", "</tool_call>")
"""The next ones: one token each, so that llama.cpp sees a call begin at once; in an answer that is none they show."""
REGISTERS = 2
"""Tokens after each picture, in which the decoder gathers what is on it."""
