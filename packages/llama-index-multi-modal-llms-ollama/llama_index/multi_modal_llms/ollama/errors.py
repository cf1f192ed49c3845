"""The errors of the engine, under the name that users of the class know: `ollama_vision.errors` has their tree."""

from ollama_vision.errors import *  # noqa: F403
from ollama_vision.errors import __all__ as __all__
