"""LlamaIndex's OllamaMultiModal: a client for vision models on Ollama."""

import logging
from typing import TYPE_CHECKING

from ollama_vision import errors
from ollama_vision.errors import OllamaMultiModalError
from ollama_vision.lazy import lazy_names
from ollama_vision.pictures import ImageOptions, accept

from .base import OllamaMultiModal

if TYPE_CHECKING:
    from ollama_vision.model import Choice
    from ollama_vision.pictures import PreparedImage, aprepare_image, prepare_image
    from ollama_vision.server import ModelCapabilities, OllamaServer, PullProgress, ServerModel

    from .describe import Description, ImageDescriber
    from .document_reader import DocumentReader
    from .looking import look_closer_tool
    from .reader import Found, FoundFile, PictureReader

__all__ = [
    "Choice",
    "Description",
    "DocumentReader",
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
    "look_closer_tool",
    "prepare_image",
]

__getattr__ = lazy_names(
    __name__,
    {
        **dict.fromkeys(("Description", "ImageDescriber"), ".describe"),
        "DocumentReader": ".document_reader",
        "look_closer_tool": ".looking",
        **dict.fromkeys(("Found", "FoundFile", "PictureReader"), ".reader"),
        **dict.fromkeys(("ModelCapabilities", "OllamaServer", "PullProgress", "ServerModel"), "ollama_vision.server"),
        "Choice": "ollama_vision.model",
        **dict.fromkeys(("PreparedImage", "aprepare_image", "prepare_image"), "ollama_vision.pictures"),
    },
)
"""What few programs use, and would cost all of them its imports."""


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


accept(f"{__name__}.documents:source_of", "ImageDocument", "ImageNode", "NodeWithScore", "ImageBlock")
# The engine logs for the class too: levels and handlers that are set below the class's own name hold for it.
logging.getLogger("ollama_vision").parent = logging.getLogger(__name__)
