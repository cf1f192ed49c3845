"""The families of vision models that llama.cpp knows, and how each one's pictures are laid out.

By the projector's type, or by architecture for models whose vision part is in the same file. The numbers are those of
llama.cpp b10605 of August 2026, when Ollama pinned b10488. A newer one, inside xllamacpp 2026.10, was seen to differ
for two of twelve families: Gemma 4 gets more tokens (81 for 100x100, not 49; 486 for 3000x2000, not 260), and Idefics3
no more the row and column that a hair of single precision adds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .layout import Rule, Way
from .tiles import DeepSeekOcr, Granite4, Idefics3, Lfm2, MiniCpm, Step3, Tiles
from .whole import SCALE, ByArea, LongestSide, MlxQwen, NearestGrid, Square, StepByStep


@dataclass(frozen=True)
class Family:
    """One family, and who is of it."""

    models: str
    rule: Rule


_LLAVA = Tiles("pinpoints", whole=Square())
_QWEN = ByArea(8, 4096, pair=True)
_PIXTRAL = ByArea(8, 1024, merge=1, row_breaks=True, markers=1)
_GLM = ByArea(8, 4096, pair=True)
_GEMMA3 = Square(merge=4, reads_merge=True, markers=2)
_GEMMA4 = ByArea(40, 280, merge=3, merge_key=SCALE)
_LLAMA4 = Tiles("side", most=3, markers=2)
_NEMOTRON = Square(reads_merge=True)
_DOTS_LIMITS = ByArea(merge_key=SCALE)

FAMILIES: Mapping[str, Family] = {
    "mlp": Family("LLaVA 1.5 and 1.6, BakLLaVA, LLaVA-Llama3, LLaVA-Phi3, Moondream 2, Granite Vision 3", _LLAVA),
    "mlp_norm": Family("LLaVA's like with a norm", _LLAVA),
    "ldp": Family("MobileVLM", Tiles("pinpoints", whole=Square(divisor=4))),
    "ldpv2": Family("MobileVLM V2", Tiles("pinpoints", whole=Square(divisor=4))),
    "adapter": Family("GLM-Edge-V", Square(divisor=4, extra=2)),
    "cogvlm": Family("CogVLM", Square(extra=2)),
    "janus_pro": Family("Janus-Pro", Square()),
    "yasa2": Family("Reka Edge", Square(tokens=64, markers=2, way=Way.STRETCHED)),
    "gemma3": Family("Gemma 3", _GEMMA3),
    "gemma3nv": Family("Gemma 3n", Square(per_side=True, markers=2)),
    "gemma4": Family("Gemma 4", _GEMMA4),
    "gemma4v": Family("Gemma 4", _GEMMA4),
    "gemma4uv": Family("Gemma 4 unified", _GEMMA4),
    "qwen2vl_merger": Family("Qwen2-VL", _QWEN),
    "qwen2.5vl_merger": Family("Qwen2.5-VL", _QWEN),
    "qwen2.5o": Family("Qwen2.5-Omni", _QWEN),
    "qwen3vl_merger": Family("Qwen3-VL, Qwen3-Omni, Qwen3.5", _QWEN),
    "qwen2vl": Family("Qwen2-VL", _QWEN),
    "qwen25vl": Family("Qwen2.5-VL", _QWEN),
    "qwen3vl": Family("Qwen3-VL", _QWEN),
    "qwen3vlmoe": Family("Qwen3-VL", _QWEN),
    "qwen35": Family("Qwen3.5", _QWEN),
    "qwen35moe": Family("Qwen3.5", _QWEN),
    "qwen3_5": Family("Qwen3.5 in safetensors, on Ollama's MLX runner", MlxQwen()),
    "qwen3_5_moe": Family("Qwen3.5 in safetensors, on Ollama's MLX runner", MlxQwen()),
    "exaone4_5": Family("EXAONE 4.5", ByArea(pair=True)),
    "mimovl": Family("MiMo-VL", ByArea(pair=True)),
    "glm4v": Family("GLM-4.1V to 4.6V", _GLM),
    "glmocr": Family("GLM-OCR", _GLM),
    "pixtral": Family("Pixtral, Mistral Small 3.1 and 3.2, Ministral 3", _PIXTRAL),
    "mistral3": Family("Mistral Small 3.1 and 3.2, Ministral 3", _PIXTRAL),
    "lightonocr": Family("LightOnOCR", LongestSide()),
    "kimivl": Family("Kimi-VL", ByArea(8, 1024, merge=1, merge_key=SCALE)),
    "kimik25": Family("Kimi K2.5", ByArea(2, 4096, merge=1, merge_key=SCALE, own_limits=True)),
    "dots_ocr": Family("dots.ocr", _DOTS_LIMITS),
    "dots3note_v": Family("dots3.note", ByArea()),
    "paddleocr": Family("PaddleOCR-VL", ByArea(merge_key=None)),
    "phi4": Family("Phi-4-reasoning-vision", ByArea(merge=1, merge_key=None, markers=0)),
    "minimax_m3": Family("MiniMax-M3", ByArea(8, 576, pair=True, way=Way.STRETCHED)),
    "hunyuanvl": Family("HunyuanOCR", ByArea(256, 16_384, own_limits=True, row_ends=True, way=Way.STRETCHED)),
    "youtuvl": Family("Youtu-VL", StepByStep()),
    "muse-glimmer": Family("Muse Glimmer", NearestGrid()),
    "nemotron_v2_vl": Family("Nemotron Nano V2 VL", _NEMOTRON),
    "nemotron_h_omni": Family("Nemotron 3 Nano Omni", _NEMOTRON),
    "internvl": Family("InternVL 2.5, 3 and 3.5", Tiles("count", most=12, markers=2)),
    "llama4": Family("Llama 4", _LLAMA4),
    "idefics3": Family("SmolVLM, SmolVLM2, Granite-Docling", Idefics3()),
    "lfm2": Family("LFM2-VL, LFM2.5-VL", Lfm2()),
    "resampler": Family("MiniCPM-V 2.5 to 4.5, MiniCPM-o 2.6", MiniCpm()),
    "minicpmv4_6": Family("MiniCPM-V 4.6", MiniCpm(resampled=False)),
    "step3vl": Family("Step3-VL", Step3()),
    "deepseekocr": Family("DeepSeek-OCR", DeepSeekOcr(640, 9, row_ends=True)),
    "deepseekocr2": Family("DeepSeek-OCR 2", DeepSeekOcr(768, 6, row_ends=False)),
    "granite4_vision": Family("Granite 4 Vision", Granite4()),
}
