"""Client for vision models on Ollama: ask about pictures, documents and videos, from Python or from a shell.

Importing this imports the errors alone; each other name opens its room when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import errors
from .errors import OllamaMultiModalError
from .lazy import lazy_names

if TYPE_CHECKING:
    from .batch import (
        Found,
        FoundFile,
        PromptTemplate,
        Undone,
        compare_results,
        describe,
        find_pictures,
        search_results,
        undo_sidecars,
    )
    from .documents import Document, DocumentPage, Finding, read_document
    from .model import Answer, Choice, Exchange, VisionModel, aeye_test, aprove_sight, eye_test, prove_sight
    from .pictures import (
        BoxConvention,
        ImageOptions,
        PictureFrame,
        PreparedImage,
        ServerSizes,
        Tile,
        aprepare_image,
        prepare_image,
    )
    from .server import ModelCapabilities, OllamaServer, PullProgress, ServerModel
    from .sight import EyeLevel, EyeProgress, EyeTest, SightReport

__all__ = [
    "Answer",
    "BoxConvention",
    "Choice",
    "Document",
    "DocumentPage",
    "Exchange",
    "EyeLevel",
    "EyeProgress",
    "EyeTest",
    "Finding",
    "Found",
    "FoundFile",
    "ImageOptions",
    "ModelCapabilities",
    "OllamaMultiModalError",
    "OllamaServer",
    "PictureFrame",
    "PreparedImage",
    "PromptTemplate",
    "PullProgress",
    "ServerModel",
    "ServerSizes",
    "SightReport",
    "Tile",
    "Undone",
    "VisionModel",
    "aeye_test",
    "aprepare_image",
    "aprove_sight",
    "compare_results",
    "describe",
    "errors",
    "eye_test",
    "find_pictures",
    "prepare_image",
    "prove_sight",
    "read_document",
    "search_results",
    "undo_sidecars",
]

__getattr__ = lazy_names(
    __name__,
    {
        "Answer": ".model",
        "BoxConvention": ".pictures",
        "Choice": ".model",
        "Document": ".documents",
        "DocumentPage": ".documents",
        "Exchange": ".model",
        "EyeLevel": ".sight",
        "EyeProgress": ".sight",
        "EyeTest": ".sight",
        "Finding": ".documents",
        "Found": ".batch",
        "FoundFile": ".batch",
        "ImageOptions": ".pictures",
        "ModelCapabilities": ".server",
        "OllamaServer": ".server",
        "PictureFrame": ".pictures",
        "PreparedImage": ".pictures",
        "PromptTemplate": ".batch",
        "PullProgress": ".server",
        "ServerModel": ".server",
        "ServerSizes": ".pictures",
        "SightReport": ".sight",
        "Tile": ".pictures",
        "Undone": ".batch",
        "VisionModel": ".model",
        "aeye_test": ".model",
        "aprepare_image": ".pictures",
        "compare_results": ".batch",
        "aprove_sight": ".model",
        "describe": ".batch",
        "eye_test": ".model",
        "find_pictures": ".batch",
        "prepare_image": ".pictures",
        "prove_sight": ".model",
        "read_document": ".documents",
        "undo_sidecars": ".batch",
        "search_results": ".batch",
    },
)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
