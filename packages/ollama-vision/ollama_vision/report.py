"""The report from Python, under its public name: results.jsonl as HTML pages."""

from __future__ import annotations

from ollama_vision.cli import Made, ReportError, make_report, write_report

__all__ = ["Made", "ReportError", "make_report", "write_report"]
