"""What the checks of a page cost: CPU time for its text layer, its ink and its verdict, beside drawing it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from ollama_vision.documents import judge_page
from ollama_vision.pictures import ImageOptions, PictureSource

from .layouts import Page
from .pdf_pages import pdf_of
from .readings import clean_reading


def measured(pages: Sequence[Page]) -> str:
    """In words, with the mean and the 95th percentile. The first pages pay for what is imported, and are left out."""
    source = PictureSource.of(pdf_of(pages), ImageOptions(pages=len(pages)))
    # In turns, because the machine may be busy with something else for a while.
    bare, known = source.pages(), replace(source, document=True).pages()
    alone, together, judging = [], [], []
    for number, page in enumerate(pages):
        began = time.process_time()
        next(bare)
        drawn = time.process_time()
        picture = next(known)
        asked = time.process_time()
        answer = clean_reading(page, number)
        layer = picture.facts.layer if picture.facts else None
        begun = time.process_time()
        judge_page(answer, layer=layer)
        judging.append(time.process_time() - begun)
        alone.append(drawn - began)
        together.append(asked - drawn)
    facts = [(two - one) * 1000 for one, two in zip(alone, together, strict=True)][10:]
    verdicts = [each * 1000 for each in judging[10:]]
    checks = sorted(one + two for one, two in zip(facts, verdicts, strict=True))
    return (
        f"CPU time of all checks of a page, over {len(checks)} pages: {_mean(checks):.1f} ms in the mean, "
        f"{checks[len(checks) * 95 // 100]:.1f} ms for 95 of 100; text layer and ink {_mean(facts):.1f} ms, verdict "
        f"{_mean(verdicts):.1f} ms. To draw and encode the same pages takes {_mean(alone) * 1000:.0f} ms."
    )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
