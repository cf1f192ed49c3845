"""One Ollama server: its API with retries, capabilities asked once (single-flight), models, pulls."""

from __future__ import annotations

from .api import Api
from .capabilities import CapabilityCache, ModelCapabilities, capability_error, fetch_settings, not_found_error
from .picture_tokens import estimate_picture_tokens
from .server import OllamaServer, PullProgress, ServerModel

__all__ = [
    "Api",
    "CapabilityCache",
    "ModelCapabilities",
    "OllamaServer",
    "PullProgress",
    "ServerModel",
    "capability_error",
    "estimate_picture_tokens",
    "fetch_settings",
    "not_found_error",
]
