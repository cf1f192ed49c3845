"""The model in torch: a ViT, a projector and a Llama decoder, laid out so that llama.cpp computes the same."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from training.model_config import ModelConfig

ROPE_BASE = 10000.0
RMS_EPSILON = 1e-5


def attend(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None) -> Tensor:
    """Plain attention over [..., heads, tokens, width of a head]; on a CPU its backward beats the fused one."""
    # The scores are the largest thing in memory: as few passes over them as can be.
    scores = (query * query.shape[-1] ** -0.5) @ key.transpose(-1, -2)
    if mask is not None:
        scores += mask
    return scores.softmax(-1) @ value


class VisionBlock(nn.Module):
    """Pre-norm self-attention and a tanh GELU, with biases."""

    def __init__(self, width: int, heads: int, feed_forward: int) -> None:
        super().__init__()
        self.heads = heads
        self.ln1, self.ln2 = nn.LayerNorm(width, 1e-5), nn.LayerNorm(width, 1e-5)
        self.q, self.k, self.v, self.out = (nn.Linear(width, width) for _ in range(4))
        self.up, self.down = nn.Linear(width, feed_forward), nn.Linear(feed_forward, width)

    def forward(self, x: Tensor) -> Tensor:
        y = self.ln1(x)
        query, key, value = (
            part(y).unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in (self.q, self.k, self.v)
        )
        x = x + self.out(attend(query, key, value, None).transpose(1, 2).flatten(-2))
        return x + self.down(F.gelu(self.up(self.ln2(x)), approximate="tanh"))


class Vision(nn.Module):
    """Pictures as [n, 3, side, side] numbers around 0 to [n, patches, vision width]."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.patch_size = config.patch_size
        self.patch = nn.Conv2d(3, config.vision_width, config.patch_size, config.patch_size)
        self.positions = nn.Parameter(torch.randn(config.patches, config.vision_width) * 0.02)
        blocks = (
            VisionBlock(config.vision_width, config.vision_heads, config.vision_feed_forward)
            for _ in range(config.vision_blocks)
        )
        self.blocks = nn.ModuleList(blocks)
        self.norm = nn.LayerNorm(config.vision_width, 1e-5)

    def forward(self, pictures: Tensor) -> Tensor:
        size = self.patch_size
        patches = (
            pictures.unflatten(3, (-1, size))
            .unflatten(2, (-1, size))
            .permute(0, 2, 4, 1, 3, 5)
            .flatten(3)
            .flatten(1, 2)
        )
        x = F.linear(patches, self.patch.weight.flatten(1), self.patch.bias) + self.positions
        for block in self.blocks:
            x = block(x)
        out: Tensor = self.norm(x)
        return out


class RmsNorm(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + RMS_EPSILON) * self.weight


def rotation(positions: Tensor, width: int) -> Tensor:
    """The turns of RoPE at these positions: [..., width / 2] complex numbers."""
    rates = ROPE_BASE ** (-torch.arange(0, width, 2, dtype=torch.float32) / width)
    angles = positions.unsqueeze(-1).float() * rates
    return torch.polar(torch.ones_like(angles), angles)


def rotate(x: Tensor, turns: Tensor) -> Tensor:
    """Turn neighbouring numbers as pairs, which is llama.cpp's way for this architecture."""
    pairs = torch.view_as_complex(x.float().unflatten(-1, (-1, 2)))
    return torch.view_as_real(pairs * turns).flatten(-2).to(x.dtype)


