"""Whatever picture LlamaIndex can hold, as one that every Ollama accepts, or an error that says why not."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .async_files import awaited
from .forms import accept
from .mapping import BoxConvention, BoxMapping
from .options import ImageOptions
from .patience import ended_by
from .prepared import PreparedAudio, PreparedImage

if TYPE_CHECKING:
    from .preparing import (
        aprepare_image,
        legacy_bytes,
        prepare_block,
        prepare_documents,
        prepare_image,
        prepare_legacy,
    )
    from .same_pixels import with_other_bytes

__all__ = [
    "BoxConvention",
    "BoxMapping",
    "ImageOptions",
    "PreparedAudio",
    "PreparedImage",
    "accept",
    "aprepare_image",
    "awaited",
    "ended_by",
    "legacy_bytes",
    "prepare_block",
    "prepare_documents",
    "prepare_image",
    "prepare_legacy",
    "with_other_bytes",
]

_OPENED_WITH_THE_FIRST_PICTURE = {
    "aprepare_image": "preparing",
    "legacy_bytes": "preparing",
    "prepare_block": "preparing",
    "prepare_documents": "preparing",
    "prepare_image": "preparing",
    "prepare_legacy": "preparing",
    "with_other_bytes": "same_pixels",
}
"""Every format's reader stands behind these: a third of what importing the client costs."""


def __getattr__(name: str) -> Any:
    if name not in _OPENED_WITH_THE_FIRST_PICTURE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    opened = getattr(import_module(f".{_OPENED_WITH_THE_FIRST_PICTURE[name]}", __name__), name)
    globals()[name] = opened
    return opened
