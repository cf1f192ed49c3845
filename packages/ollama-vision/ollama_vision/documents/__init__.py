"""Documents read page by page (OCR): what a page holds, and how far what was read of it is to be believed.

    source = PictureSource(blob, options, document=True)
    for picture in source.pages(): ...       such pages are drawn as far as they can be, and know what is missing
    facts = page_facts(picture)              what a page itself says: its text layer, whether there is ink on it
    verdict = judge_page(answer, layer=facts.layer, undrawn=facts.undrawn, ink=facts.has_ink)
    verdict.verdict, verdict.findings, verdict.cer, verdict.needs_look

A verdict is computed, and no model is asked for it. `VERDICTS` has all there are, the worst first; a page's is the
worst of its findings. The verdict `failed` and `from layer` are the caller's to give: there nothing is judged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ollama_vision.lazy import lazy_names

if TYPE_CHECKING:
    from ollama_vision.pictures import PageFacts, page_facts

    from .document import Document, DocumentPage
    from .files import DocumentFiles
    from .judging import judge_page
    from .one_document import read_document, read_with
    from .prompts import FAMILIES, DocumentFamily, prompt_for
    from .reader_settings import DocumentFilesSettings
    from .reading import CONTEXT, LAYERS, Layer
    from .runs import ReadSettings, texts_of
    from .second_readers import from_texts
    from .verdicts import VERDICTS, ErrorRates, Finding, PageVerdict, needs_look

__all__ = [
    "CONTEXT",
    "FAMILIES",
    "LAYERS",
    "VERDICTS",
    "Document",
    "DocumentFamily",
    "DocumentFiles",
    "DocumentFilesSettings",
    "DocumentPage",
    "ErrorRates",
    "Finding",
    "Layer",
    "PageFacts",
    "PageVerdict",
    "ReadSettings",
    "from_texts",
    "judge_page",
    "needs_look",
    "page_facts",
    "prompt_for",
    "read_document",
    "read_with",
    "texts_of",
]

__getattr__ = lazy_names(
    __name__,
    {
        "CONTEXT": ".reading",
        "Document": ".document",
        "DocumentFamily": ".prompts",
        "DocumentFiles": ".files",
        "DocumentFilesSettings": ".reader_settings",
        "DocumentPage": ".document",
        "FAMILIES": ".prompts",
        "LAYERS": ".reading",
        "Layer": ".reading",
        "ReadSettings": ".runs",
        "from_texts": ".second_readers",
        "prompt_for": ".prompts",
        "read_document": ".one_document",
        "read_with": ".one_document",
        "texts_of": ".runs",
        "ErrorRates": ".verdicts",
        "Finding": ".verdicts",
        "PageFacts": "ollama_vision.pictures",
        "PageVerdict": ".verdicts",
        "VERDICTS": ".verdicts",
        "judge_page": ".judging",
        "needs_look": ".verdicts",
        "page_facts": "ollama_vision.pictures",
    },
)
"""Who asks whether a verdict needs a look opens neither PDFium nor rapidfuzz."""
