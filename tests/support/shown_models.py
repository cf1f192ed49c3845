"""Replies of /api/show about vision models: their families and the numbers that decide what is made of a picture."""

from __future__ import annotations

from typing import Any

Show = dict[str, Any]


def shown(projector: str, architecture: str = "llama", **vision: int) -> Show:
    """Of a model whose vision part is a file of its own; with an empty projector, of one in a single file.

    Two underscores in a number's name stand for a dot.
    """
    named = {name.replace("__", "."): value for name, value in vision.items()}
    if not projector:
        inside = {f"{architecture}.vision.{name}": value for name, value in named.items()}
        return {"model_info": {"general.architecture": architecture, **inside}}
    clip = {f"clip.vision.{name}": value for name, value in named.items()}
    return {
        "model_info": {"general.architecture": architecture},
        "projector_info": {"general.architecture": "clip", "clip.projector_type": projector, **clip},
    }


QWEN2_VL = shown("qwen2vl_merger", "qwen2vl", patch_size=14, spatial_merge_size=2)
QWEN25_VL = shown("qwen2.5vl_merger", "qwen2vl", patch_size=14, spatial_merge_size=2)
QWEN3_VL = shown("qwen3vl_merger", "qwen3vl", patch_size=16, spatial_merge_size=2)
QWEN35 = shown("qwen3vl_merger", "qwen35", patch_size=16, spatial_merge_size=2)
GEMMA3 = shown("", "gemma3", image_size=896, patch_size=14)
GEMMA4 = shown("", "gemma4", patch_size=16)
GLM4V = shown("glm4v", "glm4", patch_size=14)
DOTS_OCR = shown(
    "dots_ocr", "qwen2", patch_size=14, projector__scale_factor=2, image_min_pixels=3_136, image_max_pixels=11_289_600
)
PADDLE_OCR = shown(
    "paddleocr", "ernie4_5", patch_size=14, spatial_merge_size=2, image_min_pixels=147_384, image_max_pixels=2_822_400
)
MISTRAL3 = shown("pixtral", "llama", patch_size=14, spatial_merge_size=2)
PIXTRAL = shown("pixtral", "llama", patch_size=16)
LLAVA = shown("mlp", "llama", image_size=336, patch_size=14)
MOONDREAM = shown("mlp", "phi2", image_size=378, patch_size=14)
COGVLM = shown("cogvlm", "cogvlm", image_size=490, patch_size=14)
DEEPSEEK_OCR = shown("deepseekocr", "deepseek2-ocr", image_size=1024, patch_size=16)
INTERNVL = shown("internvl", "qwen2", image_size=448, patch_size=14, projector__scale_factor=2)
HUNYUAN = shown(
    "hunyuanvl", "hunyuan_vl", patch_size=16, spatial_merge_size=2, image_min_pixels=262_144, image_max_pixels=4_194_304
)
