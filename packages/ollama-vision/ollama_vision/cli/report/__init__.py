"""`ollama-vision report`: results.jsonl as HTML pages, for who looks at them after a night's run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ollama_vision.lazy import lazy_names

if TYPE_CHECKING:
    from .results import Results
    from .writer import Made, ReportError, make_report, write_report

_OF_WRITER = ("Made", "ReportError", "make_report", "write_report")
__all__ = ["Made", "ReportError", "Results", "make_report", "write_report"]

# The options of the command lie beside its body: `--help` needs no HTML.
__getattr__ = lazy_names(__name__, {**dict.fromkeys(_OF_WRITER, ".writer"), "Results": ".results"})
