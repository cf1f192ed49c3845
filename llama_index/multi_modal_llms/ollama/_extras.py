"""The optional dependencies' names on the index: how to install an extra. Standard library only."""

from __future__ import annotations

DISTRIBUTION = "llama-index-multi-modal-llms-ollama"


def install_hint(*extras: str) -> str:
    """The pip command for extras, in quotes that every shell takes.

    With `>=1`: without it an index that has not got 1.0 yet gives 0.6.1, which is another program.
    """
    return f'pip install "{DISTRIBUTION}[{",".join(extras)}]>=1"'
