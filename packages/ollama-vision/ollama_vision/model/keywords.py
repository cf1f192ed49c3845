"""Every keyword of a call and of the constructor, with its type: what type checkers, notebooks and the code read.

PEP 692 (`Unpack[TypedDict]`); the server's options are those of `_options`.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypedDict

from ollama_vision.protocol import Options, names

if TYPE_CHECKING:
    from PIL.Image import Image
    from pydantic import BaseModel

    from ollama_vision.pictures import ImageOptions, PreparedImage


class OpenFile(Protocol):
    """Anything that can be read from."""

    @property
    def read(self) -> Callable[..., Any]: ...


class ArrayLike(Protocol):
    """A numpy array, or what has its interface."""

    @property
    def __array_interface__(self) -> dict[str, Any]: ...


class Tool(Protocol):
    """A tool that describes itself, as LlamaIndex's do."""

    @property
    def metadata(self) -> Any: ...


# Each in one literal: pyright takes an alias of joined ones for unknown, and then any value for a picture.
File: TypeAlias = "str | os.PathLike[str] | bytes | OpenFile"
Picture: TypeAlias = "File | Image | ArrayLike | PreparedImage"
"""One picture, or a PDF or video of which pages or frames are sent."""
Schema: TypeAlias = "Mapping[str, Any] | type[BaseModel]"
"""A JSON Schema, or a class that has one."""
Format: TypeAlias = "str | Schema | None"
"""`"json"`, or a schema."""

MEANT_FOR_PICTURES = frozenset(
    ("image", "images", "image_document", "image_docs", "image_path", "image_paths", "image_nodes", "image_url")
) | frozenset(("image_urls", "picture", "pictures", "documents", "img", "imgs"))
"""What people write instead of `image_documents`, or of a picture after the question."""


def is_meant_for_pictures(name: str, right: str) -> bool:
    """Whether a keyword is another name, or nearly the right one, of the keyword for pictures."""
    import difflib  # 5 ms, and few calls are given what they have no place for

    return name.lower() in MEANT_FOR_PICTURES or bool(difflib.get_close_matches(name.lower(), [right], cutoff=0.87))


def is_picture_or_file(value: Any) -> bool:
    """Whether a value can be nothing else than a picture or a file: no text."""
    from ollama_vision.pictures import PreparedImage

    if isinstance(value, (bytes, os.PathLike, PreparedImage)):
        return True
    is_array = hasattr(type(value), "__array_interface__") and getattr(value, "ndim", 2) > 1  # a PIL image has no ndim
    return is_array or hasattr(value, "read")


class QuestionKeywords(Options, total=False):
    """What every call takes."""

    options: Mapping[str, Any] | None
    options_unchecked: Mapping[str, Any] | None
    max_tokens: int | None
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


class PromptKeywords(TypedDict, total=False):
    """What /api/generate alone takes, besides a system prompt."""

    template: str | None
    raw: bool | None
    suffix: str | None
    context: Sequence[int] | None


class AskKeywords(QuestionKeywords, PromptKeywords, total=False):
    """What `VisionModel` takes with a question, besides `system` and `schema`."""


class CallKeywords(QuestionKeywords, total=False):
    """What every endpoint of LlamaIndex's class takes."""

    format: Format


class CompleteKeywords(CallKeywords, PromptKeywords, total=False):
    """What /api/generate alone takes."""

    system: str | None


class ChatKeywords(CallKeywords, total=False):
    """What /api/chat alone takes."""

    tools: Sequence[Tool | Mapping[str, Any]] | None
    tool_choice: str | Mapping[str, Any] | None
    tool_required: bool | None
    allow_parallel_tool_calls: bool | None
    keep_pictures: int | None


class ModelKeywords(Options, total=False):
    """The settings of a model on a server, besides its name and address; the server's options by name among them."""

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
    require_sight: bool
    image_options: ImageOptions | Mapping[str, Any]
    verify: bool | str
    cert: str | tuple[str, str] | None
    max_tokens: int | None


class VisionModelKeywords(ModelKeywords, total=False):
    """What `VisionModel` takes besides the model's name and the host."""

    base_url: str | None


CALL_NAMES = frozenset(
    ("options", "options_unchecked", "max_tokens", "image_options", "deadline", "max_retries", "extra_headers")
)
"""What a call takes for itself; the rest of what every endpoint takes stands beside `options` in the body."""
FIELD_NAMES = names(CallKeywords, without=Options) - CALL_NAMES
GENERATE_NAMES = names(CompleteKeywords, without=CallKeywords)
CHAT_NAMES = names(ChatKeywords, without=CallKeywords)
KEYWORD_NAMES = CALL_NAMES | FIELD_NAMES | GENERATE_NAMES | CHAT_NAMES
"""Of calls, the options apart."""


def show_keywords(shown: Any, keywords: Any, *, like: Any = None, and_others: bool = False) -> None:
    """Have notebooks and editors show every keyword of a class or a method in the place of `**`.

    Args:
        shown: the class or method.
        keywords: a TypedDict of them.
        like: has its other parameters, where another library's wrapper hides them.
        and_others: it takes any others too.
    """
    shown = getattr(shown, "__func__", shown)
    signature = inspect.signature(like or shown)
    if like or isinstance(shown, type):
        signature = signature.replace(return_annotation=inspect.Signature.empty)
    given = list(signature.parameters.values())
    rest = [each for each in given if each.kind is inspect.Parameter.VAR_KEYWORD]
    known = [each for each in given if each not in rest]
    names_known = {each.name for each in known}  # `**options` hides no keyword of that name
    added = [each for each in _parameters(keywords) if each.name not in names_known]
    parameters = [*known, *added, *(rest if and_others else ())]
    shown.__signature__ = signature.replace(parameters=parameters)


@cache
def _parameters(keywords: Any) -> list[inspect.Parameter]:
    """Made once for many signatures: 60 of them take 0.3 ms."""
    kind = inspect.Parameter.KEYWORD_ONLY
    return [
        inspect.Parameter(name, kind, default=None, annotation=annotation)
        for name, annotation in keywords.__annotations__.items()
    ]
