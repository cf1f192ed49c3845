"""LlamaIndex's OllamaMultiModal: vision models on Ollama, without silent lies."""

from typing import TYPE_CHECKING, Any

from . import errors
from ._capabilities import ModelCapabilities
from ._images import ImageOptions, PreparedImage, accept
from ._lazy import lazy_names
from .base import OllamaMultiModal
from .errors import OllamaMultiModalError
from .server import OllamaServer, PullProgress, ServerModel

if TYPE_CHECKING:
    from ._images import PictureSource as PictureSource
    from ._images import aprepare_image, prepare_image
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

__getattr__ = lazy_names(
    __name__,
    {
        "PictureSource": "_images",  # for the command: no public name
        "Description": "describe",
        "Found": "reader",
        "FoundFile": "reader",
        "ImageDescriber": "describe",
        "PictureReader": "reader",
        "aprepare_image": "_images",
        "prepare_image": "_images",
    },
)
"""What few programs use, and would cost all of them its imports."""


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def _documents(value: Any, options: ImageOptions, *, where: str) -> Any:
    from ._documents import source_of

    return source_of(value, options, where=where)


accept(_documents)
