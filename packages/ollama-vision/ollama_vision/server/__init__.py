"""One Ollama server: its API with retries, capabilities asked once (single-flight), models, pulls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ollama_vision.lazy import lazy_names

if TYPE_CHECKING:
    from .api import Api
    from .capabilities import ModelCapabilities, fetch_settings, not_found_error
    from .capability_cache import CapabilityCache
    from .picture_tokens import estimate_picture_tokens
    from .preprocessing import Layout, picture_layout
    from .server import OllamaServer, PullProgress, ServerModel

__all__ = [
    "Api",
    "CapabilityCache",
    "Layout",
    "ModelCapabilities",
    "OllamaServer",
    "PullProgress",
    "ServerModel",
    "estimate_picture_tokens",
    "fetch_settings",
    "not_found_error",
    "picture_layout",
]

__getattr__ = lazy_names(
    __name__,
    {
        "Api": ".api",
        "CapabilityCache": ".capability_cache",
        "Layout": ".preprocessing",
        "ModelCapabilities": ".capabilities",
        "OllamaServer": ".server",
        "PullProgress": ".server",
        "ServerModel": ".server",
        "estimate_picture_tokens": ".picture_tokens",
        "fetch_settings": ".capabilities",
        "not_found_error": ".capabilities",
        "picture_layout": ".preprocessing",
    },
)
"""Each part is opened by what first needs it; who asks a model lists none and pulls none."""
