"""What document models are asked so that they give a page's Markdown: by family, each prompt with its source."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from .answers import plain_markdown, with_grounding
from .doctags import markdown_of_doctags
from .figures import SaveFigure

Clean: TypeAlias = Callable[[str, SaveFigure], str]
"""Makes Markdown of an answer; what it says of figures is given to who saves them, whose words stand in their place."""


@dataclass(frozen=True)
class DocumentFamily:
    """Models that were trained on the same prompt."""

    name: str
    prompt: str
    source: str
    clean: Clean = plain_markdown
    figures: str = ""
    """What is asked in addition where figures are to be cut out; empty where the answer tells of them anyway, or
    cannot."""
    known_by: str = ""
    """A regular expression for names of models."""


GENERAL = DocumentFamily(
    "general",
    "Write down this page as Markdown, exactly as it is printed: every word, number and sign once, in reading order. "
    "Headings get #, lists get -, tables are Markdown tables. Add nothing, explain nothing, correct nothing, translate "
    "nothing, leave nothing out.",
    "of our own",
    figures=" In the place of each figure, photograph or diagram write ![what it shows](bbox_2d=[x1, y1, x2, y2]).",
)
FAMILIES = (
    DocumentFamily(
        "deepseek-ocr",
        "<|grounding|>Convert the document to markdown.",
        "https://huggingface.co/deepseek-ai/DeepSeek-OCR, under Usage",
        with_grounding,
        known_by=r"deepseek-?ocr",
    ),
    DocumentFamily(
        "glm-ocr",
        "Text Recognition:",
        "https://ollama.com/library/glm-ocr, under Usage",
        known_by=r"glm-?ocr",
    ),
    DocumentFamily(
        "granite-docling",
        "Convert this page to docling.",
        "https://huggingface.co/ibm-granite/granite-docling-258M, under Supported Instructions",
        markdown_of_doctags,
        known_by=r"docling",
    ),
    GENERAL,
)


def family_of(model: str) -> DocumentFamily:
    """The family of a model, by its name on the server; the general one where that says nothing."""
    return next(family for family in FAMILIES if re.search(family.known_by, model.lower()))


def prompt_for(model: str, prompt: str | None = None, *, figures: bool = False) -> str:
    """What a page is asked; `prompt` is somebody's own."""
    family = family_of(model)
    return prompt or family.prompt + (family.figures if figures else "")
