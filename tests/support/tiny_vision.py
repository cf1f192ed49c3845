"""Vision models of few random weights, with a family's own vision numbers, for which llama.cpp lays pictures out.

What it makes of a picture depends on the numbers in the projector's file and on its kind, not on weights: one block in
each model is enough.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gguf
import numpy as np

from ollama_embedded import EmbeddedOllama
from ollama_embedded.engines.llama_cpp import LlamaCppEngine
from tests.support.toy_models import BYTES

Shapes = dict[str, tuple[int, ...]]

_TEXT, _VISION = 128, 64
"""Widths. MiniCPM-V's resampler has heads of 128."""
_CONTEXT = 16_384
_END = "<|im_end|>"
_TEMPLATE = (
    "{% for message in messages %}{% if message.content is string %}{{ message.content }}{% else %}"
    "{% for part in message.content %}{{ part.text if part.type == 'text' else '<__media__>' }}{% endfor %}"
    "{% endif %}{{ '.' }}{% endfor %}"
)
_AROUND = {
    "gemma3": ("<start_of_image>", "<end_of_image>"),
    "gemma4v": ("<|image>", "<image|>"),
    "glm4v": ("<|begin_of_image|>", "<|end_of_image|>"),
    "internvl": ("<img>", "</img>"),
    "pixtral": ("[IMG_END]",),
    "qwen2vl_merger": ("<|vision_start|>", "<|vision_end|>"),
    "qwen3vl_merger": ("<|vision_start|>", "<|vision_end|>"),
    "step3vl": ("<im_start>", "<im_end>", "<patch_start>", "<patch_end>", "<patch_newline>"),
    "resampler": ("<image>", "</image>", "<slice>", "</slice>"),
    "idefics3": ("ĊĊ", "<fake_token_around_image>", "<global-img>"),
    "lfm2": ("<|image_start|>", "<|image_end|>", "<|img_thumbnail|>"),
}
_GRID = range(1, 11)


def serve_family(folder: Path, projector: str, numbers: Mapping[str, int | list[int]]) -> EmbeddedOllama:
    """A server of a pair of that family, called "tiny"; `numbers` of the vision part, without prefix."""
    model, mmproj = folder / "tiny.gguf", folder / "tiny.mmproj.gguf"
    _write(model, "llama", _text_facts(projector), _text_tensors(len(_tokens(projector))))
    _write(mmproj, "clip", _vision_facts(projector, numbers), _vision_tensors(projector, numbers))
    return EmbeddedOllama(engine=LlamaCppEngine(model, mmproj, name="tiny", threads=1))


def _tokens(projector: str) -> list[str]:
    """All bytes, one merge, since there has to be one, and the family's marks, each of them one token."""
    tiles = [f"<row_{row}_col_{column}>" for row in _GRID for column in _GRID] if projector == "idefics3" else []
    if projector == "lfm2":
        tiles = [f"<|img_row_{row}_col_{column}|>" for row in _GRID for column in _GRID]
    return [_END, *BYTES.values(), "he", *_AROUND.get(projector, ()), *tiles]


def _text_facts(projector: str) -> dict[str, Any]:
    tokens = _tokens(projector)
    marked = {_END: gguf.TokenType.CONTROL} | {
        token: gguf.TokenType.USER_DEFINED for token in tokens[len(BYTES) + 2 :] if token != "ĊĊ"
    }
    return {
        "llama.vocab_size": len(tokens),
        "llama.context_length": _CONTEXT,
        "llama.embedding_length": _TEXT,
        "llama.block_count": 1,
        "llama.feed_forward_length": _TEXT,
        "llama.attention.head_count": 2,
        "llama.attention.layer_norm_rms_epsilon": 1e-5,
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "gpt-2",
        "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.token_type": [int(marked.get(token, gguf.TokenType.NORMAL)) for token in tokens],
        "tokenizer.ggml.merges": ["h e"],
        "tokenizer.ggml.eos_token_id": 0,
        "tokenizer.ggml.add_bos_token": False,
        "tokenizer.chat_template": _TEMPLATE,
    }


def _text_tensors(vocabulary: int) -> Shapes:
    square = (_TEXT, _TEXT)
    names = ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")
    return {
        "token_embd.weight": (vocabulary, _TEXT),
        "output_norm.weight": (_TEXT,),
        "blk.0.attn_norm.weight": (_TEXT,),
        "blk.0.ffn_norm.weight": (_TEXT,),
        **{f"blk.0.{name}.weight": square for name in names},
    }


def _vision_facts(projector: str, numbers: Mapping[str, int | list[int]]) -> dict[str, Any]:
    own = {
        f"clip.{name}" if name.startswith("minicpmv_") else f"clip.vision.{name}": it for name, it in numbers.items()
    }
    return {
        "general.type": "mmproj",
        "clip.has_vision_encoder": True,
        "clip.projector_type": projector,
        "clip.use_gelu": True,
        "clip.vision.image_size": 560,
        "clip.vision.embedding_length": _VISION,
        "clip.vision.feed_forward_length": _VISION,
        "clip.vision.projection_dim": _TEXT,
        "clip.vision.block_count": 1,
        "clip.vision.attention.head_count": 1,
        "clip.vision.attention.layer_norm_epsilon": 1e-5,
        "clip.vision.image_mean": [0.5] * 3,
        "clip.vision.image_std": [0.5] * 3,
        **own,
    }


