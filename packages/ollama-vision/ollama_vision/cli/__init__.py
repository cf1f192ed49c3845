"""Command-line interface: `ollama-vision`.

Importing this imports nothing but the standard library: the command can say what it misses.
"""

from __future__ import annotations

import sys

from ollama_vision.extras import CLI, install_hint, is_complete


def main() -> int:
    """Run the command; the exit code is 0 only when there was an answer."""
    if not is_complete(CLI):
        print(
            f"ollama-vision is not fully installed. Complete it with: {install_hint('cli')}",
            file=sys.stderr,
        )
        return 2
    from .app import run

    return run(sys.argv[1:])
