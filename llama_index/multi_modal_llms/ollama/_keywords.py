"""Every keyword of a call and of the constructor, with its type: what type checkers, notebooks and the code read.

PEP 692 (`Unpack[TypedDict]`). The server's options stand here once; whatever else knows them takes them from here.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol, Required, TypeAlias, TypedDict

if TYPE_CHECKING:
    from llama_index.core.base.llms.types import DocumentBlock, ImageBlock, VideoBlock
    from llama_index.core.callbacks import CallbackManager
    from llama_index.core.llms.llm import CompletionToPromptCallable, MessagesToPromptCallable
    from llama_index.core.prompts import BasePromptTemplate
    from llama_index.core.schema import BaseNode, NodeWithScore
    from llama_index.core.tools.types import BaseTool
    from llama_index.core.types import BaseOutputParser, PydanticProgramMode
    from PIL.Image import Image
    from pydantic import BaseModel

    from ._images import ImageOptions, PreparedImage


class OpenFile(Protocol):
    """Anything that can be read from."""

    @property
    def read(self) -> Callable[..., Any]: ...


class ArrayLike(Protocol):
    """A numpy array, or what has its interface."""

    @property
    def __array_interface__(self) -> dict[str, Any]: ...


# Each in one literal: pyright takes an alias of joined ones for unknown, and then any value for a picture.
_File: TypeAlias = "str | os.PathLike[str] | bytes | OpenFile"
_Block: TypeAlias = "ImageBlock | VideoBlock | DocumentBlock"
Picture: TypeAlias = "_File | Image | ArrayLike | PreparedImage | BaseNode | NodeWithScore | _Block"
"""One thing that may stand in `image_documents`."""
Pictures: TypeAlias = "Picture | Iterable[Picture] | None"
Format: TypeAlias = "str | Mapping[str, Any] | type[BaseModel] | None"
"""`"json"`, a JSON schema, or a class that has one."""


MEANT_FOR_PICTURES = frozenset(
    ("image", "images", "image_document", "image_docs", "image_path", "image_paths", "image_nodes", "image_url")
) | frozenset(("image_urls", "picture", "pictures", "documents", "img", "imgs"))
"""What people write instead of `image_documents`."""


class Options(TypedDict, total=False):
    """The server's options (`api.Options` in its source); `None` leaves one to the server."""

    num_ctx: int | None
    num_batch: int | None
    num_gpu: int | None
    main_gpu: int | None
    use_mmap: bool | None
    num_thread: int | None
    draft_num_predict: int | None
    num_keep: int | None
    seed: int | None
    num_predict: int | None
    top_k: int | None
    top_p: float | None
    min_p: float | None
    typical_p: float | None
    repeat_last_n: int | None
    temperature: float | None
    repeat_penalty: float | None
    presence_penalty: float | None
    frequency_penalty: float | None
    stop: str | Sequence[str] | None


class CallKeywords(Options, total=False):
    """What every endpoint takes."""

    options: Mapping[str, Any] | None
    options_unchecked: Mapping[str, Any] | None
    max_tokens: int | None
    format: Format
    think: bool | str | None
    keep_alive: float | str | None
    truncate: bool | None
    shift: bool | None
    logprobs: bool | None
    top_logprobs: int | None
    image_options: ImageOptions | Mapping[str, Any] | None
    deadline: float | None
    max_retries: int | None
    extra_headers: Mapping[str, str] | None


class CompleteKeywords(CallKeywords, total=False):
    """What /api/generate alone takes."""

    system: str | None
    template: str | None
    raw: bool | None
    suffix: str | None
    context: Sequence[int] | None


class ChatKeywords(CallKeywords, total=False):
    """What /api/chat alone takes."""

    tools: Sequence[BaseTool | Mapping[str, Any]] | None
    tool_choice: str | Mapping[str, Any] | None
    tool_required: bool | None
    allow_parallel_tool_calls: bool | None
    keep_pictures: int | None


class OtherSettings(Options, total=False):
    """What the constructor takes besides model and address: its fields, and the server's options by name."""

    context_window: int
    request_timeout: float | None
    deadline: float | None
    additional_kwargs: Mapping[str, Any] | None
    options_unchecked: Mapping[str, Any]
    keep_alive: float | str | None
    thinking: bool | str | None
    headers: Mapping[str, str] | None
    json_mode: bool
    max_retries: int
    max_validation_retries: int
    check_capabilities: bool
    is_function_calling_model: bool
    keep_pictures: int | None
    image_options: ImageOptions | Mapping[str, Any]
    verify: bool | str
    cert: str | tuple[str, str] | None
    max_tokens: int | None
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


def names(keywords: type[Any], *, without: type[Any] | None = None) -> frozenset[str]:
    """The names in one of these, or those that it has beyond another one."""
    return frozenset(keywords.__annotations__) - (frozenset(without.__annotations__) if without else frozenset())


def _complete(self: Any, prompt: str, image_documents: Pictures = None, formatted: bool = False) -> None: ...


def _chat(self: Any, messages: Any) -> None: ...


def signature_of(endpoint: str) -> inspect.Signature:
    """An endpoint's parameters with all its keywords, for notebooks: core's wrappers show `*args, **kwargs`."""
    template, keywords = (_chat, ChatKeywords) if endpoint.endswith("chat") else (_complete, CompleteKeywords)
    return _with_keywords(inspect.signature(template), keywords)


def with_options(signature: inspect.Signature) -> inspect.Signature:
    """A constructor's parameters, the server's options included."""
    return _with_keywords(signature, OtherSettings)


def with_pictures(signature: inspect.Signature) -> inspect.Signature:
    """The parameters of what fills a template, `image_documents` included: core shows `**prompt_args` alone."""
    *known, rest = signature.parameters.values()
    pictures = inspect.Parameter("image_documents", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Pictures)
    return signature.replace(parameters=[*known, pictures, rest])


def _with_keywords(signature: inspect.Signature, keywords: type[Any]) -> inspect.Signature:
    known = [each for each in signature.parameters.values() if each.kind is not inspect.Parameter.VAR_KEYWORD]
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
        for name, annotation in keywords.__annotations__.items()
        if name not in signature.parameters
    ]
    return signature.replace(parameters=[*known, *added], return_annotation=inspect.Signature.empty)
