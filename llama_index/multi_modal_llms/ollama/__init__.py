"""LlamaIndex's OllamaMultiModal: vision models on Ollama, without silent lies."""

from . import errors
from ._images import ImageOptions, PreparedImage, aprepare_image, prepare_image
from .base import OllamaMultiModal
from .errors import OllamaMultiModalError
from .server import OllamaServer

__all__ = [
    "ImageOptions",
    "OllamaMultiModal",
    "OllamaMultiModalError",
    "OllamaServer",
    "PreparedImage",
    "aprepare_image",
    "errors",
    "prepare_image",
]
