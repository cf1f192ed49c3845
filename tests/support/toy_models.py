"""Models of a few thousand weights for the export's tests: one of random weights, one that says what it is told to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ollama_embedded import EmbeddedOllama
from ollama_embedded.engines.llama_cpp import LlamaCppEngine
from training.export import export, weight_shapes
from training.model_config import CONTROL_TOKENS, TOOL_TOKENS, TOY, ModelConfig

Weights = dict[str, NDArray[np.float32]]

MERGES = ("h e", "Ġ t", "Ġt he", "t h")


def random_weights(config: ModelConfig, seed: int = 0) -> Weights:
    """Large enough that every weight shows in the answer."""
    random = np.random.default_rng(seed)
    weights = {}
    for name, shape in weight_shapes(config).items():
        drawn = random.standard_normal(shape).astype(np.float32)
        fan_in = np.prod(shape[1:]) if len(shape) > 1 else 25.0
        weights[name] = drawn / np.sqrt(fan_in, dtype=np.float32)
        if "norm" in name or ".ln" in name:
            weights[name] += np.float32(name.endswith(".weight"))
    return weights


def talking_model(folder: Path, *pieces: str) -> tuple[Path, Path]:
    """A pair that answers anything with these pieces, one token each, and ends; no piece twice."""
    tokens = vocabulary(*pieces)
    config = replace(TOY, width=192, heads=6, blocks=1, vocabulary=len(tokens))
    weights = {name: np.zeros_like(weight) for name, weight in random_weights(config).items()}
    for name in weights:
        if "norm" in name:
            weights[name][:] = 1
    embedding = random_weights(config)["decoder.embedding.weight"]
    embedding /= np.linalg.norm(embedding, axis=1, keepdims=True)
    weights["decoder.embedding.weight"] = embedding
    # What is said after what: a prompt ends with a new line. One neuron sees one token and brings up the next.
    said = [tokens.index(token) for token in ("Ċ", *map(as_token, pieces), "<|im_end|>")]
    block = "decoder.blocks.0"
    for neuron, (seen, next_one) in enumerate(pairwise(said)):
        weights[f"{block}.gate.weight"][neuron] = weights[f"{block}.up.weight"][neuron] = embedding[seen]
        weights[f"{block}.down.weight"][:, neuron] = 3 * embedding[next_one]
    return export(weights, config, tokens, MERGES, folder, "talking", "f16")


def serving(pair: tuple[Path, Path]) -> EmbeddedOllama:
    """A server of that pair, called "toy": one thread, since several wait for each other on a busy machine."""
    model, mmproj = pair
    return EmbeddedOllama(engine=LlamaCppEngine(model, mmproj, name="toy", parameters={"temperature": 0}, threads=1))


def vocabulary(*pieces: str) -> list[str]:
    """Control tokens, tool tokens, all bytes, what `MERGES` make, and the pieces."""
    merged = [merge.replace(" ", "") for merge in MERGES]
    return list(dict.fromkeys([*CONTROL_TOKENS, *TOOL_TOKENS, *BYTES.values(), *merged, *map(as_token, pieces)]))


def as_token(text: str) -> str:
    """GPT-2's byte-level form; the marks are themselves."""
    return text if text in (*CONTROL_TOKENS, *TOOL_TOKENS) else "".join(BYTES[byte] for byte in text.encode())


def _byte_letters() -> Iterator[tuple[int, str]]:
    """GPT-2's letters for bytes: printable ones are themselves, the others come from beyond Latin-1."""
    beyond = iter(range(256, 512))
    for byte in range(256):
        printable = 33 <= byte <= 126 or 161 <= byte <= 172 or byte >= 174
        yield byte, chr(byte if printable else next(beyond))


BYTES = dict(_byte_letters())


