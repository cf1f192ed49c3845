"""LlamaIndex's own among the keywords of calls and of the constructor, and what notebooks show of them all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal, Required, TypeAlias, TypedDict

from ollama_vision.model import ModelKeywords

if TYPE_CHECKING:
    from llama_index.core.base.llms.types import DocumentBlock, ImageBlock, VideoBlock
    from llama_index.core.callbacks import CallbackManager
    from llama_index.core.llms.llm import CompletionToPromptCallable, MessagesToPromptCallable
    from llama_index.core.prompts import BasePromptTemplate
    from llama_index.core.schema import BaseNode, NodeWithScore
    from llama_index.core.types import BaseOutputParser, PydanticProgramMode
    from PIL.Image import Image

    from ollama_vision.model import ArrayLike, File
    from ollama_vision.pictures import PreparedImage

# Each in one literal: pyright takes an alias of joined ones for unknown, and then any value for a picture.
_Block: TypeAlias = "ImageBlock | VideoBlock | DocumentBlock"
Picture: TypeAlias = "File | Image | ArrayLike | PreparedImage | BaseNode | NodeWithScore | _Block"
"""One thing that may stand in `image_documents`."""
Pictures: TypeAlias = "Picture | Iterable[Picture] | None"


class OtherSettings(ModelKeywords, total=False):
    """What the constructor takes besides model and address: its fields, and the server's options by name."""

    is_function_calling_model: bool
    keep_pictures: int | None
    callback_manager: CallbackManager | None
    rate_limiter: Any
    system_prompt: str | None
    messages_to_prompt: MessagesToPromptCallable | None
    completion_to_prompt: CompletionToPromptCallable | None
    output_parser: BaseOutputParser | None
    pydantic_program_mode: PydanticProgramMode | Literal["default", "openai", "llm", "function", "guidance"]
    query_wrapper_prompt: BasePromptTemplate | None


class SettingsKeywords(OtherSettings, total=False):
    """All that the constructor takes."""

    model: Required[str]
    base_url: str | None


class TemplateKeywords(TypedDict):
    """What fills a template, besides its variables."""

    image_documents: Picture | Iterable[Picture] | None


def complete_like(self: Any, prompt: str, image_documents: Pictures = None, formatted: bool = False) -> None:
    """What an endpoint of prompts takes, the keywords apart."""


def chat_like(self: Any, messages: Any) -> None:
    """What an endpoint of conversations takes, the keywords apart."""
