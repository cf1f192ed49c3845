"""How each family of vision models counts the corners of a box (grounding convention), and how sure that is.

Certain is what the makers say or their own code does; all else is a doubt that says what is likely. By family alone:
fine-tunes of one are taken for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ollama_vision.pictures import BoxConvention

from .facts import VisionFacts
from .layout import Layout


@dataclass(frozen=True)
class Counting:
    """How boxes are counted."""

    convention: BoxConvention | None
    """`None` where it is not certain."""
    doubt: str = ""
    """Why it is not, in a sentence or two that name what is likely."""
    if_whole: bool = False
    """Certain only for a picture that is not cut: with tiles that are filled up, overview and tiles disagree."""


_UNHEARD_OF = "The convention of {models}, if it gives boxes at all, is not published."
_OF_THE_FRAME = Counting("model pixels")
_PER_MILLE = Counting("0-1000")
_TILES_DISAGREE = (
    "Boxes of {models} count from 0 to 1000, but of a picture that is cut into tiles the server fills up the tiles and "
    "not the overview: they disagree on where a thing is. It is likely '0-1000', a few percent off."
)

COUNTINGS: Mapping[str, Counting] = {
    "qwen25vl": _OF_THE_FRAME,
    "qwen2.5vl_merger": _OF_THE_FRAME,
    "dots_ocr": _OF_THE_FRAME,
    "qwen2vl": _PER_MILLE,
    "qwen2vl_merger": _PER_MILLE,
    "qwen3vl": _PER_MILLE,
    "qwen3vlmoe": _PER_MILLE,
    "qwen3vl_merger": _PER_MILLE,
    "glm4v": _PER_MILLE,
    "resampler": _PER_MILLE,
    "internvl": Counting("0-1000", _TILES_DISAGREE, if_whole=True),
    "minicpmv4_6": Counting("0-1000", _TILES_DISAGREE, if_whole=True),
    "deepseekocr": Counting("0-999"),
    "deepseekocr2": Counting(None, "DeepSeek-OCR 2 likely counts as its first version does, '0-999'; nobody looked."),
    "gemma4": Counting(
        None,
        "Gemma 4 counts from 0 to 1000; that the top comes before the left, '0-1000 yx', is likely, and not from its "
        "makers.",
    ),
    "gemma3": Counting(None, "Its makers do not say how Gemma 3 counts; '0-1000 yx', Gemini's way, is a guess."),
    "qwen35": Counting(None, "Qwen3.5's makers say '0-1000' \"in most cases\", and that of its successor."),
    "qwen2.5o": Counting(None, "Qwen2.5-Omni's makers were asked and have not answered; likely as Qwen2.5-VL."),
    "mlp": Counting(
        None,
        "A projector of this type has LLaVA, Moondream and others. LLaVA 1.5 and Moondream count '0-1'; that is known "
        "from users, and for LLaVA 1.6 and Granite Vision not at all.",
    ),
    "idefics3": Counting(
        None,
        "Granite-Docling and SmolDocling count '0-500', SmolVLM not at all, and nothing in the file tells them apart.",
    ),
    "cogvlm": Counting(None, "CogVLM's grounding variant counts '0-1000', the chat variant gives no boxes."),
    "hunyuanvl": Counting(None, "HunyuanOCR likely counts '0-1000'; that is from a third party."),
    "lfm2": Counting(None, "LFM2.5-VL is said to give boxes, likely '0-1'; its makers do not say how it counts."),
    "kimivl": Counting(None, "Kimi-VL likely counts '0-1'; users found so, and its makers have not answered."),
    "paddleocr": Counting(None, "PaddleOCR-VL gives places as tokens, of likely '0-1000'; its makers were asked."),
    "glmocr": Counting(None, "GLM-OCR gives no boxes: its layout comes from another model."),
}
_SAME_AS = {
    "gemma4v": "gemma4",
    "gemma4uv": "gemma4",
    "gemma3nv": "gemma3",
    "qwen35moe": "qwen35",
    "mlp_norm": "mlp",
}


def counting_of(family: str, models: str) -> Counting:
    """How a family counts, its models named in the doubt."""
    found = COUNTINGS.get(_SAME_AS.get(family, family), Counting(None, _UNHEARD_OF))
    return Counting(found.convention, found.doubt.format(models=models), found.if_whole)


def counted(facts: VisionFacts, models: str, layout: Layout) -> tuple[BoxConvention | None, str]:
    """How boxes are counted in this layout of a picture, or `None` and why that is not certain."""
    # One type of projector, two models: the text part tells them apart.
    qwen35 = facts.family == "qwen3vl_merger" and facts.text_architecture.startswith("qwen35")
    counting = counting_of("qwen35" if qwen35 else facts.family, models)
    if counting.if_whole and layout.tiles is not None:
        return None, counting.doubt
    return counting.convention, "" if counting.convention else counting.doubt