class Reference:
    """The model in numpy, from the architecture's description: what llama.cpp ought to compute."""

    def __init__(self, weights: Weights, config: ModelConfig) -> None:
        self._weights, self._config = weights, config

    def log_probabilities(self, before: list[int], picture: NDArray[np.uint8], after: list[int]) -> NDArray[Any]:
        """Of the next token, after a picture of the model's own size between two stretches of tokens."""
        embedding = self._weights["decoder.embedding.weight"]
        hidden = np.concatenate([embedding[before], self._seen(picture), embedding[after]])
        for n in range(self._config.blocks):
            block = f"decoder.blocks.{n}."
            hidden = hidden + self._attend(self._rms(hidden, f"{block}attn_norm"), block, self._config.heads, True)
            inner = self._rms(hidden, f"{block}ffn_norm")
            gate = self._linear(inner, f"{block}gate")
            hidden = hidden + self._linear(
                gate / (1 + np.exp(-gate)) * self._linear(inner, f"{block}up"), f"{block}down"
            )
        logits = (self._rms(hidden, "decoder.norm") @ embedding.T)[-1]
        logits -= logits.max()
        return np.asarray(logits - np.log(np.exp(logits).sum()))

    def _seen(self, picture: NDArray[np.uint8]) -> NDArray[Any]:
        config, weights = self._config, self._weights
        pixels = (picture / 255.0 - config.mean) / config.std
        side, patch = config.side, config.patch_size
        patches = pixels.reshape(side, patch, side, patch, 3).transpose(0, 2, 4, 1, 3).reshape(config.patches, -1)
        hidden = patches @ weights["vision.patch.weight"].reshape(config.vision_width, -1).T
        hidden = hidden + weights["vision.patch.bias"] + weights["vision.positions"]
        for n in range(config.vision_blocks):
            block = f"vision.blocks.{n}."
            hidden = hidden + self._attend(self._layer_norm(hidden, f"{block}ln1"), block, config.vision_heads, False)
            inner = _gelu(self._linear(self._layer_norm(hidden, f"{block}ln2"), f"{block}up"))
            hidden = hidden + self._linear(inner, f"{block}down")
        hidden = self._layer_norm(hidden, "vision.norm")
        return self._linear(_gelu(self._linear(hidden, "projector.0")), "projector.2")

    def _attend(self, hidden: NDArray[Any], block: str, heads: int, causal: bool) -> NDArray[Any]:
        length, width = hidden.shape
        q, k, v = (self._linear(hidden, block + name).reshape(length, heads, -1).swapaxes(0, 1) for name in "qkv")
        if causal:
            q, k = _rotated(q), _rotated(k)
        scores = q @ k.swapaxes(1, 2) / np.sqrt(width // heads)
        if causal:
            scores = np.where(np.tri(length, dtype=bool), scores, -np.inf)
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        mixed = scores / scores.sum(axis=-1, keepdims=True) @ v
        return self._linear(mixed.swapaxes(0, 1).reshape(length, width), f"{block}out")

    def _linear(self, hidden: NDArray[Any], name: str) -> NDArray[Any]:
        return np.asarray(hidden @ self._weights[f"{name}.weight"].T + self._weights.get(f"{name}.bias", np.float32(0)))

    def _rms(self, hidden: NDArray[Any], name: str) -> NDArray[Any]:
        size = np.sqrt((hidden**2).mean(axis=-1, keepdims=True) + 1e-5)
        return np.asarray(hidden / size * self._weights[f"{name}.weight"])

    def _layer_norm(self, hidden: NDArray[Any], name: str) -> NDArray[Any]:
        centred = hidden - hidden.mean(axis=-1, keepdims=True)
        size = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-5)
        return np.asarray(centred / size * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"])


def _gelu(x: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(x / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))))


def _rotated(heads: NDArray[Any]) -> NDArray[Any]:
    """RoPE over neighbouring pairs, the positions along the second axis."""
    length, width = heads.shape[1:]
    angles = np.outer(np.arange(length), 10000.0 ** (-np.arange(0, width, 2) / width))
    even, odd = heads[..., 0::2], heads[..., 1::2]
    turned = even * np.cos(angles) - odd * np.sin(angles), even * np.sin(angles) + odd * np.cos(angles)
    return np.stack(turned, axis=-1).reshape(heads.shape)
