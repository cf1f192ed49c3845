"""Export to GGUF: weights become the pair that llama.cpp and Ollama load, a text model and its projector (mmproj)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import gguf
import numpy as np
from numpy.typing import NDArray

from training.model_config import CONTROL_TOKENS, END_OF_TEXT, END_OF_TURN, TOOL_TOKENS, ModelConfig

Quantization = Literal["f16", "q8_0"]
Weights = Mapping[str, NDArray[Any]]
Facts = dict[str, bool | int | float | str | list[int] | list[float] | list[str]]

TEMPLATE = Path(__file__).with_name("chat_template.jinja")

_END_OF_TEXT, _END_OF_TURN = CONTROL_TOKENS.index(END_OF_TEXT), CONTROL_TOKENS.index(END_OF_TURN)
_DESCRIPTION = "Answers questions about drawn scenes of coloured shapes, and about nothing else"
_FILE_TYPES = {"f16": gguf.LlamaFileType.MOSTLY_F16, "q8_0": gguf.LlamaFileType.MOSTLY_Q8_0}
_MATRIX_TYPES = {"f16": gguf.GGMLQuantizationType.F16, "q8_0": gguf.GGMLQuantizationType.Q8_0}
_NORM_EPSILON = 1e-5
_ROPE_BASE = 10000.0
_RGB = 3


@dataclass(frozen=True)
class _Tensor:
    """What a tensor is called in the file and among the weights, and its shape as numpy has it."""

    name: str
    weight: str
    shape: tuple[int, ...]


def export(
    weights: Weights,
    config: ModelConfig,
    tokens: Sequence[str],
    merges: Sequence[str],
    folder: Path,
    name: str = "shapes",
    quantization: Quantization = "q8_0",
) -> tuple[Path, Path]:
    """Write NAME-QUANTIZATION.gguf and NAME-QUANTIZATION.mmproj.gguf into `folder`; their paths, in this order.

    `tokens` are in GPT-2's byte-level form and in the order of their ids, the control tokens first; `merges` are
    "a b", the most frequent first. Queries and keys are stored as they are: llama.cpp rotates neighbouring pairs.

    Weights that are missing, superfluous, of another shape or not finite, and tokens that do not fit the
    configuration, are a ValueError before anything is written.
    """
    text, vision = _text_tensors(config), _vision_tensors(config)
    _check_weights(weights, config)
    _check_tokens(tokens, config)
    folder.mkdir(parents=True, exist_ok=True)
    model = folder / f"{name}-{quantization}.gguf"
    mmproj = folder / f"{name}-{quantization}.mmproj.gguf"
    about: Facts = {
        "general.name": name,
        "general.description": _DESCRIPTION,
        "general.license": "mit",
        "general.file_type": int(_FILE_TYPES[quantization]),
        "general.quantization_version": gguf.GGML_QUANT_VERSION,
    }
    _write(model, "llama", about | _text_facts(config) | _tokenizer_facts(tokens, merges), weights, text, quantization)
    _write(mmproj, "clip", about | _vision_facts(config), weights, vision, quantization)
    return model, mmproj


def weight_shapes(config: ModelConfig) -> dict[str, tuple[int, ...]]:
    """The weights that `export` takes, by name."""
    return {tensor.weight: tensor.shape for tensor in (*_text_tensors(config), *_vision_tensors(config))}


def _text_tensors(config: ModelConfig) -> list[_Tensor]:
    """No output.weight: without it, llama.cpp takes the embedding for the head."""
    width, inner = config.width, config.feed_forward
    tensors = [_Tensor("token_embd.weight", "decoder.embedding.weight", (config.vocabulary, width))]
    for n in range(config.blocks):
        for part, ours, shape in (
            ("attn_norm", "attn_norm", (width,)),
            ("attn_q", "q", (width, width)),
            ("attn_k", "k", (width, width)),
            ("attn_v", "v", (width, width)),
            ("attn_output", "out", (width, width)),
            ("ffn_norm", "ffn_norm", (width,)),
            ("ffn_gate", "gate", (inner, width)),
            ("ffn_up", "up", (inner, width)),
            ("ffn_down", "down", (width, inner)),
        ):
            tensors.append(_Tensor(f"blk.{n}.{part}.weight", f"decoder.blocks.{n}.{ours}.weight", shape))
    return [*tensors, _Tensor("output_norm.weight", "decoder.norm.weight", (width,))]


def _vision_tensors(config: ModelConfig) -> list[_Tensor]:
    """No class embedding: llama.cpp would put it last and then read the patches from the second token on."""
    width, inner = config.vision_width, config.vision_feed_forward
    patch = (width, _RGB, config.patch_size, config.patch_size)
    tensors = [
        *_with_bias("v.patch_embd", "vision.patch", patch),
        _Tensor("v.position_embd.weight", "vision.positions", (config.patches, width)),
    ]
    for n in range(config.vision_blocks):
        for part, ours, shape in (
            ("ln1", "ln1", (width,)),
            ("attn_q", "q", (width, width)),
            ("attn_k", "k", (width, width)),
            ("attn_v", "v", (width, width)),
            ("attn_out", "out", (width, width)),
            ("ln2", "ln2", (width,)),
            ("ffn_up", "up", (inner, width)),
            ("ffn_down", "down", (width, inner)),
        ):
            tensors += _with_bias(f"v.blk.{n}.{part}", f"vision.blocks.{n}.{ours}", shape)
    return [
        *tensors,
        *_with_bias("v.post_ln", "vision.norm", (width,)),
        *_with_bias("mm.0", "projector.0", (config.width, width)),
        *_with_bias("mm.2", "projector.2", (config.width, config.width)),
    ]


def _with_bias(name: str, ours: str, shape: tuple[int, ...]) -> list[_Tensor]:
    return [_Tensor(f"{name}.weight", f"{ours}.weight", shape), _Tensor(f"{name}.bias", f"{ours}.bias", shape[:1])]


def _text_facts(config: ModelConfig) -> Facts:
    return {
        "llama.vocab_size": config.vocabulary,
        "llama.context_length": config.context,
        "llama.embedding_length": config.width,
        "llama.block_count": config.blocks,
        "llama.feed_forward_length": config.feed_forward,
        "llama.attention.head_count": config.heads,
        "llama.attention.head_count_kv": config.heads,
        "llama.attention.layer_norm_rms_epsilon": _NORM_EPSILON,
        "llama.rope.freq_base": _ROPE_BASE,
        "llama.rope.dimension_count": config.width // config.heads,
    }


def _tokenizer_facts(tokens: Sequence[str], merges: Sequence[str]) -> Facts:
    return {
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "gpt-2",
        "tokenizer.ggml.tokens": list(tokens),
        "tokenizer.ggml.token_type": [_token_type(token) for token in tokens],
        "tokenizer.ggml.merges": list(merges),
        "tokenizer.ggml.bos_token_id": _END_OF_TEXT,
        "tokenizer.ggml.eos_token_id": _END_OF_TURN,
        "tokenizer.ggml.eot_token_id": _END_OF_TURN,
        "tokenizer.ggml.padding_token_id": _END_OF_TEXT,
        "tokenizer.ggml.add_bos_token": False,
        "tokenizer.ggml.add_eos_token": False,
        "tokenizer.ggml.add_space_prefix": False,
        "tokenizer.chat_template": TEMPLATE.read_text(encoding="utf-8"),
    }


def _token_type(token: str) -> int:
    if token in CONTROL_TOKENS:
        return int(gguf.TokenType.CONTROL)
    return int(gguf.TokenType.USER_DEFINED if token in TOOL_TOKENS else gguf.TokenType.NORMAL)


def _vision_facts(config: ModelConfig) -> Facts:
    return {
        "general.type": "mmproj",
        "clip.has_vision_encoder": True,
        "clip.projector_type": "mlp",
        # ggml's GELU is the one with tanh.
        "clip.use_gelu": True,
        "clip.vision.image_size": config.image_size,
        "clip.vision.patch_size": config.patch_size,
        "clip.vision.embedding_length": config.vision_width,
        "clip.vision.feed_forward_length": config.vision_feed_forward,
        "clip.vision.projection_dim": config.width,
        "clip.vision.block_count": config.vision_blocks,
        "clip.vision.attention.head_count": config.vision_heads,
        "clip.vision.attention.layer_norm_epsilon": _NORM_EPSILON,
        "clip.vision.image_mean": [config.mean] * _RGB,
        "clip.vision.image_std": [config.std] * _RGB,
        # Said aloud, because llama.cpp would otherwise leave out the last block, as LLaVA does.
        "clip.vision.feature_layer": [config.vision_blocks],
    }


def _check_weights(weights: Weights, config: ModelConfig) -> None:
    expected = weight_shapes(config)
    if missing := sorted(expected.keys() - weights.keys()):
        raise ValueError(f"weights that the configuration asks for are missing: {', '.join(missing)}")
    if unknown := sorted(weights.keys() - expected.keys()):
        raise ValueError(f"weights that have no place in the files: {', '.join(unknown)}; leave them out")
    for name, shape in expected.items():
        if weights[name].shape != shape:
            raise ValueError(f"{name} has the shape {weights[name].shape}, the configuration asks for {shape}")
        if not np.isfinite(weights[name]).all():
            raise ValueError(f"{name} holds numbers that are not finite: export an earlier checkpoint")


def _check_tokens(tokens: Sequence[str], config: ModelConfig) -> None:
    if len(tokens) != config.vocabulary:
        raise ValueError(f"{len(tokens)} tokens for a vocabulary of {config.vocabulary}")
    if tuple(tokens[: len(CONTROL_TOKENS)]) != CONTROL_TOKENS:
        raise ValueError(f"the first tokens must be {', '.join(CONTROL_TOKENS)}, not {', '.join(tokens[:3])}")


def _write(
    path: Path,
    architecture: str,
    facts: Facts,
    weights: Weights,
    tensors: Sequence[_Tensor],
    quantization: Quantization,
) -> None:
    writer = gguf.GGUFWriter(path, architecture)
    for key, value in facts.items():
        _add(writer, key, value)
    for tensor in tensors:
        stored = _stored_type(tensor, quantization)
        data = gguf.quantize(np.ascontiguousarray(weights[tensor.weight], dtype=np.float32), stored)
        writer.add_tensor(tensor.name, data, raw_dtype=stored)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _add(writer: gguf.GGUFWriter, key: str, value: bool | int | float | str | list[Any]) -> None:
    # bool first: a bool is an int as well.
    if isinstance(value, bool):
        writer.add_bool(key, value)
    elif isinstance(value, int):
        writer.add_uint32(key, value)
    elif isinstance(value, float):
        writer.add_float32(key, value)
    elif isinstance(value, str):
        writer.add_string(key, value)
    else:
        writer.add_array(key, value)


def _stored_type(tensor: _Tensor, quantization: Quantization) -> gguf.GGMLQuantizationType:
    """Vectors and positions stay f32, the patches' convolution is f16; only matrices are worth less."""
    if len(tensor.shape) == 1 or tensor.weight == "vision.positions":
        return gguf.GGMLQuantizationType.F32
    if len(tensor.shape) == 2:
        return _MATRIX_TYPES[quantization]
    return gguf.GGMLQuantizationType.F16
