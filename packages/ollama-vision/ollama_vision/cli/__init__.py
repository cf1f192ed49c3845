"""Command-line interface: `ollama-vision`.

Importing this imports nothing but the standard library: the command can say what it misses.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ollama_vision.extras import CLI, install_hint, is_complete
from ollama_vision.lazy import lazy_names

if TYPE_CHECKING:
    from .report import Made, ReportError, make_report, write_report

__all__ = ["Made", "ReportError", "main", "make_report", "write_report"]

__getattr__ = lazy_names(__name__, dict.fromkeys(("Made", "ReportError", "make_report", "write_report"), ".report"))


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