class DecoderBlock(nn.Module):
    """Pre-norm causal attention with RoPE, then SwiGLU; no biases."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        width, feed_forward = config.width, config.feed_forward
        self.heads = config.heads
        self.attn_norm, self.ffn_norm = RmsNorm(width), RmsNorm(width)
        self.q, self.k, self.v, self.out = (nn.Linear(width, width, bias=False) for _ in range(4))
        self.gate, self.up = (nn.Linear(width, feed_forward, bias=False) for _ in range(2))
        self.down = nn.Linear(feed_forward, width, bias=False)

    def forward(self, x: Tensor, context: Context) -> Tensor:
        y = self.attn_norm(x)
        query, key, value = (part(y).unflatten(-1, (self.heads, -1)) for part in (self.q, self.k, self.v))
        turns = context.turns
        query, key = rotate(query, turns).transpose(1, 2), rotate(key, turns).transpose(1, 2)
        x = x + self.out(context.attend(query, key, value.transpose(1, 2)))
        y = self.ffn_norm(x)
        return x + self.down(F.silu(self.gate(y)) * self.up(y))


class Context:
    """Who sees whom in a batch of rows: a prefix of `prefix` tokens, then `bins` bins of questions.

    The prefix is causal. A question sees the prefix and itself, causally; it never sees another question.
    """

    def __init__(self, prefix: int, bins: int, segments: Tensor, offsets: Tensor, head_width: int) -> None:
        self.prefix, self.bins = prefix, bins
        rows = segments.shape[0]
        first = torch.arange(prefix).expand(rows, -1)
        # One more dimension for the heads, all of which turn alike.
        self.turns = rotation(torch.cat([first, offsets + prefix], 1), head_width).unsqueeze(2)
        self._prefix_mask = torch.full((prefix, prefix), float("-inf")).triu(1)
        self._bin_mask = self._mask_of(segments.unflatten(1, (bins, -1)))

    @staticmethod
    def _mask_of(segments: Tensor) -> Tensor:
        """[rows, bins, 1, length, length], 0 where a token is seen; empty places see themselves, lest nothing be."""
        length = segments.shape[-1]
        same = segments.unsqueeze(-1) == segments.unsqueeze(-2)
        seen = same & torch.ones(length, length, dtype=torch.bool).tril()
        return torch.zeros(seen.shape).masked_fill(~seen, float("-inf")).unsqueeze(2)

    def attend(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """[rows, heads, tokens, width] each, to [rows, tokens, heads * width]."""
        at = self.prefix
        prefix = attend(query[:, :, :at], key[:, :, :at], value[:, :, :at], self._prefix_mask)
        if not self.bins:
            return prefix.transpose(1, 2).flatten(-2)

        def binned(x: Tensor) -> Tensor:
            return x[:, :, at:].unflatten(2, (self.bins, -1)).transpose(1, 2)

        def with_opening(x: Tensor) -> Tensor:
            first = x[:, None, :, :at].expand(-1, self.bins, -1, -1, -1)
            return torch.cat([first, binned(x)], 3)

        questions = binned(query)
        mask = F.pad(self._bin_mask, (at, 0))
        answered = attend(questions, with_opening(key), with_opening(value), mask)
        answered = answered.transpose(1, 2).flatten(2, 3)
        return torch.cat([prefix, answered], 2).transpose(1, 2).flatten(-2)


class Decoder(nn.Module):
    """Embedded tokens to hidden states; the embedding is the head as well."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.head_width = config.width // config.heads
        self.embedding = nn.Embedding(config.vocabulary, config.width)
        nn.init.normal_(self.embedding.weight, std=0.05)
        self.blocks = nn.ModuleList(DecoderBlock(config) for _ in range(config.blocks))
        self.norm = RmsNorm(config.width)

    def forward(self, x: Tensor, context: Context) -> tuple[Tensor, list[Tensor]]:
        """The last hidden states, normed, and those after each block."""
        after = []
        for block in self.blocks:
            x = block(x, context)
            after.append(x)
        return self.norm(x), after

    def logits(self, hidden: Tensor) -> Tensor:
        return hidden @ self.embedding.weight.T


class Model(nn.Module):
    """The whole: what `export` writes, under these names."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.vision = Vision(config)
        self.projector = nn.Sequential(
            nn.Linear(config.vision_width, config.width), nn.GELU("tanh"), nn.Linear(config.width, config.width)
        )
        self.decoder = Decoder(config)

    def look(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Bytes [n, side, side, 3] to what the ViT saw, and to tokens for the decoder."""
        scaled = (pictures.permute(0, 3, 1, 2).float() / 255 - self.config.mean) / self.config.std
        seen = self.vision(scaled)
        return seen, self.projector(seen)
