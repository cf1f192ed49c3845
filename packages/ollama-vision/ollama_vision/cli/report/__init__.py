"""`ollama-vision report`: results.jsonl as HTML pages, for who looks at them after a night's run."""

from __future__ import annotations

from .writer import Made, ReportError, make_report, write_report

__all__ = ["Made", "ReportError", "make_report", "write_report"]
