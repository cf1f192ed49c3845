"""`ollama-vision`: ask a vision model on Ollama about pictures, from Python and from a shell.

Importing this imports nothing but the standard library: the command can say what it misses.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ollama_vision.extras import CLI, install_hint, is_complete

if TYPE_CHECKING:
    from llama_index.multi_modal_llms.ollama._answer import Answer
    from llama_index.multi_modal_llms.ollama._model import VisionModel

__all__ = ["Answer", "VisionModel", "main"]

_OPENED_WHEN_ASKED_FOR = {
    "Answer": "llama_index.multi_modal_llms.ollama._answer",
    "VisionModel": "llama_index.multi_modal_llms.ollama._model",
}


def __getattr__(name: str) -> Any:
    if name not in _OPENED_WHEN_ASKED_FOR:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_OPENED_WHEN_ASKED_FOR[name]), name)


def main() -> int:
    """Run the command; the exit code is 0 only when there was an answer."""
    if not is_complete(CLI):
        print(
            f"ollama-vision is not fully installed. Complete it with: {install_hint('cli')}",
            file=sys.stderr,
        )
        return 2
    from ollama_vision.app import run

    return run(sys.argv[1:])
