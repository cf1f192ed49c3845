"""`ollama-vision`: ask a vision model on Ollama about pictures, from a shell.

Importing this imports nothing but the standard library: the command can say what it misses.
"""

from __future__ import annotations

import sys

from ollama_vision.extras import CLI, how_to_install, is_complete


def main() -> int:
    """Run the command; the exit code is 0 only when there was an answer."""
    if not is_complete(CLI):
        print(
            f"ollama-vision is not fully installed. Complete it with: {how_to_install('cli')}",
            file=sys.stderr,
        )
        return 2
    from ollama_vision.app import run

    return run(sys.argv[1:])
