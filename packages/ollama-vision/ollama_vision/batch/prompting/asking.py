"""Each page of a run asked in its picture's own words, by whoever asks all that a page is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ollama_vision.pictures import PreparedImage

    from ..asking.question import PictureAnswer, PictureQuestion
    from ..asking.turns import Ask, AskItem
    from ..finding.pages import Page
    from .picture_prompts import PicturePrompts


def asked_in_own_words(
    prompts: PicturePrompts | None, asked: PictureQuestion, ask_item: AskItem[Page] | None
) -> AskItem[Page] | None:
    """The same with each page's own words in every question that has placeholders; `asked` is what all are asked."""
    if prompts is None:
        return ask_item
    known = prompts

    async def ask_page(ask: Ask, page: Page, pictures: Sequence[PreparedImage]) -> PictureAnswer:
        async def ask_filled(question: PictureQuestion, pictures: Sequence[PreparedImage]) -> PictureAnswer:
            if question.placeholders:
                question = replace(question, prompt=known.prompt_for(str(page.file.path)), placeholders=())
            return await ask(question, pictures)

        if ask_item is None:
            return await ask_filled(asked, pictures)
        return await ask_item(ask_filled, page, pictures)

    return ask_page
