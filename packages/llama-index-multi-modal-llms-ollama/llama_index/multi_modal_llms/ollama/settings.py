"""The settings of OllamaMultiModal, and what LlamaIndex's components ask of it: its metadata."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Self

from llama_index.core.base.llms.types import LLMMetadata
from llama_index.core.bridge.pydantic import Field
from llama_index.core.constants import DEFAULT_NUM_OUTPUTS
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.multi_modal_llms.base import MultiModalLLMMetadata

from ollama_vision.model import OnServer

if TYPE_CHECKING:
    from ollama_vision.server import ModelCapabilities


class OllamaMetadata(LLMMetadata, MultiModalLLMMetadata):  # type: ignore[misc]
    """What LlamaIndex's components ask of an LLM, and of a multimodal one."""

    temperature: float | None = None
    """Tracers show the metadata as the call's parameters."""


class OllamaSettings(OnServer, FunctionCallingLLM):
    """All of the object but its endpoints, which is what they see of it."""

    is_function_calling_model: bool = Field(default=True, description="Whether agents may offer it tools.")
    keep_pictures: int | None = Field(
        default=None, ge=0, description="Newest pictures of a chat to send; None for all."
    )

    @classmethod
    def class_name(cls) -> str:
        return "Ollama_multi_modal_llm"

    @property
    def metadata(self) -> OllamaMetadata:
        """From the fields alone; no server is asked."""
        options = self.additional_kwargs
        limit = options.get("num_predict")
        return OllamaMetadata(
            context_window=options.get("num_ctx") or self.context_window,
            num_output=limit if isinstance(limit, int) and limit > 0 else DEFAULT_NUM_OUTPUTS,
            model_name=self.model,
            temperature=options.get("temperature", self.temperature),
            is_chat_model=True,
            is_function_calling_model=self.is_function_calling_model,
        )

    def to_payload(self) -> dict[str, Any]:
        """What events may show of the object: no header, no address."""
        told = getattr(super(), "to_payload", self.metadata.model_dump)()  # core has none before 0.14.23
        return {**told, "model": self.model, "temperature": self.metadata.temperature}

    def _fitted(self, found: tuple[ModelCapabilities, int], given: Collection[str]) -> Self:
        fitted, abilities = super()._fitted(found, given), found[0].abilities
        if "is_function_calling_model" in given or abilities is None:
            return fitted
        return fitted.model_copy(update={"is_function_calling_model": "tools" in abilities})