def _vision_tensors(projector: str, numbers: Mapping[str, Any]) -> Shapes:
    patch, merge = numbers["patch_size"], numbers.get("projector.scale_factor", 1) ** 2
    places = (numbers.get("image_size", 560) // patch) ** 2 + (projector == "internvl")
    square = (_VISION, _VISION)
    attention: Shapes = {}
    for name in ("attn_q", "attn_k", "attn_v") if projector != "qwen3vl_merger" else ():
        attention |= _linear(f"v.blk.0.{name}", *square)
    if projector == "qwen3vl_merger":
        attention = _linear("v.blk.0.attn_qkv", 3 * _VISION, _VISION)
    return {
        "v.patch_embd.weight": (_VISION, 3, patch, patch),
        "v.position_embd.weight": (places, _VISION),
        **attention,
        **{f"v.blk.0.{name}.weight": square for name in ("attn_out", "ffn_up", "ffn_down")},
        **_projector_tensors(projector, patch, merge, _queries(numbers)),
    }


def _queries(numbers: Mapping[str, Any]) -> int:
    return int(numbers.get("minicpmv_query_num", 96 if numbers.get("minicpmv_version") == 2 else 64))


def _projector_tensors(projector: str, patch: int, merge: int, queries: int) -> Shapes:
    second = {"v.patch_embd.weight.1": (_VISION, 3, patch, patch)}
    if projector == "mlp":
        return _linear("mm.0", _TEXT, _VISION) | _linear("mm.2", _TEXT, _TEXT)
    if projector == "gemma3":
        return {"mm.input_projection.weight": (_VISION, _TEXT), "mm.soft_emb_norm.weight": (_VISION,)}
    if projector == "gemma4v":
        return {"mm.input_projection.weight": (_TEXT, _VISION), "v.position_embd.weight": (2, 1024, _VISION)}
    if projector == "idefics3":
        return {"mm.model.fc.weight": (_TEXT, _VISION * merge)}
    if projector == "lfm2":
        return _linear("mm.1", _TEXT, _VISION * merge) | _linear("mm.2", _TEXT, _TEXT)
    if projector == "pixtral":
        merged = {"mm.input_norm.weight": (_VISION,), "mm.patch_merger.weight": (_VISION, 4 * _VISION)}
        both = _linear("mm.1", _TEXT, _VISION) | _linear("mm.2", _TEXT, _TEXT)
        return {"v.token_embd.img_break": (_TEXT,)} | merged | both
    if projector == "qwen2vl_merger":
        return second | _linear("mm.0", _TEXT, 4 * _VISION) | _linear("mm.2", _TEXT, _TEXT)
    if projector == "qwen3vl_merger":
        both = _linear("mm.0", _TEXT, 4 * _VISION) | _linear("mm.2", _TEXT, _TEXT)
        return {"v.patch_embd.bias": (_VISION,)} | second | both
    if projector == "internvl":
        norm = {f"mm.model.mlp.0.{part}": (_VISION * merge,) for part in ("weight", "bias")}
        both = _linear("mm.model.mlp.1", _TEXT, _VISION * merge) | _linear("mm.model.mlp.3", _TEXT, _TEXT)
        return {"v.class_embd": (_VISION,)} | norm | both
    if projector == "step3vl":
        convolutions = {"mm.0.weight": (_TEXT, _VISION, 3, 3), "mm.1.weight": (_TEXT, _TEXT, 3, 3)}
        return convolutions | {"mm.model.fc.weight": (_TEXT, _TEXT)}
    if projector == "glm4v":
        merger = {"mm.patch_merger.weight": (_VISION, _VISION, 2, 2), "mm.patch_merger.bias": (_VISION,)}
        rest = {f"mm.{name}.weight": (_TEXT, _TEXT) for name in ("up", "gate", "down")}
        norms = {"mm.post_norm.weight": (_TEXT,), "v.norm_embd.weight": (_VISION,), "v.patch_embd.bias": (_VISION,)}
        return second | merger | rest | norms | {"mm.model.fc.weight": (_TEXT, _VISION)}
    if projector == "resampler":
        norms = {f"resampler.ln_{name}.{part}": (_TEXT,) for name in ("q", "kv", "post") for part in ("weight", "bias")}
        heads: Shapes = {}
        for name in ("q", "k", "v", "out"):
            heads |= _linear(f"resampler.attn.{name}", _TEXT, _TEXT)
        own = {"pos_embed_k": (1, _TEXT), "query": (queries, _TEXT), "proj.weight": (_TEXT, _TEXT)}
        return (
            {f"resampler.{name}": shape for name, shape in own.items()}
            | norms
            | heads
            | {
                "resampler.kv.weight": (_TEXT, _VISION),
                "v.position_embd.weight": (70 * 70, _VISION),
            }
        )
    raise ValueError(f"no tensors are written for {projector}")


def _linear(name: str, out: int, into: int) -> Shapes:
    return {f"{name}.weight": (out, into), f"{name}.bias": (out,)}


def _write(path: Path, architecture: str, facts: Mapping[str, Any], tensors: Shapes) -> None:
    random = np.random.default_rng(0)
    writer = gguf.GGUFWriter(path, architecture)
    for name, value in facts.items():
        if isinstance(value, bool):  # which is an int as well
            writer.add_bool(name, value)
        elif name == "clip.minicpmv_version":
            writer.add_int32(name, value)
        elif isinstance(value, int):
            writer.add_uint32(name, value)
        elif isinstance(value, float):
            writer.add_float32(name, value)
        elif isinstance(value, str):
            writer.add_string(name, value)
        else:
            writer.add_array(name, value)
    for name, shape in tensors.items():
        writer.add_tensor(name, (random.standard_normal(shape) / 8).astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
