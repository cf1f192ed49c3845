"""LlamaIndex's OllamaMultiModal: vision models on Ollama, without silent lies."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from . import errors
from ._capabilities import ModelCapabilities
from ._images import ImageOptions, PreparedImage, accept
from .base import OllamaMultiModal
from .errors import OllamaMultiModalError
from .server import OllamaServer, PullProgress, ServerModel

if TYPE_CHECKING:
    from ._images import aprepare_image, prepare_image
    from ._images.original import PictureSource as PictureSource
    from .describe import Description, ImageDescriber
    from .reader import Found, FoundFile, PictureReader

__all__ = [
    "Description",
    "Found",
    "FoundFile",
    "ImageDescriber",
    "ImageOptions",
    "ModelCapabilities",
    "OllamaMultiModal",
    "OllamaMultiModalError",
    "OllamaServer",
    "PictureReader",
    "PreparedImage",
    "PullProgress",
    "ServerModel",
    "aprepare_image",
    "errors",
    "prepare_image",
]

_OPENED_WHEN_ASKED_FOR = {
    "PictureSource": "_images.original",  # for the command: no public name
    "Description": "describe",
    "Found": "reader",
    "FoundFile": "reader",
    "ImageDescriber": "describe",
    "PictureReader": "reader",
    "aprepare_image": "_images",
    "prepare_image": "_images",
}
"""What few programs use, and would cost all of them its imports."""


def __getattr__(name: str) -> Any:
    if name not in _OPENED_WHEN_ASKED_FOR:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_OPENED_WHEN_ASKED_FOR[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def _documents(value: Any, options: ImageOptions, *, where: str) -> Any:
    from ._documents import source_of

    return source_of(value, options, where=where)


accept(_documents)
