"""What LlamaIndex's components ask of the object: its metadata, from the fields alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llama_index.core.base.llms.types import LLMMetadata
from llama_index.core.constants import DEFAULT_NUM_OUTPUTS
from llama_index.core.multi_modal_llms.base import MultiModalLLMMetadata

if TYPE_CHECKING:
    from .base import OllamaMultiModal


class OllamaMetadata(LLMMetadata, MultiModalLLMMetadata):  # type: ignore[misc]
    """What LlamaIndex's components ask of an LLM, and of a multimodal one."""

    temperature: float | None = None
    """Tracers show the metadata as the call's parameters."""


def metadata_of(llm: OllamaMultiModal) -> OllamaMetadata:
    """From the fields alone."""
    options = llm.additional_kwargs
    limit = options.get("num_predict")
    return OllamaMetadata(
        context_window=options.get("num_ctx") or llm.context_window,
        num_output=limit if isinstance(limit, int) and limit > 0 else DEFAULT_NUM_OUTPUTS,
        model_name=llm.model,
        temperature=options.get("temperature", llm.temperature),
        is_chat_model=True,
        is_function_calling_model=llm.is_function_calling_model,
    )
