"""The error for a missing optional dependency: it says which extra to install."""

from __future__ import annotations

MODULES = ("starlette", "uvicorn", "xllamacpp")
_INSTALL = 'pip install "ollama-vision[embedded]>=1"'


class ExtraMissing(ModuleNotFoundError):
    """A module of the extra is not there; the message has the command that brings it."""

    def __init__(self, who: str, module: str) -> None:
        super().__init__(f"{who} needs {module}: {_INSTALL}", name=module)
