"""Core's StructuredLLM around this client's object: its prompts take pictures as well."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from llama_index.core.llms.structured_llm import StructuredLLM

from .prompting import PromptsWithPictures

if TYPE_CHECKING:
    from .settings import OllamaSettings


class StructuredLLMWithPictures(PromptsWithPictures, StructuredLLM):
    """What `as_structured_llm` gives."""

    def _asks(self) -> OllamaSettings:
        return cast("OllamaSettings", self.llm)
