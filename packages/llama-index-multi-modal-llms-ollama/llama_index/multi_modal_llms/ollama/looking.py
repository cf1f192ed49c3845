"""look_closer: a ready tool with which an agent zooms into the pictures that it works on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from llama_index.core.tools import FunctionTool

from ollama_vision.model import PicturesAtHand, options_for

if TYPE_CHECKING:
    from .base import OllamaMultiModal
    from .keywords import Picture


def look_closer_tool(llm: OllamaMultiModal, pictures: Sequence[Picture]) -> FunctionTool:
    """The tool `look_closer(picture, region, question)`: cuts a part out, before anything is scaled, and asks about it.

    Args:
        llm: whom it asks; the agent itself may be another model, one without eyes too.
        pictures: those that may be looked at. The agent names one by its number, from 1, or its file's name, and no
            other file or address.

    A picture, region or question that cannot be is an error that the agent reads and can mend.
    """
    at_hand = PicturesAtHand(pictures)

    def look_closer(picture: str, region: list[float], question: str) -> str:
        options = options_for(llm.image_options, region)
        return llm.complete(question, image_documents=[at_hand.find(picture)], image_options=options).text

    async def alook_closer(picture: str, region: list[float], question: str) -> str:
        options = options_for(llm.image_options, region)
        return (await llm.acomplete(question, image_documents=[at_hand.find(picture)], image_options=options)).text

    return FunctionTool.from_defaults(
        fn=look_closer, async_fn=alook_closer, name="look_closer", description=at_hand.description()
    )
